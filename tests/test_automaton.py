"""The compiled scanner cuts exactly as the ``regex`` library does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.pretokenize import PATTERNS, Pattern, PreTokenizer, count_words, get_pretokenizer
from toklab.pretokenize.automaton import Automaton, compile_pattern

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
COMPILED = [name for name in PATTERNS if name != "none"]
NASTY = "aA1 \n\r\t'sStTlLvVeErRmMdD!?.,/#\u00a0\u0085\u2028éÉ日本ﬁſKǅʰ½٣_-\u0301\u200d👩🏽ß"
CUSTOM = [
    r"\p{L}+|\d{2,4}",
    r"(?:ab|a)b?",
    r"a{2}|b+(?!\S)|(?=x)x",
    r"[^\s\p{P}]+|\p{P}",
    r"(?i:straße|'ll)|\w+",
    r"a?b{0,2}c",
    r"\s++\Z|\s",
    r"(?:x|yz){1,3}w*",
]


def walk(automaton: Automaton, text: str) -> list[tuple[int, int]]:
    """Matches of an automaton, one character after the other."""
    found, at = [], 0
    while at < len(text):
        state, last, here = 0, at, at
        while state >= 0:
            kind = automaton.classes[ord(text[here])] if here < len(text) else automaton.table.shape[1] - 1
            value = int(automaton.table[state, kind])
            if value & 1:
                last = here
            state, here = (value >> 1) - 1, here + 1
        if last > at:
            found.append((at, last))
        at = max(last, at + 1)
    return found


def compiled(pattern: str) -> Automaton:
    automaton = compile_pattern(pattern)
    assert automaton is not None
    return automaton


@pytest.mark.parametrize("pattern", [*(PATTERNS[name].pattern for name in COMPILED), *CUSTOM])
@given(text=st.one_of(st.text(NASTY, max_size=40), st.text("abcxyz '1\n", max_size=20), st.text(max_size=20)))
@settings(max_examples=150, deadline=None)
def test_matches_are_those_of_the_regex_library(pattern: str, text: str) -> None:
    assert walk(compiled(pattern), text) == [match.span() for match in regex.finditer(pattern, text)]


@pytest.mark.parametrize("name", COMPILED)
def test_every_scalar_in_context(name: str) -> None:
    pattern = PATTERNS[name].pattern
    text = "".join(f"a{chr(code)}{chr(code)} " for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    counted = count_words([text], PreTokenizer(Pattern(name, pattern, False, "")), backend="fast")
    assert dict(counted) == Counter(regex.findall(pattern, text))


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_counts_are_the_same_by_either_way_and_any_number_of_threads(name: str, threads: int) -> None:
    texts = [path.read_text("utf-8") for path in sorted(CORPORA.rglob("*.txt"))] + ["x"]
    pretokenizer = get_pretokenizer(name)
    slow = count_words(texts, pretokenizer, backend="reference")
    fast = count_words(texts, pretokenizer, backend="fast", threads=threads)
    assert slow.words == fast.words
    assert slow.counts.tolist() == fast.counts.tolist()


@pytest.mark.parametrize(
    "pattern", ["^a", "a+?", r"\bword", r"(?<=a)b", r"\w++a", "(?>ab|a)b", r"(?=ab)a", "[[a-z]&&[b]]", r"a{100}"]
)
def test_what_an_automaton_cannot_do_is_left_to_the_regex_library(pattern: str) -> None:
    assert compile_pattern(pattern) is None


def test_many_words_make_the_table_grow() -> None:
    texts = [" ".join(f"w{i}" for i in range(start, start + 3000)) for start in range(0, 30_000, 3000)]
    counted = count_words(texts, get_pretokenizer("whitespace"), backend="fast", threads=4)
    assert len(counted) == 30_000
    assert set(counted.counts.tolist()) == {1}
