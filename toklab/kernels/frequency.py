"""What `toklab.pretokenize.frequency` does for each word: keys to sort by, and words copied in their order.

Word i is ``text[starts[i]:starts[i + 1]]``.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.types import ByteArray, IntArray, StepArray


@njit
def write_prefixes(text: ByteArray, starts: IntArray, low: StepArray, high: StepArray) -> None:
    """The first 8 bytes of each word, and the next 8, as integers in their order; 0 for bytes that are not there.

    Parameters
    ----------
    starts : (words + 1,)
    low, high : (words,) written
    """
    for word in range(len(low)):
        at, size = starts[word], starts[word + 1] - starts[word]
        one, other = np.uint64(0), np.uint64(0)
        for i in range(8):
            one = one << np.uint64(8) | np.uint64(text[at + i] if i < size else 0)
            other = other << np.uint64(8) | np.uint64(text[at + 8 + i] if 8 + i < size else 0)
        low[word], high[word] = one, other


@njit
def lay_words(text: ByteArray, starts: IntArray, order: IntArray, laid: ByteArray, bounds: IntArray) -> None:
    """Copy words in another order, end to end.

    Parameters
    ----------
    laid, bounds : written: the bytes, and (words + 1,) where each word begins
    """
    done = 0
    for place in range(len(order)):
        bounds[place] = done
        for i in range(starts[order[place]], starts[order[place] + 1]):
            laid[done] = text[i]
            done += 1
    bounds[len(order)] = done
