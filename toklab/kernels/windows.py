"""Find where pre-tokens end, 64 bytes at a time (`toklab.pretokenize.windows` says what the tables mean).

A row of ``masks`` is a bit for each byte of a block, the lowest of column 1 for its first: whether the byte is of a
group, or of a union of groups, or whether an answer is given there. The first and the last column are 0, so that bits
move over the edges of a block without a branch. The rows are the four answers, then the unions, then the groups.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner
from toklab.kernels.cut import AT, EVENTS, FIRST, STEP, STOP, begin_of, list_words, walk_alone
from toklab.kernels.memory import between, zeros
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# Rows of answers.
CUT, BACK, GAP, UNSURE = 0, 1, 2, 3
ANSWERS = 4
WORD = 64
HIGH = 0x80


@inner
def write_unsure(text: ByteArray, base: int, columns: int, masks: StepArray) -> int:
    """Of which bytes windows say nothing, because they are not ASCII; gives how many columns have any."""
    some = 0
    for column in range(np.uint64(columns)):
        at = np.uint64(base) + column * np.uint64(WORD)
        masks[UNSURE, column + np.uint64(1)] = between(text, at, np.uint8(HIGH), np.uint8(0xFF))
        some += masks[UNSURE, column + np.uint64(1)] != 0
    return np.int64(some)


@inner
def write_groups(text: ByteArray, base: int, columns: int, ranges: ByteArray, first: int, masks: StepArray) -> None:
    """Of which group each byte is, in rows from ``first`` on, which hold 0."""
    one, last = np.uint64(1), len(masks) - 1
    for each in range(len(ranges)):
        row = first + np.int64(ranges[each, 2])
        for column in range(np.uint64(columns)):
            at = np.uint64(base) + column * np.uint64(WORD)
            masks[row, column + one] |= between(text, at, ranges[each, 0], ranges[each, 1])
    for column in range(one, np.uint64(columns) + one):
        others = masks[UNSURE, column]
        for row in range(first, last):
            others |= masks[row, column]
        masks[last, column] = ~others


@inner
def write_masks(
    text: ByteArray,
    base: int,
    columns: int,
    ranges: ByteArray,
    unions: IntArray,
    terms: IntArray,
    most: int,
    masks: StepArray,
) -> bool:
    """Answer for ``columns`` times 64 bytes from ``base`` on; False where more than ``most`` hold an unsure one."""
    one, top, first = np.uint64(1), np.uint64(WORD - 1), ANSWERS + len(unions)
    if write_unsure(text, base, columns, masks) > most:
        return False
    for row in range(len(masks)):
        if row != UNSURE:
            for column in range(np.uint64(columns + 2)):
                masks[row, column] = 0
    write_groups(text, base, columns, ranges, first, masks)
    for union in range(len(unions)):
        for group in range(len(masks) - first):
            if unions[union] >> group & 1:
                for column in range(one, np.uint64(columns) + one):
                    masks[ANSWERS + union, column] |= masks[first + group, column]
    for term in range(len(terms)):
        row, a, b, c = terms[term, 0], ANSWERS + terms[term, 1], ANSWERS + terms[term, 2], ANSWERS + terms[term, 3]
        for column in range(one, np.uint64(columns) + one):
            # The characters two before, and one before.
            before = masks[a, column] << np.uint64(2) | masks[a, column - one] >> (top - one)
            middle = masks[b, column] << one | masks[b, column - one] >> top
            masks[row, column] |= before & middle & masks[c, column]
    unsure = 0
    for column in range(one, np.uint64(columns) + one):
        masks[CUT, column] |= masks[BACK, column] >> one | masks[BACK, column + one] << top
        unsure += masks[UNSURE, column] != 0
    return bool(unsure <= most)


@inner
def list_cuts(
    masks: StepArray, base: int, columns: int, at: int, keeps_gaps: bool, found: IntArray, done: int
) -> tuple[int, int, bool]:
    """Begin and size of what ends behind ``at`` and before the next unsure byte, the first beginning at ``at``.

    Returns
    -------
    done, begin, unsure : how many there are then, where the last ends, and whether there is an unsure byte
    """
    one, begin, places = np.uint64(1), np.uint64(at), np.uint64(done)
    first = np.uint64(at + 1 - base)
    column = first // np.uint64(WORD)
    wanted = ~np.uint64(0) << first % np.uint64(WORD)
    start = np.uint64(base) + column * np.uint64(WORD)
    while column < np.uint64(columns):
        unsure = masks[UNSURE, column + one] & wanted
        cuts = masks[CUT, column + one] & wanted & ((unsure & (~unsure + one)) - one)
        gaps = np.uint64(0) if keeps_gaps else masks[GAP, column + one]
        while cuts != 0:
            bit = zeros(cuts)
            found[places, 0], found[places, 1] = begin, start + bit - begin
            begin = start + bit
            places += one - (gaps >> bit & one)
            cuts &= cuts - one
        if unsure != 0:
            return np.int64(places), np.int64(begin), True
        wanted = ~np.uint64(0)
        column += one
        start += np.uint64(WORD)
    return np.int64(places), np.int64(begin), False


@inner
def cut_by_windows(
    text: ByteArray,
    base: int,
    columns: int,
    row: IntArray,
    classes: ByteArray,
    steps: StepArray,
    table: IdArray,
    safe: ByteArray,
    sure: ByteArray,
    masks: StepArray,
    events: StepArray,
    keeps_gaps: bool,
    places: IntArray,
) -> int:
    """Cut the bytes that ``masks`` tell of, beginning where a lane is; gives how many places there are.

    The lane is then where the cutter must go on, and its first pre-token begins there or before.
    """
    n = np.int64(0)
    row[STOP] = base + columns * WORD
    # Whoever goes on begins with a character.
    while text[row[STOP]] & 0xC0 == 0x80:
        row[STOP] += 1
    while True:
        row[EVENTS] = 0
        at = walk_alone(text, row, classes, steps, table, safe, sure, events)
        n = list_words(events, row[EVENTS], row[FIRST], keeps_gaps, places, n)
        row[FIRST] = begin_of(row, events)
        if at < 0:
            return n
        n, begin, unsure = list_cuts(masks, base, columns, at, keeps_gaps, places, n)
        row[AT], row[STEP], row[FIRST] = begin, 0, begin
        if not unsure:
            return n
