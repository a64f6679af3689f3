"""``toklab serve``."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from toklab.cli.common import (
    files_argument,
    limit_options,
    one_line,
    probe_option,
    progress,
    read_corpus,
    training_options,
)


@click.command("serve")
@files_argument
@click.option(
    "--tokenizer",
    "-t",
    "contenders",
    multiple=True,
    metavar="NAME|MODEL",
    help="Contender, may be repeated; as for compare.",
)
@training_options
@probe_option
@limit_options("For each training, and for judging a text.", "For each of these processes.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 is any that is free.")
@click.option("--max-mb", type=float, default=20.0, show_default=True, metavar="MB", help="Largest text that is taken.")
@click.option("--open/--no-open", "open_", default=None, help="Open a browser  [default: at a terminal].")
def command(
    files: tuple[Path, ...],
    contenders: tuple[str, ...],
    vocab_sizes: tuple[int, ...],
    pretokenizer: str,
    documents: str,
    probe: bool,
    time_limit: float,
    memory_limit: int,
    port: int,
    max_mb: float,
    open_: bool | None,
) -> None:
    """Compare contenders, then show the page in a browser and judge texts that are put into it.

    The contenders are trained once, as compare trains them. The page takes texts, pasted or as files, and shows how the
    contenders cut them, or trains them anew on such a text. It is served to this machine only (127.0.0.1); texts are
    forgotten when Ctrl-C ends the server.
    """
    from toklab.serving import Server
    from toklab.serving.server import check_port
    from toklab.trained import train_all
    from toklab.training import DEFAULT_VOCAB_SIZE
    from toklab.workshop import Limits

    limits = Limits(time_limit, memory_limit)
    check_port(port)
    corpus = read_corpus(files, documents)
    with progress("training") as show:
        trained = train_all(
            corpus,
            list(contenders) or None,
            vocab_size=vocab_sizes or DEFAULT_VOCAB_SIZE,
            pretokenizer=pretokenizer,
            probe=probe,
            limits=limits,
            progress=show,
        )
    with Server(trained, port=port, limits=limits, max_mb=max_mb) as server:
        click.echo(f"serving {one_line(corpus.name)} on {server.address} to this machine only; Ctrl-C ends it")
        sys.stdout.flush()
        if sys.stdout.isatty() if open_ is None else open_:
            webbrowser.open(server.address)
        server.wait()
