"""Windows say what the cutter's steps say, wherever they say anything; text that is cut with them is cut as without."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_cutter import COMPILED, CUSTOM, cut, cutter_of

from toklab.kernels import scan
from toklab.pretokenize import PATTERNS
from toklab.pretokenize import windows as tables
from toklab.pretokenize.cutter import BACK, GAP, HERE, KINDS, SHIFT, SLOW, Cutter
from toklab.pretokenize.windows import ANSWERS, ASCII, UNSURE, Windows

ALPHABET = "aAstlrevmd B'\"-.,!  01  \n\r\t\0\x7f"
PATTERN = st.recursive(
    st.sampled_from(["a", "b", "[ab]", r"\s", r"\p{L}", "'", r"[^\sab]", "1", r"\p{N}{1,2}"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["?", "+", "*", "{1,3}"])).map(lambda both: f"(?:{both[0]}){both[1]}"),
    ),
    max_leaves=6,
)


def group_of(windows: Windows) -> list[int]:
    """The group of each ASCII character."""
    groups = [max((group + 1 for _, _, group in windows.ranges.tolist()), default=0)] * ASCII
    for first, last, group in windows.ranges.tolist():
        groups[first : last + 1] = [group] * (last + 1 - first)
    return groups


def answers(windows: Windows, window: str) -> set[int]:
    """What is said of three characters."""
    groups, unions = group_of(windows), windows.unions.tolist()
    return {
        answer
        for answer, *wanted in windows.terms.tolist()
        if all(unions[union] >> groups[ord(each)] & 1 for union, each in zip(wanted, window, strict=True))
    }


def check_steps(cutter: Cutter, text: str) -> None:
    """As long as all windows since the beginning are sure, they say what the cutter's steps do."""
    state = 0
    for at, character in enumerate(text):
        step = int(cutter.steps[state + ord(character)])
        state = step >> SHIFT
        if at >= 2:
            said = answers(cutter.windows, text[at - 2 : at + 1])
            if UNSURE in said:
                return
            assert not step & SLOW
            assert said == {answer for answer, bit in enumerate((HERE, BACK, GAP)) if step & bit}
        if at >= 1 and not cutter.windows.sure[ord(text[at - 1]), ord(character)]:
            return


@pytest.mark.parametrize("name", COMPILED)
@given(text=st.text(ALPHABET, max_size=15))
@settings(max_examples=300, deadline=None)
def test_windows_say_what_steps_say(name: str, text: str) -> None:
    cutter = cutter_of(PATTERNS[name].pattern)
    assert len(cutter.windows.terms)
    check_steps(cutter, text)


@given(pattern=PATTERN, texts=st.lists(st.text("ab1' \n", min_size=3, max_size=10), min_size=10, max_size=10))
@settings(max_examples=80, deadline=None)
@example(r"[\s\S]", ["ab "] * 10)
def test_of_any_pattern(pattern: str, texts: list[str]) -> None:
    if regex.match(pattern, ""):
        return
    cutter = cutter_of(pattern)
    if len(cutter.windows.terms):
        for text in texts:
            check_steps(cutter, text)
        long = "".join(texts) * 11
        assert cut(cutter, False, [long]) == [regex.findall(pattern, long)]


def test_what_gpt2_does_not_know() -> None:
    """Only a letter behind an apostrophe, and what follows it."""
    windows = cutter_of(PATTERNS["gpt2"].pattern).windows
    text = "It's  the '90s, 'twas said; I'd say 'n'. (x'1) (don't)"
    mark = "   ^^            ^^           ^^     ^^             ^^"
    found = ("^" if UNSURE in answers(windows, text[at - 2 : at + 1]) else " " for at in range(2, len(text)))
    assert "  " + "".join(found) == mark


