"""From the rounds to figures: medians, ranges, ratios to toklab, and whether all gave the same ids."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.contenders import ENCODE, library_version, python_of
from benchmarks.documents import MEGABYTE
from benchmarks.matrix import Group, Measurement, Plan

TIE = 1.3
PASSES = ("first", "second")
Row = dict[str, Any]
# What two rows must share to be compared.
GROUP = ("task", "corpus", "text_mb", "vocab_size", "threads", "shape", "pass", "reference")


COLUMNS = (
    *("task", "pass", "contender", "library", "corpus", "corpus_mb", "text_mb", "vocab_size", "threads", "shape"),
    *("threads_used", "runs", "median_s", "min_s", "max_s", "cpu_s", "mb_per_s", "peak_mb", "before_mb"),
    *("warm_up_s", "compile_s", "pieces", "tokens", "ratio", "ratio_min", "ratio_max"),
    *("same_sample", "same_tokens", "same_ids", "reference", "error"),
)


def empty_row() -> Row:
    """All columns, undefined."""
    return dict.fromkeys(COLUMNS)


def make_rows(groups: Iterable[Group], plan: Plan) -> list[Row]:
    """One row per contender of each group, and for encoding per pass."""
    rows: list[Row] = []
    for group in groups:
        references = {m.entrant.name: m for m in group.measurements}
        for number, name in enumerate(PASSES if group.task == ENCODE else (None,)):
            for m in group.measurements:
                rows.append(_row(group, m, references.get(m.entrant.reference), number, name, plan))
    return rows


def _row(
    group: Group, m: Measurement, reference: Measurement | None, number: int, which: str | None, plan: Plan
) -> Row:
    n_bytes = group.text.n_bytes if which is None else group.text.halves[number]
    python = python_of(m.entrant, plan.environments)
    return empty_row() | {
        "task": group.task,
        "pass": which,
        "contender": m.entrant.name,
        "library": library_version(m.entrant.library, python),
        "corpus": group.text.name,
        "corpus_mb": group.text.n_bytes / MEGABYTE,
        "text_mb": n_bytes / MEGABYTE,
        "vocab_size": group.vocab_size,
        "threads": group.threads,
        "shape": group.shape,
        **_figures(m, number, n_bytes),
        **_ratios(m, reference, number),
        **_sameness(m, reference, number),
        "reference": m.entrant.reference,
        "error": m.error,
    }


def _figures(m: Measurement, number: int, n_bytes: int) -> Row:
    done = _done(m, number)
    seconds = [each["wall_s"] for each in done]
    middle = _median(seconds)
    return {
        "threads_used": _median(each["cpu_s"] / each["wall_s"] for each in done),
        "runs": len(seconds),
        "median_s": middle,
        "min_s": min(seconds, default=None),
        "max_s": max(seconds, default=None),
        "cpu_s": _median(each["cpu_s"] for each in done),
        "mb_per_s": n_bytes / MEGABYTE / middle if middle else None,
        "peak_mb": _median(each["peak_mb"] for each in done),
        "before_mb": _median(each["before_mb"] for each in done),
        "warm_up_s": _median(run["warm_up_s"] for run in m.runs) if done else None,
        "pieces": m.runs[0].get("pieces") if done else None,
        "tokens": done[0].get("tokens") if done else None,
    }


def _done(m: Measurement, number: int) -> list[Mapping[str, Any]]:
    """The passes of all rounds; rounds before a failure are no result."""
    return [run["passes"][number] for run in m.runs] if m.error is None else []


def _ratios(m: Measurement, reference: Measurement | None, number: int) -> Row:
    """Seconds over those of toklab: of the medians, and the least and most in any round."""
    ours = [each["wall_s"] for each in _done(reference, number)] if reference else []
    theirs = [each["wall_s"] for each in _done(m, number)]
    if not ours or not theirs:
        return {"ratio": None, "ratio_min": None, "ratio_max": None}
    rounds = [their / our for their, our in zip(theirs, ours, strict=False)]
    return {"ratio": median(theirs) / median(ours), "ratio_min": min(rounds), "ratio_max": max(rounds)}


def _sameness(m: Measurement, reference: Measurement | None, number: int) -> Row:
    """Whether the sample had the same ids, every document as many tokens, and all of them the same ids."""
    row: Row = {"same_sample": None, "same_tokens": None, "same_ids": None}
    ours, theirs = (_done(each, number) if each else [] for each in (reference, m))
    if reference and "ids" in m.checked and "ids" in reference.checked:
        row["same_sample"] = m.checked["ids"] == reference.checked["ids"]
    if ours and theirs and "ids" in theirs[0]:
        row["same_tokens"] = theirs[0]["counts"] == ours[0]["counts"]
        row["same_ids"] = row["same_tokens"] and theirs[0]["ids"] == ours[0]["ids"]
    return row


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return median(found) if found else None


def comparable(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that may be compared with each other, in order of appearance."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in GROUP), []).append(row)
    return list(found.values())


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
