"""Contenders after their training: what a comparison judges, on held-out text or on any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toklab.choosing import Named, resolve_all
from toklab.corpus import Corpus
from toklab.errors import ToklabError
from toklab.retraining import raise_if_all_too_small
from toklab.setting import Entry, Loading, Setting, check_sizes, first_job, make_entries, prepare, reading
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Contender, Pretrained
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs

Runs = list[Fit | ToklabError]


@dataclass(frozen=True)
class Trained:
    """Contenders with their trainings.

    Parameters
    ----------
    setting : the text and its parts
    sizes : vocabulary sizes that were asked for
    chosen, loaded : the trainers, and the models beside them
    runs : of every trainer at every size the training to judge, then those to hold against it
    said : what every model made of the text to judge on
    probed : trainers were trained more than once
    """

    setting: Setting
    sizes: tuple[int, ...]
    chosen: tuple[Contender, ...]
    loaded: tuple[Pretrained, ...]
    runs: tuple[Runs, ...]
    said: tuple[Fit | ToklabError, ...]
    probed: bool

    @property
    def entries(self) -> list[Entry]:
        """Every trainer at every size."""
        return make_entries(self.chosen, self.sizes, self.setting.pretokenizer)

    @property
    def models(self) -> list[Loading]:
        """Every model."""
        return _loadings(self.loaded, self.sizes)


def train_all(
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
    morphemes: str | Path | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train contenders, and ask models, for a comparison; parameters and errors are those of `toklab.compare`."""
    sizes = check_sizes(vocab_size)
    chosen, loaded = resolve_all(contenders)
    setting = prepare(source, pretokenizer, documents, held_out, seed, resamples, morphemes)
    entries = make_entries(chosen, sizes, pretokenizer)
    groups = [_jobs(entry, setting.training, probe) for entry in entries]
    groups += [[reading(model, setting.test, setting.learned)] for model in _loadings(loaded, sizes)]
    fits = _fit(groups, limits, progress)
    runs, said = fits[: len(entries)], [first for first, *_ in fits[len(entries) :]]
    raise_if_all_too_small([first for entry, (first, *_) in zip(entries, runs, strict=True) if entry.sized])
    return Trained(setting, sizes, chosen, loaded, tuple(runs), tuple(said), probe)


def _loadings(models: Iterable[Pretrained], sizes: Sequence[int]) -> list[Loading]:
    return [Loading(model, sizes[0]) for model in models]


def _jobs(entry: Entry, training: Corpus, probe: bool) -> list[Job]:
    jobs = [first_job(entry, training)]
    if probe:
        jobs.append(Job(entry.contender, training, {"PYTHONHASHSEED": "1"}))
        jobs.append(Job(entry.contender, training.shuffled(1), {"PYTHONHASHSEED": "2"}))
    return jobs


def _fit(groups: Sequence[Sequence[Job]], limits: Limits | None, progress: Progress | None) -> list[Runs]:
    # First runs come first, so that each kernel compiles once and the slowest contender is not left to the end.
    order = [(round_, group) for round_ in range(max(map(len, groups))) for group in range(len(groups))]
    order = [(round_, group) for round_, group in order if round_ < len(groups[group])]
    results = run_jobs([groups[group][round_] for round_, group in order], limits, progress)
    runs: list[Runs] = [[] for _ in groups]
    for (_, group), result in zip(order, results, strict=True):
        runs[group].append(result)
    return runs
