"""Distribution: how evenly the tokens spread over the vocabulary.

Shannon and Rényi after Zouhar et al. (2023), "Tokenization and the Noiseless Channel". Rényi efficiency can
be gamed: Cognetta et al. (2024), "Two Counterexamples to Tokenization and the Noiseless Channel".
"""

from __future__ import annotations

import math

import numpy as np

from toklab.metrics.base import Statistic, Value, metric
from toklab.metrics.encoded import Encoded

GROUP = "distribution"
ALPHA = 2.5


@metric("entropy", group=GROUP, unit="bits")
def entropy(encoded: Encoded) -> Statistic:
    """Shannon entropy of the emitted ids."""
    shares = _shares(encoded)
    # fsum rounds once, so the order of the ids cannot reach the figure
    return Value(math.fsum((-shares * np.log2(shares)).tolist()) if len(shares) else None)


@metric("renyi_efficiency", group=GROUP, unit="share", better="higher")
def renyi_efficiency(encoded: Encoded) -> Statistic:
    """Rényi entropy of the emitted ids (α = 2.5) ÷ log2 of the vocabulary obtained."""
    return _renyi_efficiency(encoded, len(encoded.vocab))


@metric("renyi_efficiency_observed", group=GROUP, unit="share", better="higher")
def renyi_efficiency_observed(encoded: Encoded) -> Statistic:
    """Rényi entropy of the emitted ids (α = 2.5) ÷ log2 of the number of distinct emitted ids."""
    return _renyi_efficiency(encoded, len(encoded.frequencies))


@metric("type_token_ratio", group=GROUP, unit="share")
def type_token_ratio(encoded: Encoded) -> Statistic:
    """Distinct emitted ids ÷ tokens."""
    emitted = len(encoded.ids)
    return Value(len(encoded.frequencies) / emitted if emitted else None)


@metric("mass_coverage_90", group=GROUP, unit="share")
def mass_coverage_90(encoded: Encoded) -> Statistic:
    """Fewest ids that make up 90% of the tokens ÷ vocabulary obtained."""
    if not len(encoded.ids):
        return Value(None)
    reached = 10 * np.cumsum(encoded.frequencies) >= 9 * len(encoded.ids)
    return Value((int(np.argmax(reached)) + 1) / len(encoded.vocab))


def _shares(encoded: Encoded) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(distinct ids,) float64, share of the tokens that each emitted id has."""
    return encoded.frequencies / max(len(encoded.ids), 1)


def _renyi_efficiency(encoded: Encoded, vocabulary: int) -> Value:
    shares = _shares(encoded)
    if not len(shares) or vocabulary < 2:
        return Value(None)
    bits = math.log2(math.fsum((shares**ALPHA).tolist())) / (1 - ALPHA)
    return Value(bits / math.log2(vocabulary))
