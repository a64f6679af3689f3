"""How a comparison reaches standard output: as a table, or in the format that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toklab.cli.common import json_option, terminal_width, use_colour

if TYPE_CHECKING:
    from toklab.results import Report

Command = TypeVar("Command", bound=Callable[..., Any])


def format_options(meaning: str) -> Callable[[Command], Command]:
    """``--format``, ``--metric``, ``--pairs`` and ``--json``.

    Parameters
    ----------
    meaning : the help of ``--format``
    """

    def add(command: Command) -> Command:
        command = json_option(command)
        command = click.option("--pairs", is_flag=True, help="Show how alike every two contenders are.")(command)
        command = click.option(
            "--metric", "metrics", multiple=True, metavar="NAME", help="Column of the table, may be repeated."
        )(command)
        return click.option("--format", "format_", metavar="NAME", help=meaning)(command)

    return add


def check_format(format_: str | None, metrics: Sequence[str], pairs: bool, as_json: bool) -> str | None:
    """The format that was asked for, before anything long begins; None is the table.

    Raises
    ------
    UsageError
        An unknown format or metric, options that do not go together, or bytes that a terminal would get.
    """
    from toklab.errors import UnknownNameError, UsageError
    from toklab.report.columns import DETERMINISM
    from toklab.report.exporting import FORMATS, TABLES

    if as_json and format_ not in (None, "json"):
        raise UsageError(f"--json and --format {format_}: choose one")
    chosen = "json" if as_json else format_
    if chosen is not None and chosen not in FORMATS:
        raise UnknownNameError("format", chosen, FORMATS)
    if metrics:
        from toklab.metrics import all_metrics

        known = [*all_metrics(), DETERMINISM.metric]
        for name in metrics:
            if name not in known:
                raise UnknownNameError("metric", name, known)
        if chosen not in (None, *TABLES):
            raise UsageError(f"{chosen} always holds every metric; --metric goes with the table, markdown and latex")
    if pairs and chosen not in (None, "json"):
        raise UsageError(f"--pairs goes with the table, not with --format {chosen}")
    if chosen == "parquet" and sys.stdout.isatty():
        raise UsageError("parquet is no text; redirect it to a file")
    return chosen


def show_report(report: Report, format_: str | None, metrics: Sequence[str], pairs: bool) -> None:
    """Print a comparison."""
    if format_ is not None:
        from toklab.report.exporting import export

        click.echo(export(report, format_, metrics or None), nl=False)
        return
    from toklab.report.table import render_report

    click.echo(render_report(report, terminal_width(), use_colour(), metrics or None), nl=False)
    if pairs:
        from toklab.report.pairs import render_pairs

        click.echo("\n" + render_pairs(report, terminal_width(), use_colour()), nl=False)
