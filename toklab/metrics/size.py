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


@metric("vocab_unreachable", group=GROUP, unit="share", better="lower")
def vocab_unreachable(encoded: Encoded) -> Statistic:
    """Pieces that are proven to come out of no text ÷ vocabulary obtained.

    A lower bound, see `toklab.inspecting.reaching`: a piece that was merely not found does not count, nor does a
    special one. Undefined where toklab cannot prove it, since it does not run the model itself. Example: BPE
    that merges b+c, then a+b, then ab+c cuts abc as a|bc, so of its six pieces abc comes out of no text: 1/6.
    """
    obtained = len(encoded.vocab)
    count = encoded.unreachable() if encoded.unreachable else None
    return Value(None if count is None or not obtained else count / obtained)
