"""What a check found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from toklab.checking import CheckReport, Difference, Drift, Row
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import ARROWS, wrapped
from toklab.report.terminal import to_string, visible
from toklab.report.token_pairs import render_token_pairs

MISSING = "–"
SHOWN = 60  # characters of a text
STYLES = {"better": "green", "within": "yellow", "worse": "bold red", "moved": "bold red", "undefined now": "bold red"}
MEANING = (
    "↑ higher is better · ↓ lower is better · allowed: how much worse it may be, in its unit or as a share of the "
    "baseline; – not judged"
)


def render_check(report: CheckReport, console_width: int | None = None, colour: bool = False) -> str:
    """The verdict, the figures that moved, the ids that moved, tokens side by side; the signature is not part of it.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the table needs
    colour : with escape codes for colour
    """
    lines = [Text(verdict_line(report), style="bold green" if report.passed else "bold red")]
    moved = [row for row in report.rows if row.baseline != row.now]
    fell = [row for row in moved if row.fallen]
    rest = [row for row in moved if not row.fallen]
    if moved:
        lines += [Text(), *_grid(fell, rest).draw(console_width), Text(), *wrapped(MEANING, console_width, "dim")]
    lines += _drift_lines(report.drift, report.allow_id_drift, console_width)
    if moved or report.drift:
        lines += [line for note in report.versions for line in wrapped(visible(note), console_width, "yellow")]
    return to_string(lines, colour)


def verdict_line(report: CheckReport) -> str:
    """One line that says it all."""
    judged = sum(row.allowed is not None and row.baseline is not None for row in report.rows)
    found = f"{len(report.fallen)} of {judged} figures fell" if report.fallen else f"{judged} figures hold"
    drift = "no id moved"
    if report.drift:
        drift = "ids moved" + (" (allowed)" if report.allow_id_drift else "")
    return f"{visible(report.tokenizer)}: {'passed' if report.passed else 'FAILED'}: {found}, {drift}"


def _grid(fell: Sequence[Row], rest: Sequence[Row]) -> Grid:
    heads = tuple(Head("", (name,)) for name in ("baseline", "now", "change", "", "allowed"))
    heads += (Head("", ("unit",), right=False), Head("", ("verdict",), right=False))
    sections = [("fell", tuple(map(_entry, fell)))] if fell else []
    if rest:
        sections.append(("moved", tuple(map(_entry, rest))))
    return Grid("metric", heads, tuple(sections))


def _entry(row: Row) -> Entry:
    before, now = _figures(row.baseline, row.now)
    change, share = _change(row)
    texts = (before, now, change, share, row.allowed or MISSING, visible(row.unit))
    verdict = Text(row.verdict, style=STYLES.get(row.verdict, "dim"))
    return Entry(f"{visible(row.metric)} {ARROWS[row.better]}".strip(), (*map(Text, texts), verdict))


def _figures(before: float | None, now: float | None) -> tuple[str, str]:
    """Both with so many digits that they look different where they are."""
    for digits in (6, 9, 12, 17):
        shown = tuple(MISSING if value is None else _number(value, digits) for value in (before, now))
        if shown[0] != shown[1]:
            break
    return shown[0], shown[1]


def _number(value: float, digits: int = 6) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.{digits}g}"


def _change(row: Row) -> tuple[str, str]:
    """In the unit of the figure, and as a share of the baseline."""
    if row.change is None or row.baseline is None:
        return MISSING, ""
    sign = "+" if row.change > 0 else "-"
    share = f"{100 * row.change / abs(row.baseline):+.3g}%" if row.baseline else ""
    return sign + f"{abs(row.change):,.4g}", share


def _drift_lines(drift: Drift, allowed: bool, width: int | None) -> list[Text]:
    if not drift:
        return []
    style = "yellow" if allowed else "red"
    texts = []
    if drift.documents:
        texts.append(f"{len(drift.documents):,} of {drift.of:,} documents have other ids")
    if drift.samples:
        texts.append(f"{len(drift.samples)} of {drift.of_samples} fixed sample texts have other ids")
    if drift.vocabulary:
        texts.append("the vocabulary or its merges are others" + ("" if texts else "; no id of these texts moved"))
    lines = [Text(), *(line for text in texts for line in wrapped(text, width, style))]
    document, sample = drift.first_document, drift.first_sample
    shown = [document] if document else []
    if sample and (document is None or document.at is None):
        shown.append(sample)
    return lines + [line for each in shown for line in _difference_lines(each, width)]


def _difference_lines(found: Difference, width: int | None) -> list[Text]:
    return [Text(), *(Text(line) for line in describe(found).splitlines())]


def describe(found: Difference) -> str:
    """Where two encodings of a text part, the tokens side by side."""
    text = visible(found.text[:SHOWN]) + ("…" if len(found.text) > SHOWN else "")
    if found.at is None:
        return f"{found.where}: '{text}'; its ids were not kept, so where they part is not known"
    head = f"{found.where}, from token {found.at + 1:,} on: '{text}'"
    return f"{head}\n{render_token_pairs(found.before, found.now, found.at)}"
