"""The state of merge training on flat arrays: symbols in linked words, and for each pair where it occurs.

Positions are numbered through all words. ``following`` and ``preceding`` link the live positions of a word.
Each pair has a doubly linked list of the positions of its left symbol, in ascending order, so that a merge
touches only the places that change and meets overlapping occurrences (``aaa``) from left to right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import njit
from toklab.kernels.tables import compare_keys, find_key, grown, slot_of
from toklab.types import ByteArray, IdArray, IntArray


class Words(NamedTuple):
    """(n,) arrays over positions; -1 is none."""

    symbol: IdArray
    following: IdArray
    preceding: IdArray
    weight: IntArray
    pair: IdArray  # pair whose left symbol stands here
    after: IdArray  # next position in that pair's list
    before: IdArray  # previous position in that pair's list


class Pairs(NamedTuple):
    """Arrays over pairs, doubled in length when they are full; ``size[0]`` is how many there are."""

    left: IdArray
    right: IdArray
    count: IntArray
    head: IdArray
    tail: IdArray
    touched: IdArray  # last step that changed the pair
    keys: IntArray  # hash table: left << 32 | right
    values: IdArray
    size: IntArray


class Keys(NamedTuple):
    """The bytes of every symbol: symbol i is ``text[starts[i]:starts[i + 1]]``."""

    text: ByteArray
    starts: IntArray
    table: IdArray
    size: IntArray


@njit
def build_words(ids: IdArray, offsets: IntArray, counts: IntArray) -> Words:
    """Link the symbols of each word."""
    n = len(ids)
    symbol = ids.copy()
    following = np.full(n, -1, np.int32)
    preceding = np.full(n, -1, np.int32)
    weight = np.zeros(n, np.int64)
    for word in range(len(counts)):
        for p in range(offsets[word], offsets[word + 1]):
            weight[p] = counts[word]
            if p > offsets[word]:
                preceding[p] = p - 1
            if p + 1 < offsets[word + 1]:
                following[p] = p + 1
    none = np.full(n, -1, np.int32)
    return Words(symbol, following, preceding, weight, none, none.copy(), none.copy())


@njit
def new_pairs(capacity: int) -> Pairs:
    """An empty table of pairs; ``capacity`` is a power of two."""
    left = np.zeros(capacity, np.int32)
    none = np.full(capacity, -1, np.int32)
    return Pairs(
        left,
        left.copy(),
        np.zeros(capacity, np.int64),
        none,
        none.copy(),
        none.copy(),
        np.full(2 * capacity, -1, np.int64),
        np.zeros(2 * capacity, np.int32),
        np.zeros(1, np.int64),
    )


@njit
def larger(values: IdArray, fill: int) -> IdArray:
    """Twice the length, the new half filled."""
    result = np.full(2 * len(values), fill, np.int32)
    result[: len(values)] = values
    return result


@njit
def has_room(pairs: Pairs) -> bool:
    """Whether two more pairs fit."""
    return bool(pairs.size[0] + 2 < len(pairs.left))


@njit
def with_room(pairs: Pairs) -> Pairs:
    """The same pairs with twice the room."""
    count = np.zeros(2 * len(pairs.count), np.int64)
    count[: len(pairs.count)] = pairs.count
    keys, values = grown(pairs.keys, pairs.values)
    return Pairs(
        larger(pairs.left, 0),
        larger(pairs.right, 0),
        count,
        larger(pairs.head, -1),
        larger(pairs.tail, -1),
        larger(pairs.touched, -1),
        keys,
        values,
        pairs.size,
    )


@njit
def pair_index(pairs: Pairs, left: int, right: int) -> int:
    """Index of a pair, made on first sight."""
    key = (np.int64(left) << 32) | np.int64(right)
    slot = slot_of(pairs.keys, key)
    if pairs.keys[slot] == -1:
        index = pairs.size[0]
        pairs.keys[slot] = key
        pairs.values[slot] = index
        pairs.left[index] = left
        pairs.right[index] = right
        pairs.size[0] = index + 1
    return np.int64(pairs.values[slot])


@njit
def add_occurrence(words: Words, pairs: Pairs, p: int, index: int) -> None:
    """Enter the pair that begins at position p; its list stays in ascending order."""
    behind = pairs.tail[index]
    ahead = np.int32(-1)
    while behind > p:
        ahead = behind
        behind = words.before[behind]
    words.pair[p] = index
    words.before[p] = behind
    words.after[p] = ahead
    if behind == -1:
        pairs.head[index] = p
    else:
        words.after[behind] = p
    if ahead == -1:
        pairs.tail[index] = p
    else:
        words.before[ahead] = p
    pairs.count[index] += words.weight[p]


@njit
def drop_occurrence(words: Words, pairs: Pairs, p: int) -> None:
    """Take the pair that begins at position p out, if there is one."""
    index = words.pair[p]
    if index == -1:
        return
    behind, ahead = words.before[p], words.after[p]
    if behind == -1:
        pairs.head[index] = ahead
    else:
        words.after[behind] = ahead
    if ahead == -1:
        pairs.tail[index] = behind
    else:
        words.before[ahead] = behind
    words.pair[p] = -1
    pairs.count[index] -= words.weight[p]


@njit
def count_all(words: Words, pairs: Pairs) -> Pairs:
    """Enter every adjacent pair."""
    for p in range(len(words.symbol)):
        if words.following[p] != -1:
            if not has_room(pairs):
                pairs = with_room(pairs)
            add_occurrence(words, pairs, p, pair_index(pairs, words.symbol[p], words.symbol[words.following[p]]))
    return pairs


@njit
def replace_at(words: Words, p: int, new: int) -> None:
    """Let position p hold the merged symbol and unlink the position after it."""
    right = words.following[p]
    beyond = words.following[right]
    words.symbol[p] = new
    words.symbol[right] = -1
    words.following[p] = beyond
    if beyond != -1:
        words.preceding[beyond] = p


@njit
def new_keys(text: ByteArray, starts: IntArray) -> Keys:
    """Index the initial symbols' bytes; empty ones can never be spelled and are left out."""
    table = np.full(1024, -1, np.int32)
    while len(table) < 4 * len(starts):
        table = np.full(2 * len(table), -1, np.int32)
    n = len(starts) - 1
    for i in range(n):
        if starts[i + 1] > starts[i]:
            table[find_key(table, text, starts, starts[i], starts[i + 1] - starts[i])] = i
    return Keys(text, starts, table, np.array([n], np.int64))


