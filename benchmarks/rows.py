"""From the rounds to figures: medians, ranges, ratios to toklab, and whether all gave the same tokens."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.contenders import COMPILE, ENCODE, STARTUP, TRAIN, library_version
from benchmarks.rounds import Measurement, Plan
from benchmarks.texts import MEGABYTE

SCHEMA = 1
TIE = 1.3
PASSES = ("first", "second")
Row = dict[str, Any]

_WORK = (TRAIN, ENCODE)
_COLD = (COMPILE, STARTUP)
# What a reader must know, and the tasks that it is about.
NOTES = (
    (
        _WORK,
        "Each figure comes from a fresh process per contender and round. The clock covers training alone, or "
        "encoding alone, with the documents as a list of Python strings; imports, reading and loading compiled "
        "kernels are outside (warm_up_s).",
    ),
    (
        _WORK,
        "Peak MB is that of the whole process: interpreter, libraries and the text included; 'before' is what it "
        "had held before the clock ran. Threads used is processor time divided by wall time: of all "
        "that were offered, what the library used and a busy machine let it have.",
    ),
    (
        (TRAIN,),
        "toklab's, hf- and spm- trainers run through toklab's adapters, all BPE trainers but SentencePiece with "
        "the GPT-2 pattern; SentencePiece cuts words its own way, WordPiece as BERT does.",
    ),
    (
        (ENCODE,),
        "Encoders get the same vocabulary, trained by toklab, and each text for the first time: first pass and "
        "second pass are different documents of the same kind, so that only words are remembered, never texts. "
        "toklab, hf-bpe and hf-wordpiece give ids with offsets, hf-bpe-fast and tiktoken ids alone.",
    ),
    (
        _COLD,
        "Starting up is a whole process, from starting Python to a tiny tokenizer trained, saved, loaded and "
        "used: with an empty cache of compiled kernels (compile), and with the cache that this left (startup).",
    ),
    (
        _WORK,
        f"Ratios are those of medians; within {TIE}x they are called a tie, because reruns differ by as much.",
    ),
)


def make_report(measurements: Sequence[Measurement], plan: Plan, missing: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object of ``--json`` and ``benchmark.json``."""
    rows = make_rows(measurements, plan)
    libraries = dict.fromkeys(["toklab", *(m.entrant.library for m in measurements)])
    return {
        "schema": SCHEMA,
        "machine": {
            "cores": available_cores(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "libraries": [library_version(name) for name in libraries],
        "corpus": {
            "name": plan.text.name,
            "documents": len(plan.text.documents),
            "bytes": plan.text.n_bytes,
            "files_skipped": plan.text.skipped,
        },
        "repeats": plan.repeats,
        "left_out": dict(missing),
        "notes": [note for tasks, note in NOTES if any(m.task in tasks for m in measurements)],
        "rows": rows,
    }


def make_rows(measurements: Sequence[Measurement], plan: Plan) -> list[Row]:
    """One row per contender, task and size, and for encoding per pass."""
    sizes: dict[str | None, int] = {None: plan.text.n_bytes}
    if any(m.task == ENCODE for m in measurements):
        for name, half in zip(PASSES, plan.text.halves(), strict=True):
            sizes[name] = sum(len(text.encode("utf-8")) for text in half)
    rows = [row for m in measurements for row in _rows_of(m, plan, sizes)]
    for row in rows:
        row["ratio"] = _ratio(row, rows)
    _compare_tokens(measurements, rows)
    return rows


def _rows_of(measurement: Measurement, plan: Plan, sizes: Mapping[str | None, int]) -> list[Row]:
    m = measurement
    if m.task in _COLD:
        figures = [{"wall_s": run["process_s"], "peak_mb": run["peak_mb"]} for run in m.runs]
        return [_row(m, plan, figures, None, None)]
    if m.task != ENCODE:
        return [_row(m, plan, [run["passes"][0] for run in m.runs], None, sizes[None])]
    return [
        _row(m, plan, [run["passes"][number] for run in m.runs], name, sizes[name])
        for number, name in enumerate(PASSES)
    ]


def _row(
    m: Measurement, plan: Plan, figures: Sequence[Mapping[str, Any]], which: str | None, n_bytes: int | None
) -> Row:
    # Rounds before a failure are no result.
    done = figures if m.error is None else ()
    seconds = [each["wall_s"] for each in done]
    middle = _median(seconds)
    small = m.task in _COLD
    return {
        "task": m.task,
        "pass": which,
        "contender": m.entrant.name,
        "library": library_version(m.entrant.library),
        "corpus": "warm-up text" if small else plan.text.name,
        "text_mb": None if n_bytes is None else n_bytes / MEGABYTE,
        "vocab_size": None if small else m.vocab_size,
        "threads": plan.threads,
        "threads_used": _median([each["cpu_s"] / each["wall_s"] for each in done if "cpu_s" in each]),
        "runs": len(seconds),
        "median_s": middle,
        "min_s": min(seconds, default=None),
        "max_s": max(seconds, default=None),
        "cpu_s": _median([each["cpu_s"] for each in done if "cpu_s" in each]),
        "mb_per_s": n_bytes / MEGABYTE / middle if n_bytes and middle else None,
        "peak_mb": _median([each["peak_mb"] for each in done]),
        "before_mb": _median([each["before_mb"] for each in done if "before_mb" in each]),
        "warm_up_s": _median([run["warm_up_s"] for run in m.runs if "warm_up_s" in run and done]),
        "pieces": m.runs[0].get("pieces") if done else None,
        "tokens": sum(done[0]["counts"]) if done and "counts" in done[0] else None,
        "same_tokens": None,
        "same_ids": None,
        "reference": None if small else m.entrant.reference,
        "error": m.error,
    }


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return median(found) if found else None


def _ratio(row: Row, rows: Sequence[Row]) -> float | None:
    """Median seconds over those of the toklab contender that the row is held against."""
    keys = ("task", "pass", "vocab_size")
    for other in rows:
        if other["contender"] == row["reference"] and all(other[key] == row[key] for key in keys):
            if row["median_s"] is None or other["median_s"] is None:
                return None
            return float(row["median_s"] / other["median_s"])
    return None


def _compare_tokens(measurements: Sequence[Measurement], rows: Sequence[Row]) -> None:
    """Mark whether each document has as many tokens as in toklab, and a sample of them the same ids."""
    done = {(m.entrant.name, m.vocab_size): m.runs[0] for m in measurements if m.task == ENCODE and m.runs}
    for row in rows:
        run = done.get((row["contender"], row["vocab_size"]))
        reference = done.get((row["reference"], row["vocab_size"]))
        if row["task"] == ENCODE and row["error"] is None and run and reference:
            number = PASSES.index(row["pass"])
            row["same_tokens"] = run["passes"][number]["counts"] == reference["passes"][number]["counts"]
            row["same_ids"] = run["ids"] == reference["ids"]


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
