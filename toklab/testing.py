"""Assertions for a project's own tests: hold a tokenizer to what it promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toklab.corpus import Corpus
from toklab.errors import UsageError
from toklab.types import Tokenizer

if TYPE_CHECKING:
    from toklab.checking import Baseline, Token
    from toklab.metrics import Statistic

SHOWN = 60  # characters of a text


def assert_round_trip(tokenizer: Tokenizer, texts: Iterable[str]) -> None:
    """Every text comes back from its ids as it was.

    Raises
    ------
    AssertionError
        It names the first text that does not, and where the two part.
    """
    __tracebackhide__ = True
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
        It shows the first text that they encode differently, token beside token.
    """
    __tracebackhide__ = True
    from toklab.checking.drift import first_difference, tokens_of

    for index, text in enumerate(texts):
        a, b = (tokens_of(one.vocab, one.encode(text).ids.tolist()) for one in (first, second))
        at = first_difference(a, b)
        if at is not None:
            raise AssertionError(
                f"text {index} is encoded differently from token {at} on: {text[:SHOWN]!r}\n"
                + _pairs(a, b, at, (first.name, second.name))
            )


def assert_encodes_as(tokenizer: Tokenizer, text: str, pieces: Sequence[str]) -> None:
    """A text is cut into exactly these pieces.

    Parameters
    ----------
    pieces : as ``str(tokenizer.vocab[id])`` gives them: ``" the"``, or ``"##ing"`` for what continues a word of
        WordPiece, or ``"\\\\xe2"`` for a byte that is no character

    Raises
    ------
    AssertionError
        It shows both, token beside token.
    """
    __tracebackhide__ = True
    from toklab.checking.drift import Token, first_difference, tokens_of

    wanted = [Token(None, piece) for piece in pieces]
    found = [Token(None, token.text) for token in tokens_of(tokenizer.vocab, tokenizer.encode(text).ids.tolist())]
    at = first_difference(wanted, found)
    if at is not None:
        raise AssertionError(
            f"{tokenizer.name} cuts {text[:SHOWN]!r} differently from token {at} on\n"
            + _pairs(wanted, found, at, ("expected", tokenizer.name))
        )


def assert_metric(
    tokenizer: Tokenizer,
    texts: str | Corpus | Iterable[str],
    metric: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> None:
    """A figure of the tokenizer on these texts stays within its limits.

    Parameters
    ----------
    texts : one text, several, or a ``Corpus``
    metric : a metric's name, such as ``"fertility"``; those that need a training text are undefined
    at_most, at_least : limits in the unit of the metric, themselves allowed

    Raises
    ------
    AssertionError
        The figure is beyond a limit, or undefined. It shows the tokens of the text that is the worst by itself.
    UsageError
        There is no such metric, or no limit.
    InputError
        There is no text.
    """
    __tracebackhide__ = True
    from toklab.comparison import encode
    from toklab.corpus import open_corpus
    from toklab.metrics import get_metric

    if at_most is None and at_least is None:
        raise UsageError("assert_metric needs a limit: give at_most or at_least")
    wanted = get_metric(metric)
    documents = tuple(open_corpus([texts] if isinstance(texts, str) else texts).documents)
    encoded = encode(tokenizer, documents)
    statistic = wanted(encoded)
    value = statistic.value()
    limits = [
        f"{words} {limit:g}" for words, limit in (("at least", at_least), ("at most", at_most)) if limit is not None
    ]
    if value is None:
        raise AssertionError(f"{metric} of {tokenizer.name} is undefined on these texts, not {' and '.join(limits)}")
    low, high = at_least is not None and value < at_least, at_most is not None and value > at_most
    if low or high:
        worst = _worst(documents, statistic, highest=high)
        raise AssertionError(
            f"{metric} of {tokenizer.name} is {value:.6g} {wanted.unit}, not {' and '.join(limits)}"
            + ("" if worst is None else f"\nworst is {worst[:SHOWN]!r}: {_show(tokenizer, worst)}")
        )


def assert_no_regression(
    tokenizer: Tokenizer,
    baseline: Baseline | str | Path,
    texts: str | Path | Corpus | Iterable[str] | None = None,
    *,
    max_drop: Mapping[str, str | float] | None = None,
    allow_id_drift: bool = False,
    documents: str = "paragraph",
) -> None:
    """No figure is worse than its baseline allows, and no id moved: ``toklab check`` as an assertion.

    Parameters
    ----------
    baseline : a file that ``toklab check --write-baseline`` wrote, or a `toklab.checking.Baseline`
    texts, max_drop, allow_id_drift, documents : as for `toklab.checking.check`

    Raises
    ------
    AssertionError
        It shows what fell, and the first ids that moved, token beside token.
    ToklabError
        The baseline or the text cannot be used, see `toklab.checking.check`.
    """
    __tracebackhide__ = True
    from toklab.checking import check

    report = check(
        tokenizer, texts, baseline=baseline, max_drop=max_drop, allow_id_drift=allow_id_drift, documents=documents
    )
    if not report.passed:
        from toklab.report.checks import render_check

        raise AssertionError(render_check(report).rstrip("\n"))


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
    __tracebackhide__ = True
    from toklab.retraining import AXES, determinism

    axes = tuple(name for name, axis in AXES.items() if axis.graded)
    report = determinism(corpus, [algorithm], runs=runs, **{"axes": axes, **options})
    for probe in report.probes:
        if probe.verdict != "exact":
            raise AssertionError(
                f"{algorithm} is not deterministic along {probe.axis} ({probe.runs} runs): {probe.verdict}; "
                f"{probe.first_difference or probe.error}"
            )


def _pairs(left: Sequence[Token], right: Sequence[Token], at: int, titles: tuple[str, str]) -> str:
    from toklab.report.token_pairs import render_token_pairs

    return render_token_pairs(left, right, at, titles)


def _worst(texts: Sequence[str], statistic: Statistic, highest: bool) -> str | None:
    """The text with the highest or lowest figure of its own; None where the figure is not one of single texts."""
    from toklab.metrics import Ratio

    if not isinstance(statistic, Ratio):
        return None
    rows = zip(statistic.numerator.tolist(), statistic.denominator.tolist(), texts, strict=True)
    own = [(above / below, text) for above, below, text in rows if below]
    return (max if highest else min)(own, key=lambda row: row[0])[1]


def _show(tokenizer: Tokenizer, text: str) -> str:
    return " | ".join(str(tokenizer.vocab[i]) for i in tokenizer.encode(text).ids.tolist())
