"""Compiled twin of `toklab.algorithms.unigram_hf.HfSteps.losses`; the layout is that of `toklab.kernels.unigram`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from toklab.kernels import njit
from toklab.kernels.unigram import best_path
from toklab.kernels.unigram_chains import size_of
from toklab.types import ByteArray, FloatArray, IdArray, IntArray, ShortArray


@njit
def followed_alike(
    left: ShortArray, order: IdArray, lasts: IdArray, sizes: ShortArray, alike: npt.NDArray[np.bool_]
) -> None:
    """Which substrings stand only at ends of words, so that the same follows them everywhere.

    Sorted suffixes begin with the shortest, so the last of a stretch is the substring itself only if all are.
    """
    for node in range(len(lasts)):
        p = order[lasts[node] - 1]
        alike[node] = left[p] == sizes[node]


@njit
def hf_lose(
    first_piece: int,
    last_piece: int,
    places: IdArray,
    sizes: ByteArray,
    deepest: IdArray,
    table: IntArray,
    scores: FloatArray,
    usage: IntArray,
    total: int,
    weight: int,
    best: FloatArray,
    last: IdArray,
    others: IntArray,
    losses: FloatArray,
) -> None:
    """The losses of some pieces.

    Parameters
    ----------
    places, sizes : a position where each piece occurs, and its characters
    total, weight : uses of all pieces; words of the corpus
    best, last, others : (characters that a piece may have + 1,) scratch
    losses : written
    """
    for piece in range(first_piece, last_piece):
        count = usage[piece]
        at = np.int64(sizes[piece])
        best_path(places[piece], at, piece, deepest, table, scores, best, last)
        if last[at] < 0:
            losses[piece] = math.inf
        elif count == 0:
            losses[piece] = -math.inf
        elif best[at] >= scores[piece]:
            losses[piece] = math.inf
        else:
            begin = len(others)
            while at > 0:
                begin -= 1
                others[begin] = last[at]
                at -= size_of(table[last[at]])
            log_total = math.log(total + count * (len(usage) - 1))
            alone = 0.0
            for i in range(begin, len(others)):
                alone += math.log(usage[others[i]] + count) - log_total
            losses[piece] = count / weight * (math.log(count) - math.log(total) - alone)
