"""Compiled twin of `toklab.algorithms.bpe.learn`: incremental counts and a lazy heap.

A pair's count can only fall once its symbols exist, so an entry of the heap never promises too little: the best
entry that still tells the truth is the best pair. The rare rise (a merge that spells an existing symbol) is
entered anew. Most pairs are rare and never merged: only those that count at least ``floor`` are in the heap, and
where it runs out, the floor is lowered and the pairs between are entered.

An entry of the heap is a row (count, key, pair). `toklab.kernels.chains` says what nodes and pairs are.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit_making
from toklab.kernels.chains import COUNT, LEFT, RIGHT, build_nodes, count_pairs, first_place, with_room
from toklab.kernels.keys import Keys, accept_merge, keys_with_room, new_keys, spell_merge, spells_byte
from toklab.kernels.merging import NEAR_COLUMNS, merge_everywhere
from toklab.kernels.tables import compare_keys
from toklab.types import ByteArray, IdArray, IntArray

LOWEST_IDS, LEXICOGRAPHIC_MAX, FIRST_SEEN = 0, 1, 2
# By what the floor is divided when it is lowered.
LOWERING = 8


@inner
def _key(nodes: IdArray, pairs: IntArray, spots: IdArray, index: int, tie: int) -> int:
    """What decides between equal counts: the pair's ids, or where it is met first."""
    if tie == FIRST_SEEN:
        return first_place(nodes, pairs, spots, index)
    return np.int64((pairs[index, LEFT] << 32) | pairs[index, RIGHT])


@inner
def _beats(count_a: int, key_a: int, count_b: int, key_b: int, keys: Keys, tie: int) -> bool:
    """Whether entry a comes before entry b."""
    if count_a != count_b:
        return count_a > count_b
    if tie == LEXICOGRAPHIC_MAX:
        order = compare_keys(keys.text, keys.starts, key_a >> 32, key_b >> 32)
        if order == 0:
            order = compare_keys(keys.text, keys.starts, key_a & 0xFFFFFFFF, key_b & 0xFFFFFFFF)
        return order > 0
    return key_a < key_b


@inner
def _push(heap: IntArray, size: int, count: int, key: int, index: int, keys: Keys, tie: int) -> None:
    """Enter a pair; an entry is (count, key, pair)."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if not _beats(count, key, heap[up, 0], heap[up, 1], keys, tie):
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[up, 0], heap[up, 1], heap[up, 2]
        at = up
    heap[at, 0], heap[at, 1], heap[at, 2] = count, key, index


@inner
def _sink(heap: IntArray, size: int, count: int, key: int, index: int, keys: Keys, tie: int) -> None:
    """Put an entry in the first's place and move it down to where it belongs."""
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _beats(
            heap[child + 1, 0], heap[child + 1, 1], heap[child, 0], heap[child, 1], keys, tie
        ):
            child += 1
        if not _beats(heap[child, 0], heap[child, 1], count, key, keys, tie):
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[child, 0], heap[child, 1], heap[child, 2]
        at = child
    heap[at, 0], heap[at, 1], heap[at, 2] = count, key, index


@inner
def _most(pairs: IntArray, used: int) -> int:
    """The largest count."""
    most = np.int64(0)
    for index in range(used):
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
def learn(
    ids: IdArray,
    offsets: IntArray,
    counts: IntArray,
    key_text: ByteArray,
    key_starts: IntArray,
    reserved: ByteArray,
    options: IntArray,
) -> IntArray:
    """Learn merges.

    Parameters
    ----------
    ids, offsets, counts : words laid end to end, where each begins, how often each occurs
    key_text, key_starts : bytes of the initial symbols
    reserved : (symbols,) 1 where no merge may spell the symbol
    options : vocab_size, tie rule, least count, longest piece (0 for no limit), joiner's bytes, byte fallback

    Returns
    -------
    merges : (m, 4) int64: left id, right id, resulting id, occurrences when merged
    """
    vocab_size, tie, least, longest, joiner = options[0], options[1], options[2], options[3], options[4]
    nodes = build_nodes(ids, offsets)
    pairs, table, spots, first = count_pairs(nodes, counts)
    used = np.array([first, len(spots) // 2], np.int64)
    keys = new_keys(key_text, key_starts)
    lengths = np.ones(max(vocab_size, len(reserved)) + 1, np.int64)
    beside = np.full((len(lengths), 2), -1, np.int32)
    near = np.zeros((2 * len(lengths), NEAR_COLUMNS), np.int64)
    found = np.zeros((1 << 10, 4), np.int64)
    heap = np.zeros((1 << 10, 3), np.int64)
    size, done = np.int64(0), 0
    high = _most(pairs, used[0]) + 1
    floor = high
    while keys.size[0] < vocab_size:
        while size == 0 and floor > least:
            high, floor = floor, max(least, floor // LOWERING)
            heap = with_room(heap, _how_many(pairs, 0, used[0], floor, high))
            for index in range(used[0]):
                if floor <= pairs[index, COUNT] < high:
                    _push(heap, size, pairs[index, COUNT], _key(nodes, pairs, spots, index, tie), index, keys, tie)
                    size += 1
        if size == 0:
            break
        best = heap[0, 2]
        count, key = pairs[best, COUNT], _key(nodes, pairs, spots, best, tie)
        if count >= floor and (count != heap[0, 0] or key != heap[0, 1]):
            _sink(heap, size, count, key, best, keys, tie)
            continue
        size -= 1
        _sink(heap, size, heap[size, 0], heap[size, 1], heap[size, 2], keys, tie)
        if count < floor:
            continue
        left, right = pairs[best, LEFT], pairs[best, RIGHT]
        length = lengths[left] + lengths[right]
        keys = keys_with_room(keys, left, right)
        known = spell_merge(keys, left, right, joiner)
        if (longest > 0 and length > longest) or (0 <= known < len(reserved) and reserved[known] == 1):
            continue
        if options[5] == 1 and spells_byte(keys.text, keys.starts[keys.size[0]], keys.starts[keys.size[0] + 1]):
            continue
        new = known
        if known == -1:
            new = accept_merge(keys)
            lengths[new] = length
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        first = used[0] if known == -1 else 0
        pairs, table, spots, _ = merge_everywhere(nodes, counts, pairs, table, spots, used, best, new, near, beside)
        heap = with_room(heap, size + used[0] - first)
        for index in range(first, used[0]):
            holds = pairs[index, LEFT] == new or pairs[index, RIGHT] == new
            if holds and pairs[index, COUNT] >= floor:
                _push(heap, size, pairs[index, COUNT], _key(nodes, pairs, spots, index, tie), index, keys, tie)
                size += 1
        done += 1
    return found[:done]
