"""The command line: ``python -m benchmarks``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.contenders import ENCODE, TRAIN, check_names, left_out
from benchmarks.rounds import Plan, run_plan
from benchmarks.rows import available_cores, make_report
from benchmarks.texts import read_text
from toklab.errors import ToklabError, UsageError
from toklab.files import check_writable


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--task",
    type=click.Choice([TRAIN, ENCODE, "both"]),
    default="both",
    show_default=True,
    help="What to measure.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="A text file, or a folder of them; the standard library's sources unless given.",
)
@click.option("--documents", default="paragraph", show_default=True, help="Cut a file by paragraph, line or file.")
@click.option("--limit-mb", type=click.FloatRange(min=0, min_open=True), help="Use the first N MB only.")
@click.option(
    "--vocab-size", "vocab_sizes", type=click.IntRange(1), multiple=True, help="Repeatable; 32000 unless given."
)
@click.option("--contender", "names", multiple=True, metavar="NAME", help="Repeatable; all unless given.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Rounds.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=available_cores,
    show_default="all cores",
    help="For every library.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="For one run of one contender.",
)
@click.option("--cold", is_flag=True, help="Measure the compilation of kernels as well.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Write benchmark.json, .csv and .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def command(
    task: str,
    corpus: Path | None,
    documents: str,
    limit_mb: float | None,
    vocab_sizes: tuple[int, ...],
    names: tuple[str, ...],
    repeats: int,
    threads: int,
    time_limit: float,
    cold: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure toklab and the libraries people use side by side: time and peak memory of training and encoding.

    Results go to standard output, progress to standard error. Exit status: 0 done, 1 every contender failed,
    2 wrong usage or bad input.
    """
    tasks = (TRAIN, ENCODE) if task == "both" else (task,)
    sizes = tuple(dict.fromkeys(vocab_sizes)) or (32_000,)
    check_names(names, tasks)
    if output is not None:
        check_writable(output)
    text = read_text(corpus, documents)
    if limit_mb is not None:
        text = text.first(limit_mb)
    missing = left_out(names, tasks)
    for name, reason in missing.items():
        _say(f"left out: {name} ({reason})")
    plan = Plan(text, tasks, sizes, names, repeats, threads, time_limit, cold)
    measurements = run_plan(plan, _say)
    if not measurements:
        raise UsageError("nothing to measure: no contender that was named is installed")
    report = make_report(measurements, plan, missing)
    _show(report, output, as_json)
    if all(measurement.error for measurement in measurements):
        sys.exit(1)


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
        command(prog_name="python -m benchmarks")
    except ToklabError as error:
        _say(f"benchmarks: error: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
