"""Scan UTF-8 text with a pattern's automaton, and count the words in the same pass.

`toklab.pretokenize.automaton` says what the table means.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inlined, njit
from toklab.kernels.tables import hash_bytes
from toklab.types import ByteArray, IdArray, IntArray


@njit
def slot_for(rows: IntArray, slots: IdArray, text: ByteArray, start: int, size: int, key: int) -> int:
    """Slot of the word ``text[start:start + size]``, or the empty slot where it belongs."""
    slot = key & (len(slots) - 1)
    while True:
        word = slots[slot]
        if word < 0:
            return slot
        if rows[word, 2] == key and rows[word, 1] == size:
            first = rows[word, 0]
            same = 0
            while same < size and text[first + same] == text[start + same]:
                same += 1
            if same == size:
                return slot
        slot = (slot + 1) & (len(slots) - 1)


@inlined
def enter_word(rows: IntArray, slots: IdArray, used: int, text: ByteArray, start: int, size: int, times: int) -> int:
    """Count a word; gives its number, which is ``used`` where it is new (there must be room for it)."""
    key = hash_bytes(text, start, size)
    slot = slot_for(rows, slots, text, start, size, key)
    word = np.int64(slots[slot])
    if word < 0:
        word = np.int64(used)
        slots[slot] = word
        rows[word, 0], rows[word, 1], rows[word, 2], rows[word, 3] = start, size, key, 0
    rows[word, 3] += times
    return word


@njit
def doubled(rows: IntArray, used: int) -> tuple[IntArray, IdArray]:
    """The same words in a table of at least twice the size, which is a power of two."""
    capacity = 1 << 12
    while capacity < 2 * len(rows):
        capacity *= 2
    more = np.zeros((capacity, 4), np.int64)
    more[:used] = rows[:used]
    slots = np.full(2 * capacity, -1, np.int32)
    for word in range(used):
        slot = more[word, 2] & (len(slots) - 1)
        while slots[slot] != -1:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = word
    return more, slots


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
def scan_words(
    text: ByteArray,
    bounds: IntArray,
    first: int,
    last: int,
    classes: ByteArray,
    table: IdArray,
    keeps_gaps: bool,
    record: bool,
) -> tuple[IntArray, IntArray, IntArray]:
    """Cut documents ``first`` to ``last - 1`` into pre-tokens and count these.

    Parameters
    ----------
    text, bounds : documents end to end in UTF-8; document i is ``text[bounds[i]:bounds[i + 1]]``
    classes, table : the automaton
    keeps_gaps : text between matches counts as words too
    record : write down every place, not only how often each word occurs

    Returns
    -------
    rows : (words, 4) int64, for each distinct word where it was first met, its bytes, its hash and its count; side
        by side, so that a look-up touches one line of the cache
    places : (pre-tokens, 2) int64, number of the word and where it begins in its document; empty without ``record``
    sizes : (documents,) pre-tokens of each document
    """
    rows, slots = np.zeros((1 << 12, 4), np.int64), np.full(1 << 13, -1, np.int32)
    places = np.zeros((1 << 12 if record else 0, 2), np.int64)
    sizes = np.zeros(last - first, np.int64)
    used = done = 0
    for document in range(first, last):
        begin, end = bounds[document], bounds[document + 1]
        before = done
        at = gap = begin
        while gap < end:
            stop = match_end(text, at, end, classes, table) if at < end else at
            if stop == at and at < end:
                at += class_at(text, at, classes)[1]
                continue
            if used + 2 > len(rows):
                rows, slots = doubled(rows, used)
            if record and done + 2 > len(places):
                places = longer(places)
            if keeps_gaps and gap < at:
                word = enter_word(rows, slots, used, text, gap, at - gap, 1)
                used = max(used, word + 1)
                if record:
                    places[done, 0], places[done, 1] = word, gap - begin
                done += 1
            if at < stop:
                word = enter_word(rows, slots, used, text, at, stop - at, 1)
                used = max(used, word + 1)
                if record:
                    places[done, 0], places[done, 1] = word, at - begin
                done += 1
            at = gap = stop
        sizes[document - first] = done - before
    return rows[:used], places[: done if record else 0], sizes


@njit
def longer(places: IntArray) -> IntArray:
    """The same places with room for twice as many."""
    more = np.zeros((2 * len(places), 2), np.int64)
    more[: len(places)] = places
    return more


@njit
def join_words(one: IntArray, other: IntArray, text: ByteArray) -> tuple[IntArray, IntArray]:
    """The words of two parts of the same text together, and the new number of each word of the second."""
    rows, slots = doubled(one, len(one))
    used = len(one)
    numbers = np.zeros(len(other), np.int64)
    for word in range(len(other)):
        if used + 1 > len(rows):
            rows, slots = doubled(rows, used)
        numbers[word] = enter_word(rows, slots, used, text, other[word, 0], other[word, 1], other[word, 3])
        used = max(used, numbers[word] + 1)
    return rows[:used], numbers


@njit
def lay_out(
    places: IntArray,
    first: int,
    last: int,
    done: int,
    at: IntArray,
    ids: IdArray,
    ends: IntArray,
    out: IdArray,
    spans: IntArray,
) -> None:
    """Write the tokens of places ``first`` to ``last - 1`` end to end.

    Parameters
    ----------
    places : (pre-tokens, 2) number of the word and where it begins
    at : (words + 1,) where each word's tokens begin in ``ids`` and ``ends``
    ids, ends : tokens of all words, and the byte of the word where each ends
    done : tokens of the places before ``first``
    out, spans : (n,) and (n, 2), written from ``done`` on
    """
    for place in range(first, last):
        word, start = places[place, 0], places[place, 1]
        before = start
        for token in range(at[word], at[word + 1]):
            out[done], spans[done, 0] = ids[token], before
            before = start + ends[token]
            spans[done, 1] = before
            done += 1
