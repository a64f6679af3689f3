"""Options of ``unigram`` with the variant ``spm``: coverage, digits and normalisers, against the library."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_spm_options import OPTIONS, SPECIALS
from test_spm_options import TEXTS as SOME
from test_unigram_spm import DOCUMENTS, RESERVED, TEXTS, library, ours

from toklab import train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.spm_rules import DIGITS
from toklab.algorithms.unigram_spm_fast import FastSpmSteps
from toklab.algorithms.unigram_spm_seeds import read, seeds
from toklab.algorithms.unigram_spm_steps import shares
from toklab.errors import UsageError
from toklab.formats.sentencepiece_model import sentencepiece_file
from toklab.formats.sentencepiece_proto import SentencePieceFile

ALL = {name: tuple(make()) for name, make in TEXTS.items()} | {"odd": SOME["adversarial"]}


@cache
def both(name: str, option: str, size: int, specials: tuple[str, ...] = ()) -> tuple[TrainedTokenizer, Any]:
    shared: Any = {**OPTIONS.get(option, {}), "special_tokens": specials}
    expected: Any = train("spm-unigram", list(ALL[name]), vocab_size=size, threads=16, **shared)
    found = train("unigram", list(ALL[name]), vocab_size=size, variant="spm", backend="fast", **shared)
    assert isinstance(found, TrainedTokenizer)
    return found, expected


@pytest.mark.parametrize("option", [name for name in OPTIONS if "coverage" in name or name == "digits"])
@pytest.mark.parametrize(
    ("name", "size", "specials"),
    [
        ("english", 900, ()),
        ("many scripts", 2600, ()),
        ("code", 500, ()),
        ("adversarial", 600, ("<s>", "ab")),
        ("odd", 420, SPECIALS),
    ],
)
def test_parity(name: str, size: int, specials: tuple[str, ...], option: str) -> None:
    """Pieces, their order and their scores, with the options in the file."""
    found, expected = both(name, option, size, specials)
    assert found.vocab.pieces == expected.vocab.pieces
    assert sentencepiece_file(found) == SentencePieceFile.from_bytes(expected.model)


@settings(max_examples=60, deadline=None)
@given(
    documents=DOCUMENTS, coverage=st.floats(0.98, 1), end=st.sampled_from(["", "\n"]), times=st.sampled_from([1, 40])
)
def test_coverage_of_any_text(documents: list[str], coverage: float, end: str, times: int) -> None:
    """Characters at the cut: frequent ones many times, few that are rare; U+0000, marks and line ends count or not."""
    documents = [*(text * times + end for text in documents), "z" + end, "y\0x ", "b\x1fx" + end]
    expected, scores = library(documents, 400, 2, character_coverage=coverage)
    for backend in ("fast", "reference"):
        found, found_scores = ours(documents, 400, 2, backend=backend, character_coverage=coverage)
        assert found.vocab.pieces == expected.vocab.pieces
        assert found_scores == scores


def test_coverage_leaves_out_what_is_rare() -> None:
    alphabets = [
        {piece.surface.decode() for piece in both("many scripts", option, 2600)[0].vocab if not piece.byte}
        for option in ("none", "coverage 0.9995", "coverage 0.98")
    ]
    whole, most, fewer = ({text for text in texts if len(text) == 1} for texts in alphabets)
    assert fewer < most < whole
    assert " " in fewer


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_what_ends_a_line_at_the_end_counts_twice(algorithm: str) -> None:
    """The baseline puts U+001F after it, which is part of the text that coverage is a share of."""
    documents = [*["ab"] * 100, *["a\n"] * 80, "c\n", "d\n", *["e\n"] * 3]
    for coverage in (0.98, 0.982, 0.984, 0.985, 0.9875, 0.99, 0.9925, 0.995):
        shared: Any = {"vocab_size": 270, "character_coverage": coverage}
        expected = train(f"spm-{algorithm}", documents, **shared)
        assert train(algorithm, documents, variant="spm", **shared).vocab.pieces == expected.vocab.pieces


@pytest.mark.parametrize("algorithm", ["unigram", "unigram-hf"])
def test_other_variants_do_not_have_the_options(algorithm: str) -> None:
    options: dict[str, Any]
    for options in ({"character_coverage": 0.999}, {"split_digits": True}):
        with pytest.raises(UsageError, match="variant 'spm'"):
            train("unigram", ["ab ab"], vocab_size=300, variant="hf" if "hf" in algorithm else "canonical", **options)
    with pytest.raises(UsageError, match=r"0\.98"):
        train("unigram", ["ab ab"], vocab_size=300, variant="spm", character_coverage=0.5)


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.text(st.sampled_from("a1２٣ .漢\u0301"), min_size=1, max_size=12), min_size=1, max_size=6),
    split_digits=st.booleans(),
)
def test_digits_of_any_text(documents: list[str], split_digits: bool) -> None:
    expected, scores = library(documents, 300, 2, split_digits=split_digits)
    for backend in ("fast", "reference"):
        found, found_scores = ours(documents, 300, 2, backend=backend, split_digits=split_digits)
        assert found.vocab.pieces == expected.vocab.pieces
        assert found_scores == scores


@settings(max_examples=60)
@given(
    documents=st.lists(st.text("ab1２ .", min_size=1, max_size=12), min_size=1, max_size=6),
    size=st.integers(1, 30),
    coverage=st.sampled_from([1, 0.98]),
)
def test_both_find_the_same_seeds_without_digits(documents: list[str], size: int, coverage: float) -> None:
    sentences = read([*(50 * text for text in documents), "xyz"], RESERVED, coverage)
    texts, weights = seeds(sentences.texts, size, split_digits=True)
    fast = FastSpmSteps(sentences, size, 1, split_digits=True)
    assert fast.texts == texts
    assert fast.scores == shares(weights)
    assert all(len(text) == 1 or DIGITS.isdisjoint(text) for text in texts)


def test_a_digit_is_always_a_token() -> None:
    found, _ = both("code", "digits", 500)
    assert found.signature["split_digits"] == "True"
    text = "    value[1234] = 0x98"
    tokens = [str(found.vocab[index]) for index in found.encode(text).ids]
    assert "".join(tokens) == text
    assert [token for token in tokens if not DIGITS.isdisjoint(token)] == list("1234098")
