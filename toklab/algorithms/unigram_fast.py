"""The steps of unigram training on flat arrays and threads: the compiled twin of `unigram_steps`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from toklab.algorithms.spelling import Characters
from toklab.algorithms.unigram_steps import CHUNKS, LEAST_COUNT
from toklab.backend import thread_count
from toklab.kernels import announce
from toklab.types import ByteArray, FloatArray, IdArray, IntArray, WordCounts

T = TypeVar("T")


@dataclass
class Seeds:
    """The first vocabulary: a stretch of characters and a number for each piece, and the edges of every position.

    Parameters
    ----------
    codes : (n,) uint32, code points of all words, end to end
    places, sizes : where each piece occurs, and its characters
    weights : count x length of each piece
    required : pieces that are characters
    rows, ids, lengths : the edges; see `toklab.kernels.unigram`
    """

    codes: npt.NDArray[np.uint32]
    places: IntArray
    sizes: ByteArray
    weights: IntArray
    required: int
    rows: IntArray
    ids: IdArray
    lengths: ByteArray


def find_seeds(characters: Characters, counts: IntArray, size: int, longest: int, reserved: Collection[str]) -> Seeds:
    """Compiled twin of `unigram_steps.seeds`."""
    from toklab.kernels import unigram_seeds as kernels

    announce(kernels.repeated)
    sizes = np.diff(characters.starts)
    alphabet, firsts, codes = _number(characters.codes)
    ends = np.repeat(characters.starts[1:], sizes)
    order = sort_suffixes(codes, ends, len(alphabet), longest)
    common = np.empty(len(codes) + 1, np.int64)
    kernels.common_prefixes(codes, ends, order, longest, common)
    each = np.repeat(counts, sizes)
    before = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(each[order], out=before[1:])
    nodes = np.empty((2 * len(codes), 4), np.int64)
    used = kernels.repeated(ends, order, common, before, longest, np.empty((longest + 2, 2), np.int64), nodes)
    nodes = nodes[:used]
    weights = nodes[:, 2] * nodes[:, 3]
    # Where suffixes are sorted, texts are: by the first suffix of the stretch, the shorter first.
    ranked = np.lexsort((nodes[:, 2], nodes[:, 0], -weights))
    ranked = ranked[~forbidden(characters.codes, order[nodes[ranked, 0]], nodes[ranked, 2], reserved)]
    nodes = nodes[ranked[: max(0, size - len(alphabet))]].copy()
    rows = np.empty(len(codes) + 1, np.int64)
    kernels.count_edges(order, nodes, rows)
    ids, lengths = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.uint8)
    by_length = np.argsort(nodes[:, 2], kind="stable")
    kernels.fill_edges(
        codes, order, nodes, by_length, len(alphabet), rows, np.empty(len(codes), np.int64), ids, lengths
    )
    places = np.concatenate([firsts, order[nodes[:, 0]]])
    of_characters = np.zeros(len(alphabet), np.int64)
    np.add.at(of_characters, codes - 1, each)
    return Seeds(
        characters.codes,
        places,
        np.concatenate([np.ones(len(alphabet), np.uint8), nodes[:, 2].astype(np.uint8)]),
        np.concatenate([of_characters, nodes[:, 2] * nodes[:, 3]]),
        len(alphabet),
        rows,
        ids,
        lengths,
    )


def _number(codes: npt.NDArray[np.uint32]) -> tuple[IntArray, IntArray, IdArray]:
    """The distinct characters by code point, where each first occurs, and all characters numbered from 1."""
    first = np.full(int(codes.max(initial=0)) + 1, -1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    alphabet = np.flatnonzero(first >= 0)
    numbers = np.zeros(len(first), np.int32)
    numbers[alphabet] = np.arange(1, len(alphabet) + 1)
    return alphabet, first[alphabet], numbers[codes]


def sort_suffixes(codes: IdArray, ends: IntArray, alphabet: int, longest: int) -> IntArray:
    """Positions sorted by the ``longest`` characters that follow in the word, then by position.

    Several characters at once, then twice as many each time: Manber and Myers 1993, "Suffix arrays".

    Parameters
    ----------
    codes, ends : see `toklab.kernels.unigram_seeds`
    alphabet : distinct characters
    """
    from toklab.kernels import unigram_seeds as kernels

    bits = max(1, int(alphabet).bit_length())
    width = min(longest, 62 // bits)
    keys, ranks = np.empty(len(codes), np.int64), np.empty(len(codes), np.int64)
    kernels.first_keys(codes, ends, width, bits, keys)
    order = np.argsort(keys, kind="stable")
    while width < longest:
        distinct = kernels.rank_suffixes(order, keys, ranks)
        kernels.double_keys(ranks, ends, width, distinct, keys)
        order = np.argsort(keys, kind="stable")
        width *= 2
    return order


def forbidden(
    codes: npt.NDArray[np.uint32], places: IntArray, sizes: IntArray, reserved: Collection[str]
) -> npt.NDArray[np.bool_]:
    """Which of these texts are reserved."""
    found = np.zeros(len(places), np.bool_)
    firsts = [ord(text[0]) for text in reserved]
    for i in np.flatnonzero(np.isin(codes[places], firsts)).tolist():
        found[i] = _text(codes, places[i], sizes[i]) in reserved
    return found


def _text(codes: npt.NDArray[np.uint32], place: int, size: int) -> str:
    return codes[place : place + size].tobytes().decode("utf-32-le")


class FastSteps:
    """Compiled twin of `unigram_steps.Steps`, with its pieces as numbers."""

    def __init__(self, words: WordCounts, found: Seeds, starts: IntArray, longest: int, threads: int | None) -> None:
        from toklab.kernels import unigram

        self._seeds, self._starts, self._counts, self._longest = found, starts, words.counts, longest
        self._places, self._sizes, self._required = found.places, found.sizes, found.required
        self._rows, self._ids, self._lengths = found.rows, found.ids, found.lengths
        self._threads = thread_count(threads, CHUNKS)
        self._scores: FloatArray = np.empty(len(found.weights))
        unigram.log_shares(found.weights, self._scores)

    @staticmethod
    def begin(words: WordCounts, size: int, longest: int, reserved: Collection[str], threads: int | None) -> FastSteps:
        """The seeds of a corpus; the arguments are those of `unigram_steps.seeds`."""
        from toklab.kernels import unigram

        announce(unigram.expect)
        characters = Characters.of(words.flat)
        found = find_seeds(characters, words.counts, size, longest, reserved)
        return FastSteps(words, found, characters.starts, longest, threads)

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def texts(self) -> list[str]:
        """The pieces."""
        spans = zip(self._places.tolist(), self._sizes.tolist(), strict=True)
        return [_text(self._seeds.codes, place, size) for place, size in spans]

    @property
    def scores(self) -> list[float]:
        """Their log probabilities (nats)."""
        found: list[float] = self._scores.tolist()
        return found

    def improve(self, least: int) -> None:
        """See `unigram_steps.Steps.improve`."""
        from toklab.kernels import unigram

        expected, _ = self.expect()
        wanted = expected >= LEAST_COUNT
        wanted[: self._required] = True
        if wanted.sum() < least:
            ranks = np.lexsort((-expected, np.arange(len(self)) >= self._required))
            wanted[ranks[:least]] = True
        self._keep(wanted)
        unigram.estimate(np.maximum(expected[wanted], LEAST_COUNT), self._scores)

    def expect(self) -> tuple[FloatArray, float]:
        """See `unigram_steps.Steps.expect`."""
        from toklab.kernels import unigram

        weights = np.empty(len(self))
        unigram.weigh(self._scores, weights)
        expected = np.zeros((CHUNKS, len(self)))

        def run(chunk: int, first: int, last: int) -> float:
            forward, backward, frames = self._scratch()
            found: float = unigram.expect(
                *(first, last, self._starts, self._counts, self._rows, self._ids, self._lengths, weights),
                *(self._longest, forward, backward, frames, expected[chunk]),
            )
            return found

        likelihood = 0.0
        for part in self._in_chunks(run, len(self._counts)):
            likelihood += part
        total = np.zeros(len(self))
        for chunk in expected:
            total += chunk
        return total, likelihood

    def prune(self, least: int, factor: float) -> None:
        """See `unigram_steps.Steps.prune`."""
        usage = self.usage()
        losses = self.losses(usage)
        dropped_first = np.arange(len(self)) >= self._required
        used = int(((usage > 0) | ~dropped_first).sum())
        ranks = np.lexsort((-losses, usage == 0, dropped_first))
        self._keep_first(ranks, max(least, min(int(factor * len(self)), used)))

    def usage(self) -> IntArray:
        """See `unigram_steps.Steps.usage`."""
        from toklab.kernels import unigram

        usage = np.zeros((CHUNKS, len(self)), np.int64)

        def run(chunk: int, first: int, last: int) -> None:
            best, _, edges = self._scratch()
            unigram.use(
                *(first, last, self._starts, self._counts, self._rows, self._ids, self._lengths, self._scores),
                *(best, edges, usage[chunk]),
            )

        list(self._in_chunks(run, len(self._counts)))
        found: IntArray = usage.sum(axis=0)
        return found

    def losses(self, usage: IntArray) -> FloatArray:
        """See `unigram_steps.Steps.losses`."""
        from toklab.kernels import unigram

        losses, total = np.zeros(len(self)), int(usage.sum())

        def run(_: int, first: int, last: int) -> None:
            room = self._longest + 1
            best, edges, others = np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64)
            unigram.lose(
                *(max(first, self._required), last, self._places, self._sizes, self._rows, self._ids, self._lengths),
                *(self._scores, usage, total, best, edges, others, losses),
            )

        list(self._in_chunks(run, len(self)))
        return losses

    def cut(self, size: int) -> None:
        """See `unigram_steps.Steps.cut`."""
        scores, texts = self.scores, self.texts
        order = sorted(range(len(self)), key=lambda i: (i >= self._required, -scores[i], texts[i]))
        self._keep_first(np.array(order, np.int64), size)

    def _in_chunks(self, run: Callable[[int, int, int], T], size: int) -> Iterator[T]:
        """Do the chunks of ``size`` things in threads; what they give comes in their order."""
        bounds = [k * size // CHUNKS for k in range(CHUNKS + 1)]
        with ThreadPoolExecutor(self._threads) as pool:
            yield from pool.map(run, range(CHUNKS), bounds[:-1], bounds[1:])

    def _scratch(self) -> tuple[FloatArray, FloatArray, IntArray]:
        room = int(np.diff(self._starts).max(initial=0)) + 1
        return np.empty(room), np.empty(room), np.empty(room, np.int64)

    def _keep_first(self, order: IntArray, size: int) -> None:
        wanted = np.zeros(len(self), np.bool_)
        wanted[order[:size]] = True
        self._keep(wanted)

    def _keep(self, wanted: npt.NDArray[np.bool_]) -> None:
        """Drop the other pieces, with their edges; the order stays."""
        from toklab.kernels import unigram

        if not wanted.all():
            numbers = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
            used = unigram.keep(numbers, self._rows, self._ids, self._lengths)
            self._ids, self._lengths = self._ids[:used], self._lengths[:used]
            self._places, self._sizes, self._scores = self._places[wanted], self._sizes[wanted], self._scores[wanted]
