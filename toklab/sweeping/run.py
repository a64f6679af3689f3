"""Train each contender over a range of sizes, or once where smaller sizes can be cut from the largest, and measure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from toklab.algorithms import get_algorithm
from toklab.choosing import resolve
from toklab.comparison import judge
from toklab.corpus import Corpus
from toklab.errors import ToklabError, UsageError, VocabSizeError
from toklab.metrics import all_metrics
from toklab.retraining import raise_if_all_too_small
from toklab.setting import Entry, Setting, first_job, make_entries, prepare
from toklab.signature import number
from toklab.sweeping.curves import balance, gain, knee, output_cost
from toklab.sweeping.findings import TRAINED, TRUNCATED, Curve, Point, SweepReport
from toklab.sweeping.sizes import parse_sizes
from toklab.types import Contender, IntArray
from toklab.workshop import Fit, Limits, Progress, run_jobs

DEFAULT_CONTENDERS = ("bpe", "wordpiece", "unigram")
DEFAULT_SIZES = "500:8000:x2"
METRICS = (
    "vocab_obtained",
    "tokens",
    "bytes_per_token",
    "fertility",
    "oov_fertility",
    "oov_exploded",
    "unk_rate",
    "bits_per_byte",
)
Trained = tuple[Fit | ToklabError, str]


def sweep(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[str | Contender] | str | None = None,
    *,
    vocab_size: str | int | Sequence[str | int] = DEFAULT_SIZES,
    pretokenizer: str = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    resamples: int = 1000,
    worth: float = 1.0,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> SweepReport:
    """Vocabulary size against sequence length, for each contender.

    A contender whose algorithm only ever adds pieces is trained once, at the largest size; what training at a smaller
    size gives is cut from that. Others are trained at every size.

    Parameters
    ----------
    source : a path, texts, a ``Corpus``, or None for the bundled text
    contenders : names, or ``name:option=value``; None is `DEFAULT_CONTENDERS`
    vocab_size : sizes and ranges, see `toklab.sweeping.parse_sizes`
    pretokenizer : the pattern for every contender that takes one
    held_out, seed : share of the documents kept back for judging, and the seed of the choice
    resamples : of the bootstrap behind each interval
    worth : tokens per million bytes of held-out text that a piece added is to save, for ``Curve.balance``
    limits : time and memory of each training
    progress : called with a name, how many trainings are done, and how many there are

    Returns
    -------
    SweepReport : a size at which a contender fails has an error in its place

    Raises
    ------
    UsageError
        An unknown contender, pattern or option; sizes that make no sense, or are too small for every contender.
    InputError
        The text cannot be read.
    """
    sizes = parse_sizes(vocab_size)
    if not 0 < worth < float("inf"):
        raise UsageError(f"a piece that is to save {worth:g} tokens tells nothing; use a number above 0")
    chosen = resolve(DEFAULT_CONTENDERS if contenders is None else contenders)
    setting = prepare(source, pretokenizer, documents, held_out, seed, resamples)
    entries = make_entries(chosen, sizes, pretokenizer)
    found = _fit(entries, setting.training, limits, progress)
    raise_if_all_too_small([fit for entry, (fit, _) in zip(entries, found, strict=True) if entry.sized])
    known = all_metrics()
    metrics = [name for name in METRICS if name in known]
    points = []
    for entry, (fit, origin) in zip(entries, found, strict=True):
        points.append(Point(judge(entry, [fit], setting, metrics), origin))
    curves = tuple(_curve(c.name, [p for p in points if p.result.tokenizer == c.name], setting, worth) for c in chosen)
    failed = dict.fromkeys(f"{p.result.tokenizer} at {p.result.vocab_size:,}" for p in points if p.result.error)
    warnings = (f"failed: {', '.join(failed)}",) if failed else ()
    return SweepReport(
        curves, worth, setting.signature(sizes, chosen, worth=number(worth)), setting.description, warnings
    )


def _fit(entries: Sequence[Entry], training: Corpus, limits: Limits | None, progress: Progress | None) -> list[Trained]:
    """Every entry's tokenizer and how it came about: first what must be trained, then what is cut from that.

    What cannot be cut after all, since the largest training failed or its file leaves something open, is trained last.
    """
    found: dict[int, Trained] = {}

    def train(indices: Iterable[int]) -> None:
        order = sorted(indices, key=lambda index: -entries[index].vocab_size)
        fits = run_jobs([first_job(entries[index], training) for index in order], limits, progress) if order else []
        found.update({index: (fit, TRAINED) for index, fit in zip(order, fits, strict=True)})

    largest = _largest(entries)
    train(index for index in range(len(entries)) if largest.get(index, index) == index)
    for index, entry in enumerate(entries):
        if index not in found and (cut := _cut(entry, found[largest[index]][0])) is not None:
            found[index] = cut, TRUNCATED
    train(index for index in range(len(entries)) if index not in found)
    return [found[index] for index in range(len(entries))]


def _largest(entries: Sequence[Entry]) -> Mapping[int, int]:
    """For each entry that can be cut from another, the largest of the same contender."""
    most: dict[str, int] = {}
    for index, entry in enumerate(entries):
        name = entry.contender.name
        if name not in most or entry.vocab_size > entries[most[name]].vocab_size:
            most[name] = index
    return {index: most[entry.contender.name] for index, entry in enumerate(entries) if _has_prefixes(entry)}


def _has_prefixes(entry: Entry) -> bool:
    """Whether the algorithm says that a smaller training is the beginning of a larger one."""
    declared = getattr(get_algorithm(entry.contender.algorithm), "prefixes_with", None)
    return declared is not None and bool(declared(entry.contender.options))


def _cut(entry: Entry, largest: Fit | ToklabError) -> Fit | ToklabError | None:
    """A smaller tokenizer out of a larger one; None where that cannot be done."""
    if isinstance(largest, ToklabError):
        return None
    algorithm: Any = get_algorithm(entry.contender.algorithm)
    started = time.perf_counter()
    try:
        tokenizer = algorithm.truncate(largest.tokenizer, entry.vocab_size)
    except VocabSizeError as error:
        return error
    seconds = time.perf_counter() - started
    return None if tokenizer is None else Fit(tokenizer, seconds, largest.peak_mb)


def _curve(name: str, points: Sequence[Point], setting: Setting, worth: float) -> Curve:
    """The points with what each step saves, and where the curve bends."""
    n_bytes = np.array(setting.test.sizes, np.int64)
    finished: list[Point] = []
    steps: list[tuple[int, float]] = []
    curve: list[tuple[int, float]] = []
    before: tuple[int, IntArray] | None = None
    for point in points:
        lengths, pieces = point.result.lengths, point.pieces
        if lengths is None or pieces is None:
            finished.append(point)
            continue
        here = (pieces, lengths)
        grown = before is None or pieces > before[0]
        cells = (
            output_cost(pieces, lengths, n_bytes, setting.bootstrap),
            gain(before if grown else None, here, n_bytes, setting.bootstrap),
        )
        point = replace(point, result=replace(point.result, cells=(*point.result.cells, *cells)))
        finished.append(point)
        value = point["bytes_per_token"].value
        if before is not None and grown:
            steps.append((before[0], cells[1].value or 0.0))
        if grown and value is not None:
            curve.append((pieces, value))
            before = here
    return Curve(name, tuple(finished), knee([s for s, _ in curve], [v for _, v in curve]), balance(steps, worth))
