"""Load any tokenizer: the one way in, whatever the format and whoever runs it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from toklab.errors import FormatError, UnknownNameError, UsageError
from toklab.loading.sources import Source, find
from toklab.types import Tokenizer

__all__ = ["ENGINES", "load"]

ENGINES = ("auto", "toklab", "library")


def load(source: str | Path, *, engine: str = "auto", pattern: str | None = None) -> Tokenizer:
    """Load a tokenizer.

    Parameters
    ----------
    source : a folder or a file in one of the formats that `toklab list` names, ``hf:owner/name[@revision]``, or
        ``tiktoken:`` and the name of an encoding
    engine : who runs it. ``"toklab"``: this package's own encoder; ``"library"``: the library that the format
        belongs to; ``"auto"``: whoever the folder's ``toklab.json`` names, else the library, or toklab where no library
        that is always installed reads the format
    pattern : for a file of tiktoken's ranks, which holds none: the name of a published pattern, or a regular
        expression as tiktoken takes it

    Raises
    ------
    UsageError
        A pattern, for a format that has its own; a library that is not installed.
    UnknownNameError
        The engine is none of these.
    FormatError
        Nothing there can be read as a tokenizer, or not by this engine.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    found = find(source)
    if pattern is None:
        return _reader(found, engine)(found.path)
    if not found.format.takes_pattern:
        raise UsageError(f"{found.path} is {found.format.description}, which has its own pattern; leave pattern out")
    return _reader(found, engine)(found.path, pattern=pattern)


def _reader(found: Source, engine: str) -> Callable[..., Tokenizer]:
    readers = {"toklab": found.format.ours, "library": found.format.library}
    chosen = found.engine if engine == "auto" else engine
    target = readers[chosen]
    if target is None:
        other = next(name for name in readers if name != chosen)
        raise FormatError(
            f"{found.path} is {found.format.description}, which --engine {chosen} cannot run; use {other}"
        )
    module, _, name = target.partition(":")
    reader: Any = getattr(importlib.import_module(module), name)
    return cast(Callable[..., Tokenizer], reader)
