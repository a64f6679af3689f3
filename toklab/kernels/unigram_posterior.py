"""Compiled twin of `toklab.algorithms.posterior.judge`: the same floats added in the same order.

Layout: position p is a byte of the word, reached at the ends of pieces only. ``sums[p]`` is (top, sum, logs) of the
ways to it; ``ways[p]`` are the scores of the best ways to it, ``counts[p]`` of them, best first; ``froms[p]`` says for
each from which way to which position it came, as position * `BEST` + rank.
"""

from __future__ import annotations

import math

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.encode_unigram import width_of
from toklab.kernels.trie import ENTRY, child_of
from toklab.types import ByteArray, FloatArray, IntArray, StepArray

BEST = 8
TOP, SUM, LOGS = 0, 1, 2
LN2 = math.log(2.0)


@inner
def add(start: int, end: int, score: float, sums: FloatArray) -> None:
    """Add the ways that end with one piece to the sums of a position."""
    log = sums[start, TOP] + math.log(sums[start, SUM]) + score
    mean = sums[start, LOGS] / sums[start, SUM] + score
    if log > sums[end, TOP]:
        scale = math.exp(sums[end, TOP] - log)
        sums[end, TOP] = log
        sums[end, SUM] = sums[end, SUM] * scale + 1.0
        sums[end, LOGS] = sums[end, LOGS] * scale + mean
    else:
        weight = math.exp(log - sums[end, TOP])
        sums[end, SUM] += weight
        sums[end, LOGS] += weight * mean


@inner
def rank(start: int, end: int, score: float, ways: FloatArray, froms: IntArray, counts: IntArray) -> None:
    """Put the best ways that end with one piece among those of a position; of equal ones, earlier ones stay ahead."""
    for before in range(counts[start]):
        found = ways[start, before] + score
        at = counts[end]
        if at == BEST:
            if found <= ways[end, BEST - 1]:
                return
            at -= 1
        else:
            counts[end] += 1
        while at > 0 and found > ways[end, at - 1]:
            ways[end, at], froms[end, at] = ways[end, at - 1], froms[end, at - 1]
            at -= 1
        ways[end, at], froms[end, at] = found, start * BEST + before


@inner
def diversity(size: int, ways: FloatArray, froms: IntArray, counts: IntArray, marks: IntArray) -> float:
    """Expected Jaccard distance between the cuts of two of the best ways; ``marks`` says which ways cut where."""
    number = counts[size]
    for at in range(size + 1):
        marks[at] = 0
    for way in range(number):
        at, one = size, way
        while at > 0:
            marks[at] |= 1 << way
            before = froms[at, one]
            at, one = before // BEST, before % BEST
    apart, total = 0.0, 0.0
    for first in range(number):
        mine = math.exp(ways[size, first] - ways[size, 0])
        total += mine
        for second in range(first + 1, number):
            both, either = 0, 0
            for at in range(1, size):
                both += marks[at] >> first & marks[at] >> second & 1
                either += (marks[at] >> first | marks[at] >> second) & 1
            theirs = math.exp(ways[size, second] - ways[size, 0])
            apart += mine * theirs * (1.0 - both / either)
    return 2.0 * apart / (total * total)


@njit
def judge(
    text: ByteArray,
    starts: IntArray,
    links: StepArray,
    scores: FloatArray,
    penalty: float,
    sums: FloatArray,
    ways: FloatArray,
    froms: IntArray,
    counts: IntArray,
    marks: IntArray,
    found: FloatArray,
) -> None:
    """Judge every word.

    Parameters
    ----------
    text, starts : the words in UTF-8, end to end, and where each begins
    links, scores : (slots,) the trie of `toklab.kernels.trie`, and the score of the piece that ends at each slot
    penalty : score of an unknown character
    sums, ways, froms : (bytes of the longest word + 1, 3 or BEST) scratch
    counts, marks : (bytes of the longest word + 1,) scratch
    found : (words, 3) written: bits, entropy in bits, diversity
    """
    for word in range(len(found)):
        first, size = starts[word], starts[word + 1] - starts[word]
        for at in range(size + 1):
            sums[at, TOP], sums[at, SUM], sums[at, LOGS], counts[at] = -math.inf, 0.0, 0.0, 0
        sums[0, TOP], sums[0, SUM], ways[0, 0], counts[0] = 0.0, 1.0, 0.0, 1
        start = np.int64(0)
        while start < size:
            width = width_of(text[first + start])
            slot, single = np.uint64(0), False
            for at in range(start, size):
                slot = child_of(links, slot, text[first + at])
                if slot == np.uint64(0):
                    break
                if np.uint64(links[slot]) & np.uint64(ENTRY):
                    single |= at + 1 - start == width
                    add(start, at + 1, scores[slot], sums)
                    rank(start, at + 1, scores[slot], ways, froms, counts)
            if not single:
                add(start, start + width, penalty, sums)
                rank(start, start + width, penalty, ways, froms, counts)
            start += width
        log_total = sums[size, TOP] + math.log(sums[size, SUM])
        found[word, 0] = -log_total / LN2
        found[word, 1] = max(0.0, log_total - sums[size, LOGS] / sums[size, SUM]) / LN2
        found[word, 2] = diversity(size, ways, froms, counts, marks)
