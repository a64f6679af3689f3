"""The compiled scanner cuts exactly as the ``regex`` library does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.pretokenize import PATTERNS, Pattern, PreTokenizer, count_words, get_pretokenizer
from toklab.pretokenize.automaton import Automaton, compile_pattern, why_not_compiled
from toklab.pretokenize.unicode import stand_in_table, with_stand_ins

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


def compiled(entry: Pattern) -> Automaton:
    automaton = compile_pattern(entry.pattern, entry.follows)
    assert automaton is not None
    return automaton


@pytest.mark.parametrize("name", [*COMPILED, *CUSTOM])
@given(text=st.one_of(st.text(NASTY, max_size=40), st.text("abcxyz '1\n", max_size=20), st.text(max_size=20)))
@settings(max_examples=150, deadline=None)
def test_matches_are_those_of_the_regex_library(name: str, text: str) -> None:
    entry = PATTERNS.get(name) or Pattern(name, name, True, "custom")
    known = with_stand_ins(text, stand_in_table(entry.pattern, entry.follows))
    assert walk(compiled(entry), text) == [match.span() for match in regex.finditer(entry.pattern, known)]


@pytest.mark.parametrize("name", COMPILED)
def test_every_scalar_in_context(name: str) -> None:
    text = "".join(f"a{chr(code)}{chr(code)} " for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    entry = Pattern("matches only", PATTERNS[name].pattern, False, "", PATTERNS[name].follows)
    assert dict(count_words([text], PreTokenizer(entry), backend="fast")) == Counter(PreTokenizer(entry).words(text))


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
    ("pattern", "reason"),
    [
        ("^a", "an anchor other than \\Z"),
        ("a$", "an anchor other than \\Z"),
        (r"\Aa", "an anchor other than \\Z"),
        ("a+?", "a quantifier that takes as little as possible"),
        (r"\bword", "a word boundary"),
        ("(?<=a)b", "look-behind"),
        ("(?<!a)b", "look-behind"),
        (r"(?:a|A)\g<0>", "a back-reference"),
        (r"(?:a)\1", "a back-reference"),
        ("(a)b", "a capturing group"),
        ("(?P<x>a)b", "a capturing group"),
        ("(?s:a.)", "flags other than (?i:...)"),
        (r"\w++a", "a possessive quantifier whose characters the rest could use"),
        ("(?:ab)++", "a possessive quantifier whose characters the rest could use"),
        ("(?>ab|a)b", "an atomic group that is not one repeated set at the end"),
        ("(?=ab)a", "lookahead of more than one character"),
        ("(?!a)*b", "a repeated lookahead"),
        ("[[a-z]&&[b]]", "the construct at '[[a-z]&&'"),
        (r"\p{Han}", "the construct at '\\\\p{Han}'"),
        ("a{100}", "a count above 64"),
        ("a{3,70}", "a count above 64"),
        ("a*", "a match of nothing"),
        ("(?:)", "a match of nothing"),
        ("(?:(?:a{64}){64}){2}", "more than 4096 states"),
        ("|".join(f"[{chr(c)}]" for c in range(0x4E00, 0x4E00 + 300)), "more than 126 classes of characters"),
    ],
)
def test_what_an_automaton_cannot_do_is_told_and_left_to_the_regex_library(pattern: str, reason: str) -> None:
    assert compile_pattern(pattern) is None
    assert why_not_compiled(pattern) == reason


@pytest.mark.parametrize("name", COMPILED)
def test_of_what_compiles_nothing_is_told(name: str) -> None:
    assert why_not_compiled(PATTERNS[name].pattern, PATTERNS[name].follows) is None


def test_many_words_make_the_table_grow() -> None:
    texts = [" ".join(f"w{i}" for i in range(start, start + 3000)) for start in range(0, 30_000, 3000)]
    counted = count_words(texts, get_pretokenizer("whitespace"), backend="fast", threads=4)
    assert len(counted) == 30_000
    assert set(counted.counts.tolist()) == {1}
