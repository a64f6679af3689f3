"""What a comparison's table says, cell by cell, before it is drawn as a terminal table or as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toklab.errors import UnknownNameError
from toklab.ranking import comparable, find, may_rank, number
from toklab.report.default_columns import DEFAULT_COLUMNS, DETERMINISM, GROUPS, Column
from toklab.results import Cell, Report, Result

__all__ = [
    "DETERMINISM",
    "MISSING",
    "Column",
    "Figure",
    "Row",
    "SizeTable",
    "by_size",
    "error_phrase",
    "half_width",
    "show_share",
    "show_value",
    "size_tables",
]

MISSING = "–"
ERROR_LENGTH = 160  # characters of an error that a row shows; report.json holds all of it


@dataclass(frozen=True)
class Figure:
    """One cell as it is shown.

    Parameters
    ----------
    text : the figure, without marks
    best : the best of its column
    same : not the best, and not significantly different from it
    odd : the vocabulary has another size than asked for
    """

    text: str
    best: bool = False
    same: bool = False
    odd: bool = False


@dataclass(frozen=True)
class Row:
    """One contender: its figures, in the order of the columns, or why it has none."""

    tokenizer: str
    figures: tuple[Figure, ...]
    error: str | None = None


@dataclass(frozen=True)
class SizeTable:
    """The contenders of one vocabulary size.

    Parameters
    ----------
    vocab_size : asked for
    columns : shown columns, groups together
    better : for each column ``"higher"``, ``"lower"`` or ``""``
    sized : contenders that take a vocabulary size
    fixed : contenders whose size is what it is; never ranked
    pretrained : models that were loaded
    ranked : whether these are ranked among the others
    """

    vocab_size: int
    columns: tuple[Column, ...]
    better: tuple[str, ...]
    sized: tuple[Row, ...]
    fixed: tuple[Row, ...]
    pretrained: tuple[Row, ...] = ()
    ranked: bool = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every contender."""
        return (*self.sized, *self.fixed, *self.pretrained)

    @property
    def title(self) -> str:
        """What stands above it."""
        alone = self.pretrained and not self.sized and not self.fixed
        return "models, each with its own vocabulary" if alone else f"vocabulary size {self.vocab_size:,}"


def size_tables(report: Report, metrics: Sequence[str] | None = None) -> list[SizeTable]:
    """One table per vocabulary size, smallest first.

    Parameters
    ----------
    report : what was compared
    metrics : columns to show; None is the default choice, or all there are where none of it was measured

    Raises
    ------
    UnknownNameError
        No contender has one of the metrics.
    """
    columns = _choose(report, metrics)
    sample = _samples(report)
    better = tuple(sample[c.metric].better if c.metric in sample else "" for c in columns)
    tables = []
    for size, results in by_size(report):
        best = [_best(column, results) for column in columns]
        rows = [(result, _row(result, columns, best)) for result in results]
        sized = tuple(row for result, row in rows if result.sized)
        fixed = tuple(row for result, row in rows if not result.sized and not result.pretrained)
        pretrained = tuple(row for result, row in rows if result.pretrained)
        ranked = any(result.ranked for result in results)
        tables.append(SizeTable(size, columns, better, sized, fixed, pretrained, ranked))
    return tables


def by_size(report: Report) -> list[tuple[int, list[Result]]]:
    """The results of each vocabulary size; a contender of a fixed size that ran once belongs to all of them."""
    runs = Counter(r.tokenizer for r in report.results)
    sizes = sorted({r.vocab_size for r in report.results if r.sized})
    if not sizes:
        return [(min(r.vocab_size for r in report.results), list(report.results))] if report.results else []

    def belongs(result: Result, size: int) -> bool:
        return result.vocab_size == size or (not result.sized and runs[result.tokenizer] == 1)

    return [(size, [r for r in report.results if belongs(r, size)]) for size in sizes]


def show_share(value: float, decimals: int) -> str:
    """A share as a percentage that says 0% and 100% only where that is exact."""
    if value in (0, 1):
        return f"{value:.0%}"
    text = f"{value:.{decimals}%}"
    smallest = 10.0**-decimals
    if 0 < value < 1 and float(text[:-1]) == 0:
        return f"<{smallest:.{decimals}f}%"
    if 0 < value < 1 and float(text[:-1]) == 100:
        return f">{100 - smallest:.{decimals}f}%"
    return text


