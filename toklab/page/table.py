"""The table: every contender, every figure with its interval; the script adds sorting and choosing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toklab.metrics import all_metrics
from toklab.page.frame import Findings, Section, fill
from toklab.page.sheet import MARKS, Heading, Line, Sheet, Shown
from toklab.ranking import find, number
from toklab.report.columns import (
    DETERMINISM,
    MISSING,
    Column,
    Figure,
    Row,
    by_size,
    show_value,
    size_tables,
)
from toklab.results import Cell, Report, Result

TRAINING = "training"
# From good to bad: the order in which the verdicts sort.
VERDICTS = ("exact", "encodings differ", "ids differ", "pieces differ", "failed")


TRAINING_HEADINGS = (
    Heading("train_seconds", TRAINING, True, "lower", "Seconds of training, measured once; they vary from run to run."),
    Heading("peak_mb", TRAINING, False, "lower", "Most memory that the process of the training held, in MB."),
    Heading(
        "determinism",
        TRAINING,
        True,
        "",
        "Trained again with another hash seed and another order of documents: are pieces, ids and encodings the same.",
    ),
)


def table_section(findings: Findings) -> Section | None:
    """The table of all figures, with its glossary."""
    report = findings.report
    metrics = list(dict.fromkeys(cell.metric for result in report.results for cell in result.cells))
    tables = size_tables(report, metrics or None)
    if not tables:
        return None
    overview = {column.metric for column in size_tables(report)[0].columns}
    headings = [
        make_heading(column, better, column.metric in overview)
        for column, better in zip(tables[0].columns, tables[0].better, strict=True)
        if column != DETERMINISM
    ]
    headings += TRAINING_HEADINGS
    sheet = Sheet("figures", "All figures", "tokenizer", tuple(headings), tuple(_lines(report, metrics)))
    body = fill(
        "table.html",
        sheet=sheet,
        sizes=[table.vocab_size for table in tables],
        groups=list(dict.fromkeys(heading.group for heading in headings)),
        marks=MARKS,
    )
    return Section("table", "All figures", body)


def make_heading(column: Column, better: str, overview: bool) -> Heading:
    """The heading of a metric, with its definition."""
    metric = all_metrics().get(column.metric)
    if metric is None:
        return Heading(column.metric, column.group, overview, better, column.meaning or column.metric)
    direction = f"; {better} is better" if better else ""
    return Heading(
        column.metric, column.group, overview, better, f"{metric.description.rstrip('.')} ({metric.unit}{direction})."
    )


def _lines(report: Report, metrics: list[str]) -> Iterator[Line]:
    """Sizes ascending; contenders with a size of their own stand once, after those of the smallest size."""
    tables = size_tables(report, metrics or None)
    for place, (table, (_, results)) in enumerate(zip(tables, by_size(report), strict=True)):
        sized = zip((r for r in results if r.sized and not r.pretrained), table.sized, strict=True)
        fixed = zip((r for r in results if not r.sized and not r.pretrained), table.fixed, strict=True)
        loaded = zip((r for r in results if r.pretrained), table.pretrained, strict=True)
        for result, row in [*sized, *([*fixed, *loaded] if place == 0 else ())]:
            cells = _cells(result, row, table.columns) if row.figures else ()
            note = "loaded" if result.pretrained else "" if result.sized else "its own"
            yield Line(result.tokenizer, result.vocab_size, note, cells, row.error, not note)


def _cells(result: Result, row: Row, columns: tuple[Column, ...]) -> tuple[Shown, ...]:
    cells = [
        _shown(result, column, figure)
        for column, figure in zip(columns, row.figures, strict=True)
        if column != DETERMINISM
    ]
    verdict = result.determinism
    return (
        *cells,
        Shown(MISSING if result.seconds is None else f"{result.seconds:.2f}", result.seconds),
        Shown(MISSING if result.peak_mb is None else f"{result.peak_mb:,.0f}", result.peak_mb),
        Shown(verdict or MISSING, float(VERDICTS.index(verdict)) if verdict in VERDICTS else None),
    )


def _shown(result: Result, column: Column, figure: Figure) -> Shown:
    cell, value = find(result, column.metric), number(result, column.metric)
    if cell is None or value is None:
        return Shown(MISSING, None)
    mark = "best" if figure.best else "same" if figure.same else "odd" if figure.odd else ""
    return Shown(show_value(column, cell), value, ends(column, cell), mark)


def ends(column: Column, cell: Cell) -> str:
    """The interval of a figure, where both of its ends show."""
    found = [show_value(column, replace(cell, value=end)) for end in (cell.ci_low, cell.ci_high) if end is not None]
    return " – ".join(found) if len(set(found)) == 2 else ""
