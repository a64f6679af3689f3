"""Counted words, in their order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toklab.kernels.words import MARGIN
from toklab.pretokenize.frequency import by_frequency
from toklab.types import Words

# Beginnings of 8 and of 16 bytes that many words share, a byte 0, and bytes whose sign a comparison could get wrong.
PARTS = st.sampled_from(["a", "\0", "é", "日", "abcdefgh", "abcdefghabcdefgh", "zzzzzzz"])
WORDS = st.lists(PARTS, min_size=1, max_size=6).map("".join)


@given(counts=st.dictionaries(WORDS, st.integers(1, 3), min_size=1, max_size=40))
def test_the_most_frequent_first_and_then_by_their_bytes(counts: dict[str, int]) -> None:
    raw = [word.encode() for word in counts]
    starts = np.cumsum([0, *map(len, raw)])
    text = np.frombuffer(b"".join(raw) + b"\xff" * MARGIN, np.uint8)
    found = by_frequency(Words(text, starts), np.array([*counts.values()]))
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))
    assert list(zip(found.words, found.counts.tolist(), strict=True)) == expected
