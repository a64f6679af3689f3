"""Sort the suffixes of words by their first characters: prefix doubling (Manber and Myers 1993, "Suffix arrays").

Suffixes that agree in their first characters stand together, as a group, in the order of their positions. In each
round, each group is sorted by the groups of what follows those characters, which then are twice as many; in the first
round by some characters, which is quicker. Groups are taken in stretches that fit into a core's cache, and in threads.

Layout: ``codes`` are the characters of all words, end to end, as numbers from 1 in code point order; ``left[p]`` are
the characters from position p to its word's end, p's included, or a limit where they are more. ``order`` are the
positions as far as they are sorted, ``heads[i]`` is 1 where a group begins in it, and ``ranks[p]`` is 1 + where the
group of p does.
"""

from __future__ import annotations

from toklab.kernels import njit
from toklab.types import ByteArray, IdArray, IntArray, ShortArray


@njit
def by_character(codes: IdArray, places: IntArray, order: IdArray, heads: ByteArray) -> None:
    """The first order, by one character.

    Parameters
    ----------
    places : (largest code + 2,) zeros, scratch
    """
    for p in range(len(codes)):
        places[codes[p] + 1] += 1
    for code in range(1, len(places)):
        places[code] += places[code - 1]
    for i in range(len(heads)):
        heads[i] = 0
    for code in range(len(places) - 1):
        if places[code] < places[code + 1]:
            heads[places[code]] = 1
    for p in range(len(codes)):
        order[places[codes[p]]] = p
        places[codes[p]] += 1


@njit
def cut(heads: ByteArray, room: int, bounds: IntArray) -> int:
    """Bounds of stretches of whole groups: ``room`` suffixes at most, or one group; gives how many bounds."""
    used, begin = 1, 0
    bounds[0] = 0
    group = 0
    for i in range(1, len(heads) + 1):
        if i == len(heads) or heads[i]:
            if i - begin > room and group > begin:
                bounds[used] = begin = group
                used += 1
            group = i
    bounds[used] = len(heads)
    return used + 1


@njit
def rank(first: int, last: int, order: IdArray, heads: ByteArray, ranks: IdArray) -> None:
    """Tell some of the suffixes where their group begins."""
    head = first
    for i in range(first, last):
        if heads[i]:
            head = i
        ranks[order[i]] = head + 1


@njit
def gather(
    first: int,
    last: int,
    width: int,
    more: int,
    codes: IdArray,
    left: ShortArray,
    order: IdArray,
    heads: ByteArray,
    ranks: IdArray,
    bits: IntArray,
    keys: IntArray,
    held: IdArray,
) -> int:
    """What to sort a stretch by: the group, what follows ``width`` characters, and the order that there is.

    Suffixes that are alone, or that end before, are as they must be and are left out.

    Parameters
    ----------
    more : what follows is so many characters, or 0 for the rank of the suffix there
    bits : of a number in the stretch, of a rank, of a character
    keys, held : written: the keys, and the suffixes

    Returns
    -------
    used : how many are to be sorted
    """
    used, group = 0, 0
    begin = first
    while begin < last:
        end = begin + 1
        while end < last and not heads[end]:
            end += 1
        if end - begin > 1 and left[order[begin]] >= width:
            for i in range(begin, end):
                p = order[i]
                key = group
                for q in range(p + width, p + width + more):
                    key = (key << bits[2]) | (codes[q] if q < p + left[p] else 0)
                if more == 0:
                    key = (key << bits[1]) | (ranks[p + width] if left[p] > width else 0)
                keys[used] = (key << bits[0]) | used
                held[used] = p
                used += 1
            group += 1
        begin = end
    return used


@njit
def place(
    first: int,
    last: int,
    width: int,
    left: ShortArray,
    order: IdArray,
    heads: ByteArray,
    bits: IntArray,
    keys: IntArray,
    held: IdArray,
) -> None:
    """Put the suffixes of a stretch into their order, by the sorted keys of `gather`."""
    mask = (1 << bits[0]) - 1
    at, begin = 0, first
    while begin < last:
        end = begin + 1
        while end < last and not heads[end]:
            end += 1
        if end - begin > 1 and left[order[begin]] >= width:
            for i in range(begin, end):
                order[i] = held[keys[at] & mask]
                if i > begin and keys[at] >> bits[0] != keys[at - 1] >> bits[0]:
                    heads[i] = 1
                at += 1
        begin = end
