"""Documents and ids on their way between processes; the standard library and NumPy only, for any peer's Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

LENGTH_BYTES = 8
MEGABYTE = 1_000_000

# Small enough to cost nothing, varied enough that every trainer learns something from it.
WARM_UP: tuple[str, ...] = (
    "The ferry left at 6:45 with 212 people, nine bicycles and a piano; it came back with the piano alone.\n",
    "def tides(hours):\n    return [height * 0.5 for height in hours if height > 12]\n",
    "It wasn't the captain's fault, they said, and the harbour master wouldn't say whose fault it was.\n",
)
WARM_UP_COPIES = 1000  # before encoding: worth two threads of toklab
WARM_UP_SIZE = 330  # the 256 bytes, the characters of the warm-up text, and a few learned pieces


def write_document(handle: BinaryIO, raw: bytes) -> None:
    """Write one document with its length before it.

    A child reads this without ever holding a second copy of the text, which would count as its memory.
    """
    handle.write(len(raw).to_bytes(LENGTH_BYTES, "little"))
    handle.write(raw)


def write_documents(path: Path, documents: Iterable[str]) -> None:
    """Write documents one after the other."""
    with path.open("wb") as handle:
        for text in documents:
            write_document(handle, text.encode("utf-8"))


def read_documents(path: Path) -> list[str]:
    """Read what `write_document` wrote."""
    documents: list[str] = []
    with path.open("rb") as handle:
        while size := handle.read(LENGTH_BYTES):
            documents.append(handle.read(int.from_bytes(size, "little")).decode("utf-8"))
    return documents


def digest(values: Any) -> str:
    """A short name for integers; equal ones, equal names, whatever their type."""
    return hashlib.sha256(np.ascontiguousarray(values, np.int64).tobytes()).hexdigest()[:16]
