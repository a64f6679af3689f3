"""Counted words in their order, without a string made of any."""

from __future__ import annotations

import numpy as np

from toklab.kernels import frequency
from toklab.types import ByteArray, IntArray, WordCounts, Words


def by_frequency(found: Words, counts: IntArray) -> WordCounts:
    """Words with their counts, the most frequent first and then by their bytes."""
    low, high = np.empty(len(counts), np.uint64), np.empty(len(counts), np.uint64)
    frequency.write_prefixes(found.text, found.starts, low, high)
    order = np.lexsort((low, -counts))
    same = (np.diff(counts[order]) == 0) & (np.diff(low[order]) == 0)
    # Few words agree in that; to sort all by their first 16 bytes would take half as long again.
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    some = order[tied]
    order[tied] = some[np.lexsort((high[some], low[some], -counts[some]))]
    same &= np.diff(high[order]) == 0
    if same.any():
        _settle(order, same, found.text.tobytes(), found.starts)
    laid, bounds = np.empty(found.starts[-1], np.uint8), np.empty(len(counts) + 1, np.int64)
    frequency.lay_words(found.text, found.starts, order, laid, bounds)
    return WordCounts(Words(laid, bounds), counts[order])


def _settle(order: IntArray, same: ByteArray, raw: bytes, starts: IntArray) -> None:
    """Order runs of words that agree in their first 16 bytes by all of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        run = order[first : last + 1].tolist()
        order[first : last + 1] = sorted(run, key=lambda word: raw[starts[word] : starts[word + 1]])
