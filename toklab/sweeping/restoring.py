"""From the JSON of a sweep back to its report; nothing of it is trusted."""

from __future__ import annotations

from toklab.errors import FormatError
from toklab.reading import Object, read_whole
from toklab.restoring import read_cells
from toklab.results import SCHEMA, Cell, Result
from toklab.sweeping.curves import GAIN
from toklab.sweeping.findings import TRAINED, TRUNCATED, Curve, Point, SweepReport

Cells = dict[tuple[str, int], list[Cell]]


def restore(data: object) -> SweepReport:
    """The report of a JSON object.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema; the message names the place.
    """
    whole = read_whole(data, SCHEMA, "curves")
    cells = read_cells(whole)
    curves = tuple(_curve(each, cells) for each in whole.objects("curves"))
    if cells:
        raise FormatError(f"no report: rows of {next(iter(cells))[0]!r}, which is no contender at that size")
    return SweepReport(
        curves, whole.number("worth"), whole.text("signature"), whole.facts("corpus"), whole.texts("warnings")
    )


def _curve(each: Object, cells: Cells) -> Curve:
    name = each.text("tokenizer")
    points = tuple(_point(name, point, cells) for point in each.objects("points"))
    knees = each.object("knees")
    return Curve(
        name, points, {metric: knees.maybe_whole(metric) for metric in knees.values}, each.maybe_whole("balance")
    )


def _point(name: str, each: Object, cells: Cells) -> Point:
    size, origin, error = each.whole("vocab_size"), each.text("origin"), each.maybe_text("error")
    if origin not in (TRAINED, TRUNCATED):
        raise each.fail("origin", f"{TRAINED} or {TRUNCATED}")
    own = tuple(cells.pop((name, size), ()))
    if error is None and not {"vocab_obtained", GAIN} <= {cell.metric for cell in own}:
        raise each.fail("vocab_size", "a size with its figures")
    result = Result(
        tokenizer=name,
        vocab_size=size,
        cells=own,
        seconds=each.figure("seconds"),
        error=error,
        warnings=each.texts("warnings"),
        signature=each.text("signature"),
    )
    return Point(result, origin)
