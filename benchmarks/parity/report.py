"""The rows of parity as JSON, CSV, Markdown, and a table for people."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.files import to_json
from benchmarks.markdown import make_table, safe
from benchmarks.parity.checks import CHECKS, ENCODINGS, SCORES
from benchmarks.parity.rows import COLUMNS, ERROR, Row, outcome, title
from benchmarks.parity.texts import Documents
from toklab.files import write_atomic
from toklab.signature import toklab_version

SCHEMA = 1
HOW = (
    "Both sides train on the same documents; every fifth document is held out and encoded. `set`: the same pieces; "
    "`order`: with the same ids; `merges`: the same merges in the same order; `scores`: equal, or within the "
    "difference that is shown (nats); `encodings`: held-out text becomes the same pieces (else how many of the "
    "documents differ); `ids`: and the same ids. A dash: does not apply. What is not claimed is shown all the same."
)


def make_report(
    rows: Sequence[Row], texts: Sequence[Documents], missing: Mapping[str, str], command: str
) -> dict[str, Any]:
    """Everything that is shown."""
    return {
        "schema": SCHEMA,
        "command": command,
        "libraries": sorted({f"toklab {toklab_version()}", *(row["library"] for row in rows)}),
        "python": platform.python_version(),
        "texts": [
            {
                "name": text.name,
                "origin": text.origin,
                "bytes": text.n_bytes,
                "documents": len(text.trained),
                "held_out": len(text.held_out),
            }
            for text in texts
        ],
        "left_out": dict(missing),
        "broken": sum(bool(row["broken"]) for row in rows),
        "rows": list(rows),
    }


def write_files(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write ``parity.json``, ``.csv`` and ``.md``.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    contents = {
        "parity.json": to_json(report) + "\n",
        "parity.csv": to_csv(report["rows"]),
        "parity.md": to_markdown(report),
    }
    for name, text in contents.items():
        write_atomic(folder / name, text.encode("utf-8"))
    return [folder / name for name in contents]


def to_csv(rows: Sequence[Row]) -> str:
    """The rows, with a line of headings; what does not apply is empty, lists are joined by spaces."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: " ".join(value) if isinstance(value, list) else value for key, value in row.items()})
    return buffer.getvalue()


def to_markdown(report: Mapping[str, Any]) -> str:
    """A summary of all claims, then each with its rows."""
    claims = by_claim(report["rows"])
    texts = [f"- {text['name']}: {text['bytes']:,} bytes; {text['origin']}" for text in report["texts"]]
    missing = [f"- left out: {name} ({reason})" for name, reason in report["left_out"].items()]
    summary = [[*claim, ", ".join(rows[0]["claims"]), _held(rows)] for claim, rows in claims.items()]
    parts = [
        f"`{report['command']}`: Python {report['python']}; " + ", ".join(report["libraries"]) + ".",
        "\n".join([*texts, *missing]),
        HOW,
        make_table(["contender", "reference", "options", "claimed equal", "holds"], summary),
    ]
    for rows in claims.values():
        note = f": {rows[0]['note']}" if rows[0]["note"] else ""
        parts.append(safe(f"**{title(rows[0])}**{note}"))
        parts.append(
            make_table(["text", "size", "pieces", *CHECKS, "held-out tokens", "where they part"], _lines(rows))
        )
    return "\n\n".join(parts) + "\n"


def by_claim(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """The rows of each claim, in order of appearance."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["contender"], row["reference"], row["options"]), []).append(row)
    return found


def _held(rows: Sequence[Row]) -> str:
    """How many of the comparisons that could be made hold."""
    made = [row for row in rows if row[ERROR] is None or row["broken"]]
    return f"{sum(not row['broken'] for row in made)} of {len(made)}"


def _lines(rows: Sequence[Row]) -> list[list[str]]:
    lines = []
    for row in rows:
        told = row[ERROR] or row["parted"]
        figures = ["–" if row[key] is None else f"{row[key]:,}" for key in ("pieces", "tokens")]
        cells = [_cell(row, check) for check in CHECKS]
        lines.append([row["text"], f"{row['vocab_size']:,}", figures[0], *cells, figures[1], told])
    return lines


def _cell(row: Row, check: str) -> str:
    if row[check] is None:
        return "–"
    if check == SCORES and row[check] and row["score_difference"]:
        return f"within {row['score_difference']:.0e}"
    if row[check]:
        return "yes"
    share = f" ({row['differing']} of {row['documents']})" if check == ENCODINGS else ""
    return ("**no**" if check in row["claims"] else "no") + share


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """A line for each claim, and one for each comparison that breaks it."""
    lines = []
    for rows in by_claim(report["rows"]).values():
        lines.append(f"{_held(rows):>9}  {title(rows[0])}: {', '.join(rows[0]['claims'])}")
        lines += [f"{'':>9}  {row['text']}, {row['vocab_size']:,}: {outcome(row)}" for row in rows if row["broken"]]
    return lines
