"""``toklab compare --parallel``: the options that go with it, and what it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toklab.cli.common import progress, tell_written, terminal_width, use_colour

if TYPE_CHECKING:
    from toklab.languages import LanguageReport

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--parallel",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Compare languages instead: DIR holds the same lines as NAME.txt for each of them.",
    ),
    click.option(
        "--reference", default="en", show_default=True, help="With --parallel: premiums are to this language."
    ),
    click.option(
        "--train",
        multiple=True,
        default=("joint",),
        metavar="joint|monolingual|DIR|FILE",
        help="With --parallel: train on the lines of all languages together, on those of each by itself, on the files "
        "NAME.txt of another DIR together, or on other text (a FILE may be repeated)  [default: joint].",
    ),
    click.option(
        "--temperature",
        type=float,
        default=1.0,
        show_default=True,
        metavar="T",
        help="With --parallel: a joint training takes languages by their share of the bytes to the power 1/T; inf is "
        "equal shares.",
    ),
)
# What goes with --parallel only, and what does not go with it.
WITH = ("reference", "train", "temperature")
WITHOUT = ("files", "probe", "morphemes", "pairs", "strict", "format_", "metrics", "rank_pretrained")


def parallel_options(function: Function) -> Function:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def check_parallel(context: click.Context) -> None:
    """Options that would have to be ignored are wrong usage."""
    parallel = context.params["parallel"] is not None
    for param in context.command.params:
        given = context.get_parameter_source(str(param.name)) is click.core.ParameterSource.COMMANDLINE
        if given and param.name in (WITHOUT if parallel else WITH):
            what = param.make_metavar(context) if param.name == "files" else param.opts[0]
            rule = "cannot be given with" if parallel else "goes with"
            raise click.UsageError(f"{what} {rule} --parallel")


def compare_parallel(folder: Path, output: Path | None, as_json: bool, train: tuple[str, ...], **options: Any) -> None:
    """Compare languages and show what was found.

    Parameters
    ----------
    options : as for `toklab.languages.compare_languages`
    """
    from toklab.languages import compare_languages

    source = train[0] if len(train) == 1 else [Path(name) for name in train]
    with progress("training") as show:
        report = compare_languages(folder, train=source, progress=show, **options)
    if output is not None:
        from toklab.page import write_page
        from toklab.report import write_languages

        tell_written([*write_languages(report, output), write_page(report, output / "report.html")])
    _show(report, as_json)
    if all(result.error for result in report.results):
        sys.exit(1)


def _show(report: LanguageReport, as_json: bool) -> None:
    if as_json:
        click.echo(report.to_json())
        return
    from toklab.report import render_languages

    click.echo(render_languages(report, terminal_width(), use_colour()), nl=False)
