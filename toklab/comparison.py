"""Train every contender on the same documents, judge each on the same held-out text, and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from toklab.algorithms import check_vocab_size, get_algorithm
from toklab.contenders import resolve
from toklab.corpus import Corpus, open_corpus
from toklab.errors import ToklabError, UsageError
from toklab.measure import measure, measure_leads, measure_pairs
from toklab.metrics import Encoded, seen_words
from toklab.metrics.cost import ORDER
from toklab.metrics.length import token_lengths
from toklab.metrics.oov import oov_fates
from toklab.metrics.pairs import Cutting
from toklab.results import Report, Result
from toklab.retraining import prepared, probe_axis, raise_if_all_too_small
from toklab.sentences import with_sentences
from toklab.signature import render, toklab_version
from toklab.statistics import Bootstrap
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Contender, Tokenizer
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs

LEARNED_MB = 5  # of training text, that the metrics which learn from it learn from


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
    seen : the words of the training part
    learned : of the training part, what a language model of the tokens learns from
    """

    training: Corpus
    test: Corpus
    corpus: Corpus
    pretokenizer: str
    held_out: float
    seed: int
    bootstrap: Bootstrap
    seen: frozenset[str] = field(repr=False)
    learned: Corpus = field(repr=False)

    @property
    def facts(self) -> dict[str, str]:
        """The part of the signature that does not depend on the contender."""
        return {
            "corpus": f"{self.corpus.name}@{self.corpus.digest}",
            "heldout": f"{self.held_out:g}@seed{self.seed}",
            "words": "uax29",
            "ngram": f"kn{ORDER}@{LEARNED_MB}MB@seed{self.seed}",
            "bootstrap": f"{self.bootstrap.resamples}@seed{self.bootstrap.seed}",
        }

    @property
    def description(self) -> dict[str, str | int]:
        """The corpus and its two parts, as a report holds it."""
        return {
            "name": self.corpus.name,
            "digest": self.corpus.digest,
            "documents": len(self.corpus),
            "bytes": self.corpus.n_bytes,
            "train_documents": len(self.training),
            "train_bytes": self.training.n_bytes,
            "test_documents": len(self.test),
            "test_bytes": self.test.n_bytes,
        }

    def signature(self, sizes: Sequence[int], contenders: Sequence[Contender]) -> str:
        """The signature of all contenders together."""
        return render(shared_facts(sizes, self.pretokenizer, contenders, self.facts))


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
    sizes = check_sizes(vocab_size)
    chosen = resolve(contenders)
    setting = prepare(source, pretokenizer, documents, held_out, seed, resamples)
    entries = make_entries(chosen, sizes, pretokenizer)
    groups = [_jobs(entry, setting.training, probe) for entry in entries]
    fits = _fit(groups, limits, progress)
    raise_if_all_too_small([runs[0] for entry, runs in zip(entries, fits, strict=True) if entry.sized])
    results = [judge(entry, runs, setting) for entry, runs in zip(entries, fits, strict=True)]
    failed = [r.tokenizer for r in results if r.error]
    warnings = (f"failed: {', '.join(dict.fromkeys(failed))}",) if failed else ()
    pairs = measure_pairs(results, setting.bootstrap)
    leads = measure_leads(results, setting.bootstrap)
    signature = setting.signature(sizes, chosen)
    report = Report(tuple(results), signature, setting.description, warnings, pairs, leads)
    trained = [run if isinstance(run, ToklabError) else run.tokenizer for run, *_ in fits]
    return with_sentences(report, trained, setting.test.documents)


def check_sizes(vocab_size: int | Iterable[int]) -> tuple[int, ...]:
    """The distinct vocabulary sizes, in the order given.

    Raises
    ------
    UsageError
        No size, or one below 1.
    """
    asked = vocab_size if isinstance(vocab_size, Iterable) else [vocab_size]
    sizes = tuple(dict.fromkeys(check_vocab_size(size) for size in asked))
    if not sizes or min(sizes) < 1:
        raise UsageError("vocabulary sizes must be 1 or more, and there must be one")
    return sizes


def check_choices(pretokenizer: str, seed: int) -> None:
    """Refuse, before anything is read, what cannot be used.

    Raises
    ------
    UsageError
        A negative seed, or an unknown pattern.
    """
    from toklab.pretokenize import get_pretokenizer

    if seed < 0:
        raise UsageError(f"seed {seed} is negative; use 0 or more")
    get_pretokenizer(pretokenizer)


