"""Compile in a process of its own what comes second, while this one compiles the scanner.

The compiler holds the interpreter's lock, so a thread would not help. What the other process compiles reaches this one
through the cache on disk; if it fails, this one compiles for itself.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from toklab.algorithms.symbols import CONTINUATION, Learned, Material, Symbol, byte_symbols
from toklab.backend import MUCH, search_path, use_kernel
from toklab.corpus import Corpus
from toklab.corpus.documents import size_of
from toklab.pretokenize import PreTokenizer, count_words, get_pretokenizer, is_much
from toklab.types import Piece, TrainSpec, Vocab, WordCounts, Words


@contextmanager
def compiling(task: str, wanted: bool, then: str | None = None) -> Iterator[None]:
    """See to it that the kernels of a task are compiled by the time that what is inside is done.

    Does nothing where they are compiled already, or on one core, or where this process would only wait for another to
    start: its own work is to compile the scanner, and what is needed then.

    Parameters
    ----------
    task : one of `TASKS`
    wanted : whether the task will run on its kernels
    then : the task that comes after it, if that will run on its kernels
    """
    if not wanted or (os.cpu_count() or 1) < 2 or not _is_wanted(task, then):
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "toklab.algorithms.ahead", task],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": search_path()},
    )
    try:
        with _without_collecting():
            yield
            if then is not None and process.poll() is None:
                TASKS[then]()
        process.wait()
    finally:
        process.kill()
        process.wait()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Look for no garbage: a compiler keeps nearly all that it makes, and looking costs it a tenth of its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def count_beside(task: str, corpus: Corpus, spec: TrainSpec, pretokenizer: PreTokenizer) -> WordCounts:
    """Count the words of a corpus, while the kernels of a task compile where they will be needed.

    Those that encode as much text are compiled too, if there is time.

    Raises
    ------
    InputError
        The documents hold no pre-token at all.
    """
    scans = spec.normalizer == "none" and use_kernel(spec.backend, size_of(corpus.documents), MUCH)
    then = ENCODING[task] if scans and pretokenizer.cutter() is not None else None
    with compiling(task, is_much(corpus.documents, spec.backend), then):
        return count_words(corpus.documents, pretokenizer, spec.normalizer, threads=spec.threads, backend=spec.backend)


def _is_wanted(task: str, then: str | None) -> bool:
    """Whether there is something to compile both for the task and for this process."""
    from toklab.kernels import (
        bpe,
        encode_bpe_lanes,
        encode_unigram,
        encode_wordpiece,
        is_compiled,
        likelihood_gain,
        scan,
        spm_bpe,
        top_down,
        unigram,
        unigram_chains,
        unigram_spm,
        unigram_spm_paths,
        wordpiece,
    )

    kernels: dict[str, tuple[Callable[..., Any], ...]] = {
        "train-bpe": (bpe.learn,),
        "train-bpe-spm": (spm_bpe.learn,),
        "train-wordpiece": (wordpiece.learn,),
        "train-likelihood-gain": (likelihood_gain.learn,),
        "train-top-down": (top_down.keep,),
        "train-unigram": (unigram_chains.renumber, unigram.lose),
        "train-unigram-spm": (unigram_spm.estimate, unigram_spm_paths.lose),
        "encode-bpe": (encode_bpe_lanes.merge,),
        "encode-wordpiece": (encode_wordpiece.encode,),
        "encode-unigram": (encode_unigram.encode,),
    }
    mine = (scan.scan, *(kernels[then] if then else ()))
    return not all(map(is_compiled, mine)) and not all(map(is_compiled, kernels[task]))


def _two_words() -> Material:
    """``aa`` twice: arrays of the same types as any corpus, so the same compiled code."""
    symbols = (Symbol(Piece(b"a"), b"a"), Symbol(Piece(b"a", continuation=True), CONTINUATION.encode() + b"a"))
    return Material(symbols, np.array([0, 1, 0, 1], np.int32), np.array([0, 2, 4]), np.ones(2, np.int64))


def _learn(learn: Callable[[Material, int], Learned]) -> None:
    material = _two_words()
    learn(material, len(material.symbols) + 1)


def _train_bpe() -> None:
    from toklab.algorithms.fast import learn_bpe

    _learn(learn_bpe)


def _train_bpe_spm() -> None:
    from toklab.algorithms.spm_bpe_fast import learn

    learn(WordCounts.from_counts({"aa": 2, "ab": 1}), ["a", "b"], 1)


def _train_wordpiece() -> None:
    from toklab.algorithms.fast import learn_wordpiece

    _learn(learn_wordpiece)


def _train_likelihood_gain() -> None:
    from toklab.algorithms.fast import learn_likelihood_gain

    _learn(learn_likelihood_gain)


def _train_top_down() -> None:
    from toklab.algorithms.fast import CompiledSubstrings

    CompiledSubstrings(_two_words()).size(1)


def _train_unigram() -> None:
    """Train on words with so many characters that all kernels run."""
    from toklab.algorithms.unigram import UnigramSpec, begin, learn

    words = WordCounts.from_counts({"abcdefghi": 3, "abcdefghj": 2})
    spec = UnigramSpec(vocab_size=10, backend="fast")
    learn(begin(words, spec, ()), spec.vocab_size, spec)


def _train_unigram_spm() -> None:
    """Train on sentences that come to every kernel."""
    from toklab.algorithms.unigram_spm_fast import FastSpmSteps
    from toklab.algorithms.unigram_spm_seeds import read

    steps = FastSpmSteps(read(["abcdefghi abcdefghj", "abcdefghi"], ["<unk>"], backend="fast"), 10, 1)
    steps.improve()
    steps.prune(10, 0.75)


def _encode_bpe() -> None:
    from toklab.algorithms.models import BpeModel

    pieces = (*(symbol.piece for symbol in byte_symbols()), Piece(b"ab"))
    ids = {piece.surface: i for i, piece in enumerate(pieces)}
    _encode(BpeModel(Vocab(pieces), ((ids[b"a"], ids[b"b"], ids[b"ab"]),), "byte"))


def _encode_wordpiece() -> None:
    from toklab.algorithms.wordpiece_model import WordPieceModel

    unknown = Piece(b"[UNK]", special=True)
    _encode(WordPieceModel(Vocab((unknown, Piece(b"a"), Piece(b"b", continuation=True)), 0)))


def _encode_unigram() -> None:
    from toklab.algorithms.unigram_model import UnigramModel

    _encode(UnigramModel(Vocab((Piece(b"<unk>", special=True), Piece(b"a"), Piece(b"ab")), 0), (0.0, -1.0, -2.0)))


def _encode(model: Any) -> None:
    """Walk nothing, look two words up, and cut them into tokens.

    The scanner walks side by side, and looks words up, last: by the time that it needs these kernels, it finds them
    compiled.
    """
    from toklab.kernels import cut, layout
    from toklab.pretokenize.stretches import MARGIN, in_parts
    from toklab.pretokenize.words import WordTable

    words, cutter = Words.of(["ab", "aa"]), get_pretokenizer("whitespace").cutter()
    assert cutter is not None
    lanes, events = np.zeros((cut.LANES, 5), np.int64), np.zeros((cut.LANES, 1), np.uint64)
    cut.walk_four(np.zeros(1, np.uint8), 0, 0, lanes, cutter.steps, events)
    WordTable(cutter, keeps_gaps=True).enter(Words(Words.of(["ab", " " * MARGIN]).text, np.array([0, 2])))
    list(in_parts(["a " * (1 << 16)], cutter, 2, lambda *_: None))
    rows, starts = np.zeros((2, layout.COLUMNS), np.int32), np.zeros(3, np.int32)
    ids, ends = np.zeros(4, np.int32), np.zeros(4, np.int32)
    found = model.segment(words)
    layout.keep(np.diff(words.starts), found.ids, found.ends, found.sizes, 0, rows, starts, ids, ends)


TASKS: dict[str, Callable[[], None]] = {
    "train-bpe": _train_bpe,
    "train-bpe-spm": _train_bpe_spm,
    "train-wordpiece": _train_wordpiece,
    "train-likelihood-gain": _train_likelihood_gain,
    "train-top-down": _train_top_down,
    "train-unigram": _train_unigram,
    "train-unigram-spm": _train_unigram_spm,
    "encode-bpe": _encode_bpe,
    "encode-wordpiece": _encode_wordpiece,
    "encode-unigram": _encode_unigram,
}
# What encodes with what is trained.
ENCODING = {
    "train-bpe": "encode-bpe",
    "train-wordpiece": "encode-wordpiece",
    "train-likelihood-gain": "encode-wordpiece",
    "train-top-down": "encode-wordpiece",
    "train-unigram": "encode-unigram",
}

if __name__ == "__main__":
    with _without_collecting():
        TASKS[sys.argv[1]]()
    os._exit(0)  # all is in files: to take down what a compiler holds would be half a second of waiting
