"""Pre-tokens equal Hugging Face's, cover the text, and bad patterns are refused before they can do harm."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TEXT
from tokenizers import Regex, pre_tokenizers

from toklab.errors import InputError, PatternError, UnknownNameError
from toklab.pretokenize import PATTERNS, count_words, from_oniguruma, get_pretokenizer, to_oniguruma
from toklab.training import train

CUT_BY_PATTERN = [name for name in PATTERNS if PATTERNS[name].keeps_gaps and name != "none"]
CUSTOM = [
    r"[A-Za-z]+|\d|\s+",
    r"\p{Lu}\p{Ll}*|[0-9]{2}",
    r"(?i:the|an?)+ ?",
    r"(?>a+)|(?<=b)c+",
    r"\S",
    r"[\]\[^-]+",
    "x$|^y",
]


def library(pattern: str) -> Any:
    """Hugging Face's pre-tokenizer for a name or a regular expression."""
    if pattern == "whitespace":
        return pre_tokenizers.WhitespaceSplit()
    if pattern == "bert":
        return pre_tokenizers.BertPreTokenizer()
    return pre_tokenizers.Split(Regex(to_oniguruma(get_pretokenizer(pattern).entry.pattern)), "isolated")


def assert_same_cut(pattern: str, text: str) -> None:
    ours = get_pretokenizer(pattern)
    theirs = library(pattern).pre_tokenize_str(text)
    assert ours.words(text) == [word for word, _ in theirs]
    assert ours.spans(text) == [span for _, span in theirs]


@pytest.mark.parametrize("pattern", [*CUT_BY_PATTERN, "whitespace", "bert", *CUSTOM])
@given(text=TEXT)
def test_pre_tokens_are_hugging_faces(pattern: str, text: str) -> None:
    assert_same_cut(pattern, text)


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "none"])
def test_pre_tokens_of_the_bundled_texts_are_hugging_faces(pattern: str, corpus_lines: list[str]) -> None:
    for line in corpus_lines:
        assert_same_cut(pattern, line)


@pytest.mark.parametrize("pattern", [*PATTERNS, *CUSTOM])
@given(text=TEXT)
def test_spans_are_in_order_and_words_are_their_texts(pattern: str, text: str) -> None:
    pretokenizer = get_pretokenizer(pattern)
    spans = pretokenizer.spans(text)
    assert [text[start:end] for start, end in spans] == pretokenizer.words(text)
    assert all(start < end for start, end in spans)
    edges = [0, *itertools.chain.from_iterable(spans), len(text)]
    assert edges == sorted(edges)
    gaps = "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
    if pretokenizer.entry.keeps_gaps:
        assert not gaps
    else:
        assert not gaps.strip()


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        ("gpt2", "I'm  here, 42!\n\n x", ["I", "'m", " ", " here", ",", " 42", "!", "\n\n", " x"]),
        ("gpt2", "a's 'S", ["a", "'s", " '", "S"]),
        ("cl100k", "I'M 12345 ok\r\n\r\n x  ", ["I", "'M", " ", "123", "45", " ok", "\r\n\r\n", " x", "  "]),
        ("o200k", "camelCase HTTPServer's x/\n", ["camel", "Case", " HTTPServer's", " x", "/\n"]),
        ("llama3", "1234 (foo)", ["123", "4", " (", "foo", ")"]),
        ("qwen2", "1234", ["1", "2", "3", "4"]),
        ("deepseek-v3", "1234漢字かな, a!b \n x", ["123", "4", "漢字かな", ",", " a", "!b", " \n", " x"]),
        ("sentencepiece", " a  b\n▁c", [" a", " ", " b\n", "▁c"]),
        ("whitespace", " a  b,c\u3000d\n", ["a", "b,c", "d"]),
        ("bert", "don't  stop—now", ["don", "'", "t", "stop", "—", "now"]),
        ("none", " a b\n", [" a b\n"]),
        (r"\d+", "a12b", ["a", "12", "b"]),
    ],
)
def test_patterns_by_hand(pattern: str, text: str, words: list[str]) -> None:
    assert get_pretokenizer(pattern).words(text) == words


def test_a_published_pattern_spelled_out_keeps_its_name() -> None:
    for name, entry in PATTERNS.items():
        assert get_pretokenizer(entry.pattern).name == name
        assert entry.source
    assert get_pretokenizer(r"\d+").name == r"\d+"


