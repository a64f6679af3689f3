"""``toklab decode``."""

from __future__ import annotations

import json

import click

from toklab.cli.common import engine_option, json_option, model_argument
from toklab.cli.encode_command import read_text


@click.command("decode")
@model_argument
@click.argument("ids", nargs=-1)
@engine_option
@json_option
def command(model: str, ids: tuple[str, ...], engine: str, as_json: bool) -> None:
    """Turn IDS (or those on standard input) back into text with a saved MODEL."""
    from toklab.loading import load

    words = " ".join(ids).split() if ids and ids != ("-",) else read_text("-").split()
    numbers = _whole(words)
    text = load(model, engine=engine).decode(numbers)
    if as_json:
        click.echo(json.dumps({"schema": 1, "text": text}, ensure_ascii=False))
    else:
        click.echo(text.encode("utf-8"))  # as bytes: of a text that it prints, click drops the escape codes


def _whole(words: list[str]) -> list[int]:
    from toklab.errors import UsageError

    numbers, word = [], ""
    try:
        for word in words:
            numbers.append(int(word))
    except ValueError:
        raise UsageError(f"{word[:80]!r} is no id; ids are whole numbers") from None
    return numbers
