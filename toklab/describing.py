"""A comparison's report as a JSON object; `toklab.restoring` reads it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from toklab.results import SCHEMA, Report, Result
from toklab.types import Batch, IntArray


def describe(report: Report) -> dict[str, Any]:
    """See `toklab.results.Report.to_dict`."""
    return {
        "schema": SCHEMA,
        "signature": report.signature,
        "corpus": dict(report.corpus),
        "warnings": list(report.warnings),
        "contenders": [_contender(result) for result in report.results],
        "groups": {cell.metric: cell.group for result in report.results for cell in result.cells},
        "rows": report.rows(),
        "pairs": report.pair_rows(),
        "leads": [asdict(lead) for lead in report.leads],
        "sentences": list(report.sentences),
    }


def _contender(result: Result) -> dict[str, Any]:
    """What the rows do not say of a contender."""
    return {
        "tokenizer": result.tokenizer,
        "vocab_size": result.vocab_size,
        "sized": result.sized,
        "pretrained": result.pretrained,
        "ranked": result.ranked,
        "determinism": result.determinism,
        "train_seconds": result.seconds,
        "peak_mb": result.peak_mb,
        "error": result.error,
        "warnings": list(result.warnings),
        "signature": result.signature,
        "lengths": _distinct(result.lengths, "tokens", "documents"),
        "frequencies": _distinct(result.frequencies, "occurrences", "ids"),
        "token_lengths": _counts(result.token_lengths, "bytes", "tokens"),
        "oov": None if result.oov is None else dict(result.oov),
        "cuts": _spans(result.cuts),
        "model": result.model,
    }


def _distinct(values: IntArray | None, name: str, count: str) -> dict[str, list[int]] | None:
    """The distinct values, ascending, and how many there are of each."""
    if values is None:
        return None
    distinct, counts = np.unique(values, return_counts=True)
    return {name: distinct.tolist(), count: counts.tolist()}


def _counts(counts: IntArray | None, name: str, count: str) -> dict[str, list[int]] | None:
    """The places that are not 0, ascending, and what stands there."""
    if counts is None:
        return None
    places = np.flatnonzero(counts)
    return {name: places.tolist(), count: counts[places].tolist()}


def _spans(batch: Batch | None) -> list[dict[str, list[int]]] | None:
    """Of each text the ids of its tokens and the bytes where they end; where they begin, if not all at such an end."""
    if batch is None:
        return None
    rows = []
    for row in batch:
        begins, ends = row.offsets.T.tolist() if len(row) else ([], [])
        spans = {"ids": row.ids.tolist(), "ends": ends}
        rows.append(spans if begins == [0, *ends][: len(ends)] else spans | {"begins": begins})
    return rows
