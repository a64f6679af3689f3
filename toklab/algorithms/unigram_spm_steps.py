"""The steps of SentencePiece's Unigram trainer in readable form: expectation, maximisation, pruning.

All numbers are of single precision; what is added and in which order is the library's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toklab.algorithms.lattice import UNKNOWN_PENALTY, Edge, Lattice
from toklab.algorithms.single import log_add, single
from toklab.algorithms.spm_rules import LONGEST
from toklab.algorithms.unigram_spm_paths import best_ids, two_best
from toklab.algorithms.unigram_steps import LEAST_COUNT
from toklab.types import WordCounts


def shares(weights: Sequence[float]) -> list[float]:
    """Log of each weight's share of all (nats)."""
    total = 0.0
    for weight in weights:
        total += weight
    return [single(math.log(weight) - math.log(total)) for weight in weights]


@dataclass
class SpmSteps:
    """A vocabulary on its way down.

    Parameters
    ----------
    words : distinct words with their counts
    texts, scores : the pieces and their log probabilities (nats)
    parts : threads of the library
    """

    words: WordCounts
    texts: list[str]
    scores: list[float]
    parts: int

    def __len__(self) -> int:
        return len(self.texts)

    def improve(self) -> None:
        """One step of EM; pieces that are hardly expected leave."""
        expected = self.expect()
        kept = [i for i, count in enumerate(expected) if count >= LEAST_COUNT]
        self.texts = [self.texts[i] for i in kept]
        self.scores = estimate([expected[i] for i in kept])

    def expect(self) -> list[float]:
        """How often each piece is expected to be used in the corpus."""
        total = [0.0] * len(self)
        for part in self._parts():
            expected = [0.0] * len(self)
            for lattice, count in part:
                expect_word(lattice, count, expected)
            total = [single(a + b) for a, b in zip(total, expected, strict=True)]
        return total

    def usage(self) -> list[float]:
        """How often the best segmentations use each piece."""
        total = [0.0] * len(self)
        for part in self._parts():
            uses = [0.0] * len(self)
            for lattice, count in part:
                for index in best_ids(lattice):
                    uses[index] = single(uses[index] + count)
            total = [single(a + b) for a, b in zip(total, uses, strict=True)]
        return total

    def prune(self, least: int, factor: float) -> None:
        """Keep pieces by `losses`, largest first, ties by order: that share of them, but at least ``least``.

        Where more pieces must stay than this limit, all used ones do: the library looks for the limit exactly.
        """
        losses = self.losses(self.usage())
        order = sorted(range(len(self)), key=lambda i: (-losses[i], i))
        order = [i for i in order if losses[i] > -math.inf]
        certain = sum(losses[i] == math.inf for i in order)
        limit = max(least, int(single(single(factor) * len(self))))
        kept = order[:limit] if certain <= limit else order
        self.texts, self.scores = [self.texts[i] for i in kept], [self.scores[i] for i in kept]

    def losses(self, usage: Sequence[float]) -> list[float]:
        """What each piece is worth: infinite for what must stay, minus infinite for what must leave (nats).

        What is not used must leave, and what is used and cannot be spelled otherwise must stay.
        """
        total = single(math.fsum(usage))
        found = []
        for count, lattice in zip(usage, self._lattices(self.texts), strict=True):
            paths = two_best(lattice)
            if count == 0 or (len(paths) == 2 and len(paths[0]) > 1):
                found.append(-math.inf)
            elif len(paths) == 1:
                found.append(math.inf)
            else:
                found.append(spm_loss(count, total, [usage[i] for i in paths[1]]))
        return found

    def _parts(self) -> Iterator[list[tuple[Lattice, float]]]:
        words = list(self.words)
        for k in range(self.parts):
            share = words[k :: self.parts]
            counts = [single(count) for _, count in share]
            yield list(zip(self._lattices([word for word, _ in share]), counts, strict=True))

    def _lattices(self, words: Sequence[str]) -> Iterator[Lattice]:
        found = {text: (i, score) for i, (text, score) in enumerate(zip(self.texts, self.scores, strict=True))}
        unknown = (0, single(min(self.scores) - UNKNOWN_PENALTY))
        for word in words:
            yield lattice_of(word, found, unknown)


def lattice_of(word: str, pieces: Mapping[str, tuple[int, float]], unknown: tuple[int, float]) -> Lattice:
    """All segmentations of a word; what is unknown comes after the pieces that begin with it."""
    edges: list[Edge] = []
    for start in range(len(word)):
        ends = range(start + 1, min(start + LONGEST, len(word)) + 1)
        edges += [Edge(start, end, *pieces[word[start:end]]) for end in ends if word[start:end] in pieces]
        if word[start] not in pieces:
            edges.append(Edge(start, start + 1, *unknown))
    return Lattice(len(word), tuple(edges))


def expect_word(lattice: Lattice, count: float, expected: list[float]) -> None:
    """Add to ``expected`` how often each piece is used in a word that occurs ``count`` times."""
    forward, backward = sums(lattice)
    for edge in lattice.edges:
        log = single(single(single(forward[edge.start] + edge.score) + backward[edge.end]) - forward[lattice.size])
        expected[edge.id] = single(expected[edge.id] + count * math.exp(log))


def sums(lattice: Lattice) -> tuple[list[float], list[float]]:
    """Log of the sum of the probabilities of all ways to each position, and of all ways on from it (nats)."""
    forward, backward = [-math.inf] * (lattice.size + 1), [-math.inf] * (lattice.size + 1)
    forward[0] = backward[lattice.size] = 0.0
    leaving: list[list[Edge]] = [[] for _ in range(lattice.size)]
    for edge in lattice.edges:
        leaving[edge.start].append(edge)
        forward[edge.end] = log_add(forward[edge.end], single(edge.score + forward[edge.start]))
    for start in reversed(range(lattice.size)):
        for edge in leaving[start]:
            backward[start] = log_add(backward[start], single(edge.score + backward[edge.end]))
    return forward, backward


def estimate(counts: Sequence[float]) -> list[float]:
    """Log probabilities from expected counts; for the digamma, see `toklab.algorithms.unigram_steps.estimate`."""
    total = 0.0
    for count in counts:
        total = single(total + count)
    base = single(digamma(total)) if counts else 0.0
    return [single(digamma(count) - base) for count in counts]


def digamma(x: float) -> float:
    """The derivative of log gamma for x > 0 (in double precision), added up in the library's order.

    `toklab.algorithms.unigram_steps.digamma` is the same but for the last bit.
    """
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


def spm_loss(count: float, total: float, others: Sequence[float]) -> float:
    """The library's loss of one piece (nats per token).

    Parameters
    ----------
    count, total : uses of the piece, and of all pieces
    others : uses of the pieces that would spell it, from the left
    """
    log_total = single(math.log(single(total + single(count * (len(others) - 1)))))
    alone = 0.0
    for uses in others:
        alone = single(alone + (math.log(single(uses + count)) - log_total))
    with_it = single(math.log(count) - single(math.log(total)))
    return single(single(count / total) * single(with_it - alone))
