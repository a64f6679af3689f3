"""The steps of unigram training in readable form: seeds, expectation, maximisation, pruning.

Floats are added in a stated order, so that the compiled twin (`toklab.algorithms.unigram_fast`) gives the same bits.

Probabilities of the beginnings and ends of a long word are too small for a float. They are kept in frames: a value
``v`` in frame k means v x 2**(-256 k), and a frame begins where all values that are still needed are below 2**-256.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from toklab.algorithms.lattice import Edge, Lattice
from toklab.types import WordCounts

# Parts in which expectations are added up, whatever the number of threads.
CHUNKS = 8
# A piece that is expected less often leaves the vocabulary; one that has to stay counts as often as this.
LEAST_COUNT = 0.5
TINY, HUGE = 2.0**-256, 2.0**256
LOG_HUGE = math.log(HUGE)


def seeds(words: WordCounts, size: int, longest: int, reserved: Collection[str]) -> tuple[list[str], list[float], int]:
    """All characters, and the substrings of words that may become pieces.

    A substring is a seed where it has 2 to ``longest`` characters, occurs at least twice, and is not always followed
    by the same character: where it is, the longer substring stands for it, as in a suffix tree. The most frequent
    by count x length are taken, ties by code point order.

    Parameters
    ----------
    size : seeds to take, characters included
    reserved : texts that must not be pieces

    Returns
    -------
    texts, scores, required : the seeds, characters first by code point; their first log probabilities, which are
        those of count x length; and how many of them are characters
    """
    counts: dict[str, int] = {}
    for word, count in words:
        for start in range(len(word)):
            for end in range(start + 1, min(start + longest, len(word)) + 1):
                text = word[start:end]
                counts[text] = counts.get(text, 0) + count
    followed = {text[:-1] for text, count in counts.items() if counts.get(text[:-1]) == count}
    characters = sorted(text for text in counts if len(text) == 1)
    found = [t for t, n in counts.items() if len(t) > 1 and n > 1 and t not in followed and t not in reserved]
    found.sort(key=lambda text: (-counts[text] * len(text), text))
    texts = characters + found[: max(0, size - len(characters))]
    total = sum(counts[text] * len(text) for text in texts)
    return texts, [math.log(counts[text] * len(text)) - math.log(total) for text in texts], len(characters)


@dataclass
class Steps:
    """A vocabulary on its way down.

    Parameters
    ----------
    words : distinct words with their counts
    texts, scores : the pieces and their log probabilities (nats)
    required : the first so many pieces are the characters, which always stay
    longest : characters that a piece may have
    """

    words: WordCounts
    texts: list[str]
    scores: list[float]
    required: int
    longest: int

    def __len__(self) -> int:
        return len(self.texts)

    def improve(self, least: int) -> None:
        """One step of EM; pieces that are hardly expected leave while more than ``least`` stay."""
        expected, _ = self.expect()
        n_used = sum(i < self.required or count >= LEAST_COUNT for i, count in enumerate(expected))
        order = sorted(range(len(self)), key=lambda i: (i >= self.required, -expected[i], i))
        kept = sorted(order[: max(least, n_used)])
        self.texts = [self.texts[i] for i in kept]
        self.scores = estimate([expected[i] for i in kept])

    def expect(self) -> tuple[list[float], float]:
        """How often each piece is expected to be used in the corpus, and the corpus's log likelihood (nats)."""
        weights = [math.exp(score) for score in self.scores]
        expected, likelihood = [0.0] * len(self), 0.0
        for chunk in self._chunks():
            part, part_likelihood = [0.0] * len(self), 0.0
            for lattice, count in chunk:
                part_likelihood += expect_word(lattice, weights, count, part, self.longest)
            expected = [a + b for a, b in zip(expected, part, strict=True)]
            likelihood += part_likelihood
        return expected, likelihood

    def prune(self, least: int, factor: float) -> None:
        """Keep that share of the pieces, but at least ``least``, whose loss would cost most likelihood.

        Pieces that no best segmentation uses go at once, as far as ``least`` allows; equal losses by order.
        """
        usage = self.usage()
        losses = self.losses(usage)
        used = sum(i < self.required or count > 0 for i, count in enumerate(usage))
        order = sorted(range(len(self)), key=lambda i: (i >= self.required, usage[i] == 0, -losses[i], i))
        self._keep(sorted(order[: max(least, min(int(factor * len(self)), used))]))

    def usage(self) -> list[int]:
        """How often the best segmentations use each piece."""
        usage = [0] * len(self)
        for chunk in self._chunks():
            for lattice, count in chunk:
                for edge in lattice.best():
                    usage[edge.id] += count
        return usage

    def losses(self, usage: Sequence[int]) -> list[float]:
        """What the log likelihood of the best segmentations would lose without each piece (nats); 0 for characters.

        A piece without its own is spelled by the best other segmentation of its text, and all probabilities are the
        relative frequencies of what is used then.
        """
        total = sum(usage)
        found, known = [0.0] * len(self), self._known()
        for i in range(self.required, len(self)):
            lattice = self._lattice(self.texts[i], known)
            others = Lattice(lattice.size, tuple(edge for edge in lattice.edges if edge.id != i)).best()
            found[i] = loss(usage[i], total, [(edge.id, usage[edge.id]) for edge in others])
        return found

    def cut(self, size: int) -> None:
        """Keep the characters and the most probable pieces, ``size`` in all; ties by text."""
        order = sorted(range(len(self)), key=lambda i: (i >= self.required, -self.scores[i], self.texts[i]))
        self._keep(sorted(order[:size]))

    def lattice(self, word: str) -> Lattice:
        """All segmentations of a word in the pieces that there are."""
        return self._lattice(word, self._known())

    def _known(self) -> dict[str, tuple[int, float]]:
        return {text: (i, score) for i, (text, score) in enumerate(zip(self.texts, self.scores, strict=True))}

    def _lattice(self, word: str, known: dict[str, tuple[int, float]]) -> Lattice:
        # Every character is a piece, so nothing is unknown.
        return Lattice.of(word, known, self.longest, (-1, -math.inf))

    def _chunks(self) -> Iterator[list[tuple[Lattice, int]]]:
        known, words = self._known(), list(self.words)
        for k in range(CHUNKS):
            share = words[k * len(words) // CHUNKS : (k + 1) * len(words) // CHUNKS]
            yield [(self._lattice(word, known), count) for word, count in share]

    def _keep(self, kept: list[int]) -> None:
        self.texts, self.scores = [self.texts[i] for i in kept], [self.scores[i] for i in kept]


def expect_word(lattice: Lattice, weights: list[float], count: int, expected: list[float], longest: int) -> float:
    """Add to ``expected`` how often each piece is used in a word that occurs ``count`` times.

    Forward sums from the left, then backward sums from the right with the marginal probability of each edge.

    Parameters
    ----------
    weights : probability of each piece

    Returns
    -------
    likelihood : log probability of the word, ``count`` times (nats)
    """
    size, frame = lattice.size, 0
    forward, frames = [1.0] + [0.0] * size, [0] * (size + 1)
    leaving: list[list[Edge]] = [[] for _ in range(size)]
    for edge in lattice.edges:
        leaving[edge.start].append(edge)
    for start in range(size):
        frame += _next_frame(forward, start, longest)
        frames[start] = frame
        for edge in leaving[start]:
            forward[edge.end] += forward[start] * weights[edge.id]
    backward, back_frame, scale = [0.0] * size + [1.0], 0, count / forward[size]
    for start in reversed(range(size)):
        share = forward[start] * scale
        for _ in range(frame - frames[start] - back_frame):
            share *= HUGE
        for _ in range(frames[start] + back_frame - frame):
            share *= TINY
        # The longest piece first, as the compiled twin finds them.
        for edge in reversed(leaving[start]):
            part = weights[edge.id] * backward[edge.end]
            backward[start] += part
            expected[edge.id] += share * part
        back_frame += _next_frame(backward, start, longest)
    return count * (math.log(forward[size]) - frame * LOG_HUGE)


def _next_frame(sums: list[float], start: int, longest: int) -> int:
    """Move the sums that are still needed, those up to a piece's length ahead, if all are small; gives by how much."""
    stop = min(len(sums), start + longest + 1)
    if max(sums[start:stop]) >= TINY:
        return 0
    for at in range(start, stop):
        sums[at] *= HUGE
    return 1


def estimate(expected: Sequence[float]) -> list[float]:
    """Log probabilities from expected counts: digamma in place of log, so that rare pieces lose probability.

    That is the variational Bayesian M-step under a Dirichlet prior whose parameter goes to 0, and what SentencePiece
    does. It climbs a bound of the Bayesian likelihood; the plain likelihood may fall. Source: Kurihara and Sato 2006,
    "Variational Bayesian Grammar Induction for Natural Language", section 3.
    """
    counts = [max(count, LEAST_COUNT) for count in expected]
    total = 0.0
    for count in counts:
        total += count
    base = digamma(total) if counts else 0.0
    return [digamma(count) - base for count in counts]


def digamma(x: float) -> float:
    """The derivative of log gamma for x > 0, by its recurrence and its asymptotic series."""
    shifted = 0.0
    while x < 7.0:
        shifted -= 1.0 / x
        x += 1.0
    x -= 0.5
    s = 1.0 / (x * x)
    series = s * (1.0 / 24.0 - s * (7.0 / 960.0 - s * (31.0 / 8064.0 - s * (127.0 / 30720.0))))
    return shifted + math.log(x) + series


def loss(count: int, total: int, others: Sequence[tuple[int, int]]) -> float:
    """Log likelihood (nats) that a piece is worth: ``sum f ln(f / total)`` with it, less the same without it.

    Parameters
    ----------
    count : uses of the piece
    total : uses of all pieces
    others : id and uses of the pieces that would spell it, from the left, each as often as it is needed
    """
    gained = 0.0
    for at, (index, uses) in enumerate(others):
        if (index, uses) not in others[:at]:
            gained += x_log_x(uses + others.count((index, uses)) * count) - x_log_x(uses)
    return x_log_x(count) - gained - x_log_x(total) + x_log_x(total + count * (len(others) - 1))


def x_log_x(count: int) -> float:
    """``count`` times its natural log; 0 for 0."""
    return count * math.log(count) if count else 0.0
