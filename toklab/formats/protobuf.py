"""Protocol Buffers on the wire, as far as model files need them: numbers, 32-bit floats, bytes and messages within.

Source: the encoding guide at protobuf.dev. A message is a row of fields. Each begins with a key, which is the field's
number times 8 plus a wire type: 0 for a varint (7 bits a byte, the lowest first), 1 for 8 bytes, 2 for a length and
that many bytes, 5 for 4 bytes.

Worked example. Field 4 with the number 300 is ``20 ac 02``: 4 x 8 + 0 is 0x20, and 300 is 2 x 128 + 44.
"""

from __future__ import annotations

import math
import struct

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
LARGEST_FIELD = 2**29 - 1
_WIDTHS = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


def single(value: float) -> float:
    """A number rounded to a 32-bit float; infinite where it is too large."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def integer_field(number: int, value: int) -> bytes:
    """A whole number, a truth value or an enum; what is negative has 64 bits."""
    return _varint(number << 3 | VARINT) + _varint(value & 2**64 - 1)


def float_field(number: int, value: float) -> bytes:
    """A number rounded to a 32-bit float, which must not be too large for one."""
    return _varint(number << 3 | FOUR_BYTES) + struct.pack("<f", value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Bytes, a text in UTF-8 or a message."""
    return _varint(number << 3 | LENGTH) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


class Message:
    """The fields of a message, by number; what nobody asks for is left alone.

    Parameters
    ----------
    data : the message's bytes

    Raises
    ------
    ValueError
        It is cut short or no message; so do all methods where a field is not of the kind that is asked for.
    """

    def __init__(self, data: bytes) -> None:
        # By key: numbers, or bytes.
        self._numbers: dict[int, list[int]] = {}
        self._strings: dict[int, list[bytes]] = {}
        at = 0
        while at < len(data):
            key, at = _read_varint(data, at)
            number, wire = key >> 3, key & 7
            if not 1 <= number <= LARGEST_FIELD:
                raise ValueError(f"a field has the number {number}")
            if wire == VARINT:
                value, at = _read_varint(data, at)
                self._numbers.setdefault(key, []).append(value)
                continue
            size = _WIDTHS.get(wire, 0)
            if wire == LENGTH:
                size, at = _read_varint(data, at)
            elif not size:
                raise ValueError(f"field {number} is of wire type {wire}")
            if size > len(data) - at:
                raise ValueError(f"field {number} ends {size - len(data) + at:,} bytes past the end")
            self._strings.setdefault(key, []).append(data[at : at + size])
            at += size

    def integer(self, number: int, default: int) -> int:
        """The last value of a field of whole numbers, as a signed number of 64 bits."""
        self._refuse_others(number, VARINT)
        found = self._numbers.get(number << 3 | VARINT, [default & 2**64 - 1])[-1]
        return found - 2**64 if found >= 2**63 else found

    def floating(self, number: int, default: float) -> float:
        """The last value of a field of 32-bit floats."""
        found = self._of_kind(number, FOUR_BYTES)
        return float(struct.unpack("<f", found[-1])[0]) if found else default

    def strings(self, number: int) -> list[bytes]:
        """All values of a field of bytes, texts or messages."""
        return self._of_kind(number, LENGTH)

    def text(self, number: int, default: str) -> str:
        """The last value of a field of texts."""
        found = self.strings(number)
        return found[-1].decode("utf-8") if found else default

    def message(self, number: int) -> Message:
        """The message in a field that must be there, once."""
        found = self.strings(number)
        if len(found) != 1:
            raise ValueError(f"the message of field {number} is there {len(found)} times, where once is meant")
        return Message(found[0])

    def _of_kind(self, number: int, wire: int) -> list[bytes]:
        self._refuse_others(number, wire)
        return self._strings.get(number << 3 | wire, [])

    def _refuse_others(self, number: int, wire: int) -> None:
        for other in (VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES):
            if other != wire and (number << 3 | other in self._strings or number << 3 | other in self._numbers):
                raise ValueError(f"field {number} is of another wire type than {wire}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of at most 64 bits, and where it ends."""
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("it ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise ValueError("a number has more than 64 bits")
    if value >= 2**64:
        raise ValueError("a number has more than 64 bits")
    return value, at
