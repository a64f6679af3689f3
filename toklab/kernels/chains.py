"""The state of merge training on flat arrays: words as linked nodes, and for each pair where it occurs.

A node is a symbol of a word at one place; a row of int32 holds it together, so that touching it costs one line of
the cache. Each pair has a doubly linked list of the nodes of its left symbol, in ascending order: a merge touches
only what changes, and meets overlapping occurrences (``aaa``) from left to right.

Only a merge makes new pairs, and all of them hold the new symbol; which ones there are already is kept per
neighbour while the merge runs. A hash table is needed for the first count alone.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.tables import slot_of
from toklab.types import IdArray, IntArray

# Columns of a node: its symbol (-1: merged away), the nodes beside it in the word, the word; the pair whose left
# symbol it is, and the next and previous node in that pair's list. -1 is none.
SYMBOL, NEXT, PREVIOUS, WORD, PAIR, AFTER, BEFORE = 0, 1, 2, 3, 4, 5, 6
NODE_COLUMNS = 8
# Columns of a pair: its symbols, its weighted count, the first and the last node of its list.
LEFT, RIGHT, COUNT, HEAD, TAIL = 0, 1, 2, 3, 4
PAIR_COLUMNS = 5


@njit
def build_nodes(ids: IdArray, offsets: IntArray) -> IdArray:
    """Link the symbols of each word: (n, 8) int32."""
    nodes = np.full((len(ids), NODE_COLUMNS), -1, np.int32)
    for word in range(len(offsets) - 1):
        for node in range(offsets[word], offsets[word + 1]):
            nodes[node, SYMBOL], nodes[node, WORD] = ids[node], word
            if node > offsets[word]:
                nodes[node, PREVIOUS] = node - 1
            if node + 1 < offsets[word + 1]:
                nodes[node, NEXT] = node + 1
    return nodes


@njit
def with_room(rows: IntArray, needed: int) -> IntArray:
    """The same rows with room for at least ``needed``."""
    if needed <= len(rows):
        return rows
    more = np.zeros((2 * needed, rows.shape[1]), np.int64)
    more[: len(rows)] = rows
    return more


@njit
def write_pair(pairs: IntArray, index: int, left: int, right: int) -> None:
    """A pair that does not occur yet."""
    pairs[index, LEFT], pairs[index, RIGHT], pairs[index, COUNT] = left, right, 0
    pairs[index, HEAD], pairs[index, TAIL] = -1, -1


@njit
def append_occurrence(nodes: IdArray, pairs: IntArray, counts: IntArray, node: int, index: int) -> None:
    """Enter the pair that begins at a node; its list stays in ascending order."""
    behind = pairs[index, TAIL]
    ahead = np.int64(-1)
    while behind > node:
        ahead = behind
        behind = np.int64(nodes[behind, BEFORE])
    nodes[node, PAIR], nodes[node, BEFORE], nodes[node, AFTER] = index, behind, ahead
    if behind == -1:
        pairs[index, HEAD] = node
    else:
        nodes[behind, AFTER] = node
    if ahead == -1:
        pairs[index, TAIL] = node
    else:
        nodes[ahead, BEFORE] = node
    pairs[index, COUNT] += counts[nodes[node, WORD]]


@njit
def drop_occurrence(nodes: IdArray, pairs: IntArray, counts: IntArray, node: int) -> None:
    """Take the pair that begins at a node out, if there is one."""
    index = nodes[node, PAIR]
    if index == -1:
        return
    behind, ahead = nodes[node, BEFORE], nodes[node, AFTER]
    if behind == -1:
        pairs[index, HEAD] = ahead
    else:
        nodes[behind, AFTER] = ahead
    if ahead == -1:
        pairs[index, TAIL] = behind
    else:
        nodes[ahead, BEFORE] = behind
    nodes[node, PAIR] = -1
    pairs[index, COUNT] -= counts[nodes[node, WORD]]


@njit
def count_pairs(nodes: IdArray, counts: IntArray) -> tuple[IntArray, int]:
    """Enter every adjacent pair; gives the table of pairs, and how many there are."""
    pairs = np.zeros((1 << 12, PAIR_COLUMNS), np.int64)
    keys, values = np.full(1 << 14, -1, np.int64), np.zeros(1 << 14, np.int32)
    used = 0
    for node in range(len(nodes)):
        following = nodes[node, NEXT]
        if following == -1:
            continue
        key = (np.int64(nodes[node, SYMBOL]) << 32) | np.int64(nodes[following, SYMBOL])
        slot = slot_of(keys, key)
        if keys[slot] == -1:
            keys[slot], values[slot] = key, used
            write_pair(pairs, used, nodes[node, SYMBOL], nodes[following, SYMBOL])
            used += 1
        append_occurrence(nodes, pairs, counts, node, np.int64(values[slot]))
        if used == len(pairs):
            pairs = with_room(pairs, used + 1)
            keys, values = rehashed(pairs, used)
    return pairs, used


@njit
def rehashed(pairs: IntArray, used: int) -> tuple[IntArray, IdArray]:
    """A hash table of the pairs with room for as many as the table of pairs; a quarter full at most."""
    size = 1 << 14
    while size < 4 * len(pairs):
        size *= 2
    keys, values = np.full(size, -1, np.int64), np.zeros(size, np.int32)
    for index in range(used):
        key = (pairs[index, LEFT] << 32) | pairs[index, RIGHT]
        slot = slot_of(keys, key)
        keys[slot], values[slot] = key, index
    return keys, values


@njit
def merge_everywhere(
    nodes: IdArray,
    counts: IntArray,
    pairs: IntArray,
    used: int,
    best: int,
    new: int,
    beside: IdArray,
) -> tuple[IntArray, int, int]:
    """Replace every occurrence of the best pair.

    Parameters
    ----------
    beside : (symbols, 2) int32, for each symbol the pair (symbol, new) and the pair (new, symbol), -1 for none;
        pairs that are made here are entered

    Returns
    -------
    pairs, used : the table of pairs, which may have moved, and how many there are now
    merged : weighted number of places where the pair was replaced
    """
    merged = 0
    node = pairs[best, HEAD]
    while node != -1:
        right = nodes[node, NEXT]
        ahead, beyond = nodes[node, PREVIOUS], nodes[right, NEXT]
        drop_occurrence(nodes, pairs, counts, node)
        drop_occurrence(nodes, pairs, counts, right)
        nodes[node, SYMBOL], nodes[node, NEXT], nodes[right, SYMBOL] = new, beyond, -1
        if used + 2 > len(pairs):
            pairs = with_room(pairs, used + 2)
        if ahead != -1:
            drop_occurrence(nodes, pairs, counts, ahead)
            symbol = nodes[ahead, SYMBOL]
            if beside[symbol, 0] == -1:
                write_pair(pairs, used, symbol, new)
                beside[symbol, 0] = used
                if symbol == new:
                    beside[symbol, 1] = used
                used += 1
            append_occurrence(nodes, pairs, counts, ahead, beside[symbol, 0])
        if beyond != -1:
            nodes[beyond, PREVIOUS] = node
            symbol = nodes[beyond, SYMBOL]
            if beside[symbol, 1] == -1:
                write_pair(pairs, used, new, symbol)
                beside[symbol, 1] = used
                if symbol == new:
                    beside[symbol, 0] = used
                used += 1
            append_occurrence(nodes, pairs, counts, node, beside[symbol, 1])
        merged += counts[nodes[node, WORD]]
        node = pairs[best, HEAD]
    return pairs, used, merged


@njit
def note_pairs_of(pairs: IntArray, used: int, new: int, beside: IdArray) -> None:
    """Enter the pairs that a symbol known before has already."""
    for index in range(used):
        if pairs[index, RIGHT] == new:
            beside[pairs[index, LEFT], 0] = index
        if pairs[index, LEFT] == new:
            beside[pairs[index, RIGHT], 1] = index


@njit
def forget_pairs(pairs: IntArray, first: int, used: int, beside: IdArray) -> None:
    """Make ``beside`` ready for the next merge: clear what the pairs from ``first`` on entered."""
    for index in range(first, used):
        beside[pairs[index, LEFT], 0] = -1
        beside[pairs[index, RIGHT], 1] = -1
