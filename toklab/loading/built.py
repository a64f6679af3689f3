"""Formats that are run as another one that says the same: by that one's library, or by toklab."""

from __future__ import annotations

import tempfile
from pathlib import Path

from toklab.errors import FormatError
from toklab.formats.gguf_tokenizer import read_tokenizer
from toklab.formats.model_folder import read_folder
from toklab.types import Tokenizer


def folder_by_library(path: Path) -> Tokenizer:
    """A model folder without ``tokenizer.json``, run by Hugging Face's library; raises what `read_folder` raises."""
    return _by_library(read_folder(path), str(path.parent))


def folder_by_toklab(path: Path) -> Tokenizer:
    """The same, run by toklab."""
    return _by_toklab(read_folder(path), str(path.parent))


def gguf_by_library(path: Path) -> Tokenizer:
    """A GGUF file, run by Hugging Face's library or by SentencePiece; raises what `read_tokenizer` raises."""
    kind, data = read_tokenizer(path)
    if kind == "tokenizer.json":
        return _by_library(data, str(path))
    from toklab.baselines.sentencepiece import from_bytes

    return from_bytes(data, str(path))


def gguf_by_toklab(path: Path) -> Tokenizer:
    """The same, run by toklab."""
    kind, data = read_tokenizer(path)
    if kind == "tokenizer.json":
        return _by_toklab(data, str(path))
    from toklab.formats.sentencepiece_model import load_sentencepiece_model

    try:
        return load_sentencepiece_model(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def _by_library(data: bytes, name: str) -> Tokenizer:
    from toklab.baselines.huggingface import from_bytes

    return from_bytes(data, name)


def _by_toklab(data: bytes, name: str) -> Tokenizer:
    from toklab.formats.tokenizer_json import FILE, load_tokenizer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_bytes(data)
        try:
            return load_tokenizer(path)
        except FormatError as error:
            raise FormatError(str(error).replace(str(path), name)) from None
