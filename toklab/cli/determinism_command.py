"""``toklab determinism``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from toklab.cli.common import (
    SIZE,
    documents_option,
    files_argument,
    json_option,
    one_line,
    pretokenizer_help,
    progress,
    read_corpus,
    terminal_width,
    use_colour,
)


@click.command("determinism")
@files_argument
@click.option("--tokenizer", "-t", "contenders", multiple=True, metavar="NAME", help="Contender, may be repeated.")
@click.option("--vocab-size", type=SIZE, default=2000, show_default=True)
@click.option(
    "--axis",
    "axes",
    multiple=True,
    metavar="AXIS",
    help="repeat, hash-seed, document-order or threads; may be repeated  [default: all].",
)
@click.option("--runs", type=int, default=3, show_default=True, help="Trainings per axis, the first included.")
@click.option("--pretokenizer", "-p", default="gpt2", show_default=True, metavar="NAME|REGEX", help=pretokenizer_help)
@documents_option
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Of the choice of the texts whose encodings are compared.",
)
@click.option("--time-limit", type=float, default=900, show_default=True, metavar="SECONDS", help="For each training.")
@click.option("--memory-limit", type=int, default=12_000, show_default=True, metavar="MB", help="For each training.")
@json_option
def command(
    files: tuple[Path, ...],
    contenders: tuple[str, ...],
    vocab_size: int,
    axes: tuple[str, ...],
    runs: int,
    pretokenizer: str,
    documents: str,
    seed: int,
    time_limit: float,
    memory_limit: int,
    as_json: bool,
) -> None:
    """Train contenders again in fresh processes and show what moves: pieces, ids or encodings."""
    from toklab.retraining import AXES, determinism
    from toklab.workshop import Limits

    corpus = read_corpus(files, documents)
    with progress("training") as show:
        report = determinism(
            corpus,
            list(contenders) or None,
            vocab_size=vocab_size,
            axes=axes or AXES,
            runs=runs,
            pretokenizer=pretokenizer,
            seed=seed,
            limits=Limits(time_limit, memory_limit),
            progress=show,
        )
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False))
    else:
        from toklab.report.table import render_probes

        click.echo(render_probes(report.probes, terminal_width(), use_colour()), nl=False)
        click.echo(f"\nsignature\n{one_line(report.signature)}")
    if all(probe.error for probe in report.probes):
        sys.exit(1)
