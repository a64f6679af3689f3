"""From the JSON of a comparison back to its report; nothing of it is trusted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toklab.errors import FormatError
from toklab.metrics.oov import FATES
from toklab.results import SCHEMA, Cell, Lead, Pair, Report, Result
from toklab.types import IntArray

MOST = 100_000_000  # documents, ids or bytes that a list of counts may stand for
BETTER = ("higher", "lower", "")


@dataclass(frozen=True)
class _Object:
    """A JSON object, and where in the file it stands."""

    values: Mapping[str, Any]
    place: str

    def fail(self, key: str, what: str) -> FormatError:
        return FormatError(f"no report of a comparison: {self.place}{key} is not {what}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self.fail(key, "a text")
        return value

    def maybe_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.fail(key, "a whole number")
        return value

    def figure(self, key: str) -> float | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
            raise self.fail(key, "a number")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.fail(key, "a list of texts")
        return tuple(value)

    def object(self, key: str) -> _Object:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.fail(key, "an object")
        return _Object(value, f"{self.place}{key}.")

    def objects(self, key: str) -> Iterator[_Object]:
        """The objects of a list; none where there is no such key, as in files of earlier versions."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.fail(key, "a list of objects")
        for place, each in enumerate(value):
            yield _Object(each, f"{self.place}{key}[{place}].")

    def counts(self, key: str, name: str, count: str) -> tuple[IntArray, IntArray] | None:
        """Two lists of whole numbers; None where there is none."""
        if self.values.get(key) is None:
            return None
        lists = self.object(key)
        found = []
        for each in (name, count):
            values = lists.values.get(each)
            if not isinstance(values, list) or not all(type(n) is int and 0 <= n <= MOST for n in values):
                raise lists.fail(each, "a list of whole numbers")
            found.append(np.array(values, np.int64))
        if len(found[0]) != len(found[1]) or found[1].sum() > MOST or (np.diff(found[0]) <= 0).any():
            raise self.fail(key, "two lists of one length, the first ascending")
        return found[0], found[1]


def parse(text: str | bytes) -> object:
    """JSON without NaN and infinities.

    Raises
    ------
    FormatError
        It is no JSON.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no report of a comparison: no JSON ({error})") from None


def restore(data: object) -> Report:
    """The report of a JSON object.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema; the message names the place.
    """
    if not isinstance(data, dict):
        raise FormatError("no report of a comparison: not a JSON object")
    if data.get("schema") != SCHEMA or "contenders" not in data:
        raise FormatError(f"no report of a comparison: it has no contenders of schema {SCHEMA}")
    whole = _Object(data, "")
    groups = whole.object("groups") if "groups" in data else _Object({}, "groups.")
    cells: dict[tuple[str, int], list[Cell]] = {}
    for row in whole.objects("rows"):
        cells.setdefault((row.text("tokenizer"), row.whole("vocab_size")), []).append(_cell(row, groups))
    results = tuple(_result(each, cells) for each in whole.objects("contenders"))
    if cells:
        raise FormatError(f"no report of a comparison: rows of {next(iter(cells))[0]!r}, which is no contender")
    return Report(
        results,
        whole.text("signature"),
        _facts(whole.object("corpus")),
        whole.texts("warnings"),
        _pairs(whole),
        tuple(_lead(each) for each in whole.objects("leads")),
    )


def _facts(corpus: _Object) -> Mapping[str, Any]:
    for key, value in corpus.values.items():
        if not isinstance(value, str | int | float):
            raise corpus.fail(key, "a text or a number")
    return dict(corpus.values)


def _cell(row: _Object, groups: _Object) -> Cell:
    metric, better = row.text("metric"), row.text("better")
    if better not in BETTER:
        raise row.fail("better", "higher, lower or empty")
    group = groups.text(metric) if groups.values else ""
    value, low, high = (row.figure(key) for key in ("value", "ci_low", "ci_high"))
    same = row.values.get("same_as_best")
    if not (same is None or isinstance(same, bool)):
        raise row.fail("same_as_best", "true, false or null")
    rank = None if row.values.get("rank") is None else row.whole("rank")
    return Cell(metric, value, low, high, row.text("unit"), better, group, rank, same)


def _result(each: _Object, cells: dict[tuple[str, int], list[Cell]]) -> Result:
    name, size = each.text("tokenizer"), each.whole("vocab_size")
    sized = each.values.get("sized")
    pretrained = each.values.get("pretrained", False)
    for key, value in (("sized", sized), ("pretrained", pretrained)):
        if not isinstance(value, bool):
            raise each.fail(key, "true or false")
    lengths = each.counts("lengths", "tokens", "documents")
    frequencies = each.counts("frequencies", "occurrences", "ids")
    tokens = each.counts("token_lengths", "bytes", "tokens")
    return Result(
        tokenizer=name,
        vocab_size=size,
        sized=bool(sized),
        pretrained=bool(pretrained),
        cells=tuple(cells.pop((name, size), ())),
        lengths=None if lengths is None else np.repeat(*lengths),
        frequencies=None if frequencies is None else np.repeat(*frequencies)[::-1],
        token_lengths=None if tokens is None else _by_length(*tokens),
        oov=_fates(each),
        determinism=each.maybe_text("determinism"),
        seconds=each.figure("train_seconds"),
        peak_mb=each.figure("peak_mb"),
        error=each.maybe_text("error"),
        warnings=each.texts("warnings"),
        signature=each.text("signature"),
    )


def _fates(each: _Object) -> Mapping[str, int] | None:
    if each.values.get("oov") is None:
        return None
    fates = each.object("oov")
    return {name: fates.whole(name) for name in FATES}


def _by_length(lengths: IntArray, counts: IntArray) -> IntArray:
    placed = np.zeros(lengths.max(initial=0) + 1, np.int64)
    placed[lengths] = counts
    return placed


def _pairs(whole: _Object) -> tuple[Pair, ...]:
    cells: dict[tuple[str, int, str, int], list[Cell]] = {}
    for row in whole.objects("pairs"):
        key = (row.text("tokenizer"), row.whole("vocab_size"), row.text("other"), row.whole("other_vocab_size"))
        value, low, high = (row.figure(name) for name in ("value", "ci_low", "ci_high"))
        cells.setdefault(key, []).append(Cell(row.text("metric"), value, low, high, row.text("unit"), "", "pairs"))
    return tuple(Pair(*key, tuple(found)) for key, found in cells.items())


def _lead(row: _Object) -> Lead:
    value = row.figure("value")
    if value is None:
        raise row.fail("value", "a number")
    names = row.text("metric"), row.whole("vocab_size"), row.text("tokenizer"), row.text("other")
    return Lead(*names, value, row.figure("ci_low"), row.figure("ci_high"))
