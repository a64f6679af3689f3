"""Trainers that misbehave, each in its own way; `helpers.broken_trainers` puts them in the registry."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.word_model import WordModel
from toklab.corpus import Corpus
from toklab.errors import UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Determinism, Piece, TrainSpec, Vocab

PID_FILE = "BROKEN_TRAINERS_PID_FILE"  # environment variable: where a child writes which process to look for
Fitter = Callable[[Corpus, TrainSpec], Any]
TRAINERS: dict[str, Trainer] = {}


class Panic(BaseException):
    """What a library's panic looks like: no `Exception`."""


class Trainer:
    """An algorithm made of one function."""

    spec_type = TrainSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True
    library = "broken-1.0"

    def __init__(self, name: str, fit: Fitter) -> None:
        self.name, self.fit = name, fit


def trainer(fit: Fitter) -> Fitter:
    """Register a function as ``broken-`` and its name; in the module, the attribute has the function's name."""
    name = "broken-" + fit.__name__.replace("_", "-")
    TRAINERS[name] = Trainer(name, fit)
    return fit


def __getattr__(name: str) -> Trainer:
    """The target of an entry point: ``broken_trainers:broken-raises``."""
    if name not in TRAINERS:
        raise AttributeError(name)
    return TRAINERS[name]


def words_of(corpus: Corpus, spec: TrainSpec) -> list[str]:
    pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
    return list(dict.fromkeys(word for text in corpus.documents for word in pretokenizer.words(text)))


def word_list(name: str, words: Iterable[str], spec: TrainSpec) -> TrainedTokenizer:
    pieces = (Piece(b"<unk>", special=True), *(Piece(word.encode()) for word in words))[: spec.vocab_size]
    pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
    return build_tokenizer(name, spec, pretokenizer, WordModel(Vocab(pieces, 0)), {})


def note(pid: int) -> None:
    if PID_FILE in os.environ:
        path = Path(os.environ[PID_FILE])
        path.with_suffix(".tmp").write_text(str(pid))
        path.with_suffix(".tmp").replace(path)


@trainer
def works(corpus: Corpus, spec: TrainSpec) -> Any:
    logging.getLogger("toklab").info("working on %d documents", len(corpus))
    return word_list("broken-works", sorted(words_of(corpus, spec)), spec)


@trainer
def raises(corpus: Corpus, spec: TrainSpec) -> Any:
    raise ValueError("no such weather\nsecond line")


@trainer
def refuses(corpus: Corpus, spec: TrainSpec) -> Any:
    raise UsageError("this trainer wants blank verse")


@trainer
def too_small(corpus: Corpus, spec: TrainSpec) -> Any:
    raise VocabSizeError("broken-too-small", spec.vocab_size, 12_345)


@trainer
def panics(corpus: Corpus, spec: TrainSpec) -> Any:
    raise Panic("called `unwrap()` on a `None` value")


@trainer
def aborts(corpus: Corpus, spec: TrainSpec) -> Any:
    print("free(): invalid pointer", file=sys.stderr, flush=True)
    os.abort()


@trainer
def crashes(corpus: Corpus, spec: TrainSpec) -> Any:
    return ctypes.string_at(0)


@trainer
def leaves(corpus: Corpus, spec: TrainSpec) -> Any:
    os._exit(0)


@trainer
def exits(corpus: Corpus, spec: TrainSpec) -> Any:
    sys.exit(3)


@trainer
def hangs(corpus: Corpus, spec: TrainSpec) -> Any:
    note(os.getpid())
    time.sleep(600)


