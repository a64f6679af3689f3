"""Hugging Face's Unigram: the readable twin against the compiled one, and both against the library."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import word_counts

from toklab.algorithms.unigram_hf import HfSteps, hf_seeds, learn_hf
from toklab.algorithms.unigram_hf_fast import FastHfSteps
from toklab.types import WordCounts

COUNTS = st.sampled_from(["ab", "abc", "aé漢🙂", "ab\0"]).flatmap(word_counts)


def steps_of(counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = ()) -> HfSteps:
    words = WordCounts.from_counts(counts)
    return HfSteps(words, *hf_seeds(words, size, longest, reserved), longest)


def fast_of(
    counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = (), threads: int = 1
) -> FastHfSteps:
    return FastHfSteps.begin(WordCounts.from_counts(counts), size, longest, reserved, threads)


def assert_equal(fast: FastHfSteps, steps: HfSteps) -> None:
    assert fast.texts == steps.texts
    assert fast.scores == steps.scores


@settings(max_examples=200)
@given(counts=COUNTS, longest=st.integers(1, 6), size=st.integers(1, 40))
def test_both_find_the_same_seeds(counts: dict[str, int], longest: int, size: int) -> None:
    assert_equal(fast_of(counts, size, longest, ("ab", "漢🙂")), steps_of(counts, size, longest, ("ab", "漢🙂")))


@settings(max_examples=200)
@given(counts=COUNTS, longest=st.integers(1, 6), least=st.integers(1, 12), factor=st.sampled_from([0.3, 0.75]))
def test_both_take_the_same_steps(counts: dict[str, int], longest: int, least: int, factor: float) -> None:
    steps, fast = steps_of(counts, longest=longest), fast_of(counts, longest=longest)
    for _ in range(3):
        expected, likelihood = steps.expect()
        fast_expected, fast_likelihood = fast.expect()
        assert (fast_expected.tolist(), fast_likelihood) == (expected, likelihood)
        steps.improve()
        fast.improve()
        assert_equal(fast, steps)
        usage = fast.usage()
        assert usage.tolist() == steps.usage()
        assert fast.losses(usage).tolist() == steps.losses(usage.tolist())
        steps.prune(least, factor)
        fast.prune(least, factor)
        assert_equal(fast, steps)


@settings(max_examples=100)
@given(counts=COUNTS, size=st.integers(2, 20))
def test_both_learn_the_same_and_threads_change_nothing(counts: dict[str, int], size: int) -> None:
    alphabet = sorted(set("".join(counts)))
    expected = learn_hf(steps_of(counts), alphabet, size, 1, 2, 0.75)
    for threads in (1, 3):
        assert learn_hf(fast_of(counts, threads=threads), alphabet, size, 1, 2, 0.75) == expected
