"""A comparison as LaTeX tables, for a paper: ``booktabs`` is the only package that they need."""

from __future__ import annotations

from collections.abc import Sequence

from toklab.report.columns import DETERMINISM, Column, Figure, Row, SizeTable, size_tables
from toklab.report.table import legend, signature_text
from toklab.report.terminal import visible
from toklab.results import Report

ARROWS = {"higher": r"$\uparrow$", "lower": r"$\downarrow$", "": ""}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "÷": r"$\div$",
    "–": "--",
    "·": r"$\cdot$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}


def render_latex(report: Report, metrics: Sequence[str] | None = None) -> str:
    r"""One ``table`` per vocabulary size, wide enough for two columns of text, with the legend and the signature below.

    Parameters
    ----------
    report : what was compared
    metrics : columns to show; None is the default choice

    Raises
    ------
    UnknownNameError
        No contender has one of the metrics.
    """
    tables = size_tables(report, metrics)
    blocks = ["% needs \\usepackage{booktabs}, and \\usepackage{graphicx} for the width"]
    blocks += ["\n".join(_table(table, report)) for table in tables]
    blocks.append("\n".join(f"% {note}" for note in legend(tables)))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return "".join(_SPECIAL.get(char, char) for char in visible(text))


def _table(table: SizeTable, report: Report) -> list[str]:
    columns = table.columns
    rules = "".join("l" if column == DETERMINISM else "r" for column in columns)
    heads = [_heading(column, better) for column, better in zip(columns, table.better, strict=True)]
    lines = [r"\begin{table*}", r"\centering", r"\resizebox{\textwidth}{!}{%", rf"\begin{{tabular}}{{l{rules}}}"]
    lines += [r"\toprule", _groups(columns), " & ".join(["tokenizer", *heads]) + r" \\", r"\midrule"]
    lines += [_row(row, escape(row.tokenizer), len(columns)) for row in table.sized]
    if table.sized and table.fixed:
        lines.append(r"\midrule")
    lines += [_row(row, rf"\emph{{{escape(row.tokenizer)}}}", len(columns)) for row in table.fixed]
    if table.pretrained and (table.sized or table.fixed):
        lines.append(r"\midrule")
    lines += [_row(row, rf"\emph{{({escape(row.tokenizer)})}}", len(columns)) for row in table.pretrained]
    lines += [r"\bottomrule", r"\end{tabular}}"]
    signature = " ".join(escape(line) for line in signature_text(report))
    caption = f"Tokenizers with {table.vocab_size:,} pieces. Bold: best. In italics: a size of their own, not ranked."
    if table.pretrained:
        caption += f" In parentheses: loaded, not trained here{'' if table.ranked else ', not ranked'}."
    lines += [rf"\caption{{{caption} {{\tiny\texttt{{{signature}}}}}}}", r"\end{table*}"]
    return lines


def _groups(columns: Sequence[Column]) -> str:
    """The groups' names over their columns."""
    runs: list[list[str]] = []
    for column in columns:
        if runs and runs[-1][0] == column.group:
            runs[-1].append(column.group)
        else:
            runs.append([column.group])
    cells = [rf"\multicolumn{{{len(run)}}}{{c}}{{{escape(run[0])}}}" for run in runs]
    return " & ".join(["", *cells]) + r" \\"


def _heading(column: Column, better: str) -> str:
    return " ".join([escape(" ".join(column.heading)), ARROWS[better]]).strip()


def _row(row: Row, name: str, columns: int) -> str:
    if row.error is not None:
        return rf"{name} & \multicolumn{{{columns}}}{{l}}{{failed}} \\"
    return " & ".join([name, *map(_figure, row.figures)]) + r" \\"


def _figure(figure: Figure) -> str:
    text = escape(figure.text) + "!" * figure.odd
    return rf"\textbf{{{text}}}" if figure.best else text
