"""The steps of SentencePiece's Unigram on flat arrays and threads: the compiled twin of `unigram_spm_steps`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from toklab.algorithms.lattice import UNKNOWN_PENALTY
from toklab.algorithms.spm_rules import LONGEST
from toklab.algorithms.unigram_spm_seeds import Sentences
from toklab.algorithms.unigram_spm_seeds_fast import Edges, find_seeds, units_of
from toklab.algorithms.unigram_steps import LEAST_COUNT
from toklab.backend import thread_count
from toklab.kernels import announce, unigram_seeds, unigram_spm, unigram_spm_paths, unigram_spm_seeds
from toklab.kernels.unigram_spm import Singles
from toklab.types import IntArray

# Parts in which losses are found.
CHUNKS = 8
# Ways that the search for the second-best segmentation has room for at first.
ROOM = 1 << 10


class FastSpmSteps:
    """Compiled twin of `unigram_spm_steps.SpmSteps`, with its pieces as numbers."""

    def __init__(
        self, sentences: Sentences, size: int, parts: int, threads: int | None = None, split_digits: bool = False
    ) -> None:
        """The seeds of a corpus.

        Parameters
        ----------
        size, split_digits : see `unigram_spm_seeds.seeds`
        parts : threads of the library
        threads : that may run here; they change nothing
        """
        announce(unigram_seeds.repeated, unigram_spm.expect)
        units = units_of(sentences, threads)
        found = find_seeds(units, sentences.words.counts, size, split_digits, thread_count(threads, CHUNKS))
        self._codes = units.characters.codes
        self._words = units.characters.starts[: units.distinct], units.sizes[: units.distinct]
        self._counts = sentences.words.counts.astype(np.float32)
        self._places, self._sizes, self._edges = found.places, found.sizes, found.edges
        self._parts, self._threads = parts, threads
        self._scores = np.empty(len(found.weights), np.float32)
        unigram_spm.log_shares(found.weights, self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def texts(self) -> list[str]:
        """The pieces."""
        spans = zip(self._places.tolist(), self._sizes.tolist(), strict=True)
        return [self._codes[place : place + size].tobytes().decode("utf-32-le") for place, size in spans]

    @property
    def scores(self) -> list[float]:
        """Their log probabilities (nats)."""
        found: list[float] = self._scores.tolist()
        return found

    def improve(self) -> None:
        """See `unigram_spm_steps.SpmSteps.improve`."""
        expected = self.expect()
        kept = np.flatnonzero(expected >= LEAST_COUNT)
        self._keep(kept)
        unigram_spm.estimate(expected[kept], self._scores)

    def expect(self) -> Singles:
        """See `unigram_spm_steps.SpmSteps.expect`."""
        room = int(self._words[1].max(initial=0)) + 1

        def run(part: int, expected: Singles) -> None:
            forward, backward = np.empty(room, np.float32), np.empty(room, np.float32)
            unigram_spm.expect(
                *(part, self._parts, *self._words, self._counts, *self._edges, self._scores, self._unknown()),
                *(forward, backward, expected),
            )

        return self._added(run)

    def usage(self) -> Singles:
        """See `unigram_spm_steps.SpmSteps.usage`."""
        starts, sizes = self._words
        rows = self._edges.rows
        edges = int((rows[starts + sizes] - rows[starts] + sizes).max(initial=0))

        def run(part: int, usage: Singles) -> None:
            unigram_spm_paths.count_best(
                *(part, self._parts, *self._words, self._counts, *self._edges, self._scores, self._unknown()),
                *(*scratch(edges, int(sizes.max(initial=0))), usage),
            )

        return self._added(run)

    def prune(self, least: int, factor: float) -> None:
        """See `unigram_spm_steps.SpmSteps.prune`."""
        losses = self.losses(self.usage())
        order = np.argsort(-losses, kind="stable")
        order = order[losses[order] > -np.inf]
        certain = int((losses[order] == np.inf).sum())
        limit = max(least, int(np.float32(factor) * np.float32(len(self))))
        self._keep(order[:limit] if certain <= limit else order)

    def losses(self, usage: Singles) -> Singles:
        """See `unigram_spm_steps.SpmSteps.losses`."""
        losses = np.empty(len(self), np.float32)
        total = np.float32(usage.sum(dtype=np.float64))
        bounds = [k * len(self) // CHUNKS for k in range(CHUNKS + 1)]

        def run(first: int, last: int) -> None:
            room, words = ROOM, scratch(LONGEST * (LONGEST + 1), LONGEST)
            while first < last:
                agenda = np.empty((room, unigram_spm_paths.AGENDA_COLUMNS), np.int64)
                ahead, behind = np.empty(room, np.float32), np.empty(room, np.float32)
                where = (self._places, self._sizes, *self._edges)
                first = unigram_spm_paths.lose(
                    *(first, last, *where, self._scores, self._unknown(), usage, total),
                    *(*words, agenda, ahead, behind, losses),
                )
                room *= 2

        with ThreadPoolExecutor(thread_count(self._threads, CHUNKS)) as pool:
            list(pool.map(run, bounds[:-1], bounds[1:]))
        return losses

    def _added(self, run: Callable[[int, Singles], None]) -> Singles:
        """What all parts give, added in their order; so many at once as there are threads."""
        threads = thread_count(self._threads, self._parts)
        total = np.zeros(len(self), np.float32)
        with ThreadPoolExecutor(threads) as pool:
            for begin in range(0, self._parts, threads):
                parts = range(begin, min(begin + threads, self._parts))
                found = [np.zeros(len(self), np.float32) for _ in parts]
                list(pool.map(run, parts, found))
                for part in found:
                    total += part
        return total

    def _keep(self, kept: IntArray) -> None:
        """Keep these pieces, in this order."""
        numbers = np.full(len(self), -1, np.int32)
        numbers[kept] = np.arange(len(kept))
        used = unigram_spm_seeds.keep(numbers, *self._edges)
        rows, ids, lengths = self._edges
        self._edges = Edges(rows, ids[:used], lengths[:used])
        self._places, self._sizes, self._scores = self._places[kept], self._sizes[kept], self._scores[kept]

    def _unknown(self) -> np.float32:
        return np.float32(self._scores.min() - np.float32(UNKNOWN_PENALTY))


def scratch(edges: int, size: int) -> tuple[IntArray, Singles, Singles, IntArray, IntArray]:
    """Room for the best ways through a word of so many edges and characters."""
    ways = np.empty((edges, unigram_spm_paths.WAY_COLUMNS), np.int64)
    own, reached = np.empty(edges, np.float32), np.empty(edges, np.float32)
    return ways, own, reached, np.empty(size + 1, np.int64), np.empty(size + 1, np.int64)
