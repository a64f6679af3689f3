"""The compiled ways to merge words, for many at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.segmenting import Start, Tokens, table_size
from toklab.kernels import announce
from toklab.types import ByteArray, IdArray, IntArray, Words

if TYPE_CHECKING:
    from toklab.algorithms.stream import Stream
    from toklab.kernels.pairs import Pairs

# Symbols of the parts of long words, a multiple of the bytes of any character, so that few seams cross one. Merging
# takes longer for each symbol the longer its part is; joining, the shorter.
PART = 24


class BpeKernel:
    """The compiled merge loop of one model: linear where its list of merges is orderly, else by a heap.

    Parameters
    ----------
    merges : (left id, right id, resulting id), in rank order
    size : of the vocabulary
    """

    def __init__(self, merges: Sequence[tuple[int, int, int]], size: int) -> None:
        flat = itertools.chain.from_iterable(merges)  # `np.array` takes twice as long
        self._merges, self._size = np.fromiter(flat, np.int64, count=3 * len(merges)).reshape(-1, 3), size

    @cached_property
    def _orderly(self) -> OrderlyMerges | None:
        return OrderlyMerges.of(self._merges, self._size)

    @cached_property
    def _heap(self) -> HeapMerges:
        return HeapMerges(self._merges)

    def merge_bytes(self, words: Words, byte_ids: Sequence[int]) -> Tokens:
        """Merge words from the ids of their bytes."""
        first, last = int(words.starts[0]), int(words.starts[-1])
        text, offsets = words.text[first:last], words.starts - first
        if self._orderly is not None:
            return self._orderly.cut_bytes(text, np.array(byte_ids), offsets)
        return self._merge(np.array(byte_ids, np.int32)[text], offsets)

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
        if self._orderly is not None:
            return self._orderly.cut(self._orderly.numbers[ids], offsets)
        return self._heap.cut(ids, offsets, np.diff(offsets))


def _in_bytes(starts: Sequence[Start], merge: Callable[[IdArray, IntArray], Tokens]) -> Tokens:
    """Tokens of words given as initial ids and widths, by a function whose ends are counted in initial symbols."""
    ids, ends, sizes = Tokens.of(starts)
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    found = merge(ids, offsets)
    return found._replace(ends=ends[np.repeat(offsets[:-1], found.sizes) + found.ends - 1])


class HeapMerges:
    """The table of `toklab.kernels.encode_bpe_heap` for (n, 3) merges.

    Parameters
    ----------
    merges : (left id, right id, resulting id), each pair once
    ranks : (n,) rank of each, where that is not its place
    """

    def __init__(self, merges: IntArray, ranks: IntArray | None = None) -> None:
        from toklab.kernels import encode_bpe_heap

        announce(encode_bpe_heap.encode)
        self._ranks = np.full((table_size(2 * len(merges)), 2), -1, np.int64)
        encode_bpe_heap.build_ranks(merges, self._ranks)
        if ranks is not None:
            used = self._ranks[:, 0] >= 0
            values = self._ranks[used, 1]
            self._ranks[used, 1] = ranks[values >> 32] << 32 | values & encode_bpe_heap.LOW_BITS

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


@dataclass(frozen=True, eq=False)
class OrderlyMerges:
    """The tables of `toklab.kernels.encode_bpe`, from ids to numbers and back, and the symbols of each token."""

    tokens: IdArray
    pairs: Pairs
    numbers: IdArray
    ids: IdArray
    starts: IntArray
    symbols: IdArray

    @staticmethod
    def of(merges: IntArray, size: int) -> OrderlyMerges | None:
        """The tables of a list of merges; None where it is not orderly, or too large for them."""
        from toklab.kernels import encode_bpe as kernels
        from toklab.kernels import encode_bpe_lanes
        from toklab.kernels.pairs import NONE

        announce(encode_bpe_lanes.merge)
        made = np.bincount(merges[:, 2], minlength=size)
        initial = np.flatnonzero(made == 0)
        ids = np.concatenate([initial, merges[:, 2]]).astype(np.int32)
        if made.max(initial=0) > 1 or size >= NONE or len(initial) >> kernels.SYMBOL_BITS:
            return None
        numbers = np.zeros(size, np.int32)
        numbers[ids] = np.arange(size)
        parts = numbers[merges[:, :2]].astype(np.int64)
        if (parts.max(axis=1, initial=0) >= np.arange(len(initial), size)).any():
            return None
        pairs = hashed(parts, len(initial))
        if pairs is None:
            return None
        tokens = np.zeros((size, kernels.TOKEN_COLUMNS), np.int32)
        if not kernels.describe(parts, tokens, pairs):
            return None
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(tokens[:, kernels.LENGTH], out=starts[1:])
        if size + int(starts[-1]) >> kernels.NODE_BITS:
            return None
        symbols = np.zeros(starts[-1], np.int32)
        kernels.spell(tokens, starts, symbols)
        return OrderlyMerges(tokens, pairs, numbers, ids, starts, symbols)

    @cached_property
    def _for_long_words(self) -> tuple[IdArray, IntArray]:
        """The tokens with what each begins with, and the trie of them."""
        from toklab.kernels import encode_bpe as kernels

        announce(kernels.build_trie, kernels.join_all)
        tokens = self.tokens.copy()  # another thread may be at this too
        order = np.argsort(tokens[:, kernels.LENGTH], kind="stable")
        order = order[tokens[order, kernels.LENGTH] > 1]
        trie = np.full(table_size(4 * len(order)), -1, np.int64)
        while not kernels.build_trie(order, self.starts, self.symbols, tokens, trie):
            trie = np.full(2 * len(trie), -1, np.int64)
        return tokens, trie

    def cut_bytes(self, text: ByteArray, byte_ids: IntArray, offsets: IntArray) -> Tokens:
        """Tokens of words, given as bytes, of which each begins as the token with its id."""
        from toklab.kernels import encode_bpe

        symbols = np.empty(len(text), np.int32)
        encode_bpe.begin(text, self.numbers[byte_ids], symbols)
        return self.cut(symbols, offsets)

    def cut(self, symbols: IdArray, offsets: IntArray) -> Tokens:
        """Tokens of words, given as numbers of their symbols, which are written over."""
        from toklab.kernels import encode_bpe, encode_bpe_lanes

        sizes, width = np.diff(offsets), encode_bpe_lanes.WIDTH
        order = np.argsort(np.minimum(sizes, width + 1).astype(np.uint8), kind="stable")
        empty, short = np.count_nonzero(sizes == 0), np.count_nonzero(sizes <= width)
        encode_bpe_lanes.merge(symbols, offsets, order[empty:short], self.pairs, sizes)
        if short < len(order):
            self._cut_long(symbols, offsets, order[short:], sizes)
        total = int(sizes.sum())
        found, ends = np.empty(total, np.int32), np.empty(total, np.int32)
        encode_bpe.pack(symbols, offsets, sizes, self.tokens, self.ids, found, ends)
        return Tokens(found, ends, sizes)

    def _cut_long(self, symbols: IdArray, offsets: IntArray, long: IntArray, sizes: IntArray) -> None:
        """Cut some words in parts, and join them; ``symbols`` and ``sizes`` are written over."""
        from toklab.kernels import encode_bpe, encode_bpe_lanes

        tokens, trie = self._for_long_words
        whole = np.concatenate([symbols[offsets[word] : offsets[word + 1]] for word in long])
        bounds, firsts = _in_parts(sizes[long])
        parts, cut = whole.copy(), np.diff(bounds)
        encode_bpe_lanes.merge(parts, bounds, np.argsort(cut.astype(np.uint8), kind="stable"), self.pairs, cut)
        seams, dead = np.zeros(1 << encode_bpe.SEAM_BITS, np.uint64), np.zeros(int(sizes[long].max()) + 1, np.int32)
        found, totals = (whole, parts, bounds, cut, firsts), np.zeros(len(long), np.int64)
        model = tokens, self.pairs, trie
        encode_bpe.join_all(*found, *model, seams, dead, symbols, offsets[long], totals)
        sizes[long] = totals


def _in_parts(sizes: IntArray) -> tuple[IntArray, IntArray]:
    """Cut words that stand end to end in parts: where each part begins, and the first of each word."""
    counts = -(-sizes // PART)
    firsts, starts = np.zeros(len(sizes) + 1, np.int64), np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(counts, out=firsts[1:])
    np.cumsum(sizes, out=starts[1:])
    within = np.arange(firsts[-1]) - np.repeat(firsts[:-1], counts)
    return np.append(np.repeat(starts[:-1], counts) + PART * within, starts[-1]), firsts


def hashed(parts: IntArray, first: int) -> Pairs | None:
    """Table of (n, 2) pairs, of which pair i merges to token ``first`` + i; None where a pair comes twice."""
    from toklab.kernels import pairs as kernels

    size = table_size(2 * len(parts))
    pairs = kernels.Pairs(
        np.full(size, -1, np.int64),
        np.zeros(size // kernels.ENTRIES, np.int32),
        np.zeros(1 << kernels.FILTER_BITS >> 6, np.uint64),
    )
    keys = (parts[:, 0] << kernels.TOKEN_BITS | parts[:, 1]).astype(np.uint64)
    if len(np.unique(keys)) < len(parts):
        return None
    mixed = keys * np.uint64(kernels.SCATTER)
    seeds = (mixed >> np.uint64(kernels.SEED_SHIFT)).astype(np.int64) & (len(pairs.seeds) - 1)
    groups = np.lexsort((seeds, -np.bincount(seeds)[seeds]))
    starts = np.flatnonzero(np.diff(seeds[groups], prepend=-1, append=-1))
    kernels.enter(keys, first, groups, starts, seeds[groups[starts[:-1]]], pairs)
    return pairs
