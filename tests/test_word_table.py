"""The table of words grows as it must, and tells words apart whose first bytes, hashes or sizes are alike."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms import scanned
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.corpus import Corpus
from toklab.kernels.scan import BLOCK
from toklab.kernels.words import SHORT
from toklab.pretokenize import count_words, get_pretokenizer, words
from toklab.pretokenize.stretches import stretches
from toklab.pretokenize.words import WordTable
from toklab.training import train

# Sizes around those of a row's parts: 8 bytes, 3 more, and all that is longer.
SIZES = st.sampled_from([1, 7, 8, 9, SHORT - 1, SHORT, SHORT + 1, 16, 17, 40])
WORDS = st.lists(st.tuples(SIZES, st.sampled_from("ab\x00é"), st.sampled_from("abc")), max_size=60)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "ROOM", 2)
    monkeypatch.setattr(words, "NUMBERS", 4)
    monkeypatch.setattr(scanned, "ROOM", 2)


def spelled(drawn: list[tuple[int, str, str]]) -> list[str]:
    """Words that are alike but for their size, what they are filled with, or their last letter."""
    return [fill * (size - 1) + last for size, fill, last in drawn]


@given(drawn=WORDS)
@settings(max_examples=80, deadline=None)
def test_counts(drawn: list[tuple[int, str, str]]) -> None:
    text = " ".join(spelled(drawn))
    if text:
        found = count_words([text, text], get_pretokenizer("whitespace"), backend="fast")
        counted = dict(zip(found.words, found.counts.tolist(), strict=True))
        assert counted == Counter(text.split(" ") * 2)


def look_up(texts: list[str]) -> tuple[list[str], list[int]]:
    """The words of texts, each from the number that the table gives, "" behind a text; and where each begins."""
    cutter = get_pretokenizer("whitespace").cutter()
    assert cutter is not None
    table = WordTable(cutter, keeps_gaps=False)
    (stretch,) = stretches(texts)
    numbers: list[int] = []
    begins: list[int] = []
    for found in table.numbers(stretch.text, 0, stretch.end, begins=True):
        numbers += found.numbers.tolist()
        begins += found.begins.tolist()
    names = table.words.strings()
    assert len(set(names)) == len(names)
    return [names[number] if number >= 0 else "" for number in numbers], begins


def assert_found(texts: list[str]) -> None:
    found, begins = look_up(texts)
    assert found == [word for text in texts for word in [*text.split(), ""]][:-1]
    raw = b"\xff".join(text.encode() for text in texts)
    for word, begin in zip(found, begins, strict=True):
        assert raw[begin : begin + max(1, len(word.encode()))] == (word.encode() or b"\xff")


@given(drawn=WORDS, times=st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_numbers_and_where_words_begin(drawn: list[tuple[int, str, str]], times: int) -> None:
    assert_found([" ".join(spelled(drawn)), "ab c", "x " * times])


def test_a_table_that_grows_while_it_holds_words() -> None:
    draw = random.Random(2)
    rare = [" ".join("".join(draw.choices("abc", k=draw.randint(1, 14))) for _ in range(3000)) for _ in range(4)]
    assert min(map(len, rare)) > BLOCK
    assert_found(rare)
    found = count_words(rare, get_pretokenizer("whitespace"), backend="fast")
    assert len(set(found.words)) == len(found.words)
    counted = dict(zip(found.words, found.counts.tolist(), strict=True))
    assert counted == Counter(word for text in rare for word in text.split())


def test_an_encoder_that_learns_more_words_than_it_had_room_for() -> None:
    draw = random.Random(1)
    texts = [" ".join("".join(draw.choices("abc", k=draw.randint(1, 30))) for _ in range(400)) for _ in range(5)]
    tokenizer = train("bpe", Corpus("drawn", tuple(texts)), vocab_size=300, backend="fast")
    assert isinstance(tokenizer, TrainedTokenizer)
    for offsets in (False, True):
        batch = tokenizer.encode_batch(texts, offsets=offsets)
        for text, encoding in zip(texts, batch, strict=True):
            assert tokenizer.decode(encoding.ids) == text
    assert batch.offsets[-1, 1] == len(texts[-1])
