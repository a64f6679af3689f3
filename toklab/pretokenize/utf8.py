"""Text as UTF-8: its bytes, and where each of its characters begins."""

from __future__ import annotations

import numpy as np

from toklab.errors import UsageError
from toklab.types import IntArray

# CPython holds a text in two or four bytes a character for the sake of one that needs them, and then it takes three
# times as long to encode. So it gets a long one in slices where these, looked at here and there, need a byte only.
SLICE, LOOKS = 1 << 14, 16


def to_utf8(text: str) -> bytes:
    """The bytes of a text.

    Raises
    ------
    UsageError
        The text holds a lone surrogate.
    """
    apart = len(text) // LOOKS
    if apart < SLICE or text.isascii() or not all(text[at : at + 1000].isascii() for at in range(0, len(text), apart)):
        return _encoded(text, "utf-8")
    try:
        return b"".join([text[at : at + SLICE].encode("utf-8") for at in range(0, len(text), SLICE)])
    except UnicodeEncodeError:
        return _encoded(text, "utf-8")  # tells the place in the whole text


def char_to_byte(text: str) -> IntArray:
    """UTF-8 byte position of each character, and of the end: (characters + 1,) int64.

    Raises
    ------
    UsageError
        The text holds a lone surrogate.
    """
    if text.isascii():
        return np.arange(len(text) + 1, dtype=np.int64)
    codes = np.frombuffer(_encoded(text, "utf-32-le"), np.uint32)
    widths = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    positions = np.zeros(len(text) + 1, np.int64)
    np.cumsum(widths, out=positions[1:])
    return positions


def _encoded(text: str, codec: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise UsageError(f"character {error.start} is a lone surrogate, which UTF-8 cannot hold") from None
