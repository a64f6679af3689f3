"""``toklab sweep``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from toklab.cli.common import (
    documents_option,
    files_argument,
    held_out_option,
    json_option,
    limit_options,
    one_line,
    pretokenizer_option,
    progress,
    read_corpus,
    seed_option,
    tell_written,
    terminal_width,
    use_colour,
)


@click.command("sweep")
@files_argument
@click.option(
    "--vocab-size",
    "vocab_sizes",
    multiple=True,
    metavar="A:B:xK",
    help="From A, times K, up to B, such as 1000:32000:x2; or A:B:+S with a step, or one size; may be repeated  "
    "[default: 500:8000:x2].",
)
@click.option(
    "--tokenizer",
    "-t",
    "contenders",
    multiple=True,
    metavar="NAME",
    help="Contender, may be repeated: NAME or NAME:option=value  [default: bpe, wordpiece, unigram].",
)
@click.option(
    "--worth",
    type=float,
    default=1.0,
    show_default=True,
    metavar="TOKENS",
    help="What a piece added is to save per million bytes of held-out text.",
)
@pretokenizer_option
@documents_option
@held_out_option
@seed_option
@limit_options("For each training.", "For each training.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write report.html, sweep.json, sweep.csv and the pictures.",
)
@json_option
def command(
    files: tuple[Path, ...],
    vocab_sizes: tuple[str, ...],
    contenders: tuple[str, ...],
    documents: str,
    time_limit: float,
    memory_limit: int,
    output: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Vocabulary size against sequence length: curves, their knee, and what each piece added saves.

    A contender whose smaller trainings are the beginning of larger ones (BPE, WordPiece that merges, word lists) is
    trained once and cut; others are trained at every size.
    """
    from toklab.files import check_writable
    from toklab.sweeping import DEFAULT_SIZES, parse_sizes, sweep
    from toklab.workshop import Limits

    sizes = parse_sizes(vocab_sizes or (DEFAULT_SIZES,))
    if output is not None:
        check_writable(output)
    limits = Limits(time_limit, memory_limit)
    corpus = read_corpus(files, documents)
    with progress("training") as step:
        report = sweep(corpus, list(contenders) or None, vocab_size=sizes, limits=limits, progress=step, **options)
    if output is not None:
        from toklab.page import write_page
        from toklab.report.sweep_plots import write_sweep

        tell_written([*write_sweep(report, output), write_page(report, output / "report.html")])
    if as_json:
        click.echo(report.to_json())
    else:
        from toklab.report.sweeps import render_sweep

        click.echo(render_sweep(report, terminal_width(), use_colour()), nl=False)
        click.echo(f"\nsignature\n{one_line(report.signature)}")
    if not any(curve.measured for curve in report.curves):
        sys.exit(1)
