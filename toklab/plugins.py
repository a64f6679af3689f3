"""What other packages add, by the entry points that they declare."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points


def plugins(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group, by name and then by target; the same one found twice is one."""
    return _found(group, _state())


@lru_cache(maxsize=32)
def _found(group: str, state: tuple[tuple[str, int], ...]) -> Sequence[EntryPoint]:
    """The same while ``state`` is: to read what all packages declare takes longer than to train on a short text."""
    found = {(point.name, point.value): point for point in entry_points(group=group)}
    return [found[key] for key in sorted(found)]


def _state() -> tuple[tuple[str, int], ...]:
    """Where packages are looked for, and when anything was installed or removed there."""
    return tuple((folder, os.stat(folder or ".").st_mtime_ns) for folder in sys.path if os.path.exists(folder or "."))


def package_of(point: EntryPoint) -> str:
    """The package that declares an entry point, as an error names it."""
    name = getattr(getattr(point, "dist", None), "name", None)
    return f"the package {name!r} ({point.value})" if name else f"the entry point {point.value!r}"


def reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
