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
WINDOW, STRIDE = 2000, 1000


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


@metric("renyi_efficiency_low", group=GROUP, unit="share", better="higher")
def renyi_efficiency_low(encoded: Encoded) -> Statistic:
    """Lower bound of the channel's efficiency: Rényi entropy (α = 2.5) ÷ log2 of the vocabulary, rounded up.

    No code of whole bits is without loss, so Zouhar et al. (2023, section 4) bound the efficiency by the Rényi entropy
    over the length of a uniform code of whole bits, ⌈log2 V⌉, and by its own next whole bit over log2 V.
    """
    bits = _renyi_entropy(encoded)
    size = len(encoded.vocab)
    return Value(None if bits is None or size < 2 else bits / math.ceil(math.log2(size)))


@metric("renyi_efficiency_high", group=GROUP, unit="share", better="higher")
def renyi_efficiency_high(encoded: Encoded) -> Statistic:
    """Upper bound of the channel's efficiency: Rényi entropy (α = 2.5), rounded up ÷ log2 of the vocabulary.

    See `renyi_efficiency_low`; above 1 where the entropy is nearly that of a uniform distribution.
    """
    bits = _renyi_entropy(encoded)
    size = len(encoded.vocab)
    # what is whole up to rounding stays
    return Value(None if bits is None or size < 2 else math.ceil(bits - 1e-9) / math.log2(size))


@metric("type_token_ratio", group=GROUP, unit="share")
def type_token_ratio(encoded: Encoded) -> Statistic:
    """Distinct emitted ids ÷ tokens."""
    emitted = len(encoded.ids)
    return Value(len(encoded.frequencies) / emitted if emitted else None)


@metric("mattr", group=GROUP, unit="share")
def mattr(encoded: Encoded) -> Statistic:
    """Distinct ids ÷ 2,000 in windows of 2,000 tokens that begin every 1,000 tokens, on average.

    Moving-average type-token ratio (Covington and McFall 2010, "Cutting the Gordian Knot"): unlike the plain ratio it
    does not fall with the length of the text. Documents are laid end to end; undefined below 2,000 tokens.
    """
    starts = range(0, len(encoded.ids) - WINDOW + 1, STRIDE)
    distinct = sum(len(np.unique(encoded.ids[start : start + WINDOW])) for start in starts)
    return Value(distinct / (WINDOW * len(starts)) if starts else None)


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


def _renyi_entropy(encoded: Encoded) -> float | None:
    """In bits; None without tokens."""
    shares = _shares(encoded)
    return math.log2(math.fsum((shares**ALPHA).tolist())) / (1 - ALPHA) if len(shares) else None


def _renyi_efficiency(encoded: Encoded, vocabulary: int) -> Value:
    bits = _renyi_entropy(encoded)
    return Value(None if bits is None or vocabulary < 2 else bits / math.log2(vocabulary))
