"""What a unigram language model thinks of words, all segmentations considered: probability, entropy, diversity.

The probability of a word is the sum over its segmentations (Kudo 2018, "Subword Regularization", section 3.2). Its
segmentations have an entropy given the word. The diversity is Rao's quadratic entropy (Rao 1982, "Diversity and
dissimilarity coefficients") of the 8 best with their probabilities made to sum to 1, which is Kudo's l-best sampling
with alpha 1 (section 3.3): the Jaccard distance between the cuts of two draws, expected.

Worked example. With p(h) = p(u) = p(g) = 0.1, p(hu) = 0.3 and p(ug) = 0.4 the word ``hug`` is h|u|g with 0.001, hu|g
with 0.03 and h|ug with 0.04: 0.071 in all, -log2 0.071 = 3.82 bits. The three have the shares 1/71, 30/71 and 40/71,
so 1.08 bits of entropy. Their cuts are {1, 2}, {2} and {1}: two draws differ by 1/2 or, for the last two, by 1, and
the diversity is 2 (1/2 * 30 + 1/2 * 40 + 30 * 40) / 71**2 = 0.49.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from toklab.algorithms.lattice import Lattice, score_of
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import FloatArray, IntArray, Posterior

# Segmentations whose diversity is taken.
BEST = 8
LN2 = math.log(2.0)


def judge(lattice: Lattice) -> tuple[float, float, float]:
    """What is thought of one word.

    Returns
    -------
    bits : -log2 of its probability
    entropy : of its segmentations, in bits
    diversity : of the 8 best, 0 to 7/8
    """
    log_total, mean = _sums(lattice)
    return -log_total / LN2, max(0.0, log_total - mean) / LN2, _diversity(lattice)


def _sums(lattice: Lattice) -> tuple[float, float]:
    """Log of the summed probability of all segmentations, and the mean of their own logs (nats).

    Each position has the sum of ``exp(log - top)`` over the ways to it, and the sum of their mean logs, weighted alike;
    a piece that leads to it with a higher log than ``top`` makes that the new top.
    """
    tops, sums, logs = ([value] * (lattice.size + 1) for value in (-math.inf, 0.0, 0.0))
    tops[0], sums[0] = 0.0, 1.0
    for edge in lattice.edges:
        log = tops[edge.start] + math.log(sums[edge.start]) + edge.score
        mean = logs[edge.start] / sums[edge.start] + edge.score
        if log > tops[edge.end]:
            scale = math.exp(tops[edge.end] - log)
            tops[edge.end], sums[edge.end], logs[edge.end] = (
                log,
                sums[edge.end] * scale + 1.0,
                logs[edge.end] * scale + mean,
            )
        else:
            weight = math.exp(log - tops[edge.end])
            sums[edge.end] += weight
            logs[edge.end] += weight * mean
    last = lattice.size
    return tops[last] + math.log(sums[last]), logs[last] / sums[last]


def _diversity(lattice: Lattice) -> float:
    """Expected Jaccard distance between the cuts of two of the best segmentations, drawn with replacement."""
    paths = lattice.n_best(BEST)
    scores = [score_of(path) for path in paths]
    weights = [math.exp(score - scores[0]) for score in scores]
    cuts = [frozenset(edge.end for edge in path[:-1]) for path in paths]
    apart = total = 0.0
    for weight in weights:
        total += weight
    for (mine, first), (theirs, second) in itertools.combinations(zip(weights, cuts, strict=True), 2):
        apart += mine * theirs * (1.0 - len(first & second) / len(first | second))
    return 2.0 * apart / (total * total)


def posterior_of(judge_words: Callable[[Sequence[str]], FloatArray], rows: Iterable[Sequence[str]]) -> Posterior:
    """What a model thinks of texts that are cut into words; each distinct word is judged once.

    Parameters
    ----------
    judge_words : gives (words, 3) float64, `judge` of each word
    rows : the words of each text

    Raises
    ------
    UsageError
        A word holds a lone surrogate.
    """
    numbers: dict[str, int] = {}
    places: list[int] = []
    ends = [0]
    for words in rows:
        places += [numbers.setdefault(word, len(numbers)) for word in words]
        ends.append(len(places))
    units = np.rint(judge_words(list(numbers)) * Posterior.UNIT).astype(np.int64)
    sizes = np.array([len(to_utf8(word)) for word in numbers], np.int64)
    found, bounds = np.array(places, np.int64), np.array(ends, np.int64)

    def total(values: IntArray) -> IntArray:
        through = np.concatenate([np.zeros(1, np.int64), np.cumsum(values[found])])
        return np.diff(through[bounds])

    return Posterior(np.diff(bounds), total(sizes), *(total(column) for column in units.T))
