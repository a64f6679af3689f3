"""``toklab encode``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from toklab.cli.common import json_option, use_colour


@click.command("encode")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("text", default="-")
@click.option("--show", is_flag=True, help="Show the tokens, coloured on a terminal, with their ids.")
@json_option
def command(model: Path, text: str, show: bool, as_json: bool) -> None:
    """Encode TEXT (or standard input, with -) with a saved MODEL and print the ids."""
    from toklab.training import load

    tokenizer = load(model)
    encoding = tokenizer.encode(read_text(text))
    ids = encoding.ids.tolist()
    if as_json:
        facts = {
            "schema": 1,
            "ids": ids,
            "offsets": encoding.offsets.tolist(),
            "tokens": [str(tokenizer.vocab[i]) for i in ids],
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    if show:
        from toklab.report.terminal import render_tokens

        click.echo(render_tokens([tokenizer.vocab[i].surface for i in ids], use_colour()))
    click.echo(" ".join(map(str, ids)))


def read_text(text: str) -> str:
    """The text itself, or standard input where it is ``-``.

    Raises
    ------
    InputError
        Standard input is not UTF-8.
    """
    from toklab.errors import InputError

    if text != "-":
        return text
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"standard input is not UTF-8: line {line}, byte offset {error.start}") from None