def prepare(
    source: str | Path | Corpus | Iterable[str] | None,
    pretokenizer: str,
    documents: str,
    held_out: float,
    seed: int,
    resamples: int,
) -> Setting:
    """Read and split the corpus; the arguments and the errors are those of `compare`."""
    check_choices(pretokenizer, seed)
    corpus = open_corpus(source, documents=documents)
    training, test = corpus.split(held_out, seed)
    bootstrap = Bootstrap(len(test), resamples, seed)
    learned = training.within(LEARNED_MB * 1_000_000, seed)
    seen = seen_words(training.documents)
    return Setting(training, test, corpus, pretokenizer, held_out, seed, bootstrap, seen, learned)


def make_entries(contenders: Sequence[Contender], sizes: Sequence[int], pretokenizer: str) -> list[Entry]:
    """Every contender at every size; those without a size of their own to choose, once."""
    entries = []
    for contender in contenders:
        sized = bool(getattr(get_algorithm(contender.algorithm), "sized", True))
        for size in sizes if sized else sizes[:1]:
            entries.append(Entry(prepared(contender, size, pretokenizer), size, sized))
    return entries


def _jobs(entry: Entry, training: Corpus, probe: bool) -> list[Job]:
    jobs = [first_job(entry, training)]
    if probe:
        jobs.append(Job(entry.contender, training, {"PYTHONHASHSEED": "1"}))
        jobs.append(Job(entry.contender, training.shuffled(1), {"PYTHONHASHSEED": "2"}))
    return jobs


def first_job(entry: Entry, training: Corpus) -> Job:
    """The training that is judged."""
    return Job(entry.contender, training, {"PYTHONHASHSEED": "0"})


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


def judge(
    entry: Entry, runs: Sequence[Fit | ToklabError], setting: Setting, metrics: Sequence[str] | None = None
) -> Result:
    """The figures of one contender.

    Parameters
    ----------
    runs : the training to judge, then those to hold against it
    metrics : names of the figures; None is all of them
    """
    first = runs[0]
    if isinstance(first, ToklabError):
        return Result(entry.contender.name, entry.vocab_size, entry.sized, error=str(first))
    tokenizer, test = first.tokenizer, setting.test.documents
    size = entry.vocab_size if entry.sized else len(tokenizer.vocab)
    try:
        encoded = encode(tokenizer, test, setting.seen, size, setting.learned.documents)
        cells = measure(encoded, setting.bootstrap, metrics)
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
        token_lengths=token_lengths(encoded),
        oov=oov_fates(encoded),
        determinism=verdict,
        seconds=first.seconds,
        peak_mb=first.peak_mb,
        warnings=warnings,
        signature=render({**tokenizer.signature, **setting.facts}),
        cutting=Cutting.of(encoded),
    )


def encode(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    seen: frozenset[str] | None = None,
    requested: int | None = None,
    learned: Sequence[str] | None = None,
) -> Encoded:
    """What the metrics see of a tokenizer: every text encoded once and decoded once.

    Parameters
    ----------
    seen, requested : words of its training text and the vocabulary size it was asked for, where these are known
    learned : texts of the training part, encoded where a metric asks for them
    """
    batch = tokenizer.encode_batch(texts, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(batch)))
    judge = getattr(tokenizer, "posterior", None)
    posterior = None if judge is None else judge(texts)
    training = None if learned is None else partial(tokenizer.encode_batch, learned)
    return Encoded(tokenizer.vocab, tuple(texts), batch, decoded, seen, requested, posterior, training)


def shared_facts(
    sizes: Sequence[int], pretokenizer: str, contenders: Sequence[Contender], facts: Mapping[str, str]
) -> dict[str, str]:
    """What the signature of all contenders together says, with the facts of the comparison in the middle."""
    libraries = [getattr(get_algorithm(c.algorithm), "library", "toklab") for c in contenders]
    others = "+".join(dict.fromkeys(name for name in libraries if name != "toklab"))
    return {
        "toklab": toklab_version(),
        "vocab": "+".join(map(str, sizes)),
        "pre": pretokenizer,
        **facts,
        **({"lib": others} if others else {}),
    }
