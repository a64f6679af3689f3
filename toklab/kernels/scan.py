"""Cut text and look every pre-token up in the same pass, block by block.

`toklab.kernels.cut` says how text is laid out and cut, `toklab.kernels.words` what a table of words is. Nothing is
allocated here: where the table has no room for what a block holds, `scan` says how much it needs and gives up
before that block. ``state`` is where it stands: the lane's place, step and pre-token to go on with, how many numbers
are written, and the room that is needed for words, their bytes and numbers. ``places`` are the words of one block, by
begin and size (0: a text ends there), ``numbers`` those of many.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.cut import (
    AT,
    EVENTS,
    FIRST,
    STEP,
    begin_of,
    list_words,
    next_cut,
    set_lanes,
    walk,
    write_kinds,
)
from toklab.kernels.memory import bytes8, prefetch
from toklab.kernels.windows import WORD, cut_by_windows, write_masks
from toklab.kernels.words import (
    LONG,
    LOW,
    NUMBER_BITS,
    NUMBERS,
    REST,
    SHORT,
    add_word,
    first_bytes,
    hash_long,
    next_bytes,
    same_word,
    scattered,
)
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# Small enough that text, kinds and events stay in the first two levels of cache.
BLOCK = 1 << 14
# A settled match may end behind its block, and a place may be written that does not count.
SLACK = 32
# Times 64 bytes that windows are worth, and of how many, one may hold a byte of which they cannot tell.
FEW, MOST = 4, 2
DOCUMENT = -1
GO_AT, GO_STEP, GO_FIRST, DONE, WORDS, BYTES, NUMBERS_ROOM = 0, 1, 2, 3, 4, 5, 6


@njit
def write_keys(text: ByteArray, places: IntArray, n: int, keys: StepArray, rows: IntArray) -> None:
    """The key of each place's word, and its hash; asks for the row that `look_up` will read first."""
    mask = np.uint64(len(rows) - 1)
    for place in range(np.uint64(n)):
        begin, size = np.uint64(places[place, 0]), np.uint64(places[place, 1])
        if size <= SHORT:
            low, rest = first_bytes(bytes8(text, begin), size), next_bytes(text, begin, size)
        else:
            low, rest = hash_long(text, begin, size), np.uint64(LONG) | size << np.uint64(NUMBER_BITS)
        hashed = scattered(low, rest)
        prefetch(rows, hashed & mask)
        keys[place, 0], keys[place, 1], keys[place, 2] = low, rest, hashed


@njit
def look_up(
    text: ByteArray,
    places: IntArray,
    n: int,
    keys: StepArray,
    others: IdArray,
    rows: IntArray,
    spelled: ByteArray,
    starts: IntArray,
    used: IntArray,
    numbers: IdArray,
    first: int,
) -> None:
    """Find or enter the words of ``n`` places, and write their numbers from ``first`` on.

    Parameters
    ----------
    keys : from `write_keys`
    others : written: the places whose word is not short, or not the one in its first slot
    """
    mask, done, missed = np.uint64(len(rows) - 1), np.uint64(first), np.uint64(0)
    # Without a branch, which the processor could not foresee: a number is written that may be wrong, and a place that
    # may not count.
    for place in range(np.uint64(n)):
        slot = keys[place, 2] & mask
        # Only the number is left where the word is the same.
        number = np.uint64(rows[slot, REST]) ^ keys[place, 1]
        same = (number <= np.uint64(NUMBERS)) & (np.uint64(rows[slot, LOW]) == keys[place, 0])
        numbers[done + place] = np.int64(number) - 1
        others[missed] = place
        missed += np.uint64(0) if same & (keys[place, 1] < np.uint64(LONG)) else np.uint64(1)
    for i in range(missed):
        place, number = np.uint64(others[i]), np.uint64(0)
        at, size = np.uint64(places[place, 0]), np.uint64(places[place, 1])
        low, rest = np.int64(keys[place, 0]), keys[place, 1]
        slot = keys[place, 2] & mask
        while size > 0:
            number = np.uint64(rows[slot, REST]) ^ rest
            same = number <= np.uint64(NUMBERS) and rows[slot, LOW] == low
            if same and (size <= SHORT or same_word(text, at, size, spelled, starts, number - np.uint64(1))):
                break
            if rows[slot, REST] == 0:
                number = np.uint64(add_word(text, at, size, spelled, starts, used))
                rows[slot, LOW], rows[slot, REST] = low, np.int64(rest | number)
                break
            slot = (slot + np.uint64(1)) & mask
        numbers[done + place] = np.int64(number) - 1


