"""Trainers that are installed only by those who want them: what says that one is missing, and how to get it."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from typing import Any

from toklab.errors import UsageError
from toklab.signature import library_version


def library_of(package: str) -> str:
    """The package with its version, or its bare name where it is not installed."""
    try:
        return library_version(package)
    except PackageNotFoundError:
        return package


def missing(package: str, module: str) -> str | None:
    """How to install a package; None where its module is there."""
    return None if find_spec(module) else f"not installed: pip install 'toklab[{package}]'"


def require(package: str, module: str) -> Any:
    """The module.

    Raises
    ------
    UsageError
        It is not installed.
    """
    how = missing(package, module.partition(".")[0])
    if how is not None:
        raise UsageError(f"{package} is {how}")
    return importlib.import_module(module)
