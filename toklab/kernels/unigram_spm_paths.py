"""Compiled twin of `toklab.algorithms.unigram_spm_paths`, and of the losses of `unigram_spm_steps`.

Layout: as in `toklab.kernels.unigram_spm`. The edges of one word have numbers in their order, and rows in ``ways``:
their piece, where they start, the edge before on the best way, and the next edge that ends at the same position.
"""

from __future__ import annotations

import math

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.unigram_spm import Singles, is_unknown
from toklab.types import ByteArray, IdArray, IntArray

PIECE, START, BEFORE, NEXT = range(4)
WAY_COLUMNS = 4
# Of the ways of the search from the end: the edge at which one begins, and the way after it.
EDGE, THEN = range(2)
AGENDA_COLUMNS = 3
QUEUE = 2
# What `two_best` gives: no more room, only one segmentation, or the best has several pieces.
FULL, ONLY, SPLIT = -1, -2, -3


@inner
def enter(
    number: int,
    piece: int,
    start: int,
    end: int,
    score: np.float32,
    top: int,
    second: np.float32,
    ways: IntArray,
    own: Singles,
    reached: Singles,
    heads: IntArray,
    tails: IntArray,
) -> None:
    """Write down an edge with the best way to its end.

    Parameters
    ----------
    top, second : the first of the best edges that end at ``start``, and the score of the best of the others
    """
    before = top
    value = score
    if top >= 0:
        value = reached[top] + score
        if second + score == value:  # after rounding, others are as good, maybe one that is before the best
            before = heads[start]
            while reached[before] + score != value:
                before = ways[before, NEXT]
    ways[number, PIECE], ways[number, START], ways[number, BEFORE], ways[number, NEXT] = piece, start, before, -1
    own[number], reached[number] = score, value
    if heads[end] < 0:
        heads[end] = number
    else:
        ways[tails[end], NEXT] = number
    tails[end] = number


@inner
def best_of(at: int, ways: IntArray, reached: Singles, heads: IntArray) -> tuple[int, np.float32]:
    """The first of the best edges that end at a position, -1 for none; and the score of the best of the others."""
    top = heads[at]
    second = np.float32(-np.inf)
    if top >= 0:
        other = ways[top, NEXT]
        while other >= 0:
            if reached[other] > reached[top]:
                second, top = reached[top], other
            else:
                second = max(second, reached[other])
            other = ways[other, NEXT]
    return top, second


@inner
def search(
    first: int,
    size: int,
    rows: IntArray,
    ids: IdArray,
    lengths: ByteArray,
    scores: Singles,
    unknown: np.float32,
    ways: IntArray,
    own: Singles,
    reached: Singles,
    heads: IntArray,
    tails: IntArray,
) -> int:
    """The best way to the end of each edge within ``size`` characters; gives how many edges there are."""
    for at in range(size + 1):
        heads[at] = -1
    number = 0
    for start in range(size):
        top, second = best_of(start, ways, reached, heads)
        begin, end = rows[first + start], rows[first + start + 1]
        for edge in range(begin, end):
            to = start + lengths[edge]
            if to > size:
                break
            piece = np.int64(ids[edge])
            enter(number, piece, start, to, scores[piece], top, second, ways, own, reached, heads, tails)
            number += 1
        if is_unknown(begin, end, lengths):
            enter(number, np.int64(0), start, start + 1, unknown, top, second, ways, own, reached, heads, tails)
            number += 1
    return number


@njit
def count_best(
    part: int,
    parts: int,
    starts: IntArray,
    sizes: IntArray,
    counts: Singles,
    rows: IntArray,
    ids: IdArray,
    lengths: ByteArray,
    scores: Singles,
    unknown: np.float32,
    ways: IntArray,
    own: Singles,
    reached: Singles,
    heads: IntArray,
    tails: IntArray,
    usage: Singles,
) -> None:
    """Add how often the best segmentations of every ``parts``-th word use each piece.

    Parameters
    ----------
    ways, own, reached : (most edges of a word and its characters, ...) scratch
    heads, tails : (characters of the longest word + 1,) scratch
    usage : added to
    """
    for word in range(part, len(starts), parts):
        size = sizes[word]
        search(starts[word], size, rows, ids, lengths, scores, unknown, ways, own, reached, heads, tails)
        at, _ = best_of(size, ways, reached, heads)
        while at >= 0:
            usage[ways[at, PIECE]] += counts[word]
            at = ways[at, BEFORE]


