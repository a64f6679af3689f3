"""``unigram`` with ``variant="hf"``: what Hugging Face's ``UnigramTrainer`` does in truth, made deterministic.

Source: the behaviour of tokenizers 0.23.3 (``UnigramTrainer``), which follows SentencePiece's trainer of Kudo 2018,
"Subword Regularization", section 3.2. It differs from the published algorithm, and from `toklab.algorithms.unigram`:

- Substrings are counted in the distinct words, each word once; characters in the corpus.
- A piece expected less than 0.5 times leaves, characters too; what then matches no piece is unknown, 10 nats below
  the rarest piece. Characters that left come back at the end, a little above the rarest piece.
- The loss takes each use of the other pieces alone, and divides them by ``sum + f * (|pieces| - 1)`` where
  ``sum + f * (|others| - 1)`` was meant (issues 1536 and 2069 of the library).
- Pruning puts pieces in the order of their losses, and the final cut takes them in that order, not by probability.

The library adds floats in the order of a randomly seeded hash table. Here words are added by count and then text, in
eight parts; of equal segmentations that of `Lattice.best` counts; characters that come back do so in code point order,
in the library in hash order; scores are rounded to 10 decimals, and equal scores are ordered by text.

Two things are not followed: where the size is that of the alphabet, the library exceeds it; and it learns pieces that
are spelled like special tokens.

Worked example. ``ab`` x10, ``abc`` x1 and ``xx`` x10 give the characters x, b, a and c with weights 20, 11, 11 and 1.
``ab`` is in two distinct words and followed by two different things, so its weight is 2 x 2, not 11 x 2; ``xx`` is in
one word only. The best segmentations use ab x11, c x1 and x x20, 32 pieces for 21 words. With the unknown there are 6
pieces, so the loss of ab is 11/21 x (ln 11/32 - 2 ln 11/(32 + 11 x 5)) = 1.61, where the sum without the mistake
would be 32 + 11 x 1.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from toklab.algorithms.lattice import UNKNOWN_PENALTY, Lattice, score_of
from toklab.algorithms.unigram_steps import CHUNKS, LEAST_COUNT, Steps, estimate
from toklab.types import WordCounts

# The library's name of the unknown while it trains; a piece of this text is never given out.
TRAINING_UNKNOWN = "<UNK>"
# What each further character that comes back scores more than the one before, in nats.
RETURN_STEP = 0.0001
SPARE_TENTHS = 11


class HfTrainable(Protocol):
    """The steps, readable or compiled; see `HfSteps`."""

    @property
    def texts(self) -> list[str]: ...
    @property
    def scores(self) -> list[float]: ...
    def __len__(self) -> int: ...
    def improve(self, least: int) -> None: ...
    def prune(self, least: int, factor: float) -> None: ...


def learn_hf(
    steps: HfTrainable, alphabet: Sequence[str], vocab_size: int, hidden: int, rounds: int, factor: float
) -> list[tuple[str, float]]:
    """Shrink the seeds; gives pieces and scores as the library would, in no particular order.

    A round of EM and pruning that removes nothing ends the training, though too many pieces are left; the library
    repeats it.

    Parameters
    ----------
    alphabet : the characters of the corpus, by code point
    vocab_size, hidden : pieces to end with, and how many of them are not learned
    rounds : steps of EM before each pruning
    factor : the share of the pieces that stays in each pruning
    """
    enough = vocab_size * SPARE_TENTHS // 10
    before = len(steps) + 1
    while True:
        for _ in range(rounds):
            steps.improve(0)
        if len(steps) <= enough or len(steps) >= before:
            return complete(steps.texts, steps.scores, alphabet, vocab_size - hidden)
        before = len(steps)
        steps.prune(enough, factor)


def complete(
    texts: Sequence[str], scores: Sequence[float], alphabet: Sequence[str], size: int
) -> list[tuple[str, float]]:
    """The alphabet, then pieces in their order until there are ``size``."""
    found = dict(zip(texts[1:], scores[1:], strict=True))
    score = min(scores[1:], default=0.0)
    chosen: dict[str, float] = {}
    for char in alphabet:
        if char in found:
            chosen[char] = found[char]
        else:
            chosen[char] = score
            score += RETURN_STEP
    others = [text for text in texts[1:] if text not in chosen and text != TRAINING_UNKNOWN]
    return list(chosen.items()) + [(text, found[text]) for text in others[: max(0, size - len(chosen))]]


def hf_seeds(
    words: WordCounts, size: int, longest: int, reserved: Collection[str]
) -> tuple[list[str], list[float], int]:
    """The unknown, all characters, and the substrings of distinct words that may become pieces.

    A substring is a seed where it has 2 to ``longest`` characters, occurs at least twice, and is not always followed
    by the same, the end of a word included. NUL ends a word and is no seed.

    Parameters
    ----------
    size : seeds to take without the unknown; one that is no character is taken in any case
    reserved : texts that must not be pieces

    Returns
    -------
    texts, scores, required : the seeds; their first log probabilities; and how many of them are the unknown or
        characters. The unknown is "" and comes first, characters by count and substrings by occurrences x length
        follow, largest first, equal ones by code points, last first
    """
    characters: dict[str, int] = {}
    followers: dict[str, list[str]] = {}
    for word, count in words:
        for part in word.split("\0"):
            for start in range(len(part)):
                characters[part[start]] = characters.get(part[start], 0) + count
                for end in range(start + 2, min(start + longest, len(part)) + 1):
                    followers.setdefault(part[start:end], []).append(part[end : end + 1])
    weights = {t: len(t) * len(after) for t, after in followers.items() if len(set(after)) > 1 and t not in reserved}
    by_weight = sorted(weights, key=lambda text: (weights[text], text), reverse=True)
    by_count = sorted(characters, key=lambda char: (characters[char], char), reverse=True)
    texts = by_count + by_weight[: max(1, size - len(by_count))]
    all_weights = characters | weights
    log_total = math.log(sum(all_weights[text] for text in texts)) if texts else 0.0
    scores = [math.log(all_weights[text]) - log_total for text in texts]
    return ["", *texts], [unknown_score(scores), *scores], len(by_count) + 1


def unknown_score(scores: Sequence[float]) -> float:
    """What an unknown character scores beside these pieces (nats)."""
    return min(scores, default=0.0) - UNKNOWN_PENALTY


class HfSteps(Steps):
    """A vocabulary on its way down, with the unknown as piece 0."""

    def improve(self, least: int = 0) -> None:
        """One step of EM; pieces that are hardly expected leave, however few stay, and characters too.

        ``least`` is not used: the library holds to no size here.
        """
        expected, _ = self.expect()
        kept = [i for i in range(1, len(self)) if expected[i] >= LEAST_COUNT]
        scores = estimate([expected[i] for i in kept])
        self.texts = ["", *(self.texts[i] for i in kept)]
        self.scores = [unknown_score(scores), *scores]

    def prune(self, least: int, factor: float) -> None:
        """Keep pieces by `losses`, largest first, ties by order: that share of them, but at least ``least``.

        Where more pieces must stay than this limit, all used ones do: the library looks for the limit exactly.
        """
        losses = self.losses(self.usage())
        order = sorted(range(1, len(self)), key=lambda i: (-losses[i], i))
        order = [i for i in order if losses[i] > -math.inf]
        certain = 1 + sum(losses[i] == math.inf for i in order)
        limit = max(least, int(factor * len(self)))
        kept = order[: limit - 1] if certain <= limit else order
        scores = [self.scores[i] for i in kept]
        self.texts, self.scores = ["", *(self.texts[i] for i in kept)], [unknown_score(scores), *scores]

    def losses(self, usage: Sequence[int]) -> list[float]:
        """The library's loss of each piece: infinite for what must stay, minus infinite for what must leave.

        What cannot be spelled otherwise must stay, and what is not used must leave. A piece that is spelled as well
        by others must stay if it is used.
        """
        total, weight = sum(usage), sum(count for _, count in self.words)
        found = [0.0] * len(self)
        for i in range(1, len(self)):
            lattice = self.lattice(self.texts[i])
            others = Lattice(lattice.size, tuple(edge for edge in lattice.edges if edge.id != i)).best()
            if not others:
                found[i] = math.inf
            elif usage[i] == 0:
                found[i] = -math.inf
            elif score_of(others) >= self.scores[i]:
                found[i] = math.inf
            else:
                found[i] = hf_loss(usage[i], total, weight, len(self), [usage[edge.id] for edge in others])
        return found

    def lattice(self, word: str) -> Lattice:
        """All segmentations of a word in the pieces that there are."""
        return next(self._lattices([word]))

    def _chunks(self) -> Iterator[list[tuple[Lattice, int]]]:
        words = list(self.words)
        for k in range(CHUNKS):
            share = words[k * len(words) // CHUNKS : (k + 1) * len(words) // CHUNKS]
            yield list(zip(self._lattices(word for word, _ in share), (count for _, count in share), strict=True))

    def _lattices(self, words: Collection[str] | Iterator[str]) -> Iterator[Lattice]:
        found = {text: (i, score) for i, (text, score) in enumerate(zip(self.texts, self.scores, strict=True))}
        for word in words:
            yield Lattice.of(word, found, self.longest, (0, self.scores[0]))


def hf_loss(count: int, total: int, weight: int, pieces: int, others: Sequence[int]) -> float:
    """The library's loss of one piece (nats per word).

    Parameters
    ----------
    count, total : uses of the piece, and of all pieces
    weight : words of the corpus
    pieces : how many pieces there are, the unknown included
    others : uses of the pieces that would spell it, from the left
    """
    log_total = math.log(total + count * (pieces - 1))
    alone = 0.0
    for uses in others:
        alone += math.log(uses + count) - log_total
    return count / weight * (math.log(count) - math.log(total) - alone)
