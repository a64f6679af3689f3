"""Compiled twin of `toklab.algorithms.unigram_steps.seeds`: repeated substrings of words, by a suffix array.

Sorted suffixes of all words, each cut at its word's end, stand in a suffix tree whose nodes are stretches of the
array (Abouelhoda, Kurtz and Ohlebusch 2004, "Replacing suffix trees with enhanced suffix arrays"). A node's string is
one that is not always followed by the same character. Where it occurs is its stretch, so the same array also says
which pieces fit where: no word is ever looked up in a dictionary.

Layout: as in `toklab.kernels.unigram_suffixes`.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.unigram_chains import pack
from toklab.types import IdArray, IntArray, ShortArray


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
    left: ShortArray,
    order: IdArray,
    common: ShortArray,
    owners: IdArray,
    counts: IntArray,
    stack: IntArray,
    nodes: IntArray,
) -> int:
    """List the substrings of 2 characters or more that occur twice or more and are not always followed by the same.

    From the last suffix to the first, and from the last row to the first: so the nodes stand by their first suffix,
    the shorter first, each before all that are inside it.

    Parameters
    ----------
    common : characters that each suffix shares with the one before it in the order
    owners, counts : the word of each position, the occurrences of each word
    stack : (longest + 2, 3) scratch: characters, the suffix behind the stretch, the occurrences from there on
    nodes : (any, 4) written: first and last + 1 suffix of the stretch, characters, occurrences

    Returns
    -------
    used : how many there are, with or without room for them
    """
    used, top = np.int64(0), 0
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, 0
    behind, shared_behind = np.int64(0), np.int64(0)
    for i in range(len(order) - 1, -1, -1):
        shared = np.int64(common[i])
        length = np.int64(left[order[i]])
        right, beyond = i + 1, behind
        behind += counts[owners[order[i]]]
        if length > max(shared_behind, shared):
            used = note(nodes, used, i, right, length, behind - beyond)
        while stack[top, 0] > shared:
            right, beyond = stack[top, 1], stack[top, 2]
            used = note(nodes, used, i, right, stack[top, 0], behind - beyond)
            top -= 1
        if stack[top, 0] < shared:
            top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = shared, right, beyond
        shared_behind = shared
    return used


@njit
def link(
    codes: IdArray,
    order: IdArray,
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
