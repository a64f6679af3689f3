"""Compiled twin of `toklab.algorithms.unigram_steps.seeds`: repeated substrings of words, by a suffix array.

Sorted suffixes of all words, each cut at its word's end, stand in a suffix tree whose nodes are stretches of the
array (Abouelhoda, Kurtz and Ohlebusch 2004, "Replacing suffix trees with enhanced suffix arrays"). A node's string is
one that is not always followed by the same character. Where it occurs is its stretch, so the same array also says
which pieces fit where: no word is ever looked up in a dictionary.

Layout: ``codes`` are the characters of all words, end to end, as numbers from 1 in code point order; position p is a
character there, and ``ends[p]`` is where its word ends.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.unigram_chains import pack
from toklab.types import IdArray, IntArray


@njit
def first_keys(codes: IdArray, ends: IntArray, width: int, bits: int, keys: IntArray) -> None:
    """The first ``width`` characters of each suffix as one number of ``width * bits`` bits; 0 after the word's end."""
    for p in range(len(codes)):
        key = 0
        for q in range(p, p + width):
            key = (key << bits) | (codes[q] if q < ends[p] else 0)
        keys[p] = key


@njit
def rank_suffixes(order: IntArray, keys: IntArray, ranks: IntArray) -> int:
    """Number the distinct keys from 1 in their order; gives how many there are."""
    rank = 0
    before = -1
    for p in order:
        if keys[p] != before:
            rank += 1
            before = keys[p]
        ranks[p] = rank
    return rank


@njit
def double_keys(ranks: IntArray, ends: IntArray, width: int, distinct: int, keys: IntArray) -> None:
    """Keys of twice as many characters: a suffix's rank, then that of the suffix ``width`` characters on."""
    for p in range(len(ranks)):
        keys[p] = ranks[p] * (distinct + 1) + (ranks[p + width] if p + width < ends[p] else 0)


@njit
def common_prefixes(codes: IdArray, ends: IntArray, order: IntArray, longest: int, common: IntArray) -> None:
    """``common[i]``: characters, up to ``longest``, that suffixes i - 1 and i share; 0 at both ends."""
    common[0] = common[len(order)] = 0
    for i in range(1, len(order)):
        a, b = order[i - 1], order[i]
        most = min(longest, ends[a] - a, ends[b] - b)
        same = 0
        while same < most and codes[a + same] == codes[b + same]:
            same += 1
        common[i] = same


@inner
def note(nodes: IntArray, used: int, first: int, last: int, length: int, count: int) -> int:
    """Write down a node whose string is a seed, if there is room; gives how many there are now."""
    if length < 2 or count < 2:
        return used
    row = len(nodes) - 1 - used
    if row >= 0:
        nodes[row, 0], nodes[row, 1], nodes[row, 2], nodes[row, 3] = first, last, length, count
    return used + 1


@njit
def repeated(
    ends: IntArray, order: IntArray, common: IntArray, before: IntArray, longest: int, stack: IntArray, nodes: IntArray
) -> int:
    """List the substrings of 2 characters or more that occur twice or more and are not always followed by the same.

    From the last suffix to the first, and from the last row to the first: so the nodes stand by their first suffix,
    the shorter first, each before all that are inside it.

    Parameters
    ----------
    before : (n + 1,) occurrences of the suffixes before each in the order
    stack : (longest + 2, 2) scratch
    nodes : (as many as there are, 4) written: first and last + 1 suffix of the stretch, characters, occurrences; or
        no rows, to count

    Returns
    -------
    used : how many there are
    """
    used, top = np.int64(0), 0
    stack[0, 0], stack[0, 1] = 0, 0
    for i in range(len(order) - 1, -1, -1):
        shared = common[i]
        length = min(longest, ends[order[i]] - order[i])
        if length > max(common[i + 1], shared):
            used = note(nodes, used, i, i + 1, length, before[i + 1] - before[i])
        right = i + 1
        while stack[top, 0] > shared:
            right = stack[top, 1]
            used = note(nodes, used, i, right, stack[top, 0], before[right] - before[i])
            top -= 1
        if stack[top, 0] < shared:
            top += 1
            stack[top, 0], stack[top, 1] = shared, right
    return used


@njit
def link(
    codes: IdArray,
    order: IntArray,
    nodes: IntArray,
    numbers: IdArray,
    required: int,
    stack: IntArray,
    deepest: IdArray,
    table: IntArray,
) -> None:
    """Write the chains of pieces: see `toklab.kernels.unigram`.

    Parameters
    ----------
    codes : here 1 + the piece that is the character
    nodes : as `repeated` puts them in order
    numbers : piece of each node, -1 for none
    required : how many pieces are characters, which come first
    stack : (longest + 2, 2) scratch
    deepest, table : written
    """
    for piece in range(required):
        table[piece] = pack(-1, 1, 1)
    top, node = 0, 0
    for i in range(len(order)):
        while top > 0 and stack[top, 0] <= i:
            top -= 1
        stack[0, 1] = codes[order[i]] - 1
        while node < len(nodes) and nodes[node, 0] == i:
            if numbers[node] >= 0:
                table[numbers[node]] = pack(stack[top, 1], top + 2, nodes[node, 2])
                top += 1
                stack[top, 0], stack[top, 1] = nodes[node, 1], numbers[node]
            node += 1
        deepest[order[i]] = stack[top, 1]
