"""Compiled twin of `toklab.algorithms.dropout.merge_with_dropout`, and of `toklab.algorithms.stream.Stream`.

Data as in `toklab.kernels.encode_bpe_heap`. A merge that is dropped is set aside until the next one is applied, when
it stands in the heap again: the rounds of the readable twin, with the same draws in the same order. Valid entries of
the heap are all different: pieces only grow, so a pair that has changed does not come back to its place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toklab.kernels import inner, njit
from toklab.kernels.encode_bpe_heap import NONE, begin, drop_first, gather, join, push, valid
from toklab.types import IdArray, IntArray


@inner
def uniform(state: npt.NDArray[np.uint64]) -> float:
    """The next number of a stream, whose state is ``state[0]``."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    x = state[0]
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.float64((x ^ x >> np.uint64(31)) >> np.uint64(11)) * 2.0**-53


@njit
def merge(
    ids: IdArray,
    offsets: IntArray,
    ranks: IntArray,
    alpha: float,
    state: npt.NDArray[np.uint64],
    links: IntArray,
    heap: IntArray,
    aside: IntArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Merge every word in place, with dropout, and move its tokens to the front.

    Parameters
    ----------
    ids, offsets, ranks, links, heap, ends, sizes : as for `toklab.kernels.encode_bpe_heap.encode`
    alpha : probability that a merge is dropped
    state : (1,) of the stream; advanced
    aside : room for the symbols of the longest word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        at, n, first = offsets[word], offsets[word + 1] - offsets[word], done
        size, waiting = begin(ids, at, n, ranks, links, heap), np.int64(0)
        while size > 0:
            entry = heap[0]
            size = drop_first(heap, size)
            value = valid(entry, ids, at, n, ranks, links)
            if value == NONE:
                continue
            if uniform(state) < alpha:
                aside[waiting] = entry
                waiting += 1
                continue
            size = join(entry, value, ids, at, n, ranks, links, heap, size)
            while waiting > 0:
                waiting -= 1
                size = push(heap, size, aside[waiting])
        done = gather(ids, at, n, links, ends, done)
        sizes[word] = done - first
    return done