def error_phrase(error: str) -> str:
    """The first line of an error, shortened at a word."""
    first = next((line.strip() for line in error.splitlines() if line.strip()), "")
    if len(first) > ERROR_LENGTH:
        first = first[: ERROR_LENGTH - 1].rpartition(" ")[0] or first[: ERROR_LENGTH - 1]
        first += "…"
    return f"failed: {first}" if first else "failed"


def _samples(report: Report) -> dict[str, Cell]:
    """One cell of each metric that was measured, in the order of the metrics."""
    samples: dict[str, Cell] = {}
    for result in report.results:
        for cell in result.cells:
            samples.setdefault(cell.metric, cell)
    return samples


def _choose(report: Report, metrics: Sequence[str] | None) -> tuple[Column, ...]:
    samples = _samples(report)
    known = {column.metric: column for column in DEFAULT_COLUMNS}
    if metrics is None:
        measured = [name for name, column in known.items() if name in samples and _is_wanted(column, report)]
        metrics = [*(measured or samples), DETERMINISM.metric]
    unknown = [name for name in metrics if name not in samples and name not in known]
    if unknown and samples:
        raise UnknownNameError("metric", unknown[0], samples)
    shown = [name for name in metrics if name not in unknown] or [DETERMINISM.metric]
    columns = [known[name] if name in known else _column(samples[name]) for name in shown]
    groups = list(dict.fromkeys([*GROUPS, *(column.group for column in columns)]))
    return tuple(sorted(columns, key=lambda column: groups.index(column.group)))


def _is_wanted(column: Column, report: Report) -> bool:
    return not column.optional or any(number(result, column.metric) is not None for result in report.results)


def _column(cell: Cell) -> Column:
    whole = cell.unit in ("pieces", "tokens")
    return Column(cell.metric, cell.group, tuple(cell.metric.split("_")), None if whole else 2)


def _best(column: Column, results: Sequence[Result]) -> str | None:
    """The best figure as shown, or None where there are not two to compare."""
    ranked = [
        find(r, column.metric) for r in results if may_rank(r, column.group) and number(r, column.metric) is not None
    ]
    cells = [cell for cell in ranked if cell is not None and cell.value is not None and cell.better]
    if len(cells) < 2:
        return None
    key = max if cells[0].better == "higher" else min
    return show_value(column, key(cells, key=lambda cell: cell.value or 0.0))


def _row(result: Result, columns: Sequence[Column], best: Sequence[str | None]) -> Row:
    if result.error is not None:
        return Row(result.tokenizer, (), error_phrase(result.error))
    figures = [_figure(result, column, shown) for column, shown in zip(columns, best, strict=True)]
    return Row(result.tokenizer, tuple(figures))


def _figure(result: Result, column: Column, best: str | None) -> Figure:
    if column is DETERMINISM:
        return Figure(MISSING if result.pretrained else result.determinism or "not probed")
    cell = find(result, column.metric)
    if cell is None or number(result, column.metric) is None:
        return Figure(MISSING)
    text = show_value(column, cell)
    rankable = may_rank(result, column.group) and best is not None
    is_best = rankable and text == best and cell.same_as_best is not False
    is_same = rankable and not is_best and cell.same_as_best is True
    odd = column.metric == "vocab_obtained" and result.sized and not comparable(result)
    return Figure(text + half_width(column, cell), is_best, is_same, odd)


def show_value(column: Column, cell: Cell) -> str:
    """A figure as its column shows it."""
    value = cell.value or 0.0
    if column.decimals is None:
        return f"{value:,.0f}"
    if cell.unit == "share":
        return show_share(value, column.decimals)
    return f"{value:,.{column.decimals}f}"


def half_width(column: Column, cell: Cell) -> str:
    """Half of its interval, where the column shows it."""
    if not column.interval or cell.ci_low is None or cell.ci_high is None:
        return ""
    half = (cell.ci_high - cell.ci_low) / 2
    return f" ±{half:.2f}" if half >= 0.005 or half == 0 else " ±<0.01"
