"""``toklab adapt``."""

from __future__ import annotations

from pathlib import Path

import click

from toklab.cli.common import (
    SIZE,
    documents_option,
    files_argument,
    interruptible,
    json_option,
    log_to_stderr,
    model_argument,
    one_line,
    read_corpus,
    terminal_width,
    use_colour,
)


@click.command("adapt")
@model_argument
@files_argument
@click.option("--vocab-size", type=SIZE, required=True, metavar="N", help="Pieces to end with.")
@click.option("--replace-unused", is_flag=True, help="Pieces that the text never uses make room for new ones.")
@click.option("--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder to save to.")
@documents_option
@click.option("--held-out", type=float, default=0.1, show_default=True, metavar="SHARE", help="Kept back for judging.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of held-out documents.")
@json_option
def command(
    model: str,
    files: tuple[Path, ...],
    vocab_size: int,
    replace_unused: bool,
    output: Path,
    documents: str,
    held_out: float,
    seed: int,
    as_json: bool,
) -> None:
    """Fit the vocabulary of MODEL (BPE, WordPiece or Unigram) to the text of a new domain.

    Larger: pieces that save most tokens are added. Smaller: the least used pieces go. Ids of pieces that stay do not
    change, unless the vocabulary gets smaller. DIR/adaptation.json lists what came, with the old ids of its text, what
    went, and which ids moved.
    """
    from toklab.adapting import adapt
    from toklab.files import check_writable

    check_writable(output)
    with log_to_stderr():
        corpus = read_corpus(files, documents)
        found = interruptible(
            lambda: adapt(
                model, corpus, vocab_size=vocab_size, replace_unused=replace_unused, held_out=held_out, seed=seed
            )
        )
    click.echo(f"wrote {one_line(str(found.save(output)))}", err=True)
    for warning in found.warnings:
        click.echo(f"warning: {one_line(warning)}", err=True)
    if as_json:
        click.echo(found.to_json())
        return
    from toklab.report.adaptation import render_adaptation

    click.echo(render_adaptation(found, terminal_width(), use_colour()), nl=False)
    click.echo(f"\nsignature\n{one_line(found.signature)}")
