"""Heaps of exact ratios: pairing heaps (Fredman, Sedgewick, Sleator and Tarjan 1986) that share one table of rows.

A row says what a pair was worth when it was entered, joint / (first x second), and is in one heap at most. Heap s is
symbol s's own, the last one is everybody's; row s is the deputy of heap s in the last heap, and pair p has row
``len(roots) + p``. Ratios are compared as floats where these are far apart and exactly, in 192 bits, where they are
not.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.chains import LEFT, RIGHT
from toklab.types import IntArray

# Columns of a row: the ratio's float as its bits, which sort like the float; count(ab), count(a), count(b); the pair;
# the first child, the next sibling, the previous sibling or (for a first child) the parent, -1 for none.
WORTH, JOINT, FIRST, SECOND, PAIR, CHILD, NEXT, PREVIOUS = 0, 1, 2, 3, 4, 5, 6, 7
ROW_COLUMNS = 8
OUT = -2  # in PREVIOUS: in no heap
NEAR = 16  # floats so few steps apart may be in the wrong order
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@inner
def _product(a: int, b: int) -> tuple[int, int]:
    """High and low 64 bits of a x b."""
    a_low, a_high = np.uint64(a) & LOW, np.uint64(a) >> HALF
    b_low, b_high = np.uint64(b) & LOW, np.uint64(b) >> HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> HALF)
    other = a_low * b_high + (middle & LOW)
    return a_high * b_high + (middle >> HALF) + (other >> HALF), (other << HALF) | (low & LOW)


@inner
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


@inner
def _beats(rows: IntArray, pairs: IntArray, a: int, b: int) -> bool:
    """Whether row a comes before row b: larger ratio, more frequent, smaller left id, smaller right id."""
    gap = rows[a, WORTH] - rows[b, WORTH]
    if gap > NEAR or gap < -NEAR:
        return bool(gap > 0)
    p, q = rows[a], rows[b]
    if p[JOINT] != q[JOINT] or p[FIRST] != q[FIRST] or p[SECOND] != q[SECOND]:
        order = compare_ratios(p[JOINT], p[FIRST], p[SECOND], q[JOINT], q[FIRST], q[SECOND])
        if order != 0:
            return order > 0
        if p[JOINT] != q[JOINT]:
            return bool(p[JOINT] > q[JOINT])
    i, j = p[PAIR], q[PAIR]
    if pairs[i, LEFT] != pairs[j, LEFT]:
        return bool(pairs[i, LEFT] < pairs[j, LEFT])
    return bool(pairs[i, RIGHT] < pairs[j, RIGHT])


@inner
def _meld(rows: IntArray, pairs: IntArray, a: int, b: int) -> int:
    """Make one heap of two, given by their first rows or -1; gives the first row."""
    if a == -1 or b == -1:
        return max(a, b)
    if _beats(rows, pairs, b, a):
        a, b = b, a
    child = rows[a, CHILD]
    if child != -1:
        rows[child, PREVIOUS] = b
    rows[b, NEXT], rows[b, PREVIOUS], rows[a, CHILD] = child, a, b
    return a


@inner
def take_first(rows: IntArray, pairs: IntArray, roots: IntArray, heap: int) -> None:
    """Take the first row out of a heap that has one."""
    gone = roots[heap]
    child, waiting, root = rows[gone, CHILD], np.int64(-1), np.int64(-1)
    while child != -1:  # the children by twos, from the first to the last
        other, ahead = rows[child, NEXT], np.int64(-1)
        if other != -1:
            ahead = rows[other, NEXT]
        child = _meld(rows, pairs, child, other)
        rows[child, NEXT] = waiting
        waiting, child = child, ahead
    while waiting != -1:  # and back
        ahead = rows[waiting, NEXT]
        root = _meld(rows, pairs, root, waiting)
        waiting = ahead
    if root != -1:
        rows[root, NEXT], rows[root, PREVIOUS] = -1, -1
    roots[heap] = root
    rows[gone, CHILD], rows[gone, PREVIOUS] = -1, OUT


@inner
def _cut(rows: IntArray, row: int) -> None:
    """Take a row that is not the first, with all below it, off its heap."""
    before, after = rows[row, PREVIOUS], rows[row, NEXT]
    if rows[before, CHILD] == row:
        rows[before, CHILD] = after
    else:
        rows[before, NEXT] = after
    if after != -1:
        rows[after, PREVIOUS] = before


@inner
def take_out(rows: IntArray, pairs: IntArray, roots: IntArray, heap: int, row: int) -> None:
    """Take any row out of its heap."""
    first = roots[heap]
    if row != first:
        _cut(rows, row)
        roots[heap] = row
    take_first(rows, pairs, roots, heap)
    if row != first:
        root = _meld(rows, pairs, first, roots[heap])
        roots[heap] = root


@inner
def enter(
    rows: IntArray,
    pairs: IntArray,
    roots: IntArray,
    heap: int,
    row: int,
    pair: int,
    joint: int,
    first: int,
    second: int,
) -> None:
    """Make a row say at least what its pair is worth now; one that says more already is left as it is."""
    claim = len(roots) - 1  # a row that is in no heap: the last heap has no deputy
    ratio = np.float64(joint / (np.float64(first) * np.float64(second)))
    rows[claim, WORTH], rows[claim, JOINT] = ratio.view(np.int64), joint
    rows[claim, FIRST], rows[claim, SECOND], rows[claim, PAIR] = first, second, pair
    inside = rows[row, PREVIOUS] != OUT
    if inside and not _beats(rows, pairs, claim, row):
        return
    for column in range(CHILD):
        rows[row, column] = rows[claim, column]
    if roots[heap] == row:
        return
    if inside:
        _cut(rows, row)
    rows[row, NEXT], rows[row, PREVIOUS] = -1, -1
    root = _meld(rows, pairs, roots[heap], row)
    roots[heap] = root
