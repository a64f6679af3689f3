"""The steps of Hugging Face's Unigram on flat arrays and threads: the compiled twin of `unigram_hf`."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from toklab.algorithms.lattice import UNKNOWN_PENALTY
from toklab.algorithms.spelling import Characters
from toklab.algorithms.suffix_sorting import sort_suffixes
from toklab.algorithms.unigram_fast import FastSteps
from toklab.algorithms.unigram_seeds import (
    Seeds,
    check_positions,
    find_chains,
    number_nodes,
    repeated_substrings,
    reserved_nodes,
)
from toklab.algorithms.unigram_steps import LEAST_COUNT
from toklab.kernels import announce, unigram, unigram_hf, unigram_seeds
from toklab.types import FloatArray, IntArray, Words


def find_hf_seeds(
    words: Words, counts: IntArray, size: int, longest: int, reserved: Collection[str], threads: int
) -> Seeds:
    """Compiled twin of `unigram_hf.hf_seeds`; the unknown has place, size and weight 0."""
    announce(unigram_seeds.repeated)
    characters = Characters.of(words)
    check_positions(len(characters.codes))
    starts = _starts(characters)
    alphabet, firsts, numbers = np.unique(characters.codes, return_index=True, return_inverse=True)
    codes = (numbers + 1).astype(np.int32)
    # One character more than a piece may have tells whether the longest are always followed by the same.
    suffixes = sort_suffixes(codes, starts, longest + 1, threads)
    once = np.ones(len(starts) - 1, np.int64)
    nodes = repeated_substrings(codes, starts, suffixes.order, once, longest + 1, threads)
    order, kept = suffixes.order, np.empty(len(nodes.firsts), np.bool_)
    unigram_hf.followed_alike(suffixes.left, order, nodes.lasts, nodes.sizes, kept)
    kept = ~kept & (nodes.sizes <= longest)
    kept[reserved_nodes(codes, order, nodes.firsts, nodes.sizes, alphabet, reserved)] = False
    nodes = nodes.of(kept)
    weights = nodes.counts * nodes.sizes
    # Nodes are in the order of their texts.
    chosen = np.argsort(weights, kind="stable")[::-1]

    char_weights = np.zeros(len(alphabet), np.int64)
    np.add.at(char_weights, numbers, np.repeat(counts, np.diff(characters.starts)))
    by_count = np.lexsort((alphabet, char_weights))[::-1]
    by_count = by_count[alphabet[by_count] != 0]
    chosen = chosen[: max(1, size - len(by_count))]
    required = len(by_count) + 1
    # NUL is no piece, so it is spelled by the unknown.
    id_of = np.zeros(len(alphabet), np.int32)
    id_of[by_count] = np.arange(1, required)
    pieces = number_nodes(chosen, len(weights), required)
    chains = find_chains(id_of[numbers] + np.int32(1), order, *nodes[:3], pieces, required, longest)
    none = np.zeros(1, np.int64)
    return Seeds(
        characters.starts,
        np.concatenate([none, firsts[by_count], order[nodes.firsts[chosen]]]).astype(np.int32),
        np.concatenate([none, np.ones(len(by_count), np.int64), nodes.sizes[chosen]]).astype(np.uint8),
        np.concatenate([none, char_weights[by_count], weights[chosen]]),
        required,
        chains,
    )


def _starts(characters: Characters) -> IntArray:
    """Where each word begins; a NUL ends one for the seeds, and is one by itself."""
    stops = np.flatnonzero(characters.codes == 0)
    return np.unique(np.concatenate([characters.starts, stops, stops + 1]))


class FastHfSteps(FastSteps):
    """Compiled twin of `unigram_hf.HfSteps`, with its pieces as numbers."""

    def _seeds(self, words: Words, counts: IntArray, size: int, longest: int, reserved: Collection[str]) -> Seeds:
        return find_hf_seeds(words, counts, size, longest, reserved, self._threads)

    def _rate(self, weights: IntArray) -> None:
        unigram.log_shares(weights[1:], self._scores[1:])
        self._rate_unknown()

    def improve(self, least: int = 0) -> None:
        """See `unigram_hf.HfSteps.improve`."""
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
        losses = np.zeros(len(self))
        total, weight = int(usage.sum()), int(self._counts.sum())
        deepest, table = self._chains

        def run(_: int, first: int, last: int) -> None:
            room = self._longest + 1
            best, ends, others = np.empty(room), np.empty(room, np.int32), np.empty(room, np.int64)
            where = (self._places, self._sizes, deepest, table)
            unigram_hf.hf_lose(
                max(first, 1), last, *where, self._scores, usage, total, weight, best, ends, others, losses
            )

        list(self._in_chunks(run, len(self)))
        return losses

    def _keep_in_order(self, kept: IntArray) -> None:
        """Keep the unknown and these pieces, in this order; a character that leaves becomes the unknown."""
        kept = np.concatenate([np.zeros(1, np.int64), kept])
        numbers = np.where(self._sizes <= 1, 0, -1).astype(np.int32)
        numbers[kept] = np.arange(len(kept))
        self._relink(numbers, len(kept))
        self._places, self._sizes, self._scores = self._places[kept], self._sizes[kept], self._scores[kept]

    def _rate_unknown(self) -> None:
        self._scores[0] = self._scores[1:].min(initial=0.0) - UNKNOWN_PENALTY
