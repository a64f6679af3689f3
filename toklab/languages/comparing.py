"""Train every contender on one or many languages, judge each on the same lines of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toklab.choosing import Named, resolve_all
from toklab.corpus import Corpus, open_corpus
from toklab.errors import InputError, UnknownNameError, UsageError
from toklab.languages.findings import LanguageReport
from toklab.languages.judging import Judge, LanguageFits
from toklab.languages.parallel import ParallelText, read_lines, read_parallel
from toklab.languages.scripts import script_of
from toklab.languages.training_text import joint
from toklab.retraining import raise_if_all_too_small
from toklab.setting import (
    Entry,
    Loading,
    check_choices,
    check_sizes,
    first_job,
    make_entries,
    model_facts,
    reading,
    shared_facts,
)
from toklab.signature import number, render, words_fact
from toklab.statistics import Bootstrap
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.workshop import Limits, Progress, run_jobs

JOINT, MONOLINGUAL = "joint", "monolingual"
FEW_LINES = 30  # an interval over fewer lines is a rough one


@dataclass(frozen=True)
class TrainingText:
    """What to train on.

    Parameters
    ----------
    name : how the report and the signature call it
    shared : what one tokenizer for all languages is trained on; None where each language has its own
    parts : what each language contributes; empty for a text that is not kept by language
    """

    name: str
    shared: Corpus | None
    parts: Mapping[str, Corpus]

    def corpora(self) -> list[Corpus]:
        """The text of each training of one contender."""
        return list(self.parts.values()) if self.shared is None else [self.shared]


def compare_languages(
    source: str | Path | Mapping[str, Sequence[str]],
    contenders: Sequence[Named] | Named | None = None,
    *,
    reference: str = "en",
    train: str | Path | Corpus | Iterable[str | Path] = JOINT,
    temperature: float = 1.0,
    vocab_size: int | Sequence[int] = DEFAULT_VOCAB_SIZE,
    pretokenizer: str = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    resamples: int = 1000,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> LanguageReport:
    """Compare what tokenizers cost in different languages, on text that says the same in all of them.

    Premiums after Petrov et al. (2023), "Language Model Tokenizers Introduce Unfairness Between Languages".

    Parameters
    ----------
    source : a folder with a file NAME.txt for each language, line by line the same; or lines by language
    contenders : names, ``name:option=value``, or models, as for `compare`; None is the default set
    reference : the language to which premiums are
    train : ``"joint"``, one training on the lines of all languages; ``"monolingual"``, one for each language, all
        of the same size and each judged on its own language; a folder with a file NAME.txt for each language, of any
        number of lines, to train on together (languages without one are judged all the same); anything else is a
        text of its own, as for `compare`
    temperature : τ of a joint training: languages are sampled in proportion to their share of the bytes to the
        power 1 / τ; 1 takes all lines once, ``float("inf")`` gives equal shares
    vocab_size : one size or several
    documents : how files of a training text of its own are cut
    held_out, seed : share of the lines to judge on, the same lines in every language; the seed of their choice, of
        the sampling and of the bootstrap
    resamples : of the bootstrap over lines behind each interval
    limits : time and memory of each training
    progress : called with a name, how many trainings are done, and how many there are

    Returns
    -------
    LanguageReport : a contender that fails has an error in its place

    Raises
    ------
    UsageError
        An unknown contender, pattern, option or reference language; a temperature that is not above 0, or one
        for a training that is not joint; or a vocabulary size too small for every contender.
    InputError
        The text cannot be read, or is not parallel.
    """
    sizes = check_sizes(vocab_size)
    check_choices(pretokenizer, seed)
    chosen, loaded = resolve_all(contenders)
    text = read_parallel(source)
    if reference not in text.texts:
        raise UnknownNameError("reference language", reference, text.languages)
    kept, test = text.split(held_out, seed)
    training = _training_text(kept, train, temperature, seed, documents)
    entries = make_entries(chosen, sizes, pretokenizer)
    models = [Loading(model, sizes[0]) for model in loaded]
    fits = _fit(entries, models, training, test, limits, progress)
    asked = [next(iter(serving.values())) for serving in fits[len(entries) :]]
    facts = {
        "corpus": f"{text.name}@{text.digest}",
        "heldout": f"{number(held_out)}@seed{seed}",
        "train": training.name,
        **({"temperature": number(temperature)} if training.shared and training.parts else {}),
        "reference": reference,
        "words": words_fact(),
        "bootstrap": f"{resamples}@seed{seed}",
    }
    judge = Judge(
        reference,
        {language: script_of(lines.documents) for language, lines in text.texts.items()},
        test,
        Bootstrap(test.n_lines, resamples, seed),
        facts,
    )
    return LanguageReport(
        judge([*entries, *models], fits),
        reference,
        training.name,
        temperature,
        {language: {"lines": len(part), "bytes": part.n_bytes} for language, part in training.parts.items()},
        render(shared_facts(sizes, pretokenizer, chosen, facts, model_facts(asked))),
        _corpus(text, kept, test),
        _warnings(text, test, training),
    )


def _training_text(
    kept: ParallelText,
    train: str | Path | Corpus | Iterable[str | Path],
    temperature: float,
    seed: int,
    documents: str,
) -> TrainingText:
    folder = Path(train) if isinstance(train, str | Path) and train not in (JOINT, MONOLINGUAL) else None
    if train == JOINT:
        return _together(JOINT, kept.name, joint(kept.texts, temperature, seed))
    if folder is not None and folder.is_dir():
        found = {
            language: Corpus(language, tuple(filter(str.strip, lines)))
            for language, lines in read_lines(folder).items()
        }
        texts = {language: text for language, text in found.items() if len(text)}
        if not texts:
            raise InputError(f"{folder} holds no file NAME.txt with text to train on")
        digest = ParallelText(folder.name, texts).digest
        return _together(f"{folder.resolve().name}@{digest}", folder.name, joint(texts, temperature, seed))
    if temperature != 1:
        raise UsageError("a temperature goes with joint training only; leave it at 1")
    if train == MONOLINGUAL:
        return TrainingText(MONOLINGUAL, None, kept.texts)
    own = open_corpus(train, documents=documents)
    return TrainingText(f"{own.name}@{own.digest}", own, {})


def _together(label: str, name: str, parts: Mapping[str, Corpus]) -> TrainingText:
    """The lines of all languages as one text."""
    return TrainingText(label, Corpus(name, tuple(line for part in parts.values() for line in part.documents)), parts)


def _fit(
    entries: Sequence[Entry],
    models: Sequence[Loading],
    training: TrainingText,
    test: ParallelText,
    limits: Limits | None,
    progress: Progress | None,
) -> list[LanguageFits]:
    """For each entry the training that serves each language, and for each model what it says of all of them."""
    corpora = training.corpora()
    # First all contenders on one text, so that each kernel compiles once.
    jobs = [first_job(entry, corpus) for corpus in corpora for entry in entries]
    lines = Corpus("lines", tuple(dict.fromkeys(line for part in test.texts.values() for line in part.documents)))
    results = run_jobs([*jobs, *(reading(model, lines) for model in models)], limits, progress)
    own = [results[place : len(jobs) : len(entries)] for place in range(len(entries))]
    raise_if_all_too_small([fit for entry, fits in zip(entries, own, strict=True) if entry.sized for fit in fits])
    own += [[result] for result in results[len(jobs) :]]
    languages = test.languages
    return [dict(zip(languages, fits if len(fits) > 1 else fits * len(languages), strict=True)) for fits in own]


def _corpus(text: ParallelText, kept: ParallelText, test: ParallelText) -> dict[str, str | int]:
    return {
        "name": text.name,
        "digest": text.digest,
        "languages": len(text.languages),
        "lines": text.n_lines,
        "bytes": text.n_bytes,
        "left_out_lines": text.left_out,
        "train_lines": kept.n_lines,
        "train_bytes": kept.n_bytes,
        "test_lines": test.n_lines,
        "test_bytes": test.n_bytes,
    }


def _warnings(text: ParallelText, test: ParallelText, training: TrainingText) -> tuple[str, ...]:
    found = []
    if text.left_out:
        found.append(f"{text.left_out:,} line(s) left out of all languages, blank in at least one of them")
    if test.n_lines < FEW_LINES:
        found.append(
            f"{test.n_lines} held-out line(s) make rough intervals; hold out a larger share, or give more text"
        )
    seen = _seen_in_training(test, training)
    if seen:
        found.append(f"{seen:,} held-out line(s) stand in the training text as well, so figures may flatter")
    return tuple(found)


def _seen_in_training(test: ParallelText, training: TrainingText) -> int:
    """How many held-out lines, of all languages, are lines of the training text too."""
    held = {line.strip() for lines in test.texts.values() for line in lines.documents}
    seen = {line.strip() for corpus in training.corpora() for text in corpus.documents for line in text.split("\n")}
    return len(held & seen)
