"""One merge on the state of `toklab.kernels.chains`: replace a pair everywhere, and put the counts right.

What a merge does to the pairs around it is summed up per neighbour first, so that the hash table of pairs is asked
once for each neighbour, not for each place.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, inner_making
from toklab.kernels.chains import (
    COUNT,
    LEFT,
    LENGTH,
    NEXT,
    PREVIOUS,
    RIGHT,
    START,
    SYMBOL,
    WORD,
    pair_of,
    slot_of_pair,
    table_with_room,
    with_room,
    with_spots,
)
from toklab.kernels.memory import prefetch
from toklab.types import IdArray, IntArray

# Columns of a neighbour of a merge: its symbol, 0 where it stands before and 1 where it stands behind, what the pair
# with the merged part loses, what the pair with the new symbol gains, at how many places, and where to write the next.
BEFORE, BEHIND = np.int64(0), np.int64(1)
NEAR, SIDE, LOST, GAINED, PLACES, CURSOR = 0, 1, 2, 3, 4, 5
NEAR_COLUMNS = 6
# How many places before its turn a node is asked for, and when it is there, the count of its word.
AHEAD, LATER = 16, 8


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
    last, ahead, later = np.int32(-1), np.uint64(AHEAD), np.uint64(LATER)
    for spot in range(start, end):
        node = spots[spot]
        at = np.uint64(node)
        if spot + ahead < end:
            # Both are seldom in the cache.
            prefetch(nodes, np.int64(spots[spot + ahead]))
            prefetch(counts, np.int64(nodes[np.uint64(spots[spot + later]), WORD]))
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


@inner_making
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
