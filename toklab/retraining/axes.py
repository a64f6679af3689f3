"""What can be varied between two trainings, one thing at a time; each training has a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toklab.algorithms import get_algorithm
from toklab.backend import search_path
from toklab.corpus import Corpus
from toklab.types import Contender
from toklab.workshop import Job

THREADS = (1, 2, 4, 16)
# Bytes that are counted at a time along the axis ``chunking``; ordinarily all up to 16 MB.
BLOCK = 4_096
PLAIN: Mapping[str, str] = {"PYTHONHASHSEED": "0"}


@dataclass(frozen=True)
class Variation:
    """One training beside the first: what is another, in words, and the job."""

    label: str
    job: Job


@dataclass(frozen=True)
class Axis:
    """One thing that is varied while all else is kept.

    Parameters
    ----------
    name : in tables and on the command line
    what : what is varied, in words
    graded : a deterministic trainer is the same along it; the others tell how much a choice matters
    claimed : a trainer that promises the same of the same documents promises it along this axis
    vary : the trainings beside the first, from the contender, the corpus and the number of runs
    """

    name: str
    what: str
    graded: bool
    claimed: bool
    vary: Callable[[Contender, Corpus, int], list[Variation]]


def _repeat(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    return [Variation(f"run {run}", Job(contender, corpus, PLAIN)) for run in range(2, runs + 1)]


def _hash_seed(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    seeds = [{"PYTHONHASHSEED": str(seed)} for seed in range(1, runs)]
    return [Variation(f"PYTHONHASHSEED={seed['PYTHONHASHSEED']}", Job(contender, corpus, seed)) for seed in seeds]


def _threads(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    """The library's threads: Hugging Face takes them from RAYON_NUM_THREADS."""
    found = []
    for count in THREADS:
        variables = {**PLAIN, "RAYON_NUM_THREADS": str(count), "TOKENIZERS_PARALLELISM": "true"}
        label = f"{count} thread{'s' * (count > 1)}"
        found.append(Variation(label, Job(with_options(contender, threads=count), corpus, variables)))
    return found


def _document_order(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    return [Variation(f"shuffle {seed}", Job(contender, corpus.shuffled(seed), PLAIN)) for seed in range(1, runs)]


def _duplication(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    twice = Corpus(corpus.name, tuple(corpus.documents) * 2)
    return [Variation("every document twice", Job(contender, twice, PLAIN))]


def _chunking(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    blocks = {**PLAIN, "TOKLAB_STRETCH": str(BLOCK)}
    return [
        Variation("documents read from one file", Job(contender, corpus, PLAIN, as_file=True)),
        Variation("counted in blocks of 4 kB", Job(contender, corpus, blocks)),
    ]


def _tie_rule(contender: Contender, corpus: Corpus, runs: int) -> list[Variation]:
    """The rules that the algorithm has; none for an algorithm, or a variant, with a single one."""
    rules: Sequence[str] = getattr(get_algorithm(contender.algorithm), "tie_rules", ())
    if contender.options.get("variant", "canonical") != "canonical":
        return []
    used = contender.options.get("tie", rules[0] if rules else None)
    return [
        Variation(f"tie={rule}", Job(with_options(contender, tie=rule), corpus, PLAIN))
        for rule in rules
        if rule != used
    ]


AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis("repeat", "nothing", graded=True, claimed=True, vary=_repeat),
        Axis("hash-seed", "PYTHONHASHSEED", graded=True, claimed=True, vary=_hash_seed),
        Axis("threads", "threads of the trainer", graded=True, claimed=True, vary=_threads),
        Axis("document-order", "the order of the documents", graded=True, claimed=True, vary=_document_order),
        Axis("chunking", "how the documents are handed over and counted", graded=True, claimed=True, vary=_chunking),
        Axis("duplication", "every document comes twice", graded=False, claimed=False, vary=_duplication),
        Axis("tie-rule", "what decides between equals", graded=False, claimed=False, vary=_tie_rule),
    )
}
# Varied where the user names versions: `toklab.retraining.environments`.
VERSION = Axis("version", "version of the library", graded=False, claimed=False, vary=lambda *_: [])
# Varied by whoever checks a lock elsewhere: `toklab.retraining.lock`.
PLATFORM = Axis("platform", "machine, system and Python", graded=True, claimed=False, vary=lambda *_: [])


def versions(contender: Contender, corpus: Corpus, installed: Mapping[str, Path]) -> list[Variation]:
    """One training for each other version of the library that the contender stands for.

    Parameters
    ----------
    installed : folder in which each requirement, such as ``tokenizers==0.22.0``, is installed
    """
    found = []
    for requirement, folder in installed.items():
        if library_of(contender) == distribution(requirement):
            path = {**PLAIN, "PYTHONPATH": f"{folder}:{search_path()}"}
            found.append(Variation(requirement, Job(contender, corpus, path)))
    return found


def library_of(contender: Contender) -> str:
    """The library that trains the contender, as package indexes write it; empty where toklab does."""
    library: str = getattr(get_algorithm(contender.algorithm), "library", "")
    return library.rpartition("-")[0].replace("_", "-").lower()


def distribution(requirement: str) -> str:
    """The name that a requirement begins with, as package indexes write it."""
    name = requirement
    for sign in "=<>!~[; @":
        name = name.partition(sign)[0]
    return name.strip().replace("_", "-").lower()


def with_options(contender: Contender, **options: Any) -> Contender:
    """The contender with other options and the name that it had."""
    return replace(contender, options={**contender.options, **options}, label=contender.name)
