"""``toklab diff``."""

from __future__ import annotations

from pathlib import Path

import click

from toklab.cli.common import (
    documents_option,
    engine_option,
    files_argument,
    interruptible,
    json_option,
    log_to_stderr,
    one_line,
    read_corpus,
    terminal_width,
    use_colour,
)


@click.command("diff")
@click.argument("first", metavar="MODEL")
@click.argument("second", metavar="MODEL")
@files_argument
@documents_option
@click.option(
    "--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Differences to list."
)
@click.option(
    "--id-map",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write which id is which: JSON where FILE ends in .json, else tab-separated.",
)
@engine_option
@json_option
def command(
    first: str,
    second: str,
    files: tuple[Path, ...],
    documents: str,
    top: int,
    id_map: Path | None,
    engine: str,
    as_json: bool,
) -> None:
    """Show where two saved MODELs cut the same text differently, and what their vocabularies share.

    A difference is as short as can be: text between two places that both models cut (or an end of the document), in
    which they cut at other places or one of them drops what the other keeps. Exit status 0, whether they differ or not.
    """
    from toklab.differing import diff
    from toklab.files import check_writable, write_atomic
    from toklab.loading import load

    if id_map is not None:
        check_writable(id_map.parent)
    corpus = read_corpus(files, documents)
    with log_to_stderr():
        models = load(first, engine=engine), load(second, engine=engine)
        report = interruptible(lambda: diff(*models, corpus, top=top))
    if id_map is not None:
        text = report.ids.to_json() + "\n" if id_map.suffix == ".json" else report.ids.to_tsv()
        write_atomic(id_map, text.encode("utf-8"))
        click.echo(f"wrote {one_line(str(id_map))}", err=True)
    if as_json:
        click.echo(report.to_json())
    else:
        from toklab.report.differences import render_diff

        click.echo(render_diff(report, terminal_width(), use_colour()), nl=False)
        click.echo(f"\nsignature\n{one_line(report.signature)}")
