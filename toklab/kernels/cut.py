"""Cut UTF-8 text into pre-tokens with a pattern's cutter (`toklab.pretokenize.cutter` says what its tables mean).

Texts stand end to end, each with the byte 0xFF behind it, and at least 16 bytes follow the last. A block of text
becomes one kind per byte first. Then four lanes walk it side by side, from places where a pre-token ends for
sure: each step waits for the one before it, so a single lane would leave the core idle most of the time. A lane
writes down what ended as (position << 6 | bits of the step); there is no branch for it. Only a slow step leaves
the loop, and the automaton finds that match.

A row of ``lanes`` is one lane: where it is, where it stops, the step that brought it there, how many events it
has, and where the pre-token before its first event begins.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.memory import bytes8, write8, zeros
from toklab.types import ByteArray, IdArray, IntArray, StepArray

AT, STOP, STEP, EVENTS, FIRST = 0, 1, 2, 3, 4
LANES = 4
EVENT, HERE, BACK, GAP, BREAK, SLOW = 1, 2, 4, 8, 16, 64
SHIFT = 7
BITS = 6
LONGER, FOLLOWS, SEPARATOR = 0x80, 0xFE, 0xFF
HIGH_BITS = 0x8080808080808080
# How far to look for a place to cut at before giving up.
REACH = 1 << 10


@inner
def code_point(text: ByteArray, at: int) -> int:
    """The character that begins at a byte of 0x80 or more."""
    byte = np.int64(text[at])
    second = np.int64(text[at + 1] & 0x3F)
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | second
    third = np.int64(text[at + 2] & 0x3F)
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | second << 6 | third
    return (byte & 0x07) << 18 | second << 12 | third << 6 | np.int64(text[at + 3] & 0x3F)


@inner
def size_at(text: ByteArray, at: int) -> int:
    """Bytes of the character that begins at a byte."""
    byte = text[at]
    return np.int64(1) + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0) if byte != SEPARATOR else np.int64(1)


@inner
def write_kinds(text: ByteArray, at: int, stop: int, classes: ByteArray, kinds: ByteArray) -> int:
    """Kinds of the characters from a byte on, until the first that begins at ``stop`` or later; gives where that is."""
    i, done, end = np.uint64(at), np.uint64(0), np.uint64(stop)
    while i < end:
        # Eight bytes, of which those before the first that is not ASCII count.
        word = bytes8(text, i)
        write8(kinds, done, word)
        high, left = word & np.uint64(HIGH_BITS), end - i
        if high == 0 and left >= 8:
            i += np.uint64(8)
            done += np.uint64(8)
            continue
        plain = zeros(high) >> np.uint64(3)
        plain = plain if plain < left else left
        i += plain
        done += plain
        if plain < left:
            size = np.uint64(size_at(text, np.int64(i)))
            kinds[done] = text[i] if text[i] == SEPARATOR else LONGER + classes[code_point(text, np.int64(i))]
            for more in range(1, size):
                kinds[done + np.uint64(more)] = FOLLOWS
            i += size
            done += size
    return np.int64(i)


@inner
def match_end(text: ByteArray, at: int, classes: ByteArray, table: IdArray) -> int:
    """Where the match that begins at a byte ends; the byte itself where there is none."""
    last = np.int64(at)
    state = np.int64(0)
    over = table.shape[1] - 1
    while True:
        byte = text[at]
        kind = over
        if byte < 0x80:
            kind = np.int64(classes[byte])
        elif byte != SEPARATOR:
            kind = np.int64(classes[code_point(text, at)])
        value = np.int64(table[state, kind])
        if value & 1:
            last = np.int64(at)
        state = (value >> 1) - 1
        if state < 0:
            return last
        at += size_at(text, at)


@inner
def next_cut(kinds: ByteArray, at: int, stop: int, safe: ByteArray) -> int:
    """The first place from ``at`` on, and before ``stop``, at which a pre-token ends for sure, or ``stop``."""
    before = at - 1
    while before > 0 and kinds[before] == FOLLOWS:
        before -= 1
    for here in range(at, stop):
        if kinds[here] != FOLLOWS:
            if safe[kinds[before], kinds[here]] == 1:
                return here
            before = here
    return stop


@njit
def walk_four(kinds: ByteArray, base: int, span: int, lanes: IntArray, steps: StepArray, events: StepArray) -> None:
    """Walk all lanes ``span`` bytes, or until one comes over a slow step."""
    one, bits, low, shift = np.uint32(EVENT), np.uint64(BITS), np.uint32(63), np.uint32(SHIFT)
    a, b, c, d = np.uint64(lanes[0, AT]), np.uint64(lanes[1, AT]), np.uint64(lanes[2, AT]), np.uint64(lanes[3, AT])
    va, vb = np.uint32(lanes[0, STEP]), np.uint32(lanes[1, STEP])
    vc, vd = np.uint32(lanes[2, STEP]), np.uint32(lanes[3, STEP])
    na, nb = np.uint64(lanes[0, EVENTS]), np.uint64(lanes[1, EVENTS])
    nc, nd = np.uint64(lanes[2, EVENTS]), np.uint64(lanes[3, EVENTS])
    ea, eb, ec, ed = events[0], events[1], events[2], events[3]
    start = np.uint64(base)
    end = a + np.uint64(span)
    while a < end:
        va = steps[(va >> shift) + np.uint32(kinds[a - start])]
        vb = steps[(vb >> shift) + np.uint32(kinds[b - start])]
        vc = steps[(vc >> shift) + np.uint32(kinds[c - start])]
        vd = steps[(vd >> shift) + np.uint32(kinds[d - start])]
        ea[na], eb[nb] = a << bits | np.uint64(va & low), b << bits | np.uint64(vb & low)
        ec[nc], ed[nd] = c << bits | np.uint64(vc & low), d << bits | np.uint64(vd & low)
        na, nb = na + np.uint64(va & one), nb + np.uint64(vb & one)
        nc, nd = nc + np.uint64(vc & one), nd + np.uint64(vd & one)
        a, b, c, d = a + np.uint64(1), b + np.uint64(1), c + np.uint64(1), d + np.uint64(1)
        if (va | vb | vc | vd) & np.uint32(SLOW):
            break
    lanes[0, AT], lanes[1, AT], lanes[2, AT], lanes[3, AT] = a, b, c, d
    lanes[0, STEP], lanes[1, STEP], lanes[2, STEP], lanes[3, STEP] = va, vb, vc, vd
    lanes[0, EVENTS], lanes[1, EVENTS], lanes[2, EVENTS], lanes[3, EVENTS] = na, nb, nc, nd


@inner
def begin_of(row: IntArray, events: StepArray) -> int:
    """Where the pre-token that a lane is in begins."""
    if row[EVENTS] == 0:
        return np.int64(row[FIRST])
    event = np.int64(events[row[EVENTS] - 1])
    return (event >> BITS) - (0 if event & HERE else 1)


@inner
def note(row: IntArray, events: StepArray, at: int, what: int) -> None:
    """Write down that something ended at a byte."""
    events[row[EVENTS]] = at << BITS | EVENT | HERE | what
    row[EVENTS] += 1


@inner
def settle(text: ByteArray, row: IntArray, classes: ByteArray, table: IdArray, events: StepArray) -> None:
    """After a slow step: find the match, or the gap before it, by the automaton, and go on behind it."""
    begin = begin_of(row, events)
    at = begin
    stop = match_end(text, at, classes, table)
    if stop > at:
        note(row, events, stop, np.int64(0))
    else:
        while stop == at and text[at] != SEPARATOR:
            at += size_at(text, at)
            stop = match_end(text, at, classes, table)
        note(row, events, at, np.int64(GAP))
        stop = at
    row[AT], row[STEP] = stop, 0


@inner
def walk_alone(
    text: ByteArray,
    row: IntArray,
    classes: ByteArray,
    steps: StepArray,
    table: IdArray,
    safe: ByteArray,
    sure: ByteArray,
    events: StepArray,
) -> int:
    """Walk one lane to where it stops, or to a place where a pre-token ends for sure, between two bytes that are sure.

    Gives that place, or -1. No kinds need to be written for it.
    """
    before = np.uint8(LONGER)
    at, n, value = np.uint64(row[AT]), np.uint64(row[EVENTS]), np.uint32(row[STEP])
    # What follows in a character changes nothing.
    while text[at] & 0xC0 == 0x80:
        at += np.uint64(1)
    while at < np.uint64(row[STOP]):
        kind, size = text[at], np.uint64(1)
        if kind & 0x80 and kind != SEPARATOR:
            size = np.uint64(size_at(text, np.int64(at)))
            kind = np.uint8(LONGER + classes[code_point(text, np.int64(at))])
        value = steps[(value >> np.uint32(SHIFT)) + np.uint32(kind)]
        events[n] = at << np.uint64(BITS) | np.uint64(value & np.uint32(63))
        n += np.uint64(value & np.uint32(EVENT))
        at += size
        found = value & np.uint32(HERE) and safe[before, kind] & sure[before, kind]
        before = kind
        if found or value & np.uint32(SLOW):
            row[AT], row[EVENTS], row[STEP] = at, n, value
            if found:
                return np.int64(at - size)
            settle(text, row, classes, table, events)
            at, n, value = np.uint64(row[AT]), np.uint64(row[EVENTS]), np.uint32(0)
            before = np.uint8(LONGER)
    row[AT], row[EVENTS], row[STEP] = at, n, value
    return np.int64(-1)


@inner
def list_words(events: StepArray, n: int, begin: int, keeps_gaps: bool, found: IntArray, done: int) -> int:
    """Begin and size of what ended at a lane's events, size 0 for the end of a text; gives how many there are then."""
    for i in range(n):
        event = np.int64(events[i])
        at = event >> BITS
        if event & BACK:
            found[done, 0], found[done, 1] = begin, at - 1 - begin
            done += 1
            begin = at - 1
        found[done, 0], found[done, 1] = begin, 0 if event & BREAK else at - begin
        if event & HERE:
            done += 1 if keeps_gaps or event & GAP == 0 else 0
            begin = at
    return done


