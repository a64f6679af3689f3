"""Training Unigram: each step against brute force, the readable twin against the compiled one, and the whole."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import word_counts

from toklab import train
from toklab.algorithms.lattice import Lattice
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram import UnigramSpec, learn
from toklab.algorithms.unigram_fast import FastSteps
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.unigram_steps import LEAST_COUNT, LOG_HUGE, Steps, digamma, estimate, loss, seeds
from toklab.errors import InputError, UsageError, VocabSizeError
from toklab.types import WordCounts

TEXT = "the cat sat on the mat with the hat; thatched cats hate mats <0x41> <0x41> <unk> <unk> naïve 漢字 漢字 漢"
PRIOR = 0.5
COUNTS = st.sampled_from(["ab", "abc", "aé漢🙂"]).flatmap(word_counts)


def steps_of(counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = ()) -> Steps:
    words = WordCounts.from_counts(counts)
    return Steps(words, *seeds(words, size, longest, reserved), longest)


def fast_of(
    counts: dict[str, int], size: int = 1000, longest: int = 4, reserved: tuple[str, ...] = (), threads: int = 1
) -> FastSteps:
    return FastSteps(WordCounts.from_counts(counts), size, longest, reserved, threads)


def assert_equal(fast: FastSteps, steps: Steps) -> None:
    assert fast.texts == steps.texts
    assert fast.scores == steps.scores


@settings(max_examples=200)
@given(counts=COUNTS, longest=st.integers(1, 6), size=st.integers(1, 40))
def test_both_find_the_same_seeds(counts: dict[str, int], longest: int, size: int) -> None:
    assert_equal(fast_of(counts, size, longest, ("ab", "漢")), steps_of(counts, size, longest, ("ab", "漢")))


@settings(max_examples=200)
@given(counts=COUNTS, longest=st.integers(2, 5))
def test_seeds_are_what_occurs_twice_and_goes_on_in_two_ways(counts: dict[str, int], longest: int) -> None:
    steps = steps_of(counts, longest=longest)
    assert steps.texts[: steps.required] == sorted(set("".join(counts)))
    weights = {}
    for text in {w[i:j] for w in counts for i, j in itertools.combinations(range(len(w) + 1), 2)}:
        following: dict[str, int] = {}
        for word, count in counts.items():
            for at in (i for i in range(len(word)) if word.startswith(text, i)):
                after = word[at + len(text) : at + len(text) + 1] if len(text) < longest else "any"
                following[after] = following.get(after, 0) + count
        n = sum(following.values())
        if len(text) == 1 or (
            len(text) <= longest and n > 1 and (following.keys() - {*"abcé漢🙂"} or len(following) > 1)
        ):
            weights[text] = n * len(text)
    assert set(steps.texts) == set(weights)
    total = sum(weights.values())
    assert steps.scores == pytest.approx([math.log(weights[text] / total) for text in steps.texts])
    learned = steps.texts[steps.required :]
    assert learned == sorted(learned, key=lambda text: (-weights[text], text))


@settings(max_examples=100)
@given(counts=COUNTS, longest=st.integers(1, 6), least=st.integers(1, 12), factor=st.sampled_from([0.3, 0.75]))
def test_both_take_the_same_steps(counts: dict[str, int], longest: int, least: int, factor: float) -> None:
    steps, fast = steps_of(counts, longest=longest), fast_of(counts, longest=longest)
    least = max(least, steps.required)
    for _ in range(2):
        expected, likelihood = steps.expect()
        fast_expected, fast_likelihood = fast.expect()
        assert (fast_expected.tolist(), fast_likelihood) == (expected, likelihood)
        steps.improve(least)
        fast.improve(least)
        assert_equal(fast, steps)
        usage = steps.usage()
        assert fast.usage().tolist() == usage
        assert fast.losses(np.array(usage)).tolist() == steps.losses(usage)
        steps.prune(least, factor)
        fast.prune(least, factor)
        assert_equal(fast, steps)
    steps.cut(least)
    fast.cut(least)
    assert_equal(fast, steps)


@settings(max_examples=50)
@given(counts=COUNTS, size=st.integers(5, 20))
def test_both_learn_the_same_and_threads_change_nothing(counts: dict[str, int], size: int) -> None:
    size = max(size, len(set("".join(counts))))
    spec = UnigramSpec(vocab_size=0)
    expected = learn(steps_of(counts), size, spec)
    for threads in (1, 3):
        assert learn(fast_of(counts, threads=threads), size, spec) == expected


def test_long_words_are_no_problem_to_either() -> None:
    generator = random.Random(3)
    counts = {"".join(generator.choices("abcdef", k=size)): count for size, count in ((3000, 2), (500, 3), (1, 9))}
    steps, fast = steps_of(counts), fast_of(counts)
    lattices = [(steps.lattice(word), count) for word, count in counts.items()]
    assert min(lattice.log_total for lattice, _ in lattices) < -20 * LOG_HUGE
    expected, likelihood = steps.expect()
    assert likelihood == pytest.approx(sum(count * lattice.log_total for lattice, count in lattices))
    marginals = [0.0] * len(steps)
    for lattice, count in lattices:
        for edge, share in zip(lattice.edges, lattice.marginals(), strict=True):
            marginals[edge.id] += count * share
    assert expected == pytest.approx(marginals, rel=1e-6, abs=1e-9)
    for _ in range(3):
        assert fast.expect()[1] == steps.expect()[1]
        steps.improve(0)
        fast.improve(0)
        assert_equal(fast, steps)


@settings(max_examples=200)
@given(
    data=st.data(),
    words=st.lists(st.text("abc", min_size=30, max_size=90) | st.text("a", min_size=50, max_size=90), max_size=2),
    longest=st.sampled_from([1, 2, 5, 80]),
)
def test_expectations_hold_for_any_scores(data: st.DataObject, words: list[str], longest: int) -> None:
    """Rare characters beside a frequent long piece are where sums are as small as they can be."""
    counts = dict.fromkeys([*words, "abc"], 2)
    steps, fast = steps_of(counts, longest=longest), fast_of(counts, longest=longest)
    generator, low = random.Random(data.draw(st.integers(0, 9999))), data.draw(st.sampled_from([-30.0, -9.0]))
    steps.scores = [generator.choice([low, -0.01, generator.uniform(low, -0.01)]) for _ in steps.texts]
    fast._scores[:] = steps.scores
    expected, likelihood = steps.expect()
    lattices = [steps.lattice(word) for word in counts]
    marginals = [0.0] * len(steps)
    for lattice in lattices:
        for edge, share in zip(lattice.edges, lattice.marginals(), strict=True):
            marginals[edge.id] += 2 * share
    assert expected == pytest.approx(marginals, rel=1e-6, abs=1e-9)
    assert likelihood == pytest.approx(2 * sum(lattice.log_total for lattice in lattices))
    fast_expected, fast_likelihood = fast.expect()
    assert (fast_expected.tolist(), fast_likelihood) == (expected, likelihood)


def test_frames_from_both_sides_may_be_one_more_than_the_whole_has() -> None:
    counts = {"b" * 6 + "aa" + "b" * 6: 2}
    steps, fast = steps_of(counts, longest=1), fast_of(counts, longest=1)
    steps.scores = [-0.01, -30.0]
    fast._scores[:] = steps.scores
    expected, likelihood = steps.expect()
    assert expected == pytest.approx([4.0, 24.0])
    assert likelihood == pytest.approx(2 * (12 * -30 + 2 * -0.01))
    assert fast.expect()[0].tolist() == expected


@settings(max_examples=60)
@given(counts=COUNTS)
def test_likelihood_never_falls_in_plain_em(counts: dict[str, int]) -> None:
    """EM's promise holds for relative frequencies; digamma instead climbs a bound of another likelihood."""
    steps = steps_of(counts)
    before = -math.inf
    for _ in range(6):
        expected, likelihood = steps.expect()
        assert likelihood >= before - 1e-9 * abs(likelihood)
        before = likelihood
        total = math.fsum(expected)
        steps.scores = [math.log(max(count, 1e-300) / total) for count in expected]


