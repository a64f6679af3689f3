"""The compiled seeds of Unigram: suffixes in order, and the chains of pieces, against plain searches."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms import suffix_sorting, unigram_seeds
from toklab.algorithms.spelling import Characters
from toklab.algorithms.suffix_sorting import sort_suffixes
from toklab.algorithms.unigram_seeds import (
    check_positions,
    find_seeds,
    number_heaviest,
    repeated_substrings,
)
from toklab.errors import InputError
from toklab.kernels import unigram_chains
from toklab.types import IdArray, Words

WORDS = st.lists(st.text("ab", min_size=1, max_size=12) | st.text("abcé漢", min_size=1), min_size=1, max_size=12)


def numbered(words: list[str]) -> tuple[IdArray, Characters]:
    """The characters as numbers from 1."""
    characters = Characters.of(Words.of(words))
    _, numbers = np.unique(characters.codes, return_inverse=True)
    return (numbers + 1).astype(np.int32), characters


def assert_sorted(words: list[str], longest: int, threads: int) -> None:
    codes, characters = numbered(words)
    found = sort_suffixes(codes, characters.starts, longest, threads)
    tails = [word[at:] for word in words for at in range(len(word))]
    assert [tails[p][:longest] for p in found.order] == sorted(tail[:longest] for tail in tails)
    assert sorted(found.order.tolist()) == list(range(len(tails)))
    assert found.left.tolist() == [min(longest, len(tail)) for tail in tails]
    full = [tails[p] for p in found.order]
    for i in range(1, len(full)):
        if full[i - 1] == full[i]:
            assert found.order[i - 1] < found.order[i]


@settings(max_examples=150)
@given(words=WORDS, longest=st.integers(1, 9))
def test_suffixes_are_in_order(words: list[str], longest: int) -> None:
    assert_sorted(words, longest, threads=1)


@pytest.mark.parametrize("room_bits", [1, 3, 6])
@pytest.mark.parametrize("characters", ["ab", "abcdefghijklmnopqrstuvwxyz" + "".join(map(chr, range(0x4E00, 0x5200)))])
def test_the_stretches_and_the_threads_change_nothing(
    characters: str, room_bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(5)
    words = ["".join(generator.choices(characters[:40], k=generator.randint(1, 30))) for _ in range(300)]
    words += [characters, characters[::-1], characters[:20] * 10, characters[:20] * 9]
    monkeypatch.setattr(suffix_sorting, "ROOM_BITS", room_bits)
    assert_sorted(words, 16, threads=3)


@settings(max_examples=100)
@given(words=WORDS, longest=st.integers(1, 6), size=st.integers(1, 30))
def test_chains_hold_all_pieces_that_fit(words: list[str], longest: int, size: int) -> None:
    words = sorted(set(words))
    found = find_seeds(Words.of(words), np.full(len(words), 2), size, longest, ("ab",), threads=2)
    text = "".join(words)
    pieces = [text[p : p + n] for p, n in zip(found.places.tolist(), found.sizes.tolist(), strict=True)]
    assert_fit(words, pieces, found.chains)
    # Without every third piece that is no character.
    kept = [i for i in range(len(pieces)) if i < found.required or i % 3]
    numbers = np.full(len(pieces), -1, np.int32)
    numbers[kept] = np.arange(len(kept))
    fresh = np.empty(len(kept), np.int64)
    unigram_chains.relink(numbers, found.chains.table, fresh)
    unigram_chains.renumber(0, len(text), numbers, found.chains.table, found.chains.deepest)
    assert_fit(words, [pieces[i] for i in kept], unigram_seeds.Chains(found.chains.deepest, fresh))


def assert_fit(words: list[str], pieces: list[str], chains: unigram_seeds.Chains) -> None:
    tails = [word[at:] for word in words for at in range(len(word))]
    for tail, deepest in zip(tails, chains.deepest.tolist(), strict=True):
        fitting = sorted((i for i, piece in enumerate(pieces) if tail.startswith(piece)), key=lambda i: -len(pieces[i]))
        chain, piece = [], deepest
        while piece >= 0:
            chain.append(piece)
            row = int(chains.table[piece])
            assert row & 255 == len(pieces[piece])
            piece = row >> 16
        assert chain == fitting
        assert int(chains.table[deepest]) >> 8 & 255 == len(fitting)


def nodes_of(words: list[str], count: int, longest: int, threads: int = 1) -> list[list[int]]:
    """First, last, size and count of all nodes."""
    codes, characters = numbered(words)
    order = sort_suffixes(codes, characters.starts, longest).order
    counts = np.full(len(words), count)
    nodes = repeated_substrings(codes, characters.starts, order, counts, longest, threads)
    found: list[list[int]] = np.stack(nodes, axis=1).tolist()
    return found


def test_more_substrings_than_half_of_the_characters() -> None:
    assert nodes_of(["ab", "ab"], 1, 4) == [[0, 2, 2, 2]]
    total = sum(range(1, 9))
    starts = [8, 15, 21, 26, 30, 33, 35]
    expected = [[first, total, at + 2, 3 * (total - first)] for at, first in enumerate(starts)]
    assert nodes_of(["a" * size for size in range(1, 9)], 3, 8) == expected


def test_every_suffix_alone_may_be_a_seed() -> None:
    nodes = nodes_of(["abc", "def", "ghi", "kl"], 2, 3)
    assert len(nodes) == 7 > 11 // 2
    assert {(size, count) for _, _, size, count in nodes} == {(3, 2), (2, 2)}


@settings(max_examples=100)
@given(words=WORDS, longest=st.integers(2, 6), threads=st.integers(2, 5))
def test_threads_find_the_same_nodes(words: list[str], longest: int, threads: int) -> None:
    assert nodes_of(words, 2, longest, threads) == nodes_of(words, 2, longest)


@given(weights=st.lists(st.integers(0, 5) | st.integers(0, 1 << 62), max_size=30), size=st.integers(0, 30))
def test_the_heaviest_are_numbered_first(weights: list[int], size: int) -> None:
    expected = sorted((i for i, weight in enumerate(weights) if weight), key=lambda i: -weights[i])[:size]
    numbers, found = number_heaviest(np.array(weights, np.int64), size, 7)
    assert found.tolist() == [weights[i] for i in expected]
    assert numbers.tolist() == [7 + expected.index(i) if i in expected else -1 for i in range(len(weights))]


def test_more_characters_than_positions_can_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_positions(2**31 - 1)
    with pytest.raises(InputError, match="2,147,483,648 characters"):
        check_positions(2**31)
    monkeypatch.setattr(unigram_seeds, "MOST_CHARACTERS", 4)
    with pytest.raises(InputError, match="5 characters"):
        find_seeds(Words.of(["aé漢", "ab"]), np.ones(2, np.int64), 10, 3, (), threads=1)
