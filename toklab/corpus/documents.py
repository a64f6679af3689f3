"""Cut a text into documents; joined again, they are the text, character for character."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from toklab.types import IntArray

DOCUMENT_KINDS = ("paragraph", "line", "file")
NEWLINE = 0x0A
# Each byte as 0 where it is whitespace, 1 where it is part of whitespace beyond ASCII (and of other characters:
# U+0085, 00A0, 1680, 2000-200A, 2028, 2029, 202F, 205F, 3000), 2 where it is neither.
BYTE_KINDS = np.array(
    [
        0 if byte in b"\t\n\v\f\r\x1c\x1d\x1e\x1f " else 1 if 0x80 <= byte < 0xB0 or byte in b"\xc2\xe1\xe2\xe3" else 2
        for byte in range(256)
    ],
    np.uint8,
)
# Bytes that are looked at at once, so that what is made of them stays in the cache.
BLOCK = 1 << 20
# Spaces at the beginning of a line that are skipped for all lines at once.
INDENT = 64


class Documents(Sequence[str]):
    """Documents that stand end to end in a file; each is decoded when it is looked at.

    Parameters
    ----------
    raw : the text in UTF-8
    bounds : (documents + 1,) int64, document i is ``raw[bounds[i]:bounds[i + 1]]``
    """

    def __init__(self, raw: bytes, bounds: IntArray) -> None:
        self.raw, self.bounds = raw, bounds

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        where = range(len(self))[index]
        return self.raw[self.bounds[where] : self.bounds[where + 1]].decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (part.decode("utf-8") for part in self.parts())

    def parts(self) -> Iterator[bytes]:
        """The documents in UTF-8."""
        return (self.raw[start:end] for start, end in itertools.pairwise(self.bounds.tolist()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Documents):
            return NotImplemented
        return self.raw == other.raw and np.array_equal(self.bounds, other.bounds)

    def __hash__(self) -> int:
        return hash((self.raw, len(self)))

    @staticmethod
    def of(texts: Sequence[str]) -> Documents:
        """Texts, as if they stood in a file."""
        parts = [text.encode("utf-8") for text in texts]
        return Documents(b"".join(parts), np.cumsum([0, *map(len, parts)]))

    @staticmethod
    def joined(files: Sequence[Documents]) -> Documents:
        """The documents of several files."""
        sizes = np.cumsum([0, *(len(file.raw) for file in files)])
        bounds = [file.bounds[:-1] + size for file, size in zip(files, sizes.tolist(), strict=False)]
        return Documents(b"".join(file.raw for file in files), np.concatenate([*bounds, sizes[-1:]]))


def size_of(texts: Sequence[str]) -> int:
    """How much text there is: in bytes where it comes from a file, else in characters."""
    return len(texts.raw) if isinstance(texts, Documents) else sum(map(len, texts))


def cut_documents(raw: bytes, kind: str) -> Documents:
    """Cut a text.

    ``paragraph`` cuts after each run of blank lines, which stay with the document before them (a file's
    leading blank lines go with its first document); ``line`` after each newline; ``file`` not at all.
    Lines end at ``\\n`` only, so ``\\r``, form feeds and Unicode separators stay inside them; a line is blank
    where `str.strip` leaves nothing of it.

    Parameters
    ----------
    raw : the text in UTF-8

    Raises
    ------
    UnicodeDecodeError
        ``raw`` is not UTF-8; the place of the error counts from the beginning of ``raw``.
    """
    _check(raw)
    starts = np.zeros(1, np.int64) if kind == "file" else _line_starts(raw)
    if kind == "paragraph":
        starts = _paragraph_starts(raw, starts)
    return Documents(raw, np.append(starts, len(raw)))


def _check(raw: bytes) -> None:
    """Decode, some at a time, what is kept in bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), BLOCK):
            decoder.decode(raw[start : start + BLOCK], final=start + BLOCK >= len(raw))
    except UnicodeDecodeError:
        raw.decode("utf-8")  # raises the error with its place in the whole text
        raise


def _line_starts(raw: bytes) -> IntArray:
    found = [np.zeros(1, np.int64)]
    for start in range(0, len(raw), BLOCK):
        block = np.frombuffer(raw, np.uint8, count=min(BLOCK, len(raw) - start), offset=start)
        found.append(np.flatnonzero(block == NEWLINE) + (start + 1))
    starts = np.concatenate(found)
    return starts[:-1] if starts[-1] == len(raw) else starts


def _paragraph_starts(raw: bytes, lines: IntArray) -> IntArray:
    """The first line, and each line of text after a blank one that has text somewhere before it."""
    blank = _blank(raw, lines)
    after_blank = 1 + np.flatnonzero(blank[:-1] & ~blank[1:])
    leading = int(blank[:1].sum())
    return np.concatenate([lines[:1], lines[after_blank[leading:]]])


def _blank(raw: bytes, lines: IntArray) -> npt.NDArray[np.bool_]:
    """Which lines are blank; `str.strip` is asked only where their first bytes leave it open."""
    text = np.frombuffer(raw, np.uint8)
    blank = np.zeros(len(lines), np.bool_)
    ends = np.append(lines[1:], len(raw))
    left = np.flatnonzero(BYTE_KINDS[text[lines]] != 2)
    at = lines[left]
    for _ in range(INDENT):
        if not len(left):
            return blank
        kinds = BYTE_KINDS[text[at]]
        at += 1
        over = (kinds == 0) & (at == ends[left])
        blank[left[over]] = True
        # Lines that may go on with nothing but whitespace stay in hand; they are few.
        stay = (kinds == 0) & ~over
        for line in left[kinds == 1].tolist():
            blank[line] = _is_blank(raw, lines[line], ends[line])
        left, at = left[stay], at[stay]
    for line in left.tolist():
        blank[line] = _is_blank(raw, lines[line], ends[line])
    return blank


def _is_blank(raw: bytes, start: int, end: int) -> bool:
    return not raw[start:end].decode("utf-8", "replace").strip()
