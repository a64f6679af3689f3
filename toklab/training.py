"""Train a tokenizer: the library's front door."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toklab.algorithms import get_algorithm, make_spec
from toklab.corpus import Corpus, open_corpus
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
