"""The command line: ``python -m benchmarks parity``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.files import to_json
from benchmarks.parity.pairs import PAIRS, Pair
from benchmarks.parity.report import make_report, summary_lines, write_files
from benchmarks.parity.rows import make_rows
from benchmarks.parity.texts import NAMES, find_documents
from benchmarks.typed import typed
from toklab.errors import UnknownNameError, UsageError
from toklab.files import check_writable

SIZES = (1_000, 2_000, 8_000)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--text", "texts", type=click.Choice(NAMES), multiple=True, help="Repeatable; all unless given.")
@click.option("--vocab-size", "sizes", type=click.IntRange(1), multiple=True, help="Repeatable; 1000, 2000 and 8000.")
@click.option("--contender", "names", multiple=True, metavar="NAME", help="Ours or a library's. Repeatable.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Write parity.json, .csv and .md.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a summary.")
def command(
    texts: tuple[str, ...], sizes: tuple[int, ...], names: tuple[str, ...], output: Path | None, as_json: bool
) -> None:
    """Check each claim that a trainer of toklab equals a library's, on the same documents; some minutes.

    Results go to standard output, progress to standard error. Exit status: 0 every claim holds, 1 one is broken,
    2 wrong usage.
    """
    pairs, missing = choose(names)
    if output is not None:
        check_writable(output)
    for name, reason in missing.items():
        click.echo(f"left out: {name} ({reason})", err=True)
    found = [find_documents(name) for name in dict.fromkeys(texts or NAMES)]
    rows = list(make_rows(pairs, found, list(dict.fromkeys(sizes or SIZES)), lambda line: click.echo(line, err=True)))
    report = make_report(rows, found, missing, typed())
    for path in write_files(report, output) if output else ():
        click.echo(f"wrote {path}", err=True)
    click.echo(to_json(report) if as_json else "\n".join(summary_lines(report)))
    if report["broken"]:
        sys.exit(1)


def choose(names: tuple[str, ...]) -> tuple[list[Pair], dict[str, str]]:
    """The pairs that are compared, and why others are not.

    Raises
    ------
    UnknownNameError
        No pair has a contender of that name.
    UsageError
        Nothing is left to compare.
    """
    known = dict.fromkeys(name for pair in PAIRS for name in (pair.contender, pair.reference))
    for name in names:
        if name not in known:
            raise UnknownNameError("contender of parity", name, list(known))
    chosen = [pair for pair in PAIRS if not names or {pair.contender, pair.reference} & set(names)]
    missing = {f"{pair.contender} = {pair.reference}": pair.absence for pair in chosen if pair.absence}
    pairs = [pair for pair in chosen if pair.absence is None]
    if not pairs:
        raise UsageError("nothing to compare: " + "; ".join(f"{name}: {why}" for name, why in missing.items()))
    return pairs, {name: str(reason) for name, reason in missing.items()}