@settings(max_examples=60)
@given(counts=COUNTS)
def test_the_variational_bound_never_falls(counts: dict[str, int]) -> None:
    """What digamma climbs: log likelihood under exp(digamma) less the divergence of the Dirichlet from its prior.

    With a prior of 1/2; in the trainer's limit of 0 the bound is not finite.
    """
    steps = steps_of(counts)
    alphas: list[float] | None = None
    before = -math.inf
    for _ in range(6):
        expected, likelihood = steps.expect()
        if alphas is not None:
            bound = likelihood - divergence(alphas)
            assert bound >= before - 1e-8 * max(1.0, abs(bound))
            before = bound
        alphas = [count + PRIOR for count in expected]
        base = digamma(math.fsum(alphas))
        steps.scores = [digamma(alpha) - base for alpha in alphas]


def divergence(alphas: list[float]) -> float:
    """Kullback-Leibler divergence of a Dirichlet from the symmetric one of the prior."""
    total, n = math.fsum(alphas), len(alphas)
    constant = math.lgamma(total) - sum(map(math.lgamma, alphas)) - math.lgamma(n * PRIOR) + n * math.lgamma(PRIOR)
    return constant + sum((alpha - PRIOR) * (digamma(alpha) - digamma(total)) for alpha in alphas)