def test_sure_places_tell_the_state() -> None:
    for name in COMPILED:
        cutter = cutter_of(PATTERNS[name].pattern)
        steps = cutter.steps.reshape(-1, KINDS)
        sure = cutter.windows.sure[:ASCII, :ASCII] & cutter.safe[:ASCII, :ASCII]
        assert sure.any()
        assert not cutter.windows.sure[ASCII:].any()
        assert not cutter.windows.sure[:, ASCII:].any()
        for before, after in np.argwhere(sure):
            states = {int(value) >> SHIFT for value in steps[:, before] if not value & SLOW}
            found = {int(steps[state // KINDS, after]) >> SHIFT for state in states}
            assert found == {int(steps[0, after]) >> SHIFT}


def some_text(chance: random.Random, size: int) -> str:
    """Words, numbers, quotes, code; now and then a stretch of another script, and documents' usual rubbish."""
    latin = [
        "word",
        " the",
        " It",
        "'s",
        " don't",
        "'",
        '"',
        ", ",
        ".",
        " 1234",
        "7",
        "\n",
        "\n\n    ",
        "\t",
        " " * 9,
        "x=(",
    ]
    rare = ["é", "—", "日本語", "\u00a0", "👩🏽", "\0", "\x1c", "\u2028", "'\u017f"]
    other = ["русский ", "текст", "日本", "。", "कि ", "\n"]
    parts: list[str] = []
    while sum(map(len, parts)) < size:
        pieces = chance.choices([latin, other], [5, 1])[0]
        stretch = chance.choices(pieces, k=chance.choice([3, 300, 9_000]))
        for _ in range(len(stretch) // 80):
            stretch[chance.randrange(len(stretch))] = chance.choice(rare)
        parts.append("".join(stretch))
    return "".join(parts)


@pytest.mark.parametrize("pattern", [*(PATTERNS[name].pattern for name in COMPILED), *CUSTOM])
def test_text_is_cut_as_the_regex_library_cuts_it(pattern: str) -> None:
    chance = random.Random(7)
    texts = [some_text(chance, size) for size in (500, 2_000, 150_000)]
    assert cut(cutter_of(pattern), False, texts, 2) == [regex.findall(pattern, text) for text in texts]


@pytest.mark.parametrize("size", [255, 256, 257, scan.BLOCK - 1, scan.BLOCK, scan.BLOCK + 65])
def test_a_text_may_end_anywhere(size: int) -> None:
    pattern = PATTERNS["gpt2"].pattern
    for tail in itertools.chain(ALPHABET, ("'s", "é", "  a", " \n", "a b")):
        text = ("It is. " * (size // 7 + 1))[: size - len(tail)] + tail
        assert cut(cutter_of(pattern), True, [text, "x"]) == [regex.findall(pattern, text), ["x"]]


def test_a_pattern_of_which_letters_tell_nothing_has_no_windows() -> None:
    cutter = cutter_of(r"(?:\p{L}\p{L}){1,2}|\s+")
    assert len(cutter.windows.terms) == 0
    text = "abcdefg hij klm" * 100
    assert cut(cutter, False, [text]) == [regex.findall(r"(?:\p{L}\p{L}){1,2}|\s+", text)]


@pytest.mark.parametrize("before", range(9))
def test_windows_end_within_a_character(before: int) -> None:
    """The next block has none, and begins behind that character."""
    pattern = PATTERNS["gpt2"].pattern
    text = "x" * before + "It is. " * (scan.BLOCK // 8) + "किताब" * scan.BLOCK + "। It"
    assert cut(cutter_of(pattern), True, [text]) == [regex.findall(pattern, text)]


@pytest.mark.parametrize("kinds", [20, 26])
def test_a_pattern_that_tells_many_characters_apart_has_no_windows(kinds: int) -> None:
    """Of 20 letters there are too many groups, of 26 too many kinds."""
    pattern = "|".join(f"{chr(97 + at)}{chr(48 + at % 10)}" for at in range(kinds)) + r"|\s"
    cutter = cutter_of(pattern)
    assert cutter.windows is tables.NO_WINDOWS
    text = "a0 b1 c2z5" * 100
    assert cut(cutter, False, [text]) == [regex.findall(pattern, text)]


def test_answers_are_numbered_as_in_the_kernel() -> None:
    from toklab.kernels import windows as kernel

    assert (tables.HERE, tables.BACK, tables.GAP, tables.UNSURE) == (kernel.CUT, kernel.BACK, kernel.GAP, kernel.UNSURE)
    assert ANSWERS == kernel.ANSWERS
