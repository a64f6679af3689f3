"""The cutter finds the pre-tokens that the ``regex`` library finds, wherever blocks, lanes and threads meet."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.pretokenize.automaton import compile_pattern
from toklab.pretokenize.cutter import KINDS, SHIFT, SLOW, Cutter, make_cutter
from toklab.pretokenize.stretches import Stretch, in_parts
from toklab.pretokenize.words import WordTable

COMPILED = [name for name in PATTERNS if name != "none"]
CUSTOM = [r"\p{L}+|\d{2,4}", r"(?:ab|a)b?", r"[a-c]+x|a", r"\s*[\r\n]+|\s+(?!\S)|\S+", "a{1,9}b|日"]
PIECES = [
    "the",
    " cat",
    "\n",
    "\n\n",
    " ",
    "     ",
    "'s",
    "'r",
    "x'll",
    "12345",
    "日本",
    "\u3000",
    "\u00a0",
    "é",
    "👩🏽",
    "!?",
    "ab",
    "b",
    "\t",
]


def cutter_of(pattern: str, follows: str = "unicode-16") -> Cutter:
    automaton = compile_pattern(pattern, follows)
    assert automaton is not None
    return make_cutter(automaton)


def cut(cutter: Cutter, keeps_gaps: bool, texts: list[str], parts: int = 1) -> list[list[str]]:
    """The words of each text, read off the numbers that the scanner gives."""
    tables = [WordTable(cutter, keeps_gaps) for _ in range(parts)]

    def read(part: int, stretch: Stretch, begin: int, end: int) -> list[str]:
        words = []
        for numbers, begins, size in tables[part].numbers(stretch.text, begin, end, begins=True):
            spelled = tables[part].words.strings()
            found = [spelled[number] if number >= 0 else "" for number in numbers.tolist()]
            assert sum(len(word.encode()) for word in found) <= size
            for word, at in zip(found, begins.tolist(), strict=True):
                assert bytes(stretch.text[at : at + len(word.encode())]) == word.encode()
            words += found
        return words

    found: list[list[str]] = []
    for _, results in in_parts(texts, cutter, parts, read):
        found.append([])
        for word in itertools.chain.from_iterable(results):
            if word:
                found[-1].append(word)
            else:
                found.append([])
    return found


@pytest.mark.parametrize("name", COMPILED)
@given(texts=st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=9), min_size=1))
@settings(max_examples=120, deadline=None)
def test_short_texts(name: str, texts: list[str]) -> None:
    pretokenizer = get_pretokenizer(name)
    cutter = cutter_of(pretokenizer.entry.pattern, pretokenizer.entry.follows)
    expected = [pretokenizer.words(text) for text in texts]
    assert cut(cutter, pretokenizer.entry.keeps_gaps, texts) == expected


@pytest.mark.parametrize("pattern", [*(PATTERNS[name].pattern for name in COMPILED), *CUSTOM])
@pytest.mark.parametrize("seed", range(4))
def test_long_texts(pattern: str, seed: int) -> None:
    chance = random.Random(seed)
    pieces = chance.sample(PIECES, chance.randint(2, len(PIECES)))
    texts = ["".join(chance.choices(pieces, k=chance.choice([0, 3, 300, 25_000]))) for _ in range(6)]
    expected = [regex.findall(pattern, text) for text in texts]
    for parts in (1, 3):
        assert cut(cutter_of(pattern), False, texts, parts) == expected


@pytest.mark.parametrize("pattern", [PATTERNS["gpt2"].pattern, PATTERNS["o200k"].pattern])
@pytest.mark.parametrize("size", [16_383, 16_384, 16_385, 70_000])
def test_a_match_over_several_blocks(pattern: str, size: int) -> None:
    texts = ["a" * size, " " * size + "x", "\n" + " " * size + "x", "日" * size, "x" + "\n" * size, "a" * size + " b"]
    assert cut(cutter_of(pattern), True, texts, 3) == [regex.findall(pattern, text) for text in texts]


@pytest.mark.parametrize("name", COMPILED)
def test_safe_places_are_safe(name: str) -> None:
    cutter = cutter_of(PATTERNS[name].pattern)
    steps = cutter.steps.reshape(-1, KINDS)
    assert cutter.safe.any()
    for before, after in np.argwhere(cutter.safe):
        states = {int(value) >> SHIFT for value in steps[:, before] if not value & SLOW}
        assert len({int(steps[state // KINDS, after]) for state in states}) == 1
