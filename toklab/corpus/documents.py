"""Cut a text into documents; joined again, they are the text, character for character."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from toklab.types import IntArray

DOCUMENT_KINDS = ("paragraph", "line", "file")
NEWLINE = 0x0A
# Each byte as 0 where it is whitespace, 1 where it is part of whitespace beyond ASCII (and of other characters:
# U+0085, 00A0, 1680, 2000-200A, 2028, 2029, 202F, 205F, 3000), 2 where it is neither.
BYTE_KINDS = bytes(
    0 if byte in b"\t\n\v\f\r\x1c\x1d\x1e\x1f " else 1 if 0x80 <= byte < 0xB0 or byte in b"\xc2\xe1\xe2\xe3" else 2
    for byte in range(256)
)


def cut_documents(raw: bytes, kind: str) -> list[str]:
    """Cut a text and decode its documents.

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
    starts = np.zeros(1, np.int64) if kind == "file" else _line_starts(raw)
    if kind == "paragraph":
        starts = _paragraph_starts(raw, starts)
    try:
        return [raw[start:end].decode("utf-8") for start, end in itertools.pairwise([*starts.tolist(), len(raw)])]
    except UnicodeDecodeError:
        raw.decode("utf-8")  # raises the error of the whole text
        raise


def _line_starts(raw: bytes) -> IntArray:
    ends = np.flatnonzero(np.frombuffer(raw, np.uint8) == NEWLINE)
    starts = np.zeros(len(ends) + 1, np.int64)
    np.add(ends, 1, out=starts[1:])
    return starts[:-1] if starts[-1] == len(raw) else starts


def _paragraph_starts(raw: bytes, lines: IntArray) -> IntArray:
    """The first line, and each line of text after a blank one that has text somewhere before it."""
    blank = _blank(raw, lines)
    after_blank = 1 + np.flatnonzero(blank[:-1] & ~blank[1:])
    leading = int(blank[:1].sum())
    return np.concatenate([lines[:1], lines[after_blank[leading:]]])


def _blank(raw: bytes, lines: IntArray) -> npt.NDArray[np.bool_]:
    """Which lines are blank; `str.strip` is asked only where the bytes leave it open."""
    kinds = np.maximum.reduceat(np.frombuffer(raw.translate(BYTE_KINDS), np.uint8), lines)
    blank: npt.NDArray[np.bool_] = kinds == 0
    for line in np.flatnonzero(kinds == 1).tolist():
        begin = int(lines[line])
        end = raw.find(b"\n", begin)
        blank[line] = not raw[begin : end if end >= 0 else None].decode("utf-8", "replace").strip()
    return blank
