"""A sweep as text for a terminal: one table per contender, sizes from the top down."""

from __future__ import annotations

from rich.text import Text

from toklab.ranking import find, number
from toklab.report.columns import MISSING, error_phrase, half_width, show_value
from toklab.report.default_columns import DEFAULT_COLUMNS, Column
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import ARROWS, SEPARATOR, corpus_facts, heading, wrapped
from toklab.report.terminal import to_string, visible
from toklab.sweeping import Curve, Point, SweepReport

BALANCE = "balance"
OWN_COLUMNS = (
    Column("tokens_saved_per_piece", BALANCE, ("saved", "/piece"), 2),
    Column("output_cost", BALANCE, ("output", "cost"), None),
)
OTHER_KNEES = {"oov_fertility": "OOV fertility", "oov_exploded": "OOV exploded", "bits_per_byte": "bits/byte"}
# Shown only where they say something.
OPTIONAL = ("vocab_obtained", "unk_rate", "bits_per_byte", *(column.metric for column in OWN_COLUMNS))


def render_sweep(report: SweepReport, console_width: int | None = None, colour: bool = False) -> str:
    """One table per contender, what it says in a line above it, then what the headings mean; not the signature.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the table needs
    colour : with escape codes for colour
    """
    facts = corpus_facts(report.corpus)
    lines = [*wrapped("corpus: " + SEPARATOR.join(facts), console_width, "dim"), Text()] if facts else []
    for curve in report.curves:
        columns = columns_of(curve)
        lines += wrapped(summary(curve), console_width, "bold")
        lines += [*_grid(curve, columns).draw(console_width), Text()]
    for note in _legend(report):
        lines += wrapped(note, console_width, "dim")
    for warning in warning_lines(report):
        lines += wrapped(f"warning: {warning}", console_width, "yellow")
    return to_string(lines, colour)


def summary(curve: Curve) -> str:
    """What a curve says: how it was trained, its knee and its balance."""
    parts = [visible(curve.tokenizer) + ": " + _trainings(curve)]
    if curve.has_steps:
        parts.append(f"knee at {curve.knee:,} pieces" if curve.knee is not None else "no knee")
        others = [f"{name} {curve.knees[metric]:,}" for metric, name in OTHER_KNEES.items() if curve.knees.get(metric)]
        parts += [f"knees of other curves: {', '.join(others)}"] if others else []
        last = max(point.pieces or 0 for point in curve.measured)
        parts.append(f"balance at {curve.balance:,}" if curve.balance is not None else f"balance beyond {last:,}")
    return SEPARATOR.join(parts)


def _trainings(curve: Curve) -> str:
    trained = [point for point in curve.points if point.origin == "trained"]
    seconds = sum(point.result.seconds or 0.0 for point in curve.points)
    times = "once" if len(trained) == 1 else f"{len(trained)} times"
    cut = ", smaller sizes cut from it" if len(trained) == 1 < len(curve.points) else ""
    return f"trained {times}{cut} ({seconds:,.1f} s)"


def columns_of(curve: Curve) -> list[Column]:
    """The columns that say something of a contender."""
    measured = {cell.metric for point in curve.measured for cell in point.result.cells}
    found = [column for column in (*DEFAULT_COLUMNS, *OWN_COLUMNS) if column.metric in measured]
    return [column for column in found if column.metric not in OPTIONAL or _says_something(column, curve)]


def _says_something(column: Column, curve: Curve) -> bool:
    if column.metric == "vocab_obtained":
        return any(point.pieces != point.result.vocab_size for point in curve.measured)
    return any(number(point.result, column.metric) is not None for point in curve.measured)


def _grid(curve: Curve, columns: list[Column]) -> Grid:
    heads = []
    for column in columns:
        cells = [cell for point in curve.measured if (cell := find(point.result, column.metric))]
        heads.append(Head(column.group, heading(column, cells[0].better)))
    width = max(len(f"{point.result.vocab_size:,}") for point in curve.points)
    entries = tuple(_entry(point, curve, columns, width) for point in curve.points)
    return Grid("size".rjust(width), tuple(heads) or (Head("sequence length", ("",)),), (("", entries),))


def _entry(point: Point, curve: Curve, columns: list[Column], width: int) -> Entry:
    name = f"{point.result.vocab_size:,}".rjust(width)
    if point.result.error is not None:
        return Entry(name, phrase=visible(error_phrase(point.result.error)), brief="failed, see above")
    if point.pieces == curve.knee:
        name += " knee"
    return Entry(name, tuple(Text(_cell(point, column)) for column in columns))


def _cell(point: Point, column: Column) -> str:
    cell = find(point.result, column.metric)
    if cell is None or number(point.result, column.metric) is None:
        return MISSING
    return show_value(column, cell) + half_width(column, cell)


def _legend(report: SweepReport) -> list[str]:
    shown = list(dict.fromkeys(column for curve in report.curves for column in columns_of(curve)))
    if not shown:
        return []
    marks = [f"{ARROWS['higher']} higher is better", f"{ARROWS['lower']} lower is better"]
    marks += ["± half of the 95% interval over documents", f"{MISSING} undefined"]
    notes = [SEPARATOR.join(marks), SEPARATOR.join(column.meaning for column in shown if column.meaning)]
    if any(curve.has_steps for curve in report.curves):
        notes.append(
            "saved/piece: tokens that each piece saves that was added since the size above, per million bytes of "
            "held-out text · balance: the first size from which the next step saves less than "
            f"{report.worth:g} of them · output cost: tokens × pieces ÷ bytes, the scores that an output layer "
            "computes per byte · knee: where bytes per token lie farthest above the straight line from the first "
            "size to the last, sizes on a logarithmic scale; those of other curves are found alike, below the line "
            "where lower is better"
        )
    if any(number(point.result, "unk_rate") for curve in report.curves for point in curve.measured):
        notes.append(
            "An unknown token can stand for much text: where the UNK rate is high, short sequences are no merit."
        )
    return [note for note in notes if note]


def warning_lines(report: SweepReport) -> list[str]:
    """Warnings of the sweep, then of each training, each once."""
    own = [
        f"{point.result.tokenizer} at {point.result.vocab_size:,}: {warning}"
        for curve in report.curves
        for point in curve.points
        for warning in point.result.warnings
    ]
    return list(dict.fromkeys(visible(text) for text in (*report.warnings, *own)))
