"""How unequal costs are over languages: the Gini coefficient, the Lorenz curve, means, each with an interval.

Gini (1912); Lorenz (1905). Over languages, with the tokens that parallel text takes as the cost, after Meister et
al. (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from toklab.metrics.base import WeightArray
from toklab.types import FloatArray, IntArray


def gini(costs: FloatArray) -> FloatArray:
    """Gini coefficient: Σᵢⱼ |cᵢ - cⱼ| ÷ (2n²μ), from 0 for equal costs to 1 - 1/n where one language bears all.

    Parameters
    ----------
    costs : (n, ...) float64, not negative; one coefficient for each place of the axes after the first

    Returns
    -------
    (...) float64, NaN where all costs are 0 or one is NaN

    Examples
    --------
    >>> float(gini(np.array([1.0, 2.0, 3.0])))  # 2 · (1 + 2 + 1) ÷ (2 · 9 · 2)
    0.2222222222222222
    """
    ordered = np.sort(costs, axis=0)
    n, total = len(ordered), ordered.sum(axis=0)
    # The gap above the k-th smallest cost is part of the difference of each of k languages to each of n - k.
    pairs = np.arange(1, n) * np.arange(n - 1, 0, -1)
    spread = (pairs.reshape(-1, *[1] * (costs.ndim - 1)) * np.diff(ordered, axis=0)).sum(axis=0)
    undefined = np.full(np.shape(total), np.nan)
    coefficient: FloatArray = np.divide(spread, n * total, out=undefined, where=total > 0)
    return coefficient


def lorenz(costs: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Lorenz curve: the share of all costs that the cheapest k of n languages bear.

    Parameters
    ----------
    costs : one for each language, not negative

    Returns
    -------
    n + 1 points (share of the languages, share of the costs), from (0, 0) to (1, 1); empty where all costs are 0

    Examples
    --------
    >>> lorenz([3.0, 1.0])
    ((0.0, 0.0), (0.5, 0.25), (1.0, 1.0))
    """
    borne = np.cumsum([0.0, *sorted(costs)])
    if not borne[-1] > 0:
        return ()
    return tuple((k / len(costs), share) for k, share in enumerate((borne / borne[-1]).tolist()))


def mean(costs: FloatArray) -> FloatArray:
    """Mean over languages, (n, ...) to (...)."""
    average: FloatArray = costs.mean(axis=0)
    return average


@dataclass(frozen=True, eq=False)
class AcrossLanguages:
    """One figure from a cost of each language, all languages resampled together, line by line.

    Parameters
    ----------
    numerators, denominators : (n, d) int64, of each language and line, not negative; a language's cost is the sum
        of the one ÷ the sum of the other, undefined where that is 0
    summary : from costs, (n, r) float64, to the figure, (r,) float64; NaN where undefined
    """

    numerators: IntArray
    denominators: IntArray
    summary: Callable[[FloatArray], FloatArray]

    def value(self) -> float | None:
        sums = np.concatenate([self.numerators, self.denominators]).sum(axis=1, keepdims=True)
        figure = float(self._figure(sums.astype(np.float64))[0])
        return None if np.isnan(figure) else figure

    def terms(self) -> tuple[IntArray, ...]:
        return *self.numerators, *self.denominators

    def resample(self, totals: FloatArray, weights: WeightArray) -> FloatArray | None:
        return self._figure(totals) if self.numerators.shape[1] > 1 else None

    def _figure(self, totals: FloatArray) -> FloatArray:
        above, below = np.split(totals, 2)
        undefined = np.full(above.shape, np.nan)
        return self.summary(np.divide(above, below, out=undefined, where=below > 0))
