"""A sweep as files: JSON, CSV, and pictures of its curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toklab.files import write_all
from toklab.ranking import find, number
from toklab.report.canvas import line_legend, logarithmic, new_figure
from toklab.report.files import csv_bytes, encode
from toklab.report.palette import line_styles
from toklab.report.plots import pictures
from toklab.sweeping import Curve, SweepReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND = 0.15  # opacity of an interval
MOST_TICKS = 8
PIECES = "vocabulary size (pieces)"


def write_sweep(report: SweepReport, folder: str | Path) -> list[Path]:
    """Write sweep.json, sweep.csv, and a picture of each kind that there is something to draw for.

    The pictures are bytes_per_token.png, oov.png, saved_per_piece.png and, where it was measured, bits_per_byte.png.
    Equal reports give equal files; each appears whole or not at all.

    Parameters
    ----------
    folder : made where it does not exist

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    tables = {"sweep.json": encode(f"{report.to_json()}\n"), "sweep.csv": csv_bytes(report.to_frame())}
    return write_all(folder, tables | pictures(report, FIGURES))


def over_sizes(report: SweepReport, title: str, panels: dict[str, str]) -> Figure | None:
    """Lines over the vocabulary size, with their intervals as bands and the knees as rings.

    Parameters
    ----------
    panels : the metric of each panel, with the label of its axis
    """
    shown = {metric: label for metric, label in panels.items() if any(_points(c, metric) for c in report.curves)}
    results = [point.result for curve in report.curves for point in curve.points]
    if not shown:
        return None
    width, height = (8.5, 5.0) if len(shown) == 1 else (6.0, 4.5)
    figure, part, axes = new_figure(results, title, len(shown), width, height)
    styles = line_styles([curve.tokenizer for curve in report.curves])
    for axis, (metric, label) in zip(axes, shown.items(), strict=True):
        for curve in report.curves:
            _draw(axis, curve, metric, styles[curve.tokenizer])
        _finish(axis, label, [point.pieces or 0 for curve in report.curves for point in curve.measured])
    line_legend(part, styles, results)
    return figure


def saved_per_piece(report: SweepReport) -> Figure | None:
    """What each piece saves that a step adds, with the line of what is worth it."""
    drawn = over_sizes(
        report,
        "Where a line falls below the dashes, one more piece saves too little",
        {"tokens_saved_per_piece": "tokens saved per piece added, per million bytes"},
    )
    if drawn is None:
        return None
    axis = drawn.subfigs[0].axes[0]
    axis.axhline(report.worth, color="#555555", linewidth=1, linestyle=(0, (4, 3)))
    axis.set_yscale("symlog", linthresh=1)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return drawn


FIGURES: dict[str, Callable[[SweepReport], Any]] = {
    "bytes_per_token.png": partial(
        over_sizes,
        title="Higher line, shorter sequences; ring: the knee",
        panels={"bytes_per_token": "UTF-8 bytes per token, held-out text (band: 95% interval)"},
    ),
    "oov.png": partial(
        over_sizes,
        title="Lower line, better with words that training never saw; ring: the knee",
        panels={
            "oov_fertility": "tokens per unseen word (band: 95% interval)",
            "oov_exploded": "share of unseen words cut into single characters",
        },
    ),
    "saved_per_piece.png": saved_per_piece,
    "bits_per_byte.png": partial(
        over_sizes,
        title="Lower line, easier to predict by a small n-gram model; ring: the knee",
        panels={"bits_per_byte": "bits per byte (band: 95% interval)"},
    ),
}


def _points(curve: Curve, metric: str) -> list[tuple[int, float, float | None, float | None]]:
    """(pieces, value, low, high) wherever a metric is defined."""
    found = []
    for point in curve.measured:
        cell, value = find(point.result, metric), number(point.result, metric)
        if cell is not None and value is not None:
            found.append((point.pieces or 0, value, cell.ci_low, cell.ci_high))
    return found


def _draw(axis: Axes, curve: Curve, metric: str, style: dict[str, Any]) -> None:
    points = _points(curve, metric)
    if not points:
        return
    pieces = [point[0] for point in points]
    style = style | {"marker": style["marker"] or "."}  # one point alone is no line
    axis.plot(pieces, [point[1] for point in points], linewidth=1.6, **style)
    sure = [(size, low, high) for size, _, low, high in points if low is not None and high is not None]
    if len(sure) > 1:
        sizes, lows, highs = ([row[place] for row in sure] for place in range(3))
        axis.fill_between(sizes, lows, highs, color=style["color"], alpha=BAND, linewidth=0)
    for size, value, _, _ in points:
        if size == curve.knees.get(metric):
            axis.plot([size], [value], marker="o", markersize=12, fillstyle="none", color=style["color"])


def _finish(axis: Axes, label: str, sizes: list[int]) -> None:
    """Scales, ticks and labels; where there is room, the ticks are the sizes."""
    logarithmic(axis, "x", (1, 2, 5))
    axis.minorticks_off()
    if len(set(sizes)) <= MOST_TICKS:
        axis.set_xticks(sorted(set(sizes)), [f"{size:,}" for size in sorted(set(sizes))])
    if axis.dataLim.y0 >= 0:
        axis.set_ylim(bottom=0)
    axis.set_xlabel(PIECES)
    axis.set_ylabel(label)
    axis.grid(True)
