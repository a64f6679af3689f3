"""Tables of `toklab.kernels.trie` for byte strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from toklab.kernels import trie
from toklab.types import ByteArray, IntArray, StepArray, Words


class Trie(NamedTuple):
    """A trie over byte strings.

    Parameters
    ----------
    table : (size,) see `toklab.kernels.trie`
    slots : the slot of each string
    nodes : (nodes,) the slot of each node; parents come before children
    parents, letters : of each node, its parent and the byte that leads to it
    """

    table: StepArray
    slots: IntArray
    nodes: IntArray
    parents: IntArray
    letters: ByteArray

    @staticmethod
    def of(strings: Sequence[bytes]) -> Trie:
        """Enter distinct strings, none of them empty."""
        given = sorted(range(len(strings)), key=strings.__getitem__)
        text, starts = Words.joined([strings[index] for index in given])
        room = len(text) + 1
        parents, letters, nodes = (
            np.empty(room, np.int64),
            np.empty(room, np.uint8),
            np.empty(len(given), np.int64),
        )
        path = np.empty(int(np.diff(starts).max(initial=0)) + 1, np.int64)
        used = trie.grow(text, starts, path, parents, letters, nodes)
        parents, letters = parents[:used], letters[:used]
        counts = np.bincount(parents[1:], minlength=used)
        firsts = np.zeros(used + 1, np.int64)
        np.cumsum(counts, out=firsts[1:])
        children = np.argsort(parents[1:], kind="stable") + 1
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        size, room = -1, 2 * used + 2 * trie.SPAN
        while size < 0:
            bases, slots = np.zeros(used, np.int64), np.zeros(used, np.int64)
            size = trie.place(order, firsts, children, letters, np.zeros(room, np.uint8), bases, slots)
            room *= 2
        table = np.full(size, trie.NOBODY, row_type(size))
        table[slots] = bases << trie.BASE | letters
        table[0] |= trie.NOBODY
        table[slots[nodes]] |= trie.ENTRY
        found = np.empty(len(given), np.int64)
        found[given] = slots[nodes]
        return Trie(table, found, slots, parents, letters)


def row_type(size: int) -> type[np.unsignedinteger]:
    """The type of a table's rows: half the bytes, so twice the nodes in the cache, wherever all bases fit."""
    return np.uint32 if size >> (32 - trie.BASE) == 0 else np.uint64
