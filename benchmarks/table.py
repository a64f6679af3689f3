"""The report as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.contenders import COMPILE, STARTUP
from benchmarks.rows import TIE, Row

HEADINGS = {"train": "Training", "encode": "Encoding", "startup": "Starting up"}
WIDTH = 118


def print_report(report: Mapping[str, Any]) -> None:
    """Print all tables and what a reader must know of them to standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    for title, rows in groups(report["rows"]):
        console.print()
        console.print(_table(title, rows))
    console.print()
    for line in footer(report):
        console.print(escape(line))


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows that may be compared with each other, under a title."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(_title(row), []).append(row)
    yield from found.items()


def _title(row: Row) -> str:
    if row["task"] in (COMPILE, STARTUP):
        return HEADINGS[STARTUP]
    parts = [HEADINGS[row["task"]], f"{row['vocab_size']:,} pieces", row["corpus"]]
    if row["pass"] is not None:
        parts.insert(1, f"{row['pass']} pass")
    return f"{', '.join(parts)}: {row['text_mb']:.1f} MB, {row['threads']} threads"


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("contender", overflow="fold")
    for name in ("median s", "min to max", "MB/s", "to toklab", "peak MB", "before", "threads used"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("remarks")
    for row in sorted(rows, key=_by_time):
        style = "bold" if is_ours(row) else None
        table.add_row(*map(escape, cells(row)), style=style)
    return table


def _by_time(row: Row) -> tuple[bool, float]:
    return row["median_s"] is None, row["median_s"] or 0.0


def is_ours(row: Row) -> bool:
    """Whether the contender is toklab's."""
    return str(row["library"]).startswith("toklab")


def cells(row: Row) -> list[str]:
    """A row as text."""
    name = row["contender"]
    if row["task"] in (COMPILE, STARTUP):
        name += ", first run (compiles)" if row["task"] == COMPILE else ", later run"
    if row["error"] is not None:
        return [name, "-", "", "", "", "", "", "", row["error"]]
    spread = f"{seconds(row['min_s'])} to {seconds(row['max_s'])}"
    figures = [_figure(row, "mb_per_s", 1), describe_ratio(row), _figure(row, "peak_mb", 0)]
    figures += [_figure(row, "before_mb", 0), _figure(row, "threads_used", 1)]
    return [name, seconds(row["median_s"]), spread, *figures, _remarks(row)]


def seconds(value: float) -> str:
    """Two decimals, or two figures where that is more."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def _figure(row: Row, key: str, decimals: int) -> str:
    return "" if row[key] is None else f"{row[key]:,.{decimals}f}"


def describe_ratio(row: Row) -> str:
    """How a contender compares with toklab's, in words."""
    ratio = row["ratio"]
    if ratio is None:
        return ""
    if row["contender"] == row["reference"]:
        return "1"
    if 1 / TIE <= ratio <= TIE:
        return f"tie ({ratio:.2f}x)"
    return f"{ratio:.1f}x slower" if ratio > 1 else f"{1 / ratio:.1f}x faster"


def _remarks(row: Row) -> str:
    found = []
    if row["ratio"] is not None and row["reference"] not in ("bpe", row["contender"]):
        found.append(f"to {row['reference']}")
    if row["same_tokens"] is False:
        found.append("token counts differ from toklab's")
    elif row["same_ids"] is False:
        found.append("ids differ from toklab's")
    elif row["same_ids"] and row["contender"] != row["reference"]:
        found.append("same ids")
    if row["pieces"] is not None and row["pieces"] != row["vocab_size"]:
        found.append(f"{row['pieces']:,} pieces")
    return ", ".join(found)


def footer(report: Mapping[str, Any]) -> list[str]:
    """Machine, versions, who is missing, and how to read the figures."""
    machine, corpus = report["machine"], report["corpus"]
    lines = [
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; " + ", ".join(report["libraries"]),
        f"{corpus['name']}: {corpus['documents']:,} documents, {corpus['bytes']:,} bytes, "
        f"{corpus['files_skipped']} files skipped as not UTF-8; {report['repeats']} rounds",
    ]
    lines += [f"Left out: {name} ({reason})" for name, reason in report["left_out"].items()]
    return lines + list(report["notes"])
