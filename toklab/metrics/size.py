"""Vocabulary size: what was asked for, what came, and how much of it is used."""

from __future__ import annotations

from toklab.metrics.base import Statistic, Value, metric
from toklab.metrics.encoded import Encoded

GROUP = "vocabulary size"


@metric("vocab_requested", group=GROUP, unit="pieces")
def vocab_requested(encoded: Encoded) -> Statistic:
    """Vocabulary size asked for."""
    return Value(None if encoded.requested is None else float(encoded.requested))


@metric("vocab_obtained", group=GROUP, unit="pieces")
def vocab_obtained(encoded: Encoded) -> Statistic:
    """Ids that exist, special tokens included."""
    return Value(float(len(encoded.vocab)))


@metric("vocab_used", group=GROUP, unit="share", better="higher")
def vocab_used(encoded: Encoded) -> Statistic:
    """Distinct ids emitted on held-out text ÷ vocabulary obtained."""
    obtained = len(encoded.vocab)
    return Value(len(encoded.frequencies) / obtained if obtained else None)
