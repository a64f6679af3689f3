"""The steps of unigram training on flat arrays and threads: the compiled twin of `unigram_steps.Steps`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from threading import Condition
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from toklab.algorithms.parts import even, in_parts
from toklab.algorithms.unigram_seeds import Chains, Seeds, find_seeds
from toklab.algorithms.unigram_steps import CHUNKS, LEAST_COUNT
from toklab.backend import thread_count
from toklab.kernels import announce, unigram, unigram_chains
from toklab.types import FloatArray, IdArray, IntArray, WordCounts, Words

T = TypeVar("T")


class FastSteps:
    """Compiled twin of `unigram_steps.Steps`, with its pieces as numbers."""

    def __init__(
        self, words: WordCounts, size: int, longest: int, reserved: Collection[str], threads: int | None = None
    ) -> None:
        """The seeds of a corpus; the arguments are those of `unigram_steps.seeds`, and how many threads may run."""
        announce(unigram.expect)
        self._threads = thread_count(threads, CHUNKS)
        found = self._seeds(words.flat, words.counts, size, longest, reserved)
        self._text, self._starts, self._counts = words.flat.text, found.starts, words.counts
        self._places, self._sizes, self._required = found.places, found.sizes, found.required
        self._chains, self._longest = found.chains, longest
        self._room = int(np.diff(self._starts).max(initial=0)) + 1
        self._scores = np.empty(len(found.weights))
        self._rate(found.weights)

    def _seeds(self, words: Words, counts: IntArray, size: int, longest: int, reserved: Collection[str]) -> Seeds:
        """The first vocabulary."""
        return find_seeds(words, counts, size, longest, reserved, self._threads)

    def _rate(self, weights: IntArray) -> None:
        """The first scores."""
        unigram.log_shares(weights, self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def texts(self) -> list[str]:
        """The pieces."""
        return self._texts(np.arange(len(self)))

    def _texts(self, pieces: IntArray) -> list[str]:
        """Some of them."""
        text = self._text.tobytes().decode("utf-8")
        spans = zip(self._places[pieces].tolist(), self._sizes[pieces].tolist(), strict=True)
        return [text[place : place + size] for place, size in spans]

    @property
    def scores(self) -> list[float]:
        """Their log probabilities (nats)."""
        found: list[float] = self._scores.tolist()
        return found

    def improve(self, least: int) -> None:
        """See `unigram_steps.Steps.improve`."""
        # The probabilities take the room of the scores, which are found anew.
        unigram.weigh(self._scores, self._scores)
        expected, _ = self._expect(self._scores)
        wanted = expected >= LEAST_COUNT
        wanted[: self._required] = True
        if wanted.sum() < least:
            ranks = np.lexsort((-expected, np.arange(len(self)) >= self._required))
            wanted[ranks[:least]] = True
        self._keep(wanted)
        unigram.estimate(np.maximum(expected[wanted], LEAST_COUNT), self._scores)

    def expect(self) -> tuple[FloatArray, float]:
        """See `unigram_steps.Steps.expect`."""
        weights = np.empty(len(self))
        unigram.weigh(self._scores, weights)
        return self._expect(weights)

    def _expect(self, weights: FloatArray) -> tuple[FloatArray, float]:
        """The same, given the probability of each piece."""
        deepest, table = self._chains
        total, likelihoods = np.zeros(len(self)), [0.0]
        turn = Condition()

        def run(part: int, first: int, last: int) -> None:
            forward, backward, frames = np.empty(self._room), np.empty(self._room), np.empty(self._room, np.int64)
            expected = np.zeros(len(self))
            likelihood: float = unigram.expect(
                *(first, last, self._starts, self._counts, deepest, table, weights, self._longest),
                *(forward, backward, frames, expected),
            )
            # In order, and here, so that no more parts are held than there are threads.
            with turn:
                turn.wait_for(lambda: len(likelihoods) > part)
                np.add(total, expected, out=total)
                likelihoods.append(likelihoods[-1] + likelihood)
                turn.notify_all()

        list(self._in_chunks(run, len(self._counts)))
        return total, likelihoods[-1]

    def prune(self, least: int, factor: float) -> None:
        """See `unigram_steps.Steps.prune`."""
        usage = self.usage()
        losses = self.losses(usage)
        used = usage > 0
        used[: self._required] = True
        n_used = int(used.sum())
        number = max(least, min(int(factor * len(self)), n_used))
        # Those that are used come first, and the characters before all.
        certain, rest = (used, ~used) if number > n_used else (np.arange(len(self)) < self._required, used)
        self._keep(certain | _largest(losses, rest & ~certain, number - int(certain.sum()), _first))

    def usage(self) -> IntArray:
        """See `unigram_steps.Steps.usage`."""
        deepest, table = self._chains

        def run(_: int, first: int, last: int) -> IntArray:
            best, ends = np.empty(self._room), np.empty(self._room, np.int32)
            usage = np.zeros(len(self), np.int64)
            unigram.use(
                *(first, last, self._starts, self._counts, deepest, table, self._scores),
                *(best, ends, usage),
            )
            return usage

        total = np.zeros(len(self), np.int64)
        for part in self._in_chunks(run, len(self._counts)):
            total += part
        return total

    def losses(self, usage: IntArray) -> FloatArray:
        """See `unigram_steps.Steps.losses`."""
        losses, total = np.zeros(len(self)), int(usage.sum())
        where = (self._places, self._sizes, *self._chains)

        def run(_: int, first: int, last: int) -> None:
            room = self._longest + 1
            best, ends, others = np.empty(room), np.empty(room, np.int32), np.empty(room, np.int64)
            first = max(first, self._required)
            unigram.lose(first, last, *where, self._scores, usage, total, best, ends, others, losses)

        list(self._in_chunks(run, len(self)))
        return losses

    def cut(self, size: int) -> None:
        """See `unigram_steps.Steps.cut`."""
        learned = np.arange(len(self)) >= self._required

        def by_text(ties: IntArray, number: int) -> IntArray:
            texts = self._texts(ties)
            return ties[sorted(range(len(ties)), key=texts.__getitem__)[:number]]

        self._keep(~learned | _largest(self._scores, learned, size - self._required, by_text))

    def _in_chunks(self, run: Callable[[int, int, int], T], size: int) -> Iterator[T]:
        """Do the chunks of ``size`` things in threads; what they give comes in their order."""
        return in_parts(run, even(size, CHUNKS), self._threads)

    def _keep(self, wanted: npt.NDArray[np.bool_]) -> None:
        """Drop the other pieces; the order stays."""
        if not wanted.all():
            numbers = np.cumsum(wanted, dtype=np.int32)
            numbers -= 1
            numbers[~wanted] = -1
            self._relink(numbers, int(wanted.sum()))
            self._places, self._sizes, self._scores = self._places[wanted], self._sizes[wanted], self._scores[wanted]

    def _relink(self, numbers: IdArray, size: int) -> None:
        """Give pieces new numbers, below ``size``, and drop those whose number is -1."""
        deepest, table = self._chains
        fresh = np.empty(size, np.int64)
        unigram_chains.relink(numbers, table, fresh)

        def run(_: int, first: int, last: int) -> None:
            unigram_chains.renumber(first, last, numbers, table, deepest)

        list(self._in_chunks(run, len(deepest)))
        self._chains = Chains(deepest, fresh)


def _largest(
    values: FloatArray, of: npt.NDArray[np.bool_], number: int, choose: Callable[[IntArray, int], IntArray]
) -> npt.NDArray[np.bool_]:
    """Which are the ``number`` largest of some values; ``choose`` says which of equal ones, given so many to choose."""
    some = np.flatnonzero(of)
    found = np.zeros(len(values), np.bool_)
    if number >= len(some):
        return of
    if number <= 0:
        return found
    least = np.partition(values[some], -number)[-number]
    found[some] = values[some] > least
    found[choose(some[values[some] == least], number - int(found.sum()))] = True
    return found


def _first(ties: IntArray, number: int) -> IntArray:
    """The first of equal ones."""
    return ties[:number]
