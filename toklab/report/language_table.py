"""A comparison over languages as text for a terminal: languages down, tokenizers across, the dearest language first."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rich.text import Text

from toklab.languages import Fairness, LanguageFigures, LanguageReport
from toklab.report.columns import MISSING, error_phrase, show_share
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import SEPARATOR, corpus_facts, wrapped
from toklab.report.terminal import to_string, visible
from toklab.results import Cell

CORNER = "language"
_PREMIUM = (
    "premium: tokens of a language ÷ tokens of {reference} for the same lines, 1 is equal",
    "Gini: Σ|cᵢ-cⱼ| ÷ (2n²μ) of the tokens per line, or per byte; 0 is equal, lower is fairer",
    "means by script: every language counts the same",
)
_DETAILS = (
    "fertility: tokens ÷ words (UAX #29)",
    "UNK bytes: bytes that unknown tokens cover ÷ bytes",
    "byte fallback: tokens that are one byte of a longer character ÷ tokens",
)


def render_languages(report: LanguageReport, console_width: int | None = None, colour: bool = False) -> str:
    """One table per vocabulary size; with a single tokenizer another one of what is behind its premiums.

    Nothing is cut off: where a table is too wide it is drawn in parts, each with the languages at its left.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the table needs
    colour : with escape codes for colour
    """
    facts = SEPARATOR.join(corpus_facts(report.corpus))
    lines = [*wrapped(f"corpus: {facts}", console_width, "dim")]
    lines += [*wrapped(f"trained on: {trained_on(report)}", console_width, "dim"), Text()]
    for size, results in by_size(report):
        lines.append(Text(f"vocabulary size {size:,}", style="bold"))
        lines += [*_premiums(results, report.reference).draw(console_width), Text()]
    shown = [result for result in report.results if result.error is None]
    if len(shown) == 1:
        lines += [*_details(shown[0]).draw(console_width), Text()]
    for note in _legend(report, shown):
        lines += wrapped(note, console_width, "dim")
    for warning in warning_lines(report):
        lines += wrapped(f"warning: {warning}", console_width, "yellow")
    return to_string([*lines, Text("signature", style="bold"), Text(visible(report.signature))], colour)


def by_size(report: LanguageReport) -> list[tuple[int, list[Fairness]]]:
    """The results of each vocabulary size; contenders of a size of their own belong to all."""
    sizes = sorted({result.vocab_size for result in report.results if result.sized})
    sizes = sizes or [max(result.vocab_size for result in report.results)]
    return [(size, [r for r in report.results if r.vocab_size == size or not r.sized]) for size in sizes]


def worst_first(results: Sequence[Fairness]) -> list[LanguageFigures]:
    """The languages by their mean premium over the tokenizers, the largest first, ties by name.

    Premiums that unknown text makes low have no part in it, unless a language has no others.
    """
    shown = [result for result in results if result.error is None]

    def dear(language: str) -> float:
        found = [each for each in (result[language] for result in shown) if each.premium is not None]
        honest = [each for each in found if not each.bought] or found
        return fmean(each.premium or 0.0 for each in honest) if honest else 0.0

    return sorted(shown[0].languages if shown else (), key=lambda each: (-dear(each.language), each.language))


def warning_lines(report: LanguageReport) -> list[str]:
    """Warnings of the comparison, then of each contender, each once."""
    found = [visible(warning) for warning in report.warnings]
    for result in report.results:
        name = f"{visible(result.tokenizer)} at {result.vocab_size:,}"
        found += [f"{name}: {visible(warning)}" for warning in result.warnings]
        found += [f"{name}: {visible(each.language)}: {visible(each.error)}" for each in result.languages if each.error]
    return list(dict.fromkeys(found))


def trained_on(report: LanguageReport) -> str:
    """What the tokenizers were trained on, in words."""
    if not report.training:
        return visible(report.train)
    sizes = [facts["bytes"] for facts in report.training.values()]
    each = f"{min(sizes):,} to {max(sizes):,} bytes of each language"
    if report.train == "monolingual":
        return f"one training for each language, {each}"
    name = "" if report.train == "joint" else f"{visible(report.train)}, "
    return f"{name}all languages together at temperature {report.temperature:g}, {each}"


def _premiums(results: Sequence[Fairness], reference: str) -> Grid:
    shown = [result for result in results if result.error is None]
    group = f"premium to {visible(reference)}"
    heads = tuple(Head(group, (visible(result.tokenizer),)) for result in shown) or (Head(group, ("",)),)
    order = worst_first(results)
    rows = [
        Entry(_label(each, reference), tuple(_premium(result[each.language]) for result in shown)) for each in order
    ]
    scripts = [script for script, _ in sorted(_script_means(shown).items(), key=lambda item: (-item[1], item[0]))]
    means = [Entry(visible(script), tuple(_mean(result, script) for result in shown)) for script in scripts]
    sections = [("", tuple(rows))]
    if shown:
        sections += [("means by script", tuple(means)), ("all languages", _summary(shown))]
    failed = [
        Entry(visible(r.tokenizer), phrase=error_phrase(visible(r.error)), brief="failed") for r in results if r.error
    ]
    if failed:
        sections.append(("failed", tuple(failed)))
    return Grid(CORNER, heads, tuple(section for section in sections if section[1]))


def _script_means(results: Sequence[Fairness]) -> dict[str, float]:
    """The mean premium of each script over the tokenizers."""
    found: dict[str, list[float]] = {}
    for result in results:
        for group in result.scripts:
            found.setdefault(group.script, []).append(group.premium.value or 0.0)
    return {script: fmean(values) for script, values in found.items()}


def _summary(results: Sequence[Fairness]) -> tuple[Entry, ...]:
    rows = {
        "Gini per line": [_gini(result, "gini_cost_per_line") for result in results],
        "Gini per byte": [_gini(result, "gini_cost_per_byte") for result in results],
        "worst language": [Text(_worst(result)) for result in results],
        "pieces obtained": [Text(_obtained(result)) for result in results],
    }
    return tuple(Entry(name, tuple(texts)) for name, texts in rows.items())


def _gini(result: Fairness, metric: str) -> Text:
    text = _with_interval(result.figure(metric), 3) if result.cells else MISSING
    return _marked(text, any(each.bought for each in result.languages))


def _worst(result: Fairness) -> str:
    if result.worst is None:
        return f"{MISSING} "
    return f"{visible(result.worst)} {_with_interval(result.figure('worst_premium'), 2)} "


def _details(result: Fairness) -> Grid:
    columns = (
        ("tokens", ("tokens",)),
        ("bytes_per_token", ("bytes", "/token")),
        ("fertility", ("fertility",)),
        ("unk_rate", ("UNK", "rate")),
        ("unk_bytes", ("UNK", "bytes")),
        ("fallback_rate", ("byte", "fallback")),
    )
    heads = tuple(Head(visible(result.tokenizer), lines) for _, lines in columns)
    rows = [
        Entry(visible(each.language), tuple(Text(_plain(each[metric])) for metric, _ in columns))
        for each in worst_first([result])
        if each.error is None
    ]
    return Grid(CORNER, heads, (("", tuple(rows)),))


def _label(figures: LanguageFigures, reference: str) -> str:
    mark = " (reference)" if figures.language == reference else ""
    return f"{visible(figures.language)} {visible(figures.script)}{mark}"


def _premium(figures: LanguageFigures) -> Text:
    if figures.error is not None:
        return Text("failed ", style="red")
    return _marked(_with_interval(figures["premium"], 2), figures.bought)


def _mean(result: Fairness, script: str) -> Text:
    found = next((group for group in result.scripts if group.script == script), None)
    if found is None:
        return Text(f"{MISSING} ")
    return _marked(_with_interval(found.premium, 2), any(result[language].bought for language in found.languages))


def _marked(text: str, bought: bool) -> Text:
    """A figure with a mark, or room for it, so that figures end above each other."""
    return Text(f"{text}?", style="bold yellow") if bought else Text(f"{text} ")


def _obtained(result: Fairness) -> str:
    sizes = [int(each["vocab_obtained"].value or 0) for each in result.languages if each.error is None]
    low, high = min(sizes), max(sizes)
    text = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    return f"{text}{'!' if result.sized and not low == high == result.vocab_size else ' '}"


def _plain(cell: Cell) -> str:
    if cell.value is None:
        return MISSING
    if cell.unit == "share":
        return show_share(cell.value, 2)
    return f"{cell.value:,.0f}" if cell.unit == "tokens" else _with_interval(cell, 2)


def _with_interval(cell: Cell, decimals: int) -> str:
    if cell.value is None:
        return MISSING
    half = "" if cell.ci_low is None or cell.ci_high is None else f" ±{(cell.ci_high - cell.ci_low) / 2:.{decimals}f}"
    return f"{cell.value:,.{decimals}f}{half}"


def _legend(report: LanguageReport, shown: Sequence[Fairness]) -> list[str]:
    if not shown:
        return ["nothing was compared"]
    marks = ["± half of the 95% interval over lines, all languages resampled together"]
    if any(each.bought for result in shown for each in result.languages):
        marks.append("? rests on a language with more than 1% of its bytes unknown: low is no merit there")
    if any(_obtained(result).endswith("!") for result in shown):
        marks.append("! not the vocabulary size asked for")
    loaded = dict.fromkeys(visible(result.tokenizer) for result in shown if result.pretrained)
    if loaded:
        marks.append(f"loaded, not trained here, so perhaps on these lines: {', '.join(loaded)}")
    notes = [marks, [note.format(reference=visible(report.reference)) for note in _PREMIUM]]
    if len(shown) == 1:
        notes.append(list(_DETAILS))
    return [SEPARATOR.join(note) for note in notes]
