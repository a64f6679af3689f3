"""Compiled twin of `toklab.algorithms.wordpiece.learn`: exact ratios, kept fresh.

count(ab) / (count(a) x count(b)) *rises* when a part becomes rarer, so a lazy heap alone would be wrong. After
each merge, every pair that holds one of the two merged symbols is entered anew: an entry then never promises
less than its pair is worth, and the best entry that still tells the truth is the best pair. Ratios are compared
as floats where these are far apart and exactly, in 192 bits, where they are not.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.chains import (
    COUNT,
    LEFT,
    RIGHT,
    SYMBOL,
    WORD,
    build_nodes,
    count_pairs,
    forget_pairs,
    merge_everywhere,
    note_pairs_of,
    with_room,
)
from toklab.kernels.keys import accept_merge, keys_with_room, new_keys, spell_merge
from toklab.types import ByteArray, IdArray, IntArray

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
PAIR, JOINT, FIRST, SECOND = 0, 1, 2, 3  # columns of an entry: pair, count(ab), count(a), count(b)


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
def _beats(a: IntArray, b: IntArray, pairs: IntArray) -> bool:
    """Whether entry a comes before entry b."""
    x = a[JOINT] / (np.float64(a[FIRST]) * np.float64(a[SECOND]))
    y = b[JOINT] / (np.float64(b[FIRST]) * np.float64(b[SECOND]))
    if abs(x - y) > 1e-12 * max(x, y):
        return x > y
    order = compare_ratios(a[JOINT], a[FIRST], a[SECOND], b[JOINT], b[FIRST], b[SECOND])
    if order != 0:
        return order > 0
    if a[JOINT] != b[JOINT]:
        return bool(a[JOINT] > b[JOINT])
    p, q = a[PAIR], b[PAIR]
    if pairs[p, LEFT] != pairs[q, LEFT]:
        return bool(pairs[p, LEFT] < pairs[q, LEFT])
    return bool(pairs[p, RIGHT] < pairs[q, RIGHT])


@njit
def _write(entry: IntArray, index: int, pairs: IntArray, singles: IntArray) -> None:
    """What a pair is worth now."""
    entry[PAIR], entry[JOINT] = index, pairs[index, COUNT]
    entry[FIRST], entry[SECOND] = singles[pairs[index, LEFT]], singles[pairs[index, RIGHT]]


@njit
def _swap(heap: IntArray, a: int, b: int) -> None:
    for i in range(4):
        heap[a, i], heap[b, i] = heap[b, i], heap[a, i]


@njit
def _push(heap: IntArray, size: int, index: int, pairs: IntArray, singles: IntArray) -> None:
    """Enter a pair as it is now."""
    _write(heap[size], index, pairs, singles)
    at = size
    while at > 0 and _beats(heap[at], heap[(at - 1) >> 1], pairs):
        _swap(heap, at, (at - 1) >> 1)
        at = (at - 1) >> 1


@njit
def _sink_first(heap: IntArray, size: int, pairs: IntArray) -> None:
    """Move the first entry down to where it belongs."""
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _beats(heap[child + 1], heap[child], pairs):
            child += 1
        if not _beats(heap[child], heap[at], pairs):
            return
        _swap(heap, at, child)
        at = child


@njit
def _is_fresh(entry: IntArray, pairs: IntArray, singles: IntArray) -> bool:
    """Whether an entry says what its pair is worth now."""
    index = entry[PAIR]
    left, right = singles[pairs[index, LEFT]], singles[pairs[index, RIGHT]]
    return bool(entry[JOINT] == pairs[index, COUNT] and entry[FIRST] == left and entry[SECOND] == right)


@njit
def _enrol(families: IntArray, links: IntArray, pairs: IntArray, first: int, used: int) -> None:
    """Enter the pairs from ``first`` on in the lists of what their symbols begin and end.

    Parameters
    ----------
    families : (symbols, 2) the first pair that a symbol begins, and the first that it ends
    links : (pairs, 2) the next pair in either list
    """
    for index in range(first, used):
        left, right = pairs[index, LEFT], pairs[index, RIGHT]
        links[index, 0], links[index, 1] = families[left, 0], families[right, 1]
        families[left, 0], families[right, 1] = index, index


@njit
def _refresh(
    heap: IntArray,
    size: int,
    symbol: int,
    families: IntArray,
    links: IntArray,
    pairs: IntArray,
    singles: IntArray,
    least: int,
) -> tuple[IntArray, int]:
    """Enter every pair anew that holds a symbol and is frequent enough."""
    for side in range(2):
        index = families[symbol, side]
        while index != -1:
            if pairs[index, COUNT] >= least and (side == 0 or pairs[index, LEFT] != symbol):
                heap = with_room(heap, size + 1)
                _push(heap, size, index, pairs, singles)
                size += 1
            index = links[index, side]
    return heap, size


@njit
def _count_symbols(nodes: IdArray, counts: IntArray, room: int) -> IntArray:
    singles = np.zeros(room, np.int64)
    for node in range(len(nodes)):
        singles[nodes[node, SYMBOL]] += counts[nodes[node, WORD]]
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
    nodes = build_nodes(ids, offsets)
    pairs, used = count_pairs(nodes, counts)
    keys = new_keys(key_text, key_starts)
    singles = _count_symbols(nodes, counts, room)
    inner = np.zeros(room, np.uint8)
    inner[: len(continues)] = continues
    beside = np.full((room, 2), -1, np.int32)
    families = np.full((room, 2), -1, np.int64)
    links = np.zeros((len(pairs), 2), np.int64)
    _enrol(families, links, pairs, 0, used)
    heap = np.zeros((2 * used + 16, 4), np.int64)
    found = np.zeros((1 << 10, 4), np.int64)
    size = done = 0
    for index in range(used):
        if pairs[index, COUNT] >= least:
            _push(heap, size, index, pairs, singles)
            size += 1
    while size > 0 and keys.size[0] < vocab_size:
        best = heap[0, PAIR]
        count = pairs[best, COUNT]
        if count >= least and not _is_fresh(heap[0], pairs, singles):
            _write(heap[0], best, pairs, singles)
            _sink_first(heap, size, pairs)
            continue
        size -= 1
        _swap(heap, 0, size)
        _sink_first(heap, size, pairs)
        if count < least:
            continue
        left, right = pairs[best, LEFT], pairs[best, RIGHT]
        keys = keys_with_room(keys, left, right)
        new = spell_merge(keys, left, right, joiner)
        spelled = keys.size[0]
        if 0 <= new < len(reserved) and reserved[new] == 1:
            continue
        if inner[left] == 0 and _starts_like_joined(keys.text, keys.starts[spelled], keys.starts[spelled + 1]):
            continue
        first = used
        if new == -1:
            new = accept_merge(keys)
            inner[new] = inner[left]
        else:
            note_pairs_of(pairs, used, new, beside)
            first = 0
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        known = used
        pairs, used, merged = merge_everywhere(nodes, counts, pairs, used, best, new, beside)
        forget_pairs(pairs, first, used, beside)
        links = with_room(links, used)
        _enrol(families, links, pairs, known, used)
        singles[left] -= merged
        singles[right] -= merged
        singles[new] += merged
        heap, size = _refresh(heap, size, left, families, links, pairs, singles, least)
        if right != left:
            heap, size = _refresh(heap, size, right, families, links, pairs, singles, least)
        heap, size = _refresh(heap, size, new, families, links, pairs, singles, least)
        done += 1
    return found[:done]


@njit
def _starts_like_joined(text: ByteArray, start: int, end: int) -> bool:
    """Whether the bytes start with ``##``."""
    return bool(end - start >= 2 and text[start] == 35 and text[start + 1] == 35)
