"""Compiled twin of `toklab.algorithms.ranked.split`, and words that are looked up whole.

Strings stand end to end in one array of bytes; entry i holds ``text[starts[i]:starts[i + 1]]``. A table is a power of
two long and holds the entry of each slot, or -1: see `toklab.kernels.tables.find_key`.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.tables import find_key
from toklab.types import ByteArray, IdArray, IntArray

NONE = 0x7FFFFFFF


@njit
def enter(text: ByteArray, starts: IntArray, table: IdArray) -> None:
    """Enter every string into a table of -1, of which at most half is needed; of equal strings the last counts."""
    for entry in range(len(starts) - 1):
        slot = find_key(table, text, starts, starts[entry], starts[entry + 1] - starts[entry])
        table[slot] = entry


@njit
def find(text: ByteArray, starts: IntArray, known: int, table: IdArray, found: IdArray) -> None:
    """Which of the first ``known`` strings each of those behind them equals, or -1.

    Parameters
    ----------
    table : of the first ``known`` strings
    found : (strings behind them,) written
    """
    for word in range(len(found)):
        at = starts[known + word]
        found[word] = table[find_key(table, text, starts, at, starts[known + word + 1] - at)]


@inner
def rank_of(text: ByteArray, starts: IntArray, table: IdArray, at: int, end: int) -> int:
    """Entry of a stretch of the text, or NONE."""
    entry = table[find_key(table, text, starts, at, end - at)]
    return np.int64(NONE) if entry < 0 else np.int64(entry)


@njit
def split_all(
    text: ByteArray, starts: IntArray, table: IdArray, bounds: IntArray, ranks: IntArray, parts: IdArray
) -> None:
    """The two tokens that each token is merged from.

    Parameters
    ----------
    text, starts, table : tokens in the order of their ranks
    bounds, ranks : room for the longest token, and one more: where its parts begin, and the rank of each with the next
    parts : (tokens, 2) written: -1 where a token is one byte or does not come down to two parts
    """
    for token in range(len(parts)):
        start, end = starts[token], starts[token + 1]
        n = end - start
        for i in range(n + 1):
            bounds[i] = start + i
        for i in range(n - 1):
            ranks[i] = rank_of(text, starts, table, bounds[i], bounds[i + 2])
        while n > 2:
            best, here = np.int64(NONE), np.int64(0)
            for i in range(n - 1):
                if ranks[i] < best:
                    best, here = ranks[i], np.int64(i)
            if best == NONE:
                break
            for i in range(here + 1, n):
                bounds[i] = bounds[i + 1]
            for i in range(here, n - 2):
                ranks[i] = ranks[i + 1]
            n -= 1
            if here > 0:
                ranks[here - 1] = rank_of(text, starts, table, bounds[here - 1], bounds[here + 1])
            if here + 1 < n:
                ranks[here] = rank_of(text, starts, table, bounds[here], bounds[here + 2])
        parts[token, 0] = parts[token, 1] = -1
        if n == 2:
            parts[token, 0] = rank_of(text, starts, table, start, bounds[1])
            parts[token, 1] = rank_of(text, starts, table, bounds[1], end)
