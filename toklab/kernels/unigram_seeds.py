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
from toklab.types import ByteArray, IdArray, IntArray


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
    if used < len(nodes):
        nodes[used, 0], nodes[used, 1], nodes[used, 2], nodes[used, 3] = first, last, length, count
    return used + 1


@njit
def repeated(
    ends: IntArray, order: IntArray, common: IntArray, before: IntArray, longest: int, stack: IntArray, nodes: IntArray
) -> int:
    """List the substrings of 2 characters or more that occur twice or more and are not always followed by the same.

    Parameters
    ----------
    before : (n + 1,) occurrences of the suffixes before each in the order
    stack : (longest + 2, 2) scratch
    nodes : (any, 4) written: first and last + 1 suffix of the stretch, characters, occurrences

    Returns
    -------
    used : how many there are, with or without room for them
    """
    used, top = np.int64(0), 0
    stack[0, 0], stack[0, 1] = 0, 0
    for i in range(1, len(order) + 1):
        shared = common[i]
        length = min(longest, ends[order[i - 1]] - order[i - 1])
        if length > max(common[i - 1], shared):
            used = note(nodes, used, i - 1, i, length, before[i] - before[i - 1])
        left = i - 1
        while stack[top, 0] > shared:
            left = stack[top, 1]
            used = note(nodes, used, left, i, stack[top, 0], before[i] - before[left])
            top -= 1
        if stack[top, 0] < shared:
            top += 1
            stack[top, 0], stack[top, 1] = shared, left
    return used


@njit
def count_edges(order: IntArray, nodes: IntArray, rows: IntArray) -> None:
    """Where the edges of each position begin, (n + 1,): one for its character, one for each node that holds it."""
    for p in range(len(rows)):
        rows[p] = 1 if p else 0
    for node in range(len(nodes)):
        for i in range(nodes[node, 0], nodes[node, 1]):
            rows[order[i] + 1] += 1
    for p in range(1, len(rows)):
        rows[p] += rows[p - 1]


@njit
def fill_edges(
    codes: IdArray,
    order: IntArray,
    nodes: IntArray,
    by_length: IntArray,
    required: int,
    rows: IntArray,
    fill: IntArray,
    ids: IdArray,
    lengths: ByteArray,
) -> None:
    """Write the edges of each position, shortest first.

    Parameters
    ----------
    nodes : the seeds that are no characters, in the order of their ids, which begin at ``required``
    by_length : the nodes, shortest first
    fill : (n,) scratch
    ids, lengths : written: piece and characters of each edge
    """
    for p in range(len(codes)):
        ids[rows[p]], lengths[rows[p]] = codes[p] - 1, 1
        fill[p] = rows[p] + 1
    for node in by_length:
        for i in range(nodes[node, 0], nodes[node, 1]):
            p = order[i]
            ids[fill[p]], lengths[fill[p]] = required + node, nodes[node, 2]
            fill[p] += 1
