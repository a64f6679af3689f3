"""From the readable types to the kernels' arrays and back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.symbols import CONTINUATION, Learned, Material, Symbol, merged_piece
from toklab.kernels import announce
from toklab.pretokenize.fast import Scanned, thread_count
from toklab.types import Batch, ByteArray, IntArray

if TYPE_CHECKING:
    from toklab.algorithms.models import Segmentation, WordPieceModel

TIE_CODES = {"lowest-ids": 0, "lexicographic-max": 1, "first-seen": 2}
FAMILY = 128


def learn_bpe(
    material: Material,
    vocab_size: int,
    tie: str = "lowest-ids",
    min_frequency: int = 0,
    max_piece_length: int | None = None,
    joiner: bytes = b"",
    byte_fallback: bool = False,
) -> Learned:
    """Compiled twin of `toklab.algorithms.bpe.learn`."""
    from toklab.kernels import bpe

    announce(bpe.learn)
    text, starts, reserved = _keys(material)
    size = _reachable(material, vocab_size)
    limits = [size, TIE_CODES[tie], max(1, min_frequency), max_piece_length or 0, len(joiner), byte_fallback]
    options = np.array(limits, np.int64)
    found = bpe.learn(material.ids, material.offsets, material.counts, text, starts, reserved, options)
    return _learned(material, found, joiner)


def learn_wordpiece(material: Material, vocab_size: int, min_frequency: int = 0, family: int = FAMILY) -> Learned:
    """Compiled twin of `toklab.algorithms.wordpiece.learn`.

    Parameters
    ----------
    family : a symbol in more pairs gets a heap of its own; the result does not depend on it
    """
    from toklab.kernels import wordpiece

    announce(wordpiece.learn)
    text, starts, reserved = _keys(material)
    joiner = CONTINUATION.encode()
    continues = np.array([symbol.piece.continuation for symbol in material.symbols], np.uint8)
    options = np.array([_reachable(material, vocab_size), max(1, min_frequency), len(joiner), family], np.int64)
    found = wordpiece.learn(material.ids, material.offsets, material.counts, text, starts, reserved, continues, options)
    return _learned(material, found, joiner)


def _reachable(material: Material, vocab_size: int) -> int:
    """The size asked for, or the most that there can be: every merge uses up a symbol of some word."""
    return min(vocab_size, len(material.symbols) + material.size)


def _keys(material: Material) -> tuple[ByteArray, IntArray, ByteArray]:
    """Keys laid end to end, where each begins, and which are reserved."""
    text = b"".join(symbol.key for symbol in material.symbols)
    starts = np.zeros(len(material.symbols) + 1, np.int64)
    np.cumsum([len(symbol.key) for symbol in material.symbols], out=starts[1:])
    reserved = np.array([symbol.reserved for symbol in material.symbols], np.uint8)
    return np.frombuffer(text, np.uint8).copy(), starts, reserved


def _learned(material: Material, found: IntArray, joiner: bytes) -> Learned:
    symbols = list(material.symbols)
    rows = found.tolist()
    for left, right, new, _ in rows:
        if new == len(symbols):
            a, b = symbols[left], symbols[right]
            symbols.append(Symbol(merged_piece(a.piece, b.piece), a.key + b.key.removeprefix(joiner)))
    merges = tuple((left, right, new) for left, right, new, _ in rows)
    return Learned(tuple(symbols), merges, tuple(found[:, 3].tolist()))


def lay_out(found: Scanned, segmentations: Sequence[Segmentation], threads: int | None) -> Batch:
    """Tokens of scanned texts, from the segmentation of each distinct word."""
    from toklab.kernels import scan

    announce(scan.lay_out)
    at = np.zeros(len(segmentations) + 1, np.int64)
    np.cumsum([len(ids) for ids, _ in segmentations], out=at[1:])
    ids = np.fromiter((i for found_ids, _ in segmentations for i in found_ids), np.int32, count=int(at[-1]))
    widths = (itertools.accumulate(found_widths) for _, found_widths in segmentations)
    ends = np.fromiter(itertools.chain.from_iterable(widths), np.int64, count=int(at[-1]))
    done = np.zeros(len(found.places) + 1, np.int64)
    np.cumsum(np.diff(at)[found.places[:, 0]], out=done[1:])
    rows = np.zeros(len(found.sizes) + 1, np.int64)
    np.cumsum(found.sizes, out=rows[1:])
    out, spans = np.zeros(int(done[-1]), np.int32), np.zeros((int(done[-1]), 2), np.int64)
    workers = thread_count(threads, max(1, len(found.places) >> 16))
    cuts = np.linspace(0, len(found.places), workers + 1).astype(np.int64)

    def part(index: int) -> None:
        first, last = int(cuts[index]), int(cuts[index + 1])
        scan.lay_out(found.places, first, last, int(done[first]), at, ids, ends, out, spans)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(part, range(workers)))
    return Batch(out, done[rows], spans)


class KernelBpe:
    """The compiled merge loop with the ranks of one model."""

    def __init__(self, merges: Sequence[tuple[int, int, int]]) -> None:
        from toklab.kernels import encode_bpe

        announce(encode_bpe.build_ranks, encode_bpe.encode)
        self._merges = np.array(merges, np.int64).reshape(-1, 3)
        self._keys, self._ranks = encode_bpe.build_ranks(self._merges)

    def encode(self, starts: Sequence[tuple[list[int], list[int]]]) -> list[Segmentation]:
        """Merge words given as initial ids and widths."""
        ids = np.array([i for word, _ in starts for i in word], np.int64)
        widths = np.array([n for _, word in starts for n in word], np.int64)
        return self._merge(ids, widths, [len(word) for word, _ in starts])

    def encode_bytes(self, words: Sequence[str], byte_ids: Sequence[int]) -> list[Segmentation]:
        """Merge words from the ids of their UTF-8 bytes."""
        encoded = [word.encode("utf-8") for word in words]
        ids = np.array(byte_ids, np.int64)[np.frombuffer(b"".join(encoded), np.uint8)]
        return self._merge(ids, np.ones(len(ids), np.int64), [len(raw) for raw in encoded])

    def _merge(self, ids: IntArray, widths: IntArray, sizes: Sequence[int]) -> list[Segmentation]:
        from toklab.kernels import encode_bpe

        offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        kept = encode_bpe.encode(ids, widths, offsets, self._merges, self._keys, self._ranks)
        return _segmentations(ids, widths, offsets, kept)


class KernelWordPiece:
    """The compiled longest match with the trie of one model."""

    def __init__(self, model: WordPieceModel) -> None:
        from toklab.kernels import encode_wordpiece

        announce(encode_wordpiece.build_trie, encode_wordpiece.encode)
        self._model = model
        # Any piece that the vocabulary spells may begin a word, even one spelled "##...", as in Hugging Face.
        entries = [(text, i, 0) for i, text in enumerate(model.strings) if not model.vocab[i].special]
        entries += [
            (text.removeprefix(CONTINUATION), i, 1)
            for text, i, _ in entries
            if text.startswith(CONTINUATION) and text != CONTINUATION
        ]
        codes, starts = _code_points([text for text, _, _ in entries])
        ids = np.array([i for _, i, _ in entries], np.int64)
        roots = np.array([root for _, _, root in entries], np.int64)
        self._trie = encode_wordpiece.build_trie(codes, starts, ids, roots)

    def encode(self, words: Sequence[str]) -> list[Segmentation]:
        """Match words; those that are too long or cannot be matched are one unknown token."""
        from toklab.kernels import encode_wordpiece

        codes, offsets = _code_points(words)
        ids, widths, sizes = encode_wordpiece.encode(codes, offsets, self._model.max_word_length, self._trie)
        found = _segmentations(ids, widths, offsets, np.maximum(sizes, 0))
        return [
            _in_bytes(segmentation, word) if size >= 0 else self._model.unknown(len(word.encode("utf-8")))
            for segmentation, size, word in zip(found, sizes.tolist(), words, strict=True)
        ]


def _code_points(texts: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Code points of all texts, end to end, and where each text begins."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    return np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.int64), starts


def _in_bytes(segmentation: Segmentation, word: str) -> Segmentation:
    """Widths in UTF-8 bytes instead of characters."""
    if word.isascii():
        return segmentation
    ids, widths = segmentation
    ends = [0, *itertools.accumulate(widths)]
    return ids, tuple(len(word[a:b].encode("utf-8")) for a, b in itertools.pairwise(ends))


def _segmentations(ids: IntArray, widths: IntArray, offsets: IntArray, sizes: IntArray) -> list[Segmentation]:
    flat_ids, flat_widths = ids.tolist(), widths.tolist()
    return [
        (tuple(flat_ids[start : start + size]), tuple(flat_widths[start : start + size]))
        for start, size in zip(offsets[:-1].tolist(), sizes.tolist(), strict=True)
    ]
