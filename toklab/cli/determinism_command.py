"""``toklab determinism``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toklab.cli.common import (
    SIZE,
    documents_option,
    files_argument,
    json_option,
    limit_options,
    one_line,
    pretokenizer_option,
    progress,
    read_corpus,
    tell_written,
    terminal_width,
    use_colour,
)

if TYPE_CHECKING:
    from toklab.corpus import Corpus
    from toklab.retraining import DeterminismReport
    from toklab.workshop import Limits

# What a lock holds, so that a check does not take it from the command line.
LOCKED = ("contenders", "vocab_size", "pretokenizer", "seed")
# What only retraining along the axes makes use of.
RETRAINED = ("axes", "runs", "resamples", "requirements", "output", "evidence")


@click.command("determinism")
@files_argument
@click.option("--tokenizer", "-t", "contenders", multiple=True, metavar="NAME", help="Contender, may be repeated.")
@click.option("--vocab-size", type=SIZE, default=2000, show_default=True)
@click.option(
    "--axis",
    "axes",
    multiple=True,
    metavar="AXIS",
    help="repeat, hash-seed, threads, document-order, chunking, duplication or tie-rule; may be repeated  "
    "[default: all].",
)
@click.option("--runs", type=int, default=3, show_default=True, help="Trainings per axis, the first included.")
@click.option(
    "--resamples",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Train on N bootstrap resamples and on growing prefixes too: how much of the vocabulary stays.",
)
@click.option(
    "--with",
    "requirements",
    multiple=True,
    metavar="LIBRARY==VERSION",
    help="Train with another version of a library too, installed with pip; may be repeated.",
)
@pretokenizer_option
@documents_option
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Of the choice of the texts whose encodings are compared, and of the resamples.",
)
@limit_options("For each training.", "For each training.")
@click.option("--lock", type=click.Path(path_type=Path), metavar="FILE", help="Train once and write fingerprints.")
@click.option(
    "--check",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Train what a lock holds; exit status 1 and the first difference where the two part.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write report.html, determinism.json and the pictures.",
)
@click.option("--evidence", is_flag=True, help="Show every retraining: pieces, ranks and tokens that moved.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    documents: str,
    as_json: bool,
    evidence: bool,
    **options: Any,
) -> None:
    """Train contenders again in fresh processes and show what moves: pieces, ids or encodings.

    Exit status 1: a trainer breaks what it claims, every training failed, or a check found a difference.
    """
    from toklab.workshop import Limits

    _check_options(context, options)
    limits = Limits(options.pop("time_limit"), options.pop("memory_limit"))
    corpus = read_corpus(files, documents)
    lock, check, output = (options.pop(name) for name in ("lock", "check", "output"))
    if lock:
        _lock(lock, corpus, options, limits)
        return
    report = _checked(check, corpus, limits) if check else _retrained(corpus, options, limits)
    if output:
        from toklab.page import write_page
        from toklab.report import write_determinism

        tell_written([*write_determinism(report, output), write_page(report, output / "report.html")])
    _show(report, as_json, evidence)
    _end(report, checked=check is not None)


def _check_options(context: click.Context, options: dict[str, Any]) -> None:
    """Options that a lock or a check would have to ignore are wrong usage."""
    left_out = (*RETRAINED[:4], "lock", *LOCKED) if options["check"] else RETRAINED if options["lock"] else ()
    for name in left_out:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            flag = next(param.opts[0] for param in context.command.params if param.name == name)
            used = "--check takes this from the lock" if name in LOCKED else "that goes with retraining only"
            raise click.UsageError(f"{flag} cannot be given with {'--check' if options['check'] else '--lock'}: {used}")


def _lock(path: Path, corpus: Corpus, options: dict[str, Any], limits: Limits) -> None:
    from toklab.retraining.lock import make_lock

    shared = {name: options[name] for name in ("vocab_size", "pretokenizer", "seed")}
    with progress("training") as show:
        lock = make_lock(corpus, list(options["contenders"]) or None, **shared, limits=limits, progress=show)
    lock.save(path)
    failed = [fingerprint for fingerprint in lock.fingerprints if fingerprint.error]
    click.echo(f"{one_line(str(path))}: fingerprints of {len(lock.fingerprints) - len(failed)} contenders")
    for fingerprint in failed:
        click.echo(f"error: {one_line(fingerprint.name)}: {one_line(str(fingerprint.error))}", err=True)
    if len(failed) == len(lock.fingerprints):
        sys.exit(1)


def _checked(path: Path, corpus: Corpus, limits: Limits) -> DeterminismReport:
    from toklab.retraining.lock import Lock, check_lock

    lock = Lock.load(path)
    with progress("training") as show:
        return check_lock(lock, corpus, limits=limits, progress=show)


def _retrained(corpus: Corpus, options: dict[str, Any], limits: Limits) -> DeterminismReport:
    from toklab.retraining import AXES, determinism

    options = {**options, "axes": options["axes"] or tuple(AXES), "contenders": list(options["contenders"]) or None}
    with progress("training") as show:
        return determinism(corpus, **options, limits=limits, progress=show)


def _show(report: DeterminismReport, as_json: bool, evidence: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from toklab.report import render_determinism

    click.echo(render_determinism(report, terminal_width(), use_colour(), evidence), nl=False)
    click.echo(f"\nsignature\n{one_line(report.signature)}")


def _end(report: DeterminismReport, checked: bool) -> None:
    for verdict in report.broken_claims:
        click.echo(f"error: {one_line(verdict.tokenizer)}: {one_line(str(verdict.broken))}", err=True)
    moved = checked and any(probe.verdict != "exact" for probe in report.probes)
    if moved or report.broken_claims or all(probe.error for probe in report.probes):
        sys.exit(1)
