"""``toklab encode``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from toklab.cli.common import (
    engine_option,
    given,
    json_option,
    model_argument,
    pattern_option,
    terminal_width,
    use_colour,
)

if TYPE_CHECKING:
    from toklab.algorithms.sampling import Sample
    from toklab.types import Encoding, Tokenizer, Vocab


@click.command("encode")
@model_argument
@click.argument("text", default="-")
@click.option("--show", is_flag=True, help="Show the tokens, coloured on a terminal, with their ids and bytes.")
@click.option(
    "--sample",
    "sampled",
    is_flag=True,
    help="Draw ways to cut TEXT (dropout, or Unigram's probabilities).",
)
@click.option(
    "--alpha",
    type=float,
    metavar="A",
    help="Dropout, or Unigram's exponent, 0 to 1.  [default: 0.1]",
)
@click.option("--seed", type=int, metavar="S", help="Seed of --sample.  [default: 0]")
@click.option("-n", "count", type=click.IntRange(min=1), metavar="K", help="Samples to draw.  [default: 1]")
@engine_option
@pattern_option
@json_option
def command(
    model: str,
    text: str,
    show: bool,
    sampled: bool,
    alpha: float | None,
    seed: int | None,
    count: int | None,
    engine: str,
    pattern: str | None,
    as_json: bool,
) -> None:
    """Encode TEXT (or standard input, with -) with a saved MODEL and print the ids.

    With --sample, one line for each sample; where the probability of a sample is known, its natural logarithm
    follows the ids, after a tab.
    """
    from toklab.errors import UsageError
    from toklab.loading import load

    told = given(**{"--alpha": alpha, "--seed": seed, "-n": count})
    if told and not sampled:
        raise UsageError(f"{' and '.join(told)} without --sample; add --sample to draw samples")
    tokenizer = load(model, engine=engine, pattern=pattern)
    if not sampled:
        source = read_text(text)
        encoding = tokenizer.encode(source)
        if as_json:
            _print_json(_facts(encoding, tokenizer.vocab))
        elif show:
            _show(encoding, tokenizer.vocab, len(source.encode("utf-8")))
        else:
            click.echo(_ids(encoding))
        return
    options = {"alpha": 0.1 if alpha is None else alpha, "seed": seed or 0}
    samples = _samples(tokenizer, read_text(text), count or 1, **options)
    if as_json:
        rows = [_facts(s.encoding, tokenizer.vocab) | {"log_probability": s.log_probability} for s in samples]
        _print_json({**options, "samples": rows})
        return
    for sample in samples:
        known = sample.log_probability is not None
        if show:
            from toklab.report.terminal import render_tokens

            click.echo(render_tokens(_surfaces(sample.encoding, tokenizer.vocab), use_colour()))
        click.echo(_ids(sample.encoding) + (f"\t{sample.log_probability:.6g}" if known else ""))


def _samples(tokenizer: Tokenizer, text: str, count: int, **options: Any) -> list[Sample]:
    """Samples of a tokenizer of ours.

    Raises
    ------
    UsageError
        The tokenizer is a library's.
    """
    from toklab.algorithms.pipeline import TrainedTokenizer
    from toklab.algorithms.sampling import SAMPLED
    from toklab.errors import UsageError

    if not isinstance(tokenizer, TrainedTokenizer):
        raise UsageError(f"{tokenizer.name} is run by its library; --sample works with {', '.join(SAMPLED)}")
    return tokenizer.sample(text, count, **options)


def _facts(encoding: Encoding, vocab: Vocab) -> dict[str, Any]:
    ids = encoding.ids.tolist()
    return {"ids": ids, "offsets": encoding.offsets.tolist(), "tokens": [str(vocab[i]) for i in ids]}


def _print_json(facts: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema": 1, **facts}, ensure_ascii=False, allow_nan=False))


def _ids(encoding: Encoding) -> str:
    return " ".join(map(str, encoding.ids.tolist()))


def _surfaces(encoding: Encoding, vocab: Vocab) -> list[bytes]:
    return [vocab[i].surface for i in encoding.ids.tolist()]


def _show(encoding: Encoding, vocab: Vocab, size: int) -> None:
    from toklab.report.terminal import render_encoding

    ids, offsets = encoding.ids.tolist(), encoding.offsets.tolist()
    pieces, width = _surfaces(encoding, vocab), terminal_width()
    click.echo(render_encoding(pieces, ids, offsets, size, width, use_colour()), nl=False)


def read_text(text: str) -> str:
    """The text itself, or standard input where it is ``-``.

    Raises
    ------
    InputError
        Standard input is not UTF-8.
    """
    from toklab.errors import InputError

    if text != "-":
        return text
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"standard input is not UTF-8: line {line}, byte offset {error.start}") from None
