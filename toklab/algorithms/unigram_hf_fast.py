"""The steps of Hugging Face's Unigram on flat arrays and threads: the compiled twin of `unigram_hf`."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from toklab.algorithms.lattice import UNKNOWN_PENALTY
from toklab.algorithms.spelling import Characters
from toklab.algorithms.unigram_fast import FastSteps, Seeds, forbidden, sort_suffixes
from toklab.algorithms.unigram_steps import LEAST_COUNT
from toklab.kernels import announce
from toklab.types import ByteArray, FloatArray, IdArray, IntArray, WordCounts


def find_hf_seeds(
    characters: Characters, counts: IntArray, size: int, longest: int, reserved: Collection[str]
) -> Seeds:
    """Compiled twin of `unigram_hf.hf_seeds`; the unknown has place, size and weight 0."""
    from toklab.kernels import unigram_seeds as kernels
    from toklab.kernels.unigram_hf import followed_alike

    announce(kernels.repeated)
    ends = _ends(characters)
    alphabet, firsts, numbers = np.unique(characters.codes, return_index=True, return_inverse=True)
    codes = (numbers + 1).astype(np.int32)
    # One character more than a piece may have tells whether the longest are always followed by the same.
    order = sort_suffixes(codes, ends, len(alphabet), longest + 1)
    common = np.empty(len(codes) + 1, np.int64)
    kernels.common_prefixes(codes, ends, order, longest + 1, common)
    nodes = np.empty((2 * len(codes), 4), np.int64)
    stack = np.empty((longest + 3, 2), np.int64)
    used = kernels.repeated(ends, order, common, np.arange(len(codes) + 1), longest + 1, stack, nodes)
    nodes = nodes[:used]
    alike = np.empty(used, np.bool_)
    followed_alike(ends, order, nodes, alike)
    nodes = nodes[~alike & (nodes[:, 2] <= longest)]
    nodes = nodes[~forbidden(characters.codes, order[nodes[:, 0]], nodes[:, 2], reserved)]
    # Where suffixes are sorted, texts are: by the first suffix of the stretch, the shorter first.
    weights = nodes[:, 2] * nodes[:, 3]
    nodes = nodes[np.lexsort((nodes[:, 2], nodes[:, 0], weights))[::-1]]

    char_weights = np.zeros(len(alphabet), np.int64)
    np.add.at(char_weights, numbers, np.repeat(counts, np.diff(characters.starts)))
    by_count = np.lexsort((alphabet, char_weights))[::-1]
    by_count = by_count[alphabet[by_count] != 0]
    nodes = nodes[: max(1, size - len(by_count))].copy()
    required = len(by_count) + 1
    # NUL is no piece, so its edges are those of the unknown.
    id_of = np.zeros(len(alphabet), np.int32)
    id_of[by_count] = np.arange(1, required)
    rows, ids, lengths = _edges(id_of[numbers] + np.int32(1), order, nodes, required)
    none = np.zeros(1, np.int64)
    return Seeds(
        characters.codes,
        np.concatenate([none, firsts[by_count], order[nodes[:, 0]]]),
        np.concatenate([none, np.ones(len(by_count), np.int64), nodes[:, 2]]).astype(np.uint8),
        np.concatenate([none, char_weights[by_count], nodes[:, 2] * nodes[:, 3]]),
        required,
        rows,
        ids,
        lengths,
    )


def _ends(characters: Characters) -> IntArray:
    """Where the word of each position ends, or the NUL that ends it for the seeds."""
    ends = np.repeat(characters.starts[1:], np.diff(characters.starts))
    stops = np.flatnonzero(characters.codes == 0)
    following = np.append(stops, len(ends))[np.searchsorted(stops, np.arange(len(ends)))]
    found: IntArray = np.minimum(ends, following)
    return found


def _edges(codes: IdArray, order: IntArray, nodes: IntArray, required: int) -> tuple[IntArray, IdArray, ByteArray]:
    """The edges of every position; see `toklab.kernels.unigram`."""
    from toklab.kernels import unigram_seeds as kernels

    rows = np.empty(len(codes) + 1, np.int64)
    kernels.count_edges(order, nodes, rows)
    ids, lengths = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.uint8)
    by_length, fill = np.argsort(nodes[:, 2], kind="stable"), np.empty(len(codes), np.int64)
    kernels.fill_edges(codes, order, nodes, by_length, required, rows, fill, ids, lengths)
    return rows, ids, lengths


class FastHfSteps(FastSteps):
    """Compiled twin of `unigram_hf.HfSteps`, with its pieces as numbers."""

    def __init__(self, words: WordCounts, found: Seeds, starts: IntArray, longest: int, threads: int | None) -> None:
        from toklab.kernels import unigram

        super().__init__(words, found, starts, longest, threads)
        unigram.log_shares(found.weights[1:], self._scores[1:])
        self._rate_unknown()

    @staticmethod
    def begin(
        words: WordCounts, size: int, longest: int, reserved: Collection[str], threads: int | None
    ) -> FastHfSteps:
        """The seeds of a corpus; the arguments are those of `unigram_hf.hf_seeds`."""
        from toklab.kernels import unigram

        announce(unigram.expect)
        characters = Characters.of(words.flat)
        found = find_hf_seeds(characters, words.counts, size, longest, reserved)
        return FastHfSteps(words, found, characters.starts, longest, threads)

    def improve(self, least: int = 0) -> None:
        """See `unigram_hf.HfSteps.improve`."""
        from toklab.kernels import unigram

        expected, _ = self.expect()
        kept = np.flatnonzero(expected[1:] >= LEAST_COUNT) + 1
        self._keep_in_order(kept)
        if len(kept):
            unigram.estimate(expected[kept], self._scores[1:])
        self._rate_unknown()

    def prune(self, least: int, factor: float) -> None:
        """See `unigram_hf.HfSteps.prune`."""
        losses = self.losses(self.usage())
        order = np.argsort(-losses[1:], kind="stable") + 1
        order = order[losses[order] > -np.inf]
        certain = 1 + int((losses[order] == np.inf).sum())
        limit = max(least, int(factor * len(self)))
        self._keep_in_order(order[: limit - 1] if certain <= limit else order)
        self._rate_unknown()

    def losses(self, usage: IntArray) -> FloatArray:
        """See `unigram_hf.HfSteps.losses`."""
        from toklab.kernels.unigram_hf import hf_lose

        losses = np.zeros(len(self))
        total, weight = int(usage.sum()), int(self._counts.sum())

        def run(_: int, first: int, last: int) -> None:
            room = self._longest + 1
            best, edges, others = np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64)
            where = (self._places, self._sizes, self._rows, self._ids, self._lengths)
            hf_lose(max(first, 1), last, *where, self._scores, usage, total, weight, best, edges, others, losses)

        list(self._in_chunks(run, len(self)))
        return losses

    def _keep_in_order(self, kept: IntArray) -> None:
        """Keep the unknown and these pieces, in this order; a character that leaves becomes the unknown."""
        from toklab.kernels import unigram

        kept = np.concatenate([np.zeros(1, np.int64), kept])
        numbers = np.where(self._sizes <= 1, 0, -1).astype(np.int32)
        numbers[kept] = np.arange(len(kept))
        used = unigram.keep(numbers, self._rows, self._ids, self._lengths)
        self._ids, self._lengths = self._ids[:used], self._lengths[:used]
        self._places, self._sizes, self._scores = self._places[kept], self._sizes[kept], self._scores[kept]

    def _rate_unknown(self) -> None:
        self._scores[0] = self._scores[1:].min(initial=0.0) - UNKNOWN_PENALTY
