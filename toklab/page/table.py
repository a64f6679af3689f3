"""The table: every contender, every figure with its interval; the script adds sorting and choosing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from toklab.metrics import all_metrics
from toklab.page.frame import Findings, Section, fill
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
from toklab.report.table import ARROWS
from toklab.results import Report, Result

TRAINING = "training"
# From good to bad: the order in which the verdicts sort.
VERDICTS = ("exact", "encodings differ", "ids differ", "pieces differ", "failed")


@dataclass(frozen=True)
class Heading:
    """A column of the table.

    Parameters
    ----------
    name : as in the files and in the list of metrics
    group : which choice of the filter shows it
    overview : shown from the start
    better : ``"higher"``, ``"lower"`` or ``""``
    meaning : what the figure is, with its unit
    """

    name: str
    group: str
    overview: bool
    better: str
    meaning: str

    @property
    def arrow(self) -> str:
        """Up or down, where one is better."""
        return ARROWS[self.better]


@dataclass(frozen=True)
class Shown:
    """A cell of the table.

    Parameters
    ----------
    text : the figure
    order : by what it sorts; None sorts last
    interval : its 95% interval, or nothing
    mark : ``best``; ``same``, it cannot be told from the best; ``odd``, a vocabulary of another size than asked for;
        or nothing
    """

    text: str
    order: float | None
    interval: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the table: a contender at a vocabulary size, with a cell for each heading, or an error.

    Parameters
    ----------
    note : why the size was not chosen: it is the tokenizer's own, or that of a model that was loaded; or nothing
    """

    tokenizer: str
    vocab_size: int
    note: str
    cells: tuple[Shown, ...]
    error: str | None


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
        _heading(column, better, column.metric in overview)
        for column, better in zip(tables[0].columns, tables[0].better, strict=True)
        if column != DETERMINISM
    ]
    headings += TRAINING_HEADINGS
    lines = list(_lines(report, metrics))
    body = fill(
        "table.html",
        headings=headings,
        lines=lines,
        sizes=[table.vocab_size for table in tables],
        groups=list(dict.fromkeys(heading.group for heading in headings)),
        marks={cell.mark for line in lines for cell in line.cells},
    )
    return Section("table", "All figures", body)


def _heading(column: Column, better: str, overview: bool) -> Heading:
    metric = all_metrics().get(column.metric)
    if metric is None:
        return Heading(column.metric, column.group, overview, better, column.meaning or column.metric)
    direction = f"; {better} is better" if better else ""
    return Heading(
        column.metric, column.group, overview, better, f"{metric.description.rstrip('.')} ({metric.unit}{direction})."
    )


def _lines(report: Report, metrics: list[str]) -> Iterator[Line]:
    """Sizes ascending; contenders with a size of their own stand once, after those of the smallest size."""
    same = {
        (row["tokenizer"], row["vocab_size"], row["metric"]) for row in report.rows() if row.get("same_as_best") is True
    }
    tables = size_tables(report, metrics or None)
    for place, (table, (_, results)) in enumerate(zip(tables, by_size(report), strict=True)):
        sized = zip((r for r in results if r.sized and not r.pretrained), table.sized, strict=True)
        fixed = zip((r for r in results if not r.sized and not r.pretrained), table.fixed, strict=True)
        loaded = zip((r for r in results if r.pretrained), table.pretrained, strict=True)
        for result, row in [*sized, *([*fixed, *loaded] if place == 0 else ())]:
            cells = _cells(result, row, table.columns, same) if row.figures else ()
            note = "loaded" if result.pretrained else "" if result.sized else "its own"
            yield Line(result.tokenizer, result.vocab_size, note, cells, row.error)


def _cells(result: Result, row: Row, columns: tuple[Column, ...], same: set[tuple[str, int, str]]) -> tuple[Shown, ...]:
    key = (result.tokenizer, result.vocab_size)
    cells = [
        _shown(result, column, figure, (*key, column.metric) in same)
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


def _shown(result: Result, column: Column, figure: Figure, same: bool) -> Shown:
    cell, value = find(result, column.metric), number(result, column.metric)
    if cell is None or value is None:
        return Shown(MISSING, None)
    ends = [show_value(column, replace(cell, value=end)) for end in (cell.ci_low, cell.ci_high) if end is not None]
    interval = " – ".join(ends) if len(set(ends)) == 2 else ""
    mark = "best" if figure.best else "same" if same else "odd" if figure.odd else ""
    return Shown(show_value(column, cell), value, interval, mark)
