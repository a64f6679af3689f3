"""Patterns as tiktoken takes them: read, cut with, and written, against tiktoken's own engine."""

from __future__ import annotations

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT

from toklab.errors import PatternError
from toklab.pretokenize import PATTERNS, get_pretokenizer
from toklab.pretokenize.rust_syntax import COVERING, SPELLINGS, covers, from_rust, to_rust

WRITTEN = [name for name in PATTERNS if name != "bert"]
# What model files hold beside published patterns: groups that capture, anchors, counted possessive repeats.
OTHERS = [
    r"(\p{L}+)|[0-9]{1,2}+|\s+$|\s",
    r"(?i:'(?:s|ll))|\w+|[^\w\s]",
    r"^\s+|[a-c&]?b+",
    r"\d+(?=x)|\x41?[^\r\n]\b",
    "[\\p{Lu}\\p{Lt}]*[\\p{Ll}]+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]


def cut_by_tiktoken(pattern: str, text: str) -> list[bytes]:
    """Its matches, if they are our words or whole runs of them: those are tokens; any other falls into several."""
    words = [word.encode() for word in from_rust(pattern).words(text)]
    runs = {b"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    learned = sorted(run for run in runs if len(run) > 1)
    ranks = {token: rank for rank, token in enumerate([*(bytes([byte]) for byte in range(256)), *learned])}
    encoding = tiktoken.Encoding("words", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return [encoding.decode_single_token_bytes(index) for index in encoding.encode_ordinary(text)]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_pattern_is_read_back_as_it_was_written(name: str) -> None:
    pretokenizer = get_pretokenizer(name)
    assert from_rust(to_rust(pretokenizer)) == pretokenizer


@pytest.mark.parametrize("pattern", [*(to_rust(get_pretokenizer(name)) for name in WRITTEN), *OTHERS])
@settings(max_examples=60, deadline=None)
@given(TEXT)
def test_cuts_are_those_of_tiktoken(pattern: str, text: str) -> None:
    words = [word.encode() for word in from_rust(pattern).words(text)]
    assert cut_by_tiktoken(pattern, text) == words


@settings(max_examples=60, deadline=None)
@given(TEXT, st.sampled_from([r"\w+", r"[a-z]+\Z", "[0-9]", r"\s+$", r"(?:'s|a)b?"]))
def test_a_pattern_of_a_user_keeps_what_is_between_its_matches(text: str, pattern: str) -> None:
    ours = get_pretokenizer(pattern)
    assert cut_by_tiktoken(to_rust(ours), text) == [word.encode() for word in ours.words(text)]


def test_published_spellings_are_known() -> None:
    tiktoken_ext = pytest.importorskip("tiktoken_ext.openai_public")
    assert tiktoken_ext.r50k_pat_str == SPELLINGS["gpt2"]
    assert from_rust(tiktoken_ext.r50k_pat_str).name == "gpt2"
    assert from_rust(SPELLINGS["cl100k"]).name == "cl100k"
    assert from_rust(PATTERNS["o200k"].pattern).name == "o200k"
    assert tuple(name for name, entry in PATTERNS.items() if name == "none" or covers(entry.pattern)) == COVERING


def test_a_pattern_without_a_match_for_everything_drops_the_rest() -> None:
    assert from_rust(r"\w+").words("a, b") == ["a", "b"]
    assert not from_rust(PATTERNS["deepseek-v3"].pattern).entry.keeps_gaps
    assert from_rust(r"\w+|\W").entry.keeps_gaps
    # A character alone is not enough, nor is what another must follow.
    assert not from_rust(r"\w+|\W\W").entry.keeps_gaps
    assert not from_rust(r"\w+|\W(?=\w)").entry.keeps_gaps


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"[\p{Lu}&&[^\p{Han}]]+", "construct"),
        (r"\p{Han}+", "construct"),
        (r"(?<name>a)", "construct"),
        (r"(a)\1", "construct"),
        (r"a*", "empty string"),
        (r"(a", "invalid"),
        (r"a\Z", "construct"),
    ],
)
def test_what_may_mean_something_else_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(PatternError, match=told):
        from_rust(pattern)


def test_bert_has_no_pattern_there() -> None:
    with pytest.raises(PatternError, match="classes"):
        to_rust(get_pretokenizer("bert"))
