"""Compile a trainer in a process of its own, while this one compiles the scanner and counts words.

The compiler holds the interpreter's lock, so a thread would not help. What the other process compiles reaches this one
through the cache on disk; if it fails, this one compiles for itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from toklab.algorithms.symbols import Material, byte_symbols
from toklab.backend import search_path, use_kernel
from toklab.corpus import Corpus
from toklab.corpus.documents import size_of
from toklab.pretokenize import REFERENCE_LIMIT
from toklab.types import WordCounts


@contextmanager
def compiling(trainer: str, corpus: Corpus, backend: str) -> Iterator[None]:
    """See to it that a trainer is compiled by the time that the words of a corpus are counted.

    Does nothing where it is compiled already, where the corpus is so small that the readable twins work on it, or on
    one core.

    Parameters
    ----------
    trainer : ``"bpe"``, ``"wordpiece"`` or ``"unigram"``
    """
    large = use_kernel(backend, size_of(corpus.documents), REFERENCE_LIMIT)
    if not large or (os.cpu_count() or 1) < 2 or _is_compiled(trainer):
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "toklab.algorithms.ahead", trainer],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": search_path()},
    )
    try:
        yield
        process.wait()
    finally:
        process.kill()
        process.wait()


def _is_compiled(trainer: str) -> bool:
    from toklab.kernels import bpe, is_compiled, unigram, wordpiece

    kernels: dict[str, tuple[Callable[..., Any], ...]] = {
        "bpe": (bpe.learn,),
        "wordpiece": (wordpiece.learn,),
        "unigram": (unigram.keep, unigram.lose),
    }
    return all(map(is_compiled, kernels[trainer]))


def compile_trainer(trainer: str) -> None:
    """Train on two words: arrays of the same types, so the same compiled code."""
    from toklab.algorithms import fast

    if trainer == "unigram":
        _train_unigram()
        return
    symbols = tuple(byte_symbols())
    ids, offsets, counts = np.zeros(4, np.int32), np.array([0, 2, 4]), np.ones(2, np.int64)
    train = fast.learn_bpe if trainer == "bpe" else fast.learn_wordpiece
    train(Material(symbols, ids, offsets, counts), len(symbols) + 1)


def _train_unigram() -> None:
    """Train on words with so many characters that all kernels run."""
    from toklab.algorithms.unigram import UnigramSpec, begin, learn

    words = WordCounts.from_counts({"abcdefghi": 3, "abcdefghj": 2})
    spec = UnigramSpec(vocab_size=10, backend="fast")
    learn(begin(words, spec, ()), spec.vocab_size, spec)


if __name__ == "__main__":
    compile_trainer(sys.argv[1])
