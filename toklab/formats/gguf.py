"""The metadata of a GGUF file (llama.cpp), as far as it is the tokenizer's.

Source: "GGUF" in the documentation of ggml, versions 2 and 3: numbers of 64 bits count entries, bytes and elements;
each entry is a key, the type of its value, and the value. The tensors behind them are never read.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from toklab.errors import FormatError

MAGIC = b"GGUF"
PREFIX = "tokenizer."
# The largest published vocabularies have 262,144 pieces; their metadata, 20 MB.
LARGEST_TEXT = 64 << 20
MOST_ENTRIES = 65_536
MOST_ELEMENTS = 1 << 22
DEEPEST = 4
# Of the scalar types, by their number: how `struct` and NumPy call them.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9


def read_gguf(path: Path) -> dict[str, Any]:
    """The entries whose key begins with ``tokenizer.``: numbers, texts, lists of texts, and arrays.

    Raises
    ------
    FormatError
        It is no GGUF file, is cut short, or claims to hold more than it does.
    """
    try:
        with path.open("rb") as handle:
            return _Reader(handle).entries()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not a whole GGUF file: {error}") from None


class _Reader:
    """Reads values one after the other, never more than the file still holds."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._left = os.fstat(handle.fileno()).st_size
        self._order = "<"

    def entries(self) -> dict[str, Any]:
        if self._take(4) != MAGIC:
            raise ValueError("it does not begin with GGUF")
        raw = self._take(4)
        if raw[:2] == b"\0\0":  # the least byte of a small version comes last
            self._order = ">"
        version = struct.unpack(f"{self._order}I", raw)[0]
        if version not in (2, 3):
            raise ValueError(f"version {version}, where 2 and 3 are read")
        _, count = self._count(None), self._count(MOST_ENTRIES)
        found: dict[str, Any] = {}
        for _ in range(count):
            key = self._text(True)
            kept = key.startswith(PREFIX)
            if kept and key in found:
                raise ValueError(f"the key {key!r} is given twice")
            value = self._value(self._number("I"), kept, 0)
            if kept:
                found[key] = value
        return found

    def _take(self, size: int) -> bytes:
        if size > self._left:
            raise ValueError(f"{size:,} bytes are meant where {self._left:,} are left")
        data = self._handle.read(size)
        if len(data) != size:
            raise ValueError("it ends too early")
        self._left -= size
        return data

    def _skip(self, size: int) -> None:
        if size > self._left:
            raise ValueError(f"{size:,} bytes are meant where {self._left:,} are left")
        self._handle.seek(size, os.SEEK_CUR)
        self._left -= size

    def _number(self, code: str) -> Any:
        code = self._order + code
        return struct.unpack(code, self._take(struct.calcsize(code)))[0]

    def _count(self, most: int | None) -> int:
        count = int(self._number("Q"))
        if most is not None and count > most:
            raise ValueError(f"a count of {count:,}, where {most:,} are the most")
        return count

    def _text(self, kept: bool) -> str:
        size = self._count(LARGEST_TEXT)
        if kept:
            return self._take(size).decode("utf-8")
        self._skip(size)
        return ""

    def _value(self, kind: int, kept: bool, depth: int) -> Any:
        if kind == _TEXT:
            return self._text(kept)
        if kind == _ARRAY:
            return self._array(kept, depth)
        if kind not in _SCALARS:
            raise ValueError(f"a value of type {kind}, which is none")
        return self._number(_SCALARS[kind])

    def _array(self, kept: bool, depth: int) -> Any:
        kind = int(self._number("I"))
        if kind in _SCALARS:
            dtype = np.dtype(self._order + _SCALARS[kind])
            size = self._count(None) * dtype.itemsize
            if kept:
                return np.frombuffer(self._take(size), dtype)
            return self._skip(size)
        if depth == DEEPEST:
            raise ValueError(f"arrays in arrays, more than {DEEPEST} deep")
        return [self._value(kind, kept, depth + 1) for _ in range(self._count(MOST_ELEMENTS))]
