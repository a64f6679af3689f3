"""A comparison over languages: who is fairest to them, which pays most, and what every one of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toklab.languages import Fairness, LanguageFigures, LanguageReport
from toklab.page.answer import interval, overlap
from toklab.page.frame import Findings, Section, fill
from toklab.page.sheet import MARKS, Heading, Line, Sheet, Shown
from toklab.report.columns import MISSING, error_phrase
from toklab.report.language_table import by_size, worst_first
from toklab.results import Cell

GINI = "gini_cost_per_line"
TOGETHER = (
    Heading(
        "Gini per line",
        better="lower",
        meaning="Gini coefficient of the tokens that the same lines take in each language: 0 is equal cost for all.",
    ),
    Heading("Gini per byte", better="lower", meaning="The same of the tokens per UTF-8 byte."),
    Heading("worst premium", better="lower", meaning="The largest premium of a language, and which language has it."),
    Heading("tokens", better="lower", meaning="Tokens of the held-out lines in all languages together."),
    Heading("pieces", meaning="Pieces of the vocabulary that it obtained."),
    Heading("train seconds", better="lower", meaning="Seconds of training, measured once; they vary from run to run."),
)


@dataclass(frozen=True)
class Fairest:
    """What the languages say at one vocabulary size.

    Parameters
    ----------
    vocab_size : pieces
    first : the contender with the lowest Gini coefficient per line; None where none has one
    close : others whose 95% interval overlaps with that of the first
    cheapest : the contender with the fewest tokens for all languages together
    passed_over : contenders to which more than 1% of a language's bytes are unknown, which makes it look cheap
    """

    vocab_size: int
    first: Fairness | None
    close: tuple[str, ...]
    cheapest: Fairness | None
    passed_over: tuple[str, ...]


def fairest(report: LanguageReport) -> list[Fairest]:
    """The fairest at each vocabulary size, smallest first; those that know too little of a language are passed over."""
    found = []
    for size, results in by_size(report) if report.results else []:
        able = [result for result in results if result.cells and result.figure(GINI).value is not None]
        honest = [result for result in able if not any(each.bought for each in result.languages)]
        honest.sort(key=lambda result: result.figure(GINI).value or 0.0)
        first = honest[0] if honest else None
        close = tuple(r.tokenizer for r in honest[1:] if first and overlap(first.figure(GINI), r.figure(GINI)))
        passed_over = tuple(result.tokenizer for result in able if result not in honest)
        cheapest = min(honest, key=_tokens) if honest else None
        found.append(Fairest(size, first, close, cheapest, passed_over))
    return found


def languages_section(findings: Findings) -> Section | None:
    """The answer in a sentence for each size, the figures of all languages together, and the premiums of each."""
    report = findings.languages
    if report is None or not report.results:
        return None
    *others, main = fairest(report)
    body = fill(
        "languages.html",
        main=main,
        others=others,
        reference=report.reference,
        together=_together(report),
        premiums=[(size, _premiums(size, results)) for size, results in by_size(report)],
        marks=MARKS,
        gini=lambda result: result.figure(GINI),
        worst=lambda result: result.figure("worst_premium"),
        tokens=_tokens,
        interval=interval,
    )
    return Section("languages", "Languages", body)


def _tokens(result: Fairness) -> int:
    return int(sum(_find(each, "tokens") or 0 for each in result.languages))


def _find(figures: LanguageFigures, metric: str) -> float | None:
    return next((cell.value for cell in figures.cells if cell.metric == metric), None)


def _together(report: LanguageReport) -> Sheet:
    lines = []
    for result in report.results:
        note = "loaded" if result.pretrained else "" if result.sized else "its own"
        cells: tuple[Shown, ...] = ()
        error = None if result.error is None else error_phrase(result.error)
        if error is None and not result.cells:
            error = "a language failed, so there is nothing to say of all together"
        if error is None:
            cells = _row(result)
        lines.append(Line(result.tokenizer, result.vocab_size, note, cells, error, not note))
    return Sheet("together", "All languages together", "tokenizer", TOGETHER, tuple(lines))


def _row(result: Fairness) -> tuple[Shown, ...]:
    mark = "unknown" if any(each.bought for each in result.languages) else ""
    ginis = [_figure(result.figure(name), 3, mark) for name in (GINI, "gini_cost_per_byte")]
    worst = Shown(MISSING, None)
    if result.worst is not None:
        cell = result.figure("worst_premium")
        worst = Shown(f"{cell.value or 0.0:.2f}", cell.value, result.worst)
    sizes = [_find(each, "vocab_obtained") or 0 for each in result.languages]
    pieces = f"{min(sizes):,.0f}" if min(sizes) == max(sizes) else f"{min(sizes):,.0f} to {max(sizes):,.0f}"
    seconds = MISSING if result.seconds is None else f"{result.seconds:.2f}"
    total = _tokens(result)
    return (*ginis, worst, Shown(f"{total:,}", total), Shown(pieces, max(sizes)), Shown(seconds, result.seconds))


def _premiums(size: int, results: Sequence[Fairness]) -> Sheet:
    """Languages down, the dearest first; tokenizers across."""
    shown = [result for result in results if result.error is None]
    rows = worst_first(results)
    scripts = sorted({each.script for each in rows})
    headings = [Heading("script"), *(Heading(result.tokenizer, better="lower") for result in shown)]
    lines = [
        Line(each.language, None, "", (Shown(each.script, scripts.index(each.script)), *_across(each.language, shown)))
        for each in rows
    ]
    label = f"Premium of every language at {size:,} pieces"
    return Sheet(f"premiums{size}", label, "language", tuple(headings), tuple(lines))


def _across(language: str, results: Sequence[Fairness]) -> list[Shown]:
    found = (result[language] for result in results)
    return [
        Shown("failed", None) if each.error else _figure(each["premium"], 2, "unknown" if each.bought else "")
        for each in found
    ]


def _figure(cell: Cell, digits: int, mark: str = "") -> Shown:
    if cell.value is None:
        return Shown(MISSING, None)
    low, high = (MISSING if end is None else f"{end:.{digits}f}" for end in (cell.ci_low, cell.ci_high))
    return Shown(f"{cell.value:.{digits}f}", cell.value, f"{low} – {high}" if low != high else "", mark)
