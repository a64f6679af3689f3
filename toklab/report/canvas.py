"""What every picture of a report has: panels with a title, a note, a legend, and axes that read well."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from toklab.report.palette import FAMILIES, GROUND, family
from toklab.report.terminal import visible
from toklab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


# Where a logarithmic axis ends before this multiple of its beginning, powers of ten alone would be too few ticks.
FEW_TICKS = 30


class Contestant(Protocol):
    """What a picture needs to know of a result to name it."""

    @property
    def tokenizer(self) -> str: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def error(self) -> str | None: ...


def new_figure(
    results: Sequence[Contestant], title: str, panels: int, width: float, height: float, beside: int = 2
) -> tuple[Figure, SubFigure, list[Axes]]:
    """A figure, its upper part, and in that part the panels, so many beside each other.

    The upper part has room for a legend as well; below it stands a note about contenders that failed.

    Parameters
    ----------
    results : all that was measured
    width, height : of a panel, in inches
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(panels, beside)
    rows = -(-panels // columns)
    wide, high = max(width * columns, 8.5), height * rows + 0.7
    failed = [f"{short(r.tokenizer)} at {r.vocab_size:,}" for r in results if r.error is not None]
    note = f"Left out because they failed: {', '.join(failed)}" if failed else ""
    lines = textwrap.wrap(note, round(15 * wide), break_on_hyphens=False)
    below = 0.05 + 0.15 * len(lines)
    figure = Figure(figsize=(wide, high + below), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=[high, below])
    top, bottom = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    bottom.text(0.01, 1, "\n".join(lines), va="top", fontsize=8, color="#555555")
    top.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure, top, [top.add_subplot(rows, columns, i + 1) for i in range(panels)]


def lay_out(figure: Figure, dpi: float) -> None:
    """Find the places of everything in a figure, so that its canvas can be printed.

    Matplotlib's ``savefig`` draws all of it for that alone, and then once more.
    """
    figure.dpi = dpi
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def short(name: str) -> str:
    """A name that leaves room for the picture; the tables have all of it."""
    text = visible(name)
    return text if len(text) <= 28 else f"{text[:9]}…{text[-18:]}"


def logarithmic(axis: Axes, which: str, steps: tuple[int, ...] = (1,)) -> None:
    """Logarithmic axes with plain numbers at the ticks; zero has its place at the edge."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for direction in which:
        side = axis.xaxis if direction == "x" else axis.yaxis
        lowest = (axis.dataLim.x0, axis.dataLim.y0)[direction == "y"]
        scale = {"value": "log"} if lowest > 0 else {"value": "symlog", "linthresh": 1}
        (axis.set_xscale if direction == "x" else axis.set_yscale)(**scale)
        if lowest > 0:
            highest = (axis.dataLim.x1, axis.dataLim.y1)[direction == "y"]
            few = highest < FEW_TICKS * lowest
            side.set_major_locator(LogLocator(subs=(1, 2, 5) if few else steps))
        else:
            (axis.set_xlim if direction == "x" else axis.set_ylim)(0)
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        side.set_minor_formatter(NullFormatter())


def bar_legend(part: SubFigure, results: Sequence[Result]) -> None:
    """Families by colour, below the panels where it covers nothing."""
    from matplotlib.patches import Patch

    shown = [f for f in FAMILIES if any(family(result.tokenizer, result.signature) == f for result in results)]
    handles = [Patch(facecolor=f.colour, label=f.name) for f in shown]
    if any(not result.sized for result in results):
        handles.append(Patch(facecolor=GROUND, edgecolor="white", hatch="///", label="size of its own"))
    part.legend(handles=handles, loc="outside lower right", ncols=len(handles), frameon=False, fontsize=9)


def line_legend(part: SubFigure, styles: dict[str, dict[str, Any]], results: Sequence[Contestant]) -> None:
    """Every contender by name, right of the panels."""
    from matplotlib.lines import Line2D

    names = dict.fromkeys(result.tokenizer for result in results)
    handles = [Line2D([], [], label=short(name), linewidth=1.6, **styles[name]) for name in names]
    part.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=9, handlelength=3)
