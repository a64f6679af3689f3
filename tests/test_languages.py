"""Fairness over languages: worked examples, the published formulas, sampling, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers import broken_trainers
from hypothesis import given
from hypothesis import strategies as st

from toklab.errors import InputError, UnknownNameError, UsageError, VocabSizeError
from toklab.languages import (
    AcrossLanguages,
    LanguageReport,
    compare_languages,
    draw,
    gini,
    lorenz,
    read_parallel,
    script_of,
    times_drawn,
)
from toklab.languages.scripts import SCRIPTS
from toklab.languages.training_text import joint
from toklab.metrics import Ratio
from toklab.statistics import Bootstrap
from toklab.types import Contender

costs = st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any)
# Lines whose tokens are easy to count: a byte tokenizer gives as many tokens as there are bytes.
THREE = {
    "en": [f"the cat sat on mat {number}" for number in range(12)],
    "el": [f"η γάτα κάθισε στο χαλί {number}" for number in range(12)],
    "zh": [f"猫坐在垫子上{number}" for number in range(12)],
}


def brute_gini(values: list[int]) -> float:
    n, mean = len(values), sum(values) / len(values)
    return sum(abs(a - b) for a in values for b in values) / (2 * n * n * mean)


def compare_three(contenders: list[str | Contender] | None = None, **options: object) -> LanguageReport:
    chosen = contenders or ["bpe:backend=reference", "byte"]
    settings: dict[str, object] = {"vocab_size": 300, "held_out": 0.25, "resamples": 50, **options}
    return compare_languages(THREE, chosen, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> LanguageReport:
    return compare_three()


class TestInequality:
    def test_worked_examples(self) -> None:
        assert gini(np.array([1.0, 2.0, 3.0])) == pytest.approx(8 / 36)
        assert gini(np.array([0.0, 0.0, 5.0])) == pytest.approx(2 / 3)
        assert gini(np.array([0.1, 0.1, 0.1])) == 0
        assert np.isnan(gini(np.zeros(3)))
        assert lorenz([3.0, 1.0]) == ((0, 0), (0.5, 0.25), (1, 1))
        assert lorenz([0.0]) == ()

    @given(costs)
    def test_the_formula(self, values: list[int]) -> None:
        assert gini(np.array(values, float)) == pytest.approx(brute_gini(values), abs=1e-12)

    @given(costs, st.integers(1, 50))
    def test_bounds_and_scale(self, values: list[int], factor: int) -> None:
        found = float(gini(np.array(values, float)))
        assert 0 <= found <= 1 - 1 / len(values) + 1e-12
        assert gini(factor * np.array(values, float)) == pytest.approx(found, abs=1e-12)

    @given(costs)
    def test_the_curve_holds_the_coefficient(self, values: list[int]) -> None:
        curve = lorenz([float(value) for value in values])
        area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(curve))
        assert 1 - 2 * area == pytest.approx(brute_gini(values), abs=1e-9)
        slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(curve)]
        assert slopes == sorted(slopes) or np.allclose(slopes, sorted(slopes))
        assert curve[0] == (0, 0)
        assert curve[-1] == (1, 1)

    def test_a_column_for_each_resample(self) -> None:
        columns = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
        assert gini(columns).tolist() == [gini(columns[:, 0]), 0.0]

    def test_languages_are_resampled_together(self) -> None:
        tokens = np.array([[4, 1, 7, 2], [8, 2, 14, 4], [4, 1, 7, 2]], np.int64)
        same = AcrossLanguages(tokens, np.ones_like(tokens), gini)
        # Costs keep the ratio 1 : 2 : 1 whatever lines are drawn, so the coefficient cannot move.
        low, high = Bootstrap(4, 100).interval(same)
        assert same.value() == pytest.approx(brute_gini([1, 2, 1]))
        assert [low, high] == pytest.approx([same.value()] * 2)
        assert Bootstrap(4, 100).interval(Ratio(tokens[1], tokens[0])) == (2.0, 2.0)

    def test_the_interval_is_that_of_a_loop(self) -> None:
        tokens = np.array([[4, 1, 7, 2, 5], [9, 2, 3, 4, 1]], np.int64)
        sizes = np.array([[9, 8, 7, 6, 5], [3, 3, 9, 4, 4]], np.int64)
        bootstrap = Bootstrap(5, 40)
        loop = []
        for weights in bootstrap.weights.astype(np.int64):
            first, second = (tokens @ weights) / (sizes @ weights)
            loop.append(abs(first - second) / (2 * (first + second)))
        (found,) = bootstrap.samples([AcrossLanguages(tokens, sizes, gini)])
        assert found is not None
        assert found.tolist() == pytest.approx(loop)

    def test_what_is_undefined(self) -> None:
        ones, none = np.ones((2, 3), np.int64), np.zeros((2, 3), np.int64)
        assert AcrossLanguages(none, ones, gini).value() is None
        assert AcrossLanguages(ones, none, gini).value() is None
        assert Bootstrap(1, 5).interval(AcrossLanguages(ones[:, :1], ones[:, :1], gini)) == (None, None)


class TestSampling:
    def test_published_temperatures_exactly(self) -> None:
        assert times_drawn([100, 400, 1600], 1) == [1, 1, 1]
        assert times_drawn([100, 400, 1600], 2) == [4, 2, 1]
        assert times_drawn([100, 400, 1600], math.inf) == [16, 4, 1]

    @given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6), st.floats(0.2, 100))
    def test_shares_follow_the_power(self, sizes: list[int], temperature: float) -> None:
        taken = [size * times for size, times in zip(sizes, times_drawn(sizes, temperature), strict=True)]
        powers = [(size / sum(sizes)) ** (1 / temperature) for size in sizes]
        for share, power in zip(taken, powers, strict=True):
            assert share / sum(taken) == pytest.approx(power / sum(powers))

    @pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
    def test_a_temperature_is_above_0(self, temperature: float) -> None:
        with pytest.raises(UsageError, match="is not above 0"):
            times_drawn([1, 2], temperature)

    def test_whole_repeats_and_a_choice_of_the_rest(self) -> None:
        lines = tuple("abcdefgh")
        assert draw(lines, 1) == lines
        assert draw(lines, 2) == lines * 2
        assert draw(lines, 0) == ()
        taken = draw(lines, 2.5, seed=3)
        assert taken[:16] == lines * 2
        assert len(taken) == 20
        assert sorted(set(taken[16:])) == list(taken[16:])
        assert taken == draw(lines, 2.5, seed=3)
        assert len({draw(lines, 0.5, seed) for seed in range(20)}) > 1

    @given(st.integers(1, 30), st.floats(0, 5), st.floats(0, 5))
    def test_more_is_more_of_the_same(self, count: int, one: float, other: float) -> None:
        lines = [str(number) for number in range(count)]
        few, many = draw(lines, min(one, other)), draw(lines, max(one, other))
        assert len(few) == math.floor(min(one, other) * count + 0.5 + 1e-9)
        assert all(many.count(line) >= few.count(line) for line in lines)

    def test_equal_shares_of_bytes(self) -> None:
        text = read_parallel({"long": ["a" * 8] * 4, "short": ["b" * 2] * 4})
        assert {name: part.n_bytes for name, part in joint(text.texts, 1).items()} == {"long": 32, "short": 8}
        assert {name: part.n_bytes for name, part in joint(text.texts, 2).items()} == {"long": 32, "short": 16}
        assert {name: part.n_bytes for name, part in joint(text.texts, math.inf).items()} == {"long": 32, "short": 32}


class TestReading:
    @staticmethod
    def folder(path: Path, files: Mapping[str, bytes]) -> Path:
        for name, data in files.items():
            (path / name).write_bytes(data)
        return path

    def test_files_by_name(self, tmp_path: Path) -> None:
        folder = self.folder(
            tmp_path, {"fr.txt": b"un\r\ndeux", "en.txt": b"one\ntwo\n", ".x.txt": b"", "notes.md": b"no"}
        )
        text = read_parallel(folder)
        assert text.languages == ("en", "fr")
        assert [tuple(each.documents) for each in text.texts.values()] == [("one", "two"), ("un", "deux")]
        assert (text.n_lines, text.n_bytes, text.left_out) == (2, 12, 0)
        assert text.digest == read_parallel(folder).digest != read_parallel({"en": ["one"], "fr": ["un"]}).digest

    def test_lines_that_are_blank_somewhere_are_left_out_everywhere(self) -> None:
        text = read_parallel({"a": ["1", " ", "3", ""], "b": ["x", "y", "z", ""]})
        assert [tuple(each.documents) for each in text.texts.values()] == [("1", "3"), ("x", "z")]
        assert text.left_out == 2

    def test_the_same_lines_are_held_out_in_every_language(self) -> None:
        text = read_parallel({name: [f"{name}{i}" for i in range(20)] for name in ("a", "b")})
        kept, back = text.split(0.25, seed=4)
        numbers = [[line[1:] for line in each.documents] for each in back.texts.values()]
        assert numbers[0] == numbers[1]
        assert (kept.n_lines, back.n_lines) == (15, 5)
        assert text.split(0.25, seed=5)[1].texts != back.texts

    @pytest.mark.parametrize(
        ("files", "says"),
        [
            ({"en.txt": b"a\n"}, "holds 1 language"),
            ({}, "holds 0 language"),
            ({"a.txt": b"1\n2\n", "b.txt": b"1\n2\n", "c.txt": b"1\n"}, "a has 2, but c has 1"),
            ({"a.txt": b"1\n", "b.txt": b""}, "b.txt is empty"),
            ({"a.txt": b"1\n", "b.txt": b"caf\xe9\n"}, "b.txt is not UTF-8: line 1"),
            ({"a.txt": b"1\n\n", "b.txt": b"\n2\n"}, "no line of .* has text in every language"),
        ],
    )
    def test_what_is_not_parallel(self, tmp_path: Path, files: dict[str, bytes], says: str) -> None:
        with pytest.raises(InputError, match=says):
            read_parallel(self.folder(tmp_path, files))

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such folder"):
            read_parallel(tmp_path / "x")
        (tmp_path / "en.txt").write_text("a")
        with pytest.raises(InputError, match="is a file; name the folder"):
            read_parallel(tmp_path / "en.txt")


class TestScripts:
    def test_majority_of_letters(self, corpora: Path) -> None:
        text = read_parallel(corpora / "parallel")
        found = {language: script_of(lines.documents) for language, lines in text.texts.items()}
        expected = {"ar": "Arabic", "el": "Greek", "he": "Hebrew", "hi": "Devanagari", "ja": "Hiragana", "ko": "Hangul"}
        expected |= {"ru": "Cyrillic", "th": "Thai", "zh": "Han"}
        assert found == {language: expected.get(language, "Latin") for language in text.languages}

    def test_odd_texts(self) -> None:
        assert script_of(["123 !", ""]) == "no letters"
        assert script_of(["\U00010900\U00010901 a"]) == "other"  # Phoenician
        assert script_of(["aя"]) == "Latin"
        assert len(set(SCRIPTS)) == len(SCRIPTS)


class TestComparing:
    def test_bytes_cost_what_they_weigh(self, report: LanguageReport) -> None:
        _, test = read_parallel(THREE).split(0.25)
        sizes = {language: sum(lines.sizes) for language, lines in test.texts.items()}
        result = report["byte"]
        assert result.worst == "el"
        for language, size in sizes.items():
            assert result[language]["premium"].value == size / sizes["en"]
            assert result[language]["tokens"].value == size
        assert result.figure("gini_cost_per_line").value == pytest.approx(brute_gini(list(sizes.values())))
        assert result.figure("gini_cost_per_byte").value == 0
        assert result.figure("worst_premium").value == result["el"]["premium"].value
        assert [group.script for group in result.scripts] == ["Greek", "Latin", "Han"]
        assert [share for _, share in result.lorenz["byte"]] == pytest.approx([0, 1 / 3, 2 / 3, 1])
        assert (report.corpus["test_lines"], report.corpus["train_lines"]) == (3, 9)

    def test_the_reference_is_1_to_itself(self, report: LanguageReport) -> None:
        cell = report["byte"]["en"]["premium"]
        assert (cell.value, cell.ci_low, cell.ci_high) == (1, 1, 1)
        turned = compare_three(["byte"], reference="zh")["byte"]
        assert turned["en"]["premium"].value == pytest.approx(1 / (report["byte"]["zh"]["premium"].value or 0))

    def test_the_same_again(self, report: LanguageReport) -> None:
        again = compare_three()
        assert again.rows() == report.rows()
        assert again.signature == report.signature
        assert compare_three(["byte"], seed=1).rows() != report.rows()

    def test_monolingual(self) -> None:
        report = compare_three(["bpe:backend=reference"], train="monolingual", vocab_size=270)
        result = report.results[0]
        assert report.train == "monolingual"
        assert {each["vocab_obtained"].value for each in result.languages} == {270}
        both = compare_three(["bpe:backend=reference"], vocab_size=270).results[0]
        assert both.rows() != result.rows()

    def test_other_text(self, corpora: Path) -> None:
        report = compare_three(["bpe:backend=reference"], train=["the cat sat", "on the mat"], vocab_size=270)
        assert report.train.startswith("texts@")
        assert not report.training
        assert "train:texts@" in report.signature
        assert not [warning for warning in report.warnings if "stand in the training text" in warning]
        same = compare_three(["byte"], train=THREE["en"])
        assert "3 held-out line(s) stand in the training text as well, so figures may flatter" in same.warnings

    def test_temperature_reaches_the_trainer(self, report: LanguageReport) -> None:
        assert {facts["lines"] for facts in report.training.values()} == {9}
        equal = compare_three(temperature=math.inf)
        assert len({facts["lines"] for facts in equal.training.values()}) == 3
        assert equal.to_dict()["temperature"] == "inf"
        with pytest.raises(UsageError, match="goes with joint training only"):
            compare_three(train="monolingual", temperature=2)

    def test_a_folder_of_its_own_with_other_amounts(self, tmp_path: Path) -> None:
        (tmp_path / "en.txt").write_text("abcdefg\n" * 8)
        (tmp_path / "el.txt").write_text("xyz\n\nxyzx\n")
        report = compare_three(["bpe:backend=reference"], train=tmp_path, temperature=2, vocab_size=260)
        # 56 bytes and 7: the smaller is taken sqrt(8) = 2.83 times, of two lines 6 (rounded).
        assert {name: facts["lines"] for name, facts in report.training.items()} == {"el": 6, "en": 8}
        assert report.train.startswith(f"{tmp_path.name}@")
        assert "temperature:2" in report.signature
        assert report.results[0]["zh"].premium  # judged, though not trained on
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match="holds no file NAME"):
            compare_three(train=tmp_path / "empty")

    def test_unknown_text_is_marked(self) -> None:
        result = compare_three(["word"], train=THREE["en"], vocab_size=20).results[0]
        assert {each.language: each.bought for each in result.languages} == {"el": True, "en": False, "zh": True}

    def test_what_fails_is_an_error_in_its_place(self, tmp_path: Path) -> None:
        with broken_trainers(tmp_path):
            report = compare_three(["broken-raises", "byte"])
        assert report["broken-raises"].error
        assert report["broken-raises"].rows() == []
        assert report["byte"].error is None
        assert report.to_dict()["contenders"][0]["error"] == report["broken-raises"].error

    def test_a_language_that_fails_leaves_the_others(self) -> None:
        # Chinese has more characters than fit; the others have fewer.
        texts = {"en": ["a b a b", "b a"] * 4, "zh": [chr(0x4E00 + i) * 3 for i in range(8)]}
        report = compare_languages(
            texts, ["wordpiece:backend=reference"], train="monolingual", vocab_size=8, held_out=0.25, resamples=20
        )
        result = report.results[0]
        assert result.error is None
        assert result["en"].premium == 1
        assert "too small" in str(result["zh"].error)
        assert (result.cells, result.worst, dict(result.lorenz)) == ((), None, {})
        with pytest.raises(VocabSizeError):
            compare_languages(texts, ["wordpiece"], vocab_size=4, held_out=0.25)

    def test_unknown_names(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown reference language 'fr'"):
            compare_three(reference="fr")
        with pytest.raises(UnknownNameError, match="unknown algorithm"):
            compare_three(["bqe"])
