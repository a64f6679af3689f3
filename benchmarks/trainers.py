"""How each contender trains: documents as a list of strings in, the size of the vocabulary out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from toklab.contenders import parse_contender
from toklab.corpus import Corpus
from toklab.pretokenize import PATTERNS
from toklab.types import Contender, Tokenizer

Train: TypeAlias = Callable[[Sequence[str], int], int]

PATTERN = PATTERNS["gpt2"].pattern
# bpeasy asks for the longest token in bytes; its own tokenizer class takes this.
BPEASY_LONGEST = 128


def make_trainer(name: str, threads: int) -> Train:
    """The training function of a contender; what it imports is imported here, before the clock runs."""
    if name == "rustbpe":
        return _rustbpe()
    if name == "bpeasy":
        return _bpeasy()
    fit = make_fit(name, threads)
    return lambda documents, vocab_size: len(fit(documents, vocab_size).vocab)


def make_fit(name: str, threads: int) -> Callable[[Sequence[str], int], Tokenizer]:
    """The same for a trainer of toklab's registry, giving the tokenizer."""
    from toklab.algorithms import get_algorithm, make_spec

    contender = with_settings(parse_contender(name))
    algorithm = get_algorithm(contender.algorithm)

    def fit(documents: Sequence[str], vocab_size: int) -> Tokenizer:
        options = {**contender.options, "vocab_size": vocab_size, "threads": threads}
        return algorithm.fit(Corpus("benchmark", tuple(documents)), make_spec(algorithm, options))

    return fit


def with_settings(contender: Contender) -> Contender:
    """A contender with what makes it comparable: one pattern for each kind, and our compiled kernels."""
    name = contender.algorithm
    options: dict[str, Any] = {}
    if not name.startswith("spm-"):
        options["pretokenizer"] = "bert" if "wordpiece" in name else "gpt2"
    if not name.startswith(("spm-", "hf-")):
        options["backend"] = "fast"
    return replace(contender, options={**options, **contender.options})


def _rustbpe() -> Train:
    import rustbpe

    def train(documents: Sequence[str], vocab_size: int) -> int:
        tokenizer = rustbpe.Tokenizer()
        tokenizer.train_from_iterator(iter(documents), vocab_size, pattern=PATTERN)
        return int(tokenizer.vocab_size)

    return train


def _bpeasy() -> Train:
    import bpeasy

    def train(documents: Sequence[str], vocab_size: int) -> int:
        return len(bpeasy.train_bpe(iter(documents), PATTERN, BPEASY_LONGEST, vocab_size))

    return train
