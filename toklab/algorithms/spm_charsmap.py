"""SentencePiece's compiled normalisation rules: the longest rule that fits at a place replaces the text there.

Kudo and Richardson 2018, "SentencePiece", section 3.2; the layout is that of ``NormalizerSpec.precompiled_charsmap``
in SentencePiece 0.2.3: the bytes of the trie as a number of 32 bits, the trie, and the replacements, each up to a zero
byte. The trie is a double array of Darts-clone: a unit is ``offset << 10 | WIDE | HAS_LEAF | label``, whose children
are at its own place XOR offset XOR byte, and a leaf is ``LEAF | place of the replacement``.

Worked example. With rules for ``f`` + ``i`` ligature U+FB01, whose bytes are ef ac 81, the walk goes from unit 0 to
the units labelled ef, ac and 81; the last has a leaf, whose value is the place of ``fi`` among the replacements.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

LEAF, HAS_LEAF, WIDE, LABEL = 1 << 31, 1 << 8, 1 << 9, 0xFF
# Of nested rules, the library looks at so many, shortest first.
MOST_RULES = 32
# The library's own demand on the trie's size in bytes.
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Charsmap:
    """Checked rules: no walk leaves the arrays, and every replacement is UTF-8.

    Parameters
    ----------
    units : (n,) uint32, the trie; all 0 for no rules
    replacements : each ends in a zero byte
    """

    units: npt.NDArray[np.uint32]
    replacements: bytes

    def __bool__(self) -> bool:
        return self.replacements != b""

    @staticmethod
    def of(blob: bytes) -> Charsmap:
        """Read the rules of a file; empty for none.

        Raises
        ------
        ValueError
            They are cut short, or the library refuses them, or a replacement is not UTF-8.
        """
        if not blob:
            return Charsmap(np.zeros(256, np.uint32), b"")
        size = int.from_bytes(blob[:4], "little")
        if len(blob) <= 4 or size >= len(blob) - 4 or size < _BLOCK or size % _BLOCK:
            raise ValueError(f"normalisation rules whose trie of {size:,} bytes does not fit in {len(blob):,} bytes")
        found = Charsmap(np.frombuffer(blob, "<u4", size // 4, 4).astype(np.uint32), blob[4 + size :])
        found.check()
        return found

    @cached_property
    def _list(self) -> list[int]:
        found: list[int] = self.units.tolist()
        return found

    def check(self) -> None:
        """Raise ValueError unless every walk and every replacement stay within the arrays."""
        units = self.units.astype(np.int64)
        inner = units & LEAF == 0
        offsets = (units >> 10) << ((units & WIDE) >> 6)
        children = np.arange(len(units)) ^ offsets
        if units[0] & (LEAF | LABEL | HAS_LEAF) or offsets[0] == 0:
            raise ValueError("normalisation rules without a root")
        if ((children | LABEL) >= len(units))[inner].any():
            raise ValueError("normalisation rules that lead out of their trie")
        if inner[children[inner & (units & HAS_LEAF > 0)]].any():
            raise ValueError("normalisation rules without a replacement")
        try:
            self.replacements.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"normalisation rules whose replacements are not UTF-8 at byte {error.start}") from None
        text = np.frombuffer(self.replacements, np.uint8)
        values = units[~inner] & (LEAF - 1)
        if not self.replacements.endswith(b"\0") or (values >= len(text)).any():
            raise ValueError("normalisation rules whose replacements are cut short")
        if (text[values] & 0xC0 == 0x80).any():
            raise ValueError("normalisation rules with a replacement that begins within a character")

    def longest(self, text: bytes, at: int) -> tuple[bytes, int] | None:
        """What the text at a place becomes, and how many of its bytes; None where no rule fits."""
        units = self._list
        found, place, rules = None, _offset(units[0]), 0
        for end in range(at, len(text)):
            place ^= text[end]
            unit = units[place]
            if unit & (LEAF | LABEL) != text[end]:
                break
            place ^= _offset(unit)
            if unit & HAS_LEAF and rules < MOST_RULES:
                found, rules = (units[place] & (LEAF - 1), end + 1 - at), rules + 1
        if found is None:
            return None
        value, size = found
        return self.replacements[value : self.replacements.index(0, value)], size


def _offset(unit: int) -> int:
    return (unit >> 10) << ((unit & WIDE) >> 6)
