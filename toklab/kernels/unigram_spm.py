"""Compiled twin of the expectation and the estimate of `toklab.algorithms.unigram_spm_steps`: the same bits.

Layout: the pieces that begin at position p are its edges, ``rows[p]`` to ``rows[p + 1]`` in ``ids`` (piece) and
``lengths`` (characters), shortest first and never past the word's end. A word is some positions in a row. Where no
piece is the character of a position by itself, the unknown is an edge too, after those that are there.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from toklab.kernels import inner, njit
from toklab.types import ByteArray, IdArray, IntArray

Singles = npt.NDArray[np.float32]


@inner
def log_add(x: np.float32, y: np.float32) -> np.float32:
    """See `toklab.algorithms.single.log_add`."""
    low, high = min(x, y), max(x, y)
    if high > low + np.float32(50.0):
        return high
    return np.float32(np.float64(high) + math.log1p(math.exp(np.float64(low - high))))


@inner
def is_unknown(begin: int, end: int, lengths: ByteArray) -> bool:
    """Whether no piece is a position's character by itself; edges are in order of their lengths."""
    return begin == end or lengths[begin] != 1


@inner
def use(expected: Singles, piece: int, count: np.float32, log: np.float32) -> None:
    """Add uses of a piece whose probability is given as its log."""
    expected[piece] = np.float64(expected[piece]) + np.float64(count) * math.exp(np.float64(log))


@inner
def expect_word(
    first: int,
    size: int,
    count: np.float32,
    rows: IntArray,
    ids: IdArray,
    lengths: ByteArray,
    scores: Singles,
    unknown: np.float32,
    forward: Singles,
    backward: Singles,
    expected: Singles,
) -> None:
    """One word; see `toklab.algorithms.unigram_spm_steps.expect_word`."""
    for at in range(size + 1):
        forward[at] = backward[at] = -np.inf
    forward[0] = backward[size] = 0.0
    for start in range(size):
        begin, end = rows[first + start], rows[first + start + 1]
        here = forward[start]
        for edge in range(begin, end):
            to = start + lengths[edge]
            forward[to] = log_add(forward[to], scores[ids[edge]] + here)
        if is_unknown(begin, end, lengths):
            forward[start + 1] = log_add(forward[start + 1], unknown + here)
    for start in range(size - 1, -1, -1):
        begin, end = rows[first + start], rows[first + start + 1]
        sums = backward[start]
        for edge in range(begin, end):
            sums = log_add(sums, scores[ids[edge]] + backward[start + lengths[edge]])
        if is_unknown(begin, end, lengths):
            sums = log_add(sums, unknown + backward[start + 1])
        backward[start] = sums
    for start in range(size):
        begin, end = rows[first + start], rows[first + start + 1]
        here = forward[start]
        for edge in range(begin, end):
            log = here + scores[ids[edge]] + backward[start + lengths[edge]] - forward[size]
            use(expected, ids[edge], count, log)
        if is_unknown(begin, end, lengths):
            use(expected, 0, count, here + unknown + backward[start + 1] - forward[size])


@njit
def expect(
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
    forward: Singles,
    backward: Singles,
    expected: Singles,
) -> None:
    """Expected uses of each piece in every ``parts``-th word, added to ``expected``.

    Parameters
    ----------
    starts, sizes, counts : of each word: its first position, its characters, its occurrences
    scores, unknown : log probabilities
    forward, backward : (characters of the longest word + 1,) scratch
    """
    for word in range(part, len(starts), parts):
        expect_word(
            *(starts[word], sizes[word], counts[word], rows, ids, lengths, scores, unknown),
            *(forward, backward, expected),
        )


@inner
def digamma(x: float) -> float:
    """See `toklab.algorithms.unigram_spm_steps.digamma`."""
    shifted = 0.0
    while x < 7.0:
        shifted -= 1.0 / x
        x += 1.0
    x -= 0.5
    inverse = 1.0 / x
    s = inverse * inverse
    fourth = s * s
    series = math.log(x) + 1.0 / 24.0 * s - 7.0 / 960.0 * fourth
    return shifted + (series + 31.0 / 8064.0 * fourth * s - 127.0 / 30720.0 * fourth * fourth)


@njit
def estimate(counts: Singles, scores: Singles) -> None:
    """See `toklab.algorithms.unigram_spm_steps.estimate`."""
    total = np.float32(0.0)
    for i in range(len(counts)):
        total += counts[i]
    base = np.float32(digamma(np.float64(total)))
    for i in range(len(counts)):
        scores[i] = digamma(np.float64(counts[i])) - np.float64(base)


@njit
def log_shares(weights: Singles, scores: Singles) -> None:
    """See `toklab.algorithms.unigram_spm_steps.shares`."""
    total = 0.0
    for i in range(len(weights)):
        total += np.float64(weights[i])
    log_total = math.log(total)
    for i in range(len(weights)):
        scores[i] = math.log(np.float64(weights[i])) - log_total
