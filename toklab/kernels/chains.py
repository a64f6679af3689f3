"""The state of merge training on flat arrays: words as linked nodes, and for each pair where it occurs.

A node is a symbol of a word at one place: a row of four int32, so that touching it costs one line of the cache. A
pair's places are the nodes of its left symbol, a stretch of ``spots`` in ascending order, written once when the pair
comes to be. A merge elsewhere leaves them stale; whoever walks them sees that from the nodes. So a merge touches only
the nodes that change, and meets overlapping occurrences (``aaa``) from left to right.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, inner_making
from toklab.kernels.tables import mix
from toklab.types import IdArray, IntArray

# Columns of a node: its symbol (-1: merged away), the nodes beside it in the word, the word. -1 is none.
SYMBOL, NEXT, PREVIOUS, WORD = 0, 1, 2, 3
NODE_COLUMNS = 4
# Columns of a pair: its symbols, its weighted count, where its places begin in ``spots`` and how many they are.
LEFT, RIGHT, COUNT, START, LENGTH = 0, 1, 2, 3, 4
PAIR_COLUMNS = 5


@inner_making
def build_nodes(ids: IdArray, offsets: IntArray) -> IdArray:
    """Link the symbols of each word: (n, 4) int32."""
    nodes = np.empty((len(ids), NODE_COLUMNS), np.int32)
    for word in range(len(offsets) - 1):
        for node in range(offsets[word], offsets[word + 1]):
            nodes[node, SYMBOL], nodes[node, WORD] = ids[node], word
            nodes[node, PREVIOUS] = node - 1 if node > offsets[word] else -1
            nodes[node, NEXT] = node + 1 if node + 1 < offsets[word + 1] else -1
    return nodes


@inner_making
def with_room(rows: IntArray, needed: int) -> IntArray:
    """The same rows with room for at least ``needed``."""
    if needed <= len(rows):
        return rows
    more = np.zeros((needed + needed // 2, rows.shape[1]), np.int64)
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            more[row, column] = rows[row, column]
    return more


@inner_making
def with_spots(spots: IdArray, used: int, needed: int) -> IdArray:
    """The same places with room for at least ``needed``."""
    if needed <= len(spots):
        return spots
    more = np.empty(needed + needed // 2, np.int32)
    for spot in range(used):
        more[spot] = spots[spot]
    return more


@inner
def slot_of_pair(table: IntArray, left: int, right: int) -> np.uint64:
    """Slot of a pair in the hash table of rows (left << 32 | right, pair), or the empty one (-1) where it belongs."""
    mask = np.uint64(len(table) - 1)
    key = (np.int64(left) << 32) | np.int64(right)
    slot = np.uint64(mix(key)) & mask
    while table[slot, 0] != -1 and table[slot, 0] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@inner
def pair_of(table: IntArray, pairs: IntArray, used: int, left: int, right: int) -> int:
    """The number of a pair; ``used`` where it is new, and is entered."""
    slot = slot_of_pair(table, left, right)
    if table[slot, 0] == -1:
        table[slot, 0], table[slot, 1] = (np.int64(left) << 32) | np.int64(right), used
        pairs[used, LEFT], pairs[used, RIGHT] = left, right
        pairs[used, COUNT], pairs[used, START], pairs[used, LENGTH] = 0, 0, 0
    return np.int64(table[slot, 1])


@inner_making
def table_with_room(table: IntArray, pairs: IntArray, used: int, needed: int) -> IntArray:
    """A hash table of the pairs that is at most half full with ``needed``."""
    size = len(table)
    if 2 * needed <= size:
        return table
    while 2 * needed > size:
        size *= 2
    more = np.full((size, 2), -1, np.int64)
    for index in range(used):
        slot = slot_of_pair(more, pairs[index, LEFT], pairs[index, RIGHT])
        more[slot, 0], more[slot, 1] = (pairs[index, LEFT] << 32) | pairs[index, RIGHT], index
    return more


@inner_making
def count_pairs(nodes: IdArray, counts: IntArray) -> tuple[IntArray, IntArray, IdArray, int]:
    """Enter every adjacent pair.

    Returns
    -------
    pairs, table, spots : the pairs, the hash table that finds them, and their places
    used : how many pairs there are
    """
    pairs = np.zeros((1 << 12, PAIR_COLUMNS), np.int64)
    table = np.full((1 << 13, 2), -1, np.int64)
    of = np.empty(len(nodes), np.int32)
    used = np.int64(0)
    for node in range(len(nodes)):
        following = nodes[node, NEXT]
        of[node] = -1
        if following == -1:
            continue
        if used == len(pairs):
            pairs = with_room(pairs, used + 1)
            table = table_with_room(table, pairs, used, len(pairs))
        index = pair_of(table, pairs, used, np.int64(nodes[node, SYMBOL]), np.int64(nodes[following, SYMBOL]))
        used = max(used, index + 1)
        pairs[index, COUNT] += counts[nodes[node, WORD]]
        pairs[index, LENGTH] += 1
        of[node] = index
    total = 0
    for index in range(used):
        pairs[index, START] = total
        total += pairs[index, LENGTH]
        pairs[index, LENGTH] = 0
    spots = np.empty(2 * total, np.int32)
    for node in range(len(nodes)):
        index = of[node]
        if index != -1:
            spots[pairs[index, START] + pairs[index, LENGTH]] = node
            pairs[index, LENGTH] += 1
    return pairs, table, spots, used


@inner
def is_place(nodes: IdArray, node: int, left: int, right: int) -> bool:
    """Whether a pair still begins at a node."""
    if nodes[node, SYMBOL] != left:
        return False
    following = nodes[node, NEXT]
    return bool(following != -1 and nodes[following, SYMBOL] == right)


@inner
def first_place(nodes: IdArray, pairs: IntArray, spots: IdArray, index: int) -> int:
    """The first node at which a pair still begins, or -1; stale places before it are forgotten."""
    while pairs[index, LENGTH] > 0:
        node = np.int64(spots[pairs[index, START]])
        if is_place(nodes, node, pairs[index, LEFT], pairs[index, RIGHT]):
            return node
        pairs[index, START] += 1
        pairs[index, LENGTH] -= 1
    return np.int64(-1)
