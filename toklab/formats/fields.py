"""Entries of a JSON object that somebody else wrote, each checked for its type before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")


def has_type(value: Any, kind: type) -> bool:
    """Whether a value of JSON is of a type; truths are no numbers, and whole numbers are numbers."""
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def entry(part: Any, key: str, kind: type[T], *default: T) -> T:
    """The entry of an object.

    Parameters
    ----------
    default : what a missing entry, or one of null, counts as; without it there must be one

    Raises
    ------
    ValueError
        It is missing or of another type, or ``part`` is no object.
    """
    where = f"the part {part['type']!r}" if isinstance(part, Mapping) and "type" in part else "a part"
    if not isinstance(part, Mapping):
        raise ValueError(f"{_shown(part)} stands where an object must be")
    value = part.get(key)
    if value is None and default:
        return default[0]
    if not has_type(value, kind):
        raise ValueError(f"{where} has {key} {_shown(value)}, which must be of the type {kind.__name__}")
    return cast(T, value)


def optional(part: Any, key: str, kind: type[T]) -> T | None:
    """The entry of an object; None where it is missing or null.

    Raises
    ------
    ValueError
        It is of another type, or ``part`` is no object.
    """
    if isinstance(part, Mapping) and part.get(key) is None:
        return None
    return entry(part, key, kind)


def kind_of(part: Any) -> str:
    """The ``type`` of a part."""
    return entry(part, "type", str)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
