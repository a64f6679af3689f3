"""Ranks of the contenders of a comparison, as far as the held-out text can tell them apart.

Contenders of one vocabulary size are sorted by a figure and cut into groups, such that each of an earlier group is
significantly better than each of a later one (`toklab.significance`). The rank is that of the group: 1 for the first,
and 1 + the contenders in front for the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toklab.errors import UnknownNameError, UsageError
from toklab.results import Cell, Report, Result
from toklab.significance import LEVEL, differing
from toklab.statistics import middle

MOST_UNKNOWN = 0.01  # share of the bytes; above it, short sequences are no merit
MOST_CHANGED = 0.01  # share of the characters that decode differently; above it, a low cost of the rest is no merit


@dataclass(frozen=True)
class Difference:
    """How much larger a figure is of one contender than of another.

    Parameters
    ----------
    value : the difference, in the unit of the figure
    ci_low, ci_high : its 95% paired bootstrap interval, for this pair alone
    significant : whether the two differ, with one error rate of 5% for all pairs that are ranked together; for these
        two alone where they are not
    """

    value: float
    ci_low: float
    ci_high: float
    significant: bool


def find(result: Result, metric: str) -> Cell | None:
    """The cell of a metric, or None where it was not measured."""
    return next((cell for cell in result.cells if cell.metric == metric), None)


def number(result: Result, metric: str) -> float | None:
    """The figure of a metric, or None where it was not measured, is undefined or is not finite."""
    cell = find(result, metric)
    if cell is None or cell.value is None or not math.isfinite(cell.value):
        return None
    return cell.value


def comparable(result: Result) -> bool:
    """Whether it may be ranked: it takes a size, has figures, and obtained exactly the size asked for.

    A model that was loaded may be where the comparison was told so.
    """
    if result.pretrained:
        return result.ranked and result.error is None
    return result.sized and result.error is None and number(result, "vocab_obtained") == result.vocab_size


def may_rank(result: Result, group: str) -> bool:
    """Whether it may be ranked by the figures of a group.

    Text that is unknown costs next to nothing to encode, so those that know too little of it are not ranked by
    what the rest costs; and text that is not kept costs a model nothing.
    """
    if not comparable(result):
        return False
    if group in ("sequence length", "OOV handling"):
        return (number(result, "unk_bytes") or 0.0) <= MOST_UNKNOWN
    if group == "cost of use":
        return (number(result, "round_trip_cer") or 0.0) <= MOST_CHANGED
    return True


def ranked(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results with ``rank`` and ``same_as_best`` in their cells, wherever there are two or more to rank.

    Parameters
    ----------
    results : of one comparison, with the samples of their figures
    """
    found: dict[tuple[int, str], tuple[int, bool]] = {}
    for metric in dict.fromkeys(cell.metric for result in results for cell in result.cells if cell.better):
        for size in sorted({result.vocab_size for result in results if result.sized}) or [0]:
            found.update(_rank(_family(results, size, metric), results, metric))

    def marked(row: int, cell: Cell) -> Cell:
        rank, same = found.get((row, cell.metric), (None, None))
        return replace(cell, rank=rank, same_as_best=same)

    return tuple(
        replace(result, cells=tuple(marked(row, cell) for cell in result.cells)) for row, result in enumerate(results)
    )


def _family(results: Sequence[Result], size: int, metric: str) -> list[int]:
    """The results that are ranked together by a metric; none where one of them has a figure without samples."""
    rows = [
        row
        for row, result in enumerate(results)
        if (result.vocab_size == size or result.ranked)
        and number(result, metric) is not None
        and may_rank(result, result[metric].group)
    ]
    return rows if all(metric in results[row].samples for row in rows) else []


def _rank(family: Sequence[int], results: Sequence[Result], metric: str) -> Mapping[tuple[int, str], tuple[int, bool]]:
    """Rank, and whether it does not differ from the best, of each result of a family."""
    if len(family) < 2:
        return {}
    sign = -1 if results[family[0]][metric].better == "higher" else 1
    rows = sorted(family, key=lambda row: (sign * (number(results[row], metric) or 0.0), row))
    apart = _apart([results[row] for row in rows], metric)
    found, rank = {}, 1
    for place, row in enumerate(rows):
        if apart[:place, place:].all():
            rank = place + 1
        found[row, metric] = rank, not apart[0, place]
    return found


def _apart(results: Sequence[Result], metric: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(k, k) bool, which of the results differ."""
    values = np.array([number(result, metric) for result in results], np.float64)
    return differing(values, np.stack([result.samples[metric] for result in results]))


def groups(report: Report, metric: str, vocab_size: int | None = None) -> tuple[tuple[str, ...], ...]:
    """See `toklab.results.Report.ranking`."""
    sizes = sorted({result.vocab_size for result in report.results if result.sized})
    if vocab_size is None and len(sizes) > 1:
        raise UsageError(f"several vocabulary sizes were compared ({', '.join(map(str, sizes))}); name one")
    size = vocab_size or (sizes[0] if sizes else 0)
    if size not in sizes and vocab_size is not None:
        raise UnknownNameError("vocabulary size", str(vocab_size), list(map(str, sizes)))
    _known(report, metric)
    members: dict[int, list[str]] = {}
    for result in report.results:
        cell = find(result, metric)
        if (
            (result.ranked or (result.sized and result.vocab_size == size))
            and cell is not None
            and cell.rank is not None
        ):
            members.setdefault(cell.rank, []).append(result.tokenizer)
    return tuple(tuple(members[rank]) for rank in sorted(members))


def difference(report: Report, first: Result, second: Result, metric: str) -> Difference | None:
    """See `toklab.results.Report.difference`."""
    _known(report, metric)
    one, other = number(first, metric), number(second, metric)
    if one is None or other is None:
        return None
    if not (first.samples and second.samples):
        raise UsageError("the report was read from a file, which holds no resamples; compare again for a difference")
    if metric not in first.samples or metric not in second.samples:
        return None
    low, high = middle(first.samples[metric] - second.samples[metric], LEVEL)
    if low is None or high is None:
        return None
    together = [
        report.results[row] for row in _family(report.results, (second if first.ranked else first).vocab_size, metric)
    ]
    if not {id(first), id(second)} <= set(map(id, together)):
        together = [first, second]
    places = [next(i for i, result in enumerate(together) if result is each) for each in (first, second)]
    apart = _apart(together, metric)
    return Difference(one - other, low, high, bool(apart[places[0], places[1]]))


def _known(report: Report, metric: str) -> None:
    names = dict.fromkeys(cell.metric for result in report.results for cell in result.cells)
    if metric not in names:
        raise UnknownNameError("metric", metric, names)
