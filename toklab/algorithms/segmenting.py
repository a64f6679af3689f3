"""The compiled ways to cut words into tokens, for many words at once: bytes in, flat arrays out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from toklab.algorithms.lattice import LEAST_SINGLE
from toklab.algorithms.posterior import BEST
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.trie import Trie
from toklab.kernels import announce
from toklab.types import FloatArray, IdArray, IntArray, StepArray, Words

if TYPE_CHECKING:
    from toklab.algorithms.models import Segmentation, WordPieceModel
    from toklab.algorithms.stream import Stream
    from toklab.algorithms.unigram_model import UnigramModel

# The ids that a word starts as and the bytes that each covers, or those that it ends as.
Start: TypeAlias = tuple[Sequence[int], Sequence[int]]


class Tokens(NamedTuple):
    """Tokens of words, end to end: ids, the byte of its word where each ends, and how many each word has."""

    ids: IdArray
    ends: IdArray
    sizes: IntArray

    @staticmethod
    def of(found: Sequence[Start]) -> Tokens:
        """Lay segmentations end to end."""
        sizes = np.array([len(ids) for ids, _ in found], np.int64)
        ids = np.fromiter((i for ids, _ in found for i in ids), np.int32, count=int(sizes.sum()))
        ends = (itertools.accumulate(widths) for _, widths in found)
        return Tokens(ids, np.fromiter(itertools.chain.from_iterable(ends), np.int32, count=len(ids)), sizes)

    def segmentations(self) -> list[Segmentation]:
        """The same word by word, with widths instead of ends."""
        bounds = np.zeros(len(self.sizes) + 1, np.int64)
        np.cumsum(self.sizes, out=bounds[1:])
        widths = np.diff(self.ends, prepend=np.int32(0))
        firsts = bounds[:-1][self.sizes > 0]
        widths[firsts] = self.ends[firsts]
        ids, flat = self.ids.tolist(), widths.tolist()
        return [(tuple(ids[a:b]), tuple(flat[a:b])) for a, b in itertools.pairwise(bounds.tolist())]


class BpeKernel:
    """The compiled merge loop of one model: linear where its list of merges is orderly, else by a heap.

    Parameters
    ----------
    merges : (left id, right id, resulting id), in rank order
    size : of the vocabulary
    """

    def __init__(self, merges: Sequence[tuple[int, int, int]], size: int) -> None:
        self._merges, self._size = np.array(merges, np.int64).reshape(-1, 3), size

    @cached_property
    def _orderly(self) -> OrderlyMerges | None:
        return OrderlyMerges.of(self._merges, self._size)

    @cached_property
    def _heap(self) -> HeapMerges:
        return HeapMerges(self._merges)

    def merge_bytes(self, words: Words, byte_ids: Sequence[int]) -> Tokens:
        """Merge words from the ids of their bytes."""
        first, last = int(words.starts[0]), int(words.starts[-1])
        return self._merge(np.array(byte_ids, np.int32)[words.text[first:last]], words.starts - first)

    def whole(self, byte_ids: Sequence[int], most: int) -> tuple[Words, IdArray] | None:
        """The bytes of tokens, and the ids: words that need no merging; of the first ``most`` merges, where orderly."""
        from toklab.kernels.words import MARGIN

        orderly = self._orderly
        if orderly is None:
            return None
        to_byte = np.full(len(orderly.numbers), -1, np.int64)
        to_byte[orderly.numbers[np.array(byte_ids)]] = np.arange(256)
        first = len(orderly.ids) - len(self._merges)
        starts = orderly.starts[first : first + most + 1]
        spelled = to_byte[orderly.symbols[starts[0] : starts[-1]]]
        if (spelled < 0).any():
            return None
        text = np.zeros(len(spelled) + MARGIN, np.uint8)
        text[: len(spelled)] = spelled
        text.flags.writeable = False
        return Words(text, starts - starts[0]), orderly.ids[first : first + most]

    def merge(self, starts: Sequence[Start]) -> Tokens:
        """Merge words given as initial ids and widths."""
        return _in_bytes(starts, self._merge)

    def merge_with_dropout(self, starts: Sequence[Start], alpha: float, random: Stream) -> Tokens:
        """The same with BPE-dropout."""
        return _in_bytes(starts, lambda ids, offsets: self._heap.cut(ids, offsets, np.diff(offsets), alpha, random))

    def _merge(self, ids: IdArray, offsets: IntArray) -> Tokens:
        """Tokens of words given as initial ids and where each word begins; ends are counted in initial symbols."""
        sizes = np.diff(offsets)
        if self._orderly is not None:
            return self._orderly.cut(ids, offsets, sizes)
        return self._heap.cut(ids, offsets, sizes)


def _in_bytes(starts: Sequence[Start], merge: Callable[[IdArray, IntArray], Tokens]) -> Tokens:
    """Tokens of words given as initial ids and widths, by a function whose ends are counted in initial symbols."""
    ids, ends, sizes = Tokens.of(starts)
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    found = merge(ids, offsets)
    return found._replace(ends=ends[np.repeat(offsets[:-1], found.sizes) + found.ends - 1])


class HeapMerges:
    """The table of `toklab.kernels.encode_bpe_heap` for (n, 3) merges."""

    def __init__(self, merges: IntArray) -> None:
        from toklab.kernels import encode_bpe_heap

        announce(encode_bpe_heap.encode)
        self._ranks = np.full((table_size(2 * len(merges)), 2), -1, np.int64)
        encode_bpe_heap.build_ranks(merges, self._ranks)

    def cut(
        self, ids: IdArray, offsets: IntArray, sizes: IntArray, alpha: float = 0.0, random: Stream | None = None
    ) -> Tokens:
        """Tokens of words, with dropout drawn from a stream; ``ids`` and ``sizes`` are written."""
        from toklab.kernels import encode_bpe_heap

        longest = int(sizes.max(initial=0))
        links, heap = np.empty((longest, 2), np.int64), np.empty(3 * longest, np.int64)
        aside, ends = np.empty(longest, np.int64), np.empty_like(ids)
        state = np.array([random.state if random else 0], np.uint64)
        chance = float(alpha)  # an int would compile the kernel again
        total = encode_bpe_heap.encode(ids, offsets, self._ranks, chance, state, links, heap, aside, ends, sizes)
        if random is not None:
            random.state = int(state[0])
        return Tokens(ids[:total], ends[:total], sizes)


class OrderlyMerges(NamedTuple):
    """The tables of `toklab.kernels.encode_bpe`, from ids to numbers and back, and the symbols of each token."""

    tokens: IdArray
    pairs: IntArray
    maybe: StepArray
    trie: IntArray
    numbers: IdArray
    ids: IdArray
    starts: IntArray
    symbols: IdArray

    @staticmethod
    def of(merges: IntArray, size: int) -> OrderlyMerges | None:
        """The tables of a list of merges; None where it is not orderly, or too large for them."""
        from toklab.kernels import encode_bpe as kernels

        announce(kernels.encode)
        made = np.bincount(merges[:, 2], minlength=size)
        initial = np.flatnonzero(made == 0)
        ids = np.concatenate([initial, merges[:, 2]]).astype(np.int32)
        if made.max(initial=0) > 1 or size >= kernels.NONE or len(initial) >> kernels.SYMBOL_BITS:
            return None
        numbers = np.zeros(size, np.int32)
        numbers[ids] = np.arange(size)
        parts = numbers[merges[:, :2]].astype(np.int64)
        if (parts.max(axis=1, initial=0) >= np.arange(len(initial), size)).any():
            return None
        tokens = np.zeros((size, kernels.TOKEN_COLUMNS), np.int32)
        pairs = np.full(table_size(2 * len(parts)), -1, np.int64)
        maybe = np.zeros(1 << kernels.FILTER_BITS >> 6, np.uint64)
        if not kernels.describe(parts, tokens, pairs, maybe):
            return None
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(tokens[:, kernels.LENGTH], out=starts[1:])
        symbols = np.zeros(starts[-1], np.int32)
        kernels.spell(tokens, starts, symbols)
        order = np.argsort(tokens[:, kernels.LENGTH], kind="stable")[len(initial) :]
        trie = np.full(table_size(2 * len(order)), -1, np.int64)
        while not kernels.build_trie(order, starts, symbols, tokens, trie):
            if len(trie) >> kernels.NODE_BITS:
                return None
            trie = np.full(2 * len(trie), -1, np.int64)
        return OrderlyMerges(tokens, pairs, maybe, trie, numbers, ids, starts, symbols)

    def cut(self, ids: IdArray, offsets: IntArray, sizes: IntArray) -> Tokens:
        """Tokens of words; ``sizes`` is written."""
        from toklab.kernels import encode_bpe

        symbols, dead, values = (
            self.numbers[ids],
            np.zeros(len(ids) + 1, np.uint8),
            np.empty(encode_bpe.SHORT, np.int32),
        )
        out, ends = np.empty_like(ids), np.empty_like(ids)
        tables = self.tokens, self.pairs, self.maybe, self.trie
        total = encode_bpe.encode(symbols, offsets, *tables, dead, values, out, ends, sizes)
        return Tokens(self.ids[out[:total]], ends[:total], sizes)


class WordPieceKernel:
    """The compiled longest match with the tries of one model."""

    def __init__(self, model: WordPieceModel) -> None:
        from toklab.kernels import encode_wordpiece

        announce(encode_wordpiece.encode)
        self._limit, self._unknown = model.max_word_length, model.vocab.unk_id
        # Any piece that the vocabulary spells may begin a word, even one spelled "##...", as in Hugging Face.
        entries = [(text, i, 0) for i, text in enumerate(model.strings) if not model.vocab[i].special]
        entries += [
            (text.removeprefix(CONTINUATION), i, 1)
            for text, i, _ in entries
            if text.startswith(CONTINUATION) and text != CONTINUATION
        ]
        text, starts = Words.of([text for text, _, _ in entries])
        pieces = np.array([i for _, i, _ in entries], np.int64)
        roots = np.array([root for _, _, root in entries], np.int64)
        nodes = np.zeros((len(text) + 2, encode_wordpiece.NODE_COLUMNS), np.int64)
        self._table = np.full((table_size(2 * len(nodes)), 2), -1, np.int64)
        used = encode_wordpiece.build_trie(text, starts, pieces, roots, nodes, self._table)
        self._nodes = nodes[:used].copy()
        order = np.argsort(self._nodes[:, encode_wordpiece.DEPTH], kind="stable")[2:]
        self._pops = np.zeros(4 * used, np.int64)
        while not encode_wordpiece.link(self._nodes, order, self._table, self._pops):
            self._pops = np.zeros(2 * len(self._pops), np.int64)

    def match(self, words: Words) -> Tokens:
        """Match words; those that are too long or cannot be matched are one unknown token."""
        from toklab.kernels import encode_wordpiece

        room = int(words.starts[-1] - words.starts[0])
        ids, ends = np.empty(room, np.int32), np.empty(room, np.int32)
        sizes = np.zeros(len(words.starts) - 1, np.int64)
        unknown = -1 if self._unknown is None else self._unknown
        total = encode_wordpiece.encode(
            words.text, words.starts, self._limit, unknown, self._nodes, self._table, self._pops, ids, ends, sizes
        )
        return Tokens(ids[:total], ends[:total], sizes)


class UnigramKernel:
    """The compiled Viterbi search with the trie of one model."""

    def __init__(self, model: UnigramModel) -> None:
        from toklab.kernels import encode_unigram

        announce(encode_unigram.encode)
        unknown, self._penalty = model.unknown
        entries = sorted(model.pieces.items())
        found = Trie.of([text for text, _ in entries])
        self._links = found.table
        self._pieces, self._scores = np.full(len(self._links), unknown, np.int32), np.zeros(len(self._links))
        self._scores[found.slots] = [score for _, (_, score) in entries]
        self._pieces[found.slots] = [index for _, (index, _) in entries]
        self._added = self._scores.astype(np.float32) if model.single_precision else self._scores
        self._least = LEAST_SINGLE if model.single_precision else -math.inf
        # A character has 4 bytes at most, and may be unknown.
        self._reach = max([4, *(len(text.encode()) for text, _ in entries)])
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


def table_size(entries: int) -> int:
    """A power of two that is not below a number of entries."""
    return int(max(1024, 1 << max(0, entries - 1).bit_length()))
