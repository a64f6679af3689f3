"""Numbers of single precision, in which SentencePiece's Unigram trains and encodes.

Every value here is a Python float that a 32-bit float holds. A sum, a product or a quotient of two such is the nearest
64-bit float first and then the nearest 32-bit one; that gives what the 32-bit operation gives, since 53 bits are more
than twice 24 (Figueroa 1995, "When is double rounding innocuous?").
"""

from __future__ import annotations

import math
import struct

_SINGLE = struct.Struct("f")
# What is so much smaller does not show in a sum (nats).
NEGLIGIBLE = 50.0


def single(value: float) -> float:
    """The nearest number of single precision."""
    found: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return found


def log_add(x: float, y: float) -> float:
    """Log of the sum of two numbers given as logs (nats); minus infinite stands for 0."""
    low, high = min(x, y), max(x, y)
    if high > single(low + NEGLIGIBLE):
        return high
    return single(high + math.log1p(math.exp(single(low - high))))
