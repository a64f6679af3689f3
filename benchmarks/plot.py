"""The report as pictures: a bar of wall seconds per contender, with its range; and time over size, as lines."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import STARTUP
from benchmarks.matrix import count_threads
from benchmarks.rows import Row
from benchmarks.wording import by_time, describe_ratio, groups, is_ours, machine, seconds
from toklab.report.palette import BLACK, BLUE, GREEN, GROUND, ORANGE, PURPLE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 9.0
BAR = 0.36
COLOURS = (VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK, GROUND)
MARKERS = "os^vDPX*"
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a "$" in a name is no formula
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}


def draw(report: Mapping[str, Any]) -> bytes:
    """A PNG with one panel for each group of rows that may be compared; failures stand in their place as text.

    Of many vocabulary sizes, numbers of threads and sizes of text, the largest vocabulary with the most threads
    is drawn, at the first size of each text.
    """
    panels = list(groups(chosen(report["rows"])))
    heights = [0.9 + BAR * len(rows) for _, rows in panels]

    def fill(figure: Figure) -> None:
        grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
        for place, (title, rows) in enumerate(panels):
            _panel(figure.add_subplot(grid[place]), title, rows)

    return _render(report, "Wall seconds, less is better; whiskers: fastest and slowest round", sum(heights), fill)


def chosen(rows: Sequence[Row]) -> list[Row]:
    """The rows of the largest vocabulary with the most threads, at the first size of each text."""
    work = [row for row in rows if row["task"] != STARTUP]
    largest, most = (max((row[key] for row in work), default=None) for key in ("vocab_size", "threads"))
    first: dict[tuple[Any, ...], float] = {}
    for row in work:
        first.setdefault((row["task"], row["corpus"], row["pass"]), row["text_mb"])
    return [
        row
        for row in rows
        if row["task"] == STARTUP
        or (
            (row["vocab_size"], row["threads"]) == (largest, most)
            and row["text_mb"] == first[row["task"], row["corpus"], row["pass"]]
        )
    ]


def draw_scaling(report: Mapping[str, Any]) -> bytes:
    """A PNG with one panel for each text whose size varies: seconds over MB, both axes logarithmic."""
    panels: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for fit in report["fits"]:
        if fit["pass"] in (None, "first"):
            keys = ("task", "corpus", "shape", "vocab_size", "threads")
            panels.setdefault(tuple(fit[key] for key in keys), []).append(fit)

    def fill(figure: Figure) -> None:
        grid = figure.add_gridspec(len(panels), 1)
        for place, (key, fits) in enumerate(panels.items()):
            task, corpus, shape, vocab_size, threads = key
            parts = (f"{task} {corpus}", shape, f"{vocab_size:,} pieces", count_threads(threads))
            _lines(figure.add_subplot(grid[place]), ", ".join(filter(None, parts)), fits)

    return _render(report, "Wall seconds over megabytes; in brackets the fitted exponent", 4.2 * len(panels), fill)


def _render(report: Mapping[str, Any], title: str, height: float, fill: Any) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(WIDTH, height + 0.9), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        fill(figure)
        about = f"{machine(report)}. {report['repeats']} rounds; toklab in blue."
        figure.supxlabel("\n".join(textwrap.wrap(about, 130)), x=0.01, ha="left", fontsize=8, color="#555555")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _lines(axis: Axes, title: str, fits: Sequence[Mapping[str, Any]]) -> None:
    axis.set_title(title, fontsize=10)
    for place, fit in enumerate(fits):
        ours = fit["contender"] in ("bpe", "wordpiece-hf")
        axis.plot(
            fit["sizes_mb"],
            fit["seconds"],
            color=BLUE if ours else COLOURS[place % len(COLOURS)],
            marker=MARKERS[place % len(MARKERS)],
            linewidth=2.4 if ours else 1.2,
            label=f"{fit['contender']} ({fit['exponent']:.2f})",
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    for side in (axis.xaxis, axis.yaxis):
        _plain_ticks(side)
    axis.grid()
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _plain_ticks(side: Axis) -> None:
    """Powers of ten, their doubles and halves, written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    side.set_major_locator(LogLocator(subs=(1, 2, 5)))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    side.set_minor_formatter(NullFormatter())


def _panel(axis: Axes, title: str, rows: Sequence[Row]) -> None:
    shown = sorted(rows, key=by_time)
    finished = [row for row in shown if row["error"] is None]
    axis.set_title(title, fontsize=10)
    axis.set_yticks(range(len(shown)), [row["contender"] for row in shown])
    axis.set_ylim(len(shown) - 0.4, -0.6)
    for place, row in enumerate(finished):
        below, above = row["median_s"] - row["min_s"], row["max_s"] - row["median_s"]
        axis.barh(place, row["median_s"], 0.62, color=BLUE if is_ours(row) else GROUND)
        axis.errorbar(row["median_s"], place, xerr=[[below], [above]], color="black", capsize=3, linewidth=1)
        text = f"  {seconds(row['median_s'])} s"
        if row["contender"] != row["reference"]:
            text += f"  {describe_ratio(row)}"
        axis.text(row["max_s"], place, text.rstrip(), va="center", fontsize=8)
    low = min((row["min_s"] for row in finished), default=0.1)
    high = max((row["max_s"] for row in finished), default=1.0)
    axis.set_xscale("log")
    # Room for the text beside the longest bar.
    axis.set_xlim(low / 3, high * (high / low * 3) ** 0.5)
    _plain_ticks(axis.xaxis)
    axis.grid(axis="x")
    for place in range(len(finished), len(shown)):
        axis.text(low / 2.8, place, textwrap.shorten(shown[place]["error"], 90), va="center", fontsize=8)
