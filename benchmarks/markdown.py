"""The report as Markdown for a README: one table per kind of work, contenders down, threads and passes across."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.contenders import ENCODE, STARTUP, TRAIN
from benchmarks.matrix import count_threads
from benchmarks.rows import Row
from benchmarks.table import doubles, series
from benchmarks.wording import (
    HEADINGS,
    SHAPES,
    corpora,
    family,
    goal,
    is_ours,
    machine,
    remarks,
    seconds,
    times,
)

Key = Callable[[Row], tuple[Any, ...]]


def to_markdown(report: Mapping[str, Any]) -> str:
    """All tables, with the command that made them, the machine and the texts."""
    parts = [f"`{report['command']}`: {machine(report)}; medians of {report['repeats']} rounds.", *_texts(report)]
    rows = report["rows"]
    parts += _pivots(
        rows,
        TRAIN,
        lambda row: (row["reference"], row["corpus"], row["text_mb"]),
        lambda row: (row["vocab_size"], row["threads"]),
    )
    parts += _pivots(
        rows,
        ENCODE,
        lambda row: (row["reference"], row["corpus"], row["corpus_mb"], row["shape"], row["vocab_size"]),
        lambda row: (row["threads"], row["pass"]),
    )
    parts += [*_starts(rows), *_fits(report["fits"]), *_marks(report["marks"])]
    return "\n\n".join(parts) + "\n"


def _texts(report: Mapping[str, Any]) -> list[str]:
    lines = [*corpora(report), *(f"left out: {name} ({reason})" for name, reason in report["left_out"].items())]
    return ["\n".join(f"- {safe(line)}" for line in lines)]


def _pivots(rows: Sequence[Row], task: str, table_of: Key, column_of: Key) -> list[str]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["task"] == task:
            found.setdefault(table_of(row), []).append(row)
    return [_pivot(group, column_of) for group in found.values()]


def _pivot(rows: Sequence[Row], column_of: Key) -> str:
    columns = list(dict.fromkeys(map(column_of, rows)))
    lines: dict[str, dict[tuple[Any, ...], Row]] = {}
    for row in rows:
        lines.setdefault(row["contender"], {})[column_of(row)] = row
    # The last column is the one with the most pieces, threads and words that are known.
    order = sorted(lines.values(), key=lambda line: _speed(line.get(columns[-1])))
    body = [_line(line, columns) for line in order]
    first = rows[0]
    heading = f"**{family(first)}, {first['corpus']}, {first['text_mb']:.3g} MB"
    if first["shape"] is not None:
        heading += f", {SHAPES[first['shape']]}, {first['vocab_size']:,} pieces"
    headings = ["contender", *(_column(first["task"], column) for column in columns), "peak MB", "remarks"]
    return heading + ":** MB/s (times toklab's time)\n\n" + make_table(headings, body)


def _column(task: str, column: tuple[Any, ...]) -> str:
    if task == TRAIN:
        return f"{column[0]:,} pieces, {count_threads(column[1])}"
    return f"{count_threads(column[0])}, {column[1]} pass"


def _speed(row: Row | None) -> float:
    return -(row["mb_per_s"] or 0.0) if row else 0.0


def _line(line: Mapping[tuple[Any, ...], Row], columns: Sequence[tuple[Any, ...]]) -> list[str]:
    rows = list(line.values())
    name = f"**{rows[0]['contender']}**" if is_ours(rows[0]) else rows[0]["contender"]
    said = dict.fromkeys(row["error"] or remarks(row) for row in rows)
    peak = max((row["peak_mb"] for row in rows if row["peak_mb"]), default=None)
    shown = [_cell(line.get(column)) for column in columns]
    return [name, *shown, "" if peak is None else f"{peak:,.0f}", "; ".join(filter(None, said))]


def _cell(row: Row | None) -> str:
    if row is None or row["mb_per_s"] is None:
        return "–"
    ratio = "" if row["ratio"] is None or row["contender"] == row["reference"] else f" ({times(row['ratio'])})"
    return f"{row['mb_per_s']:.1f}{ratio}"


def _starts(rows: Sequence[Row]) -> list[str]:
    lines = [
        [row["contender"], "–" if row["median_s"] is None else seconds(row["median_s"]), row["error"] or remarks(row)]
        for row in rows
        if row["task"] == STARTUP
    ]
    return [f"**{HEADINGS[STARTUP]}**\n\n" + make_table(["command", "seconds", "remarks"], lines)] if lines else []


def _fits(fits: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        [
            fit["contender"],
            series(fit),
            f"{fit['sizes_mb'][0]:.3g} to {fit['sizes_mb'][-1]:.3g}",
            f"{fit['exponent']:.2f}",
            doubles(fit),
        ]
        for fit in fits
    ]
    headings = ["contender", "series", "MB", "exponent", "time at 2n against n"]
    return ["**Time as a function of size**\n\n" + make_table(headings, lines)] if lines else []


def _marks(marks: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        [m["mark"], m["against"], goal(m), f"{times(m['ratio'])}x", "yes" if m["met"] else "**no**", m["worst"]]
        for m in marks
    ]
    headings = ["mark", "against", "goal", "measured", "met", "worst case"]
    return ["**Marks**\n\n" + make_table(headings, lines)] if lines else []


def make_table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; all columns but the first are set to the right."""
    body = [headings, [":--", *["--:"] * (len(headings) - 1)], *lines]
    return "\n".join("| " + " | ".join(map(safe, line)) + " |" for line in body)


def safe(text: str) -> str:
    """Text that Markdown does not take for a cell's end or for HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")
