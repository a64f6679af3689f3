"""A comparison as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from toklab.report.columns import DETERMINISM, Column, Figure, Row, SizeTable, size_tables
from toklab.report.grid import Entry, Grid, Head
from toklab.report.terminal import show, to_string, visible, wrap
from toklab.results import Report

ARROWS = {"higher": "↑", "lower": "↓", "": ""}
SEPARATOR = " · "
SAME = "≈"
VERDICT_STYLES = {
    "exact": "green",
    "encodings differ": "yellow",
    "ids differ": "yellow",
    "pieces differ": "red",
    "failed": "red",
    "not probed": "dim",
}


def render_report(
    report: Report,
    console_width: int | None = None,
    colour: bool = False,
    metrics: Sequence[str] | None = None,
) -> str:
    """One table per vocabulary size, then what the marks mean, the warnings and the signature.

    Nothing is cut off: where a table is too wide it is drawn in parts, each with the names at its left. The
    signature stands on a line of its own, never wrapped.

    Parameters
    ----------
    report : what was compared
    console_width : columns of the terminal; None, for a pipe, is as wide as the table needs
    colour : with escape codes for colour; the best figures have a ``*`` either way
    metrics : columns to show; None is the default choice

    Raises
    ------
    UnknownNameError
        No contender has one of the metrics.
    """
    tables = size_tables(report, metrics)
    lines = _corpus_lines(report, console_width)
    for table in tables:
        lines.append(Text(table.title, style="bold"))
        lines += [*_grid(table).draw(console_width), Text()]
    for note in legend(tables):
        lines += wrapped(note, console_width, "dim")
    for warning in warning_lines(report):
        lines += wrapped(f"warning: {warning}", console_width, "yellow")
    return to_string([*lines, *_signature_lines(report)], colour)


def legend(tables: Sequence[SizeTable]) -> list[str]:
    """What the marks and the short headings of the tables mean."""
    figures = [figure for table in tables for row in table.rows for figure in row.figures]
    marks = ["↑ higher is better", "↓ lower is better"]
    if any(figure.best for figure in figures):
        marks.append(
            "* best (or equal to it as shown, where nothing tells them apart) of those with exactly the size asked for "
            "(and, where it matters, at most 1% of the text unknown or lost)"
            + ", and of the models"
            * any(table.ranked for table in tables)
        )
    if any(figure.same for figure in figures):
        marks.append(
            f"{SAME} not significantly different from the best: paired bootstrap of all pairs of a column together, at "
            "most 5% chance of any wrong claim (Romano and Wolf's step-down)"
        )
    if any(figure.odd for figure in figures):
        marks.append("! not the size asked for: not ranked")
    if any("±" in figure.text for figure in figures):
        marks.append("± half of the 95% interval over documents")
    marks.append("– undefined")
    if not tables:
        return ["nothing was compared"]
    shown = list(dict.fromkeys(column for table in tables for column in table.columns))
    meanings = SEPARATOR.join(column.meaning for column in shown if column.meaning)
    notes = [note for note in (SEPARATOR.join(marks), meanings) if note]
    names = {column.metric for column in shown}
    if "unk_rate" in names and names & {"tokens", "bytes_per_token", "fertility"}:
        notes.append(
            "An unknown token can stand for much text: where the UNK rate is high, short sequences and a low OOV "
            "fertility are no merit."
        )
    if any(table.pretrained for table in tables):
        notes.append(
            "A model that was loaded was trained elsewhere, on other text, to another size: it may have seen the "
            "held-out text, and the words that are OOV here. The n-gram model of its tokens learns from this training "
            "part, like any other."
        )
    return notes


def warning_lines(report: Report) -> list[str]:
    """Warnings of the comparison, then of each contender, each once."""
    found = [visible(warning) for warning in report.warnings]
    for result in report.results:
        name = f"{visible(result.tokenizer)} at {result.vocab_size:,}"
        found.extend(f"{name}: {visible(warning)}" for warning in result.warnings)
    return list(dict.fromkeys(found))


def corpus_facts(corpus: Mapping[str, Any]) -> list[str]:
    """What was compared on, one fact each."""
    return [f"{visible(key.replace('_', ' '))} {show(value)}" for key, value in corpus.items()]


def signature_text(report: Report) -> list[str]:
    """The signature in its own lines, safe to print."""
    return [visible(line) for line in report.signature.splitlines()]


def heading(column: Column, better: str) -> tuple[str, ...]:
    """A column's heading in two lines; the first ends with an arrow for the better direction."""
    above = " ".join([*column.heading[:-1], ARROWS[better]]).strip()
    return (above, column.heading[-1])


def _corpus_lines(report: Report, width: int | None) -> list[Text]:
    facts = corpus_facts(report.corpus)
    return [*wrapped("corpus: " + SEPARATOR.join(facts), width, "dim"), Text()] if facts else []


def wrapped(text: str, width: int | None, style: str) -> list[Text]:
    return [Text(line, style=style) for line in wrap(text, width, "  ")]


def _signature_lines(report: Report) -> list[Text]:
    lines = [Text(line) for line in signature_text(report)]
    return [Text("signature", style="bold"), *lines] if lines else []


def _grid(table: SizeTable) -> Grid:
    heads = tuple(
        Head(column.group, heading(column, better), right=column != DETERMINISM)
        for column, better in zip(table.columns, table.better, strict=True)
    )
    rows = [row for row in table.rows if row.figures]
    # room for a mark, so that figures end above each other whether marked or not
    spaced = [any(marked(row.figures[i]) for row in rows) for i in range(len(heads))]
    sections = []
    if table.sized:
        sections.append(("", tuple(_entry(row, spaced) for row in table.sized)))
    if table.fixed:
        caption = "size of its own, not ranked"
        sections.append((caption, tuple(_entry(row, spaced) for row in table.fixed)))
    if table.pretrained:
        caption = f"loaded, not trained here{'' if table.ranked else ', not ranked'}"
        sections.append((caption, tuple(_entry(row, spaced) for row in table.pretrained)))
    return Grid("tokenizer", heads, tuple(sections))


def marked(figure: Figure) -> bool:
    """Whether a mark stands behind it."""
    return figure.best or figure.same or figure.odd


def _entry(row: Row, spaced: Sequence[bool]) -> Entry:
    name = visible(row.tokenizer)
    if row.error is not None:
        return Entry(name, phrase=visible(row.error), brief="failed, see above")
    cells = [_cell(figure, space) for figure, space in zip(row.figures, spaced, strict=True)]
    return Entry(name, tuple(cells))


def _cell(figure: Figure, spaced: bool) -> Text:
    text = visible(figure.text)
    if figure.best:
        return Text(text + "*", style="bold green")
    if figure.same:
        return Text(text + SAME, style="green")
    if figure.odd:
        return Text(text + "!", style="bold yellow")
    return Text(text + " " * spaced, style=VERDICT_STYLES.get(text, ""))
