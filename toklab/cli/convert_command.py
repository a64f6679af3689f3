"""``toklab convert``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from toklab.cli.common import (
    documents_option,
    engine_option,
    files_argument,
    interruptible,
    json_option,
    log_to_stderr,
    model_argument,
    one_line,
    read_corpus,
)


@click.command("convert")
@model_argument
@files_argument
@click.option("--to", required=True, metavar="FORMAT", help="The format to write; see: toklab list.")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder to write to, or a file name with the format's ending.",
)
@documents_option
@engine_option
@json_option
def command(
    model: str, files: tuple[Path, ...], to: str, output: Path, documents: str, engine: str, as_json: bool
) -> None:
    """Write MODEL in another format, if what reads it there gives the same ids.

    Both sides encode the FILEs (the bundled text without one), every piece of the vocabulary, and texts that go wrong
    easily. A conversion that would change an id is refused, and what the format cannot hold is named.
    """
    from toklab.converting import convert
    from toklab.files import check_writable

    check_writable(output.parent)
    with log_to_stderr():
        corpus = read_corpus(files, documents)
        done = interruptible(lambda: convert(model, to, output, text=corpus, engine=engine))
    for warning in done.warnings:
        click.echo(f"warning: {one_line(warning)}", err=True)
    if as_json:
        click.echo(json.dumps(done.to_dict(), indent=1, ensure_ascii=False))
        return
    for path in done.files:
        click.echo(one_line(str(path)))
    click.echo(f"the same {done.proof.tokens:,} ids for {done.proof.texts:,} texts", err=True)
