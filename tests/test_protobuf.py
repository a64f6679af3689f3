"""The wire format: the worked examples of its guide, all kinds of fields there and back, and what is no message."""

from __future__ import annotations

import math
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toklab.formats.protobuf import LARGEST_FIELD, Message, bytes_field, float_field, integer_field

NUMBERS = st.integers(1, LARGEST_FIELD)


def test_the_examples_of_the_encoding_guide() -> None:
    assert integer_field(1, 150) == bytes.fromhex("08 96 01")
    assert integer_field(4, 300) == bytes.fromhex("20 ac 02")
    assert integer_field(1, -2) == bytes.fromhex("08 fe ff ff ff ff ff ff ff ff 01")
    assert bytes_field(2, b"testing") == bytes.fromhex("12 07 74 65 73 74 69 6e 67")
    assert bytes_field(3, integer_field(1, 150)) == bytes.fromhex("1a 03 08 96 01")


@given(number=NUMBERS, value=st.integers(-(2**63), 2**63 - 1))
def test_integers_there_and_back(number: int, value: int) -> None:
    message = Message(integer_field(number, 7) + integer_field(number, value))
    assert message.integer(number, 0) == value
    assert message.integer(number % LARGEST_FIELD + 1, -5) == -5


@given(number=NUMBERS, value=st.floats(width=32, allow_nan=False))
def test_floats_there_and_back(number: int, value: float) -> None:
    assert Message(float_field(number, value)).floating(number, 0.0) == value
    assert Message(b"").floating(number, 0.25) == 0.25


def test_floats_are_rounded_to_32_bits() -> None:
    assert Message(float_field(1, 0.1)).floating(1, 0.0) == struct.unpack("<f", struct.pack("<f", 0.1))[0] != 0.1
    assert math.isnan(Message(float_field(1, math.nan)).floating(1, 0.0))


@given(number=NUMBERS, values=st.lists(st.binary(max_size=300), max_size=4))
def test_strings_there_and_back(number: int, values: list[bytes]) -> None:
    message = Message(b"".join(bytes_field(number, value) for value in values))
    assert message.strings(number) == values


def test_messages_within() -> None:
    message = Message(bytes_field(5, bytes_field(1, "é".encode()) + integer_field(2, 9)) + b"\x31" + bytes(8))
    assert message.message(5).text(1, "") == "é"
    assert message.message(5).integer(2, 0) == 9
    assert message.message(5).text(3, "none") == "none"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x08", "ends within a number"),
        (b"\x80", "ends within a number"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 64 bits"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "more than 64 bits"),
        (b"\x0a\x05abc", "field 1 ends 2 bytes past the end"),
        (b"\x15abc", "field 2 ends 1 bytes past the end"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "past the end"),
        (b"\x00\x01", "a field has the number 0"),
        (b"\xf8\xff\xff\xff\xff\x01\x01", "a field has the number"),
        (b"\x0b", "field 1 is of wire type 3"),
        (b"\x0f", "field 1 is of wire type 7"),
    ],
)
def test_what_is_no_message(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Message(data)


def test_fields_of_another_kind_are_refused() -> None:
    message = Message(integer_field(1, 5) + bytes_field(2, b"\xff") + float_field(3, 1.0))
    for ask in (message.strings, message.message, lambda n: message.floating(n, 0.0), lambda n: message.text(n, "")):
        with pytest.raises(ValueError, match="another wire type"):
            ask(1)
    for number in (2, 3):
        with pytest.raises(ValueError, match="another wire type"):
            message.integer(number, 0)
    with pytest.raises(UnicodeDecodeError):
        message.text(2, "")
    with pytest.raises(ValueError, match="is there 0 times"):
        message.message(4)


@given(data=st.binary(max_size=40))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        Message(data)
