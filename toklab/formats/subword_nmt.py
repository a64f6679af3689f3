"""Codes of subword-nmt: the merges of BPE on characters, in the order in which they were learned.

Sennrich, Haddow and Birch 2016, section 3.2; the file begins with ``#version: 0.2``, and each line is the two symbols
of a merge, with ``</w>`` on what ends a word. The words of a text are what stands between spaces and line ends.
Version 0.1, where ``</w>`` is a symbol of its own, is refused.

The codes hold no ids. They are given here: 0 is ``<unk>``, which is any character that no code holds; then the
characters of the codes by code point, each first as it is within a word and then with ``</w>``; then what each merge
makes, in order. Codes a + b and ab + c</w> give 0 ``<unk>``, 1 a, 2 a</w>, 3 b, 4 b</w>, 5 c, 6 c</w>, 7 ab and
8 abc</w>.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError
from toklab.formats.huggingface_checks import read_bytes
from toklab.pretokenize import Pattern, PreTokenizer
from toklab.types import Piece, Vocab

SUFFIX = "</w>"
UNKNOWN = 0
WORDS = Pattern("subword-nmt", r"[^ \r\n]+", False, "subword-nmt, words between spaces")


@dataclass(frozen=True)
class Codes:
    """The merges of a file.

    Parameters
    ----------
    merges : the symbols that each joins; none is given twice
    """

    merges: tuple[tuple[str, str], ...]

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id of each symbol, as a word is spelled in them."""
        texts = [part.removesuffix(SUFFIX) for pair in self.merges for part in pair]
        letters = [form for char in sorted(set("".join(texts))) for form in (char, char + SUFFIX)]
        made = [symbol for left, right in self.merges for symbol in (left, right, left + right)]
        return {symbol: index for index, symbol in enumerate(dict.fromkeys([*letters, *made]), UNKNOWN + 1)}

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id, and the merges."""
        pieces = (Piece(b"<unk>", special=True), *map(_piece, self.ids))
        pairs = tuple((pieces[self.ids[left]], pieces[self.ids[right]]) for left, right in self.merges)
        return Vocab(pieces, UNKNOWN, pairs)


def _piece(symbol: str) -> Piece:
    return Piece(symbol.removesuffix(SUFFIX).encode(), word_final=symbol.endswith(SUFFIX))


def read_codes(data: bytes) -> Codes:
    """Read a file's contents.

    Raises
    ------
    FormatError
        It is not UTF-8, not of version 0.2, or a line is not two symbols.
    """
    try:
        lines = data.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"it is not UTF-8: byte offset {error.start}") from None
    if lines[0].split() != ["#version:", "0.2"]:
        raise FormatError(f"its first line is {lines[0][:40]!r}, where '#version: 0.2' is meant")
    found: dict[tuple[str, str], None] = {}
    for number, line in enumerate(lines[1:], 2):
        pair = line.strip("\r ").split(" ")
        if len(pair) != 2 or SUFFIX in pair or not all(pair):
            raise FormatError(f"line {number}: {line[:80]!r} is not two symbols with a space between")
        found[pair[0], pair[1]] = None
    if not found:
        raise FormatError("it holds no merges")
    return Codes(tuple(found))


def load_codes(path: Path) -> TrainedTokenizer:
    """A tokenizer of ours from a file of codes.

    Raises
    ------
    FormatError
        The file is no such file, or subword-nmt would join in another order; see `check_order`.
    """
    data = read_bytes(path)
    try:
        codes = read_codes(data)
        check_order(codes.merges)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    ids = codes.ids
    merges = tuple((ids[left], ids[right], ids[left + right]) for left, right in codes.merges)
    model = BpeModel(codes.vocab, merges, "character", SUFFIX)
    facts = {"algo": "bpe", "format": "subword-nmt", "sha256": hashlib.sha256(data).hexdigest()}
    return TrainedTokenizer("bpe", model, PreTokenizer(WORDS), signature=facts)


def check_order(merges: Sequence[tuple[str, str]]) -> None:
    """Refuse merges for which the order within a word matters.

    subword-nmt joins a pair at all its places in a word before it looks for the next pair, and toklab looks again after
    each. The result is the same where no merge makes a symbol that an earlier merge takes.

    Raises
    ------
    FormatError
        One does.
    """
    taken: dict[str, int] = {}
    for rank, (left, right) in enumerate(merges):
        if left + right in taken:
            told = f"merge {rank + 1} makes {left + right!r}, which merge {taken[left + right] + 1} takes"
            raise FormatError(f"{told}: subword-nmt may join in another order than toklab; use --engine library")
        for part in (left, right):
            taken.setdefault(part, rank)
