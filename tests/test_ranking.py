"""Ranks: only where the text can tell contenders apart, and with one error rate for all of them together."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from toklab.errors import UnknownNameError, UsageError
from toklab.ranking import ranked
from toklab.report import render_markdown, render_report
from toklab.results import Cell, Report, Result
from toklab.significance import differing
from toklab.statistics import Bootstrap
from toklab.types import FloatArray


def noise(count: int, resamples: int = 400, scale: float = 0.1, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, scale, (count, resamples))


def contender(
    name: str, value: float | None, samples: FloatArray | None, size: int = 100, better: str = "lower", **more: float
) -> Result:
    """A contender with one figure, and what it is ranked by."""
    cells = [Cell("vocab_obtained", size, None, None, "pieces", "", "vocabulary size")]
    cells += [Cell(metric, share, None, None, "share", "lower", "OOV handling") for metric, share in more.items()]
    cells.append(Cell("fertility", value, None, None, "tokens/word", better, "sequence length"))
    return Result(name, size, True, tuple(cells), samples={} if samples is None else {"fertility": samples})


def report_of(values: dict[str, float], samples: FloatArray, better: str = "lower") -> Report:
    results = [
        contender(name, value, drawn, better=better)
        for (name, value), drawn in zip(values.items(), samples, strict=True)
    ]
    return Report(ranked(results), "")


class TestDiffering:
    def test_worked_example(self) -> None:
        values = np.array([1.0, 1.1, 5.0])
        apart = differing(values, values[:, None] + noise(3))
        assert apart.tolist() == [[False, False, True], [False, False, True], [True, True, False]]

    def test_against_plain_loops(self) -> None:
        random = np.random.default_rng(8)
        for count in (2, 3, 5):
            values = random.normal(0, 0.2, count)
            samples = values[:, None] + noise(count, 50, seed=count)
            assert differing(values, samples).tolist() == step_down(values, samples)

    def test_paired_noise_cancels_out(self) -> None:
        # each varies by far more than they differ, but together
        shared = noise(1, scale=10)[0]
        samples = np.stack([shared, shared + 0.1, shared + 0.1])
        assert differing(np.array([0.0, 0.1, 0.1]), samples).tolist()[0] == [False, True, True]
        assert not differing(np.array([0.0, 0.1, 0.1]), samples)[1, 2]

    def test_what_nothing_defines_differs_from_nothing(self) -> None:
        samples = noise(3)
        samples[0] = np.nan
        assert not differing(np.array([0.0, 9.0, 9.0]), samples).any()

    def test_undefined_resamples_are_passed_over(self) -> None:
        samples = np.array([1.0, 5.0])[:, None] + noise(2)
        samples[0, ::3] = np.nan
        assert differing(np.array([1.0, 5.0]), samples)[0, 1]

    @given(
        arrays.arrays(np.float64, (4,), elements=st.integers(-3, 3).map(float)),
        arrays.arrays(np.float64, (4, 12), elements=st.integers(-3, 3).map(float)),
        st.permutations(range(4)),
    )
    def test_the_order_and_the_unit_make_no_difference(
        self, values: FloatArray, samples: FloatArray, order: list[int]
    ) -> None:
        apart = differing(values, samples)
        assert (apart == apart.T).all()
        assert not apart.diagonal().any()
        assert (differing(values[order], samples[order]) == apart[np.ix_(order, order)]).all()
        assert (differing(values * 4, samples * 4) == apart).all()
        assert not apart[np.equal.outer(values, values)].any()

    def test_the_error_rate_is_that_of_all_pairs_together(self) -> None:
        """Six tokenizers that are all the same to the last: in at most 5% of texts any two seem to differ."""
        random = np.random.default_rng(1)
        wrong = singly = 0
        texts = 300
        for seed in range(texts):
            documents = random.poisson(100, (6, 120)).astype(np.float64)
            weights = Bootstrap(120, resamples=200, seed=seed).weights.astype(np.float64)
            values, samples = documents.sum(axis=1), documents @ weights.T
            wrong += bool(differing(values, samples).any())
            singly += any(differing(values[[a, b]], samples[[a, b]]).any() for a, b in combinations(range(6), 2))
        # three standard errors above 5%; pair by pair it would be far more
        assert wrong / texts < 0.05 + 3 * (0.05 * 0.95 / texts) ** 0.5
        assert singly / texts > 0.2

    def test_a_real_difference_is_found(self) -> None:
        random = np.random.default_rng(2)
        documents = random.poisson([[100], [100], [106]], (3, 200)).astype(np.float64)
        samples = documents @ Bootstrap(200, resamples=300).weights.T.astype(np.float64)
        apart = differing(documents.sum(axis=1), samples)
        assert apart[0, 2]
        assert apart[1, 2]


def step_down(values: FloatArray, samples: FloatArray, level: float = 0.95) -> list[list[bool]]:
    """The same test, pair by pair and resample by resample."""
    sizes, moves = {}, {}
    for a, b in combinations(range(len(values)), 2):
        drawn = [float(x - y) for x, y in zip(samples[a], samples[b], strict=True)]
        mean = sum(drawn) / len(drawn)
        error = (sum((x - mean) ** 2 for x in drawn) / len(drawn)) ** 0.5
        sizes[a, b] = abs(values[a] - values[b]) / error
        moves[a, b] = [abs(x - (values[a] - values[b])) / error for x in drawn]
    left, found = set(sizes), set()
    while left:
        limit = np.quantile([max(moves[pair][i] for pair in left) for i in range(samples.shape[1])], level)
        beyond = {pair for pair in left if sizes[pair] > limit}
        if not beyond:
            break
        found |= beyond
        left -= beyond
    count = range(len(values))
    return [[(min(a, b), max(a, b)) in found for b in count] for a in count]


class TestRanks:
    def test_groups_that_the_data_tells_apart(self) -> None:
        values = {"c": 5.0, "a": 1.0, "b": 1.05, "d": 5.1, "e": 9.0}
        report = report_of(values, np.array([*values.values()])[:, None] + noise(5))
        assert report.ranking("fertility") == (("a", "b"), ("c", "d"), ("e",))
        assert [report[name]["fertility"].rank for name in "abcde"] == [1, 1, 3, 3, 5]
        assert [report[name]["fertility"].same_as_best for name in "abcde"] == [True, True, False, False, False]
        assert report.ranking("vocab_obtained") == ()
        assert report["a"]["vocab_obtained"].rank is None

    def test_higher_is_better(self) -> None:
        report = report_of({"a": 1.0, "b": 5.0}, np.array([[1.0], [5.0]]) + noise(2), "higher")
        assert report.ranking("fertility") == (("b",), ("a",))

    def test_a_chain_is_one_group(self) -> None:
        """The first and the last differ, but none of them from its neighbour."""
        values = {"a": 0.0, "b": 0.2, "c": 0.4}
        report = report_of(values, np.array([*values.values()])[:, None] + noise(3))
        assert report.ranking("fertility") == (("a", "b", "c"),)
        assert [report[name]["fertility"].same_as_best for name in "abc"] == [True, True, False]
        difference = report.difference("a", "c", "fertility")
        assert difference is not None
        assert difference.significant

    def test_equal_figures_share_the_first_place(self) -> None:
        drawn = noise(1)[0]
        report = report_of({"a": 1.0, "b": 1.0, "c": 2.0}, np.stack([1 + drawn, 1 + drawn, 2 + drawn]))
        assert report.ranking("fertility") == (("a", "b"), ("c",))

    def test_who_is_not_ranked(self) -> None:
        drawn = np.array([1.0, 2.0, 3.0, 4.0])[:, None] + noise(4)
        results = [
            contender("much-unknown", 1.0, drawn[0], unk_bytes=0.5),
            contender("other-size", 2.0, drawn[1], size=200),
            contender("plain", 3.0, drawn[2]),
            contender("worse", 4.0, drawn[3]),
            Result("failed", 100, error="it failed"),
        ]
        report = Report(ranked(results), "")
        assert report.ranking("fertility", 100) == (("plain",), ("worse",))
        assert report.ranking("fertility", 200) == ()
        assert report["much-unknown"]["fertility"].rank is None
        with pytest.raises(UsageError, match="several vocabulary sizes were compared"):
            report.ranking("fertility")
        with pytest.raises(UnknownNameError, match="vocabulary size '300'"):
            report.ranking("fertility", 300)
        with pytest.raises(UnknownNameError, match="metric 'fertilty'"):
            report.ranking("fertilty", 100)

    def test_a_figure_without_samples_leaves_all_unranked(self) -> None:
        drawn = np.array([1.0, 2.0])[:, None] + noise(2)
        results = [contender("a", 1.0, drawn[0]), contender("b", 2.0, drawn[1]), contender("c", 0.5, None)]
        assert Report(ranked(results), "").ranking("fertility") == ()
        undefined = [*results[:2], contender("c", None, None)]
        assert Report(ranked(undefined), "").ranking("fertility") == (("a",), ("b",))

    def test_rows_hold_them(self) -> None:
        report = report_of({"a": 1.0, "b": 5.0}, np.array([[1.0], [5.0]]) + noise(2))
        rows = [row for row in json.loads(report.to_json())["rows"] if row["metric"] == "fertility"]
        assert [(row["rank"], row["same_as_best"]) for row in rows] == [(1, True), (2, False)]


class TestDifference:
    def test_value_interval_and_verdict(self) -> None:
        values = {"a": 1.0, "b": 1.02, "c": 3.0}
        samples = np.array([*values.values()])[:, None] + noise(3)
        report = report_of(values, samples)
        near, far = report.difference("a", "b", "fertility"), report.difference("c", "a", "fertility")
        assert near is not None
        assert far is not None
        assert not near.significant
        assert near.ci_low < 0 < near.ci_high
        assert far.significant
        assert far.value == 2.0
        assert (far.ci_low, far.ci_high) == pytest.approx(np.quantile(samples[2] - samples[0], [0.025, 0.975]))

    def test_those_that_are_not_ranked_together_are_held_against_each_other_alone(self) -> None:
        drawn = np.array([1.0, 9.0])[:, None] + noise(2)
        report = Report(ranked([contender("a", 1.0, drawn[0]), contender("b", 9.0, drawn[1], size=200)]), "")
        found = report.difference(("b", 200), "a", "fertility")
        assert found is not None
        assert found.significant
        assert found.value == 8.0

    def test_none(self) -> None:
        drawn = noise(2)
        report = Report((contender("a", 1.0, drawn[0]), contender("b", None, drawn[1])), "")
        assert report.difference("a", "b", "fertility") is None
        assert report.difference("a", "a", "vocab_obtained") is None

    def test_a_report_without_samples(self) -> None:
        report = Report((contender("a", 1.0, None), contender("b", 2.0, None)), "")
        with pytest.raises(UsageError, match="holds no resamples"):
            report.difference("a", "b", "fertility")
        with pytest.raises(UnknownNameError, match="metric 'none'"):
            report.difference("a", "b", "none")


class TestShown:
    def test_marks(self) -> None:
        values = {"first": 1.0, "close": 1.05, "equal": 1.001, "far": 5.0}
        drawn = np.array([*values.values()])[:, None] + noise(4)
        drawn[2] = drawn[0] + 0.001  # always a little more: told apart, though as shown it is the same
        report = report_of(values, drawn)
        text, markdown = render_report(report), render_markdown(report)
        rows = {line.split()[0]: line for line in text.splitlines() if line.split()[:1] and line.split()[0] in values}
        assert "1.00*" in rows["first"]
        assert "1.05≈" in rows["close"]
        assert "*" not in rows["equal"] + rows["far"]
        assert "≈" not in rows["first"] + rows["equal"] + rows["far"]
        assert "≈ not significantly different from the best" in text
        assert "| **1.00** |" in markdown
        assert "| 1.05≈ |" in markdown
        assert "≈ not significantly different from the best" in markdown