@settings(max_examples=150)
@given(counts=COUNTS)
def test_the_loss_is_what_likelihood_loses(counts: dict[str, int]) -> None:
    steps = steps_of(counts)
    steps.improve(steps.required)
    usage = steps.usage()
    paths = {word: [edge.id for edge in steps.lattice(word).best()] for word in counts}
    for i, found in enumerate(steps.losses(usage)):
        if i >= steps.required:
            lattice = steps.lattice(steps.texts[i])
            [others, *_] = [p for p in lattice.n_best(2) if [edge.id for edge in p] != [i]]
            spelled = {
                word: [b for a in path for b in ([edge.id for edge in others] if a == i else [a])]
                for word, path in paths.items()
            }
            expected = likelihood_of(paths, counts) - likelihood_of(spelled, counts)
            assert found == pytest.approx(expected, abs=1e-8)
        else:
            assert found == 0.0


def likelihood_of(paths: dict[str, list[int]], counts: dict[str, int]) -> float:
    """Log likelihood of segmentations under their own relative frequencies."""
    uses: dict[int, int] = {}
    for word, path in paths.items():
        for i in path:
            uses[i] = uses.get(i, 0) + counts[word]
    total = sum(uses.values())
    return math.fsum(count * math.log(count / total) for count in uses.values())


def test_the_worked_example() -> None:
    steps = steps_of({"ab": 10, "a": 1})
    assert steps.texts == ["a", "b", "ab"]
    assert [math.exp(score) for score in steps.scores] == pytest.approx([11 / 41, 10 / 41, 20 / 41])
    whole, apart = 20 / 41, 11 / 41 * 10 / 41
    share = whole / (whole + apart)
    assert share == pytest.approx(0.88, abs=0.005)
    expected, _ = steps.expect()
    assert expected == pytest.approx([1 + 10 * (1 - share), 10 * (1 - share), 10 * share])
    assert steps.usage() == [1, 0, 10]
    assert steps.losses([1, 0, 10])[2] == pytest.approx(11.18, abs=0.005)
    assert loss(10, 11, [(0, 1), (1, 0)]) == steps.losses([1, 0, 10])[2]


def test_digamma() -> None:
    assert digamma(1.0) == pytest.approx(-0.5772156649015329, abs=1e-9)
    for x in (0.1, 0.5, 1.0, 2.5, 6.9, 7.0, 100.0, 1e9):
        assert digamma(x + 1) == pytest.approx(digamma(x) + 1 / x, abs=1e-9)
        assert digamma(x) == pytest.approx((math.lgamma(x + x / 1e4) - math.lgamma(x - x / 1e4)) / (x / 5e3), rel=1e-4)


def test_estimates_are_below_relative_frequencies_for_rare_pieces() -> None:
    counts = [1000.0, 1.0, 0.1]
    [often, once, hardly] = map(math.exp, estimate(counts))
    assert often == pytest.approx(1000 / 1001.5, rel=1e-3)
    assert once == pytest.approx(math.exp(-0.5772156649) / 1001, rel=1e-3)
    assert hardly == math.exp(estimate([1000.0, 1.0, LEAST_COUNT])[2])


