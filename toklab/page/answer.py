"""The answer: which contender serves the corpus best, by how much, how sure that is, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toklab.page.frame import Findings, Section, fill
from toklab.ranking import MOST_CHANGED, MOST_UNKNOWN, comparable, find, number
from toklab.report.columns import by_size, show_share
from toklab.results import Cell, Lead, Report, Result

METRIC = "bytes_per_token"


@dataclass(frozen=True)
class Answer:
    """What a comparison says at one vocabulary size.

    Parameters
    ----------
    vocab_size : pieces
    best : the contender whose tokens hold the most text, and after it those that cannot be told from it
    next : how far the first is ahead of the best of the others; None where there is no other
    lossy : contenders that were passed over because they lose text
    tested : whether differences were measured; where they were not, ``best`` is the first alone
    """

    vocab_size: int
    best: tuple[Result, ...]
    next: Lead | None
    lossy: tuple[Result, ...]
    tested: bool

    @property
    def moved(self) -> tuple[Result, ...]:
        """Of the best, those that came out different when they were trained again."""
        return tuple(result for result in self.best if result.determinism not in (None, "exact"))

    @property
    def fastest(self) -> Result | None:
        """Of several that are equally good, the one that trained fastest; None where that is not known."""
        timed = [result for result in self.best if result.seconds is not None]
        return min(timed, key=lambda r: (r.seconds or 0.0, r.tokenizer)) if len(self.best) > 1 and timed else None


def answers(report: Report) -> list[Answer]:
    """What is best at each vocabulary size, smallest first.

    Ranked are contenders that take a vocabulary size, obtained exactly the one asked for, and lose next to nothing: at
    most 1% of the bytes unknown, at most 1% of the characters changed by decoding. The best has the most bytes per
    token; another is as good where it does not differ significantly (`toklab.ranking`), or, in a report without
    ranks, where the 95% interval of the paired difference holds 0.
    """
    found = []
    for size, results in by_size(report):
        able = [result for result in results if comparable(result) and number(result, METRIC) is not None]
        kept = [result for result in able if keeps_text(result)]
        lossy = tuple(result for result in able if not keeps_text(result))
        kept.sort(key=lambda result: -(number(result, METRIC) or 0.0))
        found.append(_answer(size, kept, lossy, report.leads))
    return found


def keeps_text(result: Result) -> bool:
    """Whether next to nothing of the text is unknown to it or changed by it."""
    unknown, changed = number(result, "unk_bytes"), number(result, "round_trip_cer")
    return (unknown or 0.0) <= MOST_UNKNOWN and (changed or 0.0) <= MOST_CHANGED


def _answer(size: int, ranked: Sequence[Result], lossy: tuple[Result, ...], leads: Sequence[Lead]) -> Answer:
    if not ranked:
        return Answer(size, (), None, lossy, False)
    first, *others = ranked
    ahead: dict[str, Lead] = {}
    for each in leads:
        if each.metric == METRIC and each.vocab_size == size:
            ahead |= {other.other: other for other in (each, each.turned()) if other.tokenizer == first.tokenizer}
    known = [ahead.get(other.tokenizer) for other in others]
    alike = [_alike(first, other, gap) for other, gap in zip(others, known, strict=True)]
    same = tuple(other for other, as_good in zip(others, alike, strict=True) if as_good)
    behind = next((gap for gap, as_good in zip(known, alike, strict=True) if gap is not None and not as_good), None)
    return Answer(size, (first, *same), behind, lossy, not others or None not in known)


def _alike(first: Result, other: Result, gap: Lead | None) -> bool:
    """Whether another cannot be told from the first: by their ranks, or by the interval where they have none."""
    mine, its = find(first, METRIC), find(other, METRIC)
    if mine is not None and mine.same_as_best and its is not None and its.same_as_best is not None:
        return its.same_as_best
    return gap is not None and (gap.ci_low is None or gap.ci_low <= 0)


def answer_section(findings: Findings) -> Section | None:
    """The answer at the largest vocabulary size in full, those at the others in a line each."""
    found = answers(findings.report)
    if not found:
        return None
    shown = [result for result in findings.report.results if result.error is None]
    body = fill(
        "answer.html",
        main=found[-1],
        others=found[:-1],
        costs=[_cost(result) for result in found[-1].best],
        count=len(shown),
        interval=interval,
        called=lambda results: [result.tokenizer for result in results],
        figure=lambda result: f"{number(result, METRIC):.2f}",
        signed=lambda gap: f"{gap.value:.2f}",
        percent=lambda gap, answer: f"{gap.value / ((number(answer.best[0], METRIC) or 0.0) - gap.value):.1%}",
    )
    return Section("answer", "The answer", body)


def interval(cell: Cell | Lead) -> str:
    """``2.88 to 3.02``; as many digits as tell its ends from each other and from 0."""
    if cell.ci_low is None or cell.ci_high is None:
        return "no interval"
    digits = 2
    while digits < 5 and any(end and round(end, digits) == 0 for end in (cell.ci_low, cell.ci_high)):
        digits += 1
    return f"{cell.ci_low:.{digits}f} to {cell.ci_high:.{digits}f}"


def overlap(one: Cell, other: Cell) -> bool:
    """Whether the intervals of two figures have a value in common; one that is not known could."""
    (low, high), (lowest, highest) = ((cell.ci_low, cell.ci_high) for cell in (one, other))
    return low is None or high is None or lowest is None or highest is None or (low <= highest and lowest <= high)


def _cost(result: Result) -> dict[str, str]:
    cell, used = find(result, METRIC), number(result, "vocab_used")
    return {
        "tokenizer": result.tokenizer,
        "figure": "" if cell is None else f"{cell.value:.2f}",
        "interval": "" if cell is None else interval(cell),
        "seconds": "–" if result.seconds is None else f"{result.seconds:.2f} s",
        "memory": "–" if result.peak_mb is None else f"{result.peak_mb:,.0f} MB",
        "used": "–" if used is None else show_share(used, 1),
        "again": result.determinism or "not probed",
    }
