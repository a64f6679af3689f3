"""From an encoded corpus to the cells of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from toklab.errors import UsageError
from toklab.metrics import Encoded, all_metrics, get_metric
from toklab.metrics.pairs import PAIR_METRICS
from toklab.results import Cell, Lead, Pair, Result
from toklab.statistics import Bootstrap, middle
from toklab.types import FloatArray


def measure(encoded: Encoded, bootstrap: Bootstrap, names: Iterable[str] | None = None) -> tuple[Cell, ...]:
    """The cells of `measure_all`."""
    return measure_all(encoded, bootstrap, names)[0]


def measure_all(
    encoded: Encoded, bootstrap: Bootstrap, names: Iterable[str] | None = None
) -> tuple[tuple[Cell, ...], dict[str, FloatArray]]:
    """Every figure of one tokenizer, with its interval; and (resamples,) float64 samples of those that have one.

    Parameters
    ----------
    encoded : the held-out documents as the tokenizer sees them
    bootstrap : resamples of these documents, shared by all tokenizers
    names : metrics to compute, in this order; None is all of them

    Raises
    ------
    UnknownNameError
        No metric has one of the names.
    UsageError
        The bootstrap is of another number of documents.
    """
    if bootstrap.documents != len(encoded.texts):
        raise UsageError(
            f"the bootstrap is of {bootstrap.documents} documents, the encoded corpus of {len(encoded.texts)}"
        )
    chosen = list(all_metrics().values()) if names is None else [get_metric(name) for name in names]
    statistics = [metric(encoded) for metric in chosen]
    samples = bootstrap.samples(statistics)
    cells = tuple(
        Cell(metric.name, statistic.value(), low, high, metric.unit, metric.better, metric.group)
        for metric, statistic, (low, high) in zip(chosen, statistics, map(middle, samples), strict=True)
    )
    return cells, {cell.metric: drawn for cell, drawn in zip(cells, samples, strict=True) if drawn is not None}


def measure_pairs(results: Sequence[Result], bootstrap: Bootstrap) -> tuple[Pair, ...]:
    """Every figure of every two tokenizers that compare, with its interval.

    Those that take a vocabulary size are compared at the same size; those with a size of their own, with all.

    Parameters
    ----------
    results : of one comparison; those that failed are in no pair
    bootstrap : resamples of the held-out documents
    """
    pairs = [
        (first, first.cutting, second, second.cutting)
        for first, second in combinations(results, 2)
        if first.vocab_size == second.vocab_size or not (first.sized and second.sized)
        if first.cutting is not None and second.cutting is not None
    ]
    statistics = [metric.function(one, two) for _, one, _, two in pairs for metric in PAIR_METRICS]
    cells = [
        Cell(metric.name, statistic.value(), low, high, metric.unit, "", "pairs")
        for metric, statistic, (low, high) in zip(
            PAIR_METRICS * len(pairs), statistics, bootstrap.intervals(statistics), strict=True
        )
    ]
    width = len(PAIR_METRICS)
    return tuple(
        Pair(a.tokenizer, a.vocab_size, b.tokenizer, b.vocab_size, tuple(cells[i * width : (i + 1) * width]))
        for i, (a, _, b, _) in enumerate(pairs)
    )


def measure_leads(results: Sequence[Result]) -> tuple[Lead, ...]:
    """How much more text a token of one holds than of another, for every two that take the same vocabulary size.

    Parameters
    ----------
    results : of one comparison, with the samples of their figures; those that failed are left out
    """
    metric = "bytes_per_token"
    known = [
        (result, result[metric].value, result.samples.get(metric))
        for result in results
        if result.sized and result.cells
    ]
    found = []
    for (a, first, ours), (b, second, theirs) in combinations(known, 2):
        if a.vocab_size == b.vocab_size and first is not None and second is not None:
            low, high = middle(None if ours is None or theirs is None else ours - theirs)
            found.append(Lead(metric, a.vocab_size, a.tokenizer, b.tokenizer, first - second, low, high))
    return tuple(found)
