"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.contenders import RELEASE_CANDIDATE, STARTUP, TASKS, check_names, left_out
from benchmarks.matrix import Plan, Texts, in_series, make_groups
from benchmarks.report import make_report
from benchmarks.rounds import Bench
from benchmarks.rows import Row, available_cores, make_rows
from benchmarks.settings import make_plan
from benchmarks.sources import TEXTS
from benchmarks.startup import StartUps, start_rows, starts
from benchmarks.texts import SHAPES
from benchmarks.typed import typed
from toklab.errors import ToklabError, UsageError
from toklab.files import check_writable

POSITIVE = click.FloatRange(min=0, min_open=True)
PARITY = "parity"
EPILOG = f"""
\b
Whether toklab's trainers equal the libraries', which is no matter of speed:
  python -m benchmarks {PARITY} --help

\b
A release candidate beside the stable release, in an environment of its own:
  python3 -m venv rc && rc/bin/pip install --pre tokenizers numpy
  python -m benchmarks --environment {RELEASE_CANDIDATE}=rc/bin/python
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.option("--full", is_flag=True, help="The whole matrix (hours); every option below still overrides it.")
@click.option(
    "--task", "tasks", type=click.Choice(TASKS), multiple=True, help="Repeatable; train and encode unless given."
)
@click.option("--texts", metavar="NAMES", help=f"Of {','.join(TEXTS)}; english unless given. Training reads the first.")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    metavar="[NAME=]PATH",
    help="A UTF-8 file or folder to take for a text, english unless named; else what this machine has. Repeatable.",
)
@click.option("--shapes", metavar="NAMES", help=f"Of {','.join(SHAPES)}: one document, or documents of 2 kB.")
@click.option("--size-mb", "sizes", type=POSITIVE, multiple=True, help="Repeatable: time by size; 10 unless given.")
@click.option(
    "--word-length", "lengths", type=click.IntRange(1000), multiple=True, help="Bytes of hostile words. Repeatable."
)
@click.option(
    "--vocab-size", "vocab_sizes", type=click.IntRange(1), multiple=True, help="Repeatable; 32000 unless given."
)
@click.option(
    "--threads", type=click.IntRange(1), multiple=True, help="For every library. Repeatable; all cores unless given."
)
@click.option("--contender", "names", multiple=True, metavar="NAME", help="Repeatable; all unless given.")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME=PYTHON",
    help=f"Another Python, for a library or for {RELEASE_CANDIDATE}: the release candidate of tokenizers. Repeatable.",
)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Rounds.")
@click.option(
    "--time-limit",
    type=POSITIVE,
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="For one run of one contender.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write benchmark.json, .csv, .md and .png."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def command(output: Path | None, as_json: bool, **options: Any) -> None:
    """Measure toklab and the libraries people use side by side: time and peak memory of training and encoding.

    Without options: BPE, WordPiece and Unigram, 10 MB of English, 32,000 pieces, all cores; some minutes. Results go to
    standard output, progress to standard error. Exit status: 0 done, 1 every contender failed, 2 wrong usage or
    bad input.
    """
    plan = make_plan(options, available_cores())
    check_names(plan.names, plan.tasks)
    if output is not None:
        check_writable(output)
    missing = left_out(plan.names, plan.tasks, plan.environments)
    for name, reason in missing.items():
        _say(f"left out: {name} ({reason})")
    with tempfile.TemporaryDirectory(prefix="toklab-benchmark-") as folder:
        texts = Texts(plan, Path(folder), _say)
        rows = _measure(plan, texts, Path(folder), missing)
    if not rows:
        raise UsageError("nothing to measure: no contender that was named is installed and loads our model")
    report = make_report(rows, texts.written, plan, missing, typed())
    _show(report, output, as_json)
    if all(row["error"] for row in rows):
        sys.exit(1)


def _measure(plan: Plan, texts: Texts, folder: Path, missing: dict[str, str]) -> list[Row]:
    """All rows; who turns out not to take part is added to ``missing``."""
    bench = Bench(plan, folder, _say)
    groups = make_groups(plan, texts)
    for series in in_series(groups):
        bench.measure(series)
    missing.update(bench.left_out)
    rows = make_rows(groups, plan)
    if STARTUP in plan.tasks:
        rows += start_rows(StartUps(plan, folder, _say).run(starts()), plan.threads[-1])
    return rows


def _show(report: dict[str, object], output: Path | None, as_json: bool) -> None:
    if output is not None:
        from benchmarks.files import write_files

        for path in write_files(report, output):
            _say(f"wrote {path}")
    if as_json:
        from benchmarks.files import to_json

        click.echo(to_json(report))
    else:
        from benchmarks.table import print_report

        print_report(report)


def _say(line: str) -> None:
    click.echo(line, err=True)


def main() -> None:
    """Run; every error that toklab knows is one line and exit status 2."""
    try:
        if sys.argv[1:2] == [PARITY]:
            from benchmarks.parity.command import command as parity

            parity(sys.argv[2:], prog_name=f"python -m benchmarks {PARITY}")
        command(prog_name="python -m benchmarks")
    except ToklabError as error:
        _say(f"benchmarks: error: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
