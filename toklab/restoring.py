"""From the JSON of a comparison back to its report; nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from toklab.errors import FormatError
from toklab.metrics.oov import FATES
from toklab.reading import Object, read_whole
from toklab.results import SCHEMA, Cell, Lead, Pair, Report, Result
from toklab.types import Batch, Encoding, IntArray

BETTER = ("higher", "lower", "")


def restore(data: object) -> Report:
    """The report of a JSON object.

    Raises
    ------
    FormatError
        It is no such object, or of a later schema; the message names the place.
    """
    whole = read_whole(data, SCHEMA, "contenders")
    cells = read_cells(whole)
    sentences = whole.texts("sentences") if "sentences" in whole.values else ()
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in sentences]
    results = tuple(_result(each, cells, sizes) for each in whole.objects("contenders"))
    if cells:
        raise FormatError(f"no report: rows of {next(iter(cells))[0]!r}, which is no contender")
    return Report(
        results,
        whole.text("signature"),
        whole.facts("corpus"),
        whole.texts("warnings"),
        _pairs(whole),
        tuple(_lead(each) for each in whole.objects("leads")),
        sentences,
    )


def read_cells(whole: Object) -> dict[tuple[str, int], list[Cell]]:
    """The figures of each contender at each size."""
    groups = read_groups(whole)
    cells: dict[tuple[str, int], list[Cell]] = {}
    for row in whole.objects("rows"):
        cells.setdefault((row.text("tokenizer"), row.whole("vocab_size")), []).append(read_cell(row, groups))
    return cells


def read_groups(whole: Object) -> Object:
    """The group of each metric; empty in files of earlier versions."""
    return whole.object("groups") if "groups" in whole.values else Object({}, "groups.")


def read_cell(row: Object, groups: Object) -> Cell:
    """The figure of a row."""
    metric, better = row.text("metric"), row.text("better")
    if better not in BETTER:
        raise row.fail("better", "higher, lower or empty")
    group = groups.text(metric) if groups.values else ""
    value, low, high = (row.figure(key) for key in ("value", "ci_low", "ci_high"))
    rank, same = row.maybe_whole("rank"), row.maybe_truth("same_as_best")
    return Cell(metric, value, low, high, row.text("unit"), better, group, rank, same)


def _result(each: Object, cells: dict[tuple[str, int], list[Cell]], sizes: Sequence[int]) -> Result:
    name, size = each.text("tokenizer"), each.whole("vocab_size")
    lengths = each.counts("lengths", "tokens", "documents")
    frequencies = each.counts("frequencies", "occurrences", "ids")
    tokens = each.counts("token_lengths", "bytes", "tokens")
    return Result(
        tokenizer=name,
        vocab_size=size,
        sized=each.truth("sized"),
        pretrained=bool(each.maybe_truth("pretrained")),
        ranked=bool(each.maybe_truth("ranked")),
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
        cuts=_cuts(each, sizes),
        model=each.maybe_text("model"),
    )


def _cuts(each: Object, sizes: Sequence[int]) -> Batch | None:
    """The tokens of sentences of so many bytes each."""
    if each.values.get("cuts") is None:
        return None
    found = list(each.objects("cuts"))
    if len(found) != len(sizes):
        raise each.fail("cuts", "a list of as many objects as there are sentences")
    return Batch.stack([_tokens(row, size) for row, size in zip(found, sizes, strict=True)])


def _tokens(row: Object, size: int) -> Encoding:
    ids, ends = row.numbers("ids"), row.numbers("ends")
    begins = row.numbers("begins") if "begins" in row.values else np.append(np.zeros(1, np.int64), ends)[: len(ends)]
    places = np.stack([begins, ends], axis=1) if len(begins) == len(ends) == len(ids) else None
    if places is None or (begins > ends).any() or (ends > size).any() or (np.diff(places, axis=0) < 0).any():
        raise row.fail("ends", "where the tokens of its sentence end")
    return Encoding(ids.astype(np.int32), places)


def _fates(each: Object) -> Mapping[str, int] | None:
    if each.values.get("oov") is None:
        return None
    fates = each.object("oov")
    return {name: fates.whole(name) for name in FATES}


def _by_length(lengths: IntArray, counts: IntArray) -> IntArray:
    placed = np.zeros(lengths.max(initial=0) + 1, np.int64)
    placed[lengths] = counts
    return placed


def _pairs(whole: Object) -> tuple[Pair, ...]:
    cells: dict[tuple[str, int, str, int], list[Cell]] = {}
    for row in whole.objects("pairs"):
        key = (row.text("tokenizer"), row.whole("vocab_size"), row.text("other"), row.whole("other_vocab_size"))
        value, low, high = (row.figure(name) for name in ("value", "ci_low", "ci_high"))
        cells.setdefault(key, []).append(Cell(row.text("metric"), value, low, high, row.text("unit"), "", "pairs"))
    return tuple(Pair(*key, tuple(found)) for key, found in cells.items())


def _lead(row: Object) -> Lead:
    names = row.text("metric"), row.whole("vocab_size"), row.text("tokenizer"), row.text("other")
    return Lead(*names, row.number("value"), row.figure("ci_low"), row.figure("ci_high"))
