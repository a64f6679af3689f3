"""The state of merge training on flat arrays: words as linked nodes, and for each pair where it occurs.

A node is a symbol of a word at one place: a row of four int32, so that touching it costs one line of the cache. A
pair's places are the nodes of its left symbol, a stretch of ``spots`` in ascending order, written once when the pair
comes to be. A merge elsewhere leaves them stale; whoever walks them sees that from the nodes. So a merge touches only
the nodes that change, and meets overlapping occurrences (``aaa``) from left to right.

What a merge does to the pairs around it is summed up per neighbour first, so that the hash table of pairs is asked
once for each neighbour, not for each place.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner
from toklab.kernels.tables import mix
from toklab.types import IdArray, IntArray

# Columns of a node: its symbol (-1: merged away), the nodes beside it in the word, the word. -1 is none.
SYMBOL, NEXT, PREVIOUS, WORD = 0, 1, 2, 3
NODE_COLUMNS = 4
# Columns of a pair: its symbols, its weighted count, where its places begin in ``spots`` and how many they are.
LEFT, RIGHT, COUNT, START, LENGTH = 0, 1, 2, 3, 4
PAIR_COLUMNS = 5
# Columns of a neighbour of a merge: its symbol, 0 where it stands before and 1 where it stands behind, what the pair
# with the merged part loses, what the pair with the new symbol gains, at how many places, and where to write the next.
BEFORE, BEHIND = np.int64(0), np.int64(1)
NEAR, SIDE, LOST, GAINED, PLACES, CURSOR = 0, 1, 2, 3, 4, 5
NEAR_COLUMNS = 6
AHEAD = 8


@inner
def build_nodes(ids: IdArray, offsets: IntArray) -> IdArray:
    """Link the symbols of each word: (n, 4) int32."""
    nodes = np.empty((len(ids), NODE_COLUMNS), np.int32)
    for word in range(len(offsets) - 1):
        for node in range(offsets[word], offsets[word + 1]):
            nodes[node, SYMBOL], nodes[node, WORD] = ids[node], word
            nodes[node, PREVIOUS] = node - 1 if node > offsets[word] else -1
            nodes[node, NEXT] = node + 1 if node + 1 < offsets[word + 1] else -1
    return nodes


@inner
def with_room(rows: IntArray, needed: int) -> IntArray:
    """The same rows with room for at least ``needed``."""
    if needed <= len(rows):
        return rows
    more = np.zeros((needed + needed // 2, rows.shape[1]), np.int64)
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            more[row, column] = rows[row, column]
    return more


@inner
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


@inner
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


@inner
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


@inner
def near_row(near: IntArray, used: int, beside: IdArray, symbol: int, side: int) -> int:
    """The row of a neighbour; ``used`` where it is new, and is entered."""
    row = np.int64(beside[symbol, side])
    if row == -1:
        row = np.int64(used)
        beside[symbol, side] = row
        near[row, NEAR], near[row, SIDE] = symbol, side
        near[row, LOST], near[row, GAINED], near[row, PLACES] = 0, 0, 0
    return row


@inner
def replace_places(
    nodes: IdArray,
    counts: IntArray,
    pairs: IntArray,
    spots: IdArray,
    best: int,
    new: int,
    near: IntArray,
    beside: IdArray,
) -> tuple[int, int, int]:
    """Replace a pair wherever it still is, and sum up what the pairs around it lose.

    Returns
    -------
    places : how many there were; they stand first in the pair's stretch of ``spots`` then
    merged : how many weighted
    neighbours : rows of ``near`` that were written
    """
    left, right = np.int32(pairs[best, LEFT]), np.int32(pairs[best, RIGHT])
    start, end = np.uint64(pairs[best, START]), np.uint64(pairs[best, START] + pairs[best, LENGTH])
    places, merged, neighbours = np.uint64(0), np.int64(0), np.int64(0)
    last, ahead, seen = np.int32(-1), np.uint64(AHEAD), np.int32(0)
    for spot in range(start, end):
        node = spots[spot]
        at = np.uint64(node)
        if spot + ahead < end:
            # Ask for a node that will be needed soon: it is seldom in the cache.
            seen ^= nodes[np.uint64(spots[spot + ahead]), SYMBOL]
        gone = nodes[at, NEXT]
        if nodes[at, SYMBOL] != left or gone == -1 or nodes[np.uint64(gone), SYMBOL] != right:
            continue
        before, behind = nodes[at, PREVIOUS], nodes[np.uint64(gone), NEXT]
        weight = counts[np.uint64(nodes[at, WORD])]
        nodes[at, SYMBOL], nodes[at, NEXT], nodes[np.uint64(gone), SYMBOL] = new, behind, -1
        # Where the node before was replaced just now, its right side has counted this pair already.
        if before != -1 and before != last:
            row = near_row(near, neighbours, beside, np.int64(nodes[np.uint64(before), SYMBOL]), BEFORE)
            neighbours = max(neighbours, row + 1)
            near[np.uint64(row), LOST] += weight
        if behind != -1:
            nodes[np.uint64(behind), PREVIOUS] = node
            row = near_row(near, neighbours, beside, np.int64(nodes[np.uint64(behind), SYMBOL]), BEHIND)
            neighbours = max(neighbours, row + 1)
            near[np.uint64(row), LOST] += weight
        spots[start + places] = node
        places += np.uint64(1)
        merged += weight
        last = node
    near[neighbours, NEAR] = seen
    return np.int64(places), merged, neighbours


@inner
def sum_gains(
    nodes: IdArray,
    counts: IntArray,
    spots: IdArray,
    start: int,
    places: int,
    new: int,
    near: IntArray,
    beside: IdArray,
    neighbours: int,
) -> int:
    """Sum up what the pairs with the new symbol gain; gives how many neighbours there are then."""
    for spot in range(start, start + places):
        node = np.int64(spots[spot])
        before, behind = nodes[node, PREVIOUS], nodes[node, NEXT]
        weight = counts[nodes[node, WORD]]
        if before != -1:
            row = near_row(near, neighbours, beside, np.int64(nodes[before, SYMBOL]), BEFORE)
            neighbours = max(neighbours, row + 1)
            near[row, GAINED] += weight
            near[row, PLACES] += 1
        if behind != -1 and not (spot + 1 < start + places and spots[spot + 1] == behind):
            # The new symbol before itself is one pair, however it is met.
            symbol = np.int64(nodes[behind, SYMBOL])
            row = near_row(near, neighbours, beside, symbol, BEFORE if symbol == new else BEHIND)
            neighbours = max(neighbours, row + 1)
            near[row, GAINED] += weight
            near[row, PLACES] += 1
    return neighbours


@inner
def write_places(
    nodes: IdArray, spots: IdArray, start: int, places: int, new: int, near: IntArray, beside: IdArray
) -> None:
    """Write the places of the pairs with the new symbol, in ascending order."""
    for spot in range(start, start + places):
        node = np.int64(spots[spot])
        before, behind = nodes[node, PREVIOUS], nodes[node, NEXT]
        if before != -1:
            row = beside[nodes[before, SYMBOL], 0]
            spots[near[row, CURSOR]] = before
            near[row, CURSOR] += 1
        if behind != -1 and not (spot + 1 < start + places and spots[spot + 1] == behind):
            symbol = nodes[behind, SYMBOL]
            row = beside[symbol, 0 if symbol == new else 1]
            spots[near[row, CURSOR]] = node
            near[row, CURSOR] += 1


@inner
def join_places(spots: IdArray, old: int, size: int, start: int, added: int) -> None:
    """Merge ``size`` places from ``old`` on with those that stand behind room for them from ``start`` on."""
    one, other, last = old, start + size, start + size + added
    for at in range(start, last):
        if other >= last or (one < old + size and spots[one] < spots[other]):
            spots[at] = spots[one]
            one += 1
        else:
            spots[at] = spots[other]
            other += 1


@inner
def merge_everywhere(
    nodes: IdArray,
    counts: IntArray,
    pairs: IntArray,
    table: IntArray,
    spots: IdArray,
    used: IntArray,
    best: int,
    new: int,
    near: IntArray,
    beside: IdArray,
) -> tuple[IntArray, IntArray, IdArray, int]:
    """Replace every occurrence of the best pair.

    Parameters
    ----------
    used : (2,) how many pairs there are, and how many spots are written
    near, beside : room to work in: (2 * symbols, NEAR_COLUMNS), and (symbols, 2) of -1

    Returns
    -------
    pairs, table, spots : may have moved
    merged : weighted number of places where the pair was replaced
    """
    left, right, start = pairs[best, LEFT], pairs[best, RIGHT], pairs[best, START]
    places, merged, neighbours = replace_places(nodes, counts, pairs, spots, best, new, near, beside)
    for row in range(neighbours):
        if near[row, LOST] > 0:
            one, other = (near[row, NEAR], left) if near[row, SIDE] == 0 else (right, near[row, NEAR])
            pairs[table[slot_of_pair(table, one, other), 1], COUNT] -= near[row, LOST]
    pairs[best, COUNT], pairs[best, LENGTH] = 0, 0
    neighbours = sum_gains(nodes, counts, spots, start, places, new, near, beside, neighbours)
    pairs = with_room(pairs, used[0] + neighbours)
    table = table_with_room(table, pairs, used[0], used[0] + neighbours)
    known = used[0]
    for row in range(neighbours):
        if near[row, PLACES] > 0:
            one, other = (near[row, NEAR], new) if near[row, SIDE] == 0 else (new, near[row, NEAR])
            index = pair_of(table, pairs, used[0], one, other)
            used[0] = max(used[0], index + 1)
            size = pairs[index, LENGTH] + near[row, PLACES]
            spots = with_spots(spots, used[1], used[1] + size)
            near[row, CURSOR] = used[1] + pairs[index, LENGTH]
            used[1] += size
            pairs[index, COUNT] += near[row, GAINED]
            if index >= known:
                pairs[index, START], pairs[index, LENGTH] = near[row, CURSOR], size
    write_places(nodes, spots, start, places, new, near, beside)
    for row in range(neighbours):
        if near[row, PLACES] > 0:
            one, other = (near[row, NEAR], new) if near[row, SIDE] == 0 else (new, near[row, NEAR])
            index = pair_of(table, pairs, used[0], one, other)
            if index < known:
                # Only a merge that spells a symbol known before adds to a pair known before.
                size, added = pairs[index, LENGTH], near[row, PLACES]
                begin = near[row, CURSOR] - added - size
                join_places(spots, pairs[index, START], size, begin, added)
                pairs[index, START], pairs[index, LENGTH] = begin, size + added
        beside[near[row, NEAR], near[row, SIDE]] = -1
    return pairs, table, spots, merged
