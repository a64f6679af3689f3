"""The bootstrap against plain loops over the same draws."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toklab.errors import UnknownNameError, UsageError
from toklab.measure import measure
from toklab.metrics import METRICS, Encoded, Quantile, Ratio, Sum, Value
from toklab.metrics.base import Statistic
from toklab.statistics import Bootstrap
from toklab.types import Batch, Encoding, IntArray, Piece, Vocab

small = st.integers(0, 9)
GOLDEN = [[0, 0, 1, 3, 4], [2, 3, 3, 4, 4], [0, 0, 3, 4, 4]]


def ints(*values: int) -> IntArray:
    return np.array(values, np.int64)


def drawn(bootstrap: Bootstrap) -> list[list[int]]:
    """The documents of each resample, one by one."""
    return [[i for i, n in enumerate(row) for _ in range(n)] for row in bootstrap.weights.tolist()]


def percentiles(samples: Sequence[float], level: float) -> tuple[float, float]:
    """Linear between order statistics."""
    ordered = sorted(samples)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = min(int(place), len(ordered) - 1)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return at((1 - level) / 2), at((1 + level) / 2)


def interval(statistic: Statistic, bootstrap: Bootstrap, level: float = 0.95) -> tuple[float, float]:
    """An interval that exists."""
    low, high = bootstrap.interval(statistic, level)
    assert low is not None
    assert high is not None
    return low, high


class TestWeights:
    def test_each_resample_draws_as_many_documents_as_there_are(self) -> None:
        weights = Bootstrap(37, resamples=50).weights
        assert weights.shape == (50, 37)
        assert (weights.sum(axis=1) == 37).all()

    def test_first_draws_come_from_the_raw_stream(self) -> None:
        # the high 32 bits of each 64, as a fraction of the documents
        raw = np.random.PCG64(5).random_raw(6).tolist()
        expected = [[(word >> 32) * 3 >> 32 for word in raw[start : start + 3]] for start in (0, 3)]
        assert drawn(Bootstrap(3, resamples=2, seed=5)) == [sorted(row) for row in expected]

    def test_draws_never_change(self) -> None:
        assert drawn(Bootstrap(5, resamples=3, seed=0)) == GOLDEN

    def test_seed(self) -> None:
        one, same, other = (Bootstrap(40, seed=seed).weights for seed in (1, 1, 2))
        assert (one == same).all()
        assert (one != other).any()

    def test_every_document_is_as_likely(self) -> None:
        # 100,000 draws over 10 documents: standard deviation of a count is 95
        counts = Bootstrap(10, resamples=10_000).weights.sum(axis=0, dtype=np.int64)
        assert np.abs(counts - 10_000).max() < 500

    @pytest.mark.parametrize(("documents", "resamples"), [(0, 10), (10, 0)])
    def test_nothing_to_draw(self, documents: int, resamples: int) -> None:
        with pytest.raises(UsageError, match="a bootstrap needs a document and a resample"):
            Bootstrap(documents, resamples)


class TestPointEstimates:
    def test_ratio_is_of_sums(self) -> None:
        # 10/2 and 1/1 pooled are 11/3, not the mean of 5 and 1
        assert Ratio(ints(10, 1), ints(2, 1)).value() == 11 / 3

    def test_undefined(self) -> None:
        assert Ratio(ints(0, 0), ints(0, 0)).value() is None
        assert Quantile(ints(), 0.5).value() is None
        assert Value(None).value() is None

    @given(st.lists(small, min_size=1, max_size=40), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
    def test_quantile_is_numpys_inverted_cdf(self, values: list[int], q: float) -> None:
        assert Quantile(ints(*values), q).value() == np.quantile(values, q, method="inverted_cdf")

    def test_sum(self) -> None:
        assert Sum(ints(2, 3)).value() == 5


class TestInterval:
    @given(st.lists(st.tuples(small, small), min_size=2, max_size=8), st.sampled_from([0.5, 0.9, 0.95]))
    def test_against_a_loop(self, rows: list[tuple[int, int]], level: float) -> None:
        bootstrap = Bootstrap(len(rows), resamples=60, seed=3)
        above, below = (ints(*column) for column in zip(*rows, strict=True))
        totals = [sum(rows[i][0] for i in chosen) for chosen in drawn(bootstrap)]
        assert bootstrap.interval(Sum(above), level) == pytest.approx(percentiles(totals, level))
        medians = [statistics.median_low(rows[i][0] for i in chosen) for chosen in drawn(bootstrap)]
        assert bootstrap.interval(Quantile(above, 0.5), level) == pytest.approx(percentiles(medians, level))
        ratios = [
            sum(rows[i][0] for i in chosen) / sum(rows[i][1] for i in chosen)
            for chosen in drawn(bootstrap)
            if sum(rows[i][1] for i in chosen)
        ]
        expected = percentiles(ratios, level) if np.count_nonzero(below) > 1 else (None, None)
        assert bootstrap.interval(Ratio(above, below), level) == pytest.approx(expected)

    def test_together_as_one_by_one(self) -> None:
        first, second = Ratio(ints(1, 2, 3), ints(4, 4, 5)), Sum(ints(7, 1, 1))
        figures: list[Statistic] = [Value(2.0), first, Quantile(ints(5, 6, 9), 0.5), second, Value(None), first]
        bootstrap = Bootstrap(3)
        assert bootstrap.intervals(figures) == [bootstrap.interval(figure) for figure in figures]
        assert bootstrap.intervals([]) == []

    @pytest.mark.parametrize("q", [0.01, 0.5, 0.95, 1.0])
    def test_quantile_of_many_documents(self, q: float) -> None:
        values = np.random.default_rng(4).integers(0, 200, 301)
        bootstrap = Bootstrap(301, resamples=40)
        expected = [np.quantile(values[chosen], q, method="inverted_cdf") for chosen in drawn(bootstrap)]
        samples = bootstrap.samples([Quantile(values, q)])[0]
        assert samples is not None
        assert samples.tolist() == expected

    def test_many_documents_are_summed_in_blocks(self) -> None:
        values = np.arange(10_000, dtype=np.int64)
        bootstrap = Bootstrap(len(values), resamples=4)
        totals = (bootstrap.weights.astype(np.int64) @ values).tolist()
        assert bootstrap.interval(Sum(values), level=1.0) == (min(totals), max(totals))

    def test_holds_the_point_estimate(self) -> None:
        rng = np.random.default_rng(0)
        tokens, size = rng.integers(50, 150, 200), rng.integers(200, 600, 200)
        figures: list[Statistic] = [
            Ratio(size, tokens),
            Sum(tokens),
            Quantile(tokens, 0.5),
            Quantile(tokens, 0.95),
        ]
        for statistic in figures:
            point = statistic.value()
            assert point is not None
            low, high = interval(statistic, Bootstrap(200))
            assert low < point < high
            lower, higher = interval(statistic, Bootstrap(200), level=0.99)
            assert lower <= low < high <= higher

    def test_width_is_that_of_the_normal_approximation(self) -> None:
        values = np.random.default_rng(1).integers(0, 1000, 400)
        low, high = interval(Sum(values), Bootstrap(400, resamples=4000))
        assert high - low == pytest.approx(2 * 1.96 * values.std() * 400**0.5, rel=0.08)

    def test_one_document_has_none(self) -> None:
        for statistic in (Ratio(ints(3), ints(4)), Sum(ints(3)), Quantile(ints(3), 0.5)):
            assert Bootstrap(1).interval(statistic) == (None, None)

    def test_one_document_with_a_part_has_none(self) -> None:
        # every resample that is defined gives 3/4, which would look certain
        assert Bootstrap(4).interval(Ratio(ints(0, 3, 0, 0), ints(0, 4, 0, 0))) == (None, None)

    def test_no_interval(self) -> None:
        assert Bootstrap(4).interval(Value(3.0)) == (None, None)
        assert Bootstrap(2).interval(Ratio(ints(0, 0), ints(0, 0))) == (None, None)

    def test_undefined_resamples_are_passed_over(self) -> None:
        # one resample of documents without a denominator only
        bootstrap = Bootstrap(3, resamples=200)
        assert [2, 2, 2] in drawn(bootstrap)
        assert bootstrap.interval(Ratio(ints(1, 3, 0), ints(1, 1, 0)), level=1.0) == (1, 3)


class TestCoverage:
    """Of many texts drawn from a known source, as many intervals hold the true figure as should, nearly."""

    TEXTS = 400

    def share(self, statistic_of: Callable[[np.random.Generator], Statistic], truth: float, level: float) -> float:
        random = np.random.default_rng(7)
        held = 0
        for seed in range(self.TEXTS):
            low, high = interval(statistic_of(random), Bootstrap(150, resamples=200, seed=seed), level)
            held += low <= truth <= high
        return held / self.TEXTS

    @pytest.mark.parametrize("level", [0.8, 0.95])
    def test_of_a_ratio(self, level: float) -> None:
        # documents of very different lengths, four bytes a token on average
        def ratio(random: np.random.Generator) -> Statistic:
            tokens = random.geometric(0.02, 150)
            return Ratio(random.poisson(4 * tokens), tokens)

        assert self.share(ratio, 4.0, level) == pytest.approx(level, abs=0.05)

    def test_of_a_sum(self) -> None:
        def total(random: np.random.Generator) -> Statistic:
            return Sum(random.poisson(30, 150))

        assert self.share(total, 150 * 30.0, 0.95) == pytest.approx(0.95, abs=0.04)

    def test_of_a_median(self) -> None:
        # values from 0 to 1000, all as likely: half of them are at most 500
        def median(random: np.random.Generator) -> Statistic:
            return Quantile(random.integers(0, 1001, 150), 0.5)

        assert self.share(median, 500.0, 0.95) == pytest.approx(0.95, abs=0.04)

    def test_of_a_paired_difference(self) -> None:
        """Two tokenizers on the same documents; the truth is that one takes a tenth more tokens."""
        random = np.random.default_rng(9)
        held = 0
        for seed in range(self.TEXTS):
            first = random.poisson(random.geometric(0.02, 150) * 2)
            second = first + random.poisson(first / 10)
            sizes = ints(*np.maximum(first, 1).tolist())
            found = Bootstrap(150, resamples=200, seed=seed).difference(Ratio(second, sizes), Ratio(first, sizes))
            assert found[1] is not None
            assert found[2] is not None
            held += found[1] <= 0.1 <= found[2]
        assert held / self.TEXTS == pytest.approx(0.95, abs=0.04)


class TestDifference:
    def test_is_paired(self) -> None:
        # both vary wildly over documents, but the first always takes one token more
        base = np.random.default_rng(2).integers(1, 10_000, 50)
        first, second = Sum(base + 1), Sum(base)
        bootstrap = Bootstrap(50)
        assert bootstrap.difference(first, second) == (50, 50, 50)
        assert bootstrap.distinguishable(first, second) is True
        assert bootstrap.distinguishable(second, first) is True
        low, high = interval(first, bootstrap)
        assert low < base.sum() < high

    def test_equal_figures(self) -> None:
        first = Ratio(ints(1, 2, 3), ints(4, 4, 5))
        assert Bootstrap(3).difference(first, first) == (0, 0, 0)
        assert Bootstrap(3).distinguishable(first, first) is False

    def test_noise_is_not_distinguishable(self) -> None:
        rng = np.random.default_rng(3)
        first, second = (Sum(rng.integers(0, 100, 100)) for _ in range(2))
        assert Bootstrap(100).distinguishable(first, second) is False

    def test_undefined(self) -> None:
        defined, undefined = Ratio(ints(1, 2), ints(1, 1)), Ratio(ints(0, 0), ints(0, 0))
        for pair in ((defined, undefined), (undefined, defined)):
            assert Bootstrap(2).difference(*pair) == (None, None, None)
            assert Bootstrap(2).distinguishable(*pair) is None

    def test_without_interval(self) -> None:
        assert Bootstrap(2).difference(Value(3.0), Value(1.0)) == (2.0, None, None)
        assert Bootstrap(2).distinguishable(Value(3.0), Value(1.0)) is None
        assert Bootstrap(1).difference(Sum(ints(3)), Sum(ints(1))) == (2.0, None, None)


def _letters(*texts: str) -> Encoded:
    """One token per ASCII letter."""
    vocab = Vocab(tuple(Piece(bytes([c])) for c in range(128)))
    rows = []
    for text in texts:
        place = np.arange(len(text), dtype=np.int64)
        rows.append(Encoding(np.frombuffer(text.encode(), np.uint8).astype(np.int32), np.c_[place, place + 1]))
    return Encoded(vocab, texts, Batch.stack(rows), texts, frozenset(), 128)


class TestMeasure:
    def test_all_metrics_in_order(self) -> None:
        data = _letters("the cat", "a dog ran", "no")
        cells = measure(data, Bootstrap(3))
        assert [cell.metric for cell in cells] == list(METRICS)
        for cell in cells:
            source = METRICS[cell.metric]
            assert (cell.unit, cell.better, cell.group) == (source.unit, source.better, source.group)
            assert cell.value == source(data).value()
            assert (cell.ci_low, cell.ci_high) == Bootstrap(3).interval(source(data))

    def test_chosen_metrics(self) -> None:
        cells = measure(_letters("ab", "c"), Bootstrap(2), ["unk_rate", "tokens"])
        assert [(cell.metric, cell.value) for cell in cells] == [("unk_rate", None), ("tokens", 3)]
        with pytest.raises(UnknownNameError, match="did you mean 'tokens'"):
            measure(_letters("ab"), Bootstrap(1), ["token"])

    def test_bootstrap_of_another_corpus(self) -> None:
        with pytest.raises(UsageError, match="of 3 documents, the encoded corpus of 2"):
            measure(_letters("ab", "c"), Bootstrap(3))
