"""Fidelity: whether decoding gives the text back, and how far off it is."""

from __future__ import annotations

import numpy as np

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.distance import levenshtein
from toklab.metrics.encoded import Encoded

GROUP = "fidelity"
LONGEST = 50_000  # characters; the exact distance of two long texts that differ much takes quadratic time


@metric("round_trip", group=GROUP, unit="share", better="higher")
def round_trip(encoded: Encoded) -> Statistic:
    """Documents that decode to exactly their text ÷ documents."""
    pairs = zip(encoded.texts, encoded.decoded, strict=True)
    same = np.array([text == decoded for text, decoded in pairs], np.int64)
    return Ratio(same, np.ones_like(same))


@metric("round_trip_cer", group=GROUP, unit="share", better="lower")
def round_trip_cer(encoded: Encoded) -> Statistic:
    """Character edits between the decoded text and the text ÷ characters of the text, over texts of up to 50,000.

    A longer text counts where it decodes to itself, and is left out where it does not.
    """
    edits = np.zeros(len(encoded.texts), np.int64)
    characters = encoded.source.characters.copy()
    for index, (text, decoded) in enumerate(zip(encoded.texts, encoded.decoded, strict=True)):
        if text == decoded:
            continue
        if len(text) > LONGEST:
            characters[index] = 0
        else:
            edits[index] = levenshtein(text, decoded)
    return Ratio(edits, characters)
