"""Time as a function of size: the exponent by least squares, and the time at twice the size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.contenders import STARTUP
from benchmarks.rows import Row

SERIES = ("task", "contender", "corpus", "vocab_size", "threads", "shape", "pass")
# How far from 2 the ratio of two sizes may be: texts end at a character.
NEARLY = 0.01


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of the straight line through log time over log size (least squares).

    Parameters
    ----------
    sizes : two different ones at least, above 0
    seconds : time at each, above 0
    """
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - middle_x) ** 2 for a in x)


def make_fits(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One fit for each contender of each series of two sizes or more."""
    series: dict[tuple[Any, ...], dict[float, float]] = {}
    for row in rows:
        if row["task"] != STARTUP and row["median_s"]:
            points = series.setdefault(tuple(row[key] for key in SERIES), {})
            points[row["text_mb"]] = row["median_s"]
    return [
        {**dict(zip(SERIES, key, strict=True)), **_fit(dict(sorted(points.items())))}
        for key, points in series.items()
        if len(points) > 1
    ]


def _fit(points: Mapping[float, float]) -> dict[str, Any]:
    doubled = [
        {"text_mb": small, "ratio": points[large] / points[small]}
        for small in points
        for large in points
        if abs(large / small - 2) < NEARLY
    ]
    return {
        "sizes_mb": list(points),
        "seconds": list(points.values()),
        "exponent": exponent(list(points), list(points.values())),
        "at_double": doubled,
        "worst_double": max((pair["ratio"] for pair in doubled), default=None),
    }
