"""A trie over bytes in a double array: one integer is read for each byte of the way down.

Aoe 1989, "An efficient digital search algorithm by using a double-array structure". Every node has a slot. The child
that a byte leads to is in the slot ``base + byte`` of its parent's base, and notes that byte, since the places of
several nodes' children are mixed; no two nodes have the same base, so a byte is enough. Nodes with several children
take the first places that fit all of them, the most children first; those with one child then fill the gaps.

Layout: a row is ``base << BASE | (ENTRY, if an entry ends here) | byte``. The root is in slot 0. A node without
children has base 0, others have 1 or more. The root and empty slots hold NOBODY, a byte that is in no UTF-8.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import ByteArray, IntArray, StepArray

BASE, ENTRY, BYTE = 9, 0x100, 0xFF
NOBODY = 0xFF
# Bytes have so many values, and a row must be there for each.
SPAN = 256
# What is known of a place while nodes are put into slots.
IS_SLOT, IS_BASE = 1, 2


@njit
def grow(
    text: ByteArray, starts: IntArray, path: IntArray, parents: IntArray, letters: ByteArray, nodes: IntArray
) -> int:
    """Number the nodes of distinct byte strings: the root is 0, parents come before children.

    Parameters
    ----------
    text, starts : the strings in order of their bytes, end to end, and where each begins
    path : (longest string + 1,) scratch
    parents, letters : (bytes + 1,) written: of each node its parent and the byte that leads to it
    nodes : (strings,) written: the node of each string

    Returns
    -------
    used : nodes there are
    """
    used = 1
    path[0] = parents[0] = letters[0] = 0
    before, before_size = starts[0], starts[0] - starts[0]
    for i in range(len(nodes)):
        start, size = starts[i], starts[i + 1] - starts[i]
        shared = 0
        while shared < size and shared < before_size and text[start + shared] == text[before + shared]:
            shared += 1
        for depth in range(shared, size):
            parents[used], letters[used] = path[depth], text[start + depth]
            path[depth + 1] = used
            used += 1
        nodes[i] = path[size]
        before, before_size = start, size
    return used


@inner
def fits(base: int, first: int, last: int, children: IntArray, letters: ByteArray, taken: ByteArray) -> bool:
    """Whether no other node has a base, and the slots of a node's children are free for it."""
    i = first
    while i < last and taken[base + letters[children[i]]] & IS_SLOT == 0:
        i += 1
    return i == last and taken[base] & IS_BASE == 0


@njit
def place(
    order: IntArray,
    firsts: IntArray,
    children: IntArray,
    letters: ByteArray,
    taken: ByteArray,
    bases: IntArray,
    slots: IntArray,
) -> int:
    """Find a slot for every node but the root.

    Parameters
    ----------
    order : the nodes that have children, none before one that has more
    firsts : (nodes + 1,) where the children of each begin in ``children``, by their bytes
    taken : of 0; written: which places are slots of nodes, or bases
    bases, slots : (nodes,) of 0; written

    Returns
    -------
    size : rows that the table needs, or -1 if ``taken`` is too short
    """
    at, top, alone = np.int64(1), np.int64(0), False
    for node in order:
        first, last = firsts[node], firsts[node + 1]
        if last - first == 1 and not alone:
            at, alone = np.int64(1), True
        lowest = np.int64(letters[children[first]])
        at = max(at, lowest + 1)
        while at + SPAN < len(taken) and not fits(at - lowest, first, last, children, letters, taken):
            at += 1
        if at + SPAN >= len(taken):
            return -1
        bases[node] = at - lowest
        taken[bases[node]] |= IS_BASE
        for i in range(first, last):
            slots[children[i]] = bases[node] + letters[children[i]]
            taken[slots[children[i]]] |= IS_SLOT
        top = max(top, bases[node])
    return top + SPAN


@inner
def child_of(table: StepArray, slot: np.uint64, byte: int) -> np.uint64:
    """The slot that a byte leads to, or 0."""
    child = (np.uint64(table[slot]) >> np.uint64(BASE)) + np.uint64(byte)
    return child if np.uint64(table[child]) & np.uint64(BYTE) == np.uint64(byte) else np.uint64(0)
