"""Scan UTF-8 text with a pattern's automaton, and count the words in the same pass.

`toklab.pretokenize.automaton` says what the table means.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import njit
from toklab.kernels.tables import hash_bytes
from toklab.types import ByteArray, IdArray, IntArray


class Counted(NamedTuple):
    """Distinct words: where each was first met, its bytes, its hash, its count; ``slots`` is the hash table.

    Functions that add words do not give the table back, which would count references to its arrays each time.
    """

    start: IntArray
    size: IntArray
    hash: IntArray
    count: IntArray
    slots: IdArray
    used: IntArray  # (1,)


@njit
def new_counted(capacity: int) -> Counted:
    """An empty table; ``capacity`` is a power of two."""
    none = np.zeros(capacity, np.int64)
    slots = np.full(2 * capacity, -1, np.int32)
    return Counted(none, none.copy(), none.copy(), none.copy(), slots, np.zeros(1, np.int64))


@njit
def doubled(old: Counted) -> Counted:
    """The same words in a table of twice the size."""
    new = new_counted(2 * len(old.start))
    n = old.used[0]
    new.start[:n], new.size[:n], new.hash[:n], new.count[:n] = (
        old.start[:n],
        old.size[:n],
        old.hash[:n],
        old.count[:n],
    )
    new.used[0] = n
    mask = len(new.slots) - 1
    for word in range(n):
        slot = new.hash[word] & mask
        while new.slots[slot] != -1:
            slot = (slot + 1) & mask
        new.slots[slot] = word
    return new


@njit
def add_word(table: Counted, text: ByteArray, start: int, size: int, times: int) -> None:
    """Count a word; the table must have room for one more."""
    key = hash_bytes(text, start, size)
    mask = len(table.slots) - 1
    slot = key & mask
    while table.slots[slot] != -1:
        word = table.slots[slot]
        if table.hash[word] == key and table.size[word] == size:
            first = table.start[word]
            same = 0
            while same < size and text[first + same] == text[start + same]:
                same += 1
            if same == size:
                table.count[word] += times
                return
        slot = (slot + 1) & mask
    word = table.used[0]
    table.slots[slot] = word
    table.start[word], table.size[word], table.hash[word], table.count[word] = start, size, key, times
    table.used[0] = word + 1


@njit
def class_at(text: ByteArray, at: int, classes: ByteArray) -> tuple[int, int]:
    """Class of the character at a byte, and how many bytes it takes."""
    byte = np.int64(text[at])
    if byte < 0x80:
        return np.int64(classes[byte]), np.int64(1)
    if byte < 0xE0:
        return np.int64(classes[((byte & 0x1F) << 6) | (text[at + 1] & 0x3F)]), np.int64(2)
    if byte < 0xF0:
        code = ((byte & 0x0F) << 12) | (np.int64(text[at + 1] & 0x3F) << 6) | (text[at + 2] & 0x3F)
        return np.int64(classes[code]), np.int64(3)
    code = ((byte & 0x07) << 18) | (np.int64(text[at + 1] & 0x3F) << 12)
    code |= (np.int64(text[at + 2] & 0x3F) << 6) | (text[at + 3] & 0x3F)
    return np.int64(classes[code]), np.int64(4)


@njit
def match_end(text: ByteArray, at: int, end: int, classes: ByteArray, table: IdArray) -> int:
    """Where the match that begins at a byte ends; the byte itself where there is none."""
    last = np.int64(at)
    state = np.int64(0)
    over = table.shape[1] - 1
    while True:
        kind, size = class_at(text, at, classes) if at < end else (np.int64(over), np.int64(0))
        value = np.int64(table[state, kind])
        if value & 1:
            last = np.int64(at)
        state = (value >> 1) - 1
        if state < 0:
            return last
        at += size


@njit
def count_words(
    text: ByteArray, bounds: IntArray, first: int, last: int, classes: ByteArray, table: IdArray, keeps_gaps: bool
) -> Counted:
    """Count the pre-tokens of documents ``first`` to ``last - 1``.

    Parameters
    ----------
    text, bounds : documents end to end in UTF-8; document i is ``text[bounds[i]:bounds[i + 1]]``
    classes, table : the automaton
    keeps_gaps : text between matches counts as words too
    """
    counted = new_counted(1 << 12)
    for document in range(first, last):
        at, end = bounds[document], bounds[document + 1]
        gap = at
        while at < end:
            stop = match_end(text, at, end, classes, table)
            if stop == at:
                at += class_at(text, at, classes)[1]
                continue
            if counted.used[0] + 3 > len(counted.start):
                counted = doubled(counted)
            if keeps_gaps and gap < at:
                add_word(counted, text, gap, at - gap, 1)
            add_word(counted, text, at, stop - at, 1)
            at = gap = stop
        if keeps_gaps and gap < end:
            add_word(counted, text, gap, end - gap, 1)
    return counted


@njit
def join_counts(into: Counted, other: Counted, text: ByteArray) -> Counted:
    """Add the words of another part of the same text; gives the table, which may have moved."""
    for word in range(other.used[0]):
        if into.used[0] + 1 > len(into.start):
            into = doubled(into)
        add_word(into, text, other.start[word], other.size[word], other.count[word])
    return into
