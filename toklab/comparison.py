"""Train every contender on the same documents, judge each on the same held-out text, and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toklab.algorithms import check_vocab_size, get_algorithm
from toklab.contenders import resolve
from toklab.corpus import Corpus, open_corpus
from toklab.errors import ToklabError, UsageError
from toklab.measure import measure
from toklab.metrics import Encoded, seen_words
from toklab.results import Report, Result
from toklab.retraining import prepared, probe_axis, raise_if_all_too_small
from toklab.signature import render, toklab_version
from toklab.statistics import Bootstrap
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Contender, Tokenizer
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs


@dataclass(frozen=True)
class Entry:
    """One training of the comparison: the contender with all its options, at one vocabulary size."""

    contender: Contender
    vocab_size: int
    sized: bool


@dataclass(frozen=True)
class Setting:
    """What all contenders share.

    Parameters
    ----------
    training, test : the two parts of the corpus
    corpus : the whole
    pretokenizer : given to every contender that takes one
    held_out, seed : how the corpus was split
    """

    training: Corpus
    test: Corpus
    corpus: Corpus
    pretokenizer: str
    held_out: float
    seed: int
    bootstrap: Bootstrap
    seen: frozenset[str] = field(repr=False)

    @property
    def facts(self) -> dict[str, str]:
        """The part of the signature that does not depend on the contender."""
        return {
            "corpus": f"{self.corpus.name}@{self.corpus.digest}",
            "heldout": f"{self.held_out:g}@seed{self.seed}",
            "words": "uax29",
            "bootstrap": f"{self.bootstrap.resamples}@seed{self.bootstrap.seed}",
        }


def compare(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[str | Contender] | str | None = None,
    *,
    vocab_size: int | Sequence[int] = DEFAULT_VOCAB_SIZE,
    pretokenizer: str = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    resamples: int = 1000,
    probe: bool = True,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compare tokenizers on a corpus.

    Parameters
    ----------
    source : a path, texts, a ``Corpus``, or None for the bundled text
    contenders : names, or ``name:option=value``; None is the default set
    vocab_size : one size or several
    pretokenizer : the pattern for every contender that takes one
    held_out, seed : share of the documents kept back for judging, and the seed of the choice
    resamples : of the bootstrap behind each interval
    probe : train each contender twice more, with another hash seed and another order of documents
    limits : time and memory of each training
    progress : called with a name, how many trainings are done, and how many there are

    Returns
    -------
    Report : a contender that fails has an error in its place

    Raises
    ------
    UsageError
        An unknown contender, pattern or option; or a vocabulary size too small for every contender.
    InputError
        The text cannot be read.
    """
    sizes = check_choices(vocab_size, pretokenizer, seed)
    chosen = resolve(contenders)
    corpus = open_corpus(source, documents=documents)
    training, test = corpus.split(held_out, seed)
    setting = Setting(
        training,
        test,
        corpus,
        pretokenizer,
        held_out,
        seed,
        Bootstrap(len(test), resamples, seed),
        seen_words(training.documents),
    )
    entries = entries_of(chosen, sizes, pretokenizer)
    groups = [_jobs(entry, training, probe) for entry in entries]
    fits = _fit(groups, limits, progress)
    raise_if_all_too_small([runs[0] for entry, runs in zip(entries, fits, strict=True) if entry.sized])
    results = [judge(entry, runs, setting) for entry, runs in zip(entries, fits, strict=True)]
    return _report(results, setting, sizes, chosen)


def check_choices(vocab_size: int | Iterable[int], pretokenizer: str, seed: int) -> tuple[int, ...]:
    """The distinct vocabulary sizes, in the order given.

    Raises
    ------
    UsageError
        No size, one below 1, a negative seed, or an unknown pattern.
    """
    from toklab.pretokenize import get_pretokenizer

    asked = vocab_size if isinstance(vocab_size, Iterable) else [vocab_size]
    sizes = tuple(dict.fromkeys(check_vocab_size(size) for size in asked))
    if not sizes or min(sizes) < 1:
        raise UsageError("vocabulary sizes must be 1 or more, and there must be one")
    if seed < 0:
        raise UsageError(f"seed {seed} is negative; use 0 or more")
    get_pretokenizer(pretokenizer)
    return sizes


def entries_of(contenders: Sequence[Contender], sizes: Sequence[int], pretokenizer: str) -> list[Entry]:
    """Every contender at every size; those without a size of their own to choose, once."""
    entries = []
    for contender in contenders:
        sized = bool(getattr(get_algorithm(contender.algorithm), "sized", True))
        for size in sizes if sized else sizes[:1]:
            entries.append(Entry(prepared(contender, size, pretokenizer), size, sized))
    return entries


