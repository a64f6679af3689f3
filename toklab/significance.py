"""Which figures differ: every two contenders held against each other, with one error rate for all pairs together.

Romano and Wolf (2005), "Stepwise multiple testing as formalized data snooping": the studentised step-down method. Each
pair's difference is divided by its standard error; how large the largest of these is when nothing differs is read off
the paired bootstrap, which knows how the pairs hang together; pairs beyond the 95% quantile of that differ; and what
is left is tested again without them. The chance of one wrong claim or more among all pairs is 5%, as with Holm's
correction, whose first step 1,000 resamples could not pass: 55 pairs would need p below 0.05 / 55, and the smallest
p that can be seen is 0.002.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from toklab.types import FloatArray

LEVEL = 0.95
METHOD = f"stepm@{LEVEL:g}"
"""How a signature calls it."""


def differing(values: FloatArray, samples: FloatArray, level: float = LEVEL) -> npt.NDArray[np.bool_]:
    """Which of several figures differ from which.

    Parameters
    ----------
    values : (k,) float64, one figure of each contender
    samples : (k, r) float64, the same on each resample, drawn together; NaN where a resample leaves it undefined
    level : one less the chance of any wrong claim

    Returns
    -------
    (k, k) bool, symmetric

    Examples
    --------
    Three contenders with the figures 1.0, 1.1 and 5.0 that vary by about 0.1 from resample to resample, each by
    itself: the third differs from the first and from the second, and these two do not differ.
    """
    pairs = np.array(list(combinations(range(len(values)), 2)), np.int64).reshape(-1, 2)
    first, second = pairs.T
    differences = values[first] - values[second]
    drawn = samples[first] - samples[second]
    sizes, largest = _studentised(differences, drawn)
    found = _step_down(sizes, largest, level)
    matrix = np.zeros((len(values), len(values)), np.bool_)
    matrix[first[found], second[found]] = matrix[second[found], first[found]] = True
    return matrix


def _studentised(differences: FloatArray, drawn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(p,) sizes of the differences and (p, r) of what resampling moves them by, both in standard errors.

    A difference that no resample moves is infinitely large, unless it is 0; one that no resample defines is 0.
    """
    defined = ~np.isnan(drawn)
    count = np.maximum(defined.sum(axis=1), 1)
    mean = np.where(defined, drawn, 0.0).sum(axis=1) / count
    spread = np.where(defined, drawn - mean[:, None], 0.0)
    error = np.sqrt((spread**2).sum(axis=1) / count)
    moved = np.abs(drawn - differences[:, None])
    still = np.where((differences != 0) & defined.any(axis=1), np.inf, 0.0)
    varies = error > 0
    sizes = np.divide(np.abs(differences), error, out=still, where=varies)
    moves = np.divide(moved, error[:, None], out=np.zeros_like(moved), where=varies[:, None] & defined)
    return sizes, moves


def _step_down(sizes: FloatArray, moves: FloatArray, level: float) -> npt.NDArray[np.bool_]:
    """(p,) bool, which pairs differ."""
    found = np.isinf(sizes)
    while not found.all():
        limit = np.quantile(moves[~found].max(axis=0), level)
        more = ~found & (sizes > limit)
        if not more.any():
            break
        found |= more
    return found
