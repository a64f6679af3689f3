"""The registry: every trainer by name, from scratch or a library's, resolved when it is first asked for."""

from __future__ import annotations

import dataclasses
import importlib
import operator
from collections.abc import Mapping
from typing import Any, cast

from toklab.backend import BACKENDS
from toklab.errors import UnknownNameError, UsageError
from toklab.plugins import package_of, plugins, reason
from toklab.types import Algorithm, TrainSpec

ENTRY_POINTS = "toklab.algorithms"
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
    "rustbpe": "toklab.baselines.ranks:RUSTBPE",
    "bpeasy": "toklab.baselines.ranks:BPEASY",
    "subword-nmt": "toklab.baselines.subword_nmt:SUBWORD_NMT",
}


def algorithm_targets() -> dict[str, str]:
    """Every name with the ``module:ATTRIBUTE`` it stands for, entry points included.

    Raises
    ------
    UsageError
        An installed package uses a name that is taken.
    """
    targets, owners = dict(ALGORITHMS), dict.fromkeys(ALGORITHMS, "toklab")
    for point in plugins(ENTRY_POINTS):
        if point.name in targets:
            one, other = owners[point.name], package_of(point)
            raise UsageError(f"the algorithm name {point.name!r} is taken twice: by {one} and by {other}")
        targets[point.name], owners[point.name] = point.value, package_of(point)
    return targets


def get_algorithm(name: str) -> Algorithm:
    """The algorithm of a name.

    Raises
    ------
    UnknownNameError
        No algorithm has that name.
    UsageError
        It is another package's, which cannot be imported.
    """
    targets = algorithm_targets()
    if name not in targets:
        raise UnknownNameError("algorithm", name, targets)
    module, _, attribute = targets[name].partition(":")
    if name in ALGORITHMS:
        return cast(Algorithm, getattr(importlib.import_module(module), attribute))
    try:
        return cast(Algorithm, getattr(importlib.import_module(module), attribute))
    except (Exception, SystemExit) as error:
        owner = next(package_of(point) for point in plugins(ENTRY_POINTS) if point.name == name)
        raise UsageError(f"the algorithm {name!r} of {owner} cannot be loaded: {reason(error)}") from error


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
