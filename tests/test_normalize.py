"""BERT's normalisation equals Hugging Face's, and every character knows where it came from."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from strategies import BERT_NORMALIZER_SKEW, SHARED_BERT_TEXT, TEXT, is_assigned
from tokenizers import normalizers

from toklab.errors import UnknownNameError
from toklab.pretokenize import NORMALIZERS, get_normalizer

LIBRARY = normalizers.BertNormalizer()
bert = get_normalizer("bert")
# Stands between characters; untouched by the normaliser and not among them.
SEPARATOR = "\u241e"


@given(text=SHARED_BERT_TEXT)
def test_bert_text_is_hugging_faces(text: str) -> None:
    assert bert(text).text == LIBRARY.normalize_str(text)


def test_bert_text_of_the_bundled_texts_is_hugging_faces(corpus_lines: list[str]) -> None:
    for line in corpus_lines:
        assert bert(line).text == LIBRARY.normalize_str(line)


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the list is of Unicode 14, as in Python 3.11")
def test_the_list_of_characters_that_bert_keeps_otherwise_is_exact() -> None:
    every = [char for char in map(chr, range(sys.maxunicode + 1)) if not "\ud800" <= char <= "\udfff"]
    chars = [char for char in every if is_assigned(char) and char != SEPARATOR]
    text = SEPARATOR.join(chars)
    ours, theirs = bert(text).text.split(SEPARATOR), LIBRARY.normalize_str(text).split(SEPARATOR)
    assert len(ours) == len(theirs) == len(chars)
    differing = {char for char, a, b in zip(chars, ours, theirs, strict=True) if a != b}
    assert differing == BERT_NORMALIZER_SKEW


@given(text=TEXT)
def test_every_character_stems_from_its_source(text: str) -> None:
    normalized = bert(text)
    source = normalized.source
    assert source is not None
    assert len(source) == len(normalized.text)
    for char, index in zip(normalized.text, source, strict=True):
        raw = text[index]
        parts = unicodedata.normalize("NFD", raw)
        assert char in {low for part in parts for low in part.lower()} or char == " "
    # Only marks that canonical ordering moves may step back.
    fixed = [index for char, index in zip(normalized.text, source, strict=True) if not unicodedata.combining(char)]
    assert fixed == sorted(fixed)


@pytest.mark.parametrize(
    ("text", "expected", "source"),
    [
        ("", "", ()),
        ("Ab", "ab", (0, 1)),
        ("É\tx", "e x", (0, 1, 2)),
        ("e\u0301x", "ex", (0, 2)),
        ("a\0b\ufffdc\u200bd", "abcd", (0, 2, 4, 6)),
        ("x漢y", "x 漢 y", (0, 1, 1, 1, 2)),
        ("가", "\u1100\u1161", (0, 0)),
        ("İI", "ii", (0, 1)),
        ("\r\n\u3000", "   ", (0, 1, 2)),
        ("ΑΣ", "ας".replace("ς", "σ"), (0, 1)),
        ("\U0001d16d\U0001d165", "\U0001d165\U0001d16d", (1, 0)),
    ],
)
def test_bert_by_hand(text: str, expected: str, source: tuple[int, ...]) -> None:
    normalized = bert(text)
    assert (normalized.text, normalized.source) == (expected, source)


@given(text=TEXT)
def test_none_changes_nothing(text: str) -> None:
    normalized = get_normalizer("none")(text)
    assert (normalized.text, normalized.source) == (text, None)


def test_an_unknown_name_names_the_nearest() -> None:
    assert list(NORMALIZERS) == ["none", "bert", "nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"]
    with pytest.raises(UnknownNameError, match=r"unknown normalizer 'berd'; did you mean 'bert'\?"):
        get_normalizer("berd")
