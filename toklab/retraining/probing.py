"""One axis of one contender: its trainings held against the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from toklab.algorithms import get_algorithm
from toklab.errors import ToklabError, VocabSizeError
from toklab.retraining.axes import AXES, PLATFORM, Axis
from toklab.retraining.findings import FAILED, GRADES, WORDS, Probe, Verdict, worst
from toklab.retraining.sameness import Evidence, compare_trainings
from toklab.types import Batch, Contender, Determinism
from toklab.workshop import Fit

_GRADED: Mapping[str, Axis] = {axis.name: axis for axis in (*AXES.values(), PLATFORM) if axis.graded}
# What a claim allows of two trainings on the same documents.
ALLOWED = {
    Determinism.EXACT: ("exact",),
    Determinism.SAME_SET: ("exact", "ids differ", "encodings differ"),
}


def probe_axis(
    name: str,
    axis: str,
    first: Fit | ToklabError,
    others: Iterable[Fit | ToklabError],
    texts: Sequence[str],
    encoded: Batch | None = None,
    labels: Sequence[str] | None = None,
    evidence: Evidence | None = None,
) -> Probe:
    """Hold the other trainings of an axis against the first.

    Parameters
    ----------
    encoded, evidence : as for `toklab.retraining.sameness.compare_trainings`
    labels : how each of the others was varied
    """
    runs = [first, *others]
    failed = next((run for run in runs if isinstance(run, ToklabError)), None)
    if failed is not None:
        return Probe(name, axis, len(runs), None, None, None, None, str(failed))
    fits = [run for run in runs if isinstance(run, Fit)]
    if encoded is None:
        encoded = fits[0].tokenizer.encode_batch(texts, offsets=True)
    found = tuple(
        compare_trainings(fits[0].tokenizer, fit.tokenizer, texts, encoded, label, evidence)
        for fit, label in zip(fits[1:], labels or [""] * len(fits), strict=False)
    )
    return Probe(
        name,
        axis,
        len(runs),
        all(s.same_set for s in found),
        all(s.same_ids for s in found),
        all(s.same_encodings for s in found),
        next((s.first_difference for s in found if s.first_difference), None),
        found=found,
    )


def judge(contender: Contender, probes: Sequence[Probe]) -> Verdict:
    """What the axes say of a contender together, and of what it claims."""
    claims = claims_of(contender)
    graded = [probe for probe in probes if probe.axis in _GRADED]
    found = worst(graded)
    words = WORDS[found]
    if found not in ("exact", FAILED):
        words += f" ({', '.join(probe.axis for probe in graded if probe.verdict == found)})"
    return Verdict(contender.name, GRADES[found], words, claims.value, _broken(claims, graded))


def claims_of(contender: Contender) -> Determinism:
    """What a trainer says about itself, with the options of the contender."""
    algorithm = get_algorithm(contender.algorithm)
    with_options = getattr(algorithm, "claims_with", None)
    claims: Determinism = with_options(contender.options) if with_options else algorithm.claims
    return claims


def _broken(claims: Determinism, probes: Sequence[Probe]) -> str | None:
    """How a claim was broken, in words."""
    allowed = ALLOWED.get(claims)
    for probe in probes:
        if allowed and _GRADED[probe.axis].claimed and probe.verdict not in (*allowed, FAILED):
            return f"it claims {claims.value!r}, but along {probe.axis}: {probe.verdict}; {probe.first_difference}"
    return None


def prepared(contender: Contender, vocab_size: int, pretokenizer: str | None) -> Contender:
    """A contender with the options that a comparison gives to all."""
    options = dict(contender.options) | {"vocab_size": vocab_size}
    if pretokenizer is not None and getattr(get_algorithm(contender.algorithm), "takes_pretokenizer", True):
        options.setdefault("pretokenizer", pretokenizer)
    return replace(contender, options=options, label=contender.name)


def raise_if_all_too_small(fits: Sequence[Fit | ToklabError]) -> None:
    """A size that no contender can work with is wrong usage, not a result.

    Raises
    ------
    VocabSizeError
        The one that asks for least, where every training failed with such an error.
    """
    errors = [fit for fit in fits if isinstance(fit, VocabSizeError)]
    if errors and len(errors) == len(fits):
        raise min(errors, key=lambda error: error.smallest)
