"""Cut a text into documents; joined again, they are the text, character for character."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from toklab.corpus.raw import Held, RawText, Several
from toklab.types import ByteArray, IntArray

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
    bounds : (documents + 1,) int64, document i is the bytes from ``bounds[i]`` to before ``bounds[i + 1]``
    """

    def __init__(self, raw: RawText, bounds: IntArray) -> None:
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
        return str(self.raw.read(int(self.bounds[where]), int(self.bounds[where + 1])), "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (part.decode("utf-8") for part in self.parts())

    def parts(self) -> Iterator[bytes]:
        """The documents in UTF-8."""
        for first, last in self.stretches(BLOCK):
            begin = int(self.bounds[first])
            block = self.raw.read(begin, int(self.bounds[last]))
            for start, end in itertools.pairwise((self.bounds[first : last + 1] - begin).tolist()):
                yield bytes(block[start:end])

    def stretches(self, size: int) -> Iterator[tuple[int, int]]:
        """About so many bytes of documents at a time: the first of each stretch, and the one behind its last."""
        first = 0
        while first < len(self):
            last = int(np.searchsorted(self.bounds, self.bounds[first] + size))
            last = max(first + 1, min(last, len(self)))
            yield first, last
            first = last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Documents):
            return NotImplemented
        return np.array_equal(self.bounds, other.bounds) and all(map(bytes.__eq__, self.parts(), other.parts()))

    def __hash__(self) -> int:
        return hash((len(self.raw), len(self)))

    @staticmethod
    def of(texts: Sequence[str]) -> Documents:
        """Texts, as if they stood in a file."""
        parts = [text.encode("utf-8") for text in texts]
        return Documents(Held(b"".join(parts)), np.cumsum([0, *map(len, parts)]))

    @staticmethod
    def joined(files: Sequence[Documents]) -> Documents:
        """The documents of several files."""
        sizes = np.cumsum([0, *(len(file.raw) for file in files)])
        bounds = [file.bounds[:-1] + size for file, size in zip(files, sizes.tolist(), strict=False)]
        return Documents(Several([file.raw for file in files]), np.concatenate([*bounds, sizes[-1:]]))


def size_of(texts: Sequence[str]) -> int:
    """How much text there is: in bytes where it comes from a file, else in characters."""
    return len(texts.raw) if isinstance(texts, Documents) else sum(map(len, texts))


def cut_documents(raw: RawText, kind: str) -> Documents:
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
    starts = _checked_lines(raw)
    if kind == "file":
        starts = np.zeros(1, np.int64)
    elif kind == "paragraph":
        starts = _paragraph_starts(raw, starts)
    return Documents(raw, np.append(starts, len(raw)))


def _checked_lines(raw: RawText) -> IntArray:
    """Where lines begin; the text is decoded, some at a time, though it is kept in bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    found = [np.zeros(1, np.int64)]
    for start in range(0, len(raw), BLOCK):
        block = raw.read(start, min(start + BLOCK, len(raw)))
        try:
            decoder.decode(block, final=start + BLOCK >= len(raw))
        except UnicodeDecodeError:
            str(raw.read(0, len(raw)), "utf-8")  # raises the error with its place in the whole text
            raise
        found.append(np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE) + (start + 1))
    starts = np.concatenate(found)
    return starts[:-1] if starts[-1] == len(raw) else starts


def _paragraph_starts(raw: RawText, lines: IntArray) -> IntArray:
    """The first line, and each line of text after a blank one that has text somewhere before it."""
    blank = np.zeros(len(lines), np.bool_)
    for first, last in Documents(raw, np.append(lines, len(raw))).stretches(BLOCK):
        end = int(lines[last]) if last < len(lines) else len(raw)
        text = raw.read(int(lines[first]), end)
        bounds = np.append(lines[first:last], end) - lines[first]
        blank[first:last] = _blank(np.frombuffer(text, np.uint8), bounds)
    after_blank = 1 + np.flatnonzero(blank[:-1] & ~blank[1:])
    leading = int(blank[:1].sum())
    return np.concatenate([lines[:1], lines[after_blank[leading:]]])


def _blank(text: ByteArray, bounds: IntArray) -> npt.NDArray[np.bool_]:
    """Which lines are blank; `str.strip` is asked only where their first bytes and the last leave it open."""
    lines, ends = bounds[:-1], bounds[1:]
    blank = np.zeros(len(lines), np.bool_)
    before_newline = np.maximum(ends - 2, lines)
    left = np.flatnonzero((BYTE_KINDS[text[lines]] != 2) & (BYTE_KINDS[text[before_newline]] != 2))
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
            blank[line] = _is_blank(text[lines[line] : ends[line]])
        left, at = left[stay], at[stay]
    for line in left.tolist():
        blank[line] = _is_blank(text[lines[line] : ends[line]])
    return blank


def _is_blank(line: ByteArray) -> bool:
    return not line.tobytes().decode("utf-8", "replace").strip()
