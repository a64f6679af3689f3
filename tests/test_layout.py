"""Tokens of texts from the numbers of words, beside plain lists."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.kernels import layout
from toklab.types import IdArray

# Words as their tokens, (id, bytes) each: none, one, two (which have a way of their own), and more.
Word = list[tuple[int, int]]
TOKENS = st.tuples(st.integers(0, 2), st.integers(1, 3))
WORDS = st.lists(st.integers(0, 4).flatmap(lambda n: st.lists(TOKENS, min_size=n, max_size=n)), min_size=1, max_size=8)


def kept(words: list[Word], known: int) -> tuple[IdArray, IdArray, IdArray, IdArray]:
    """Rows, starts, ids and ends of words, of which the first ``known`` are written down before the others."""
    rows, starts = np.zeros((len(words), layout.COLUMNS), np.int32), np.zeros(len(words) + 1, np.int32)
    ids, ends = np.zeros(40, np.int32), np.zeros(40, np.int32)
    for first, some in ((0, words[:known]), (known, words[known:])):
        sizes = [sum(width for _, width in word) for word in some]
        found = [token for word in some for token, _ in word]
        found_ends = [end for word in some for end in itertools.accumulate(width for _, width in word)]
        counts = np.array([len(word) for word in some], np.int64)
        lengths = np.array([size or 1 for size in sizes], np.int64)
        arrays = np.array(found, np.int32), np.array(found_ends, np.int32), counts
        assert layout.keep(lengths, *arrays, first, rows, starts, ids, ends) == (1, max([1, *sizes]))
    return rows, starts, ids, ends


@given(words=WORDS, known=st.integers(0, 8), data=st.data())
@settings(max_examples=150, deadline=None)
def test_words_in_any_order(words: list[Word], known: int, data: st.DataObject) -> None:
    rows, starts, ids, ends = kept(words, min(known, len(words)))
    numbers = data.draw(st.lists(st.integers(-1, len(words) - 1), max_size=30))
    expected: list[int] = []
    spans: list[tuple[int, int]] = []
    breaks, begins, at, text = [], [], 5, 5
    for number in numbers:
        begins.append(at)
        if number < 0:
            breaks.append(len(expected))
            at += 1
            text = at
        for token, width in words[number] if number >= 0 else ():
            expected.append(token)
            spans.append((at - text, at - text + width))
            at += width

    out, found_breaks = np.zeros(len(expected) + layout.AHEAD, np.int32), np.zeros(len(numbers), np.int64)
    places = np.array(numbers, np.int32)
    done, texts = layout.lay_out(places, rows, starts, ids, out, found_breaks)
    assert (out[:done].tolist(), found_breaks[:texts].tolist()) == (expected, breaks)
    found = np.zeros((done, 2), np.int64)
    layout.lay_spans(places, np.array(begins, np.int64), starts, ends, 5, found)
    assert found.tolist() == [list(span) for span in spans]
