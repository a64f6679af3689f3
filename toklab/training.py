"""Train a tokenizer, or load one: the library's front door."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toklab.algorithms import get_algorithm, make_spec
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError
from toklab.types import Tokenizer

DEFAULT_VOCAB_SIZE = 2000


def train(
    algorithm: str,
    source: str | Path | Corpus | Iterable[str] | None = None,
    *,
    vocab_size: int = DEFAULT_VOCAB_SIZE,
    documents: str = "paragraph",
    **options: Any,
) -> Tokenizer:
    """Train a tokenizer.

    Parameters
    ----------
    algorithm : a name of the registry, such as ``"bpe"`` or ``"hf-bpe"``
    source : a path, texts, a ``Corpus``, or None for the bundled text
    vocab_size : pieces to end with, alphabet and special tokens included
    documents : how files are cut into documents: ``"paragraph"``, ``"line"`` or ``"file"``
    options : the algorithm's own options, such as ``pretokenizer="cl100k"``

    Raises
    ------
    UsageError
        An unknown algorithm or option, or a vocabulary smaller than the alphabet.
    InputError
        The text cannot be read.
    """
    trainer = get_algorithm(algorithm)
    spec = make_spec(trainer, {"vocab_size": vocab_size, **options})
    return trainer.fit(open_corpus(source, documents=documents), spec)


def load(path: str | Path) -> Tokenizer:
    """Load a tokenizer from the folder that ``save`` wrote, or from its ``tokenizer.json``, or from any ``.model``.

    A ``.model`` is run by SentencePiece; `toklab.formats.sentencepiece_model.load_sentencepiece_model` runs it here.

    Raises
    ------
    FormatError
        Nothing there can be read as a tokenizer.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    engine = _engine(folder, path)
    if engine == "huggingface":
        from toklab.baselines import huggingface

        return huggingface.load(path)
    if engine == "sentencepiece":
        from toklab.baselines import sentencepiece

        return sentencepiece.load(path)
    from toklab.formats.tokenizer_json import FILE, load_tokenizer

    file = folder / FILE if path.is_dir() else path
    if not file.exists():
        raise FormatError(f"{path} holds no tokenizer: give a folder with tokenizer.json, or the file itself")
    return load_tokenizer(file)


def _engine(folder: Path, path: Path) -> str:
    """Which library runs the model, as the folder's ``toklab.json`` says."""
    sidecar = folder / "toklab.json"
    if path.suffix == ".model":
        return "sentencepiece"
    if not sidecar.exists():
        return "toklab"
    try:
        return str(json.loads(sidecar.read_bytes())["engine"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(f"{sidecar} is not a whole toklab.json; delete it to load the model without it") from None
