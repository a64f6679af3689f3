"""Hugging Face's Unigram: the readable twin against the compiled one, and both against the library."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import word_counts

from toklab import train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_hf import RETURN_STEP, HfSteps, complete, hf_loss, hf_seeds, learn_hf
from toklab.algorithms.unigram_hf_fast import FastHfSteps
from toklab.algorithms.unigram_model import UnigramModel
from toklab.baselines.huggingface import HuggingFaceTokenizer
from toklab.corpus import Corpus
from toklab.errors import UnknownNameError, VocabSizeError
from toklab.types import WordCounts

CORPORA = Path(__file__).resolve().parents[1] / "corpora"

COUNTS = st.sampled_from(["ab", "abc", "aé漢🙂", "ab\0"]).flatmap(word_counts)


def steps_of(counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = ()) -> HfSteps:
    words = WordCounts.from_counts(counts)
    return HfSteps(words, *hf_seeds(words, size, longest, reserved), longest)


def fast_of(
    counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = (), threads: int = 1
) -> FastHfSteps:
    return FastHfSteps(WordCounts.from_counts(counts), size, longest, reserved, threads)


def assert_equal(fast: FastHfSteps, steps: HfSteps) -> None:
    assert fast.texts == steps.texts
    assert fast.scores == steps.scores


@settings(max_examples=100)
@given(counts=COUNTS, longest=st.integers(1, 6), size=st.integers(1, 40))
def test_both_find_the_same_seeds(counts: dict[str, int], longest: int, size: int) -> None:
    assert_equal(fast_of(counts, size, longest, ("ab", "漢🙂")), steps_of(counts, size, longest, ("ab", "漢🙂")))


@settings(max_examples=80)
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


@settings(max_examples=40)
@given(counts=COUNTS, size=st.integers(2, 20))
def test_both_learn_the_same_and_threads_change_nothing(counts: dict[str, int], size: int) -> None:
    alphabet = sorted(set("".join(counts)))
    expected = learn_hf(steps_of(counts), alphabet, size, 1, 2, 0.75)
    for threads in (1, 3):
        assert learn_hf(fast_of(counts, threads=threads), alphabet, size, 1, 2, 0.75) == expected


def test_the_worked_example() -> None:
    steps = steps_of({"ab": 10, "abc": 1, "xx": 10})
    assert steps.texts == ["", "x", "b", "a", "c", "ab"]
    assert steps.scores[1:] == pytest.approx([math.log(weight / 47) for weight in (20, 11, 11, 1, 4)])
    assert steps.scores[0] == min(steps.scores[1:]) - 10
    usage = steps.usage()
    assert usage == [0, 20, 0, 0, 1, 11]
    expected = 11 / 21 * (math.log(11 / 32) - 2 * math.log(11 / (32 + 11 * 5)))
    assert steps.losses(usage) == pytest.approx([0.0, *[math.inf] * 4, expected])
    assert expected == pytest.approx(1.61, abs=0.005)
    assert hf_loss(11, 32, 21, 6, [0, 0]) == steps.losses(usage)[5]


@settings(max_examples=100)
@given(counts=COUNTS, longest=st.integers(1, 5))
def test_seeds_go_on_in_two_ways_among_distinct_words(counts: dict[str, int], longest: int) -> None:
    steps = steps_of(counts, longest=longest)
    flat = "\0".join([*counts, ""])
    weights = {text: sum(word.count(text) * n for word, n in counts.items()) for text in set(flat) - {"\0"}}
    for start, end in itertools.combinations(range(len(flat) + 1), 2):
        text = flat[start:end]
        if 1 < len(text) <= longest and "\0" not in text:
            places = [i for i in range(len(flat)) if flat.startswith(text, i)]
            if len({flat[i + len(text)] for i in places}) > 1:
                weights[text] = len(places) * len(text)
    assert set(steps.texts) == {"", *weights}
    total = sum(weights.values())
    for text, score in list(zip(steps.texts, steps.scores, strict=True))[1:]:
        assert score == pytest.approx(math.log(weights[text] / total))
    characters, others = steps.texts[1 : steps.required], steps.texts[steps.required :]
    for part in (characters, others):
        assert part == sorted(part, key=lambda text: (weights[text], text), reverse=True)


def test_characters_leave_become_unknown_and_come_back() -> None:
    steps, fast = steps_of({"the": 50, "then": 40, "thy": 1}), fast_of({"the": 50, "then": 40, "thy": 1})
    for one in (steps, fast):
        for _ in range(3):
            one.improve()
        assert {"t", "h"}.isdisjoint(one.texts)
        assert one.usage()[0] == 0
    assert steps.lattice("thy").edges[0].id == 0
    lowest = min(steps.scores[1:])
    found = dict(complete(steps.texts, steps.scores, ["e", "h", "n", "t", "y"], 9))
    gone = [char for char in "ehnty" if char not in steps.texts]
    assert [found[char] for char in gone] == pytest.approx([lowest + 0.0001 * k for k in range(len(gone))], abs=1e-12)


def test_the_cut_goes_by_order_and_never_gives_the_unknown_of_training() -> None:
    texts, scores = ["", "ab", "<UNK>", "a", "abc", "bc"], [-15.0, -3.0, -1.0, -2.0, -5.0, -1.5]
    assert complete(texts, scores, ["a", "b"], 4) == [("a", -2.0), ("b", -5.0), ("ab", -3.0), ("abc", -5.0)]


def library(documents: Sequence[str], size: int, pattern: str) -> dict[str, float]:
    """Hugging Face's pieces and scores, as the lab trains it, without its unknown."""
    tokenizer = train("hf-unigram", Corpus("x", tuple(documents)), vocab_size=size, pretokenizer=pattern)
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    [(first, _), *learned] = json.loads(tokenizer.model)["model"]["vocab"]
    assert first == "<unk>"
    return dict(map(tuple, learned))


