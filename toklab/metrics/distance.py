"""Levenshtein distance, exact, quick for long texts that differ little."""

from __future__ import annotations

from math import isqrt


def levenshtein(first: str, second: str) -> int:
    """The fewest characters to insert, delete or replace to turn one text into the other.

    Few edits are found along diagonals, in time near n + edits²; many by bit-parallel columns, n machine
    operations on integers of n bits.
    """
    first, second = _strip_common(first, second)
    if not first or not second:
        return len(first) + len(second)
    # beyond this many edits the columns are quicker
    few = _by_diagonals(first, second, limit=isqrt(len(first) + len(second)))
    return _by_columns(first, second) if few is None else few


def _strip_common(first: str, second: str) -> tuple[str, str]:
    """Both texts without the characters that they begin and end with in common."""
    begin = _common_prefix(first, second)
    first, second = first[begin:], second[begin:]
    end = _common_prefix(first[::-1], second[::-1])
    return first[: len(first) - end], second[: len(second) - end]


def _common_prefix(first: str, second: str) -> int:
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _by_diagonals(first: str, second: str, limit: int) -> int | None:
    """The distance of two texts that begin differently, or None where it is above the limit.

    Ukkonen (1985), "Algorithms for Approximate String Matching": for each number of edits, how far into the
    first text each diagonal can be followed.
    """
    n, m = len(first), len(second)
    goal = m - n
    if abs(goal) > limit:
        return None
    reach = {0: 0}
    for edits in range(1, limit + 1):
        further: dict[int, int] = {}
        for diagonal in range(max(-edits, -n), min(edits, m) + 1):
            at = max(
                reach.get(diagonal, -2) + 1,  # replace
                reach.get(diagonal - 1, -2),  # insert
                reach.get(diagonal + 1, -2) + 1,  # delete
            )
            at = min(at, n, m - diagonal)
            while at < n and at + diagonal < m and first[at] == second[at + diagonal]:
                at += 1
            further[diagonal] = at
        if further.get(goal) == n:
            return edits
        reach = further
    return None


def _by_columns(first: str, second: str) -> int:
    """The distance by columns of the edit matrix, one bit per row.

    Myers (1999), "A Fast Bit-Vector Algorithm for Approximate String Matching", as simplified by Hyyrö
    (2003): ``up`` and ``down`` hold where a column grows or falls by one from each row to the next.
    """
    rows: dict[str, int] = {}
    for row, character in enumerate(first):
        rows[character] = rows.get(character, 0) | 1 << row
    everything = (1 << len(first)) - 1
    up, down = everything, 0
    for character in second:
        equal = rows.get(character, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right_up = down | (everything & ~(diagonal | up))
        right_down = diagonal & up
        right_up = right_up << 1 | 1
        right_down <<= 1
        up = everything & (right_down | ~(diagonal | right_up))
        down = everything & right_up & diagonal
    return len(second) + up.bit_count() - down.bit_count()