@njit
def keys_with_room(keys: Keys, left: int, right: int) -> Keys:
    """The same keys with room for one more, of the size that left and right make together."""
    n = keys.size[0]
    text, starts, table = keys.text, keys.starts, keys.table
    needed = starts[n] + starts[left + 1] - starts[left] + starts[right + 1] - starts[right]
    if needed > len(text):
        bigger = np.zeros(2 * needed, np.uint8)
        bigger[: len(text)] = text
        text = bigger
    if n + 2 > len(starts):
        longer = np.zeros(2 * len(starts) + 2, np.int64)
        longer[: len(starts)] = starts
        starts = longer
    if 2 * n > len(table):
        wider = np.full(2 * len(table), -1, np.int32)
        for i in range(n):
            if starts[i + 1] > starts[i]:
                wider[find_key(wider, text, starts, starts[i], starts[i + 1] - starts[i])] = i
        table = wider
    return Keys(text, starts, table, keys.size)


@njit
def spell_merge(keys: Keys, left: int, right: int, joiner: int) -> int:
    """Write left + right (less ``joiner`` bytes) after the last key; gives the symbol that has it, or -1.

    `accept_merge` keeps what was written; otherwise the next call writes over it.
    """
    text, starts, n = keys.text, keys.starts, keys.size[0]
    at = starts[n]
    for i in range(starts[left], starts[left + 1]):
        text[at] = text[i]
        at += 1
    for i in range(starts[right] + joiner, starts[right + 1]):
        text[at] = text[i]
        at += 1
    starts[n + 1] = at
    slot = find_key(keys.table, text, starts, starts[n], at - starts[n])
    return np.int64(keys.table[slot])


@njit
def accept_merge(keys: Keys) -> int:
    """Make the key that `spell_merge` wrote a symbol; gives its id."""
    n = keys.size[0]
    slot = find_key(keys.table, keys.text, keys.starts, keys.starts[n], keys.starts[n + 1] - keys.starts[n])
    keys.table[slot] = n
    keys.size[0] = n + 1
    return np.int64(n)


@njit
def compare_symbols(keys: Keys, a: int, b: int) -> int:
    """-1, 0 or 1 as symbol a's bytes sort before, equal or after symbol b's."""
    return compare_keys(keys.text, keys.starts, a, b)
