"""``toklab report``."""

from __future__ import annotations

from pathlib import Path

import click

from toklab.cli.common import one_line


@click.command("report")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the page  [default: beside the JSON, ending in .html].",
)
def command(file: Path, output: Path | None) -> None:
    """Make the page of a comparison from the report.json that compare --output wrote.

    The page is one file that needs no network. Equal reports make equal pages.
    """
    from toklab.errors import InputError
    from toklab.page import write_page
    from toklab.results import Report

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    path = write_page(Report.from_json(content), output or file.with_suffix(".html"))
    click.echo(f"wrote {one_line(str(path))}", err=True)
