"""From the readable types to the kernels' arrays and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from toklab.algorithms.symbols import CONTINUATION, Learned, Material
from toklab.algorithms.top_down import LONGEST, ROUNDS, Part, in_order
from toklab.kernels import announce
from toklab.types import ByteArray, IdArray, IntArray, Lazy

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

    return _learn_continued(wordpiece.learn, material, vocab_size, min_frequency, family)


def learn_likelihood_gain(material: Material, vocab_size: int, min_frequency: int = 0) -> Learned:
    """Compiled twin of `toklab.algorithms.likelihood_gain.learn`."""
    from toklab.kernels import likelihood_gain

    return _learn_continued(likelihood_gain.learn, material, vocab_size, min_frequency)


def _learn_continued(
    kernel: Callable[..., IntArray], material: Material, vocab_size: int, min_frequency: int, *more: int
) -> Learned:
    """Run a kernel that merges pieces of which some continue words."""
    announce(kernel)
    text, starts, reserved = _keys(material)
    joiner = CONTINUATION.encode()
    continues = np.array([symbol.piece.continuation for symbol in material.symbols], np.uint8)
    options = np.array([_reachable(material, vocab_size), max(1, min_frequency), len(joiner), *more], np.int64)
    found = kernel(material.ids, material.offsets, material.counts, text, starts, reserved, continues, options)
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
    size = max(len(material.symbols), int(found[:, 2].max(initial=-1)) + 1)
    merges = Lazy(len(found), lambda: tuple((left, right, new) for left, right, new in found[:, :3].tolist()))
    counts = Lazy(len(found), lambda: tuple(found[:, 3].tolist()))
    return Learned(material.symbols, size, merges, counts, joiner)


class CompiledSubstrings:
    """Compiled twin of `toklab.algorithms.top_down.CountedSubstrings`."""

    def __init__(self, material: Material, subtract_all: bool = False) -> None:
        from toklab.kernels import top_down

        announce(top_down.build, top_down.count_all, top_down.keep)
        self._kernels, self._subtract_all, self._material = top_down, subtract_all, material
        self._trie = top_down.build(material.ids, material.offsets, *_barred(material), LONGEST)
        path, base, nodes, self._is_barred = self._trie
        self._depths, self._seen = nodes[:, top_down.DEPTH], nodes[:, top_down.SEEN]
        self._first = top_down.count_all(path, base, material.offsets, material.counts, len(nodes))

    @property
    def most(self) -> int:
        """The largest count."""
        return int(self._first.max())

    def size(self, threshold: int) -> int:
        """How many parts of several characters a threshold keeps."""
        return int(np.count_nonzero(self._keep(threshold)))

    def frequent(self, number: int, least: int) -> list[Part]:
        """The ``number`` most frequent parts of several characters that may be pieces, if at least that frequent."""
        worth = self._first * ((self._depths > 1) & (self._is_barred == 0) & (self._first >= least))
        last = max(1, number)
        if last < len(worth):
            worth[worth < np.partition(worth, -last)[-last]] = 0  # all that are as frequent as the last one stay
        return in_order(self._parts(worth))[:number]

    def kept(self, threshold: int) -> dict[Part, int]:
        """The parts of several characters that a threshold keeps, with what is left of their counts."""
        return self._parts(self._keep(threshold))

    def _keep(self, threshold: int) -> IntArray:
        options = np.array([threshold, self._subtract_all, ROUNDS], np.int64)
        words = self._material.offsets, self._material.counts
        return self._kernels.keep(*self._trie, *words, self._first, options)

    def _parts(self, worth: IntArray) -> dict[Part, int]:
        """The substrings of the nodes that are not 0."""
        symbols, ids = self._material.symbols, self._material.ids
        parts = {}
        for node in np.flatnonzero(worth).tolist():
            start = int(self._seen[node])
            spelled = [symbols[index].piece for index in ids[start : start + int(self._depths[node])].tolist()]
            text = b"".join(piece.surface for piece in spelled).decode()
            parts[text, spelled[0].continuation] = int(worth[node])
        return parts


def _barred(material: Material) -> tuple[IdArray, IntArray]:
    """What may not be a piece, spelled in symbols: the reserved symbols, and last the ``##`` that may begin no word."""
    ids = {symbol.key: index for index, symbol in enumerate(material.symbols) if not symbol.reserved}
    rows = []
    for text in [*(symbol.key.decode() for symbol in material.symbols if symbol.reserved), CONTINUATION]:
        plain = text.removeprefix(CONTINUATION) if text != CONTINUATION else text
        keys = [(CONTINUATION * (place > 0 or plain != text) + char).encode() for place, char in enumerate(plain)]
        rows.append([ids[key] for key in keys] if all(key in ids for key in keys) else [])
    return np.array(list(itertools.chain(*rows)), np.int32), np.cumsum([0, *map(len, rows)])
