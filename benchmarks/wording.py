"""Figures and rows in words, for every kind of table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.contenders import STARTUP
from benchmarks.matrix import count_threads
from benchmarks.rows import GROUP, TIE, Row

HEADINGS = {"train": "Training", "encode": "Encoding", "startup": "Starting up"}
FAMILIES = {"bpe": "BPE", "wordpiece-hf": "WordPiece", "unigram": "Unigram"}
SHAPES = {"long": "one long document", "short": "documents of 2 kB"}


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows that may be compared with each other, under a title."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = (STARTUP,) if row["task"] == STARTUP else tuple(row[key] for key in GROUP)
        found.setdefault(key, []).append(row)
    for group in found.values():
        yield title(group[0]), group


def title(row: Row) -> str:
    """What all rows of a group have in common."""
    if row["task"] == STARTUP:
        return HEADINGS[STARTUP]
    parts = [family(row), row["corpus"], f"{row['text_mb']:.3g} MB"]
    if row["shape"] is not None:
        parts += [SHAPES[row["shape"]], f"{row['pass']} pass"]
    return ", ".join([*parts, f"{row['vocab_size']:,} pieces", count_threads(row["threads"])])


def family(row: Row) -> str:
    """What is done, with which kind of model."""
    return f"{HEADINGS[row['task']]} {FAMILIES[row['reference']]}"


def by_time(row: Row) -> tuple[bool, float]:
    """A key that sorts the fastest first and failures last."""
    return row["median_s"] is None, row["median_s"] or 0.0


def is_ours(row: Row) -> bool:
    """Whether the contender is toklab's."""
    return str(row["library"]).startswith("toklab")


def seconds(value: float) -> str:
    """Two decimals, or two figures where that is more."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def figure(value: float | None, decimals: int) -> str:
    """A figure, or nothing where there is none."""
    return "" if value is None else f"{value:,.{decimals}f}"


def times(value: float) -> str:
    """A ratio with two figures at least."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


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


def spread(row: Row) -> str:
    """The least and most of the ratio in any round, turned as `describe_ratio` turns it."""
    if row["ratio"] is None or row["contender"] == row["reference"]:
        return ""
    ends = [row["ratio_min"], row["ratio_max"]]
    if row["ratio"] < 1 / TIE:
        ends = [1 / end for end in reversed(ends)]
    low, high = map(times, ends)
    return "" if low == high else f"({low}-{high})"


def remarks(row: Row) -> str:
    """What must be known of a row besides its figures."""
    found = []
    if row["compile_s"] is not None:
        found.append(f"{seconds(row['compile_s'])} s of it compiling")
    if row["same_tokens"] is False:
        found.append("token counts differ")
    # The sample has long documents and short ones, a row of one shape only.
    elif row["same_ids"] is False or (row["same_ids"] is None and row["same_sample"] is False):
        found.append("ids differ")
    elif row["same_ids"] and row["contender"] != row["reference"]:
        found.append("same ids")
    if row["pieces"] is not None and row["pieces"] != row["vocab_size"]:
        found.append(f"{row['pieces']:,} pieces")
    return ", ".join(found)


def goal(mark: Mapping[str, Any]) -> str:
    """What a mark asks for."""
    return f"≥ {mark['at_least']:g}x" if mark["at_least"] is not None else f"< {mark['at_most']:g}x"


def machine(report: Mapping[str, Any]) -> str:
    """The machine and the libraries of a report."""
    about = report["machine"]
    return f"{about['cores']} cores, {about['system']}, Python {about['python']}; " + ", ".join(report["libraries"])


def corpora(report: Mapping[str, Any]) -> list[str]:
    """A line about each text."""
    return [f"{each['name']}: {each['bytes']:,} bytes; {each['origin']}" for each in report["corpora"]]
