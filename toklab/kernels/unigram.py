"""Compiled twin of the steps of `toklab.algorithms.unigram_steps`: the same floats added in the same order.

Layout: position p is a character of some word; word w is the positions ``starts[w]`` to ``starts[w + 1]``. The pieces
that fit at p are a chain from ``deepest[p]`` on in ``table``, see `toklab.kernels.unigram_chains`.
"""

from __future__ import annotations

import math

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.unigram_chains import parent_of, size_of
from toklab.types import ByteArray, FloatArray, IdArray, IntArray

TINY, HUGE = 2.0**-256, 2.0**256
LOG_HUGE = math.log(HUGE)
# Indices that cannot be negative need no code for those that are.
ONE = np.uint64(1)


@njit
def weigh(scores: FloatArray, weights: FloatArray) -> None:
    """Probabilities of log probabilities."""
    for i in range(len(scores)):
        weights[i] = math.exp(scores[i])


@njit
def log_shares(weights: IntArray, scores: FloatArray) -> None:
    """Log of each weight's share of all."""
    total = 0
    for i in range(len(weights)):
        total += weights[i]
    for i in range(len(weights)):
        scores[i] = math.log(weights[i]) - math.log(total)


@inner
def next_frame(sums: FloatArray, start: int, last: int) -> int:
    """Move the sums that are still needed by one frame if all are small; gives by how many they moved."""
    for at in range(start, last + 1):
        if sums[at] >= TINY:
            return 0
    for at in range(start, last + 1):
        sums[at] *= HUGE
    return 1


@inner
def expect_word(
    first: int,
    size: int,
    count: int,
    deepest: IdArray,
    table: IntArray,
    weights: FloatArray,
    longest: int,
    forward: FloatArray,
    backward: FloatArray,
    frames: IntArray,
    expected: FloatArray,
) -> float:
    """One word; see `toklab.algorithms.unigram_steps.expect_word`."""
    begin, stop, reach = np.uint64(first), np.uint64(size), np.uint64(longest)
    for at in range(stop):
        forward[at + ONE] = 0.0
    forward[np.uint64(0)] = backward[stop] = 1.0
    frame = 0
    for start in range(stop):
        if forward[start] < TINY:
            frame += next_frame(forward, start, min(stop, start + reach))
        frames[start] = frame
        here = forward[start]
        piece = np.int64(deepest[begin + start])
        while piece >= 0:
            row = table[np.uint64(piece)]
            forward[start + np.uint64(size_of(row))] += here * weights[np.uint64(piece)]
            piece = parent_of(row)
    scale = count / forward[stop]
    back_frame = 0
    for behind in range(stop):
        start = stop - behind - ONE
        share = forward[start] * scale
        ahead = frame - frames[start] - back_frame
        while ahead > 0:
            share *= HUGE
            ahead -= 1
        while ahead < 0:
            share *= TINY
            ahead += 1
        total = 0.0
        piece = np.int64(deepest[begin + start])
        while piece >= 0:
            row = table[np.uint64(piece)]
            part = weights[np.uint64(piece)] * backward[start + np.uint64(size_of(row))]
            total += part
            expected[np.uint64(piece)] += share * part
            piece = parent_of(row)
        backward[start] = total
        if total < TINY:
            back_frame += next_frame(backward, start, min(stop, start + reach))
    return count * (math.log(forward[stop]) - frame * LOG_HUGE)


@njit
def expect(
    first_word: int,
    last_word: int,
    starts: IntArray,
    counts: IntArray,
    deepest: IdArray,
    table: IntArray,
    weights: FloatArray,
    longest: int,
    forward: FloatArray,
    backward: FloatArray,
    frames: IntArray,
    expected: FloatArray,
) -> float:
    """Expected uses of each piece in some of the words, added to ``expected``; gives their log likelihood.

    Parameters
    ----------
    weights : (pieces,) probabilities
    longest : characters that a piece may have
    forward, backward, frames : (characters of the longest word + 1,) scratch
    """
    likelihood = 0.0
    for word in range(first_word, last_word):
        first = starts[word]
        likelihood += expect_word(
            *(first, starts[word + 1] - first, counts[word], deepest, table, weights, longest),
            *(forward, backward, frames, expected),
        )
    return likelihood


