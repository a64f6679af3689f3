"""Reports in a notebook: a comparison as HTML tables, any other report as it looks in a terminal."""

from __future__ import annotations

import html
from typing import Any

from toklab.report.columns import DETERMINISM, Figure, Row, SizeTable, size_tables
from toklab.report.table import ARROWS, SEPARATOR, corpus_facts, legend, signature_text, warning_lines
from toklab.report.terminal import visible
from toklab.results import Report

WIDTH = 120
# Renderers of the other reports, by the name of their class.
RENDERERS = {
    "Adaptation": "toklab.report.adaptation:render_adaptation",
    "CheckReport": "toklab.report.checks:render_check",
    "DeterminismReport": "toklab.report.probes:render_determinism",
    "DiffReport": "toklab.report.differences:render_diff",
    "InspectReport": "toklab.report.inspection:render_inspection",
    "LanguageReport": "toklab.report.language_table:render_languages",
    "SweepReport": "toklab.report.sweeps:render_sweep",
}
_RIGHT, _LEFT = "text-align:right;white-space:nowrap", "text-align:left;white-space:nowrap"


def to_html(report: Any) -> str:
    """What a notebook shows of a report; all text is escaped."""
    if isinstance(report, Report):
        return comparison_html(report)
    from importlib import import_module

    module, _, name = RENDERERS[type(report).__name__].partition(":")
    text = getattr(import_module(module), name)(report, WIDTH, False)
    return f"<pre>{html.escape(text)}</pre>"


def comparison_html(report: Report) -> str:
    """One table per vocabulary size, then the legend, the warnings and the signature."""
    tables = size_tables(report)
    parts = [f"<p>{_escape(SEPARATOR.join(corpus_facts(report.corpus)))}</p>"]
    for table in tables:
        parts += [f"<h4>{table.title}</h4>", _table(table)]
    parts += [f"<p><small>{_escape(note)}</small></p>" for note in legend(tables)]
    parts += [f"<p>⚠ {_escape(warning)}</p>" for warning in warning_lines(report)]
    parts += [f"<p><code>{_escape(line)}</code></p>" for line in signature_text(report)]
    return "\n".join(parts)


def _escape(text: str) -> str:
    return html.escape(visible(text))


def _table(table: SizeTable) -> str:
    groups: list[tuple[str, int]] = []
    for column in table.columns:
        if groups and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    first = "".join(f'<th colspan="{n}" style="text-align:center">{_escape(group)}</th>' for group, n in groups)
    second = "".join(
        f"<th>{_escape(' '.join([*column.heading, ARROWS[better]]).strip())}</th>"
        for column, better in zip(table.columns, table.better, strict=True)
    )
    left = [column == DETERMINISM for column in table.columns]
    rows = [_row(row, _escape(row.tokenizer), left) for row in table.sized]
    rows += [_row(row, f"<em>{_escape(row.tokenizer)}</em>", left) for row in table.fixed]
    rows += [_row(row, f"<em>({_escape(row.tokenizer)})</em>", left) for row in table.pretrained]
    head = f"<thead><tr><th></th>{first}</tr><tr><th>tokenizer</th>{second}</tr></thead>"
    return f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"


def _row(row: Row, name: str, left: list[bool]) -> str:
    cells = f'<th style="{_LEFT}">{name}</th>'
    if row.error is not None:
        return f'<tr>{cells}<td colspan="{len(left)}" style="{_LEFT}">failed: {_escape(row.error)}</td></tr>'
    for figure, is_left in zip(row.figures, left, strict=True):
        cells += f'<td style="{_LEFT if is_left else _RIGHT}">{_figure(figure)}</td>'
    return f"<tr>{cells}</tr>"


def _figure(figure: Figure) -> str:
    text = _escape(figure.text) + "!" * figure.odd
    return f"<strong>{text}</strong>" if figure.best else text
