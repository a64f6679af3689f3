"""The compiled ways to merge words give what the readable merge loop gives, for any lengths and numbers of words."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms import segment_bpe
from toklab.algorithms.bpe import TIE_RULES
from toklab.algorithms.models import BpeModel, Segmentation
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.segment_bpe import OrderlyMerges, hashed
from toklab.corpus import Corpus
from toklab.kernels import encode_bpe_lanes, njit
from toklab.kernels import pairs as tables
from toklab.kernels.encode_bpe_lanes import LANES, WIDTH
from toklab.kernels.pairs import NONE, Pairs
from toklab.training import train
from toklab.types import IdArray, IntArray, Piece, Vocab

ALPHABETS = ("a", "ab", "abcde", "aé日")


@njit
def find_all(pairs: Pairs, asked: IntArray, found: IdArray, rare: IdArray) -> None:
    for i in range(len(asked)):
        found[i] = tables.find(pairs, asked[i, 0], asked[i, 1])
        rare[i] = tables.find_rare(pairs, asked[i, 0], asked[i, 1])


@cache
def model(letters: str, alphabet: str = "byte") -> BpeModel:
    draw = random.Random(letters)
    text = " ".join("".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(3000))
    tokenizer = train("bpe", Corpus("drawn", (text,)), vocab_size=420, alphabet=alphabet)
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, BpeModel)
    return tokenizer.model


def assert_twins_agree(merges: BpeModel, words: list[str]) -> None:
    assert merges.encode_words(words, "fast") == merges.encode_words(words, "reference")


@pytest.mark.parametrize("letters", ALPHABETS)
@given(sizes=st.lists(st.integers(1, WIDTH + 9), max_size=3 * LANES), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_words(letters: str, sizes: list[int], seed: int) -> None:
    draw = random.Random(seed)
    assert_twins_agree(model(letters), ["".join(draw.choices(letters, k=size)) for size in sizes])


@pytest.mark.parametrize("letters", ALPHABETS)
@pytest.mark.parametrize("number", [0, 1, LANES - 1, LANES, LANES + 1, 5 * LANES])
def test_any_number_of_words(letters: str, number: int) -> None:
    draw = random.Random(number)
    assert_twins_agree(model(letters), ["".join(draw.choices(letters, k=draw.randint(1, 12))) for _ in range(number)])


@pytest.mark.parametrize("size", [WIDTH - 1, WIDTH, WIDTH + 1])
def test_the_longest_words_that_merge_side_by_side(size: int) -> None:
    draw = random.Random(size)
    words = ["".join(draw.choices("abcde", k=size)) for _ in range(LANES + 3)]
    assert_twins_agree(model("abcde"), [*words, "a" * size, "ab" * (size // 2), "q" * size])


def test_characters_instead_of_bytes() -> None:
    draw = random.Random(5)
    words = ["".join(draw.choices("aé日", k=draw.randint(1, 70))) for _ in range(100)]
    assert_twins_agree(model("aé日", "character"), words)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), unique=True, min_size=1, max_size=300),
    asked=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=60),
)
@settings(max_examples=100, deadline=None)
def test_pairs_are_found_and_others_are_not(pairs: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    table = hashed(np.array(pairs, np.int64), 100)
    assert table is not None
    known = {pair: 100 + index for index, pair in enumerate(pairs)}
    looked = [*pairs, *asked]
    found, rare = np.zeros(len(looked), np.int32), np.zeros(len(looked), np.int32)
    find_all(table, np.array(looked, np.int64), found, rare)
    assert found.tolist() == rare.tolist() == [known.get(pair, NONE) for pair in looked]


def test_many_pairs_have_places_of_their_own() -> None:
    draw = np.random.default_rng(3)
    pairs = np.unique(draw.integers(0, 1 << 20, (200_000, 2)), axis=0)
    table = hashed(pairs, 7)
    assert table is not None
    found, rare = np.zeros(len(pairs), np.int32), np.zeros(len(pairs), np.int32)
    find_all(table, pairs, found, rare)
    assert (found == np.arange(7, 7 + len(pairs))).all()
    assert (rare == found).all()


def test_a_pair_that_comes_twice_is_told() -> None:
    assert hashed(np.array([[1, 2], [3, 4], [1, 2]], np.int64), 9) is None
    assert OrderlyMerges.of(np.array([[0, 1, 2], [0, 1, 3]], np.int64), 4) is None


def cut_in_parts(model: BpeModel, words: list[str], size: int) -> Sequence[Segmentation]:
    """What the compiled twin gives where it cuts all words of more than ``size`` characters into parts of that size."""
    model.encode_words(words, "fast")  # so that the kernels are compiled for the true width
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_bpe, "PART", size)
        patch.setattr(encode_bpe_lanes, "WIDTH", size)
        return model.encode_words(words, "fast")


@settings(max_examples=300)
@given(
    texts=st.lists(st.text("abc", min_size=1, max_size=30), min_size=1, max_size=6),
    words=st.lists(st.text("abc", min_size=1, max_size=60), min_size=1, max_size=5),
    tie=st.sampled_from(TIE_RULES),
    size=st.integers(1, 9),
)
def test_words_that_are_cut_in_parts(texts: list[str], words: list[str], tie: str, size: int) -> None:
    tokenizer = train("bpe", texts, vocab_size=60, pretokenizer="none", alphabet="character", tie=tie)
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, BpeModel)
    assert cut_in_parts(tokenizer.model, words, size) == tokenizer.model.encode_words(words, "reference")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_a_character_at_the_end_may_change_all_tokens_before(size: int) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = list(itertools.pairwise(letters))[::-1]
    vocab = Vocab(tuple(Piece(text.encode()) for text in [*letters, *map("".join, pairs)]))
    merges = tuple((letters.index(a), letters.index(b), len(letters) + i) for i, (a, b) in enumerate(pairs))
    model = BpeModel(vocab, merges, "character")
    words = [letters[: n + 1] for n in range(len(letters))] + [(letters * 3)[n:] for n in range(9)]
    found = cut_in_parts(model, words, size)
    assert found == model.encode_words(words, "reference")
    assert [vocab.pieces[found[n][0][0]].surface for n in (24, 25)] == [b"a", b"ab"]


def test_tokens_much_longer_than_a_part() -> None:
    powers = range(11)
    vocab = Vocab((*(Piece(b"a" * 2**power) for power in powers), Piece(b"b")))
    doubling = BpeModel(vocab, tuple((power - 1, power - 1, power) for power in powers if power), "character")
    sizes = [*range(1, 700, 7), 1023, 1024, 1025, 4095, 10_000]
    words = ["a" * size for size in sizes] + ["b" + "a" * size + "b" for size in sizes]
    cut = [
        [10] * (size >> 10) + [power for power in powers[::-1] if power < 10 and size >> power & 1] for size in sizes
    ]
    found = [list(ids) for ids, _ in doubling.encode_words(words, "fast")]
    assert found == cut + [[11, *ids, 11] for ids in cut]