def ours(documents: Sequence[str], size: int, pattern: str, backend: str = "auto") -> dict[str, float]:
    tokenizer = train(
        "unigram", Corpus("x", tuple(documents)), vocab_size=size, pretokenizer=pattern, variant="hf", backend=backend
    )
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, UnigramModel)
    return dict(zip(tokenizer.model.strings[1:], tokenizer.model.scores[1:], strict=True))


def assert_parity(found: dict[str, float], expected: dict[str, float]) -> None:
    """The same pieces; scores equal to 1e-9 (absolute), but for characters that came back.

    These take steps of 0.0001 above the rarest piece, in the library in an order that changes from run to run.
    """
    assert found.keys() == expected.keys()
    moved = [text for text in found if abs(found[text] - expected[text]) > 1e-9]
    assert all(len(text) == 1 for text in moved)
    assert sorted(found[text] for text in moved) == pytest.approx(sorted(expected[text] for text in moved), abs=1e-9)
    if moved:
        lowest = min(found.values())
        for text in moved:
            steps = (found[text] - lowest) / RETURN_STEP
            assert steps == pytest.approx(round(steps), abs=1e-4)
            assert round(steps) < len([text for text in found if len(text) == 1])


def english() -> tuple[str, ...]:
    return ((CORPORA / "en.txt").read_text(encoding="utf-8"),)


def many_scripts() -> tuple[str, ...]:
    paths = sorted((CORPORA / "parallel").glob("*.txt"))
    assert len(paths) >= 10
    return tuple(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("pattern", ["gpt2", "whitespace"])
@pytest.mark.parametrize(
    ("texts", "size"),
    [(english, 1000), (english, 2500), (english, 8000), *((many_scripts, s) for s in (2000, 4000, 8000))],
)
def test_parity_on_texts(texts: Callable[[], tuple[str, ...]], size: int, pattern: str) -> None:
    documents = texts()
    expected = library(documents, size, pattern)
    assert len(expected) > 0.5 * size
    assert_parity(ours(documents, size, pattern, "fast"), expected)


ADVERSARIAL = {
    "one letter": ["a" * n for n in range(1, 40)],
    "ends of words": ["at hat bat cat at sat", "thatch catch at"],
    "longer than a piece": [
        "abcdefghijklmnopqrstuvwxyz" * 3,
        "abcdefghijklmnopqrstuvwxyz!",
        "bcdefghijklmnopq bcdefghijklmnopq",
    ],
    "symmetric": ["ab ba abba baab aabb bbaa", "abab baba"],
    "rare characters": ["the then they them " * 40 + "thy xyz 漢 🙂 é e\u0301"],
    "NUL": ["a\0b a\0b ab\0ab abab\0", "\0\0ab"],
}


@pytest.mark.parametrize("size", [20, 32, 64])
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_parity_on_adversarial_texts(name: str, size: int) -> None:
    documents = ADVERSARIAL[name]
    size += len(set("".join(documents)))
    expected = library(documents, size, "whitespace")
    for backend in ("reference", "fast"):
        assert_parity(ours(documents, size, "whitespace", backend), expected)


@pytest.mark.parametrize("seed", range(25))
def test_parity_on_random_texts(seed: int) -> None:
    generator = random.Random(seed)
    alphabet = generator.choice(["ab ", "abc ", "aé漢🙂 "])
    documents = ["".join(generator.choices(alphabet, k=generator.randint(30, 300))) for _ in range(3)]
    for size in (8, 12, 24):
        assert_parity(ours(documents, size, "gpt2", "reference"), library(documents, size, "gpt2"))


def test_what_is_encoded_is_what_the_library_encodes() -> None:
    documents = english()
    one = train("unigram", Corpus("x", documents), vocab_size=2000, pretokenizer="gpt2", variant="hf")
    two = train("hf-unigram", Corpus("x", documents), vocab_size=2000, pretokenizer="gpt2")
    for line in [*documents[0].splitlines()[:300], "naïve 漢字 🙂🙂 <unk>"]:
        pieces = [[str(tokenizer.vocab[i]) for i in tokenizer.encode(line).ids] for tokenizer in (one, two)]
        assert pieces[0] == pieces[1]


def test_the_order_of_documents_and_threads_change_nothing() -> None:
    documents = english()[0].split("\n\n")
    options: dict[str, Any] = {"vocab_size": 800, "variant": "hf", "backend": "fast"}
    one = train("unigram", documents, **options, threads=1)
    two = train("unigram", documents[::-1], **options, threads=3)
    assert isinstance(one, TrainedTokenizer)
    assert isinstance(two, TrainedTokenizer)
    assert one.model == two.model
    assert one.name == "unigram-hf"
    assert one.signature == two.signature


def test_the_smallest_size_is_the_alphabet_which_the_library_misses() -> None:
    text = "ab abc abd ab abc abd"
    with pytest.raises(VocabSizeError, match="ask for at least 7"):
        library([text], 6, "gpt2")
    for backend in ("reference", "fast"):
        assert set(ours([text], 6, "gpt2", backend)) == set(" abcd")
        assert_parity(ours([text], 7, "gpt2", backend), library([text], 7, "gpt2"))
        with pytest.raises(VocabSizeError, match="ask for at least 6"):
            ours([text], 5, "gpt2", backend)


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="variant of unigram"):
        train("unigram", ["ab ab"], vocab_size=9, variant="other")
