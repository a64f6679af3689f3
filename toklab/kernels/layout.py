"""From the places of words to the tokens of texts, end to end.

A place is (the byte where it begins, the number of its word), or (the byte 0xFF, -1) where a text ends. The tokens
of word i are ``ids[at[i]:at[i + 1]]``, and each ends at that byte of the word in ``ends``.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.types import IdArray, IntArray

# Tokens that are copied at once, so that there must be room for them behind the last.
AHEAD = 2


@njit
def lay_out(places: IntArray, at: IntArray, ids: IdArray, out: IdArray, breaks: IntArray) -> tuple[int, int]:
    """Write the tokens of all places.

    Parameters
    ----------
    ids : with AHEAD more behind the last
    out : written, with room for AHEAD more
    breaks : written: how many tokens there are up to the end of each text

    Returns
    -------
    tokens, texts : how many were written, and how many texts end here
    """
    done, texts = np.uint64(0), 0
    for place in range(len(places)):
        number = places[place, 1]
        if number < 0:
            breaks[texts] = done
            texts += 1
            continue
        first, size = np.uint64(at[number]), np.uint64(at[number + 1] - at[number])
        out[done] = ids[first]
        out[done + np.uint64(1)] = ids[first + np.uint64(1)]
        for more in range(np.uint64(AHEAD), size):
            out[done + more] = ids[first + more]
        done += size
    return np.int64(done), texts


@njit
def lay_spans(places: IntArray, at: IntArray, ends: IdArray, begin: int, spans: IntArray) -> None:
    """Write the bytes [start, end) of its text that each token covers; ``begin`` is where the first text begins."""
    done = 0
    for place in range(len(places)):
        start, number = places[place, 0], places[place, 1]
        if number < 0:
            begin = start + 1
            continue
        before = start - begin
        for token in range(at[number], at[number + 1]):
            spans[done, 0] = before
            before = start - begin + ends[token]
            spans[done, 1] = before
            done += 1
