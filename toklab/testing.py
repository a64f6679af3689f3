"""Assertions for a project's own tests: hold a tokenizer to what it promised."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toklab.corpus import Corpus
from toklab.types import Tokenizer


def assert_round_trip(tokenizer: Tokenizer, texts: Iterable[str]) -> None:
    """Every text comes back from its ids as it was.

    Raises
    ------
    AssertionError
        It names the first text that does not, and where the two part.
    """
    for index, text in enumerate(texts):
        encoding = tokenizer.encode(text)
        back = tokenizer.decode(encoding.ids.tolist())
        if back != text:
            at = next(
                (i for i, (a, b) in enumerate(zip(text, back, strict=False)) if a != b),
                min(len(text), len(back)),
            )
            raise AssertionError(
                f"text {index} does not survive {tokenizer.name}: at character {at}, "
                f"{text[at : at + 20]!r} came back as {back[at : at + 20]!r}\n"
                f"tokens: {_show(tokenizer, text)}"
            )


def assert_same_encodings(first: Tokenizer, second: Tokenizer, texts: Iterable[str]) -> None:
    """Two tokenizers give the same ids for every text.

    Raises
    ------
    AssertionError
        It shows the first text that they encode differently, token by token.
    """
    for index, text in enumerate(texts):
        a, b = first.encode(text).ids.tolist(), second.encode(text).ids.tolist()
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
            raise AssertionError(
                f"text {index} is encoded differently from token {at} on\n"
                f"{first.name}: {_show(first, text)}\n{second.name}: {_show(second, text)}"
            )


def assert_deterministic(
    algorithm: str,
    corpus: str | Path | Corpus | Iterable[str] | None = None,
    *,
    runs: int = 3,
    **options: Any,
) -> None:
    """Trained again in fresh processes, with other hash seeds, threads, orders and chunks of text, nothing changes.

    Parameters
    ----------
    algorithm : a contender's name
    corpus : a path, texts, a ``Corpus``, or None for the bundled text
    runs : trainings per axis
    options : of `toklab.retraining.determinism`, such as ``vocab_size=2000``

    Raises
    ------
    AssertionError
        It names the axis and the first difference.
    """
    from toklab.retraining import AXES, determinism

    axes = tuple(name for name, axis in AXES.items() if axis.graded)
    report = determinism(corpus, [algorithm], runs=runs, **{"axes": axes, **options})
    for probe in report.probes:
        if probe.verdict != "exact":
            raise AssertionError(
                f"{algorithm} is not deterministic along {probe.axis} ({probe.runs} runs): {probe.verdict}; "
                f"{probe.first_difference or probe.error}"
            )


def _show(tokenizer: Tokenizer, text: str) -> str:
    return " | ".join(str(tokenizer.vocab[i]) for i in tokenizer.encode(text).ids.tolist())
