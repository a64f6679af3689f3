"""Files that are either written whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from toklab.errors import OutputError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it; folders that are missing are made.

    Parameters
    ----------
    path : the file, replaced if it exists
    data : its new contents

    Raises
    ------
    OutputError
        The folder or the file cannot be written.
    """
    # In the same folder, because a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None


def write_all(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write several files into one folder, each whole or not at all; gives their paths.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    paths = [Path(folder) / name for name in contents]
    for path, data in zip(paths, contents.values(), strict=True):
        write_atomic(path, data)
    return paths


def check_writable(folder: Path) -> None:
    """Find out before a long run whether a folder can be written; makes nothing that stays.

    Raises
    ------
    OutputError
        It cannot: it is a file, or it or the nearest folder above it is closed to us.
    """
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(f"{folder} cannot be written: {existing} is not a folder")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from None
