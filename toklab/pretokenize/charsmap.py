"""The table of a ``Precompiled`` normaliser: a double array that finds rules, and the texts that they put in place.

Source: Aoe 1989, "An Efficient Digital Search Algorithm by Using a Double-Array Structure"; the layout is that of
darts-clone, as SentencePiece writes it: the size of the array in four bytes, the array, and the texts, each with a NUL
behind it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

_VALUE, _LABEL, _LEAF = 0x7FFFFFFF, 0x800000FF, 0x100


@dataclass(frozen=True)
class CharsMap:
    """Rules that turn the beginning of a text into another text.

    Parameters
    ----------
    raw : the ``precompiled_charsmap`` of a model, out of base64

    Raises
    ------
    ValueError
        It is cut short, or the size of its array is no multiple of four.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) < 4 or len(self.raw) < 4 + self._size or self._size % 4:
            raise ValueError("a precompiled_charsmap that is cut short or is none")
        self._texts.decode("utf-8")  # raises UnicodeDecodeError, a ValueError

    @property
    def _size(self) -> int:
        return int.from_bytes(self.raw[:4], "little")

    @cached_property
    def _units(self) -> tuple[int, ...]:
        return struct.unpack(f"<{self._size // 4}I", self.raw[4 : 4 + self._size])

    @cached_property
    def _texts(self) -> bytes:
        return self.raw[4 + self._size :]

    @cached_property
    def _known(self) -> dict[str, str | None]:
        return {}

    def first(self, text: str) -> str | None:
        """What the shortest rule that fits the beginning of a text puts in its place; None where none fits."""
        if text not in self._known:
            if len(self._known) > 1 << 16:
                self._known.clear()
            self._known[text] = self._look_up(text.encode("utf-8"))
        return self._known[text]

    def _look_up(self, key: bytes) -> str | None:
        units = self._units
        if not units:
            return None
        at = _offset(units[0])
        for byte in key:
            at ^= byte
            if byte == 0 or at >= len(units) or units[at] & _LABEL != byte:
                return None
            unit = units[at]
            at ^= _offset(unit)
            if unit & _LEAF and at < len(units):
                return self._text_at(units[at] & _VALUE)
        return None

    def _text_at(self, start: int) -> str | None:
        end = self._texts.find(b"\0", start)
        found = self._texts[start : end if end >= 0 else len(self._texts)]
        return found.decode("utf-8", "ignore") if start < len(self._texts) else None


def _offset(unit: int) -> int:
    return (unit >> 10) << ((unit & 0x200) >> 6)
