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

import numpy as np

from toklab.algorithms.symbols import CONTINUATION, Learned, Material, Symbol
from toklab.backend import search_path, use_kernel
from toklab.corpus import Corpus
from toklab.corpus.documents import size_of
from toklab.pretokenize import REFERENCE_LIMIT
from toklab.types import Piece


@contextmanager
def compiling(trainer: str, corpus: Corpus, backend: str) -> Iterator[None]:
    """See to it that a trainer is compiled by the time that the words of a corpus are counted.

    Does nothing where it is compiled already, where the corpus is so small that the readable twins work on it, or on
    one core.

    Parameters
    ----------
    trainer : ``"bpe"``, ``"wordpiece"``, ``"likelihood-gain"`` or ``"top-down"``
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
    from toklab.kernels import bpe, is_compiled, likelihood_gain, top_down, wordpiece

    last: dict[str, Callable[..., object]] = {
        "bpe": bpe.learn,
        "wordpiece": wordpiece.learn,
        "likelihood-gain": likelihood_gain.learn,
        "top-down": top_down.keep,
    }
    return is_compiled(last[trainer])


def compile_trainer(trainer: str) -> None:
    """Train on two words: arrays of the same types, so the same compiled code."""
    from toklab.algorithms import fast

    symbols = (Symbol(Piece(b"a"), b"a"), Symbol(Piece(b"a", continuation=True), CONTINUATION.encode() + b"a"))
    ids, offsets, counts = np.array([0, 1, 0, 1], np.int32), np.array([0, 2, 4]), np.ones(2, np.int64)
    material = Material(symbols, ids, offsets, counts)
    if trainer == "top-down":
        fast.CompiledSubstrings(material).size(1)
        return
    learners: dict[str, Callable[[Material, int], Learned]] = {
        "bpe": fast.learn_bpe,
        "wordpiece": fast.learn_wordpiece,
        "likelihood-gain": fast.learn_likelihood_gain,
    }
    learners[trainer](material, len(symbols) + 1)


if __name__ == "__main__":
    compile_trainer(sys.argv[1])
