"""The determinism lab: who comes out the same when trained again, what moved the others, and how close it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toklab.page.frame import Findings, Section, fill
from toklab.page.sheet import MARKS, Heading, Line, Sheet, Shown
from toklab.page.table import VERDICTS
from toklab.report.columns import MISSING, error_phrase, show_share
from toklab.report.probes import chance_of_a_miss
from toklab.retraining import Census, DeterminismReport, Probe, Stability, Verdict
from toklab.retraining.findings import GRADES, WORDS, worst

GRADE = "A: the same pieces, ids and encodings on every axis that is graded; B: the same pieces with other ids or "
GRADE += "encodings; C: other pieces. Duplication, tie-rule and version are not graded: something is meant to change."
AXIS = "Trained again along this axis, and how many trainings were compared."
TIES = (
    Heading("merges", meaning="Merges that it learned."),
    Heading("ties", meaning="Merges whose pair shared its count with another ÷ merges."),
    Heading("ties from rank", meaning="From this merge on nine of ten are ties."),
)
RESAMPLED = (
    Heading(
        "resamples in common",
        better="higher",
        meaning="Pieces that two bootstrap resamples of the documents have in common, weighed by their use (Jaccard): "
        "the mean over pairs, with the middle 95% of them.",
    ),
    Heading("kept by all", better="higher", meaning="Learned pieces that every resample holds ÷ learned pieces."),
)


@dataclass(frozen=True)
class Moves:
    """What the lab says of the contenders together.

    Parameters
    ----------
    verdicts : one for each contender, in order
    """

    verdicts: tuple[Verdict, ...]

    @staticmethod
    def of(report: DeterminismReport) -> Moves:
        """The verdicts; where there is none, as for a check, the worst of the probes."""
        known = {verdict.tokenizer: verdict for verdict in report.verdicts}
        found = []
        for name in dict.fromkeys(probe.tokenizer for probe in report.probes):
            verdict = worst(report[name])
            found.append(known.get(name) or Verdict(name, GRADES[verdict], WORDS[verdict], ""))
        return Moves(tuple(found))

    def graded(self, grade: str) -> tuple[str, ...]:
        """The names of the contenders of a grade."""
        return tuple(verdict.tokenizer for verdict in self.verdicts if verdict.grade == grade)

    @property
    def known(self) -> int:
        """Contenders that could be trained again."""
        return len(self.verdicts) - len(self.graded("–"))


def lab_section(findings: Findings) -> Section | None:
    """The answer of the lab in a sentence, what moved each of the others, and a table of all that was found."""
    report = findings.lab
    if report is None or not report.probes:
        return None
    moves = Moves.of(report)
    body = fill(
        "lab.html",
        moves=moves,
        sheet=_sheet(report, moves),
        marks=MARKS,
        sure=chance_of_a_miss(report.probes),
        differences=[
            (probe.tokenizer, probe.axis, text)
            for probe in report.probes
            for text in (probe.first_difference, probe.error)
            if text
        ],
        stabilities=[stability for stability in report.stabilities if stability.shares or stability.failed],
        percent=lambda share: f"{share:.0%}",
    )
    return Section("determinism", "Trained again", body)


def _sheet(report: DeterminismReport, moves: Moves) -> Sheet:
    axes = list(dict.fromkeys(probe.axis for probe in report.probes))
    cells = {(probe.tokenizer, probe.axis): probe for probe in report.probes}
    censuses = {census.tokenizer: census for census in report.censuses}
    stabilities = {stability.tokenizer: stability for stability in report.stabilities}
    headings = [Heading("grade", meaning=GRADE), *(Heading(axis, meaning=AXIS) for axis in axes)]
    headings += [*TIES * bool(censuses), *RESAMPLED * bool(stabilities)]
    lines = []
    for verdict in moves.verdicts:
        name = verdict.tokenizer
        row = [Shown(verdict.grade, "ABC".index(verdict.grade) if verdict.grade in "ABC" else None)]
        row += [_probe(cells.get((name, axis))) for axis in axes]
        row += _ties(censuses.get(name)) if censuses else ()
        row += _resampled(stabilities.get(name)) if stabilities else ()
        lines.append(Line(name, None, "", tuple(row)))
    return Sheet("trainings", "All trainings", "tokenizer", tuple(headings), tuple(lines))


def _probe(probe: Probe | None) -> Shown:
    if probe is None:
        return Shown(MISSING, None)
    if probe.error is not None:
        return Shown(probe.verdict, float(VERDICTS.index(probe.verdict)), error_phrase(probe.error))
    return Shown(probe.verdict, float(VERDICTS.index(probe.verdict)), f"{probe.runs} trainings")


def _ties(census: Census | None) -> Sequence[Shown]:
    if census is None or census.share is None:
        return [Shown(MISSING, None)] * len(TIES)
    rank = Shown(MISSING, None) if census.takeover is None else Shown(f"{census.takeover:,}", census.takeover)
    return Shown(f"{len(census.counts):,}", len(census.counts)), Shown(show_share(census.share, 1), census.share), rank


def _resampled(stability: Stability | None) -> Sequence[Shown]:
    if stability is None:
        return [Shown(MISSING, None)] * len(RESAMPLED)
    mean, low, high = stability.use_jaccard.mean, stability.use_jaccard.low, stability.use_jaccard.high
    ends = "" if low is None or high is None else f"{show_share(low, 1)} – {show_share(high, 1)}"
    return [
        Shown(MISSING if share is None else show_share(share, 1), share, below)
        for share, below in ((mean, ends), (stability.kept, ""))
    ]
