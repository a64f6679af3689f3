"""The lattice of a word against every segmentation of it, written out."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms.lattice import UNKNOWN_PENALTY, Edge, Lattice, Path, score_of

# Halves make equal scores and exact sums common.
SCORES = st.integers(-12, -1).map(lambda half: half / 2) | st.floats(-8, -0.01)


@st.composite
def lattices(draw: st.DrawFn) -> tuple[str, dict[str, tuple[int, float]], Lattice]:
    """A word over two letters, some pieces over them, perhaps without one of the letters, and its lattice."""
    word = draw(st.text("ab", min_size=1, max_size=7))
    texts = draw(st.lists(st.text("ab", min_size=1, max_size=4), unique=True, max_size=10))
    pieces = {text: (i + 1, draw(SCORES)) for i, text in enumerate(texts)}
    lowest = min((score for _, score in pieces.values()), default=0.0)
    return word, pieces, Lattice.of(word, pieces, max(map(len, texts), default=0), (0, lowest - UNKNOWN_PENALTY))


def all_paths(word: str, pieces: dict[str, tuple[int, float]], start: int = 0) -> list[Path]:
    """Every segmentation."""
    if start == len(word):
        return [()]
    lowest = min((score for _, score in pieces.values()), default=0.0)
    found = []
    for end in range(start + 1, len(word) + 1):
        known = pieces.get(word[start:end], (0, lowest - UNKNOWN_PENALTY) if end == start + 1 else None)
        if known is not None:
            found += [(Edge(start, end, *known), *rest) for rest in all_paths(word, pieces, end)]
    return found


def order(path: Path) -> list[tuple[float, int]]:
    """The total order of segmentations: score, start of the last piece, then the same of what is before it."""
    return [(-score_of(path[:n]), path[n - 1].start) for n in range(len(path), 0, -1)]


@settings(max_examples=300)
@given(case=lattices(), n=st.integers(0, 8))
def test_the_best_are_those_of_the_list_in_order(
    case: tuple[str, dict[str, tuple[int, float]], Lattice], n: int
) -> None:
    word, pieces, lattice = case
    ranked = sorted(all_paths(word, pieces), key=order)
    assert lattice.best() == ranked[0]
    assert lattice.n_best(n) == ranked[:n]
    assert lattice.n_best(200) == ranked


@settings(max_examples=200)
@given(case=lattices())
def test_sums_over_the_lattice_are_sums_over_the_list(
    case: tuple[str, dict[str, tuple[int, float]], Lattice],
) -> None:
    word, pieces, lattice = case
    paths = all_paths(word, pieces)
    weights = [math.exp(score_of(path)) for path in paths]
    total = math.fsum(weights)
    assert lattice.log_total == pytest.approx(math.log(total))
    assert lattice.backward()[0] == pytest.approx(math.log(total))
    used = {
        edge: math.fsum(w for w, path in zip(weights, paths, strict=True) if edge in path) for edge in lattice.edges
    }
    assert lattice.marginals() == pytest.approx([used[edge] / total for edge in lattice.edges], abs=1e-12)
    entropy = -math.fsum(w / total * math.log(w / total) for w in weights)
    assert lattice.entropy() == pytest.approx(entropy, abs=1e-12)
    for path, weight in zip(paths, weights, strict=True):
        assert lattice.log_probability(path) == pytest.approx(math.log(weight / total))
    for position in range(len(word) + 1):
        begun = [p[:n] for p in paths for n in range(len(p) + 1) if sum(e.end - e.start for e in p[:n]) == position]
        before = math.fsum(math.exp(score_of(path)) for path in set(begun))
        assert lattice.forward()[position] == pytest.approx(math.log(before))


@pytest.mark.parametrize("theta", [0.0, 0.5, 1.0, 3.0])
def test_samples_come_as_often_as_their_probability_says(theta: float) -> None:
    pieces = {"a": (1, -1.0), "b": (2, -1.5), "ab": (3, -1.2), "ba": (4, -2.0), "aba": (5, -2.2)}
    lattice = Lattice.of("abab", pieces, 3, (0, -12.0))
    generator = random.Random(7)
    draws = 20_000
    drawn = Counter(lattice.sample(generator, theta) for _ in range(draws))
    paths = all_paths("abab", pieces)
    total = math.fsum(math.exp(theta * score_of(path)) for path in paths)
    assert set(drawn) <= set(paths)
    for path in paths:
        share = math.exp(theta * score_of(path)) / total
        # Five standard deviations.
        assert abs(drawn[path] - draws * share) < 5 * math.sqrt(draws * share * (1 - share)) + 1


def test_the_worked_example() -> None:
    chances = {"h": 0.1, "u": 0.1, "g": 0.1, "hu": 0.3, "ug": 0.4}
    pieces = {text: (i, math.log(chance)) for i, (text, chance) in enumerate(chances.items())}
    lattice = Lattice.of("hug", pieces, 2, (9, -20.0))
    assert [edge.id for edge in lattice.best()] == [0, 4]
    assert math.exp(lattice.log_total) == pytest.approx(0.071)
    marginals = dict(zip(lattice.edges, lattice.marginals(), strict=True))
    assert marginals[lattice.best()[1]] == pytest.approx(0.04 / 0.071)


def test_of_equal_scores_the_longest_last_piece_wins() -> None:
    pieces = {"a": (0, -1.0), "aa": (1, -2.0)}
    assert [edge.id for edge in Lattice.of("aaa", pieces, 2, (9, -20.0)).best()] == [0, 1]


def test_the_empty_word_has_one_segmentation() -> None:
    lattice = Lattice.of("", {}, 0, (0, -10.0))
    assert lattice.best() == ()
    assert lattice.n_best(3) == [()]
    assert lattice.log_total == lattice.entropy() == 0.0
    assert lattice.sample(random.Random(0)) == ()


def test_long_words_do_not_underflow() -> None:
    pieces = {"a": (0, -15.0), "aa": (1, -30.0)}
    lattice = Lattice.of("a" * 2000, pieces, 2, (9, -40.0))
    # As many segmentations as the Fibonacci number F(2001), each of score -30,000.
    fibonacci = 2001 * math.log((1 + math.sqrt(5)) / 2) - math.log(5) / 2
    assert lattice.log_total == pytest.approx(fibonacci - 30_000)
    assert lattice.entropy() == pytest.approx(fibonacci)
