"""Pictures in cells: how alike every two contenders are, and what moved when each was trained again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toklab.report.canvas import new_figure, short
from toklab.report.columns import by_size
from toklab.report.pairs import Key, both_ways, groups
from toklab.results import Pair, Report, Result
from toklab.retraining import DeterminismReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

SHADES = "cividis"  # Nuñez, Anderton and Renslow (2018): it looks the same to every kind of colour vision
# Text on a shade keeps its colour on a page of any ground, where black would turn.
ON_LIGHT, ON_DARK = "#111111", "#fefefe"
# Each verdict has a colour and a sign, so that neither is needed; light enough for dark text on any page.
VERDICTS = {
    "exact": ("=", "#8cc8ea"),
    "encodings differ": ("≈", "#f3d27f"),
    "ids differ": ("ids", "#f0b95a"),
    "pieces differ": ("≠", "#f0976a"),
    "failed": ("×", "#dba9c6"),
    "not probed": ("–", "#c4c8cc"),
}
FEW = 2  # columns that have room for a verdict in words


def boundary_agreement(report: Report) -> Figure | None:
    """Where every two contenders cut alike."""
    title = "Brighter, more alike: places in the text that both cut ÷ places that either cuts, in %"
    return _heatmap(report, title, "boundary_agreement")


def vocab_jaccard(report: Report) -> Figure | None:
    """What the vocabularies of every two contenders share."""
    title = "Brighter, more alike: texts that are pieces of both ÷ texts that are pieces of either, in %"
    return _heatmap(report, title, "vocab_jaccard")


def _heatmap(report: Report, title: str, metric: str) -> Figure | None:
    shown = groups(report.results) if report.pairs else []
    if not shown:
        return None
    pairs = both_ways(report.pairs)
    most = max(len(results) for _, results in shown)
    figure, _, axes = new_figure(report.results, title, len(shown), 0.42 * most + 2.2, 0.34 * most + 1.4)
    for axis, (size, results) in zip(axes, shown, strict=True):
        axis.set_title("sizes of their own" if size is None else f"vocabulary size {size:,}")
        _triangle(axis, results, pairs, metric)
    return figure


def _triangle(axis: Axes, results: Sequence[Result], pairs: Mapping[tuple[Key, Key], Pair], metric: str) -> None:
    """The half of the matrix below its diagonal; the other half would be the same."""
    from matplotlib import colormaps

    keys = [(result.tokenizer, result.vocab_size) for result in results]
    shades = colormaps[SHADES]
    for row in range(1, len(keys)):
        for column in range(row):
            pair = pairs.get((keys[row], keys[column]))
            value = None if pair is None else pair[metric].value
            if value is not None:
                _cell(axis, column, row, f"{value:.0%}"[:-1], shades(value), ON_LIGHT if value > 0.5 else ON_DARK)
    names = [short(result.tokenizer) for result in results]
    axis.set_xticks(range(len(names) - 1), names[:-1], rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_yticks(range(1, len(names)), names[1:], fontsize=8)
    _frame(axis, (-0.5, len(names) - 1.5), (len(names) - 0.5, 0.5))


def verdicts(report: Report, lab: DeterminismReport | None = None) -> Figure | None:
    """What moved when each contender was trained again: by axis where the lab has run, else in a word.

    Parameters
    ----------
    lab : of the same contenders
    """
    if lab is not None:
        table = {(probe.tokenizer, probe.axis): str(probe.verdict) for probe in lab.probes}
    else:
        sizes = by_size(report)
        table = {
            (r.tokenizer, f"at {size:,} pieces" if len(sizes) > 1 else "trained again"): r.determinism
            for size, results in sizes
            for r in results
            if r.determinism is not None
        }
    if not table:
        return None
    names, columns = (list(dict.fromkeys(key[place] for key in table)) for place in (0, 1))
    in_words = len(columns) <= FEW
    width = max(1.1 * len(columns) + 4, 8.5)
    title = "The same colour all the way, the same tokenizer again: what moved when it was trained again"
    figure, part, (axis,) = new_figure(report.results, title, 1, width, 0.28 * len(names) + 0.9)
    for (name, column), verdict in table.items():
        sign, colour = VERDICTS.get(verdict, VERDICTS["not probed"])
        _cell(axis, columns.index(column), names.index(name), verdict if in_words else sign, colour, ON_LIGHT)
    axis.set_xticks(range(len(columns)), columns, fontsize=8)
    axis.set_yticks(range(len(names)), [short(name) for name in names], fontsize=8)
    _frame(axis, (-0.5, len(columns) - 0.5), (len(names) - 0.5, -0.5))
    if not in_words:
        _verdict_legend(part, [verdict for verdict in VERDICTS if verdict in table.values()])
    return figure


def _cell(axis: Axes, column: int, row: int, text: str, colour: Any, ink: str) -> None:
    from matplotlib.patches import Rectangle

    # As an artist: a patch would move limits, which are set; and what is within the axes takes no part in the layout.
    axis.add_artist(Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=colour, linewidth=0, in_layout=False))
    axis.text(column, row, text, color=ink, fontsize=8, ha="center", va="center", in_layout=False)


def _frame(axis: Axes, across: tuple[float, float], down: tuple[float, float]) -> None:
    axis.set_xlim(across)
    axis.set_ylim(down)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _verdict_legend(part: SubFigure, shown: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=VERDICTS[verdict][1], label=f"{VERDICTS[verdict][0]} {verdict}") for verdict in shown]
    part.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False, fontsize=9)
