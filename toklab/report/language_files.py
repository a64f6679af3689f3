"""A comparison over languages as files: JSON, CSV, and pictures of premiums and of Lorenz curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toklab.files import write_all
from toklab.languages import Fairness, LanguageReport
from toklab.report.canvas import line_legend, new_figure, short
from toklab.report.files import csv_bytes, encode
from toklab.report.language_table import by_size, worst_first
from toklab.report.palette import line_styles
from toklab.report.plots import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DODGE = 0.7  # of the distance between two languages, what their dots spread over
SHAPES = {"-": "o", "--": "s", ":": "^", "-.": "D"}
COSTS = {"line": "tokens per parallel line", "byte": "tokens per UTF-8 byte"}


def write_languages(report: LanguageReport, folder: str | Path) -> list[Path]:
    """Write languages.json and languages.csv, and premiums.png and lorenz.png where there is something to show.

    All of them are made before the first is written, and each appears whole or not at all. Equal reports give
    equal files, but for the times of training in the JSON.

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
    tables = {"languages.json": encode(f"{report.to_json()}\n"), "languages.csv": csv_bytes(report.to_frame())}
    return write_all(folder, tables | pictures(report, FIGURES))


def premiums(report: LanguageReport) -> Figure | None:
    """A dot with its interval for each language and tokenizer, dearest on top; hollow where text is unknown.

    The shape of a dot tells the family of a tokenizer, as its dashes do.
    """
    sizes = by_size(report) if report.results else []
    panels = [(size, found) for size, results in sizes if (found := _without_errors(results))]
    if not panels:
        return None
    languages = len(panels[0][1][0].languages)
    title = f"Further right, dearer: tokens for the same lines, as a multiple of {short(report.reference)}"
    figure, part, axes = new_figure(report.results, title, len(panels), 7.0, 0.3 * languages + 1.2)
    names = [result.tokenizer for result in report.results]
    styles = {
        name: {**style, "marker": style["marker"] or SHAPES[style["linestyle"]]}
        for name, style in line_styles(names).items()
    }
    for axis, (size, results) in zip(axes, panels, strict=True):
        axis.set_title(f"vocabulary size {size:,}")
        order = [each.language for each in worst_first(results)]
        for place, result in enumerate(results):
            shift = DODGE * ((place + 0.5) / len(results) - 0.5)
            _dots(axis, result, {language: row + shift for row, language in enumerate(order)}, styles[result.tokenizer])
        axis.axvline(1, color="#555555", linewidth=0.8, linestyle=":")
        axis.set_yticks(range(len(order)), [short(language) for language in order])
        axis.set_ylim(len(order) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
        axis.set_xlabel("premium (line: 95% interval; hollow: more than 1% of the bytes unknown)")
        axis.grid(True, axis="x")
    line_legend(part, styles, [result for _, results in panels for result in results])
    return figure


def _dots(axis: Axes, result: Fairness, rows: dict[str, float], style: dict[str, str]) -> None:
    colour, dashes = style["color"], style["linestyle"]
    for figures in result.languages:
        if figures.premium is None:
            continue
        cell, row = figures["premium"], rows[figures.language]
        if cell.ci_low is not None and cell.ci_high is not None:
            axis.plot([cell.ci_low, cell.ci_high], [row, row], color=colour, linestyle=dashes, linewidth=1.2)
        face = "white" if figures.bought else colour
        axis.plot([figures.premium], [row], style["marker"], markersize=4.5, color=colour, markerfacecolor=face)


def lorenz_curves(report: LanguageReport) -> Figure | None:
    """For each cost and size, the share of it that the cheapest languages bear."""
    panels = [
        (size, cost, found)
        for size, results in (by_size(report) if report.results else [])
        for cost in COSTS
        if (found := [result for result in results if result.lorenz.get(cost)])
    ]
    if not panels:
        return None
    title = "Nearer the diagonal, fairer: how much of the cost the cheapest languages bear"
    figure, part, axes = new_figure(report.results, title, len(panels), 5.0, 4.4)
    styles = line_styles([result.tokenizer for result in report.results])
    for axis, (size, cost, results) in zip(axes, panels, strict=True):
        axis.set_title(f"{COSTS[cost]}, vocabulary size {size:,}", fontsize=10)
        axis.plot([0, 1], [0, 1], color="#555555", linewidth=0.8, linestyle=":")
        for result in results:
            across, up = zip(*result.lorenz[cost], strict=True)
            axis.plot(across, up, linewidth=1.4, markersize=3, **styles[result.tokenizer])
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1)
        axis.set_aspect("equal")
        axis.set_xlabel("share of the languages, cheapest first")
        axis.set_ylabel("share of the cost")
        axis.grid(True)
    line_legend(part, styles, [result for _, _, results in panels for result in results])
    return figure


def _without_errors(results: Sequence[Fairness]) -> list[Fairness]:
    return [result for result in results if result.error is None]


FIGURES: Mapping[str, Callable[[LanguageReport], Figure | None]] = {
    "premiums.png": premiums,
    "lorenz.png": lorenz_curves,
}
