"""Letters, numbers and punctuation are those of the library that is matched, on every character there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import WORD_CLASS_SKEW
from tokenizers import Regex, pre_tokenizers

from toklab.errors import PatternError
from toklab.pretokenize import PATTERNS, get_pretokenizer, to_oniguruma, unicode
from toklab.pretokenize.automaton import compile_pattern
from toklab.pretokenize.unicode import CODE_POINTS, bounds, samples, stand_in_table, with_stand_ins
from toklab.types import ByteArray

SCALARS = [chr(code) for code in range(CODE_POINTS) if not 0xD800 <= code < 0xE000]
EVERYTHING = "".join(SCALARS)
CATEGORIES = (
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
    *("Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "L", "C"),
)
CLASSES = (*(rf"\p{{{name}}}" for name in CATEGORIES), r"\s", r"\d", r"\w")
# What a pattern may hold.
USED = [kind for kind in CLASSES if kind != r"\p{Co}"]


def listed(ranges: str) -> set[str]:
    return {chr(code) for low, high in bounds(ranges) for code in range(low, high + 1)}


@cache
def known_to_toklab(kind: str, follows: str = "unicode-16") -> frozenset[str]:
    known = with_stand_ins(EVERYTHING, stand_in_table(kind, follows))
    return frozenset(EVERYTHING[place] for m in regex.finditer(f"(?:{kind})+", known) for place in range(*m.span()))


def known_to_hugging_face(kind: str) -> set[str]:
    outside = kind.replace(r"\p", r"\P") if kind.startswith(r"\p") else kind.upper()
    kept = pre_tokenizers.Split(Regex(f"{outside}+"), "removed").pre_tokenize_str(EVERYTHING)
    return {char for word, _ in kept for char in word}


def known_to_tiktoken(kind: str) -> set[str]:
    tiktoken = pytest.importorskip("tiktoken")
    bytes_only = {bytes([value]): value for value in range(256)}
    encoding = tiktoken.Encoding("kind", pat_str=f"{kind}+", mergeable_ranks=bytes_only, special_tokens={})
    return set(bytes(encoding.encode_ordinary(EVERYTHING)).decode())


@pytest.mark.parametrize("known", [known_to_hugging_face, known_to_tiktoken])
@pytest.mark.parametrize("kind", CLASSES)
def test_classes_hold_the_same_characters(kind: str, known: Callable[[str], set[str]]) -> None:
    skew = WORD_CLASS_SKEW if kind == r"\w" and known is known_to_hugging_face else frozenset()
    assert known_to_toklab(kind) ^ known(kind) == skew


@pytest.mark.parametrize("known", [known_to_hugging_face, known_to_tiktoken])
def test_the_list_of_what_is_not_assigned_is_exact(known: Callable[[str], set[str]]) -> None:
    assert known(r"\p{Cn}") == listed(unicode.UNASSIGNED)


def test_the_lists_of_berts_punctuation_are_exact() -> None:
    words = pre_tokenizers.BertPreTokenizer().pre_tokenize_str("".join(f"a{char}b " for char in SCALARS))
    theirs = {word for word, _ in words if len(word) == 1 and word not in "ab"}
    ours = known_to_toklab(r"[!-/:-@\[-`{-~\p{P}]")
    assert ours - theirs == listed(unicode.NOT_PUNCTUATION_TO_BERT)
    assert theirs - ours == listed(unicode.PUNCTUATION_TO_BERT)


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "none"])
def test_every_kind_of_character_is_cut_as_hugging_face_cuts_it(name: str) -> None:
    pretokenizer = get_pretokenizer(name)
    pattern = pretokenizer.entry.pattern
    starts = samples(pattern, pretokenizer.entry.follows).starts
    # The first and the last of each stretch of characters that are alike.
    codes = np.unique([starts, np.append(starts[1:], CODE_POINTS) - 1])
    chars = map(chr, codes[(codes < 0xD800) | (codes >= 0xE000)].tolist())
    text = "".join(f"a{char}{char} " for char in chars)
    known = {"bert": pre_tokenizers.BertPreTokenizer, "whitespace": pre_tokenizers.WhitespaceSplit}.get(name)
    theirs = known() if known else pre_tokenizers.Split(Regex(to_oniguruma(pattern)), "isolated")
    assert pretokenizer.spans(text) == [span for _, span in theirs.pre_tokenize_str(text)]


# Sets with a range or two where characters are alike, or not assigned, or both.
EDGES = st.sampled_from("az\u0250\u0294\u0295\u02af\u0378\u0530\u058f\u3040\u3400\u4e00\u9fa5\uac00\ue000\U0002ffff")
RANGES = st.tuples(EDGES | st.characters(exclude_categories=["Cs"]), EDGES).map(lambda ends: "-".join(sorted(ends)))
PLAIN = RANGES.filter(lambda text: not set(text[0] + text[-1]) & set("\\[]^-&|~"))
SETS = st.lists(st.sampled_from(USED) | PLAIN, min_size=1, max_size=3).map("".join)


def members(kind: str, follows: str) -> ByteArray:
    """Which code points are in a set, asked one by one."""
    known = with_stand_ins("".join(map(chr, range(CODE_POINTS))), stand_in_table(kind, follows))
    found = np.zeros(CODE_POINTS, np.uint8)
    for match in regex.finditer(f"(?:{kind})+", known):
        found[slice(*match.span())] = 1
    return found


@given(
    inside=SETS, form=st.sampled_from(["[{}]", "[^{}]", "(?i:[{}])"]), follows=st.sampled_from(["unicode-16", "bert"])
)
@settings(max_examples=40, deadline=None)
def test_one_character_of_every_kind_is_enough(inside: str, form: str, follows: str) -> None:
    kind = form.format(inside)
    try:
        expected = members(kind, follows)
    except PatternError:
        return
    automaton = compile_pattern(kind, follows)
    assert automaton is not None
    assert np.array_equal(automaton.table[0, automaton.classes] > 0, expected)


@given(inside=SETS, rest=SETS, data=st.data())
@settings(max_examples=200, deadline=None)
def test_ranges_that_hold_new_characters_cut_as_hugging_face_does(inside: str, rest: str, data: st.DataObject) -> None:
    pattern = f"[{inside}]+|[^{rest}]"
    try:
        pretokenizer = get_pretokenizer(pattern)
    except PatternError:
        return
    some = st.sampled_from(
        ["ʕ", "ʔ", "\u0558", "\u1acf", "\U000323b0", "\U0003fc3f", "\U00012550", "a", "é", "漢", "1"]
    )
    text = data.draw(st.lists(some, max_size=12).map("".join))
    theirs = pre_tokenizers.Split(Regex(to_oniguruma(pattern)), "isolated")
    assert pretokenizer.spans(text) == [span for _, span in theirs.pre_tokenize_str(text)]


def test_stand_ins_are_told_apart_by_no_range() -> None:
    table = stand_in_table("[\U00020000-\U0003ffff]|[\u0250-\u02af]+x", "unicode-16")
    assert 0x20000 <= table[0x323B0] <= 0x3FFFF
    assert 0x250 <= table[0x295] <= 0x2AF
    assert not 0x250 <= table[0x558] <= 0x2AF
    changed = np.flatnonzero(table != np.arange(CODE_POINTS))
    assert set(map(chr, changed.tolist())) <= listed(unicode.UNASSIGNED) | {"ʕ"}
    assert samples("[b-c]", "unicode-16").text.startswith("\0\1")


@pytest.mark.parametrize("pattern", ["ʕ+", "a|[\U000323b0-\U00033479]", "(?<=a)[\U0003fc3f]"])
def test_patterns_that_name_new_characters_alone_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"names U\+[0-9A-F]{4,5}, which means something else in Unicode 16"):
        get_pretokenizer(pattern)
