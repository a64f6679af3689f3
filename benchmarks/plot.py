"""The report as a picture: a bar of wall seconds per contender, with its range, on a logarithmic axis."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Row
from benchmarks.table import cells, describe_ratio, groups, is_ours, seconds
from toklab.report.palette import BLUE, GROUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.0
BAR = 0.36
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a "$" in a name is no formula
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}


def draw(report: Mapping[str, Any]) -> bytes:
    """A PNG with one panel for each group of rows that may be compared; failures stand in their place as text."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        panels = list(groups(report["rows"]))
        heights = [0.9 + BAR * len(rows) for _, rows in panels]
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.7), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(
            "Wall seconds, less is better; toklab in blue", x=0.01, ha="left", fontsize=13, fontweight="bold"
        )
        grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
        for place, (title, rows) in enumerate(panels):
            _panel(figure.add_subplot(grid[place]), title, rows)
        figure.supxlabel(_machine(report), x=0.01, ha="left", fontsize=8, color="#555555")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _panel(axis: Axes, title: str, rows: Sequence[Row]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    finished = sorted((row for row in rows if row["error"] is None), key=lambda row: row["median_s"])
    shown = [*finished, *(row for row in rows if row["error"] is not None)]
    axis.set_title(title, fontsize=10)
    axis.set_yticks(range(len(shown)), [cells(row)[0] for row in shown])
    axis.set_ylim(len(shown) - 0.4, -0.6)
    for place, row in enumerate(finished):
        below, above = row["median_s"] - row["min_s"], row["max_s"] - row["median_s"]
        colour = BLUE if is_ours(row) else GROUND
        axis.barh(place, row["median_s"], 0.62, color=colour)
        axis.errorbar(row["median_s"], place, xerr=[[below], [above]], color="black", capsize=3, linewidth=1)
        text = f"  {seconds(row['median_s'])} s"
        if row["contender"] != row["reference"]:
            text += f"  {describe_ratio(row)}" + (f" (to {row['reference']})" if row["reference"] != "bpe" else "")
        axis.text(row["max_s"], place, text.rstrip(), va="center", fontsize=8)
    low = min((row["min_s"] for row in finished), default=0.1)
    high = max((row["max_s"] for row in finished), default=1.0)
    axis.set_xscale("log")
    # Room for the text beside the longest bar.
    axis.set_xlim(low / 3, high * (high / low * 3) ** 0.5)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="x")
    for place in range(len(finished), len(shown)):
        axis.text(low / 2.8, place, textwrap.shorten(shown[place]["error"], 90), va="center", fontsize=8)


def _machine(report: Mapping[str, Any]) -> str:
    machine = report["machine"]
    text = f"{machine['cores']} cores, Python {machine['python']}; {', '.join(report['libraries'])}"
    return "\n".join(textwrap.wrap(f"{text}. Whiskers: fastest and slowest of {report['repeats']} rounds.", 130))
