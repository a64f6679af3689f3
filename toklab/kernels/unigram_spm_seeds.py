"""Compiled twin of `toklab.algorithms.unigram_spm_seeds.seeds`: which nodes of a suffix tree may be pieces.

Layout: as in `toklab.kernels.unigram_seeds`, with what follows each word, its tail, after it: U+2581, or NUL and the
byte with which the next sentence begins. NUL has the number 1.
"""

from __future__ import annotations

from toklab.kernels import njit
from toklab.kernels.unigram_chains import depth_of, parent_of, size_of
from toklab.types import ByteArray, IdArray, IntArray

NUL = 1
# What `reaches` takes for a script: no piece of several characters holds such a one, or only as its first, or it has
# none of its own.
NEVER, SPACE, INHERITED = -1, -2, -3


@njit
def reaches(scripts: IdArray, stops: IntArray, longest: int, limits: ByteArray) -> None:
    """Characters of the longest piece that may begin at each position; 0 for one that may only be alone.

    Parameters
    ----------
    scripts : of each character: a number, `NEVER`, `SPACE` or `INHERITED`
    stops : where the word of each position ends, without its tail
    limits : written
    """
    for p in range(len(scripts)):
        before = NEVER
        q = p
        while q < min(p + longest, stops[p]):
            script = scripts[q]
            if script == NEVER or (script == SPACE and q > p):
                break
            if script >= 0:
                if before >= 0 and script != before:
                    break
                before = script
            q += 1
        limits[p] = q - p


@njit
def choose(codes: IdArray, leads: IdArray, ends: IntArray, limits: ByteArray, order: IdArray, nodes: IntArray) -> int:
    """Move the nodes that may be pieces to the front, as texts without the NUL after them; gives how many they are.

    A node is one of the library only if different bytes follow it. Its children are in order, so the first and the
    last tell that.

    Parameters
    ----------
    leads : first byte of each character
    ends : where the tail of each position's word ends
    nodes : see `toklab.kernels.unigram_seeds.repeated`
    """
    used = 0
    for node in range(len(nodes)):
        depth = nodes[node, 2]
        p, q = order[nodes[node, 0]], order[nodes[node, 1] - 1]
        length = depth
        if depth == limits[p] + 1 and codes[p + depth - 1] == NUL:
            length -= 1
        if length < 2 or length > limits[p]:
            continue
        one = leads[p + depth] if p + depth < ends[p] else -1
        other = leads[q + depth] if q + depth < ends[q] else -1
        if one != other:
            nodes[used, 0], nodes[used, 1] = nodes[node, 0], nodes[node, 1]
            nodes[used, 2], nodes[used, 3] = length, nodes[node, 3]
            used += 1
    return used


@njit
def first_places(order: IdArray, nodes: IntArray, places: IntArray) -> None:
    """The first position where each node's text stands."""
    for node in range(len(nodes)):
        place = order[nodes[node, 0]]
        for i in range(nodes[node, 0], nodes[node, 1]):
            place = min(place, order[i])
        places[node] = place


@njit
def spread(deepest: IdArray, table: IntArray, rows: IntArray, ids: IdArray, lengths: ByteArray) -> None:
    """Write the edges of each position, shortest first: the chains of `toklab.kernels.unigram_chains`, one by one.

    Parameters
    ----------
    rows : (positions + 1,) written: where those of each position begin
    ids, lengths : written: piece and characters of each edge; or empty, to find the rows
    """
    rows[0] = 0
    for p in range(len(deepest)):
        piece = deepest[p]
        edge = rows[p + 1] = rows[p] + depth_of(table[piece])
        if edge <= len(ids):
            while piece >= 0:
                edge -= 1
                ids[edge], lengths[edge] = piece, size_of(table[piece])
                piece = parent_of(table[piece])


@njit
def keep(numbers: IdArray, rows: IntArray, ids: IdArray, lengths: ByteArray) -> int:
    """Give pieces new numbers and drop the edges of those whose number is -1; gives how many edges are left."""
    used = 0
    begin = rows[0]
    for p in range(len(rows) - 1):
        end = rows[p + 1]
        for edge in range(begin, end):
            number = numbers[ids[edge]]
            if number >= 0:
                ids[used], lengths[used] = number, lengths[edge]
                used += 1
        begin = end
        rows[p + 1] = used
    return used
