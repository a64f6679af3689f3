"""Text in UTF-8 that is read where it is looked at: what is large stays on the disk."""

from __future__ import annotations

import os
import weakref
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol, TypeAlias

from toklab.errors import InputError

Buffer: TypeAlias = bytes | memoryview
# A file of so many bytes is not held in memory.
LARGE = 1 << 25


class RawText(Protocol):
    """Bytes that can be looked at anywhere."""

    def __len__(self) -> int: ...

    def read(self, start: int, end: int) -> Buffer:
        """The bytes from ``start`` to before ``end``, both within the text."""
        ...


class Held:
    """Bytes in memory."""

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)

    def __len__(self) -> int:
        return len(self._raw)

    def read(self, start: int, end: int) -> Buffer:
        """A view, not a copy."""
        return self._raw[start:end]


class OnDisk:
    """A file that is open as long as this is; safe to read from several threads.

    Raises
    ------
    OSError
        The file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._state = self._look()

    def __len__(self) -> int:
        return self._state[0]

    def read(self, start: int, end: int) -> Buffer:
        """The bytes as they are on the disk.

        Raises
        ------
        InputError
            The file is no longer what it was when it was opened, or cannot be read.
        """
        parts, at = [], start
        try:
            while at < end:
                parts.append(os.pread(self._file, end - at, at))
                at += len(parts[-1])
                if not parts[-1]:
                    break
        except OSError as error:
            raise InputError(f"{str(self._path)!r} cannot be read: {error.strerror}") from None
        if at < end or self._look() != self._state:
            raise InputError(f"{self._path} changed while it was read; try again when it is complete")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _look(self) -> tuple[int, int]:
        found = os.fstat(self._file)
        return found.st_size, found.st_mtime_ns


class Several:
    """Texts end to end."""

    def __init__(self, parts: Sequence[RawText]) -> None:
        self._parts = parts
        self._ends = list(accumulate(len(part) for part in parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, start: int, end: int) -> Buffer:
        """A part of one text, or of several, joined."""
        found = []
        which = bisect_right(self._ends, start)
        while start < end:
            begin = self._ends[which] - len(self._parts[which])
            stop = min(end, self._ends[which])
            found.append(self._parts[which].read(start - begin, stop - begin))
            start, which = stop, which + 1
        return found[0] if len(found) == 1 else b"".join(found)


def raw_file(path: Path) -> RawText:
    """The text of a file; only a regular file can stay on the disk.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    """
    if path.is_file() and path.stat().st_size >= LARGE:
        return OnDisk(path)
    return Held(path.read_bytes())