@njit
def scan(
    text: ByteArray,
    end: int,
    classes: ByteArray,
    steps: StepArray,
    safe: ByteArray,
    table: IdArray,
    ranges: ByteArray,
    unions: IntArray,
    terms: IntArray,
    sure: ByteArray,
    keeps_gaps: bool,
    rows: IntArray,
    spelled: ByteArray,
    starts: IntArray,
    used: IntArray,
    counts: IntArray,
    numbers: IdArray,
    begins: IntArray,
    state: IntArray,
    room: IntArray,
    kinds: ByteArray,
    events: StepArray,
    lanes: IntArray,
    places: IntArray,
    keys: StepArray,
    others: IdArray,
    masks: StepArray,
) -> None:
    """Cut the text up to a place where a pre-token ends, and number the words; count them, or keep their numbers.

    Parameters
    ----------
    end : the byte before which the last pre-token ends
    classes, steps, safe, table : the cutter
    ranges, unions, terms, sure : its windows
    keeps_gaps : text between matches counts as words too
    rows, spelled, starts, used : the table of words
    counts : how often each word came; of length 0 to keep all numbers instead, not only those of the last block
    numbers : written: the number of each pre-token's word (-1: a text ends here)
    begins : written where it is not of length 0: the byte where each of those begins
    state : where to go on; read and written; past ``end`` when all is done
    room : the words, their bytes and the numbers that the arrays have room for
    kinds, events, lanes, places, keys, others, masks : room to work in: (BLOCK + SLACK,), (LANES, BLOCK + SLACK),
        (LANES, 5), (2 * BLOCK + 3 * SLACK, 2), as many rows of 3, as many, and (rows of masks, BLOCK / WORD + 2)
    """
    while state[GO_AT] <= end:
        base = state[GO_AT]
        stop = base + BLOCK if base + BLOCK < end + 1 else end + 1
        n, last = np.int64(0), 0
        columns = (stop - base) // WORD if len(terms) > 0 else 0
        lanes[0, AT], lanes[0, STEP], lanes[0, FIRST] = base, state[GO_STEP], state[GO_FIRST]
        if columns >= FEW and write_masks(text, base, columns, ranges, unions, terms, columns // MOST, masks):
            n = cut_by_windows(
                text, base, columns, lanes[0], classes, steps, table, safe, sure, masks, events[0], keeps_gaps, places
            )
        if lanes[0, AT] <= base:
            lanes[0, AT], lanes[0, STEP], lanes[0, FIRST] = base, state[GO_STEP], state[GO_FIRST]
            stop = write_kinds(text, base, stop, classes, kinds)
            last = set_lanes(kinds, base, stop, safe, lanes)
            walk(text, kinds, base, lanes, classes, steps, table, safe, sure, events)
            n = np.int64(0)
            for lane in range(last + 1):
                n = list_words(events[lane], lanes[lane, EVENTS], lanes[lane, FIRST], keeps_gaps, places, n)
            lanes[last, FIRST] = begin_of(lanes[last], events[last])
        finish = lanes[last, FIRST]
        first = state[DONE] if len(counts) == 0 else 0
        state[NUMBERS_ROOM] = first + n + SLACK
        state[WORDS], state[BYTES] = used[0] + n + SLACK, used[1] + finish - state[GO_FIRST]
        if state[WORDS] > room[0] or state[BYTES] > room[1] or state[NUMBERS_ROOM] > room[2]:
            return
        write_keys(text, places, n, keys, rows)
        look_up(text, places, n, keys, others, rows, spelled, starts, used, numbers, first)
        if len(counts) > 0:
            for i in range(n):
                if numbers[i] != DOCUMENT:
                    counts[numbers[i]] += 1
        if len(begins) > 0:
            for place in range(n):
                begins[first + place] = places[place, 0]
        state[GO_AT], state[GO_STEP], state[GO_FIRST] = lanes[last, AT], lanes[last, STEP], finish
        state[DONE] = first + n


@njit
def find_cut(text: ByteArray, at: int, end: int, classes: ByteArray, safe: ByteArray, kinds: ByteArray) -> int:
    """The first place from a byte on where a pre-token ends for sure, or ``end`` where none is near."""
    while at < end and text[at] & 0xC0 == 0x80:
        at += 1
    stop = write_kinds(text, at, at + BLOCK if at + BLOCK < end else end, classes, kinds)
    here = next_cut(kinds, np.int64(1), stop - at, safe)
    return end if here == stop - at else at + here
