"""Train again and look: does a trainer give the same pieces, the same ids, the same encodings?

Every training runs in a process of its own, so hash seeds and thread pools are fresh. Along each axis one thing
is varied and all else is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toklab.algorithms import get_algorithm
from toklab.choosing import resolve
from toklab.corpus import Corpus, open_corpus
from toklab.errors import ToklabError, UnknownNameError, UsageError
from toklab.pretokenize import get_pretokenizer
from toklab.retraining.axes import AXES, PLAIN, VERSION, Variation, versions
from toklab.retraining.environments import check_requirements, install
from toklab.retraining.findings import DeterminismReport, Probe
from toklab.retraining.probing import judge, prepared, probe_axis, raise_if_all_too_small
from toklab.retraining.replaying import Witness, census_of
from toklab.retraining.stability import Stability, judge_stability, prefixes, resampled
from toklab.signature import render, toklab_version
from toklab.training import DEFAULT_VOCAB_SIZE
from toklab.types import Contender
from toklab.workshop import Fit, Job, Limits, Progress, run_jobs


@dataclass(frozen=True)
class Plan:
    """The trainings of one contender.

    Parameters
    ----------
    first : what all others are held against
    axes : the name of each axis, and the trainings along it
    resamples, grown : the same documents resampled; the share of the documents and the prefix
    """

    contender: Contender
    first: Job
    axes: Sequence[tuple[str, Sequence[Variation]]]
    resamples: Sequence[Job]
    grown: Sequence[tuple[float, Job]]

    @property
    def jobs(self) -> list[Job]:
        """All of them, in order."""
        varied = [variation.job for _, variations in self.axes for variation in variations]
        return [self.first, *varied, *self.resamples, *(job for _, job in self.grown)]


def determinism(
    source: str | Path | Corpus | Iterable[str] | None = None,
    contenders: Sequence[str | Contender] | str | None = None,
    *,
    vocab_size: int = DEFAULT_VOCAB_SIZE,
    axes: Sequence[str] | str = tuple(AXES),
    runs: int = 3,
    resamples: int = 0,
    requirements: Sequence[str] = (),
    pretokenizer: str | None = "gpt2",
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> DeterminismReport:
    """Retrain each contender in fresh processes and compare.

    Parameters
    ----------
    source : a path, texts, a ``Corpus``, or None for the bundled text
    contenders : names; None is the default set
    axes : which of `toklab.retraining.axes.AXES` to vary
    runs : trainings along the axes that can be varied at will, the first one included
    resamples : trainings on bootstrap resamples of the documents (and on growing prefixes), to see how much of a
        vocabulary they keep; 0 for none
    requirements : other versions of libraries, such as ``tokenizers==0.22.0``, installed with pip
    held_out : share of the documents that is not trained on and whose encodings are compared
    seed : of the held-out documents and the resamples

    Raises
    ------
    UsageError
        An unknown contender, pattern or axis, fewer than two runs, or a vocabulary size too small for every
        contender.
    InputError
        The text cannot be read.
    BaselineError
        Another version cannot be installed.
    """
    axes = (axes,) if isinstance(axes, str) else tuple(axes)
    _check(axes, runs, resamples)
    if pretokenizer is not None:
        get_pretokenizer(pretokenizer)
    corpus = open_corpus(source, documents=documents)
    chosen = [prepared(contender, vocab_size, pretokenizer) for contender in resolve(contenders)]
    check_requirements(requirements, chosen)
    training, test = corpus.split(held_out, seed)
    with tempfile.TemporaryDirectory(prefix="toklab-") as folder:
        installed = install(requirements, Path(folder))
        plans = [_plan(contender, training, axes, runs, resamples, seed, installed) for contender in chosen]
        results = _run(plans, limits, progress)
    sized = [getattr(get_algorithm(contender.algorithm), "sized", True) for contender in chosen]
    raise_if_all_too_small([fits[0] for fits, has_size in zip(results, sized, strict=True) if has_size])
    probes, stabilities = [], []
    for plan, fits in zip(plans, results, strict=True):
        probes.append(_probes(plan, fits, training, test))
        if resamples:
            stabilities.append(_stability(plan, fits, test))
    firsts = [(plan.contender, fits[0]) for plan, fits in zip(plans, results, strict=True)]
    censuses = [census_of(contender, fit.tokenizer, training) for contender, fit in firsts if isinstance(fit, Fit)]
    facts = {
        "toklab": toklab_version(),
        "vocab": str(vocab_size),
        "pre": pretokenizer or "default",
        "corpus": f"{corpus.name}@{corpus.digest}",
        "heldout": f"{held_out:g}@seed{seed}",
        "runs": str(runs),
        "axes": "+".join(axes),
        **({"versions": "+".join(requirements)} if requirements else {}),
        **({"resamples": f"{resamples}@seed{seed}"} if resamples else {}),
    }
    return DeterminismReport(
        tuple(probe for group in probes for probe in group),
        render(facts),
        tuple(judge(plan.contender, group) for plan, group in zip(plans, probes, strict=True)),
        tuple(census for census in censuses if census is not None),
        tuple(stability for stability in stabilities if stability is not None),
    )


def _check(axes: Sequence[str], runs: int, resamples: int) -> None:
    if not axes:
        raise UsageError(f"no axis to vary; name at least one of {', '.join(AXES)}")
    for axis in axes:
        if axis not in AXES:
            raise UnknownNameError("axis", axis, AXES)
    if runs < 2:
        raise UsageError(f"{runs} run{'' if runs == 1 else 's'} cannot be compared with anything; ask for at least 2")
    if resamples < 0 or resamples == 1:
        raise UsageError(f"{resamples} resamples cannot be compared with each other; ask for at least 2, or 0 for none")


def _plan(
    contender: Contender,
    corpus: Corpus,
    axes: Sequence[str],
    runs: int,
    resamples: int,
    seed: int,
    installed: dict[str, Path],
) -> Plan:
    varied = [(axis, AXES[axis].vary(contender, corpus, runs)) for axis in axes]
    varied.append((VERSION.name, versions(contender, corpus, installed)))
    samples = resampled(corpus, resamples, seed) if resamples else []
    parts = prefixes(corpus) if resamples else []
    return Plan(
        contender,
        Job(contender, corpus, PLAIN),
        [(axis, variations) for axis, variations in varied if variations],
        [Job(contender, sample, PLAIN) for sample in samples],
        [(share, Job(contender, part, PLAIN)) for share, part in parts],
    )


def _run(plans: Sequence[Plan], limits: Limits | None, progress: Progress | None) -> list[list[Fit | ToklabError]]:
    """All trainings; the first of each contender before all others, so that each kernel compiles once."""
    firsts = [plan.first for plan in plans]
    results = run_jobs([*firsts, *(job for plan in plans for job in plan.jobs[1:])], limits, progress)
    rest = iter(results[len(plans) :])
    return [[first, *(next(rest) for _ in plan.jobs[1:])] for plan, first in zip(plans, results, strict=False)]


def _probes(plan: Plan, fits: Sequence[Fit | ToklabError], training: Corpus, test: Corpus) -> list[Probe]:
    first, rest = fits[0], iter(fits[1:])
    encoded = first.tokenizer.encode_batch(test.documents, offsets=True) if isinstance(first, Fit) else None
    evidence = Witness(plan.contender, first.tokenizer, training) if isinstance(first, Fit) else None
    found = []
    for axis, variations in plan.axes:
        others = [next(rest) for _ in variations]
        labels = [variation.label for variation in variations]
        found.append(probe_axis(plan.contender.name, axis, first, others, test.documents, encoded, labels, evidence))
    return found


def _stability(plan: Plan, fits: Sequence[Fit | ToklabError], test: Corpus) -> Stability | None:
    """None where the training on all documents failed."""
    first = fits[0]
    if isinstance(first, ToklabError):
        return None
    tail = len(plan.resamples) + len(plan.grown)
    varied = fits[len(fits) - tail :]
    grown = zip(plan.grown, varied[len(plan.resamples) :], strict=True)
    return judge_stability(
        plan.contender.name,
        first.tokenizer,
        [fit.tokenizer for fit in varied[: len(plan.resamples)] if isinstance(fit, Fit)],
        [(share, job.corpus.n_bytes, fit.tokenizer) for (share, job), fit in grown if isinstance(fit, Fit)],
        test.documents,
        [str(fit) for fit in varied if isinstance(fit, ToklabError)],
    )
