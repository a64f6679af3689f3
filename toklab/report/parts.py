"""Pictures of what a contender's tokens are like and of what it costs: lengths, unseen words, seconds and memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from toklab.metrics.oov import FATES
from toklab.report.canvas import bar_legend, new_figure
from toklab.report.figures import Panel, label_of, panels_of
from toklab.report.palette import BLUE, ORANGE, SKY, VERMILION, family
from toklab.results import Report, Result
from toklab.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 16  # bytes of a token that have a bar of their own
BESIDE = 4  # small panels in a row
# What becomes of a word, from good to bad; the hatches tell them apart without colour.
LOOKS = {
    "whole": ("one token", BLUE, ""),
    "pieces": ("cut into pieces", SKY, "//"),
    "exploded": ("single characters or bytes", ORANGE, "xx"),
    "unknown": ("holds an unknown token", VERMILION, ".."),
}


def token_lengths(report: Report) -> Figure | None:
    """A small histogram for each contender of the bytes that its tokens cover, at the largest vocabulary size."""
    found = panels_of(report, lambda result: result.token_lengths is not None and result.token_lengths.sum() > 0)
    if not found:
        return None
    size, results = found[-1]
    title = f"Further right, longer tokens: share of the tokens by UTF-8 bytes, vocabulary size {size:,}"
    figure, part, axes = new_figure(report.results, title, len(results), 2.4, 1.5, BESIDE)
    shares = [_shares_by_length(result) for result in results]
    highest = [float(bars.max()) for bars in shares]
    # Character and byte tokenizers have one bar of all there is; with room for it, the others would be flat.
    room = min(max(highest), 2 * float(np.median(highest)))
    for axis, result, bars in zip(axes, results, shares, strict=True):
        _histogram(axis, result, bars, room)
    bar_legend(part, results)
    return figure


def _shares_by_length(result: Result) -> FloatArray:
    """(LONGEST + 1,) share of the tokens that have so many bytes, or more for the last."""
    assert result.token_lengths is not None
    counts = result.token_lengths
    bars: FloatArray = np.zeros(LONGEST + 1)
    bars[: min(len(counts), LONGEST)] = counts[:LONGEST]
    bars[LONGEST] = counts[LONGEST:].sum()
    bars /= bars.sum()
    return bars


def _histogram(axis: Axes, result: Result, bars: FloatArray, room: float) -> None:
    axis.bar(
        range(LONGEST + 1), np.minimum(bars, room), width=0.85, color=family(result.tokenizer, result.signature).colour
    )
    for place in np.flatnonzero(bars > room):
        axis.annotate(
            f"↑ {bars[place]:.0%}", (place, room), xytext=(5, -2), textcoords="offset points", fontsize=8, va="top"
        )
    axis.set_ylim(0, room * 1.05)
    axis.set_title(label_of(result), fontsize=9)
    axis.set_xticks([1, 4, 8, 12, LONGEST], ["1", "4", "8", "12", f"{LONGEST}+"])
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.tick_params(labelsize=8)
    axis.grid(True, axis="y")


def oov_words(report: Report) -> Figure | None:
    """What becomes of the words that training never saw: a bar in parts for each contender, worst at the bottom."""

    def has(result: Result) -> bool:
        return result.oov is not None and sum(result.oov.values()) > 0

    def axis_of(axis: Axes, results: Sequence[Result]) -> None:
        shares = {r.tokenizer: _shares(r) for r in results}
        order = sorted(results, key=lambda r: (*shares[r.tokenizer][::-1], r.tokenizer), reverse=True)
        left = np.zeros(len(order))
        for place, fate in enumerate(FATES):
            label, colour, hatch = LOOKS[fate]
            width = np.array([shares[r.tokenizer][place] for r in order])
            axis.barh(
                range(len(order)),
                width,
                left=left,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                height=0.75,
                label=label,
            )
            left += width
        axis.set_xlim(0, 1)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        _names(axis, order)

    title = "Less to the right, better: what becomes of words that training never saw"
    figure = _bars(report, title, panels_of(report, has), axis_of, "share of the unseen words of the held-out text")
    if figure is not None:
        part = figure.subfigs[0]
        handles, labels = part.axes[0].get_legend_handles_labels()
        part.legend(handles, labels, loc="outside lower center", ncols=len(FATES), frameon=False, fontsize=9)
    return figure


def _shares(result: Result) -> list[float]:
    assert result.oov is not None
    words = sum(result.oov.values())
    return [result.oov[fate] / words for fate in FATES]


def training_time(report: Report) -> Figure | None:
    """How long each training took, fastest on top."""

    def axis_of(axis: Axes, results: Sequence[Result]) -> None:
        order = sorted(results, key=lambda r: (-(r.seconds or 0.0), r.tokenizer))
        axis.barh(
            range(len(order)),
            [r.seconds or 0.0 for r in order],
            color=[family(r.tokenizer, r.signature).colour for r in order],
            hatch=["" if r.sized else "///" for r in order],
            edgecolor="white",
            height=0.75,
        )
        for place, result in enumerate(order):
            memory = "" if result.peak_mb is None else f", {result.peak_mb:,.0f} MB"
            axis.annotate(
                f"{result.seconds:.2f} s{memory}",
                (result.seconds or 0.0, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axis.set_xlim(0, max([*(r.seconds or 0.0 for r in order), 1e-9]) * 1.25)  # room for the labels
        _names(axis, order)

    title = "Shorter bar, faster training; beside it, the most memory that its process held"
    found = panels_of(report, lambda result: result.seconds is not None)
    figure = _bars(report, title, found, axis_of, "seconds of training, in a process of its own, once")
    if figure is not None:
        bar_legend(figure.subfigs[0], [result for _, results in found for result in results])
    return figure


def _bars(
    report: Report, title: str, found: Sequence[Panel], draw: Callable[[Axes, Sequence[Result]], None], label: str
) -> Figure | None:
    """A panel of horizontal bars for each vocabulary size."""
    if not found:
        return None
    rows = max(len(results) for _, results in found)
    figure, _, axes = new_figure(report.results, title, len(found), 6.5, 0.32 * rows + 1)
    for axis, (size, results) in zip(axes, found, strict=True):
        axis.set_title(f"vocabulary size {size:,}")
        draw(axis, results)
        axis.set_xlabel(label)
        axis.grid(True, axis="x")
    return figure


def _names(axis: Axes, results: Sequence[Result]) -> None:
    axis.set_yticks(range(len(results)), [label_of(result) for result in results])
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(-0.6, len(results) - 0.4)
