"""Compiled twin of `toklab.algorithms.spm_bpe.learn`: incremental counts and a lazy heap.

A pair's count can only fall, as in `toklab.kernels.bpe`, and only pairs that count at least ``floor`` are in the heap.
The floor is lowered to 0 here, where pairs that no longer occur are taken.

An entry of the heap is a row (count, key, pair). The key holds the length of the text that the pair spells and the
first of its characters, so that most equal counts are decided without a look at the symbols. Characters are numbered
by code point, so that numbers compare as text does. `toklab.kernels.chains` says what nodes and pairs are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import inner, inner_making, njit_making
from toklab.kernels.chains import (
    COUNT,
    LEFT,
    RIGHT,
    build_nodes,
    count_pairs,
    pair_of,
    slot_of_pair,
    table_with_room,
    with_room,
)
from toklab.kernels.merging import NEAR_COLUMNS, merge_everywhere
from toklab.types import IdArray, IntArray

# The most characters of a piece.
LONGEST = 16
# Kinds of symbols that are no script: in no piece of several characters, and of the script of what is beside it.
ALONE, ANY = -1, 0
# Takes the place of a count where a pair is no piece, or is one already; what is subtracted leaves it below 0.
NEVER = -(1 << 62)
# By what the floor is divided when it is lowered.
LOWERING = 8
LENGTH_BITS, KEY_BITS = 5, 62


class Symbols(NamedTuple):
    """What symbols spell.

    Parameters
    ----------
    texts : (n, 16) int32, the characters of each
    sizes : (n,) int64, how many those are
    kinds : (n,) int64, the script; ALONE or ANY where there is none
    bits, packed : how many bits a character has in a key, and how many characters a key has
    """

    texts: IdArray
    sizes: IntArray
    kinds: IntArray
    bits: int
    packed: int


@inner_making
def _initial_symbols(kinds: IntArray, more: int) -> Symbols:
    """The characters, with room for some merged symbols."""
    n = len(kinds)
    texts = np.zeros((n + more, LONGEST), np.int32)
    sizes, all_kinds = np.ones(n + more, np.int64), np.zeros(n + more, np.int64)
    for char in range(n):
        texts[char, 0], all_kinds[char] = char, kinds[char]
    bits = 1
    while (1 << bits) < n:
        bits += 1
    return Symbols(texts, sizes, all_kinds, bits, min(LONGEST, (KEY_BITS - LENGTH_BITS) // bits))


@inner
def _add_symbol(symbols: Symbols, new: int, left: int, right: int) -> None:
    """Write what a merge spells."""
    size = symbols.sizes[left]
    for at in range(size):
        symbols.texts[new, at] = symbols.texts[left, at]
    for at in range(symbols.sizes[right]):
        symbols.texts[new, size + at] = symbols.texts[right, at]
    symbols.sizes[new] = size + symbols.sizes[right]
    symbols.kinds[new] = symbols.kinds[right] if symbols.kinds[left] == ANY else symbols.kinds[left]


@inner
def _is_piece(symbols: Symbols, left: int, right: int, space: int) -> bool:
    """Twin of `toklab.algorithms.spm_rules.is_piece`, for two symbols that are pieces or characters."""
    one, other = symbols.kinds[left], symbols.kinds[right]
    if one == ALONE or other == ALONE or symbols.texts[right, 0] == space:
        return False
    if one not in (ANY, other) and other != ANY:
        return False
    return bool(symbols.sizes[left] + symbols.sizes[right] <= LONGEST)


@inner
def _character(symbols: Symbols, left: int, right: int, at: int) -> int:
    """A character of what two symbols spell."""
    size = symbols.sizes[left]
    return np.int64(symbols.texts[left, at] if at < size else symbols.texts[right, at - size])


@inner
def _key(symbols: Symbols, pairs: IntArray, index: int) -> int:
    """The length of what a pair spells, and its first characters."""
    left, right = pairs[index, LEFT], pairs[index, RIGHT]
    size = symbols.sizes[left] + symbols.sizes[right]
    key = np.int64(size)
    for at in range(symbols.packed):
        key <<= symbols.bits
        if at < size:
            key |= _character(symbols, left, right, at)
    return np.int64(key)


@inner
def _above(heap: IntArray, row: int, count: int, key: int, index: int, symbols: Symbols, pairs: IntArray) -> bool:
    """Whether the pair of a row comes before another one."""
    if heap[row, 0] != count:
        return bool(heap[row, 0] > count)
    if heap[row, 1] != key:
        return bool(heap[row, 1] < key)
    a, b = heap[row, 2], index
    size = symbols.sizes[pairs[a, LEFT]] + symbols.sizes[pairs[a, RIGHT]]
    for at in range(symbols.packed, size):
        one = _character(symbols, pairs[a, LEFT], pairs[a, RIGHT], at)
        other = _character(symbols, pairs[b, LEFT], pairs[b, RIGHT], at)
        if one != other:
            return bool(one < other)
    return bool(a < b)


@inner
def _push(heap: IntArray, size: int, index: int, symbols: Symbols, pairs: IntArray) -> None:
    """Enter a pair behind ``size`` others."""
    count, key = pairs[index, COUNT], _key(symbols, pairs, index)
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if _above(heap, up, count, key, index, symbols, pairs):
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[up, 0], heap[up, 1], heap[up, 2]
        at = up
    heap[at, 0], heap[at, 1], heap[at, 2] = count, key, index


@inner
def _sink(heap: IntArray, size: int, count: int, key: int, index: int, symbols: Symbols, pairs: IntArray) -> None:
    """Put an entry in the first's place and move it down to where it belongs."""
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _above(heap, child + 1, heap[child, 0], heap[child, 1], heap[child, 2], symbols, pairs):
            child += 1
        if not _above(heap, child, count, key, index, symbols, pairs):
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[child, 0], heap[child, 1], heap[child, 2]
        at = child
    heap[at, 0], heap[at, 1], heap[at, 2] = count, key, index


