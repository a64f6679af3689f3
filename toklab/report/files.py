"""A report as files: JSON, CSV, Parquet and Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from toklab.files import write_all
from toklab.report.columns import DETERMINISM, Figure, Row, SizeTable, size_tables
from toklab.report.pairs import MEANING, Matrix, matrices
from toklab.report.table import ARROWS, SAME, SEPARATOR, corpus_facts, legend, signature_text, warning_lines
from toklab.report.terminal import visible
from toklab.results import Report

if TYPE_CHECKING:
    import pandas as pd

_TEXT_COLUMNS = ("tokenizer", "metric", "unit", "better")
_FORMULA = re.compile(r"[=+\-@\t\r]")


def write_report(report: Report, folder: str | Path) -> list[Path]:
    """Write report.json, report.csv, report.parquet and report.md; where there are pairs, pairs.csv and pairs.parquet.

    All of them are made before the first is written, and each appears whole or not at all.

    Parameters
    ----------
    report : what was compared
    folder : made where it does not exist

    Returns
    -------
    list of Path
        The files, in the order above.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    frame = frame_of(report)
    contents = {
        "report.json": encode(f"{report.to_json()}\n"),
        "report.csv": csv_bytes(frame),
        "report.parquet": parquet_bytes(frame),
        "report.md": encode(render_markdown(report)),
    }
    if report.pairs:
        pairs = _pairs_frame(report)
        contents |= {"pairs.csv": csv_bytes(pairs), "pairs.parquet": parquet_bytes(pairs)}
    return write_all(folder, contents)


def frame_of(report: Report) -> pd.DataFrame:
    """The long form with fixed types, so that an empty report has them too."""
    results = (replace(r, tokenizer=encode(r.tokenizer).decode("utf-8")) for r in report.results)
    frame = replace(report, results=tuple(results)).to_frame()
    return frame.astype({"vocab_size": "int64"} | dict.fromkeys(_TEXT_COLUMNS, "str"))


def _pairs_frame(report: Report) -> pd.DataFrame:
    """The same of the pairs."""
    frame = report.pairs_frame()
    for name in ("tokenizer", "other"):
        frame[name] = [encode(text).decode("utf-8") for text in frame[name]]
    return frame


def encode(text: str) -> bytes:
    """UTF-8; a name from a path that is not UTF-8 holds lone surrogates, which are escaped (as in JSON)."""
    return text.encode("utf-8", "backslashreplace")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Rows as CSV; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    safe = frame.copy()
    for name in safe.select_dtypes(exclude="number").columns:
        safe[name] = [f"'{text}" if _FORMULA.match(str(text)) else text for text in safe[name]]
    return encode(safe.to_csv(index=False, lineterminator="\n"))


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Rows as Parquet; an undefined figure is null."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, engine="pyarrow")
    return buffer.getvalue()


def render_markdown(report: Report, metrics: Sequence[str] | None = None) -> str:
    """A report as GitHub Markdown: the tables of the terminal, the best figures in bold.

    Parameters
    ----------
    metrics : columns to show; None is the default choice

    Raises
    ------
    UnknownNameError
        No contender has one of the metrics.
    """
    tables = size_tables(report, metrics)
    blocks = ["# Tokenizer comparison"]
    facts = corpus_facts(report.corpus)
    if facts:
        blocks.append("Corpus: " + SEPARATOR.join(map(escape, facts)))
    for table in tables:
        blocks += [f"## {table.title[0].upper()}{table.title[1:]}", _table(table)]
    blocks.append("\n".join(f"- {escape(note)}" for note in _legend(tables)))
    if report.pairs:
        blocks += [block for matrix in matrices(report) for block in _pairs(matrix)] + [escape(MEANING)]
    warnings = warning_lines(report)
    if warnings:
        blocks += ["## Warnings", "\n".join(f"- {escape(warning)}" for warning in warnings)]
    signature = signature_text(report)
    if signature:
        blocks += ["## Signature", _code(signature)]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no table cell, no HTML."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~$#])", r"\\\1", text)


def _legend(tables: list[SizeTable]) -> list[str]:
    notes = legend(tables)
    if any(table.fixed for table in tables):
        notes.append("In italics: tokenizers with a size of their own, not ranked.")
    if any(table.pretrained for table in tables):
        ranked = any(table.ranked for table in tables)
        notes.append(f"In italics and parentheses: loaded, not trained here{'' if ranked else ', not ranked'}.")
    return [note.replace("* best", "bold: best") for note in notes]


def _table(table: SizeTable) -> str:
    """Groups in the heading and columns in the first row, since GitHub has no cells across columns."""
    groups = [column.group for column in table.columns]
    titles = [group if i == 0 or groups[i - 1] != group else "" for i, group in enumerate(groups)]
    names = [
        f"**{escape(' '.join([*column.heading, ARROWS[better]]).strip())}**"
        for column, better in zip(table.columns, table.better, strict=True)
    ]
    rules = [":--" if column == DETERMINISM else "--:" for column in table.columns]
    rows = [["", *titles], [":--", *rules], ["**tokenizer**", *names]]
    rows += [_row(row, escape(row.tokenizer), len(groups)) for row in table.sized]
    rows += [_row(row, f"*{escape(row.tokenizer)}*", len(groups)) for row in table.fixed]
    rows += [_row(row, f"*({escape(row.tokenizer)})*", len(groups)) for row in table.pretrained]
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    failed = [row for row in table.rows if row.error is not None]
    if failed:
        lines += ["", *(f"- {escape(f'{row.tokenizer} {row.error}')}" for row in failed)]
    return "\n".join(lines)


def _pairs(matrix: Matrix) -> list[str]:
    numbers = [str(number) for number in range(1, len(matrix.names) + 1)]
    rows = [["", "**tokenizer**", *numbers], ["--:", ":--", *("--:" for _ in numbers)]]
    for number, name, cells in zip(numbers, matrix.names, matrix.cells, strict=True):
        rows.append([number, escape(name), *map(escape, cells)])
    return [f"## {matrix.title.capitalize()}", "\n".join(f"| {' | '.join(cells)} |" for cells in rows)]


def _row(row: Row, name: str, columns: int) -> list[str]:
    if row.error is not None:
        return [name, "failed", *[""] * (columns - 1)]
    return [name, *map(_figure, row.figures)]


def _figure(figure: Figure) -> str:
    text = escape(figure.text) + SAME * figure.same + "!" * figure.odd
    return f"**{text}**" if figure.best else text


def _code(lines: list[str]) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(longest + 1, 3)
    return "\n".join([fence, *lines, fence])
