"""From the JSON of a comparison over languages back to its report; nothing of it is trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from toklab.errors import FormatError
from toklab.languages.findings import Curve, Fairness, LanguageFigures, LanguageReport, ScriptMean
from toklab.reading import Object, read_whole
from toklab.restoring import read_cell, read_groups
from toklab.results import SCHEMA, Cell

Key = tuple[str, int]
# A row's language and script; a script's mean has no language, and what is of all languages has no script.
Rows = Sequence[tuple[str | None, str | None, Cell]]


def restore(data: object) -> LanguageReport:
    """The report of a JSON object.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema; the message names the place.
    """
    whole = read_whole(data, SCHEMA, "reference")
    groups = read_groups(whole)
    rows: dict[Key, list[tuple[str | None, str | None, Cell]]] = {}
    for row in whole.objects("rows"):
        place = row.maybe_text("language"), row.maybe_text("script")
        rows.setdefault((row.text("tokenizer"), row.whole("vocab_size")), []).append((*place, read_cell(row, groups)))
    results = tuple(_fairness(each, rows) for each in whole.objects("contenders"))
    if rows:
        raise FormatError(f"no report: rows of {next(iter(rows))[0]!r}, which is no contender")
    return LanguageReport(
        results,
        whole.text("reference"),
        whole.text("train"),
        math.inf if whole.values.get("temperature") == "inf" else whole.number("temperature"),
        _training(whole.object("training")),
        whole.text("signature"),
        whole.facts("corpus"),
        whole.texts("warnings"),
    )


def _training(part: Object) -> Mapping[str, Mapping[str, int]]:
    found = {language: part.object(language) for language in part.values}
    return {language: {name: facts.whole(name) for name in ("lines", "bytes")} for language, facts in found.items()}


def _fairness(each: Object, rows: dict[Key, list[tuple[str | None, str | None, Cell]]]) -> Fairness:
    name, size = each.text("tokenizer"), each.whole("vocab_size")
    own = rows.pop((name, size), [])
    curves, worst = each.object("lorenz"), each.maybe_text("worst")
    cells = tuple(cell for _, script, cell in own if script is None)
    needed = {*(f"gini_cost_per_{cost}" for cost in ("line", "byte")), *["worst_premium"] * (worst is not None)}
    if cells and not needed <= {cell.metric for cell in cells}:
        raise each.fail("tokenizer", "a contender with its figures")
    return Fairness(
        tokenizer=name,
        vocab_size=size,
        sized=each.truth("sized"),
        languages=_languages(each, own),
        scripts=_scripts(each.object("scripts"), own),
        cells=cells,
        lorenz={cost: _curve(curves, cost) for cost in curves.values},
        worst=worst,
        seconds=each.figure("train_seconds"),
        error=each.maybe_text("error"),
        warnings=each.texts("warnings"),
        signature=each.text("signature"),
        pretrained=each.truth("pretrained"),
    )


def _languages(each: Object, rows: Rows) -> tuple[LanguageFigures, ...]:
    scripts, errors = each.object("languages"), each.object("errors")
    cells: dict[str, list[Cell]] = {}
    for language, script, cell in rows:
        if language is not None and script is not None:
            cells.setdefault(language, []).append(cell)
    found = []
    for language in scripts.values:
        own = tuple(cells.pop(language, ()))
        error = errors.text(language) if language in errors.values else None
        if error is None and not {"premium", "unk_bytes"} <= {cell.metric for cell in own}:
            raise scripts.fail(language, "a language with its figures")
        found.append(LanguageFigures(language, scripts.text(language), own, error))
    if cells:
        raise FormatError(
            f"no report: rows of {next(iter(cells))!r}, which is no language of {each.text('tokenizer')!r}"
        )
    return tuple(found)


def _scripts(part: Object, rows: Rows) -> tuple[ScriptMean, ...]:
    means = {script: cell for language, script, cell in rows if language is None and script is not None}
    if means.keys() != part.values.keys():
        raise FormatError(f"no report: {part.place.rstrip('.')} are not the scripts of the rows")
    return tuple(ScriptMean(script, part.texts(script), means[script]) for script in part.values)


def _curve(curves: Object, cost: str) -> Curve:
    points = curves.values[cost]
    if not isinstance(points, list):
        raise curves.fail(cost, "a list of points")
    for point in points:
        if not (isinstance(point, list) and len(point) == 2 and all(type(end) in (int, float) for end in point)):
            raise curves.fail(cost, "a list of points")
        if not all(0 <= end <= 1 + 1e-9 for end in point):
            raise curves.fail(cost, "a list of points between 0 and 1")
    return tuple((float(across), float(up)) for across, up in points)
