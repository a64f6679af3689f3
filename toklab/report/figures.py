"""What the pictures of a report show: from a report to a figure, or to None where it would be empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toklab.ranking import comparable, find, number
from toklab.report.canvas import bar_legend, line_legend, logarithmic, new_figure, short
from toklab.report.columns import by_size, show_share
from toklab.report.palette import family, line_styles
from toklab.results import Report, Result
from toklab.sweeping.curves import knee

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY_SIZES = 3  # from here on, lines over sizes say more than bars
MUCH_UNKNOWN = 0.01  # share of unknown tokens from which on a bar says so
_PERCENTILES = (5, 25, 50, 75, 95)
_LENGTH = "UTF-8 bytes per token"
Panel = tuple[int, list[Result]]


def bytes_per_token(report: Report) -> Figure | None:
    """Bars per vocabulary size, longest first; lines over the sizes where there are many."""
    panels = panels_of(report, lambda result: number(result, "bytes_per_token") is not None)
    if not panels:
        return None
    if len(panels) >= MANY_SIZES:
        return _bytes_over_sizes(report, panels)
    rows = max(len(results) for _, results in panels)
    title = "Longer bar, shorter sequences: bytes per token on held-out text"
    figure, part, axes = new_figure(report.results, title, len(panels), 6.5, 0.32 * rows + 1)
    for axis, (size, results) in zip(axes, panels, strict=True):
        axis.set_title(f"vocabulary size {size:,}")
        _bars(axis, sorted(results, key=lambda r: (number(r, "bytes_per_token") or 0.0, r.tokenizer)))
    bar_legend(part, [result for _, results in panels for result in results])
    return figure


def tokens_per_document(report: Report) -> Figure | None:
    """Boxes of the tokens that each document takes, per vocabulary size, shortest median first."""
    panels = panels_of(report, lambda result: result.lengths is not None and len(result.lengths) > 0)
    if not panels:
        return None
    rows = max(len(results) for _, results in panels)
    title = "Further left, shorter sequences: tokens per held-out document"
    figure, part, axes = new_figure(report.results, title, len(panels), 6.0, 0.32 * rows + 1)
    for axis, (size, results) in zip(axes, panels, strict=True):
        axis.set_title(f"vocabulary size {size:,}")
        _boxes(axis, results)
    bar_legend(part, [result for _, results in panels for result in results])
    return figure


def rank_frequency(report: Report) -> Figure | None:
    """How often each emitted id occurs, most frequent first, on logarithmic axes."""
    panels = panels_of(report, lambda result: result.frequencies is not None and len(result.frequencies) > 0)
    if not panels:
        return None
    title = "Flatter line, more even use: how often each token occurs"
    figure, part, axes = new_figure(report.results, title, len(panels), 5.5, 4.2)
    styles = _styles(report)
    for axis, (size, results) in zip(axes, panels, strict=True):
        axis.set_title(f"vocabulary size {size:,}")
        for result in results:
            assert result.frequencies is not None
            ranks = _log_spaced(len(result.frequencies))
            axis.plot(ranks, result.frequencies[ranks - 1], linewidth=1.4, markevery=0.1, **styles[result.tokenizer])
        logarithmic(axis, "xy")
        axis.grid(True)
        axis.set_xlabel("rank of the token (1: most frequent)")
        axis.set_ylabel("occurrences in held-out text")
    line_legend(part, styles, [result for _, results in panels for result in results])
    return figure


FIGURES: dict[str, Callable[[Report], Figure | None]] = {
    "bytes_per_token.png": bytes_per_token,
    "tokens_per_document.png": tokens_per_document,
    "rank_frequency.png": rank_frequency,
}


def panels_of(report: Report, has: Callable[[Result], bool]) -> list[Panel]:
    """The results of each size that have something to draw."""
    panels = [(size, [r for r in results if r.error is None and has(r)]) for size, results in by_size(report)]
    return [(size, results) for size, results in panels if results]


def _bars(axis: Axes, results: Sequence[Result]) -> None:
    values = [number(result, "bytes_per_token") or 0.0 for result in results]
    axis.barh(
        range(len(results)),
        values,
        color=[family(result.tokenizer, result.signature).colour for result in results],
        hatch=["" if result.sized else "///" for result in results],
        edgecolor="white",
        height=0.75,
    )
    ends = [
        _whisker(axis, place, result, value) for place, (result, value) in enumerate(zip(results, values, strict=True))
    ]
    for place, (result, value, end) in enumerate(zip(results, values, ends, strict=True)):
        axis.annotate(
            f"{value:.2f}{_unknown(result)}",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axis.set_yticks(range(len(results)), [label_of(result) for result in results])
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(0, max([*ends, 1e-9]) * 1.12)  # room for the labels
    axis.set_ylim(-0.6, len(results) - 0.4)
    axis.set_xlabel(f"{_LENGTH} (line: 95% interval)")
    axis.grid(True, axis="x")


def _whisker(axis: Axes, place: int, result: Result, value: float) -> float:
    """Draw the interval of a bar, and return where bar and interval end."""
    cell = find(result, "bytes_per_token")
    if cell is None or cell.ci_low is None or cell.ci_high is None:
        return value
    axis.plot([cell.ci_low, cell.ci_high], [place, place], color="black", linewidth=1.6, marker="|", markersize=5)
    return max(value, cell.ci_high)


def _unknown(result: Result) -> str:
    """A bar that unknown tokens make long says so."""
    unknown = number(result, "unk_rate")
    if unknown is None or unknown < MUCH_UNKNOWN:
        return ""
    return f"  ({show_share(unknown, 0)} unknown)"


def _bytes_over_sizes(report: Report, panels: Sequence[Panel]) -> Figure:
    title = "Higher line, shorter sequences: bytes per token; ring: the knee"
    figure, part, (axis,) = new_figure(report.results, title, 1, 8.5, 5)
    styles = _styles(report)
    results = [result for _, row in panels for result in row]
    for name in dict.fromkeys(result.tokenizer for result in results):
        points = [
            (size, cell)
            for size, row in panels
            for cell in (find(r, "bytes_per_token") for r in row if r.tokenizer == name)
            if cell is not None and cell.value is not None
        ]
        sizes = [size for size, _ in points]
        style = styles[name] | {"marker": styles[name]["marker"] or "."}  # one point alone is no line
        axis.plot(sizes, [cell.value or 0.0 for _, cell in points], linewidth=1.6, **style)
        bend = knee(sizes, [cell.value or 0.0 for _, cell in points])
        for size, cell in points:
            if cell.ci_low is not None and cell.ci_high is not None:
                axis.plot([size, size], [cell.ci_low, cell.ci_high], color=styles[name]["color"], linewidth=1)
            if size == bend:
                ring = {"marker": "o", "markersize": 12, "fillstyle": "none", "color": styles[name]["color"]}
                axis.plot([size], [cell.value or 0.0], **ring)
    logarithmic(axis, "x")
    axis.minorticks_off()
    axis.set_xticks([size for size, _ in panels], [f"{size:,}" for size, _ in panels])
    axis.set_ylim(bottom=0)
    axis.set_xlabel("vocabulary size asked for (pieces)")
    axis.set_ylabel(f"{_LENGTH} (upright line: 95% interval)")
    axis.grid(True)
    line_legend(part, styles, results)
    return figure


def _boxes(axis: Axes, results: Sequence[Result]) -> None:
    levels = {r.tokenizer: np.percentile(r.lengths, _PERCENTILES) for r in results if r.lengths is not None}
    results = sorted(results, key=lambda r: (-levels[r.tokenizer][2], r.tokenizer))
    names = ("whislo", "q1", "med", "q3", "whishi")
    boxes = axis.bxp(
        [dict(zip(names, levels[result.tokenizer].tolist(), strict=True)) for result in results],
        positions=range(len(results)),
        orientation="horizontal",
        widths=0.65,
        showfliers=False,
        patch_artist=True,
        medianprops={"color": "black", "linewidth": 2},
        boxprops={"edgecolor": "white", "linewidth": 0.5},
    )
    for result, box in zip(results, boxes["boxes"], strict=True):
        box.set_facecolor(family(result.tokenizer, result.signature).colour)
        box.set_hatch("" if result.sized else "///")
    axis.set_yticks(range(len(results)), [label_of(result) for result in results])
    axis.tick_params(axis="y", length=0)
    logarithmic(axis, "x", steps=(1, 2, 5))
    axis.set_xlabel("tokens per document (box: middle half, lines: 5% to 95%)")
    axis.grid(True, axis="x")


def label_of(result: Result) -> str:
    odd = result.sized and number(result, "vocab_obtained") is not None and not comparable(result)
    return short(result.tokenizer) + (f" ({number(result, 'vocab_obtained'):,.0f} pieces)" if odd else "")


def _styles(report: Report) -> dict[str, dict[str, Any]]:
    return line_styles(list(dict.fromkeys(result.tokenizer for result in report.results)))


def _log_spaced(count: int, points: int = 400) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Ranks from 1 to ``count``, dense enough for a logarithmic axis."""
    return np.unique(np.geomspace(1, count, min(points, count)).round().astype(np.int64))
