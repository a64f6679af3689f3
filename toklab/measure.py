"""From an encoded corpus to the cells of a report."""

from __future__ import annotations

from collections.abc import Iterable

from toklab.errors import UsageError
from toklab.metrics import Encoded, all_metrics, get_metric
from toklab.results import Cell
from toklab.statistics import Bootstrap


def measure(encoded: Encoded, bootstrap: Bootstrap, names: Iterable[str] | None = None) -> tuple[Cell, ...]:
    """Every figure of one tokenizer, with its interval.

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
    return tuple(
        Cell(metric.name, statistic.value(), low, high, metric.unit, metric.better, metric.group)
        for metric, statistic, (low, high) in zip(chosen, statistics, bootstrap.intervals(statistics), strict=True)
    )
