"""Random numbers that are the same on every machine, for the readable and the compiled twins alike."""

from __future__ import annotations

import hashlib

_MASK = (1 << 64) - 1


class Stream:
    """SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators").

    Parameters
    ----------
    seed : any whole number
    number : of the stream; the streams of a seed begin at unrelated places
    """

    def __init__(self, seed: int, number: int = 0) -> None:
        digest = hashlib.sha256(f"toklab stream {number} of seed {seed}".encode()).digest()
        self.state = int.from_bytes(digest[:8], "little")

    def random(self) -> float:
        """The next number: at least 0, below 1, a multiple of 2^-53."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        x = self.state
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
        return ((x ^ x >> 31) >> 11) * 2.0**-53
