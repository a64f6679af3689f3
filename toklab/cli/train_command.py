"""``toklab train``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toklab.cli.common import (
    SIZE,
    documents_option,
    files_argument,
    given,
    interruptible,
    json_option,
    log_to_stderr,
    one_line,
    pretokenizer_help,
    read_corpus,
    strict_option,
    use_colour,
)

if TYPE_CHECKING:
    from toklab.corpus import Corpus
    from toklab.types import Algorithm, Tokenizer

SAMPLE_CHARACTERS = 160
FORMATS = ("hf", "spm", "tiktoken", "vocab-txt", "vocab-json")
TRAINING_TEXT = "training text"


@click.command("train")
@files_argument
@click.option("--algo", required=True, metavar="NAME", help="Algorithm or baseline; see: toklab list.")
@click.option("--variant", metavar="V", help="Variant: hf for wordpiece and unigram, spm for bpe and unigram.")
@click.option(
    "--vocab-size", type=SIZE, default=2000, show_default=True, help="Pieces, alphabet and specials included."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to save to [default: ./ALGO-SIZE].",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="hf: tokenizer.json [default]; spm, tiktoken, vocab-txt, vocab-json: that format beside it.",
)
@click.option("--pretokenizer", "-p", metavar="NAME|REGEX", help=pretokenizer_help)
@click.option("--normalizer", metavar="NAME", help="none, bert, nmt_nfkc, nfkc, nmt_nfkc_cf or nfkc_cf.")
@documents_option
@click.option("--held-out", type=float, metavar="SHARE", help="Keep this share of the documents back and report on it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of held-out documents.")
@click.option("--special-token", "special_tokens", multiple=True, metavar="TEXT", help="May be repeated.")
@click.option("--min-frequency", type=int, metavar="N", help="A pair must occur this often to be merged.")
@click.option("--alphabet", metavar="NAME", help="bpe: byte or character.")
@click.option("--end-of-word-suffix", metavar="TEXT", help="bpe, character alphabet: usually </w>.")
@click.option("--byte-fallback", is_flag=True, help="bpe with characters, unigram: unseen characters become bytes.")
@click.option("--tie", metavar="RULE", help="bpe: lowest-ids, lexicographic-max or first-seen.")
@click.option("--max-piece-length", type=int, metavar="N", help="bpe, unigram: most bytes (or characters) of a piece.")
@click.option("--character-coverage", type=float, metavar="SHARE", help="Variant spm, spm-*: of the text, 0.98 to 1.")
@click.option("--split-digits", is_flag=True, help="Variant spm, spm-*: digits are in no piece of several characters.")
@click.option("--seed-size", type=int, metavar="N", help="unigram: most pieces to begin with.")
@click.option("--shrinking-factor", type=float, metavar="SHARE", help="unigram: pieces that stay in each pruning.")
@click.option("--sub-iterations", type=int, metavar="N", help="unigram: steps of EM before each pruning.")
@click.option("--threads", type=int, metavar="N", help="Threads to train with.")
@click.option("--library-threads", type=int, metavar="N", help="unigram, spm: threads of the library to follow [16].")
@click.option("--backend", metavar="NAME", help="auto, reference (readable) or fast (compiled); equal results.")
@strict_option
@json_option
def command(
    files: tuple[Path, ...],
    algo: str,
    vocab_size: int,
    output: Path | None,
    format_: str | None,
    documents: str,
    held_out: float | None,
    seed: int,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train one tokenizer on FILEs and save it as tokenizer.json.

    Trains on the whole of its input, unless --held-out keeps a part back.
    """
    from toklab.algorithms import get_algorithm
    from toklab.contenders import parse_contender
    from toklab.errors import UsageError
    from toklab.files import check_writable

    contender = parse_contender(algo)
    trainer = get_algorithm(contender.algorithm)
    _check_format(format_, algo, trainer)
    folder = output or Path(f"{algo.partition(':')[0]}-{vocab_size}")
    check_writable(folder)
    corpus = read_corpus(files, documents)
    training, judged = corpus.split(held_out, seed) if held_out is not None else (corpus, corpus)
    chosen = {**contender.options, **given(**options), "vocab_size": vocab_size}
    with log_to_stderr():
        tokenizer, seconds = _fit(contender.algorithm, training, chosen)
    warnings: tuple[str, ...] = tuple(getattr(tokenizer, "warnings", ()))
    obtained = len(tokenizer.vocab)
    if strict and getattr(trainer, "sized", True) and obtained != vocab_size:
        raise UsageError(f"{algo} obtained {obtained:,} pieces, not the {vocab_size:,} asked for (--strict)")
    facts = _facts(tokenizer, judged, held_out, seconds)
    files_too, told = _save_beside(tokenizer, folder, format_)
    saved = [tokenizer.save(folder), *files_too]
    warnings += told
    for warning in warnings:
        click.echo(f"toklab: warning: {one_line(warning)}", err=True)
    if as_json:
        paths = {"path": str(saved[0]), "paths": list(map(str, saved))}
        click.echo(json.dumps({"schema": 1, **facts, **paths, "warnings": list(warnings)}, indent=1))
        return
    _print(tokenizer, judged, facts, saved)


