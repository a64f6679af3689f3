"""Sort the suffixes of words with the kernels of `toklab.kernels.unigram_suffixes`, in threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from toklab.algorithms.parts import in_parts
from toklab.kernels import unigram_suffixes
from toklab.types import IdArray, IntArray, ShortArray

# Bits of how many suffixes are sorted at once: their keys fit into a core's cache.
ROOM_BITS = 15
KEY_BITS = 63
# Positions, or words, that NumPy looks at at a time.
GROUP = 1 << 15


class Suffixes(NamedTuple):
    """The sorted suffixes of words; see `toklab.kernels.unigram_suffixes`.

    Parameters
    ----------
    order : (n,) int32, positions
    left : (n,) uint16, the characters from each position to its word's end, or ``longest``
    """

    order: IdArray
    left: ShortArray


def sort_suffixes(codes: IdArray, starts: IntArray, longest: int, threads: int = 1) -> Suffixes:
    """Sort positions by the ``longest`` characters that follow in the word, or a few more, then by position.

    Parameters
    ----------
    codes : the characters of all words as numbers from 1
    starts : where each word begins, and the end
    threads : that may run; they change nothing
    """
    left = np.empty(len(codes), np.uint16)
    for span in spans(len(starts) - 1):
        some = starts[span.start : span.stop + 1]
        ahead = np.repeat(some[1:], np.diff(some)) - np.arange(some[0], some[-1])
        left[some[0] : some[-1]] = np.minimum(ahead, longest)
    order, ranks = np.empty(len(codes), np.int32), np.empty(len(codes), np.int32)
    heads = np.empty(len(codes), np.uint8)
    unigram_suffixes.by_character(codes, np.zeros(codes.max(initial=0) + 2, np.int64), order, heads)
    bounds = np.empty((2 * len(codes) >> ROOM_BITS) + 3, np.int64)
    size_bits, code_bits = len(codes).bit_length(), int(codes.max(initial=0)).bit_length()
    # Beside what follows, a key holds a number in the stretch and a group of two or more, or a number among all.
    width, more = 1, (KEY_BITS - max(2 * ROOM_BITS - 1, size_bits)) // max(code_bits, 1)

    def rank(_: int, first: int, last: int) -> None:
        unigram_suffixes.rank(first, last, order, heads, ranks)

    def sort(_: int, first: int, last: int) -> None:
        bits = np.array([(last - first - 1).bit_length(), size_bits, code_bits])
        keys, held = np.empty(last - first, np.int64), np.empty(last - first, np.int32)
        used = unigram_suffixes.gather(first, last, width, more, codes, left, order, heads, ranks, bits, keys, held)
        keys[:used].sort()
        unigram_suffixes.place(first, last, width, left, order, heads, bits, keys, held)

    while width < longest:
        stretches = bounds[: unigram_suffixes.cut(heads, 1 << ROOM_BITS, bounds)].tolist()
        list(in_parts(sort, stretches, threads))
        width, more = width + (more or width), 0
        if width < longest:
            list(in_parts(rank, stretches, threads))
    return Suffixes(order, left)


def spans(size: int) -> Iterator[slice]:
    """Some of ``size`` things at a time: what NumPy makes on its way would take much memory for all of them."""
    return (slice(first, min(first + GROUP, size)) for first in range(0, size, GROUP))
