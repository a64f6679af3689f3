"""``toklab check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toklab.cli.common import (
    documents_option,
    engine_option,
    files_argument,
    interruptible,
    json_option,
    log_to_stderr,
    model_argument,
    one_line,
    pattern_option,
    read_corpus,
    terminal_width,
    use_colour,
)

if TYPE_CHECKING:
    from toklab.checking import Baseline, CheckReport


@click.command("check")
@model_argument
@files_argument
@click.option(
    "--baseline",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="What was measured before.",
)
@click.option("--write-baseline", is_flag=True, help="Measure MODEL and write FILE instead, or replace it.")
@click.option(
    "--max-drop",
    multiple=True,
    metavar="METRIC=AMOUNT",
    help="How much worse a metric may be: 0.01 in its unit, 0.5% of the baseline, or any; METRIC may be default. May "
    "be repeated; --write-baseline keeps it in FILE.  [default: 0]",
)
@click.option("--allow-id-drift", is_flag=True, help="Ids may move.")
@documents_option
@engine_option
@pattern_option
@json_option
def command(
    model: str,
    files: tuple[Path, ...],
    path: Path,
    write_baseline: bool,
    max_drop: tuple[str, ...],
    allow_id_drift: bool,
    documents: str,
    engine: str,
    pattern: str | None,
    as_json: bool,
) -> None:
    """Hold the saved tokenizer MODEL against a baseline on the same text: no figure may fall, no id may move.

    Exit status 1: a figure is worse than allowed, or ids moved; a table says which.
    """
    from toklab.checking import Baseline, check, make_baseline
    from toklab.checking.thresholds import parse_thresholds
    from toklab.loading import load

    if write_baseline and allow_id_drift:
        raise click.UsageError("--allow-id-drift goes with a check, not with --write-baseline")
    limits = parse_thresholds(max_drop)
    if write_baseline:
        with log_to_stderr():
            corpus, tokenizer = read_corpus(files, documents), load(model, engine=engine, pattern=pattern)
            made = interruptible(lambda: make_baseline(tokenizer, corpus, max_drop=limits))
        made.save(path)
        _show_written(made, path, as_json)
        return
    baseline = Baseline.load(path)
    with log_to_stderr():
        corpus, tokenizer = read_corpus(files, documents), load(model, engine=engine, pattern=pattern)
        report = interruptible(
            lambda: check(tokenizer, corpus, baseline=baseline, max_drop=limits, allow_id_drift=allow_id_drift)
        )
    _show(report, as_json)
    if not report.passed:
        sys.exit(1)


def _show_written(baseline: Baseline, path: Path, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        rows = [asdict(figure) for figure in baseline.figures]
        facts = {"schema": 1, "baseline": str(path), "signature": baseline.signature, "rows": rows}
        click.echo(json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False))
        return
    defined = sum(figure.value is not None for figure in baseline.figures)
    click.echo(
        f"{one_line(str(path))}: {defined} figures of {one_line(baseline.tokenizer)}, ids of "
        f"{len(baseline.documents):,} documents of {one_line(baseline.corpus)}"
    )


def _show(report: CheckReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from toklab.report.checks import render_check

    click.echo(render_check(report, terminal_width(), use_colour()), nl=False)
    click.echo(f"\nsignature\n{one_line(report.signature)}")