@trainer
def spawns(corpus: Corpus, spec: TrainSpec) -> Any:
    """Ends at once, and leaves a process behind."""
    note(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
    os._exit(1)


@trainer
def hoards(corpus: Corpus, spec: TrainSpec) -> Any:
    return [np.empty(50_000_000, np.uint8) for _ in range(100_000)]  # never touched, so it takes no time


@trainer
def forgets(corpus: Corpus, spec: TrainSpec) -> Any:
    return SimpleNamespace(save=lambda folder: folder)


@trainer
def by_hash(corpus: Corpus, spec: TrainSpec) -> Any:
    """The classic: the order of a set of strings decides which words get in."""
    return word_list("broken-by-hash", list(set(sorted(words_of(corpus, spec)))), spec)  # noqa: C414


@trainer
def by_order(corpus: Corpus, spec: TrainSpec) -> Any:
    return word_list("broken-by-order", words_of(corpus, spec), spec)


@trainer
def by_threads(corpus: Corpus, spec: TrainSpec) -> Any:
    """The same words, turned round by as many places as there are threads beyond the first."""
    words = sorted(words_of(corpus, spec))[: spec.vocab_size - 1]
    turn = (spec.threads or 1) - 1
    return word_list("broken-by-threads", words[turn:] + words[:turn], spec)


@trainer
def by_sums(corpus: Corpus, spec: TrainSpec) -> Any:
    """Words by the last bits of a weight that every thread sums for itself in 16 bits."""
    threads, weights = spec.threads or 1, dict.fromkeys(sorted(words_of(corpus, spec)), np.float16(0))
    for thread in range(threads):
        partial: dict[str, np.float16] = {}
        for text in sorted(corpus.documents)[thread::threads]:
            for word in get_pretokenizer("gpt2").words(text):
                partial[word] = partial.get(word, np.float16(0)) + np.float16(1) / np.float16(len(text))
        for word, weight in partial.items():
            weights[word] = np.float16(weights[word] + weight)
    return word_list("broken-by-sums", sorted(weights, key=lambda word: weights[word] * 4096 % 1), spec)


@trainer
def by_some_hashes(corpus: Corpus, spec: TrainSpec) -> Any:
    """Goes wrong with one hash seed in eight."""
    words = sorted(words_of(corpus, spec))
    return word_list("broken-by-some-hashes", words[:: -1 if hash("weather") % 8 == 0 else 1], spec)


@trainer
def by_blocks(corpus: Corpus, spec: TrainSpec) -> Any:
    """Loses the longest document of a file."""
    kept = sorted(corpus.documents, key=lambda text: (len(text), text))
    kept = kept if isinstance(corpus.documents, tuple) else kept[:-1]
    return word_list("broken-by-blocks", sorted(words_of(Corpus("kept", tuple(kept)), spec)), spec)


@trainer
def first_seen(corpus: Corpus, spec: TrainSpec) -> Any:
    """BPE that merges, of the most frequent pairs, the one that it met first in the text."""
    words = Counter(word for text in corpus.documents for word in get_pretokenizer("gpt2").words(text))
    cut = {word: [bytes([byte]) for byte in word.encode()] for word in words}
    pieces = [bytes([byte]) for byte in range(256)]
    merges: list[tuple[int, int, int]] = []
    while len(pieces) < spec.vocab_size:
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, count in words.items():
            for pair in pairwise(cut[word]):
                pairs[pair] += count
        left, right = max(pairs, key=pairs.__getitem__)
        merges.append((pieces.index(left), pieces.index(right), len(pieces)))
        pieces.append(left + right)
        for word, symbols in cut.items():
            cut[word] = merge_all(symbols, left, right)
    named = tuple(Piece(text) for text in pieces)
    model = BpeModel(Vocab(named, None, tuple((named[a], named[b]) for a, b, _ in merges)), merges, "byte")
    return build_tokenizer("broken-first-seen", spec, get_pretokenizer("gpt2"), model, {"tie": "first-seen"})


def merge_all(symbols: list[bytes], left: bytes, right: bytes) -> list[bytes]:
    merged: list[bytes] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == (left, right):
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


@trainer
def versioned(corpus: Corpus, spec: TrainSpec) -> Any:
    """Other words with another version of a library."""
    found = importlib.util.find_spec("weather")
    version = importlib.import_module("weather").VERSION if found else "1.0"
    return word_list("broken-versioned", [word + version for word in sorted(words_of(corpus, spec))], spec)


TRAINERS["broken-versioned"].library = "weather-1.0"