@inner
def _judge(symbols: Symbols, pairs: IntArray, first: int, used: int, space: int) -> int:
    """Take the pairs from ``first`` on that are no pieces out of what is counted; gives the largest count left."""
    most = np.int64(0)
    for index in range(first, used):
        if not _is_piece(symbols, pairs[index, LEFT], pairs[index, RIGHT], space):
            pairs[index, COUNT] = NEVER
        most = max(most, pairs[index, COUNT])
    return most


@inner
def _how_many(pairs: IntArray, first: int, used: int, low: int, high: int) -> int:
    """How many pairs from ``first`` on count at least ``low`` and less than ``high``."""
    found = 0
    for index in range(first, used):
        if low <= pairs[index, COUNT] < high:
            found += 1
    return found


@njit_making
def learn(ids: IdArray, offsets: IntArray, counts: IntArray, kinds: IntArray, options: IntArray) -> IntArray:
    """Learn pieces of more than one character.

    Parameters
    ----------
    ids, offsets, counts : words laid end to end, where each begins, how often each occurs
    kinds : (characters,) the script of each character, by code point; ALONE or ANY where it has none
    options : how many pieces to learn, and the character that only begins pieces (-1: there is none)

    Returns
    -------
    merges : (m, 2) int64: left and right part; merge i makes the symbol after the characters and i others
    """
    limit, space = options[0], options[1]
    nodes = build_nodes(ids, offsets)
    pairs, table, spots, first = count_pairs(nodes, counts)
    used = np.array([first, len(spots) // 2], np.int64)
    symbols = _initial_symbols(kinds, min(limit, len(ids)))
    beside = np.full((len(symbols.sizes), 2), -1, np.int32)
    near = np.zeros((2 * len(symbols.sizes) + 1, NEAR_COLUMNS), np.int64)
    found = np.zeros((1 << 10, 2), np.int64)
    heap = np.zeros((1 << 10, 3), np.int64)
    size, done = np.int64(0), 0
    floor = _judge(symbols, pairs, np.int64(0), used[0], space) + 1
    high = floor
    while done < limit:
        while size == 0 and floor > 0:
            high, floor = floor, floor // LOWERING
            heap = with_room(heap, _how_many(pairs, np.int64(0), used[0], floor, high))
            for index in range(used[0]):
                if floor <= pairs[index, COUNT] < high:
                    _push(heap, size, index, symbols, pairs)
                    size += 1
        if size == 0:
            break
        best = heap[0, 2]
        count = pairs[best, COUNT]
        if floor <= count < heap[0, 0]:
            _sink(heap, size, count, heap[0, 1], best, symbols, pairs)
            continue
        size -= 1
        _sink(heap, size, heap[size, 0], heap[size, 1], heap[size, 2], symbols, pairs)
        if count < floor:
            continue
        left, right, new = pairs[best, LEFT], pairs[best, RIGHT], len(kinds) + done
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1] = left, right
        done += 1
        if count > 0:  # what does not occur changes no word, and is part of nothing
            _add_symbol(symbols, new, left, right)
            first = used[0]
            pairs, table, spots, _ = merge_everywhere(nodes, counts, pairs, table, spots, used, best, new, near, beside)
            if table[slot_of_pair(table, new, new), 0] != -1:
                # Two merges side by side: before the second was made, the new symbol stood before the left one.
                pairs = with_room(pairs, used[0] + 1)
                table = table_with_room(table, pairs, used[0], used[0] + 1)
                used[0] = max(used[0], pair_of(table, pairs, used[0], new, left) + 1)
            _judge(symbols, pairs, first, used[0], space)
            heap = with_room(heap, size + used[0] - first)
            for index in range(first, used[0]):
                if pairs[index, COUNT] >= floor:
                    _push(heap, size, index, symbols, pairs)
                    size += 1
        pairs[best, COUNT] = NEVER
    return found[:done]
