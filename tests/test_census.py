"""The tie census: against a count of all pairs before every merge, and on the cases that the docstring works out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from helpers import english
from hypothesis import given
from hypothesis import strategies as st

from toklab.retraining.census import Pair, Symbol, count_pairs, take_census
from toklab.retraining.replaying import census_of, material_of
from toklab.retraining.sameness import kendall_tau, use_jaccard
from toklab.training import train
from toklab.types import Contender, Piece

WORDS = st.dictionaries(st.text("abc", min_size=1, max_size=7), st.integers(1, 5), min_size=1, max_size=6)


def spelled(words: dict[str, int]) -> list[tuple[tuple[int, ...], int]]:
    return [(tuple(map(ord, word)), count) for word, count in words.items()]


def pairs_of(words: list[tuple[list[Symbol], int]]) -> Counter[Pair]:
    counts: Counter[Pair] = Counter()
    for word, count in words:
        for pair in pairwise(word):
            counts[pair] += count
    return counts


def merged(word: list[Symbol], pair: Pair) -> list[Symbol]:
    """From left to right without overlap, on text: symbols between bars."""
    found: list[Symbol] = []
    for symbol in word:
        if found and (found[-1], symbol) == pair and len(found[-1]) == len(pair[0]):
            found[-1] = (*found[-1], *symbol)
        else:
            found.append(symbol)
    return found


@given(WORDS, st.data())
def test_every_row_is_a_count_of_all_pairs(words: dict[str, int], data: st.DataObject) -> None:
    """Whatever pair is merged: the most frequent, or any other."""
    current: list[tuple[list[Symbol], int]] = [([(s,) for s in word], count) for word, count in spelled(words)]
    merges, expected = [], []
    for _ in range(4):
        counts = pairs_of(current)
        if not counts:
            break
        pair = data.draw(st.sampled_from(sorted(counts)))
        others = [count for other, count in counts.items() if other != pair]
        expected.append(
            (counts[pair], counts[pair] - max(others, default=0), sum(c == counts[pair] for c in counts.values()))
        )
        merges.append(pair)
        current = [(merged(word, pair), count) for word, count in current]
    census = take_census("x", spelled(words), merges, "rule")
    assert list(zip(census.counts, census.margins, census.tied, strict=True)) == expected
    if merges:
        assert count_pairs(spelled(words), merges[:-1], [merges[-1]]) == [expected[-1][0]]


def test_the_worked_example() -> None:
    a, b, c = ((ord(char),) for char in "abc")
    census = take_census("bpe", spelled({"ab": 1, "abc": 1, "bc": 1}), [(a, b), ((*a, *b), c)], "lowest-ids")
    assert census.counts.tolist() == [2, 1]
    assert census.margins.tolist() == [0, 0]
    assert census.tied.tolist() == [2, 2]
    ahead = take_census("bpe", spelled({"ab": 2, "abc": 1, "bc": 1}), [(a, b)], "lowest-ids")
    assert (ahead.margins.tolist(), ahead.tied.tolist(), ahead.share) == ([1], [1], 0.0)


def test_where_ties_take_over() -> None:
    tied = np.array([1] * 5 + [2, 1, 2, 2] + [3] * 20)
    census = take_census("x", [], [], "rule")
    assert (census.share, census.takeover, census.widest) == (None, None, 0)
    census = type(census)("x", tied, tied * 0, tied, "rule")
    shares = [(tied[rank:] > 1).mean() for rank in range(len(tied))]
    assert census.takeover == next(rank for rank, share in enumerate(shares) if share >= 0.9)
    assert census.widest == 3


@pytest.mark.parametrize("name", ["bpe", "hf-bpe"])
def test_a_trainer_by_counts_never_passes_a_more_frequent_pair_over(name: str) -> None:
    corpus = english(8_000)
    tokenizer = train(name, corpus, vocab_size=500)
    census = census_of(Contender(name), tokenizer, corpus)
    assert census is not None
    assert len(census.counts) == 244
    assert census.margins.min() == 0
    assert (np.diff(census.counts) <= 0).all()
    assert ((census.margins == 0) == (census.tied > 1)).all()


def test_characters_with_marks_are_replayed_too() -> None:
    corpus = english(4_000)
    tokenizer = train("bpe", corpus, vocab_size=200, alphabet="character", end_of_word_suffix="</w>")
    census = census_of(Contender("bpe"), tokenizer, corpus)
    assert census is not None
    assert census.margins.min() == 0


def test_what_does_not_merge_by_counts_has_no_census() -> None:
    corpus = english(4_000)
    for name, options in (("wordpiece", {}), ("unigram", {}), ("bpe", {"variant": "spm"})):
        tokenizer = train(name, corpus, vocab_size=400, **options)
        assert material_of(Contender(name, options), tokenizer, corpus) is None


@given(st.permutations(range(7)))
def test_kendall_counts_pairs(places: list[int]) -> None:
    signs = [1 if a < b else -1 for a, b in combinations(places, 2)]
    assert kendall_tau(places) == pytest.approx(sum(signs) / len(signs))


def test_kendall_of_too_few_is_undefined() -> None:
    assert kendall_tau([3]) is None


def test_pieces_are_weighed_by_use() -> None:
    a, b, c = (Piece(text) for text in (b"a", b"b", b"c"))
    assert use_jaccard({a: 3, b: 1}, {a: 2, c: 4}) == pytest.approx(2 / (3 + 1 + 4))
    assert use_jaccard({}, {}) is None