def _check_format(format_: str | None, algo: str, trainer: Algorithm) -> None:
    """Refuse a format before training that the algorithm's tokenizers are never saved in."""
    from toklab.errors import UsageError

    library = getattr(trainer, "library", "toklab")
    of_sentencepiece = library.startswith("sentencepiece")
    if format_ == "hf" and of_sentencepiece:
        raise UsageError(f"{algo} makes a SentencePiece model, which cannot be saved as tokenizer.json")
    if format_ == "spm" and not of_sentencepiece and library != "toklab":
        raise UsageError(f"{algo} makes a model of {library}, which cannot be saved for SentencePiece")


def _save_beside(tokenizer: Tokenizer, folder: Path, format_: str | None) -> tuple[list[Path], tuple[str, ...]]:
    """Save in the format that was asked for too; gives the files, and what a reader should know of them."""
    from toklab.algorithms.pipeline import TrainedTokenizer
    from toklab.converting import convert
    from toklab.formats.sentencepiece_model import caveats, save_sentencepiece_model

    if format_ in (None, "hf"):
        return [], ()
    if format_ != "spm":
        place = folder / f"{tokenizer.name}.tiktoken" if format_ == "tiktoken" else folder
        done = convert(tokenizer, str(format_), place)
        return list(done.files), done.warnings
    if not isinstance(tokenizer, TrainedTokenizer):
        return [], ()  # the library's own file is a .model
    return [save_sentencepiece_model(tokenizer, folder)], caveats(tokenizer)


def _fit(algorithm: str, corpus: Corpus, options: dict[str, Any]) -> tuple[Tokenizer, float]:
    """Train ours here; a library in a child process, which cannot take this one down with it.

    Gives the tokenizer and the seconds of training alone.
    """
    from toklab.algorithms import get_algorithm, make_spec
    from toklab.types import Contender
    from toklab.workshop import Job, Limits, Workshop

    trainer = get_algorithm(algorithm)
    spec = make_spec(trainer, options)
    if getattr(trainer, "library", "toklab") == "toklab":
        started = time.perf_counter()
        tokenizer = interruptible(lambda: trainer.fit(corpus, spec))
        return tokenizer, time.perf_counter() - started
    with Workshop(Limits(seconds=24 * 3600, memory_mb=1_000_000)) as workshop:
        fit = workshop.fit(Job(Contender(algorithm, options), corpus))
    return fit.tokenizer, fit.seconds


def _facts(tokenizer: Tokenizer, judged: Corpus, held_out: float | None, seconds: float) -> dict[str, Any]:
    from toklab.signature import render

    tokens = len(tokenizer.encode_batch(judged.documents).ids)
    described = {**tokenizer.signature, "corpus": f"{judged.name}@{judged.digest}"}
    return {
        "tokenizer": tokenizer.name,
        "vocab_size": len(tokenizer.vocab),
        "bytes_per_token": judged.n_bytes / tokens if tokens else None,
        "judged_on": TRAINING_TEXT if held_out is None else f"held-out text ({held_out:g} of the documents)",
        "seconds": seconds,
        "signature": render(described),
    }


def _print(tokenizer: Tokenizer, judged: Corpus, facts: dict[str, Any], saved: list[Path]) -> None:
    from toklab.report.terminal import render_tokens

    ratio = facts["bytes_per_token"]
    click.echo(f"{tokenizer.name}: {facts['vocab_size']:,} pieces, trained in {facts['seconds']:.2f} s")
    place = f"its {TRAINING_TEXT}" if facts["judged_on"] == TRAINING_TEXT else facts["judged_on"]
    click.echo(f"bytes per token: {'–' if ratio is None else f'{ratio:.3f}'} on {place}")
    for path in saved:
        click.echo(f"saved: {one_line(str(path))}")
    click.echo(f"signature: {one_line(facts['signature'])}")
    text = " ".join(judged.documents[0].split())[:SAMPLE_CHARACTERS]
    encoding = tokenizer.encode(text)
    raw = text.encode("utf-8")
    click.echo(render_tokens([raw[a:b] for a, b in encoding.offsets.tolist()], use_colour()))