@inner
def digamma(x: float) -> float:
    """See `toklab.algorithms.unigram_steps.digamma`."""
    shifted = 0.0
    while x < 7.0:
        shifted -= 1.0 / x
        x += 1.0
    x -= 0.5
    s = 1.0 / (x * x)
    series = s * (1.0 / 24.0 - s * (7.0 / 960.0 - s * (31.0 / 8064.0 - s * (127.0 / 30720.0))))
    return shifted + math.log(x) + series


@njit
def estimate(counts: FloatArray, scores: FloatArray) -> None:
    """Log probabilities from expected counts."""
    total = 0.0
    for i in range(len(counts)):
        total += counts[i]
    base = digamma(total)
    for i in range(len(counts)):
        scores[i] = digamma(counts[i]) - base


@inner
def best_path(
    first: int,
    size: int,
    left_out: int,
    deepest: IdArray,
    table: IntArray,
    scores: FloatArray,
    best: FloatArray,
    last: IdArray,
) -> None:
    """Viterbi over ``size`` characters without one piece: ``last`` is the piece that ends at each position.

    Of equal scores the one that begins first stays, as in `toklab.algorithms.lattice.Lattice.best`.
    """
    begin, stop = np.uint64(first), np.uint64(size)
    for at in range(stop):
        last[at + ONE] = -1
    best[np.uint64(0)] = 0.0
    for start in range(stop):
        here = best[start]
        piece = np.int64(deepest[begin + start])
        while piece >= 0:
            row = table[np.uint64(piece)]
            end = start + np.uint64(size_of(row))
            if end <= stop and piece != left_out:
                score = here + scores[np.uint64(piece)]
                if last[end] < 0 or score > best[end]:
                    best[end], last[end] = score, piece
            piece = parent_of(row)


@njit
def use(
    first_word: int,
    last_word: int,
    starts: IntArray,
    counts: IntArray,
    deepest: IdArray,
    table: IntArray,
    scores: FloatArray,
    best: FloatArray,
    last: IdArray,
    usage: IntArray,
) -> None:
    """Add how often the best segmentations of some of the words use each piece."""
    for word in range(first_word, last_word):
        first, at = starts[word], starts[word + 1] - starts[word]
        best_path(first, at, np.int64(-1), deepest, table, scores, best, last)
        while at > 0:
            piece = last[at]
            usage[piece] += counts[word]
            at -= size_of(table[piece])


@inner
def x_log_x(count: int) -> float:
    """See `toklab.algorithms.unigram_steps.x_log_x`."""
    return count * math.log(count) if count else 0.0


@njit
def lose(
    first_piece: int,
    last_piece: int,
    places: IdArray,
    sizes: ByteArray,
    deepest: IdArray,
    table: IntArray,
    scores: FloatArray,
    usage: IntArray,
    total: int,
    best: FloatArray,
    last: IdArray,
    others: IntArray,
    losses: FloatArray,
) -> None:
    """What the log likelihood would lose without each of some pieces; see `unigram_steps.loss`.

    Parameters
    ----------
    places, sizes : a position where each piece occurs, and its characters
    total : uses of all pieces
    best, last, others : (characters that a piece may have + 1,) scratch
    losses : written
    """
    for piece in range(first_piece, last_piece):
        count = usage[piece]
        number, at = 0, np.int64(sizes[piece])
        best_path(places[piece], at, piece, deepest, table, scores, best, last)
        while at > 0:
            number += 1
            others[len(others) - number] = last[at]
            at -= size_of(table[last[at]])
        gained = 0.0
        begin = len(others) - number
        for i in range(begin, len(others)):
            times, seen = 0, False
            for j in range(begin, len(others)):
                if others[j] == others[i]:
                    seen |= j < i
                    times += 1
            if not seen:
                uses = usage[others[i]]
                gained += x_log_x(uses + times * count) - x_log_x(uses)
        losses[piece] = x_log_x(count) - gained - x_log_x(total) + x_log_x(total + count * (number - 1))
