"""Compiled twin of `toklab.algorithms.wordpiece.learn`: exact ratios, kept fresh.

count(ab) / (count(a) x count(b)) *rises* when a part becomes rarer, so a lazy heap alone would be wrong. After
each merge, every pair that holds one of the two merged symbols is entered anew: an entry then never promises
less than its pair is worth, and the best entry that still tells the truth is the best pair. Ratios are compared
as floats where these are far apart and exactly, in 192 bits, where they are not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import njit
from toklab.kernels.chains import (
    Pairs,
    Words,
    accept_merge,
    add_occurrence,
    build_words,
    count_all,
    drop_occurrence,
    has_room,
    keys_with_room,
    larger,
    new_keys,
    new_pairs,
    pair_index,
    replace_at,
    spell_merge,
    with_room,
)
from toklab.types import ByteArray, FloatArray, IdArray, IntArray

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


class Heap(NamedTuple):
    """Entries, best first: ``ratio`` (n,) as a float; ``facts`` (n, 4): pair, count(ab), count(a), count(b)."""

    ratio: FloatArray
    facts: IntArray


class Families(NamedTuple):
    """For each symbol the pairs that it begins and the pairs that it ends, as linked lists."""

    first_left: IdArray
    first_right: IdArray
    next_left: IdArray
    next_right: IdArray


@njit
def _product(a: int, b: int) -> tuple[int, int]:
    """High and low 64 bits of a x b."""
    a_low, a_high = np.uint64(a) & LOW, np.uint64(a) >> HALF
    b_low, b_high = np.uint64(b) & LOW, np.uint64(b) >> HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> HALF)
    other = a_low * b_high + (middle & LOW)
    return a_high * b_high + (middle >> HALF) + (other >> HALF), (other << HALF) | (low & LOW)


@njit
def _product3(a: int, b: int, c: int) -> tuple[int, int, int]:
    """a x b x c in three 64-bit parts, highest first."""
    high, low = _product(a, b)
    low_high, low_low = _product(low, c)
    high_high, high_low = _product(high, c)
    middle = low_high + high_low
    carry = np.uint64(1) if middle < low_high else np.uint64(0)
    return high_high + carry, middle, low_low


@njit
def compare_ratios(count_a: int, left_a: int, right_a: int, count_b: int, left_b: int, right_b: int) -> int:
    """-1, 0 or 1 as count_a / (left_a x right_a) is less than, equal to or more than b's; exact."""
    x2, x1, x0 = _product3(count_a, left_b, right_b)
    y2, y1, y0 = _product3(count_b, left_a, right_a)
    if x2 != y2:
        return -1 if x2 < y2 else 1
    if x1 != y1:
        return -1 if x1 < y1 else 1
    if x0 != y0:
        return -1 if x0 < y0 else 1
    return 0


@njit
def _beats(heap: Heap, a: int, b: int, pairs: Pairs) -> bool:
    """Whether the entry at a comes before the entry at b."""
    x, y = heap.ratio[a], heap.ratio[b]
    if abs(x - y) > 1e-12 * max(x, y):
        return x > y
    f = heap.facts
    order = compare_ratios(f[a, 1], f[a, 2], f[a, 3], f[b, 1], f[b, 2], f[b, 3])
    if order != 0:
        return order > 0
    if f[a, 1] != f[b, 1]:
        return bool(f[a, 1] > f[b, 1])
    p, q = f[a, 0], f[b, 0]
    if pairs.left[p] != pairs.left[q]:
        return bool(pairs.left[p] < pairs.left[q])
    return bool(pairs.right[p] < pairs.right[q])


@njit
def _swap(heap: Heap, a: int, b: int) -> None:
    heap.ratio[a], heap.ratio[b] = heap.ratio[b], heap.ratio[a]
    for i in range(4):
        heap.facts[a, i], heap.facts[b, i] = heap.facts[b, i], heap.facts[a, i]


@njit
def _write(heap: Heap, at: int, index: int, pairs: Pairs, singles: IntArray) -> None:
    count, left, right = pairs.count[index], singles[pairs.left[index]], singles[pairs.right[index]]
    heap.facts[at, 0], heap.facts[at, 1], heap.facts[at, 2], heap.facts[at, 3] = index, count, left, right
    heap.ratio[at] = count / (np.float64(left) * np.float64(right)) if count > 0 else 0.0


@njit
def _push(heap: Heap, size: int, index: int, pairs: Pairs, singles: IntArray) -> Heap:
    """Enter a pair as it is now; gives the heap, which may have moved."""
    if size == len(heap.ratio):
        ratio = np.zeros(2 * size, np.float64)
        facts = np.zeros((2 * size, 4), np.int64)
        ratio[:size] = heap.ratio
        facts[:size] = heap.facts
        heap = Heap(ratio, facts)
    _write(heap, size, index, pairs, singles)
    at = size
    while at > 0 and _beats(heap, at, (at - 1) >> 1, pairs):
        _swap(heap, at, (at - 1) >> 1)
        at = (at - 1) >> 1
    return heap


@njit
def _sink_first(heap: Heap, size: int, pairs: Pairs) -> None:
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _beats(heap, child + 1, child, pairs):
            child += 1
        if not _beats(heap, child, at, pairs):
            return
        _swap(heap, at, child)
        at = child


@njit
def _is_fresh(heap: Heap, pairs: Pairs, singles: IntArray) -> bool:
    """Whether the first entry says what its pair is worth now."""
    index = heap.facts[0, 0]
    left, right = singles[pairs.left[index]], singles[pairs.right[index]]
    return bool(heap.facts[0, 1] == pairs.count[index] and heap.facts[0, 2] == left and heap.facts[0, 3] == right)


