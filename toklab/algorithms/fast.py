"""From the readable types to the kernels' arrays and back."""

from __future__ import annotations

import numpy as np

from toklab.algorithms.symbols import CONTINUATION, Learned, Material
from toklab.kernels import announce
from toklab.types import ByteArray, IntArray, Lazy

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
    size = max(len(material.symbols), int(found[:, 2].max(initial=-1)) + 1)
    merges = Lazy(len(found), lambda: tuple((left, right, new) for left, right, new in found[:, :3].tolist()))
    counts = Lazy(len(found), lambda: tuple(found[:, 3].tolist()))
    return Learned(material.symbols, size, merges, counts, joiner)
