"""A sweep over vocabulary sizes: what a larger vocabulary buys, where it stops paying, and every figure of it."""

from __future__ import annotations

from dataclasses import replace

from toklab.page.answer import METRIC, interval, overlap
from toklab.page.frame import Findings, Section, fill
from toklab.page.sheet import MARKS, Heading, Line, Sheet, Shown
from toklab.page.table import ends, make_heading
from toklab.ranking import find, number
from toklab.report.columns import MISSING, Column, error_phrase, show_value
from toklab.report.sweeps import columns_of, summary
from toklab.results import Cell
from toklab.sweeping import Curve, Point, SweepReport


def sizes_section(findings: Findings) -> Section | None:
    """The best at the largest size and the knee and the balance of each contender, then the table."""
    report = findings.sweep
    if report is None or not report.curves:
        return None
    best = _best(report)
    first, last = best[0] if best else (None, None)
    close = [end.result.tokenizer for _, end in best[1:] if last is not None and overlap(last[METRIC], end[METRIC])]
    body = fill(
        "sizes.html",
        first=first,
        last=last,
        close=close,
        curve=None if last is None else report[last.result.tokenizer],
        lines=[summary(curve) for curve in report.curves],
        sheet=_sheet(report),
        worth=f"{report.worth:g}",
        marks=MARKS,
        cell=lambda point: point[METRIC],
        interval=interval,
    )
    return Section("sizes", "Vocabulary sizes", body)


def _best(report: SweepReport) -> list[tuple[Point, Point]]:
    """The smallest and the largest size of each contender that has the largest of all, the best at that size first."""
    curves = [
        [point for point in curve.measured if number(point.result, METRIC) is not None] for curve in report.curves
    ]
    most = max((points[-1].result.vocab_size for points in curves if points), default=0)
    ends = [(points[0], points[-1]) for points in curves if points and points[-1].result.vocab_size == most]
    return sorted(ends, key=lambda pair: -(number(pair[1].result, METRIC) or 0.0))


def _sheet(report: SweepReport) -> Sheet:
    columns = list(dict.fromkeys(column for curve in report.curves for column in columns_of(curve)))
    cells: dict[str, Cell] = {}
    for curve in report.curves:
        for point in curve.measured:
            cells |= {cell.metric: cell for cell in point.result.cells if cell.metric not in cells}
    headings: list[Heading] = [make_heading(column, cells[column.metric].better, True) for column in columns]
    headings = [
        replace(heading, meaning=heading.meaning or column.meaning)
        for heading, column in zip(headings, columns, strict=True)
    ]
    lines = [_line(curve, point, columns) for curve in report.curves for point in curve.points]
    return Sheet("sweep", "All sizes", "tokenizer", tuple(headings), tuple(lines))


def _line(curve: Curve, point: Point, columns: list[Column]) -> Line:
    name, size = curve.tokenizer, point.result.vocab_size
    if point.result.error is not None:
        return Line(name, size, "", (), error_phrase(point.result.error))
    note = "knee" if point.pieces == curve.knee else ""
    return Line(name, size, note, tuple(_shown(point, column) for column in columns))


def _shown(point: Point, column: Column) -> Shown:
    cell, value = find(point.result, column.metric), number(point.result, column.metric)
    if cell is None or value is None:
        return Shown(MISSING, None)
    return Shown(show_value(column, cell), value, ends(column, cell))
