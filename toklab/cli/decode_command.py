"""``toklab decode``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from toklab.cli.common import json_option
from toklab.cli.encode_command import read_text


@click.command("decode")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("ids", nargs=-1)
@json_option
def command(model: Path, ids: tuple[str, ...], as_json: bool) -> None:
    """Turn IDS (or those on standard input) back into text with a saved MODEL."""
    from toklab.errors import UsageError
    from toklab.training import load

    words = " ".join(ids).split() if ids and ids != ("-",) else read_text("-").split()
    try:
        numbers = [int(word) for word in words]
    except ValueError as error:
        raise UsageError(f"ids must be whole numbers: {error}") from None
    text = load(model).decode(numbers)
    if as_json:
        click.echo(json.dumps({"schema": 1, "text": text}, ensure_ascii=False))
    else:
        click.echo(text.encode("utf-8"))  # as bytes: of a text that it prints, click drops the escape codes
