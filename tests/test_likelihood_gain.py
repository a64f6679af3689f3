"""WordPiece by likelihood gain: exact likelihoods, ties, the compiled twin, the command line."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from helpers import run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TINY_COUNTS, word_counts

from toklab import train
from toklab.algorithms.fast import learn_likelihood_gain
from toklab.algorithms.likelihood_gain import count_places, learn, log, own_gain, shared_gain, xlogx
from toklab.algorithms.symbols import Learned, Material, build_material
from toklab.algorithms.wordpiece import SPELLING, initial_symbols
from toklab.kernels.gain_heaps import xlogx as compiled_xlogx
from toklab.types import WordCounts

HASHES = word_counts("#a", max_length=6)
SMALL = (
    word_counts("ab", max_words=4, max_length=6)
    | word_counts("abc", max_words=5, max_length=6)
    | word_counts("a#", max_words=4, max_length=5)
)
SPECIALS = ("ab", "##ba", "aab")
BOTH = (learn, learn_likelihood_gain)


def make_material(counts: dict[str, int], specials: tuple[str, ...] = ()) -> Material:
    words = WordCounts.from_counts(counts)
    return build_material(words, initial_symbols(words, specials, "likelihood-gain"), SPELLING, "wordpiece", 10**9)


def learned_keys(learned: Learned) -> list[str]:
    return [symbol.key.decode() for symbol in learned.symbols[len(learned.initial) :]]


# A word as the test sees it: its parts as a vocabulary file spells them, and how often the word occurs.
Text = list[tuple[list[str], int]]


def likelihood(words: Text) -> Fraction:
    """Of all symbols under the unigram model with their relative frequencies; exact."""
    counts: dict[str, int] = {}
    for word, count in words:
        for part in word:
            counts[part] = counts.get(part, 0) + count
    total = sum(counts.values())
    return Fraction(math.prod(count**count for count in counts.values()), total**total)


def merged(words: Text, pair: tuple[str, str]) -> Text:
    """The words with a pair replaced, from left to right, by what it spells."""
    found = []
    for word, count in words:
        parts, at = [], 0
        while at < len(word):
            here = at + 1 < len(word) and (word[at], word[at + 1]) == pair
            parts.append(word[at] + word[at + 1].removeprefix("##") if here else word[at])
            at += 1 + here
        found.append((parts, count))
    return found


def candidates(words: Text, specials: tuple[str, ...], least: int) -> set[tuple[str, str]]:
    """Pairs that may be merged, by explicit replacement."""
    pairs = {pair for word, _ in words for pair in itertools.pairwise(word)}
    found = set()
    for left, right in pairs:
        key = left + right.removeprefix("##")
        ambiguous = key.startswith("##") and not left.startswith("##")
        if key not in specials and not ambiguous and removed(words, (left, right)) >= least:
            found.add((left, right))
    return found


def removed(words: Text, pair: tuple[str, str]) -> int:
    """How many symbols fewer there are when a pair is merged, which is how often it is."""
    return sum((len(a) - len(b)) * n for (a, n), (b, _) in zip(words, merged(words, pair), strict=True))


@settings(max_examples=120)
@given(counts=SMALL, least=st.integers(0, 2), extra=st.integers(0, 12))
def test_each_merge_raises_the_exact_likelihood_most(counts: dict[str, int], least: int, extra: int) -> None:
    material = make_material(counts, SPECIALS)
    learned = learn(material, len(material.symbols) + extra, least)
    names = [symbol.key.decode() for symbol in learned.symbols]
    words: Text = [([word[0], *("##" + char for char in word[1:])], count) for word, count in counts.items()]
    reserved = ("[UNK]", *SPECIALS)
    # Floats cannot tell likelihoods apart that are this near to each other.
    rounding = 1 + Fraction(1, 10**11)
    for (left, right, new), count in zip(learned.merges, learned.counts, strict=True):
        chosen = names[left], names[right]
        assert removed(words, chosen) == count
        after = {pair: likelihood(merged(words, pair)) for pair in candidates(words, reserved, max(1, least))}
        assert max(after.values()) <= after[chosen] * rounding
        assert after[chosen] * rounding > likelihood(words)
        order = {name: index for index, name in enumerate(names)}
        alike = [pair for pair in after if signature(words, pair) == signature(words, chosen)]
        assert (left, right) == min((order[a], order[b]) for a, b in alike)
        assert all(names[new] not in word for word, _ in words)
        words = merged(words, chosen)
        assert new >= len(material.symbols)
        assert names[new] == chosen[0] + chosen[1].removeprefix("##")
    if len(names) < len(material.symbols) + extra:
        gains = [likelihood(merged(words, pair)) for pair in candidates(words, reserved, max(1, least))]
        assert all(gain <= likelihood(words) * rounding for gain in gains)


def signature(words: Text, pair: tuple[str, str]) -> tuple[list[int], int, bool]:
    """All that a gain is computed from: equal signatures have equal gains to the last bit."""
    single = [sum(word.count(part) * count for word, count in words) for part in pair]
    return sorted(single), removed(words, pair), pair[0] == pair[1]


def test_the_worked_example() -> None:
    counts = {"hug": 10, "pug": 5, "hugs": 5}
    places = {(20, 20): (20, 40.1), (15, 20): (15, 23.9), (5, 20): (5, 6.4), (20, 5): (5, 6.4)}
    for (left, right), (count, gain) in places.items():
        assert own_gain(count, left, right, False) + shared_gain(count, 65) == pytest.approx(gain, abs=0.05)
    assert own_gain(1, 1, 1, False) + shared_gain(1, 68) == pytest.approx(5.2, abs=0.05)
    for trainer in BOTH:
        material = make_material(counts)
        learned = trainer(material, len(material.symbols) + 3)
        assert learned_keys(learned) == ["##ug", "hug", "pug"]
        assert learned.counts == (20, 15, 5)
        material = make_material(counts | {"xyz": 1})
        assert learned_keys(trainer(material, len(material.symbols) + 1)) == ["##ug"]


@pytest.mark.parametrize("trainer", BOTH)
def test_equal_gains_go_to_the_lowest_ids(trainer: Any) -> None:
    material = make_material({"ab": 3, "cd": 3, "ce": 3, "fe": 3})
    # (a, ##b) gains most. (c, ##d) and (f, ##e) gain alike, with the parts' counts the other way round; so, when the
    # former is merged, do (c, ##e) and (f, ##e).
    learned = trainer(material, 10**6)
    assert learned_keys(learned) == ["ab", "cd", "ce", "fe"]
    assert learned.counts == (3, 3, 3, 3)


@pytest.mark.parametrize("trainer", BOTH)
def test_a_symbol_with_itself_is_counted_as_it_is_merged(trainer: Any) -> None:
    assert count_places([[1, 1, 1], [1, 1, 1, 1], [0, 1, 1]], [1, 10, 100]) == {(1, 1): 121, (0, 1): 100}
    material = make_material({"baaaa": 1})
    learned = trainer(material, len(material.symbols) + 1)
    assert learned_keys(learned) == ["##aa"]
    assert learned.counts == (2,)


@pytest.mark.parametrize("trainer", BOTH)
def test_no_pair_that_lowers_the_likelihood_is_merged(trainer: Any) -> None:
    # Every left part goes with every right part alike, so a merge explains nothing.
    material = make_material({a + b: 50 for a in "abcdefgh" for b in "stuvwxyz"})
    learned = trainer(material, 10**6)
    assert len(learned.symbols) == len(material.symbols)


@settings(max_examples=400)
@given(
    counts=TINY_COUNTS | HASHES | word_counts("abcdef", max_length=12),
    least=st.integers(0, 3),
    extra=st.integers(0, 60),
)
def test_the_compiled_trainer_equals_the_readable_one(counts: dict[str, int], least: int, extra: int) -> None:
    material = make_material(counts, SPECIALS)
    size = len(material.symbols) + extra
    assert learn_likelihood_gain(material, size, least) == learn(material, size, least)


@settings(max_examples=200)
@given(counts=word_counts("aaaabcd", max_words=12, max_length=25))
def test_the_twins_agree_on_long_runs_and_to_the_end(counts: dict[str, int]) -> None:
    material = make_material(counts)
    assert learn_likelihood_gain(material, 10**6) == learn(material, 10**6)


@settings(max_examples=60)
@given(counts=TINY_COUNTS, scale=st.integers(2**20, 2**40))
def test_the_twins_agree_on_large_counts(counts: dict[str, int], scale: int) -> None:
    material = make_material({word: scale + count for word, count in counts.items()})
    size = len(material.symbols) + 20
    assert learn_likelihood_gain(material, size) == learn(material, size)


@pytest.mark.parametrize("least", [0, 3])
def test_the_twins_agree_on_a_text(least: int, corpora: Path) -> None:
    counts: dict[str, int] = {}
    for word in (corpora / "en.txt").read_text(encoding="utf-8")[:12_000].split():
        counts[word] = counts.get(word, 0) + 1
    material = make_material(counts)
    size = len(material.symbols) + 200
    assert learn_likelihood_gain(material, size, least) == learn(material, size, least)


@given(number=st.integers(0, 2**62))
def test_the_logarithms_are_equal_and_right(number: int) -> None:
    for near in (number, number >> 20, number >> 45):
        assert compiled_xlogx(near) == xlogx(near)
        if near > 0:
            assert math.isclose(log(near), math.log(near), rel_tol=4e-16, abs_tol=0)


def test_small_numbers_have_exact_logarithms() -> None:
    assert [xlogx(number) for number in (0, 1)] == [0.0, 0.0]
    for number in range(1, 5_000):
        assert compiled_xlogx(number) == xlogx(number)
        assert abs(log(number) - math.log(number)) <= 2 * math.ulp(math.log(number))


def test_the_order_of_documents_changes_nothing(corpora: Path) -> None:
    lines = (corpora / "en.txt").read_text(encoding="utf-8").splitlines()[:150]
    shuffled = random.Random(3).sample(lines, len(lines))
    options: dict[str, Any] = {"vocab_size": 700, "variant": "likelihood-gain"}
    one, two, three = (
        train("wordpiece", texts, backend=backend, **options)
        for texts, backend in ((lines, "fast"), (shuffled, "fast"), (shuffled, "auto"))
    )
    assert one.vocab == two.vocab == three.vocab
    assert len(one.vocab) == 700
    assert one.name == "wordpiece-likelihood-gain"
    text = "\n".join(lines)
    assert one.vocab.unk_id not in one.encode(text).ids


def test_a_comparison_names_it_with_its_option(corpora: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text((corpora / "en.txt").read_text(encoding="utf-8")[:6_000])
    names = ["-t", "wordpiece", "-t", "wordpiece:variant=likelihood-gain", "-t", "wordpiece:variant=top-down"]
    ran = run("compare", "text.txt", *names, "--vocab-size", "300", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "likelihood-gain" in ran.out
    assert "top-down" in ran.out
