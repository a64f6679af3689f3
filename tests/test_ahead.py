"""A trainer that is compiled by another process beside the counting of words."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from toklab import kernels
from toklab.algorithms import ahead, fast
from toklab.algorithms.bpe import BpeSpec, initial_symbols, spelling_of
from toklab.algorithms.symbols import Material, build_material
from toklab.algorithms.unigram import UnigramSpec, begin, learn
from toklab.algorithms.unigram_spm_fast import FastSpmSteps
from toklab.algorithms.unigram_spm_seeds import read
from toklab.corpus import Corpus
from toklab.kernels import (
    bpe,
    cut,
    encode_bpe_lanes,
    encode_unigram,
    encode_wordpiece,
    layout,
    likelihood_gain,
    scan,
    spm_bpe,
    top_down,
    unigram,
    unigram_chains,
    unigram_seeds,
    unigram_spm,
    unigram_spm_paths,
    unigram_spm_seeds,
    unigram_suffixes,
    wordpiece,
)
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.training import train

CORPUS = Corpus("two", ("The porter knows the lever.", "The lever squeaks: à bientôt."))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Children that are started instead of compiling: each would sleep for a minute."""
    found = []
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        assert command[-2:] == ["toklab.algorithms.ahead", "train-bpe"]
        found.append(popen([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return found


def materials() -> list[Material]:
    """What the trainers get from a corpus, in bytes and in characters, from both twins of the counting."""
    found = []
    for backend in ("reference", "fast"):
        words = count_words(CORPUS.documents, get_pretokenizer("gpt2"), backend=backend)
        for alphabet in ("byte", "character"):
            spec = BpeSpec(vocab_size=300, alphabet=alphabet)
            found.append(build_material(words, initial_symbols(words, spec), spelling_of(spec), "bpe", 300))
    return found


def search(material: Material, threshold: int) -> object:
    return fast.CompiledSubstrings(material).size(threshold)


@pytest.mark.parametrize(
    ("trainer", "kernel", "train"),
    [
        ("train-bpe", bpe.learn, fast.learn_bpe),
        ("train-wordpiece", wordpiece.learn, fast.learn_wordpiece),
        ("train-likelihood-gain", likelihood_gain.learn, fast.learn_likelihood_gain),
        ("train-top-down", top_down.build, search),
        ("train-top-down", top_down.count_all, search),
        ("train-top-down", top_down.keep, search),
    ],
)
def test_what_is_compiled_ahead_is_what_a_corpus_needs(
    trainer: str, kernel: Any, train: Callable[[Material, int], object]
) -> None:
    ahead.TASKS[trainer]()
    for material in materials():
        train(material, 300)
    assert len(kernel.signatures) == 1


@pytest.mark.parametrize(
    ("algorithm", "kernel"),
    [
        ("bpe", encode_bpe_lanes.merge),
        ("wordpiece", encode_wordpiece.encode),
        ("unigram", encode_unigram.encode),
    ],
)
def test_what_is_compiled_ahead_is_what_an_encoder_needs(algorithm: str, kernel: Any) -> None:
    ahead.TASKS[f"encode-{algorithm}"]()
    compiled = list(kernel.signatures)
    tokenizer = train(algorithm, CORPUS, vocab_size=300, backend="fast")
    tokenizer.encode_batch(CORPUS.documents)
    tokenizer.encode_batch(["x" * 80], offsets=True)
    assert kernel.signatures == compiled
    for once in (cut.walk_four, layout.keep, layout.lay_out):
        used: Any = once
        assert len(used.signatures) == 1


def test_every_kernel_of_unigram_is_compiled_ahead_and_once() -> None:
    ahead.TASKS["train-unigram"]()
    for backend in ("reference", "fast"):
        words = count_words(CORPUS.documents, get_pretokenizer("gpt2"), backend=backend)
        spec = UnigramSpec(vocab_size=30, backend="fast")
        learn(begin(words, spec, ()), spec.vocab_size, spec)
    modules = (unigram, unigram_chains, unigram_seeds, unigram_suffixes)
    outer = [kernel for module in modules for kernel in vars(module).values() if is_outer(kernel)]
    assert unigram.expect in outer
    assert {len(kernel.signatures) for kernel in outer} == {1}


def test_every_kernel_of_sentencepieces_unigram_is_compiled_ahead_and_once() -> None:
    ahead.TASKS["train-unigram-spm"]()
    for backend in ("reference", "fast"):
        steps = FastSpmSteps(read(CORPUS.documents, ["<unk>"], backend=backend), 1000, 16)
        steps.improve()
        steps.prune(30, 0.75)
    modules = (unigram_spm, unigram_spm_paths, unigram_spm_seeds, unigram_seeds, unigram_suffixes)
    outer = [kernel for module in modules for kernel in vars(module).values() if is_outer(kernel)]
    assert unigram_spm.expect in outer
    assert {len(kernel.signatures) for kernel in outer} == {1}


def is_outer(kernel: Any) -> bool:
    """Whether a thing is a kernel that Python calls."""
    return hasattr(kernel, "signatures") and not kernel.targetoptions.get("no_cpython_wrapper", False)


def test_the_child_ends_with_an_error_of_the_parent(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "is_compiled", lambda kernel: False)
    with pytest.raises(ZeroDivisionError), ahead.compiling("train-bpe", wanted=True):
        raise ZeroDivisionError
    assert len(started) == 1
    assert started[0].returncode is not None
    assert gc.isenabled()


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_looked_for_again(
    collects: bool, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "is_compiled", lambda kernel: False)
    monkeypatch.setattr(gc, "isenabled", lambda: collects)
    called = []
    monkeypatch.setattr(gc, "disable", lambda: called.append("disable"))
    monkeypatch.setattr(gc, "enable", lambda: called.append("enable"))
    with ahead.compiling("train-bpe", wanted=True):
        assert called == ["disable"]
        started[0].kill()
    assert called == ["disable", *(["enable"] if collects else [])]


@pytest.mark.parametrize(
    ("wanted", "compiled", "cores"),
    [(False, (), 2), (True, (), 1), (True, (bpe.learn,), 2), (True, (scan.scan,), 2)],
    ids=["not wanted", "one core", "nothing to compile", "nothing to compile meanwhile"],
)
def test_no_child_is_started_for_nothing(
    wanted: bool,
    compiled: tuple[Any, ...],
    cores: int,
    started: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "is_compiled", lambda kernel: kernel in compiled)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    with ahead.compiling("train-bpe", wanted):
        pass
    assert not started


@pytest.mark.parametrize(("ended", "done"), [(False, ["encode-bpe"]), (True, [])])
def test_who_would_only_wait_compiles_what_comes_then(
    ended: bool, done: list[str], started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "is_compiled", lambda kernel: kernel is scan.scan)
    found: list[str] = []

    def compile_then() -> None:
        found.append("encode-bpe")
        started[0].kill()

    monkeypatch.setitem(ahead.TASKS, "encode-bpe", compile_then)
    with ahead.compiling("train-bpe", wanted=True, then="encode-bpe"):
        if ended:
            started[0].kill()
            started[0].wait()
    assert found == done
    assert len(started) == 1


@pytest.mark.parametrize(
    ("words", "pattern", "normalizer", "then"),
    [
        (200_000, "gpt2", "none", "encode-bpe"),
        (200, "gpt2", "none", None),
        (200_000, r"(?<=a)b|\w+|\W", "none", None),
        (200_000, "gpt2", "nfkc", None),
    ],
    ids=["much", "little", "no scanner", "normalized"],
)
def test_what_encodes_is_compiled_where_it_will_be_used(
    words: int, pattern: str, normalizer: str, then: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    @contextmanager
    def compiling(task: str, wanted: bool, then: str | None) -> Iterator[None]:
        found.append((task, then))
        yield

    monkeypatch.setattr(ahead, "compiling", compiling)
    corpus = Corpus("porter", ("porter " * words,))
    train("bpe", corpus, vocab_size=258, pretokenizer=pattern, normalizer=normalizer)
    assert found == [("train-bpe", then)]


def test_the_kernel_of_bpe_spm_is_compiled_ahead_and_once() -> None:
    ahead.TASKS["train-bpe-spm"]()
    train("bpe", CORPUS, vocab_size=320, variant="spm", backend="fast")
    kernel: Any = spm_bpe.learn
    assert len(kernel.signatures) == 1
