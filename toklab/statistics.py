"""How sure a figure is: a paired bootstrap over documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from toklab.errors import UsageError
from toklab.metrics.base import Statistic, WeightArray
from toklab.types import FloatArray, IntArray

BLOCK = 1024  # documents widened to float64 at a time: 8 MB for 1,000 resamples


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of the held-out documents, the same for every tokenizer, so that differences are paired.

    Percentile intervals after Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.
    Resamples that leave a figure undefined (no document with an OOV word drawn) are passed over.

    Parameters
    ----------
    documents : number of held-out documents
    resamples : how many times to draw as many documents with replacement
    seed : another seed, other draws

    Raises
    ------
    UsageError
        There is no document, or no resample.
    """

    documents: int
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.documents < 1 or self.resamples < 1:
            raise UsageError(f"a bootstrap needs a document and a resample, not {self.documents} and {self.resamples}")

    @property
    def weights(self) -> WeightArray:
        """(resamples, documents) uint16, how often each document is in each resample."""
        return self._drawn.T

    @cached_property
    def _drawn(self) -> WeightArray:
        """The weights as (documents, resamples), so that sorting documents moves whole rows.

        The draws scale the raw 64-bit stream of PCG64, which NumPy promises never to change; it makes no such
        promise for the distributions of `numpy.random.Generator` (NEP 19). Scaling 32 bits favours a
        document by less than documents / 2**32.
        """
        bits = np.random.PCG64(self.seed)
        drawn = np.empty((self.documents, self.resamples), np.uint16)
        for resample in range(self.resamples):
            high = bits.random_raw(self.documents) >> np.uint64(32)
            chosen = (high * np.uint64(self.documents)) >> np.uint64(32)
            drawn[:, resample] = np.bincount(chosen.astype(np.int64), minlength=self.documents)
        return drawn

    def samples(self, statistics: Sequence[Statistic]) -> list[FloatArray | None]:
        """Each figure on every resample; many figures together are much quicker than one by one.

        Returns
        -------
        list of (resamples,) float64
            NaN where a resample leaves a figure undefined; None for a figure without an interval.
        """
        terms = [statistic.terms() for statistic in statistics]
        totals = self._totals([term for some in terms for term in some])
        ends = np.cumsum([len(some) for some in terms])
        return [
            statistic.resample(totals[end - len(some) : end], self._drawn)
            for statistic, some, end in zip(statistics, terms, ends, strict=True)
        ]

    def _totals(self, terms: Sequence[IntArray]) -> FloatArray:
        """(terms, resamples) float64, the sum of each term over each resample; exact below 2**53."""
        totals = np.zeros((len(terms), self.resamples))
        if terms:
            values = np.stack(terms).astype(np.float64)
            for start in range(0, self.documents, BLOCK):
                block = slice(start, start + BLOCK)
                totals += values[:, block] @ self._drawn[block].astype(np.float64)
        return totals

    def intervals(
        self, statistics: Sequence[Statistic], level: float = 0.95
    ) -> list[tuple[float, float] | tuple[None, None]]:
        """`interval` of many figures at once."""
        return [middle(samples, level) for samples in self.samples(statistics)]

    def interval(self, statistic: Statistic, level: float = 0.95) -> tuple[float, float] | tuple[None, None]:
        """The interval that holds the figure at a level of confidence.

        Returns
        -------
        (low, high)
            In the unit of the figure; both None where the figure is undefined or has no interval, and where
            fewer than two documents have a part in it.
        """
        return self.intervals([statistic], level)[0]

    def difference(
        self, first: Statistic, second: Statistic, level: float = 0.95
    ) -> tuple[float | None, float | None, float | None]:
        """How much larger the first figure is than the second, with its paired interval.

        Returns
        -------
        (difference, low, high)
            All None where a figure is undefined; the interval None where one has none.
        """
        left, right = first.value(), second.value()
        if left is None or right is None:
            return None, None, None
        a, b = self.samples([first, second])
        return left - right, *middle(None if a is None or b is None else a - b, level)

    def distinguishable(self, first: Statistic, second: Statistic, level: float = 0.95) -> bool | None:
        """Whether the interval of the difference leaves out 0; None where there is no interval."""
        _, low, high = self.difference(first, second, level)
        if low is None or high is None:
            return None
        return low > 0 or high < 0


def middle(samples: FloatArray | None, level: float = 0.95) -> tuple[float, float] | tuple[None, None]:
    """Between which values the middle share ``level`` of the samples lies, those that are defined; None without any."""
    if samples is None:
        return None, None
    defined = samples[~np.isnan(samples)]
    if not len(defined):
        return None, None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
