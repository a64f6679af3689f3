"""Byte positions of characters, against encoding every prefix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toklab.errors import UsageError
from toklab.pretokenize.utf8 import LOOKS, SLICE, char_to_byte, to_utf8

# Of each width, the first and the last character.
WIDTHS = "\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"


@given(st.text(st.sampled_from(WIDTHS) | st.characters(exclude_categories=["Cs"])))
def test_positions_are_the_lengths_of_prefixes(text: str) -> None:
    positions = char_to_byte(text)
    assert positions.dtype == np.int64
    assert positions.tolist() == [len(text[:end].encode()) for end in range(len(text) + 1)]
    assert to_utf8(text) == text.encode()


@pytest.mark.parametrize("text", ["\ud800", "ab\udfff", "é\ud83d\ude00"])
def test_a_lone_surrogate_is_told_with_its_place(text: str) -> None:
    place = next(index for index, char in enumerate(text) if "\ud800" <= char <= "\udfff")
    for function in (char_to_byte, to_utf8):
        with pytest.raises(UsageError, match=f"character {place} is a lone surrogate"):
            function(text)


@pytest.mark.parametrize("odd", ["é", "日", "👩", "\ud800"])
@pytest.mark.parametrize("at", [16_383, 16_384, 100_000, 399_999])
def test_a_long_text_of_which_few_characters_need_more_than_a_byte(odd: str, at: int) -> None:
    text = "It is. " * 57_142 + "I was"
    text = text[:at] + odd + text[at + 1 :]
    assert len(text) > SLICE * LOOKS
    if odd == "\ud800":
        with pytest.raises(UsageError, match=f"character {at} is a lone surrogate"):
            to_utf8(text)
    else:
        assert to_utf8(text) == text.encode()
