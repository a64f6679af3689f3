"""What other packages add, by the entry points that they declare."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points


def plugins(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group, by name and then by target; the same one found twice is one."""
    found = {(point.name, point.value): point for point in entry_points(group=group)}
    return [found[key] for key in sorted(found)]


def package_of(point: EntryPoint) -> str:
    """The package that declares an entry point, as an error names it."""
    name = getattr(getattr(point, "dist", None), "name", None)
    return f"the package {name!r} ({point.value})" if name else f"the entry point {point.value!r}"


def reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
