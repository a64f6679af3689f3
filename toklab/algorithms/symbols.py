"""What the merge trainers start from: an alphabet with ids, and the counted words spelled in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from toklab.algorithms.spelling import Characters, Spelling
from toklab.errors import UsageError, VocabSizeError
from toklab.types import IdArray, IntArray, Lazy, Piece, WordCounts

CONTINUATION = "##"


def _byte_characters() -> tuple[str, ...]:
    """GPT-2's printable stand-in for each byte: itself where printable, else the next free one from U+0100."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {byte: chr(byte) for byte in kept}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(kept))
    return tuple(table[byte] for byte in range(256))


BYTE_TO_CHAR = _byte_characters()
CHAR_TO_BYTE = {char: byte for byte, char in enumerate(BYTE_TO_CHAR)}
# Ids follow the stand-in characters' code points, as in GPT-2 and Hugging Face.
BYTE_ORDER = tuple(sorted(range(256), key=lambda byte: BYTE_TO_CHAR[byte]))


@dataclass(frozen=True)
class Symbol:
    """An entry of the vocabulary while training.

    Parameters
    ----------
    piece : what it stands for
    key : the bytes that merging joins and that tie rules compare
    reserved : no merge may spell this key (special tokens, ``<0xNN>``), so that ordinary text never gives its id
    """

    piece: Piece
    key: bytes
    reserved: bool = False


@dataclass(frozen=True, eq=False)
class Material:
    """A corpus as a merge trainer sees it.

    Parameters
    ----------
    symbols : the initial vocabulary, by id
    ids : (n,) int32, the ids that spell the distinct words, most frequent word first, end to end
    offsets : (words + 1,) int64, where each word begins in ``ids``
    counts : (words,) int64, occurrences of each word
    """

    symbols: tuple[Symbol, ...]
    ids: IdArray
    offsets: IntArray
    counts: IntArray

    @property
    def words(self) -> Iterator[list[int]]:
        """The ids of each word."""
        flat = self.ids.tolist()
        return (flat[start:end] for start, end in itertools.pairwise(self.offsets.tolist()))

    @property
    def size(self) -> int:
        """Symbols in all distinct words."""
        return len(self.ids)


@dataclass(frozen=True)
class Learned:
    """What a merge trainer found.

    Parameters
    ----------
    initial : the vocabulary that it started from, by id
    size : of the final vocabulary
    merges : (left id, right id, resulting id), in order
    counts : occurrences of each merged pair at the time it was merged
    joiner : prefix that a right key loses when it is merged
    """

    initial: tuple[Symbol, ...]
    size: int
    merges: Sequence[tuple[int, int, int]]
    counts: Sequence[int]
    joiner: bytes = b""

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """The final vocabulary, by id."""
        symbols = list(self.initial)
        for left, right, new in self.merges:
            if new == len(symbols):
                a, b = symbols[left], symbols[right]
                symbols.append(Symbol(merged_piece(a.piece, b.piece), a.key + b.key.removeprefix(self.joiner)))
        return tuple(symbols)

    @property
    def pieces(self) -> Lazy[Piece]:
        """What the symbols stand for."""
        return Lazy(self.size, lambda: tuple(symbol.piece for symbol in self.symbols))


def byte_symbols() -> list[Symbol]:
    """The byte-level alphabet: all 256 bytes, in GPT-2's order."""
    return [Symbol(Piece(bytes([byte]), byte=byte >= 0x80), bytes([byte])) for byte in BYTE_ORDER]


def fallback_symbols() -> list[Symbol]:
    """The pieces ``<0x00>`` to ``<0xFF>`` that spell a character which has no piece of its own."""
    return [Symbol(Piece(bytes([b]), byte=True), f"<0x{b:02X}>".encode(), reserved=True) for b in range(256)]


def special_symbols(texts: Sequence[str], byte_level: bool = False) -> list[Symbol]:
    """Symbols of special tokens, after `check_special_tokens`."""
    symbols = []
    for text in check_special_tokens(texts):
        key = text.encode("utf-8")
        if byte_level:
            spelled = [CHAR_TO_BYTE.get(char) for char in text]
            key = b"" if None in spelled else bytes(byte for byte in spelled if byte is not None)
        symbols.append(Symbol(Piece(text.encode("utf-8"), special=True), key, reserved=True))
    return symbols


def check_special_tokens(texts: Sequence[str]) -> Sequence[str]:
    """The texts, if they can be special tokens.

    Raises
    ------
    UsageError
        One is empty, given twice, or not valid Unicode.
    """
    for text in texts:
        if not text:
            raise UsageError("a special token is empty; give it some text")
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise UsageError(f"the special token {text!r} holds a lone surrogate, which UTF-8 cannot hold")
        if texts.count(text) > 1:
            raise UsageError(f"the special token {text!r} is given twice")
    return texts


def build_material(
    words: WordCounts,
    initial: Sequence[Symbol],
    spelling: Spelling | None,
    algorithm: str,
    vocab_size: int,
) -> Material:
    """Spell every word with the initial symbols.

    Parameters
    ----------
    spelling : how words are spelled in characters; None spells them in bytes

    Raises
    ------
    VocabSizeError
        ``vocab_size`` is smaller than the initial vocabulary.
    UsageError
        A special token is a character of the alphabet.
    """
    if vocab_size < len(initial):
        raise VocabSizeError(algorithm, vocab_size, len(initial))
    ids = ids_by_key(initial)
    if spelling is None:
        table = np.array([ids[bytes([byte])] for byte in range(256)], np.int32)
        return Material(tuple(initial), table[words.flat.text], words.flat.starts, words.counts)
    characters = Characters.of(words.flat)
    return Material(tuple(initial), spelling.ids(characters, ids), characters.starts, words.counts)


def ids_by_key(symbols: Sequence[Symbol]) -> dict[bytes, int]:
    """Id of each key.

    Raises
    ------
    UsageError
        A special token is a character of the alphabet.
    """
    ids: dict[bytes, int] = {}
    for index, symbol in enumerate(symbols):
        if symbol.key and symbol.key in ids:
            raise UsageError(
                f"the special token {symbol.key.decode('utf-8', 'replace')!r} is a single character of the "
                "alphabet; choose a longer one"
            )
        ids[symbol.key] = index
    return ids


def merged_piece(left: Piece, right: Piece) -> Piece:
    """The piece that stands for a left and a right piece together."""
    return Piece(left.surface + right.surface, continuation=left.continuation, word_final=right.word_final)
