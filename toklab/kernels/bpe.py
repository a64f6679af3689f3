"""Compiled twin of `toklab.algorithms.bpe.learn`: incremental counts and a lazy heap.

A pair's count can only fall once its symbols exist, so an entry of the heap never promises too little: the best
entry that still tells the truth is the best pair. The rare rise (a merge that spells an existing symbol) is
entered anew.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.chains import (
    COUNT,
    HEAD,
    LEFT,
    RIGHT,
    build_nodes,
    count_pairs,
    forget_pairs,
    merge_everywhere,
    note_pairs_of,
    with_room,
)
from toklab.kernels.keys import Keys, accept_merge, keys_with_room, new_keys, spell_merge, spells_byte
from toklab.kernels.tables import compare_keys
from toklab.types import ByteArray, IdArray, IntArray

LOWEST_IDS, LEXICOGRAPHIC_MAX, FIRST_SEEN = 0, 1, 2


@njit
def _key(pairs: IntArray, index: int, tie: int) -> int:
    """What decides between equal counts: the pair's ids, or where it is met first."""
    if tie == FIRST_SEEN:
        return np.int64(pairs[index, HEAD])
    return np.int64((pairs[index, LEFT] << 32) | pairs[index, RIGHT])


@njit
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


@njit
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


@njit
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


@njit
def _enter(heap: IntArray, size: int, pairs: IntArray, first: int, used: int, new: int, keys: Keys, tie: int) -> int:
    """Enter the pairs from ``first`` on that hold ``new`` (-1: all); gives the size of the heap."""
    for index in range(first, used):
        holds = new == -1 or pairs[index, LEFT] == new or pairs[index, RIGHT] == new
        if holds and pairs[index, COUNT] > 0:
            _push(heap, size, pairs[index, COUNT], _key(pairs, index, tie), index, keys, tie)
            size += 1
    return size


@njit
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
    pairs, used = count_pairs(nodes, counts)
    keys = new_keys(key_text, key_starts)
    lengths = np.ones(max(vocab_size, len(reserved)) + 1, np.int64)
    beside = np.full((len(lengths), 2), -1, np.int32)
    found = np.zeros((1 << 10, 4), np.int64)
    heap = np.zeros((2 * used + 16, 3), np.int64)
    size = _enter(heap, 0, pairs, 0, used, -1, keys, tie)
    done = 0
    while size > 0 and keys.size[0] < vocab_size and heap[0, 0] >= least:
        best = heap[0, 2]
        count, key = pairs[best, COUNT], _key(pairs, best, tie)
        if count != heap[0, 0] or key != heap[0, 1]:
            _sink(heap, size, count, key, best, keys, tie)
            continue
        size -= 1
        _sink(heap, size, heap[size, 0], heap[size, 1], heap[size, 2], keys, tie)
        left, right = pairs[best, LEFT], pairs[best, RIGHT]
        length = lengths[left] + lengths[right]
        keys = keys_with_room(keys, left, right)
        known = spell_merge(keys, left, right, joiner)
        if (longest > 0 and length > longest) or (0 <= known < len(reserved) and reserved[known] == 1):
            continue
        if options[5] == 1 and spells_byte(keys.text, keys.starts[keys.size[0]], keys.starts[keys.size[0] + 1]):
            continue
        new = known
        first = used
        if known == -1:
            new = accept_merge(keys)
            lengths[new] = length
        else:
            # Only a merge that spells a symbol known before can add to pairs known before.
            note_pairs_of(pairs, used, new, beside)
            first = 0
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        pairs, used, _ = merge_everywhere(nodes, counts, pairs, used, best, new, beside)
        forget_pairs(pairs, first, used, beside)
        heap = with_room(heap, size + used - first)
        size = _enter(heap, size, pairs, first, used, new, keys, tie)
        done += 1
    return found[:done]
