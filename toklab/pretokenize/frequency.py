"""Counted words in their order, without a string made of any."""

from __future__ import annotations

import numpy as np

from toklab.types import ByteArray, IntArray, WordCounts, Words

# Words that are laid at a time.
GROUP = 1 << 14


def by_frequency(found: Words, counts: IntArray) -> WordCounts:
    """Words with their counts, the most frequent first and then by their bytes."""
    starts, sizes = found.starts[:-1], np.diff(found.starts)
    padded = np.concatenate([found.text[: found.starts[-1]], np.zeros(16, np.uint8)])
    keys = np.lib.stride_tricks.sliding_window_view(padded, 16)[starts]
    keys[np.arange(16) >= sizes[:, None]] = 0
    low, high = (keys[:, i : i + 8].copy().view(">u8")[:, 0].astype(np.uint64) for i in (0, 8))
    order = np.lexsort((sizes, high, low, -counts))
    same = (np.diff(counts[order]) == 0) & (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    if same.any():
        _settle(order, same, padded.tobytes(), found.starts)
    return WordCounts(_in_order(padded, starts[order], sizes[order]), counts[order])


def _in_order(text: ByteArray, starts: IntArray, sizes: IntArray) -> Words:
    """Words laid end to end, some at a time: the places that the bytes come from take eight times as much memory."""
    bounds = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(sizes, out=bounds[1:])
    laid = np.empty(bounds[-1], np.uint8)
    for first in range(0, len(starts), GROUP):
        begins, some = bounds[first : first + GROUP + 1], slice(first, first + GROUP)
        source = np.arange(begins[0], begins[-1]) + np.repeat(starts[some] - begins[:-1], sizes[some])
        laid[begins[0] : begins[-1]] = text[source]
    return Words(laid, bounds)


def _settle(order: IntArray, same: ByteArray, raw: bytes, starts: IntArray) -> None:
    """Order runs of words that agree in their first 16 bytes by all of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        run = order[first : last + 1].tolist()
        order[first : last + 1] = sorted(run, key=lambda word: raw[starts[word] : starts[word + 1]])