def _jobs(entry: Entry, training: Corpus, probe: bool) -> list[Job]:
    jobs = [Job(entry.contender, training, {"PYTHONHASHSEED": "0"})]
    if probe:
        jobs.append(Job(entry.contender, training, {"PYTHONHASHSEED": "1"}))
        jobs.append(Job(entry.contender, training.shuffled(1), {"PYTHONHASHSEED": "2"}))
    return jobs


def _fit(
    groups: Sequence[Sequence[Job]], limits: Limits | None, progress: Progress | None
) -> list[list[Fit | ToklabError]]:
    # First runs come first, so that each kernel compiles once and the slowest contender is not left to the end.
    order = [(round_, group) for round_ in range(max(map(len, groups))) for group in range(len(groups))]
    jobs = [groups[group][round_] for round_, group in order]
    results = run_jobs(jobs, limits, progress)
    fits: list[list[Fit | ToklabError]] = [[] for _ in groups]
    for (_, group), result in zip(order, results, strict=True):
        fits[group].append(result)
    return fits


def judge(entry: Entry, runs: Sequence[Fit | ToklabError], setting: Setting) -> Result:
    """The figures of one contender."""
    first = runs[0]
    if isinstance(first, ToklabError):
        return Result(entry.contender.name, entry.vocab_size, entry.sized, error=str(first))
    tokenizer, test = first.tokenizer, setting.test.documents
    size = entry.vocab_size if entry.sized else len(tokenizer.vocab)
    try:
        encoded = encode(tokenizer, test, setting.seen, size)
        cells = measure(encoded, setting.bootstrap)
    except ToklabError as error:
        return Result(entry.contender.name, size, entry.sized, error=str(error))
    verdict = None
    warnings = tuple(getattr(tokenizer, "warnings", ()))
    if len(runs) > 1:
        probe = probe_axis(entry.contender.name, "retrain", first, runs[1:], test, encoded.batch)
        verdict = probe.verdict
        if probe.first_difference:
            warnings += (f"trained again, it differs: {probe.first_difference}",)
    return Result(
        tokenizer=entry.contender.name,
        vocab_size=size,
        sized=entry.sized,
        cells=cells,
        lengths=encoded.lengths,
        frequencies=encoded.frequencies,
        determinism=verdict,
        seconds=first.seconds,
        peak_mb=first.peak_mb,
        warnings=warnings,
        signature=render({**tokenizer.signature, **setting.facts}),
    )


def encode(tokenizer: Tokenizer, texts: Sequence[str], seen: frozenset[str], requested: int) -> Encoded:
    """What the metrics see of a tokenizer: every text encoded once and decoded once."""
    batch = tokenizer.encode_batch(texts, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(batch)))
    judge = getattr(tokenizer, "posterior", None)
    posterior = None if judge is None else judge(texts)
    return Encoded(tokenizer.vocab, tuple(texts), batch, decoded, seen, requested, posterior)


def shared_facts(
    sizes: Sequence[int], pretokenizer: str, contenders: Sequence[Contender], facts: Mapping[str, str]
) -> dict[str, str]:
    """What the signature of a comparison as a whole says, its own facts in the middle."""
    libraries = [getattr(get_algorithm(c.algorithm), "library", "toklab") for c in contenders]
    others = "+".join(dict.fromkeys(name for name in libraries if name != "toklab"))
    return {
        "toklab": toklab_version(),
        "vocab": "+".join(map(str, sizes)),
        "pre": pretokenizer,
        **facts,
        **({"lib": others} if others else {}),
    }


def _report(
    results: Sequence[Result], setting: Setting, sizes: Sequence[int], contenders: Sequence[Contender]
) -> Report:
    facts = shared_facts(sizes, setting.pretokenizer, contenders, setting.facts)
    corpus = {
        "name": setting.corpus.name,
        "digest": setting.corpus.digest,
        "documents": len(setting.corpus),
        "bytes": setting.corpus.n_bytes,
        "train_documents": len(setting.training),
        "train_bytes": setting.training.n_bytes,
        "test_documents": len(setting.test),
        "test_bytes": setting.test.n_bytes,
    }
    failed = [r.tokenizer for r in results if r.error]
    warnings = (f"failed: {', '.join(dict.fromkeys(failed))}",) if failed else ()
    return Report(tuple(results), render(facts), corpus, warnings)
