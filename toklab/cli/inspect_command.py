"""``toklab inspect``."""

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
    pattern_option,
    read_corpus,
    terminal_width,
    use_colour,
)


@click.command("inspect")
@model_argument
@files_argument
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="Entries of each list.  [default: 10; with --json, all]"
)
@documents_option
@engine_option
@pattern_option
@json_option
def command(
    model: str,
    files: tuple[Path, ...],
    top: int | None,
    documents: str,
    engine: str,
    pattern: str | None,
    as_json: bool,
) -> None:
    """Audit the vocabulary of a saved MODEL on a text, best one that it was not learned from.

    Shown are pieces that no text can become (proven) or that were not found, that the text never uses, that are no
    whole characters, that are one up to case and space, that one document pays for, that look like junk; its scripts;
    and frequent words that shatter.
    """
    from toklab.inspecting import inspect_model
    from toklab.loading import load

    tokenizer = load(model, engine=engine, pattern=pattern)
    corpus = read_corpus(files, documents)
    with log_to_stderr():
        report = interruptible(lambda: inspect_model(tokenizer, corpus, documents=documents))
    if as_json:
        click.echo(json.dumps(report.to_dict(top), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from toklab.report.inspection import render_inspection

    click.echo(render_inspection(report, terminal_width(), use_colour(), top or 10), nl=False)
    click.echo(f"\nsignature\n{one_line(report.signature)}")
