"""BPE by ranked tokens: against tiktoken itself, on tables that no trainer would write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms.models import BpeModel
from toklab.algorithms.ranked import ranked_model, split, split_all
from toklab.types import Piece

BYTES = [bytes([byte]) for byte in range(256)]
# Tokens over two letters overlap in every way; most tables lack the parts that a trainer would have made first.
TOKENS = st.lists(st.text("ab", min_size=2, max_size=7).map(str.encode), max_size=12, unique=True)
WORDS = st.lists(st.text("ab", min_size=1, max_size=40), min_size=1, max_size=6)


def library(tokens: Sequence[bytes], specials: Mapping[str, int] | None = None) -> tiktoken.Encoding:
    ranks = {token: rank for rank, token in enumerate(tokens)}
    return tiktoken.Encoding("small", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens=dict(specials or {}))


def model_of(learned: Sequence[bytes], backend: str = "auto") -> BpeModel:
    tokens = [*BYTES, *learned]
    return ranked_model(tokens, range(len(tokens)), {}, backend)


@settings(max_examples=400, deadline=None)
@given(TOKENS, WORDS)
def test_a_list_of_merges_gives_what_tiktoken_gives(learned: list[bytes], words: list[str]) -> None:
    theirs = library([*BYTES, *learned])
    found = model_of(learned).encode_words(words, "reference")
    assert [list(ids) for ids, _ in found] == [theirs.encode_ordinary(word) for word in words]


@settings(max_examples=200, deadline=None)
@given(TOKENS, WORDS)
def test_the_compiled_twin_gives_the_same(learned: list[bytes], words: list[str]) -> None:
    tokens = [*BYTES, *learned]
    assert np.array_equal(split_all(tokens, "reference"), split_all(tokens, "fast"))
    model = model_of(learned)
    assert model.encode_words(words, "fast") == model.encode_words(words, "reference")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abc", min_size=2, max_size=4).map(str.encode), min_size=3, max_size=40, unique=True), WORDS)
def test_the_order_of_ranks_alone_decides(learned: list[bytes], words: list[str]) -> None:
    tokens = [*learned, *BYTES]  # bytes may have any ranks
    theirs = library(tokens)
    model = ranked_model(tokens, range(len(tokens)), {})
    assert [list(ids) for ids, _ in model.encode_words(words)] == [theirs.encode_ordinary(word) for word in words]


def test_the_worked_example() -> None:
    ranks = {token: rank for rank, token in enumerate([*BYTES, b"ab", b"bc", b"abc", b"cab"])}
    assert split(b"abc", ranks) == (b"ab", b"c")
    assert split(b"cab", ranks) == (b"c", b"ab")
    without = {token: rank for token, rank in ranks.items() if token not in (b"ab", b"abc")}
    assert split(b"cab", without) is None
    assert split(b"a", ranks) is None


def test_a_token_without_parts_is_reached_as_a_whole_word_only() -> None:
    model = model_of([b"aba"])
    assert model.ignore_merges
    for backend in ("reference", "fast"):
        assert model.encode_words(["aba", "abab"], backend) == [((256,), (3,)), ((97, 98, 97, 98), (1, 1, 1, 1))]
    assert not model_of([b"ab", b"aba"]).ignore_merges


def test_ids_that_nothing_has_are_special_pieces() -> None:
    model = ranked_model([*BYTES, b"ab"], [*range(256), 258], {"<|end|>": 260})
    assert len(model.vocab) == 261
    assert model.vocab[256] == Piece(b"<|unused_256|>", special=True)
    assert model.vocab[260] == Piece(b"<|end|>", special=True)
    assert model.encode_words(["ab"]) == [((258,), (2,))]


@pytest.mark.parametrize("size", [1, 100, 3000])
def test_words_of_any_length(size: int) -> None:
    learned = [b"ab", b"ba", b"aba", b"abab", b"bab"]
    text = ("abba" * size)[: size + 3]
    for backend in ("reference", "fast") if size < 1000 else ("fast",):
        ids, widths = model_of(learned).encode_words([text], backend)[0]
        assert list(ids) == library([*BYTES, *learned]).encode_ordinary(text)
        assert sum(widths) == len(text)