@inner
def set_lanes(kinds: ByteArray, base: int, stop: int, safe: ByteArray, lanes: IntArray) -> int:
    """Give every lane a part of the block, the first going on where it is; gives the lane that ends the block."""
    first = lanes[0, AT]
    last = 0
    for lane in range(1, LANES):
        nominal = first + (stop - first) * lane // LANES
        here = stop
        if nominal > lanes[last, AT] + 1:
            far = nominal + REACH if nominal + REACH < stop else stop
            here = base + next_cut(kinds, nominal - base, far - base, safe)
            here = stop if here == far else here
        lanes[lane, AT], lanes[lane, STEP], lanes[lane, FIRST] = here, 0, here
        if here < stop:
            lanes[last, STOP] = here + 1
            last = lane
        lanes[lane, STOP] = stop
        lanes[lane, EVENTS] = 0
    lanes[last, STOP] = stop
    lanes[0, EVENTS] = 0
    return last


@inner
def walk(
    text: ByteArray,
    kinds: ByteArray,
    base: int,
    lanes: IntArray,
    classes: ByteArray,
    steps: StepArray,
    table: IdArray,
    safe: ByteArray,
    sure: ByteArray,
    events: StepArray,
) -> None:
    """Walk all lanes to where they stop: as long as they can side by side, then one after the other."""
    while True:
        span = lanes[0, STOP] - lanes[0, AT]
        for lane in range(1, LANES):
            left = lanes[lane, STOP] - lanes[lane, AT]
            span = left if left < span else span
        # The first may have had to go back to before the block, where there are no kinds.
        if span <= 0 or lanes[0, AT] < base:
            break
        walk_four(kinds, base, span, lanes, steps, events)
        for lane in range(LANES):
            if lanes[lane, STEP] & SLOW:
                settle(text, lanes[lane], classes, table, events[lane])
    for lane in range(LANES):
        while walk_alone(text, lanes[lane], classes, steps, table, safe, sure, events[lane]) >= 0:
            pass
