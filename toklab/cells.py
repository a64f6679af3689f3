"""What every report is made of: its figures, how one is found, and their rows as a data frame."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from toklab.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
# What a row tells of a figure.
FIGURE = ("metric", "value", "ci_low", "ci_high", "unit", "better")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: a metric of a tokenizer on the held-out text.

    Parameters
    ----------
    metric : name, as in the list of metrics
    value : the figure; None where the metric is undefined for the tokenizer
    ci_low, ci_high : 95% bootstrap interval over documents; None where the metric has none
    unit : unit of the figure
    better : ``"higher"``, ``"lower"`` or ``""`` where neither is better
    group : the table's group that it belongs to
    rank : among the contenders of its size, as far as the text tells them apart; None where they are not ranked
    same_as_best : whether it is the best figure or does not differ significantly from that; None as for ``rank``
    """

    metric: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    unit: str
    better: str
    group: str
    rank: int | None = None
    same_as_best: bool | None = None

    def row(self, columns: Iterable[str] = FIGURE) -> dict[str, Any]:
        """Some of its fields, by their names."""
        return {name: getattr(self, name) for name in columns}


def cell_of(cells: Sequence[Cell], metric: str) -> Cell:
    """The figure of a metric.

    Raises
    ------
    UnknownNameError
        There is none.
    """
    for cell in cells:
        if cell.metric == metric:
            return cell
    raise UnknownNameError("metric", metric, [cell.metric for cell in cells])


class Sized(Protocol):
    """What is known of a contender at one vocabulary size."""

    @property
    def tokenizer(self) -> str: ...

    @property
    def vocab_size(self) -> int: ...


S = TypeVar("S", bound=Sized)


def only(results: Sequence[S], key: str | tuple[str, int]) -> S:
    """The one result of a contender, or that of a contender and a size.

    Raises
    ------
    UnknownNameError
        There is none.
    UsageError
        There are several sizes, and none is named.
    """
    name, size = key if isinstance(key, tuple) else (key, None)
    found = [r for r in results if r.tokenizer == name and size in (None, r.vocab_size)]
    if not found:
        raise UnknownNameError("contender", name, dict.fromkeys(r.tokenizer for r in results))
    if len(found) > 1:
        sizes = ", ".join(str(r.vocab_size) for r in found)
        raise UsageError(f"{name!r} was compared at several sizes ({sizes}); use report[{name!r}, size]")
    return found[0]


def frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], types: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a data frame, whose columns are there also where there is no row.

    Parameters
    ----------
    types : of other columns than ``value``, ``ci_low`` and ``ci_high``
    """
    import pandas as pd

    numbers = dict.fromkeys(("value", "ci_low", "ci_high"), "float64")
    return pd.DataFrame(rows, columns=list(columns)).astype(numbers | dict(types))


def to_text(data: Mapping[str, Any]) -> str:
    """A report's JSON object as text."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


class Displayed:
    """A report that a notebook shows; how is for `toklab.report` to say, which knows reports and not the other way."""

    def _repr_html_(self) -> str:
        text: str = importlib.import_module("toklab.report.notebook").to_html(self)
        return text
