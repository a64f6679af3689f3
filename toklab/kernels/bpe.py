"""Compiled twin of `toklab.algorithms.bpe.learn`: incremental counts and a lazy heap.

A pair's count can only fall once its symbols exist, so an entry of the heap never promises too little: the best
entry that still tells the truth is the best pair. The rare rise (a merge that spells an existing symbol) is
entered anew.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.chains import (
    Keys,
    Pairs,
    Words,
    accept_merge,
    add_occurrence,
    build_words,
    compare_symbols,
    count_all,
    drop_occurrence,
    has_room,
    keys_with_room,
    new_keys,
    new_pairs,
    pair_index,
    replace_at,
    spell_merge,
    with_room,
)
from toklab.types import ByteArray, IdArray, IntArray

LOWEST_IDS, LEXICOGRAPHIC_MAX, FIRST_SEEN = 0, 1, 2


@njit
def _beats(
    count_a: int,
    pair_a: int,
    first_a: int,
    count_b: int,
    pair_b: int,
    first_b: int,
    pairs: Pairs,
    keys: Keys,
    tie: int,
) -> bool:
    """Whether entry a (count, pair, first position) comes before entry b."""
    if count_a != count_b:
        return count_a > count_b
    if tie == FIRST_SEEN:
        return first_a < first_b
    left_a, left_b = pairs.left[pair_a], pairs.left[pair_b]
    right_a, right_b = pairs.right[pair_a], pairs.right[pair_b]
    if tie == LEXICOGRAPHIC_MAX:
        order = compare_symbols(keys, left_a, left_b)
        if order == 0:
            order = compare_symbols(keys, right_a, right_b)
        return order > 0
    if left_a != left_b:
        return bool(left_a < left_b)
    return bool(right_a < right_b)


@njit
def _grown(heap: IntArray) -> IntArray:
    """The same heap with twice the room."""
    bigger = np.zeros((2 * len(heap), 3), np.int64)
    bigger[: len(heap)] = heap
    return bigger


@njit
def _push(heap: IntArray, size: int, index: int, pairs: Pairs, keys: Keys, tie: int) -> None:
    """Enter a pair with its count of today."""
    count, first = pairs.count[index], np.int64(pairs.head[index])
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if not _beats(count, index, first, heap[up, 0], heap[up, 1], heap[up, 2], pairs, keys, tie):
            break
        for i in range(3):
            heap[at, i] = heap[up, i]
        at = up
    heap[at, 0], heap[at, 1], heap[at, 2] = count, index, first


@njit
def _sink_first(heap: IntArray, size: int, pairs: Pairs, keys: Keys, tie: int) -> None:
    """Move the first entry down to where it belongs."""
    count, index, first = heap[0, 0], heap[0, 1], heap[0, 2]
    at = 0
    while 2 * at + 1 < size:
        c = 2 * at + 1
        d = c + 1
        if d < size and _beats(
            heap[d, 0], heap[d, 1], heap[d, 2], heap[c, 0], heap[c, 1], heap[c, 2], pairs, keys, tie
        ):
            c = d
        if not _beats(heap[c, 0], heap[c, 1], heap[c, 2], count, index, first, pairs, keys, tie):
            break
        for i in range(3):
            heap[at, i] = heap[c, i]
        at = c
    heap[at, 0], heap[at, 1], heap[at, 2] = count, index, first


@njit
def _merge_everywhere(words: Words, pairs: Pairs, best: int, new: int, step: int) -> Pairs:
    """Replace every occurrence of the best pair; pairs that gained an occurrence are marked with ``step``."""
    p = pairs.head[best]
    while p != -1:
        right_at = words.following[p]
        drop_occurrence(words, pairs, p)
        drop_occurrence(words, pairs, right_at)
        ahead = words.preceding[p]
        if ahead != -1:
            drop_occurrence(words, pairs, ahead)
        replace_at(words, p, new)
        if not has_room(pairs):
            pairs = with_room(pairs)
        if ahead != -1:
            index = pair_index(pairs, words.symbol[ahead], new)
            add_occurrence(words, pairs, ahead, index)
            pairs.touched[index] = step
        beyond = words.following[p]
        if beyond != -1:
            index = pair_index(pairs, new, words.symbol[beyond])
            add_occurrence(words, pairs, p, index)
            pairs.touched[index] = step
        p = pairs.head[best]
    return pairs


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
    options : vocab_size, tie rule, least count, longest piece (0 for no limit), joiner's bytes

    Returns
    -------
    merges : (m, 4) int64: left id, right id, resulting id, occurrences when merged
    """
    vocab_size, tie, least, longest, joiner = options[0], options[1], options[2], options[3], options[4]
    words = build_words(ids, offsets, counts)
    pairs = count_all(words, new_pairs(1 << 16))
    keys = new_keys(key_text, key_starts)
    lengths = np.ones(max(vocab_size, len(reserved)) + 1, np.int64)
    found = np.zeros((max(vocab_size - len(reserved), 1), 4), np.int64)
    heap = np.zeros((2 * max(pairs.size[0], 16), 3), np.int64)
    size = done = 0
    for index in range(pairs.size[0]):
        _push(heap, size, index, pairs, keys, tie)
        size += 1
    while size > 0 and keys.size[0] < vocab_size and heap[0, 0] >= least:
        best = heap[0, 1]
        count, first = pairs.count[best], np.int64(pairs.head[best])
        if count != heap[0, 0] or (tie == FIRST_SEEN and first != heap[0, 2]):
            heap[0, 0], heap[0, 2] = count, first
            _sink_first(heap, size, pairs, keys, tie)
            continue
        size -= 1
        for i in range(3):
            heap[0, i] = heap[size, i]
        _sink_first(heap, size, pairs, keys, tie)
        left, right = np.int64(pairs.left[best]), np.int64(pairs.right[best])
        length = lengths[left] + lengths[right]
        keys = keys_with_room(keys, left, right)
        known = spell_merge(keys, left, right, joiner)
        if (longest > 0 and length > longest) or (0 <= known < len(reserved) and reserved[known] == 1):
            continue
        new = known
        if known == -1:
            new = accept_merge(keys)
            lengths[new] = length
        found = _record(found, done, left, right, new, count)
        before = pairs.size[0]
        pairs = _merge_everywhere(words, pairs, best, new, done)
        # Only a merge that spells a symbol known before can add to pairs known before.
        for index in range(before if known == -1 else 0, pairs.size[0]):
            if pairs.touched[index] == done and pairs.count[index] > 0:
                if size == len(heap):
                    heap = _grown(heap)
                _push(heap, size, index, pairs, keys, tie)
                size += 1
        done += 1
    return found[:done]


@njit
def _record(found: IntArray, done: int, left: int, right: int, new: int, count: int) -> IntArray:
    """Write a merge down; gives the list, which may have moved."""
    if done == len(found):
        longer = np.zeros((2 * done, 4), np.int64)
        longer[:done] = found
        found = longer
    found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
    return found
