"""Train every contender on the same documents, judge each on the same held-out text, and report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from toklab.choosing import Named
from toklab.corpus import Corpus
from toklab.errors import ToklabError, UsageError
from toklab.inspecting.reaching import count_unreachable
from toklab.measure import measure_all, measure_leads, measure_pairs
from toklab.metrics import Encoded
from toklab.metrics.length import token_lengths
from toklab.metrics.lexicon import Lexicon, bundled_lexicon
from toklab.metrics.oov import oov_fates
from toklab.metrics.pairs import Cutting
from toklab.ranking import ranked
from toklab.recording import Recorded
from toklab.results import Report, Result
from toklab.retraining import probe_axis
from toklab.sentences import with_sentences
from toklab.setting import Entry, Loading, Setting, check_sizes, model_facts, reading
from toklab.signature import render
from toklab.significance import METHOD
from toklab.trained import Trained, train_all
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Tokenizer
from toklab.workshop import Fit, Limits, Progress, run_jobs

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
    if rank_pretrained and len(check_sizes(vocab_size)) > 1:
        raise UsageError("models can be ranked at one vocabulary size only; give one, or leave rank_pretrained out")
    trained = train_all(
        source,
        contenders,
        vocab_size=vocab_size,
        pretokenizer=pretokenizer,
        documents=documents,
        held_out=held_out,
        seed=seed,
        resamples=resamples,
        probe=probe,
        morphemes=morphemes,
        limits=limits,
        progress=progress,
    )
    return judge_all(trained, rank_pretrained=rank_pretrained)


def judge_all(trained: Trained, *, rank_pretrained: bool = False, progress: Progress | None = None) -> Report:
    """The report on contenders that have been trained.

    Parameters
    ----------
    rank_pretrained : as for `compare`
    progress : called with a name, how many contenders have been judged, and how many there are
    """
    setting = trained.setting
    everyone: list[Entry | Loading] = [*trained.entries, *trained.models]
    judged = []
    for entry, runs in zip(everyone, (*trained.runs, *([fit] for fit in trained.said)), strict=True):
        judged.append(judge(entry, runs, setting))
        if progress is not None:
            progress(entry.contender.name, len(judged), len(everyone))
    results = ranked([replace(result, ranked=result.pretrained and rank_pretrained) for result in judged])
    failed = [r.tokenizer for r in results if r.error]
    warnings = (f"failed: {', '.join(dict.fromkeys(failed))}",) if failed else ()
    pairs = measure_pairs(results, setting.bootstrap)
    models_used = model_facts(trained.said)
    more = {"probe": str(RETRAININGS) if trained.probed else "no", "ranks": METHOD + "+models" * rank_pretrained}
    signature = setting.signature(trained.sizes, trained.chosen, models_used, **more)
    report = Report(results, signature, setting.description, warnings, pairs, measure_leads(results))
    used = [
        r if isinstance(r, ToklabError) else r.tokenizer for r in (*(runs[0] for runs in trained.runs), *trained.said)
    ]
    return with_sentences(report, used, setting.test.documents)


def judge_text(
    trained: Trained, text: Corpus, *, limits: Limits | None = None, progress: Progress | None = None
) -> Report:
    """The report on contenders that have been trained, judged on another text than the one that was held out.

    Words count as unseen where the training text does not hold them. Trainings are not held against each other again.

    Parameters
    ----------
    text : its documents are what the intervals are drawn over
    limits : time and memory of each model
    progress : called with a name, how many contenders have been judged, and how many there are
    """
    setting = trained.setting.judging(text)
    readings = [reading(model, text, setting.learned) for model in trained.models]
    asked = run_jobs(readings, limits, None) if readings else []
    runs = tuple(runs[:1] for runs in trained.runs)
    now = replace(trained, setting=setting, runs=runs, said=tuple(asked), probed=False)
    report = judge_all(now, progress=progress)
    if len(text) > 1:
        return report
    return replace(report, warnings=(*report.warnings, "the text is one document, so no figure has an interval"))


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
        learned, lexicon = setting.learned.documents, setting.lexicon
        encoded = encode(tokenizer, test, setting.seen, size, learned, lexicon, setting.characters)
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
    characters: frozenset[str] | None = None,
) -> Encoded:
    """What the metrics see of a tokenizer: every text encoded once and decoded once.

    Parameters
    ----------
    seen, requested : words of its training text and the vocabulary size it was asked for, where these are known
    learned : texts of the training part, encoded where a metric asks for them
    lexicon : words whose morphemes are known; None is toklab's own
    characters : those of its training text
    """
    batch = tokenizer.encode_batch(texts, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(batch)))
    judge = getattr(tokenizer, "posterior", None)
    posterior = None if judge is None else judge(texts)
    training = None if learned is None else partial(tokenizer.encode_batch, learned)
    used = frozenset(batch.ids.tolist())
    # what only tells what it made of some texts cannot be searched
    search = None if isinstance(tokenizer, Recorded) else partial(count_unreachable, tokenizer, texts, used)
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
        characters,
        search,
    )
