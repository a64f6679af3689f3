"""Which pieces fit where, as chains: a few bytes a position, however many pieces fit there.

Layout: position p is a character of some word. The pieces that begin there and end within its word are prefixes of
each other, so the longest, ``deepest[p]``, tells all: row i of ``table`` packs the longest piece that is a proper
prefix of piece i (-1 for none), how many pieces the chain from i on has, and the characters of i. A chain goes from
the longest piece to the shortest. When pieces leave, it goes on past them.
"""

from __future__ import annotations

from toklab.kernels import inner, njit
from toklab.types import IdArray, IntArray


@inner
def pack(parent: int, depth: int, size: int) -> int:
    """A row of the table; depth and size are at most 255."""
    return (parent << 16) | (depth << 8) | size


@inner
def parent_of(row: int) -> int:
    """The next piece of the chain, -1 for none."""
    return row >> 16


@inner
def depth_of(row: int) -> int:
    """The pieces that the chain has from here on."""
    return (row >> 8) & 255


@inner
def size_of(row: int) -> int:
    """Characters."""
    return row & 255


@njit
def relink(numbers: IdArray, table: IntArray, fresh: IntArray) -> None:
    """The table without the pieces whose new number is -1, by the new numbers.

    Where several pieces get the same number, they must be alike.
    """
    for piece in range(len(table)):
        if numbers[piece] < 0:
            continue
        parent, depth = -1, 1
        before = parent_of(table[piece])
        while before >= 0:
            if numbers[before] >= 0:
                depth += 1
                if parent < 0:
                    parent = numbers[before]
            before = parent_of(table[before])
        fresh[numbers[piece]] = pack(parent, depth, size_of(table[piece]))


@njit
def renumber(first: int, last: int, numbers: IdArray, table: IntArray, deepest: IdArray) -> None:
    """Put at some of the positions the longest piece that stays, by its new number."""
    for p in range(first, last):
        piece = deepest[p]
        while numbers[piece] < 0:
            piece = parent_of(table[piece])
        deepest[p] = numbers[piece]
