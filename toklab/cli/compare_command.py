"""``toklab compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from toklab.cli.common import (
    files_argument,
    held_out_option,
    limit_options,
    probe_option,
    progress,
    read_corpus,
    seed_option,
    strict_option,
    tell_written,
    training_options,
)
from toklab.cli.parallel import check_parallel, compare_parallel, parallel_options
from toklab.cli.showing import check_format, format_options, show_report


@click.command("compare")
@files_argument
@click.option(
    "--tokenizer",
    "-t",
    "contenders",
    multiple=True,
    metavar="NAME|MODEL",
    help="Contender, may be repeated: NAME or NAME:option=value to train; a path, hf:owner/name or tiktoken:name to "
    "load. LABEL= in front of either gives it another name.",
)
@training_options
@held_out_option
@seed_option
@probe_option
@click.option("--rank-pretrained", is_flag=True, help="Rank models among the trained, whatever their sizes.")
@click.option(
    "--morphemes",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Words cut into morphemes to judge by: WORD, a tab, its morphemes with spaces  [default: toklab's own].",
)
@limit_options("For each training.", "For each training.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write report.html, .json, .csv, .parquet, .md, pairs.csv, .parquet, plots and models; "
    "with --parallel report.html, languages.json, .csv and plots.",
)
@parallel_options
@strict_option
@format_options("Print markdown, latex, csv, json or parquet instead of the table.")
@click.pass_context
def command(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    contenders: tuple[str, ...],
    vocab_sizes: tuple[int, ...],
    pretokenizer: str,
    documents: str,
    held_out: float,
    seed: int,
    probe: bool,
    rank_pretrained: bool,
    morphemes: Path | None,
    time_limit: float,
    memory_limit: int,
    output: Path | None,
    format_: str | None,
    metrics: tuple[str, ...],
    pairs: bool,
    strict: bool,
    as_json: bool,
    parallel: Path | None,
    **languages: Any,
) -> None:
    """Train contenders on the same documents and judge them on held-out text.

    Every contender gets the same documents, the same pre-tokenizer where it takes one, and exactly the same
    vocabulary size; each is trained in its own process. Models are judged beside them, as they are. With --parallel,
    what is compared is the cost of the same text in different languages.
    """
    from toklab.comparison import compare
    from toklab.errors import UsageError
    from toklab.files import check_writable
    from toklab.training import DEFAULT_VOCAB_SIZE
    from toklab.workshop import Limits

    check_parallel(context)
    chosen = check_format(format_, metrics, pairs, as_json)
    if output is not None:
        check_writable(output)
    limits = Limits(time_limit, memory_limit)
    if parallel is not None:
        compare_parallel(
            parallel,
            output,
            as_json,
            contenders=list(contenders) or None,
            vocab_size=vocab_sizes or DEFAULT_VOCAB_SIZE,
            pretokenizer=pretokenizer,
            documents=documents,
            held_out=held_out,
            seed=seed,
            limits=limits,
            **languages,
        )
        return
    corpus = read_corpus(files, documents)
    with progress("training") as show:
        report = compare(
            corpus,
            list(contenders) or None,
            vocab_size=vocab_sizes or DEFAULT_VOCAB_SIZE,
            pretokenizer=pretokenizer,
            held_out=held_out,
            seed=seed,
            probe=probe,
            rank_pretrained=rank_pretrained,
            morphemes=morphemes,
            limits=limits,
            progress=show,
        )
    if strict:
        short = [
            r.tokenizer for r in report.results if r.sized and r.cells and r["vocab_obtained"].value != r.vocab_size
        ]
        if short:
            raise UsageError(f"these did not reach the vocabulary size (--strict): {', '.join(dict.fromkeys(short))}")
    if output is not None:
        from toklab.choosing import resolve_all
        from toklab.page import Findings, write_page
        from toklab.report.files import write_report
        from toklab.report.models import load_models, save_models
        from toklab.report.plots import write_plots

        report = save_models(report, output, resolve_all(list(contenders) or None)[1])
        page = write_page(Findings(report, models=load_models(report, output)), output / "report.html")
        tell_written([*write_report(report, output), *write_plots(report, output), page])
    show_report(report, chosen, metrics, pairs)
    if all(result.error for result in report.results):
        sys.exit(1)