@inner
def rise(hole: int, way: int, agenda: IntArray, ahead: Singles) -> None:
    """Put a way into a hole of the heap, or above it while it is better than its parent."""
    while hole > 0 and ahead[agenda[(hole - 1) // 2, QUEUE]] < ahead[way]:
        agenda[hole, QUEUE] = agenda[(hole - 1) // 2, QUEUE]
        hole = (hole - 1) // 2
    agenda[hole, QUEUE] = way


@inner
def take(size: int, agenda: IntArray, ahead: Singles) -> int:
    """Take the best way out of a heap of ``size``."""
    top, last = agenda[0, QUEUE], agenda[size - 1, QUEUE]
    size -= 1
    hole = 0
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        if child + 1 < size and not ahead[agenda[child + 1, QUEUE]] < ahead[agenda[child, QUEUE]]:
            child += 1
        agenda[hole, QUEUE] = agenda[child, QUEUE]
        hole = child
    if size:
        rise(hole, last, agenda, ahead)
    return top


@inner
def two_best(
    edges: int,
    size: int,
    ways: IntArray,
    own: Singles,
    reached: Singles,
    heads: IntArray,
    agenda: IntArray,
    ahead: Singles,
    behind: Singles,
) -> int:
    """The second-best segmentation as the way at its first edge, or why there is none: `FULL`, `ONLY` or `SPLIT`."""
    agenda[0, EDGE], agenda[0, THEN], agenda[0, QUEUE] = edges, -1, 0
    ahead[0] = behind[0] = 0.0
    used, queued, found = 1, 1, 0
    while queued:
        way = take(queued, agenda, ahead)
        queued -= 1
        edge = agenda[way, EDGE]
        if edge < 0:
            found += 1
            if found == 2:
                return agenda[way, THEN]
            if agenda[agenda[agenda[way, THEN], THEN], THEN] >= 0:
                return SPLIT if queued else ONLY
            continue
        start = ways[edge, START] if edge < edges else size
        if used + size + 1 > len(ahead):
            return FULL
        other = heads[start]
        while start == 0 or other >= 0:
            agenda[used, EDGE], agenda[used, THEN] = other, way
            ahead[used] = behind[used] = behind[way]
            if other >= 0:
                ahead[used] += reached[other]
                behind[used] += own[other]
                other = ways[other, NEXT]
            rise(queued, used, agenda, ahead)
            used += 1
            queued += 1
            start = -1
    return ONLY


@njit
def lose(
    first_piece: int,
    last_piece: int,
    places: IntArray,
    sizes: ByteArray,
    rows: IntArray,
    ids: IdArray,
    lengths: ByteArray,
    scores: Singles,
    unknown: np.float32,
    usage: Singles,
    total: np.float32,
    ways: IntArray,
    own: Singles,
    reached: Singles,
    heads: IntArray,
    tails: IntArray,
    agenda: IntArray,
    ahead: Singles,
    behind: Singles,
    losses: Singles,
) -> int:
    """The losses of some pieces; see `toklab.algorithms.unigram_spm_steps.SpmSteps.losses`.

    Parameters
    ----------
    places, sizes : a position where each piece occurs, and its characters
    total : uses of all pieces
    ways, own, reached, heads, tails : scratch as for `count_best`, for words as long as a piece may be
    agenda, ahead, behind : (any, ...) scratch
    losses : written

    Returns
    -------
    piece : the first for which the scratch is too small; ``last_piece`` where all were done
    """
    log_all = np.float32(math.log(np.float64(total)))
    for piece in range(first_piece, last_piece):
        count = usage[piece]
        losses[piece] = -np.inf
        if count > 0:
            size = np.int64(sizes[piece])
            edges = search(places[piece], size, rows, ids, lengths, scores, unknown, ways, own, reached, heads, tails)
            way = two_best(edges, size, ways, own, reached, heads, agenda, ahead, behind)
            if way == FULL:
                return piece
            if way == ONLY:
                losses[piece] = np.inf
            elif way >= 0:
                losses[piece] = loss(count, total, log_all, way, ways, agenda, usage)
    return last_piece


@inner
def loss(
    count: np.float32,
    total: np.float32,
    log_all: np.float32,
    way: int,
    ways: IntArray,
    agenda: IntArray,
    usage: Singles,
) -> np.float32:
    """See `toklab.algorithms.unigram_spm_steps.spm_loss`; the others are those from ``way`` on."""
    more = 0
    at = agenda[way, THEN]
    while agenda[at, THEN] >= 0:
        more += 1
        at = agenda[at, THEN]
    log_total = np.float64(np.float32(math.log(np.float64(total + count * np.float32(more)))))
    alone = np.float32(0.0)
    at = way
    while agenda[at, THEN] >= 0:
        uses = usage[ways[agenda[at, EDGE], PIECE]]
        alone = np.float32(np.float64(alone) + (math.log(np.float64(uses + count)) - log_total))
        at = agenda[at, THEN]
    with_it = np.float32(math.log(np.float64(count)) - np.float64(log_all))
    return np.float32(count / total) * (with_it - alone)
