"""Heaps of pairs by count: pairing heaps (Fredman, Sedgewick, Sleator and Tarjan 1986) whose rows are the pairs.

What a merge gains is its own gain plus what all pairs of the same count gain alike, because the total falls. So the
order of the pairs of one count changes only with their own gains: each count has a heap, sorted by these, and the best
pair is the best of the heaps' first rows. The heaps are in an open hash table of rows (count, first pair), (0, -1)
where empty.
"""

from __future__ import annotations

import math

import numpy as np

from toklab.kernels import inner, inner_making, njit
from toklab.kernels.chains import LEFT, RIGHT
from toklab.kernels.tables import mix
from toklab.types import FloatArray, IntArray

# Columns of a heap, and of a row (of a pair): the count under which it is in a heap (0: in none), its first child, its
# next sibling, its previous sibling or (for a first child) its parent, -1 for none.
COUNT, ROOT = 0, 1
AT, CHILD, NEXT, PREVIOUS = 0, 1, 2, 3
LEAST_HEAPS = 1 << 10
LN_2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
COEFFICIENTS = tuple(1.0 / odd for odd in range(23, 0, -2))


@njit
def xlogx(number: int) -> float:
    """Compiled twin of `toklab.algorithms.likelihood_gain.xlogx`, equal to the last bit."""
    if number <= 0:
        return 0.0
    mantissa, exponent = math.frexp(np.float64(number))
    if mantissa < SQRT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, series = s * s, 0.0
    for coefficient in COEFFICIENTS:
        series = series * square + coefficient
    return np.float64(number) * (exponent * LN_2 + 2.0 * s * series)


@inner_making
def new_heaps(size: int) -> IntArray:
    """Room for ``size`` heaps, a power of two."""
    heaps = np.zeros((size, 2), np.int64)
    for slot in range(size):
        heaps[slot, ROOT] = -1
    return heaps


@inner
def slot_of_heap(heaps: IntArray, count: int) -> int:
    """Slot of the heap of a count, or the empty one where it belongs."""
    mask = len(heaps) - 1
    slot = mix(count) & mask
    while heaps[slot, COUNT] != 0 and heaps[slot, COUNT] != count:
        slot = (slot + 1) & mask
    return slot


@inner_making
def heaps_with_room(heaps: IntArray, filled: IntArray) -> IntArray:
    """The same heaps with room for one more; empty ones are left behind when they move.

    Parameters
    ----------
    filled : (1,) slots that are taken; put right
    """
    if 2 * (filled[0] + 1) <= len(heaps):
        return heaps
    filled[0] = 0
    for slot in range(len(heaps)):
        if heaps[slot, ROOT] != -1:
            filled[0] += 1
    size = np.int64(LEAST_HEAPS)
    while size < 4 * (filled[0] + 1):
        size *= 2
    more = new_heaps(size)
    for slot in range(len(heaps)):
        if heaps[slot, ROOT] != -1:
            at = slot_of_heap(more, heaps[slot, COUNT])
            more[at, COUNT], more[at, ROOT] = heaps[slot, COUNT], heaps[slot, ROOT]
    return more


@inner
def _beats(worth: FloatArray, pairs: IntArray, a: int, b: int) -> bool:
    """Whether pair a comes before pair b of the same count: larger gain, smaller left id, smaller right id."""
    if worth[a] != worth[b]:
        return bool(worth[a] > worth[b])
    if pairs[a, LEFT] != pairs[b, LEFT]:
        return bool(pairs[a, LEFT] < pairs[b, LEFT])
    return bool(pairs[a, RIGHT] < pairs[b, RIGHT])


@inner
def _meld(rows: IntArray, worth: FloatArray, pairs: IntArray, a: int, b: int) -> int:
    """Make one heap of two, given by their first rows or -1; gives the first row."""
    if a == -1 or b == -1:
        return max(a, b)
    if _beats(worth, pairs, b, a):
        a, b = b, a
    child = rows[a, CHILD]
    if child != -1:
        rows[child, PREVIOUS] = b
    rows[b, NEXT], rows[b, PREVIOUS], rows[a, CHILD] = child, a, b
    return a


@inner
def _meld_children(rows: IntArray, worth: FloatArray, pairs: IntArray, parent: int) -> int:
    """Make one heap of the children of a row; gives its first row, or -1."""
    child, waiting, root = rows[parent, CHILD], np.int64(-1), np.int64(-1)
    while child != -1:  # by twos, from the first to the last
        other, ahead = rows[child, NEXT], np.int64(-1)
        if other != -1:
            ahead = rows[other, NEXT]
        child = _meld(rows, worth, pairs, child, other)
        rows[child, NEXT] = waiting
        waiting, child = child, ahead
    while waiting != -1:  # and back
        ahead = rows[waiting, NEXT]
        root = _meld(rows, worth, pairs, root, waiting)
        waiting = ahead
    return root


@inner
def take_out(heaps: IntArray, rows: IntArray, worth: FloatArray, pairs: IntArray, index: int) -> None:
    """Take a pair out of the heap that it is in."""
    slot = slot_of_heap(heaps, rows[index, AT])
    rest = _meld_children(rows, worth, pairs, index)
    if heaps[slot, ROOT] != index:
        before, after = rows[index, PREVIOUS], rows[index, NEXT]
        if rows[before, CHILD] == index:
            rows[before, CHILD] = after
        else:
            rows[before, NEXT] = after
        if after != -1:
            rows[after, PREVIOUS] = before
        rest = _meld(rows, worth, pairs, heaps[slot, ROOT], rest)
    if rest != -1:
        rows[rest, NEXT], rows[rest, PREVIOUS] = -1, -1
    heaps[slot, ROOT] = rest
    rows[index, AT], rows[index, CHILD] = 0, -1


@inner_making
def put_in(
    heaps: IntArray, filled: IntArray, rows: IntArray, worth: FloatArray, pairs: IntArray, index: int, count: int
) -> IntArray:
    """Put a pair that is in no heap into that of a count; gives the heaps, which may have moved."""
    heaps = heaps_with_room(heaps, filled)
    slot = slot_of_heap(heaps, count)
    if heaps[slot, COUNT] == 0:
        heaps[slot, COUNT] = count
        filled[0] += 1
    rows[index, AT], rows[index, CHILD], rows[index, NEXT], rows[index, PREVIOUS] = count, -1, -1, -1
    root = _meld(rows, worth, pairs, heaps[slot, ROOT], index)
    heaps[slot, ROOT] = root
    return heaps


@inner
def best_pair(heaps: IntArray, worth: FloatArray, total: int) -> int:
    """The pair that gains most, the more frequent of equals; -1 if none gains anything."""
    best, most, often = np.int64(-1), 0.0, np.int64(0)
    whole = xlogx(total)
    for slot in range(len(heaps)):
        root = heaps[slot, ROOT]
        if root != -1:
            count = heaps[slot, COUNT]
            gain = worth[root] + (whole - xlogx(total - count))
            if gain > most or (gain == most and best != -1 and count > often):
                best, most, often = root, gain, count
    return best
