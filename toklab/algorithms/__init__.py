"""The registry: every trainer by name, from scratch or a library's, resolved when it is first asked for."""

from __future__ import annotations

import dataclasses
import importlib
import operator
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, cast

from toklab.backend import BACKENDS
from toklab.errors import UnknownNameError, UsageError
from toklab.types import Algorithm, TrainSpec

ALGORITHMS: dict[str, str] = {
    "bpe": "toklab.algorithms.bpe:BPE",
    "wordpiece": "toklab.algorithms.wordpiece:WORDPIECE",
    "unigram": "toklab.algorithms.unigram:UNIGRAM",
    "word": "toklab.algorithms.units:WORD",
    "character": "toklab.algorithms.units:CHARACTER",
    "byte": "toklab.algorithms.units:BYTE",
    "hf-bpe": "toklab.baselines.huggingface:BPE",
    "hf-wordpiece": "toklab.baselines.huggingface:WORDPIECE",
    "hf-unigram": "toklab.baselines.huggingface:UNIGRAM",
    "hf-wordlevel": "toklab.baselines.huggingface:WORDLEVEL",
    "spm-bpe": "toklab.baselines.sentencepiece:BPE",
    "spm-unigram": "toklab.baselines.sentencepiece:UNIGRAM",
    "spm-char": "toklab.baselines.sentencepiece:CHAR",
    "spm-word": "toklab.baselines.sentencepiece:WORD",
}


def algorithm_targets() -> dict[str, str]:
    """Every name with the ``module:ATTRIBUTE`` it stands for, entry points included.

    Raises
    ------
    UsageError
        An installed package uses a name that is taken.
    """
    targets = dict(ALGORITHMS)
    for point in sorted(entry_points(group="toklab.algorithms"), key=lambda point: point.name):
        if point.name in targets and targets[point.name] != point.value:
            raise UsageError(f"the entry point {point.value!r} uses the algorithm name {point.name!r}, which is taken")
        targets[point.name] = point.value
    return targets


def get_algorithm(name: str) -> Algorithm:
    """The algorithm of a name.

    Raises
    ------
    UnknownNameError
        No algorithm has that name.
    """
    targets = algorithm_targets()
    if name not in targets:
        raise UnknownNameError("algorithm", name, targets)
    module, _, attribute = targets[name].partition(":")
    return cast(Algorithm, getattr(importlib.import_module(module), attribute))


def make_spec(algorithm: Algorithm, options: Mapping[str, Any]) -> TrainSpec:
    """The algorithm's own spec from options by name.

    Raises
    ------
    UsageError
        The algorithm does not have such an option.
    """
    known = [field.name for field in dataclasses.fields(algorithm.spec_type)]
    for key in options:
        if key not in known:
            raise UnknownNameError(f"option of {algorithm.name}", key, sorted(known))
    spec = algorithm.spec_type(**{**options, "vocab_size": check_vocab_size(options.get("vocab_size"))})
    if spec.backend not in BACKENDS:
        raise UnknownNameError("backend", spec.backend, BACKENDS)
    if spec.threads is not None and spec.threads < 1:
        raise UsageError(f"{spec.threads} threads cannot train; use 1 or more")
    return spec


def check_vocab_size(size: object) -> int:
    """A vocabulary size as an int, if it can be one.

    Raises
    ------
    UsageError
        It is no whole number, or above 2,147,483,647 (ids are int32).
    """
    try:
        number = operator.index(size)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"vocabulary size {size!r} is not a whole number") from None
    if number >= 2**31:
        raise UsageError(f"vocabulary size {number} is more than the {2**31 - 1:,} that ids can count")
    return number
