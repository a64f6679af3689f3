"""``toklab list``."""

from __future__ import annotations

import json

import click

from toklab.cli.common import json_option, log_to_stderr


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """Algorithms, baselines, metrics, patterns, normalisers and formats."""
    from toklab.contenders import catalogue

    with log_to_stderr():
        found = catalogue()
    if as_json:
        click.echo(json.dumps({"schema": 1, **found}, indent=1, ensure_ascii=False))
        return
    for index, (heading, entries) in enumerate(found.items()):
        click.echo(("\n" if index else "") + heading)
        width = max(map(len, entries))
        for name, meaning in entries.items():
            click.echo(f"  {name:<{width}}  {meaning}")
