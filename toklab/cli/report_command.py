"""``toklab report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toklab.cli.common import tell_written
from toklab.cli.showing import check_format, format_options, show_report

if TYPE_CHECKING:
    from toklab.page import Findings
    from toklab.report.reading import AnyReport

TABLE = "table"


@click.command("report")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the page  [default: beside the JSON, ending in .html].",
)
@format_options("Print table, markdown, latex, csv, json or parquet instead of writing the page.")
def command(
    file: Path, output: Path | None, format_: str | None, metrics: tuple[str, ...], pairs: bool, as_json: bool
) -> None:
    """Make the page of a report from the JSON that compare, determinism or sweep wrote to its --output.

    The page is one file that needs no network. The models that it runs are read from the folder of the report. Equal
    reports make equal pages. With --format, what is printed is what compare prints.
    """
    from toklab.errors import UsageError
    from toklab.page import write_page
    from toklab.results import Report

    printed = format_ is not None or as_json or pairs or bool(metrics)
    chosen = check_format(None if format_ == TABLE else format_, metrics, pairs, as_json)
    report = _read(file)
    if not printed:
        tell_written([write_page(_findings(report, file.parent), output or file.with_suffix(".html"))])
        return
    if output is not None:
        raise UsageError("--output is where the page goes; --format, --metric, --pairs and --json print instead")
    if not isinstance(report, Report):
        raise UsageError(f"{file} is no comparison of tokenizers; of other reports there is the page")
    show_report(report, chosen, metrics, pairs)


def _read(file: Path) -> AnyReport:
    from toklab.errors import FormatError, InputError
    from toklab.report.reading import read_report

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    try:
        return read_report(content)
    except FormatError as error:
        raise FormatError(f"{file} is {error}") from None


def _findings(report: AnyReport, folder: Path) -> Findings:
    """A comparison with its models, or any other report."""
    from toklab.page import Findings
    from toklab.report.models import load_models
    from toklab.results import Report

    return Findings(report, models=load_models(report, folder)) if isinstance(report, Report) else Findings.of(report)
