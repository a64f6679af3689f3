"""The compiled search for the best segmentation, for many words at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.lattice import LEAST_SINGLE
from toklab.algorithms.posterior import BEST
from toklab.algorithms.segmenting import Tokens
from toklab.algorithms.trie import Trie
from toklab.kernels import announce
from toklab.types import FloatArray, Words

if TYPE_CHECKING:
    from toklab.algorithms.unigram_model import UnigramModel


class UnigramKernel:
    """The compiled Viterbi search with the trie of one model."""

    def __init__(self, model: UnigramModel) -> None:
        from toklab.kernels import encode_unigram

        announce(encode_unigram.encode)
        unknown, self._penalty = model.unknown
        found = Trie.of([text.encode() for text in model.pieces])
        self._links = found.table
        self._pieces, self._scores = np.full(len(self._links), unknown, np.int32), np.zeros(len(self._links))
        self._scores[found.slots] = [score for _, score in model.pieces.values()]
        self._pieces[found.slots] = [index for index, _ in model.pieces.values()]
        self._added = self._scores.astype(np.float32) if model.single_precision else self._scores
        self._least = LEAST_SINGLE if model.single_precision else -math.inf
        # A character has 4 bytes at most, and may be unknown.
        self._reach = max([4, *(len(text.encode()) for text in model.pieces)])
        self._unseen = model.unseen
        self._fallback = np.array(model.fallback, np.int32)

    def cut(self, words: Words) -> Tokens:
        """The best segmentation of each word."""
        from toklab.kernels import encode_unigram

        room = int(words.starts[-1] - words.starts[0])
        longest = int(np.diff(words.starts).max(initial=0))
        best, made = np.empty(longest + 1, self._added.dtype), np.empty(longest + 1, np.uint64)
        nexts = np.empty(longest + 1, np.int32)
        ids, ends = np.empty(room, np.int32), np.empty(room, np.int32)
        sizes = np.zeros(len(words.starts) - 1, np.int64)
        penalty = self._added.dtype.type(self._penalty)
        tables = self._links, self._added, self._pieces, penalty, self._least, self._reach, self._fallback
        total = encode_unigram.encode(words.text, words.starts, *tables, best, made, nexts, ids, ends, sizes)
        return Tokens(ids[:total], ends[:total], sizes)

    def judge(self, words: Words) -> FloatArray:
        """(words, 3) float64, see `toklab.algorithms.posterior.judge`."""
        from toklab.kernels import unigram_posterior

        announce(unigram_posterior.judge)
        room = int(np.diff(words.starts).max(initial=0)) + 1
        sums, ways, counts = np.empty((room, 3)), np.empty((room, BEST)), np.empty(room, np.int64)
        froms, marks = np.empty((room, BEST), np.int64), np.empty(room, np.int64)
        found = np.empty((len(words.starts) - 1, 3))
        tables = self._links, self._scores, self._unseen
        unigram_posterior.judge(words.text, words.starts, *tables, sums, ways, froms, counts, marks, found)
        return found
