"""Compiled twin of `toklab.algorithms.unigram_steps.seeds`: repeated substrings of words, by a suffix array.

Sorted suffixes of all words, each cut at its word's end, stand in a suffix tree whose nodes are stretches of the
array (Abouelhoda, Kurtz and Ohlebusch 2004, "Replacing suffix trees with enhanced suffix arrays"). A node's string is
one that is not always followed by the same character. Where it occurs is its stretch, so the same array also says
which pieces fit where: no word is ever looked up in a dictionary.

Layout: as in `toklab.kernels.unigram_suffixes`. Word w is the positions ``starts[w]`` to ``starts[w + 1]``, and
``blocks[b]`` is the word of position ``b << BLOCK_BITS``.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.unigram_chains import pack
from toklab.types import IdArray, IntArray, ShortArray

# Positions of which one says its word: about a word's, so that the next words are seldom looked at.
BLOCK_BITS = 4
# Suffixes that share fewer characters share no seed.
SHORTEST = 2


@inner
def owner_of(p: int, starts: IntArray, blocks: IdArray) -> int:
    """The word of a position."""
    word = np.int64(blocks[p >> BLOCK_BITS])
    while starts[word + 1] <= p:
        word += 1
    return word


@inner
def common_prefix(codes: IdArray, a: int, b: int, most: int) -> int:
    """Characters that two suffixes share, up to a limit."""
    same, limit, one, other = np.uint64(0), np.uint64(most), np.uint64(a), np.uint64(b)
    while same < limit and codes[one + same] == codes[other + same]:
        same += np.uint64(1)
    return np.int64(same)


@njit
def next_cut(at: int, codes: IdArray, order: IdArray, starts: IntArray, blocks: IdArray) -> int:
    """The first suffix from ``at`` on that shares no seed with the one before it; their number if there is none."""
    while 0 < at < len(order):
        p, q = np.int64(order[at - 1]), np.int64(order[at])
        ends = starts[owner_of(p, starts, blocks) + 1] - p, starts[owner_of(q, starts, blocks) + 1] - q
        if common_prefix(codes, p, q, min(ends[0], ends[1], SHORTEST)) < SHORTEST:
            break
        at += 1
    return at


@inner
def note(
    firsts: IdArray,
    lasts: IdArray,
    sizes: ShortArray,
    weights: IntArray,
    used: int,
    first: int,
    last: int,
    length: int,
    count: int,
) -> int:
    """Write down a node whose string is a seed, if there is room; gives how many there are now."""
    if length < SHORTEST or count < 2:
        return used
    row = len(firsts) - 1 - used
    if row >= 0:
        firsts[row], lasts[row], sizes[row], weights[row] = first, last, length, count
    return used + 1


@njit
def repeated(
    begin: int,
    end: int,
    codes: IdArray,
    order: IdArray,
    starts: IntArray,
    blocks: IdArray,
    counts: IntArray,
    longest: int,
    stack: IntArray,
    firsts: IdArray,
    lasts: IdArray,
    sizes: ShortArray,
    totals: IntArray,
) -> int:
    """List the substrings of 2 characters or more that occur twice or more and are not always followed by the same.

    From the last suffix to the first, and from the last row to the first: so the nodes stand by their first suffix,
    the shorter first, each before all that are inside it.

    Parameters
    ----------
    begin, end : the suffixes to look at; neither shares a seed with the one before it
    counts : the occurrences of each word
    longest : characters of a suffix that count
    stack : (longest + 2, 3) scratch: characters, the suffix behind the stretch, the occurrences from there on
    firsts, lasts, sizes, totals : written: first and last + 1 suffix of the stretch, characters, occurrences

    Returns
    -------
    used : how many there are, with or without room for them
    """
    used, top = np.int64(0), 0
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, 0
    behind, shared_behind = np.int64(0), np.int64(0)
    p = np.int64(order[end - 1]) if begin < end else np.int64(0)
    word = owner_of(p, starts, blocks)
    length = min(starts[word + 1] - p, longest)
    for i in range(end - 1, begin - 1, -1):
        # The suffix before this one, which comes next.
        q, word_before, length_before, shared = p, word, length, np.int64(0)
        if i > begin:
            q = np.int64(order[i - 1])
            word_before = owner_of(q, starts, blocks)
            length_before = min(starts[word_before + 1] - q, longest)
            shared = common_prefix(codes, q, p, min(length_before, length))
        right, beyond = i + 1, behind
        behind += counts[word]
        if length > max(shared_behind, shared):
            used = note(firsts, lasts, sizes, totals, used, i, right, length, behind - beyond)
        while stack[top, 0] > shared:
            right, beyond = stack[top, 1], stack[top, 2]
            used = note(firsts, lasts, sizes, totals, used, i, right, stack[top, 0], behind - beyond)
            top -= 1
        if stack[top, 0] < shared:
            top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = shared, right, beyond
        p, word, length, shared_behind = q, word_before, length_before, shared
    return used


@njit
def link(
    codes: IdArray,
    order: IdArray,
    firsts: IdArray,
    lasts: IdArray,
    sizes: ShortArray,
    numbers: IdArray,
    required: int,
    stack: IntArray,
    table: IntArray,
) -> None:
    """Write the chains of pieces: see `toklab.kernels.unigram_chains`.

    Parameters
    ----------
    codes : 1 + the piece that is the character; written: the longest piece that begins there
    firsts, lasts, sizes : nodes, as `repeated` puts them in order
    numbers : piece of each node, -1 for none
    required : how many pieces are characters, which come first
    stack : (longest + 2, 2) scratch
    table : written
    """
    for piece in range(required):
        table[piece] = pack(-1, 1, 1)
    top, node = 0, 0
    for i in range(len(order)):
        while top > 0 and stack[top, 0] <= i:
            top -= 1
        stack[0, 1] = codes[order[i]] - 1
        while node < len(firsts) and firsts[node] == i:
            if numbers[node] >= 0:
                table[numbers[node]] = pack(stack[top, 1], top + 2, np.int64(sizes[node]))
                top += 1
                stack[top, 0], stack[top, 1] = lasts[node], numbers[node]
            node += 1
        codes[order[i]] = stack[top, 1]
