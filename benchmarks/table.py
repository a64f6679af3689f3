"""The report as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.contenders import STARTUP
from benchmarks.rows import Row
from benchmarks.wording import (
    by_time,
    corpora,
    describe_ratio,
    figure,
    goal,
    groups,
    is_ours,
    machine,
    remarks,
    seconds,
    spread,
    times,
)

WIDTH = 100
HEADINGS = ("median s", "min to max", "MB/s", "to toklab", "", "peak MB")


def print_report(report: Mapping[str, Any]) -> None:
    """Print all tables and what a reader must know of them to standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    tables = [_table(title, rows) for title, rows in groups(report["rows"])]
    for table in [*tables, *_fits(report["fits"]), *_marks(report["marks"])]:
        console.print()
        console.print(table)
    console.print()
    for line in footer(report):
        console.print(escape(line))


def _table(title: str, rows: Sequence[Row]) -> Table:
    starting = rows[0]["task"] == STARTUP
    table = _empty(title, "command" if starting else "contender", HEADINGS[:2] if starting else HEADINGS)
    table.add_column("remarks", overflow="fold")
    for row in rows if starting else sorted(rows, key=by_time):
        shown = cells(row)
        if starting:
            shown = [*shown[:3], shown[-1]]
        table.add_row(*map(escape, shown), style="bold" if is_ours(row) and not starting else None)
    return table


def _empty(title: str, first: str, others: Sequence[str]) -> Table:
    table = Table(
        title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def cells(row: Row) -> list[str]:
    """A row as text: a cell for the name, one for each of `HEADINGS`, and one for remarks."""
    name = row["contender"]
    if row["error"] is not None:
        return [name, "-", *[""] * (len(HEADINGS) - 1), row["error"]]
    between = f"{seconds(row['min_s'])} to {seconds(row['max_s'])}"
    shown = [figure(row["mb_per_s"], 1), describe_ratio(row), spread(row), figure(row["peak_mb"], 0)]
    return [name, seconds(row["median_s"]), between, *shown, remarks(row)]


def _fits(fits: Sequence[Mapping[str, Any]]) -> list[Table]:
    if not fits:
        return []
    table = _empty("Time as a function of size", "contender", ("sizes, MB", "exponent", "2n against n"))
    table.add_column("series", overflow="fold")
    for fit in fits:
        sizes = f"{fit['sizes_mb'][0]:.3g} to {fit['sizes_mb'][-1]:.3g}"
        table.add_row(fit["contender"], sizes, f"{fit['exponent']:.2f}", doubles(fit), escape(series(fit)))
    return [table]


def doubles(fit: Mapping[str, Any]) -> str:
    """The times at 2n against n, from the smallest n."""
    return ", ".join(f"{pair['ratio']:.2f}" for pair in fit["at_double"])


def series(fit: Mapping[str, Any]) -> str:
    """What a fit is about."""
    parts = (fit["task"], fit["corpus"], fit["shape"], fit["pass"], f"{fit['vocab_size']:,}", f"{fit['threads']} thr")
    return ", ".join(part for part in parts if part)


def _marks(marks: Sequence[Mapping[str, Any]]) -> list[Table]:
    if not marks:
        return []
    table = _empty("Marks", "mark", ("goal", "measured", "met"))
    table.add_column("worst case", overflow="fold")
    for mark in marks:
        name = f"{mark['mark']}, against {mark['against']}"
        table.add_row(
            name, goal(mark), f"{times(mark['ratio'])}x", "yes" if mark["met"] else "no", escape(mark["worst"])
        )
    return [table]


def footer(report: Mapping[str, Any]) -> list[str]:
    """Machine, versions, texts, who is missing, and how to read the figures."""
    missing = [f"Left out: {name} ({reason})" for name, reason in report["left_out"].items()]
    lines = [report["command"], machine(report), *corpora(report), f"{report['repeats']} rounds"]
    return [*lines, *missing, *report["notes"]]
