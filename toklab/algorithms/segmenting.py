"""The compiled ways to cut words into tokens, for many words at once: bytes in, flat arrays out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toklab.algorithms.symbols import CONTINUATION
from toklab.kernels import announce
from toklab.types import IdArray, IntArray, Words

if TYPE_CHECKING:
    from toklab.algorithms.models import Segmentation, WordPieceModel


class Tokens(NamedTuple):
    """Tokens of words, end to end: ids, the byte of its word where each ends, and how many each word has."""

    ids: IdArray
    ends: IdArray
    sizes: IntArray

    @staticmethod
    def of(found: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Tokens:
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
    """The compiled merge loop with the ranks of one model."""

    def __init__(self, merges: Sequence[tuple[int, int, int]]) -> None:
        from toklab.kernels import encode_bpe

        announce(encode_bpe.encode)
        self._ranks = np.full((table_size(2 * len(merges)), 2), -1, np.int64)
        encode_bpe.build_ranks(np.array(merges, np.int64).reshape(-1, 3), self._ranks)

    def merge_bytes(self, words: Words, byte_ids: Sequence[int]) -> Tokens:
        """Merge words from the ids of their bytes."""
        first, last = int(words.starts[0]), int(words.starts[-1])
        offsets = words.starts - first
        ids = np.array(byte_ids, np.int32)[words.text[first:last]]
        ends = np.arange(1, last - first + 1) - np.repeat(offsets[:-1], np.diff(offsets))
        return self._merge(ids, ends.astype(np.int32), offsets)

    def merge(self, starts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Tokens:
        """Merge words given as initial ids and widths."""
        ids, ends, sizes = Tokens.of(starts)
        offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        return self._merge(ids, ends, offsets)

    def _merge(self, ids: IdArray, ends: IdArray, offsets: IntArray) -> Tokens:
        from toklab.kernels import encode_bpe

        sizes = np.diff(offsets)
        longest = max(encode_bpe.SHORT, int(sizes.max(initial=0)))
        links, heap = np.empty((longest, 2), np.int64), np.empty(3 * longest, np.int64)
        total = encode_bpe.encode(ids, ends, offsets, self._ranks, links, heap, sizes)
        return Tokens(ids[:total], ends[:total], sizes)


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


def table_size(entries: int) -> int:
    """A power of two that is not below a number of entries."""
    return int(max(1024, 1 << max(0, entries - 1).bit_length()))
