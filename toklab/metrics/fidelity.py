"""Fidelity: whether decoding gives the text back, and how far off it is."""

from __future__ import annotations

import numpy as np

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.distance import levenshtein
from toklab.metrics.encoded import Encoded

GROUP = "fidelity"


@metric("round_trip", group=GROUP, unit="share", better="higher")
def round_trip(encoded: Encoded) -> Statistic:
    """Documents that decode to exactly their text ÷ documents."""
    pairs = zip(encoded.texts, encoded.decoded, strict=True)
    same = np.array([text == decoded for text, decoded in pairs], np.int64)
    return Ratio(same, np.ones_like(same))


@metric("round_trip_cer", group=GROUP, unit="share", better="lower")
def round_trip_cer(encoded: Encoded) -> Statistic:
    """Character edits between the decoded text and the text ÷ characters of the text."""
    pairs = zip(encoded.texts, encoded.decoded, strict=True)
    edits = np.array([levenshtein(text, decoded) for text, decoded in pairs], np.int64)
    return Ratio(edits, encoded.source.characters)
