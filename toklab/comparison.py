"""Train every contender on the same documents, judge each on the same held-out text, and report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from toklab.choosing import Named, resolve_all
from toklab.corpus import Corpus
from toklab.errors import ToklabError, UsageError
from toklab.measure import measure_all, measure_leads, measure_pairs
from toklab.metrics import Encoded
from toklab.metrics.length import token_lengths
from toklab.metrics.lexicon import Lexicon, bundled_lexicon
from toklab.metrics.oov import oov_fates
from toklab.metrics.pairs import Cutting
from toklab.ranking import ranked
from toklab.results import Report, Result
from toklab.retraining import probe_axis, raise_if_all_too_small
from toklab.sentences import with_sentences
from toklab.setting import (
    Entry,
    Loading,
    Setting,
    check_sizes,
    first_job,
    make_entries,
    model_facts,
    prepare,
    reading,
)
from toklab.signature import render
from toklab.significance import METHOD
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Tokenizer
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs

RETRAININGS = 2  # of the probe


def compare(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[Named] | Named | None = None,
    *,
    vocab_size: int | Sequence[int] = DEFAULT_VOCAB_SIZE,
    pretokenizer: str = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    resamples: int = 1000,
    probe: bool = True,
    rank_pretrained: bool = False,
    morphemes: str | Path | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compare tokenizers on a corpus.

    Parameters
    ----------
    source : a path, texts, a ``Corpus``, or None for the bundled text
    contenders : names, or ``name:option=value``; None is the default set. Also models, which are not trained: paths
        and sources that `toklab.load` takes (see `toklab.choosing`), and tokenizers that are loaded already; these
        run in this process, without limits
    vocab_size : one size or several
    pretokenizer : the pattern for every contender that takes one
    held_out, seed : share of the documents kept back for judging, and the seed of the choice
    resamples : of the bootstrap behind each interval
    probe : train each contender twice more, with another hash seed and another order of documents
    rank_pretrained : rank models among the trained contenders, whatever the sizes of their vocabularies and whatever
        they were trained on
    morphemes : a file of words cut into morphemes, for the figures of morphology, see
        `toklab.metrics.lexicon.read_lexicon`; None is the lists that toklab brings along
    limits : time and memory of each training, and of each model
    progress : called with a name, how many trainings are done, and how many there are

    Returns
    -------
    Report : a contender that fails has an error in its place

    Raises
    ------
    UsageError
        An unknown contender, pattern or option; a vocabulary size too small for every contender; or models to rank
        at several sizes.
    InputError
        The text or the file of morphemes cannot be read.
    FormatError
        There is nothing at a path.
    """
    sizes = check_sizes(vocab_size)
    if rank_pretrained and len(sizes) > 1:
        raise UsageError("models can be ranked at one vocabulary size only; give one, or leave rank_pretrained out")
    chosen, loaded = resolve_all(contenders)
    setting = prepare(source, pretokenizer, documents, held_out, seed, resamples, morphemes)
    entries = make_entries(chosen, sizes, pretokenizer)
    models = [Loading(model, sizes[0]) for model in loaded]
    groups = [_jobs(entry, setting.training, probe) for entry in entries]
    groups += [[reading(model, setting.test, setting.learned)] for model in models]
    fits = _fit(groups, limits, progress)
    raise_if_all_too_small([runs[0] for entry, runs in zip(entries, fits, strict=False) if entry.sized])
    everyone: list[Entry | Loading] = [*entries, *models]
    judged = [judge(entry, runs, setting) for entry, runs in zip(everyone, fits, strict=True)]
    results = ranked([replace(result, ranked=result.pretrained and rank_pretrained) for result in judged])
    failed = [r.tokenizer for r in results if r.error]
    warnings = (f"failed: {', '.join(dict.fromkeys(failed))}",) if failed else ()
    pairs = measure_pairs(results, setting.bootstrap)
    models_used = model_facts([runs[0] for runs in fits[len(entries) :]])
    more = {"probe": str(RETRAININGS) if probe else "no", "ranks": METHOD + "+models" * rank_pretrained}
    signature = setting.signature(sizes, chosen, models_used, **more)
    report = Report(results, signature, setting.description, warnings, pairs, measure_leads(results))
    used = [run if isinstance(run, ToklabError) else run.tokenizer for run, *_ in fits]
    return with_sentences(report, used, setting.test.documents)


def _jobs(entry: Entry, training: Corpus, probe: bool) -> list[Job]:
    jobs = [first_job(entry, training)]
    if probe:
        jobs.append(Job(entry.contender, training, {"PYTHONHASHSEED": "1"}))
        jobs.append(Job(entry.contender, training.shuffled(1), {"PYTHONHASHSEED": "2"}))
    return jobs


def _fit(
    groups: Sequence[Sequence[Job]], limits: Limits | None, progress: Progress | None
) -> list[list[Fit | ToklabError]]:
    # First runs come first, so that each kernel compiles once and the slowest contender is not left to the end.
    rounds = range(max(map(len, groups)))
    order = [(round_, group) for round_ in rounds for group, jobs in enumerate(groups) if round_ < len(jobs)]
    results = run_jobs([groups[group][round_] for round_, group in order], limits, progress)
    fits: list[list[Fit | ToklabError]] = [[] for _ in groups]
    for (_, group), result in zip(order, results, strict=True):
        fits[group].append(result)
    return fits


def judge(
    entry: Entry | Loading, runs: Sequence[Fit | ToklabError], setting: Setting, metrics: Sequence[str] | None = None
) -> Result:
    """The figures of one contender.

    Parameters
    ----------
    entry : a training, or a model
    runs : the training to judge, then those to hold against it; or what the model was asked
    metrics : names of the figures; None is all of them
    """
    first, pretrained = runs[0], isinstance(entry, Loading)
    if isinstance(first, ToklabError):
        return Result(entry.contender.name, entry.vocab_size, entry.sized, error=str(first), pretrained=pretrained)
    tokenizer, test = first.tokenizer, setting.test.documents
    size = entry.vocab_size if entry.sized else len(tokenizer.vocab)
    try:
        encoded = encode(tokenizer, test, setting.seen, size, setting.learned.documents, setting.lexicon)
        cells, samples = measure_all(encoded, setting.bootstrap, metrics)
    except ToklabError as error:
        return Result(entry.contender.name, size, entry.sized, error=str(error), pretrained=pretrained)
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
        seconds=None if pretrained else first.seconds,
        peak_mb=None if pretrained else first.peak_mb,
        warnings=warnings,
        signature=render({**tokenizer.signature, **setting.facts}),
        cutting=Cutting.of(encoded),
        pretrained=pretrained,
        samples=samples,
    )


def encode(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    seen: frozenset[str] | None = None,
    requested: int | None = None,
    learned: Sequence[str] | None = None,
    lexicon: Lexicon | None = None,
) -> Encoded:
    """What the metrics see of a tokenizer: every text encoded once and decoded once.

    Parameters
    ----------
    seen, requested : words of its training text and the vocabulary size it was asked for, where these are known
    learned : texts of the training part, encoded where a metric asks for them
    lexicon : words whose morphemes are known; None is toklab's own
    """
    batch = tokenizer.encode_batch(texts, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(batch)))
    judge = getattr(tokenizer, "posterior", None)
    posterior = None if judge is None else judge(texts)
    training = None if learned is None else partial(tokenizer.encode_batch, learned)
    return Encoded(
        tokenizer.vocab,
        tuple(texts),
        batch,
        decoded,
        seen,
        requested,
        posterior,
        training,
        lexicon or bundled_lexicon(),
    )