@njit
def _enrol(families: Families, pairs: Pairs, first: int) -> Families:
    """Enter the pairs from index ``first`` on in their symbols' lists."""
    next_left, next_right = families.next_left, families.next_right
    while len(next_left) < len(pairs.left):
        next_left, next_right = larger(next_left, -1), larger(next_right, -1)
    for index in range(first, pairs.size[0]):
        left, right = pairs.left[index], pairs.right[index]
        next_left[index] = families.first_left[left]
        next_right[index] = families.first_right[right]
        families.first_left[left] = index
        families.first_right[right] = index
    return Families(families.first_left, families.first_right, next_left, next_right)


@njit
def _merge_everywhere(words: Words, pairs: Pairs, singles: IntArray, best: int, new: int) -> Pairs:
    """Replace every occurrence of the best pair."""
    left, right = pairs.left[best], pairs.right[best]
    p = pairs.head[best]
    while p != -1:
        ahead = words.preceding[p]
        weight = words.weight[p]
        drop_occurrence(words, pairs, p)
        drop_occurrence(words, pairs, words.following[p])
        if ahead != -1:
            drop_occurrence(words, pairs, ahead)
        replace_at(words, p, new)
        singles[left] -= weight
        singles[right] -= weight
        singles[new] += weight
        if not has_room(pairs):
            pairs = with_room(pairs)
        if ahead != -1:
            add_occurrence(words, pairs, ahead, pair_index(pairs, words.symbol[ahead], new))
        beyond = words.following[p]
        if beyond != -1:
            add_occurrence(words, pairs, p, pair_index(pairs, new, words.symbol[beyond]))
        p = pairs.head[best]
    return pairs


@njit
def _refresh(
    heap: Heap, size: int, symbol: int, families: Families, pairs: Pairs, singles: IntArray
) -> tuple[Heap, int]:
    """Enter every living pair that holds a symbol anew."""
    index = families.first_left[symbol]
    while index != -1:
        if pairs.count[index] > 0:
            heap = _push(heap, size, index, pairs, singles)
            size += 1
        index = families.next_left[index]
    index = families.first_right[symbol]
    while index != -1:
        if pairs.count[index] > 0 and pairs.left[index] != symbol:
            heap = _push(heap, size, index, pairs, singles)
            size += 1
        index = families.next_right[index]
    return heap, size


@njit
def _count_symbols(words: Words, room: int) -> IntArray:
    singles = np.zeros(room, np.int64)
    for p in range(len(words.symbol)):
        singles[words.symbol[p]] += words.weight[p]
    return singles


@njit
def learn(
    ids: IdArray,
    offsets: IntArray,
    counts: IntArray,
    key_text: ByteArray,
    key_starts: IntArray,
    reserved: ByteArray,
    continues: ByteArray,
    options: IntArray,
) -> IntArray:
    """Learn merges by the likelihood ratio.

    Parameters
    ----------
    ids, offsets, counts : words laid end to end, where each begins, how often each occurs
    key_text, key_starts : bytes of the initial symbols
    reserved : (symbols,) 1 where no merge may spell the symbol
    continues : (symbols,) 1 where the symbol continues a word
    options : vocab_size, least count, joiner's bytes

    Returns
    -------
    merges : (m, 4) int64: left id, right id, resulting id, occurrences when merged
    """
    vocab_size, least, joiner = options[0], options[1], options[2]
    room = max(vocab_size, len(reserved)) + 1
    words = build_words(ids, offsets, counts)
    pairs = count_all(words, new_pairs(1 << 16))
    keys = new_keys(key_text, key_starts)
    singles = _count_symbols(words, room)
    inner = np.zeros(room, np.uint8)
    inner[: len(continues)] = continues
    none = np.full(room, -1, np.int32)
    empty = np.full(1 << 16, -1, np.int32)
    families = _enrol(Families(none, none.copy(), empty, empty.copy()), pairs, 0)
    capacity = 2 * max(pairs.size[0], 16)
    heap = Heap(np.zeros(capacity, np.float64), np.zeros((capacity, 4), np.int64))
    found = np.zeros((len(ids) + 1, 4), np.int64)
    size = done = 0
    for index in range(pairs.size[0]):
        if pairs.count[index] >= least:
            heap = _push(heap, size, index, pairs, singles)
            size += 1
    while size > 0 and keys.size[0] < vocab_size:
        best = heap.facts[0, 0]
        count = pairs.count[best]
        if count >= least and not _is_fresh(heap, pairs, singles):
            _write(heap, 0, best, pairs, singles)
            _sink_first(heap, size, pairs)
            continue
        size -= 1
        _swap(heap, 0, size)
        _sink_first(heap, size, pairs)
        if count < least:
            continue
        left, right = np.int64(pairs.left[best]), np.int64(pairs.right[best])
        keys = keys_with_room(keys, left, right)
        new = spell_merge(keys, left, right, joiner)
        if 0 <= new < len(reserved) and reserved[new] == 1:
            continue
        if inner[left] == 0 and _starts_like_joined(
            keys.text, keys.starts[keys.size[0]], keys.starts[keys.size[0] + 1]
        ):
            continue
        if new == -1:
            new = accept_merge(keys)
            inner[new] = inner[left]
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        before = pairs.size[0]
        pairs = _merge_everywhere(words, pairs, singles, best, new)
        families = _enrol(families, pairs, before)
        heap, size = _refresh(heap, size, left, families, pairs, singles)
        if right != left:
            heap, size = _refresh(heap, size, right, families, pairs, singles)
        heap, size = _refresh(heap, size, new, families, pairs, singles)
        done += 1
    return found[:done]


@njit
def _starts_like_joined(text: ByteArray, start: int, end: int) -> bool:
    """Whether the bytes start with ``##``."""
    return bool(end - start >= 2 and text[start] == 35 and text[start + 1] == 35)
