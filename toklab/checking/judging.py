"""A tokenizer against its baseline, figure by figure and id by id."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toklab.checking.baseline import Baseline, Kept, make_baseline
from toklab.checking.drift import Difference, Drift, Token, first_difference, tokens_of
from toklab.checking.thresholds import DEFAULT, NOISE, NONE, Threshold, thresholds
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError, InputError, UnknownNameError
from toklab.fingerprints import ids_digest
from toklab.loading import load
from toklab.metrics import all_metrics
from toklab.results import Displayed
from toklab.signature import render
from toklab.types import Tokenizer

SCHEMA = 1
FALLEN = ("worse", "moved", "undefined now")


@dataclass(frozen=True)
class Row:
    """One figure against its baseline.

    Parameters
    ----------
    baseline, now : the figure; None where it is undefined
    allowed : how much worse it may be, such as ``0.5%`` or ``0.01``; None where it is not judged
    unit, better : as in the baseline
    verdict : ``same``, ``better``, ``within`` (worse, but by no more than allowed), ``worse``, ``moved`` (neither way
        is better, and it moved by more than allowed), ``not judged`` (moved, and neither way is better),
        ``undefined now``, ``undefined before`` or ``undefined``
    """

    metric: str
    baseline: float | None
    now: float | None
    allowed: str | None
    unit: str
    better: str
    verdict: str

    @property
    def change(self) -> float | None:
        """Now less the baseline, in the unit of the figure."""
        return None if self.baseline is None or self.now is None else self.now - self.baseline

    @property
    def fallen(self) -> bool:
        """The check fails by it."""
        return self.verdict in FALLEN


@dataclass(frozen=True)
class CheckReport(Displayed):
    """What a check found.

    Parameters
    ----------
    tokenizer : that was checked
    signature : of the tokenizer, the text, the baseline and what is allowed, in one line
    rows : one per figure of the baseline
    drift : the ids that moved
    allow_id_drift : ids may move
    versions : what is another version, or another machine, than that of the baseline, in words
    """

    tokenizer: str
    signature: str
    rows: tuple[Row, ...]
    drift: Drift
    allow_id_drift: bool = False
    versions: tuple[str, ...] = ()

    @property
    def fallen(self) -> tuple[Row, ...]:
        """The figures that fell by more than allowed."""
        return tuple(row for row in self.rows if row.fallen)

    @property
    def passed(self) -> bool:
        """No figure fell by more than allowed, and no id moved unless that is allowed."""
        return not self.fallen and (self.allow_id_drift or not self.drift)

    def __getitem__(self, metric: str) -> Row:
        """``report["fertility"]``."""
        found = {row.metric: row for row in self.rows}
        if metric not in found:
            raise UnknownNameError("metric", metric, found)
        return found[metric]

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json``."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "tokenizer": self.tokenizer,
            "signature": self.signature,
            "versions": list(self.versions),
            "rows": [asdict(row) | {"change": row.change, "fallen": row.fallen} for row in self.rows],
            "allow_id_drift": self.allow_id_drift,
            "drift": self.drift.to_dict(),
        }


def check(
    tokenizer: Tokenizer | str | Path,
    source: str | Path | Corpus | Iterable[str] | None = None,
    *,
    baseline: Baseline | str | Path,
    max_drop: Mapping[str, str | float] | None = None,
    allow_id_drift: bool = False,
    documents: str = "paragraph",
) -> CheckReport:
    """Hold a tokenizer against a baseline.

    Parameters
    ----------
    tokenizer : a tokenizer, or where one is saved
    source : the text of the baseline: a path, texts, a ``Corpus``, or None for the bundled text
    baseline : what `toklab.checking.make_baseline` gave, or where it is saved
    max_drop : how much worse a metric may be: ``0.01`` in its unit, ``"0.5%"`` of the baseline, or ``"any"``;
        ``default`` is of all others that have a direction. What is not named here is as the baseline says, else 0.
        A metric without a direction is judged only where it is named: it may move so far, either way
    allow_id_drift : ids may be others than those of the baseline
    documents : how files are cut into documents: ``"paragraph"``, ``"line"`` or ``"file"``

    Raises
    ------
    UsageError
        A threshold is of an unknown metric, or is none.
    InputError
        The text is not that of the baseline, or cannot be read.
    FormatError
        The tokenizer or the baseline cannot be read.
    """
    before = baseline if isinstance(baseline, Baseline) else Baseline.load(baseline)
    names = [figure.metric for figure in before.figures]
    limits = thresholds(before.max_drop, names) | thresholds(max_drop or {}, names)
    known = all_metrics()
    for name in names:
        if name not in known:
            raise UnknownNameError("metric of the baseline", name, known)
    corpus = open_corpus(source, documents=documents)
    if corpus.digest != before.digest:
        raise InputError(
            f"the baseline is of the text {before.corpus}@{before.digest}, and this is {corpus.name}@{corpus.digest}; "
            "give the same files, cut into documents in the same way"
        )
    if len(corpus) != len(before.documents):
        raise FormatError(f"a damaged baseline: {len(before.documents):,} digests of {len(corpus):,} documents")
    if isinstance(tokenizer, str | Path):
        tokenizer = load(tokenizer)
    now = make_baseline(tokenizer, corpus)
    found = {figure.metric: figure.value for figure in now.figures}
    rows = tuple(_row(figure, found[figure.metric], limits) for figure in before.figures)
    drift = _drift(before, now, tokenizer, corpus)
    facts = {
        "baseline": before.digest_of_all,
        "maxdrop": ",".join(f"{name}={limit}" for name, limit in sorted(limits.items())) or "0",
        "iddrift": "allowed" if allow_id_drift else "no",
    }
    return CheckReport(
        now.tokenizer, f"{now.signature}|{render(facts)}", rows, drift, allow_id_drift, _other_versions(before, now)
    )


def _row(figure: Kept, now: float | None, limits: Mapping[str, Threshold]) -> Row:
    limit = limits.get(figure.metric)
    if limit is None and figure.better:
        limit = limits.get(DEFAULT, NONE)
    verdict = _verdict(figure, now, limit)
    allowed = None if limit is None else str(limit)
    return Row(figure.metric, figure.value, now, allowed, figure.unit, figure.better, verdict)


def _verdict(figure: Kept, now: float | None, limit: Threshold | None) -> str:
    before = figure.value
    if before is None:
        return "undefined" if now is None else "undefined before"
    if now is None:
        # what can no longer be judged must not pass unseen
        return "not judged" if limit is None or limit.amount == math.inf else "undefined now"
    change = now - before
    if abs(change) <= NOISE * max(abs(before), abs(now)):
        return "same"
    if limit is None:
        return "not judged"
    loss = {"higher": -change, "lower": change, "": abs(change)}[figure.better]
    if loss < 0:
        return "better"
    if limit.allows(before, loss):
        return "within"
    return "worse" if figure.better else "moved"


def _drift(before: Baseline, now: Baseline, tokenizer: Tokenizer, corpus: Corpus) -> Drift:
    changed = tuple(i for i, (a, b) in enumerate(zip(before.documents, now.documents, strict=True)) if a != b)
    ids = {text: tuple(tokenizer.encode(text).ids.tolist()) for text, _ in before.sample}
    samples = tuple(i for i, (text, kept) in enumerate(before.sample) if ids[text] != kept)
    document = sample = None
    if changed:
        number = changed[0]
        where = f"document {number + 1:,} of {len(before.documents):,}"
        kept = before.first_ids[number] if number < len(before.first_ids) else ()
        whole = ids_digest(np.array(kept, np.int32)) == before.documents[number]
        document = _difference(before, tokenizer, where, corpus.documents[number], kept, whole)
    if samples:
        where = f"sample {samples[0] + 1} of {len(before.sample)}"
        sample = _difference(before, tokenizer, where, *before.sample[samples[0]])
    other = before.vocabulary != now.vocabulary
    return Drift(changed, len(before.documents), samples, len(before.sample), other, document, sample)


def _difference(
    before: Baseline, tokenizer: Tokenizer, where: str, text: str, kept: tuple[int, ...], whole: bool = True
) -> Difference:
    ids = tokenizer.encode(text).ids.tolist()
    at = first_difference(kept, ids)
    if at == len(kept) and not whole:
        at = None
    then = tuple(Token(index, before.tokens[index]) for index in kept)
    return Difference(where, text, at, then, tokens_of(tokenizer.vocab, ids))


def _other_versions(before: Baseline, now: Baseline) -> tuple[str, ...]:
    """What the baseline was made with, where that is not what runs now."""
    pairs = [(name, before.versions.get(name), version) for name, version in now.versions.items()]
    found = [f"{name} {then or 'not'} then, {version} now" for name, then, version in pairs if then != version]
    if before.made_on != now.made_on:
        found.append(f"{before.made_on} then, {now.made_on} now")
    return tuple(found)
