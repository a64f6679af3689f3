"""Compiled twin of `toklab.algorithms.top_down.CountedSubstrings`: all substrings of words as a trie.

A node is a substring, spelled in symbols, so that what begins a word and what continues one are apart. Node 0 is the
empty one; a parent comes before its children, so that one pass from the last node to the first subtracts the count of
each substring from all of its prefixes: what a node has explained is passed on to its parent, once. ``path`` holds the
node of each substring: those that begin at position p of the words laid end to end are ``path[base[p]:base[p + 1]]``,
shortest first.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, inner_making, njit_making
from toklab.kernels.tables import mix
from toklab.types import ByteArray, IdArray, IntArray

# Columns of a node: its parent, its length, and the position where it was met first.
PARENT, DEPTH, SEEN = 0, 1, 2
# What bars a node: its own spelling, or that of the node and of all that begin with it.
ITSELF, BELOW = 1, 2


@inner
def _slot(table: IntArray, parent: int, symbol: int) -> int:
    """Slot of a child in the hash table of rows (parent << 32 | symbol, node), or the empty one where it belongs."""
    mask = len(table) - 1
    key = (np.int64(parent) << 32) | np.int64(symbol)
    slot = np.int64(mix(key) & mask)
    while table[slot, 1] != 0 and table[slot, 0] != key:
        slot = (slot + 1) & mask
    return slot


@inner_making
def _wider(table: IntArray) -> IntArray:
    """The same table, twice as long."""
    more = np.zeros((2 * len(table), 2), np.int64)
    mask = len(more) - 1
    for old in range(len(table)):
        if table[old, 1] != 0:
            slot = mix(table[old, 0]) & mask
            while more[slot, 1] != 0:
                slot = (slot + 1) & mask
            more[slot, 0], more[slot, 1] = table[old, 0], table[old, 1]
    return more


@njit_making
def build(
    ids: IdArray, offsets: IntArray, barred_ids: IdArray, barred_offsets: IntArray, longest: int
) -> tuple[IdArray, IntArray, IdArray, ByteArray]:
    """Make the trie.

    Parameters
    ----------
    ids, offsets : words laid end to end, and where each begins
    barred_ids, barred_offsets : spellings that may not be pieces; the last one bars all that begin with it too
    longest : symbols of the longest word that is counted

    Returns
    -------
    path, base : (substrings,) int32 and (positions + 1,) int64, see above
    nodes : (nodes, 3) int32
    barred : (nodes,) uint8, not 0 where the node may not be a piece
    """
    base = np.zeros(len(ids) + 1, np.int64)
    for word in range(len(offsets) - 1):
        counted = offsets[word + 1] - offsets[word] <= longest
        for at in range(offsets[word], offsets[word + 1]):
            base[at + 1] = base[at] + (offsets[word + 1] - at if counted else 0)
    path = np.empty(base[len(ids)], np.int32)
    nodes = np.zeros((1 << 12, 3), np.int32)
    table = np.zeros((1 << 13, 2), np.int64)
    used = np.int64(1)
    for at in range(len(ids)):
        node = np.int64(0)
        for depth in range(base[at + 1] - base[at]):
            slot = _slot(table, node, np.int64(ids[at + depth]))
            if table[slot, 1] == 0:
                if 2 * (used + 1) > len(table):
                    table = _wider(table)
                    slot = _slot(table, node, np.int64(ids[at + depth]))
                if used == len(nodes):
                    more = np.zeros((2 * used, 3), np.int32)
                    for row in range(used):
                        for column in range(3):
                            more[row, column] = nodes[row, column]
                    nodes = more
                table[slot, 0], table[slot, 1] = (node << 32) | np.int64(ids[at + depth]), used
                nodes[used, PARENT], nodes[used, DEPTH], nodes[used, SEEN] = node, depth + 1, at
                used += 1
            node = table[slot, 1]
            path[base[at] + depth] = node
    barred = np.zeros(used, np.uint8)
    for row in range(len(barred_offsets) - 1):
        node, at = np.int64(0), barred_offsets[row]
        while at < barred_offsets[row + 1] and (at == barred_offsets[row] or node != 0):
            slot = _slot(table, node, np.int64(barred_ids[at]))
            node = table[slot, 1]
            at += 1
        barred[node] = BELOW if row == len(barred_offsets) - 2 else ITSELF
    barred[0] = 0
    for node in range(1, used):
        if barred[nodes[node, PARENT]] == BELOW:
            barred[node] = BELOW
    return path, base, nodes[:used].copy(), barred


@njit_making
def count_all(path: IdArray, base: IntArray, offsets: IntArray, counts: IntArray, size: int) -> IntArray:
    """Occurrences of each node."""
    found = np.zeros(size, np.int64)
    for word in range(len(offsets) - 1):
        for at in range(base[offsets[word]], base[offsets[word + 1]]):
            found[path[at]] += counts[word]
    return found


@inner
def _keep(
    found: IntArray,
    nodes: IdArray,
    barred: ByteArray,
    threshold: int,
    subtract_all: int,
    worth: IntArray,
    below: IntArray,
) -> None:
    """Set ``worth`` to what is left of the count of each node that is kept, else to 0."""
    for node in range(len(found)):
        below[node] = 0
    for node in range(len(found) - 1, 0, -1):
        left = found[node] - below[node]
        enough = found[node] > 0 and left >= threshold and nodes[node, DEPTH] > 1 and barred[node] == 0
        worth[node] = left if enough else 0
        below[nodes[node, PARENT]] += below[node] + (left if enough or subtract_all == 1 else 0)


@njit_making
def keep(
    path: IdArray,
    base: IntArray,
    nodes: IdArray,
    barred: ByteArray,
    offsets: IntArray,
    counts: IntArray,
    first: IntArray,
    options: IntArray,
) -> IntArray:
    """What a threshold keeps.

    Parameters
    ----------
    path, base, nodes, barred : as `build` made them
    offsets, counts : where each word begins, how often it occurs
    first : (nodes,) occurrences of each node
    options : the threshold, 1 to subtract the counts of all nodes and not of the kept ones only, how many rounds

    Returns
    -------
    worth : (nodes,) int64, what is left of the count of each node that is kept, else 0
    """
    threshold, subtract_all, rounds = options[0], options[1], options[2]
    worth, below = np.zeros(len(nodes), np.int64), np.zeros(len(nodes), np.int64)
    _keep(first, nodes, barred, threshold, subtract_all, worth, below)
    found = np.zeros(len(nodes), np.int64)
    for _ in range(rounds - 1):
        for node in range(len(nodes)):
            found[node] = 0
        for word in range(len(offsets) - 1):
            at = offsets[word]
            if base[at] == base[offsets[word + 1]]:
                continue
            while at < offsets[word + 1]:
                length = np.int64(1)
                for spot in range(base[at], base[at + 1]):
                    found[path[spot]] += counts[word]
                    if worth[path[spot]] > 0:
                        length = spot - base[at] + 1
                at += length
        _keep(found, nodes, barred, threshold, subtract_all, worth, below)
    return worth
