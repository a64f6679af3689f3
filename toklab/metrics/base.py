"""What a metric is: a function of `Encoded` that returns a statistic, with a name in a registry."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isqrt
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from toklab.errors import ToklabError, UnknownNameError, UsageError
from toklab.plugins import package_of, plugins, reason
from toklab.types import FloatArray, IntArray

if TYPE_CHECKING:
    from toklab.metrics.encoded import Encoded

WeightArray: TypeAlias = npt.NDArray[np.uint16]
Better: TypeAlias = Literal["higher", "lower", ""]
ENTRY_POINTS = "toklab.metrics"
logger = logging.getLogger("toklab")


class UndefinedError(Exception):
    """Raised inside a metric by what it looks at and cannot have: its figure is None then."""


class Statistic(Protocol):
    """A figure together with what it takes to compute it again on resampled documents."""

    def value(self) -> float | None:
        """The figure; None where it is undefined."""

    def terms(self) -> tuple[IntArray, ...]:
        """What is summed over documents, (d,) each; the sums are taken for all figures at once."""

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        """The figure on resampled documents.

        Parameters
        ----------
        totals : (terms, r) float64, the sum of each term over each resample
        weights : (d, r) uint16, how often each document is in each resample

        Returns
        -------
        (r,) float64, NaN where a resample leaves the figure undefined; None where resampling says nothing:
        fewer than two documents have a part in the figure, or it is no figure of documents
        """


@dataclass(frozen=True, eq=False)
class Ratio:
    """Sum over documents ÷ sum over documents (not the mean of the documents' ratios).

    Parameters
    ----------
    numerator, denominator : (d,) int64 per document, not negative; undefined where the denominators sum to 0
    """

    numerator: IntArray
    denominator: IntArray

    def value(self) -> float | None:
        below = self.denominator.sum()
        return float(self.numerator.sum() / below) if below else None

    def terms(self) -> tuple[IntArray, ...]:
        return self.numerator, self.denominator

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        if np.count_nonzero(self.denominator) < 2:
            return None
        above, below = totals
        undefined = np.full(len(below), np.nan)
        ratios: FloatArray = np.divide(above, below, out=undefined, where=below > 0)
        return ratios


@dataclass(frozen=True, eq=False)
class Sum:
    """Sum over documents.

    Parameters
    ----------
    values : (d,) int64 per document
    """

    values: IntArray

    def value(self) -> float | None:
        return float(self.values.sum())

    def terms(self) -> tuple[IntArray, ...]:
        return (self.values,)

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        return totals[0] if len(self.values) > 1 else None


@dataclass(frozen=True, eq=False)
class Quantile:
    """The smallest value that a share ``q`` of the documents does not exceed (no interpolation).

    Parameters
    ----------
    values : (d,) int64 per document
    q : share, above 0 and at most 1
    """

    values: IntArray
    q: float

    def value(self) -> float | None:
        once = np.ones((len(self.values), 1), np.uint16)
        return float(self._quantiles(once)[0]) if len(self.values) else None

    def terms(self) -> tuple[IntArray, ...]:
        return ()

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        return self._quantiles(weights) if len(self.values) > 1 else None

    def _quantiles(self, weights: WeightArray) -> FloatArray:
        """Find the block of sorted documents that holds the quantile, then the document in it."""
        order = np.argsort(self.values, kind="stable")
        width = isqrt(len(order)) + 1
        blocks = [order[start : start + width] for start in range(0, len(order), width)]
        sums = np.stack([weights[block].sum(axis=0, dtype=np.int64) for block in blocks])
        through = np.cumsum(sums, axis=0)
        # a little less, so that rounding in q * d cannot push a whole number up
        needed = (self.q - 1e-12) * through[-1]
        block = np.count_nonzero(through < needed, axis=0)
        resample = np.arange(len(block))
        before = through[block, resample] - sums[block, resample]
        places = np.minimum(block * width + np.arange(width)[:, None], len(order) - 1)
        inside = before + np.cumsum(weights[order[places], resample], axis=0, dtype=np.int64)
        place = block * width + np.count_nonzero(inside < needed, axis=0)
        quantiles: FloatArray = self.values[order[place]].astype(np.float64)
        return quantiles


@dataclass(frozen=True)
class Value:
    """A figure without an interval: of the vocabulary, or of all tokens at once."""

    figure: float | None

    def value(self) -> float | None:
        return self.figure

    def terms(self) -> tuple[IntArray, ...]:
        return ()

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        return None


@dataclass(frozen=True)
class Metric:
    """A named figure of a tokenizer.

    Parameters
    ----------
    name : name in tables and files
    group : the table's group that it belongs to
    unit : unit of the figure
    better : ``"higher"``, ``"lower"``, or ``""`` where neither is better
    description : one line
    function : from the encoded documents to a statistic
    """

    name: str
    group: str
    unit: str
    better: Better
    description: str
    function: Callable[[Encoded], Statistic]

    def __call__(self, encoded: Encoded) -> Statistic:
        try:
            return self.function(encoded)
        except UndefinedError:
            return Value(None)
        except ToklabError:
            raise
        except Exception as error:
            if _origin(self.function).partition(".")[0] == "toklab":
                raise
            logger.warning("the metric %r of %s is left out: %s", self.name, _origin(self.function), reason(error))
            return Value(None)


METRICS: dict[str, Metric] = {}
"""Every metric that has been defined so far, in the order of the tables; `all_metrics` adds the plug-ins."""


def metric(
    name: str, *, group: str, unit: str, better: Better = ""
) -> Callable[[Callable[[Encoded], Statistic]], Metric]:
    """Define a metric: put this above a function from `Encoded` to a statistic.

    The first line of the function's docstring is the metric's description.

    Raises
    ------
    UsageError
        Another metric has the name already.
    """

    def register(function: Callable[[Encoded], Statistic]) -> Metric:
        if name in METRICS and _place(METRICS[name].function) != _place(function):
            raise UsageError(f"metric {name!r} is defined twice: {_origin(METRICS[name].function)} has it already")
        description = (inspect.getdoc(function) or "").partition("\n")[0]
        METRICS[name] = Metric(name, group, unit, better, description, function)
        return METRICS[name]

    return register


def _place(function: Callable[[Encoded], Statistic]) -> tuple[str, int]:
    """Where it is written: a module whose import failed may be imported again."""
    return _origin(function), getattr(getattr(function, "__code__", None), "co_firstlineno", 0)


def _origin(function: Callable[[Encoded], Statistic]) -> str:
    return str(getattr(function, "__module__", "another module"))


@cache
def _load_plugins() -> None:
    for point in plugins(ENTRY_POINTS):
        before = dict(METRICS)
        try:
            point.load()
        except UsageError as error:
            raise UsageError(f"{package_of(point)}: {error}") from None
        except (Exception, SystemExit) as error:
            METRICS.clear()
            METRICS.update(before)
            logger.warning(
                "the metrics of %s are left out, they cannot be loaded: %s", package_of(point), reason(error)
            )


def all_metrics() -> Mapping[str, Metric]:
    """Every metric by name: toklab's own, then those of other packages.

    A package adds metrics with an entry point of the group ``toklab.metrics`` that names a module; loading it
    runs the `metric` decorators. What cannot be loaded is left out, with a warning in the log.

    Raises
    ------
    UsageError
        A package uses a name that is taken.
    """
    _load_plugins()
    return dict(METRICS)


def get_metric(name: str) -> Metric:
    """The metric of a name.

    Raises
    ------
    UnknownNameError
        No metric has the name.
    """
    known = all_metrics()
    if name not in known:
        raise UnknownNameError("metric", name, known)
    return known[name]
