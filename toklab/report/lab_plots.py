"""What the determinism lab found as files: JSON, and pictures of ties and of growth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toklab.files import write_all
from toklab.report.canvas import logarithmic, short
from toklab.report.palette import line_styles
from toklab.report.plots import pictures
from toklab.retraining import Census, DeterminismReport, Stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_determinism(report: DeterminismReport, folder: str | Path) -> list[Path]:
    """Write determinism.json, and ties.png and growth.png where there is something to show.

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
    text = json.dumps(report.to_dict(), indent=1, allow_nan=False)
    return write_all(folder, {"determinism.json": text.encode() + b"\n", **pictures(report, FIGURES)})


def ties(censuses: Sequence[Census]) -> Figure | None:
    """By how much each merge led, by its rank; the ties lie at the bottom."""
    shown = [census for census in censuses if len(census.counts)]
    if not shown:
        return None
    figure, panels = _panels("Ties are the dots at 0: by how many occurrences each merge led", len(shown))
    for panel, census in zip(panels, shown, strict=True):
        ranks = np.arange(len(census.counts))
        tied = census.tied > 1
        panel.scatter(ranks[~tied], census.margins[~tied], s=5, color="#0072b2", label="led", linewidths=0)
        panel.scatter(ranks[tied], np.zeros(tied.sum()), s=5, color="#d55e00", label="tie", linewidths=0)
        logarithmic(panel, "y")
        panel.set_ylim(-0.2)
        share = "" if census.share is None else f": {census.share:.0%} ties"
        panel.set_title(f"{short(census.tokenizer)}{share}")
        if census.takeover is not None:
            panel.axvline(census.takeover, color="#555555", linewidth=0.8, linestyle=":")
        panel.set_xlabel("rank of the merge")
        panel.set_ylabel("occurrences ahead of the next pair")
        panel.legend(frameon=False, fontsize=8)
    return figure


def growth(stabilities: Sequence[Stability]) -> Figure | None:
    """How much of the vocabulary of all documents a part of them has, weighed by use."""
    if not any(stability.growth for stability in stabilities):
        return None
    figure, (panel,) = _panels("Flat at the top, the vocabulary has settled: pieces in common with all of the text", 1)
    styles = line_styles([stability.tokenizer for stability in stabilities])
    for stability in stabilities:
        points = [(p.n_bytes, p.use_jaccard) for p in stability.growth if p.use_jaccard is not None]
        if points:
            panel.plot(*zip(*points, strict=True), label=short(stability.tokenizer), **styles[stability.tokenizer])
    panel.set_xlabel("bytes of text")
    panel.set_ylabel("pieces in common, weighed by use")
    panel.set_ylim(0, 1)
    logarithmic(panel, "x", (1, 2, 5))
    panel.legend(frameon=False, fontsize=8)
    return figure


def _panels(title: str, count: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(max(6.0 * columns, 8.5), 4.0 * rows + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure, [figure.add_subplot(rows, columns, index + 1) for index in range(count)]


FIGURES: Mapping[str, Callable[[DeterminismReport], Figure | None]] = {
    "ties.png": lambda report: ties(report.censuses),
    "growth.png": lambda report: growth(report.stabilities),
}
