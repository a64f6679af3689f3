"""A comparison in the format of a paper, an issue or a program."""

from __future__ import annotations

from collections.abc import Sequence

from toklab.errors import UnknownNameError, UsageError
from toklab.report.files import csv_bytes, encode, frame_of, parquet_bytes, render_markdown
from toklab.report.latex import render_latex
from toklab.results import Report

FORMATS = ("markdown", "latex", "csv", "json", "parquet")
TABLES = ("markdown", "latex")


def export(report: Report, name: str, metrics: Sequence[str] | None = None) -> bytes:
    """The report in one format, UTF-8 where it is text.

    Parameters
    ----------
    report : what was compared
    name : one of `FORMATS`: Markdown and LaTeX hold the tables of the terminal, CSV and Parquet one row per figure,
        JSON all there is
    metrics : columns of the tables; None is the default choice

    Raises
    ------
    UnknownNameError
        No such format, or no contender has one of the metrics.
    UsageError
        Metrics were chosen for a format that always holds all of them.
    """
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    if metrics is not None and name not in TABLES:
        raise UsageError(f"{name} always holds every metric; choose metrics for {' or '.join(TABLES)}")
    if name == "json":
        return encode(f"{report.to_json()}\n")
    if name in TABLES:
        return encode((render_markdown if name == "markdown" else render_latex)(report, metrics))
    return (csv_bytes if name == "csv" else parquet_bytes)(frame_of(report))