@pytest.mark.parametrize("pattern", ["(", "[a", "a**", r"\p{Nonsense}", "(?P<a"])
def test_invalid_regular_expressions_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="invalid regular expression"):
        get_pretokenizer(pattern)


@pytest.mark.parametrize("pattern", [r"(a)|b", r"(?P<x>a)", r"(?<x>a)+"])
def test_capturing_groups_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="capturing group"):
        get_pretokenizer(pattern)


@pytest.mark.parametrize("pattern", ["a*", r"\s*", "(?:)|A", "$", r"\b|A ?", r"(?=b)|\w", r"\Ba|(?<=b)", r"(?!a)|a "])
def test_patterns_that_match_nothing_at_all_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="empty string"):
        get_pretokenizer(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\h+", r"\H+", r"\X", r"a\Kb", r"\G ", r"\ma", r"\N{DIGIT ONE}", r"A\1", r"(?:a|A)\g<0>"),
        *(r"a{1,3}+", r"a{2}+", r"a{2,}+ "),
        *("[[a-c]x]", "[a-z&&b]", "[a-z--b]", "[a||b]", "[a~~b]", "[[:alpha:]]+", r"[\\[]"),
        *("(?s)A.", "(?s:.)A", "(?i)A", "(?m:^A)", "(?x: A)", "(?V1)A"),
        *("(?|A|B)", r"(?:foo){e<=1}", r"\p{^L}", r"\p{Script=Latin}", "(?i:straße)"),
    ],
)
def test_what_another_engine_would_read_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        get_pretokenizer(pattern)


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown pre-tokenizer 'cl1000k'; did you mean 'cl100k'\?"):
        get_pretokenizer("cl1000k")
    with pytest.raises(UnknownNameError, match=r"\(valid: gpt2, cl100k"):
        get_pretokenizer("")


@pytest.mark.parametrize("pattern", [*CUT_BY_PATTERN, "whitespace", "bert", *CUSTOM])
def test_patterns_survive_the_other_engine(pattern: str) -> None:
    written = get_pretokenizer(pattern).entry.pattern
    back = from_oniguruma(to_oniguruma(written))
    assert back == written.replace("^y", r"\Ay")
    assert to_oniguruma(back) == to_oniguruma(written)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("$", r"\Z"), (r"\Z", r"\z"), ("^", r"\A"), (r"\A", r"\A"), (r"[$^]\$\^", r"[$^]\$\^"), (r"\\Z", r"\\Z")],
)
def test_anchors_are_translated(ours: str, theirs: str) -> None:
    assert to_oniguruma(ours) == theirs
    assert from_oniguruma(theirs) == (r"\A" if ours == "^" else ours)


DOCUMENTS = st.lists(TEXT, min_size=1, max_size=6)


@pytest.mark.parametrize("pattern", list(PATTERNS))
@given(documents=DOCUMENTS, threads=st.sampled_from([None, 1, 3]))
def test_words_are_counted_alike_by_both_twins(pattern: str, documents: list[str], threads: int | None) -> None:
    pretokenizer = get_pretokenizer(pattern)
    expected: dict[str, int] = {}
    for text in documents:
        for word in pretokenizer.words(text):
            expected[word] = expected.get(word, 0) + 1
    if not expected:
        with pytest.raises(InputError, match="no pre-token"):
            count_words(documents, pretokenizer, backend="fast")
        return
    for backend in ("reference", "fast"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("toklab.pretokenize.words.COUNT_WORTH", 1)
            found = count_words(documents, pretokenizer, threads=threads, backend=backend)
        assert list(found) == sorted(expected.items(), key=lambda item: (-item[1], item[0].encode()))


def test_no_word_crosses_a_document() -> None:
    for name in PATTERNS:
        for backend in ("reference", "fast"):
            counts = dict(count_words(("ab", "cd", "  ", "  "), get_pretokenizer(name), backend=backend))
            assert {word: n for word, n in counts.items() if word.strip()} == {"ab": 1, "cd": 1}


def test_a_pattern_that_does_not_compile_is_told() -> None:
    pattern = "(?<=a)b|[a-z]+"
    tokenizer = train("bpe", ["aab ab"], vocab_size=257, pretokenizer=pattern)
    assert tokenizer.warnings == (f"the pattern {pattern!r} is cut by the regex library, slowly: it holds look-behind",)  # type: ignore[attr-defined]
    assert tokenizer.signature["cut"].startswith("regex-")
    assert "cut" not in train("bpe", ["aab ab"], vocab_size=257, pretokenizer="[ab]+").signature
