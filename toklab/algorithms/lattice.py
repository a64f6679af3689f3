"""All ways to cut one word into pieces of a unigram language model, as a lattice.

Kudo 2018, "Subword Regularization", section 3.2: the pieces of a segmentation are independent, so its probability is
the product of theirs, and sums and maxima over all segmentations take one pass over the positions of the word.
Viterbi 1967 finds the best; forward and backward sums give the rest; sampling filters forward and draws backward.

Worked example. With p(h) = p(u) = p(g) = 0.1, p(hu) = 0.3 and p(ug) = 0.4 the word ``hug`` is h|u|g with 0.001,
hu|g with 0.03 and h|ug with 0.04: the best is h|ug, the sum is 0.071, and ``ug`` is used with probability 0.04/0.071.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from toklab.algorithms.single import single

if TYPE_CHECKING:
    import random

    from toklab.algorithms.stream import Stream

# What an unknown character costs below the rarest piece, in nats: SentencePiece's kUnkPenalty, Hugging Face's too.
UNKNOWN_PENALTY = 10.0
# Below this, SentencePiece begins to add anew, so that 32 bits tell ways apart in long texts too (nats).
LEAST_SINGLE = -100_000.0


class Edge(NamedTuple):
    """One piece at one place: characters ``start`` to ``end``, its id, and its log probability in nats."""

    start: int
    end: int
    id: int
    score: float


Path: TypeAlias = tuple[Edge, ...]


@dataclass(frozen=True)
class Lattice:
    """The pieces that fit into one word.

    Parameters
    ----------
    size : characters of the word
    edges : the pieces at their places, by start and then by end; every position can be reached and left
    """

    size: int
    edges: tuple[Edge, ...]

    @staticmethod
    def of(word: str, pieces: Mapping[str, tuple[int, float]], longest: int, unknown: tuple[int, float]) -> Lattice:
        """The lattice of a word.

        Parameters
        ----------
        pieces : text of each piece to its id and its log probability (nats)
        longest : characters of the longest piece
        unknown : id and score of a character that is no piece by itself
        """
        return Lattice(len(word), tuple(edges_of(word, pieces, longest, unknown)))

    @cached_property
    def _arriving(self) -> tuple[tuple[Edge, ...], ...]:
        """The edges that end at each position, by start."""
        found: list[list[Edge]] = [[] for _ in range(self.size + 1)]
        for edge in self.edges:
            found[edge.end].append(edge)
        return tuple(map(tuple, found))

    def best(self) -> Path:
        """The most probable segmentation; see `best_path`."""
        return best_path(self.size, self.edges)

    def n_best(self, n: int) -> list[Path]:
        """The ``n`` most probable segmentations, best first; fewer where there are fewer.

        Equal scores are ordered as in `best`: by the start of the last piece, then in the same way by what is
        before it. The order is total, and the first is `best`.
        """
        found: list[list[_Ranked]] = [[_Ranked(0.0, ())]]
        for position in range(1, self.size + 1):
            # What is before a piece is in order already, so a stable sort by score and start completes the order.
            longer = [
                _Ranked(before.score + edge.score, (*before.path, edge))
                for edge in self._arriving[position]
                for before in found[edge.start]
            ]
            found.append(sorted(longer, key=lambda ranked: -ranked.score)[: max(0, n)])
        return [ranked.path for ranked in found[self.size]][: max(0, n)]

    def forward(self, theta: float = 1.0) -> list[float]:
        """Log of the summed probability of all ways to cut the word up to each position, (size + 1,), nats.

        Parameters
        ----------
        theta : the exponent of every probability; 0 makes all segmentations equally likely
        """
        sums = [0.0]
        for arriving in self._arriving[1:]:
            sums.append(log_sum(sums[edge.start] + theta * edge.score for edge in arriving))
        return sums

    def backward(self, theta: float = 1.0) -> list[float]:
        """The same for what follows each position, (size + 1,), nats; its first entry is the last of `forward`."""
        parts: list[list[float]] = [[] for _ in range(self.size)]
        sums = [0.0] * (self.size + 1)
        for edge in reversed(self.edges):
            # All edges that leave a later position come before this one, so what follows them is known.
            if edge.end < self.size:
                sums[edge.end] = log_sum(parts[edge.end])
            parts[edge.start].append(theta * edge.score + sums[edge.end])
        sums[0] = log_sum(parts[0]) if self.size else 0.0
        return sums

    @property
    def log_total(self) -> float:
        """Log of the summed probability of all segmentations, which is that of the word (nats)."""
        return self.forward()[self.size]

    def marginals(self) -> tuple[float, ...]:
        """The probability, given the word, that each edge is used; aligned with ``edges``."""
        before, after = self.forward(), self.backward()
        return tuple(math.exp(before[e.start] + e.score + after[e.end] - before[self.size]) for e in self.edges)

    def entropy(self) -> float:
        """Entropy of the segmentations given the word, in nats: 0 where there is only one."""
        sums = self.forward()
        found = [0.0]
        for position in range(1, self.size + 1):
            # The choice of the last piece, and what is left open before it.
            logs = [(edge.start, sums[edge.start] + edge.score - sums[position]) for edge in self._arriving[position]]
            found.append(math.fsum(math.exp(log) * (found[start] - log) for start, log in logs))
        return max(0.0, found[self.size])

    def sample(self, generator: random.Random | Stream, theta: float = 1.0) -> Path:
        """Draw a segmentation with probability proportional to its own to the power of ``theta``."""
        sums = self.forward(theta)
        path: list[Edge] = []
        position = self.size
        while position:
            left = generator.random()
            for edge in self._arriving[position]:
                chosen = edge
                left -= math.exp(sums[edge.start] + theta * edge.score - sums[position])
                if left < 0:
                    break
            path.append(chosen)
            position = chosen.start
        return tuple(reversed(path))

    def log_probability(self, path: Path) -> float:
        """Log probability of a segmentation given the word, in nats."""
        return score_of(path) - self.log_total


def edges_of(
    word: str, pieces: Mapping[str, tuple[int, float]], longest: int, unknown: tuple[int, float]
) -> Iterator[Edge]:
    """The pieces that fit into a word, by start and then by end; see `Lattice.of`."""
    for start in range(len(word)):
        for end in range(start + 1, min(start + max(1, longest), len(word)) + 1):
            found = pieces.get(word[start:end])
            if found is not None:
                yield Edge(start, end, *found)
            elif end == start + 1:
                yield Edge(start, end, *unknown)


def best_path(size: int, edges: Iterable[Edge], single_precision: bool = False) -> Path:
    """The most probable way through the edges of a lattice (Viterbi).

    Of equal scores the one whose last piece is longest wins, at every position: SentencePiece's rule, which comes of
    taking pieces by start and replacing only what is strictly worse.

    Parameters
    ----------
    size, edges : see `Lattice`
    single_precision : add as SentencePiece 0.2.3 does: in 32 bits; where the score so far is below -100,000 or
        above 100,000, it becomes 0, and those of the ways that lead further are moved with it
    """
    rounded, least = (single, LEAST_SINGLE) if single_precision else (float, -math.inf)
    scores = [0.0] + [-math.inf] * size
    last: list[Edge | None] = [None] * (size + 1)
    for edge in edges:
        base = scores[edge.start]
        if base < least or base > -least:
            scores[edge.start :] = [rounded(score - base) for score in scores[edge.start :]]
        score = rounded(scores[edge.start] + edge.score)
        if last[edge.end] is None or score > scores[edge.end]:
            scores[edge.end], last[edge.end] = score, edge
    path: list[Edge] = []
    edge_or_none = last[size]
    while edge_or_none is not None:
        path.append(edge_or_none)
        edge_or_none = last[edge_or_none.start]
    return tuple(reversed(path))


class _Ranked(NamedTuple):
    score: float
    path: Path


def score_of(path: Path) -> float:
    """Log probability of pieces together (nats), added from the left."""
    total = 0.0
    for edge in path:
        total += edge.score
    return total


def log_sum(logs: Iterable[float]) -> float:
    """Log of the sum of what is given as logs."""
    logs = list(logs)
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))
