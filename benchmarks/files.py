"""The report as files: ``benchmark.json``, ``.csv``, ``.md``, ``.png``, and ``scaling.png`` for a series of sizes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rows import COLUMNS, Row
from toklab.files import write_atomic


def to_json(report: Mapping[str, Any]) -> str:
    """The report as text; no NaN, because what is undefined is null."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)


def to_csv(rows: Sequence[Row]) -> str:
    """The rows, with a line of headings; undefined is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_files(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write all of them.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    from benchmarks.markdown import to_markdown
    from benchmarks.plot import draw, draw_scaling

    contents = {
        "benchmark.json": (to_json(report) + "\n").encode("utf-8"),
        "benchmark.csv": to_csv(report["rows"]).encode("utf-8"),
        "benchmark.md": to_markdown(report).encode("utf-8"),
        "benchmark.png": draw(report),
    }
    if report["fits"]:
        contents["scaling.png"] = draw_scaling(report)
    for name, data in contents.items():
        write_atomic(folder / name, data)
    return [folder / name for name in contents]
