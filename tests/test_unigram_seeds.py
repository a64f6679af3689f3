"""The compiled seeds of Unigram: suffixes in order, and the chains of pieces, against plain searches."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms import unigram_seeds
from toklab.algorithms.spelling import Characters
from toklab.algorithms.unigram_seeds import find_seeds, repeated_substrings, sort_suffixes
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
    assert [words[owner] for owner in found.owners] == [word for word in words for _ in word]
    ordered = [tails[p][:longest] for p in found.order]
    for i, (one, two) in enumerate(itertools.pairwise(ordered), 1):
        same = next((k for k in range(min(len(one), len(two))) if one[k] != two[k]), min(len(one), len(two)))
        assert found.common[i] == same
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
    monkeypatch.setattr(unigram_seeds, "ROOM_BITS", room_bits)
    assert_sorted(words, 16, threads=3)


@settings(max_examples=100)
@given(words=WORDS, longest=st.integers(1, 6), size=st.integers(1, 30))
def test_chains_hold_all_pieces_that_fit(words: list[str], longest: int, size: int) -> None:
    words = sorted(set(words))
    characters = Characters.of(Words.of(words))
    found = find_seeds(characters, np.full(len(words), 2), size, longest, ("ab",))
    text = characters.codes.tobytes().decode("utf-32-le")
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


def test_more_substrings_than_half_of_the_characters() -> None:
    codes, characters = numbered(["ab", "ab"])
    nodes = repeated_substrings(sort_suffixes(codes, characters.starts, 4), np.array([1, 1]), 4)
    assert nodes.tolist() == [[0, 2, 2, 2]]
    words = ["a" * size for size in range(1, 9)]
    codes, characters = numbered(words)
    suffixes = sort_suffixes(codes, characters.starts, 8)
    nodes = repeated_substrings(suffixes, np.full(8, 3), 8)
    total = sum(range(1, 9))
    starts = [8, 15, 21, 26, 30, 33, 35]
    assert nodes.tolist() == [[first, total, at + 2, 3 * (total - first)] for at, first in enumerate(starts)]


def test_every_suffix_alone_may_be_a_seed() -> None:
    words = ["abc", "def", "ghi", "kl"]
    codes, characters = numbered(words)
    nodes = repeated_substrings(sort_suffixes(codes, characters.starts, 3), np.full(4, 2), 3)
    assert len(nodes) == 7 > len(codes) // 2
    assert {tuple(row) for row in nodes[:, 2:].tolist()} == {(3, 2), (2, 2)}
