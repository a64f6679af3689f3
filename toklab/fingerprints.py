"""Digests of what a tokenizer is and does, and the JSON files that keep them to hold others against."""

from __future__ import annotations

import hashlib
import json
import platform
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toklab.errors import FormatError, InputError
from toklab.signature import library_version
from toklab.types import IdArray, Piece, Tokenizer, Vocab

FLAGS = ("continuation", "special", "word_final", "byte")
DIGITS = 8
LIBRARIES = {"huggingface": "tokenizers", "sentencepiece": "sentencepiece"}
"""The library of each engine that is not toklab."""


def ids_digest(ids: IdArray) -> str:
    """8 hexadecimal digits of the SHA-256 of one document's ids."""
    return hashlib.sha256(ids.astype("<i4").tobytes()).hexdigest()[:DIGITS]


def vocab_digest(vocab: Vocab) -> str:
    """16 hexadecimal digits of the SHA-256 of the pieces in the order of their ids, the unknown id and the merges."""
    state = hashlib.sha256(f"{len(vocab)} {vocab.unk_id} {len(vocab.merges)}".encode())
    merged = (piece for pair in vocab.merges for piece in pair)
    for pieces in (vocab.pieces, merged):
        _add(state, pieces)
    return state.hexdigest()[: 2 * DIGITS]


def model_fact(tokenizer: Tokenizer) -> str:
    """What a signature says of a model that is there already: its name, a digest, and the library that runs it.

    The digest is the first 8 hexadecimal digits of the SHA-256 of the model file that the tokenizer saves.
    """
    with tempfile.TemporaryDirectory(prefix="toklab-") as folder:
        digest = hashlib.sha256(tokenizer.save(folder).read_bytes()).hexdigest()[:DIGITS]
    library = LIBRARIES.get(str(getattr(tokenizer, "engine", "")))
    return f"{tokenizer.name}@{digest}" + (f"+{library_version(library)}" if library else "")


def _add(state: Any, pieces: Iterable[Piece]) -> None:
    for piece in pieces:
        # the length first: otherwise the pieces ab, c and a, bc would be one and the same
        state.update(f" {len(piece.surface)}{piece_flags(piece)} ".encode())
        state.update(piece.surface)


def piece_flags(piece: Piece) -> str:
    """The first letter of each of `FLAGS` that the piece has."""
    return "".join(flag[0] for flag in FLAGS if getattr(piece, flag))


def this_place() -> str:
    """The machine, the system and the Python that run this."""
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def read_kept(path: str | Path, kind: str, schema: int, name: str, option: str) -> dict[str, Any]:
    """The content of a JSON file that says of itself what it is.

    Parameters
    ----------
    kind, schema : what the file must hold as ``kind`` and ``schema``
    name, option : what people call such a file, and the option that makes one; for the text of errors

    Raises
    ------
    InputError
        There is no such file.
    FormatError
        It is something else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; make one with {option}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise FormatError(f"{path} is no {name}: it is not JSON; make one with {option}") from None
    if not isinstance(content, dict) or content.get("kind") != kind:
        raise FormatError(f"{path} is no {name}; make one with {option}")
    if content.get("schema") != schema:
        raise FormatError(f"{path} is a {name} of schema {content.get('schema')!r}; this version reads {schema}")
    return content