@settings(max_examples=100)
@given(counts=COUNTS, least=st.integers(0, 20))
def test_pieces_that_are_hardly_expected_leave_while_enough_stay(counts: dict[str, int], least: int) -> None:
    steps = steps_of(counts)
    texts, (expected, _) = steps.texts, steps.expect()
    wanted = [i < steps.required or count >= LEAST_COUNT for i, count in enumerate(expected)]
    steps.improve(least)
    assert {text for text, stays in zip(texts, wanted, strict=True) if stays} <= set(steps.texts)
    assert len(steps) == max(sum(wanted), min(least, len(texts)))
    assert steps.texts == [text for text in texts if text in steps.texts]


def test_pieces_leave_in_training() -> None:
    steps = steps_of({"abab": 300, "aba": 2, "a": 50, "b": 50})
    size = len(steps)
    for _ in range(8):
        steps.improve(0)
    assert steps.required < len(steps) < size


def trained(text: str = TEXT, **options: Any) -> TrainedTokenizer:
    tokenizer = train("unigram", [text], **{"vocab_size": 60, **options})
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, UnigramModel)
    return tokenizer


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize("size", [40, 45, 60, 66])
def test_the_size_is_exact(size: int, backend: str) -> None:
    tokenizer = trained(vocab_size=size, backend=backend, pretokenizer="none")
    assert len(tokenizer.vocab) == size
    assert tokenizer.warnings == ()
    assert tokenizer.decode(tokenizer.encode(TEXT).ids.tolist()) == TEXT


def test_a_text_that_holds_too_little_is_told() -> None:
    tokenizer = trained("ab ab", vocab_size=60)
    assert sorted(map(str, tokenizer.vocab)) == [" ", "<unk>", "a", "ab", "b"]
    assert "holds no more" in tokenizer.warnings[0]


def test_ids_follow_probability_and_scores_are_those_of_the_whole() -> None:
    tokenizer = trained(special_tokens=("<pad>",), byte_fallback=True, vocab_size=320)
    assert isinstance(tokenizer.model, UnigramModel)
    assert [str(piece) for piece in tokenizer.vocab][:3] == ["<unk>", "<pad>", "\x00"]
    scores = tokenizer.model.scores[258:]
    assert list(scores) == sorted(scores, reverse=True)
    assert 0.5 < sum(map(math.exp, scores)) < 1
    assert list(scores) == [round(score, 10) for score in scores]
    assert max(tokenizer.model.scores[:258]) < min(scores)


def test_no_piece_is_spelled_like_a_hidden_one() -> None:
    text = "<0x41> <0xab> <pad> " * 20
    for backend in ("reference", "fast"):
        options = {"byte_fallback": True, "special_tokens": ("<pad>",), "vocab_size": 290, "pretokenizer": "whitespace"}
        tokenizer = trained(text, backend=backend, **options)
        for word in text.split():
            ids = tokenizer.encode(word).ids.tolist()
            assert len(ids) > 1
            assert tokenizer.decode(ids) == word


def test_documents_in_another_order_change_nothing() -> None:
    documents = TEXT.split(" ")
    for backend in ("reference", "fast"):
        one = train("unigram", documents, vocab_size=50, backend=backend)
        two = train("unigram", documents[::-1], vocab_size=50, backend=backend, threads=1)
        assert isinstance(one, TrainedTokenizer)
        assert isinstance(two, TrainedTokenizer)
        assert one.model == two.model


def test_the_best_segmentation_is_what_is_encoded() -> None:
    tokenizer = trained()
    model = tokenizer.model
    assert isinstance(model, UnigramModel)
    lattice = model.lattice(" thatched")
    assert isinstance(lattice, Lattice)
    assert [edge.id for edge in lattice.best()] == tokenizer.encode(" thatched").ids.tolist()


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_texts_without_words_and_too_small_sizes(backend: str) -> None:
    with pytest.raises(InputError, match="no pre-token"):
        trained("  \n ", pretokenizer="whitespace", backend=backend)
    with pytest.raises(VocabSizeError, match="ask for at least 4"):
        trained("ab ab", vocab_size=3, backend=backend)
    assert len(trained("ab ab", vocab_size=4, backend=backend).vocab) == 4


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("shrinking_factor", 0.0),
        ("shrinking_factor", 1.0),
        ("sub_iterations", 0),
        ("seed_size", 0),
        ("max_piece_length", 0),
        ("max_piece_length", 256),
        ("special_tokens", ("a",)),
    ],
)
def test_options_out_of_range_are_refused(option: str, value: Any) -> None:
    with pytest.raises(UsageError):
        trained(**{option: value})
