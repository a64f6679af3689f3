"""The sweep: sizes as they are written, knee and balance by hand, curves against comparisons, files, the command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import broken_trainers, english, run
from rich.cells import cell_len

import toklab
from toklab.comparison import compare
from toklab.errors import UnknownNameError, UsageError, VocabSizeError
from toklab.metrics import METRICS, Encoded, Ratio, Statistic, metric
from toklab.report import render_sweep, write_sweep
from toklab.report.sweeps import summary
from toklab.statistics import Bootstrap
from toklab.sweeping import SweepReport, balance, knee, parse_sizes, sweep
from toklab.sweeping.curves import gain, output_cost
from toklab.sweeping.sizes import MOST_SIZES

CORPUS = english(6_000)
SIZES = (320, 400, 500, 700)
NAMES = ["bpe", "hf-bpe", "unigram", "byte"]
FIGURES = ("tokens", "bytes_per_token", "fertility", "oov_fertility", "oov_exploded", "unk_rate")


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


def quick(contenders: Any, **options: Any) -> SweepReport:
    return sweep(CORPUS, contenders, **{"vocab_size": SIZES, "resamples": 20, "held_out": 0.3, **options})


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def report(steps: list[tuple[str, int, int]]) -> SweepReport:
    return quick(NAMES, progress=lambda *step: steps.append(step))


# --- sizes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1000:32000:x2", (1000, 2000, 4000, 8000, 16000, 32000)),
        ("1000:30000:x2", (1000, 2000, 4000, 8000, 16000)),
        ("1000:2500:x1.5", (1000, 1500, 2250)),
        ("100:150:x1.1", (100, 110, 121, 133, 146)),
        ("1:4:x1.5", (1, 2, 3)),
        ("500:1000:+200", (500, 700, 900)),
        ("7:7:x2", (7,)),
        ("8000", (8000,)),
        (300, (300,)),
        (["900", "300:1000:x3", 300], (300, 900)),
    ],
)
def test_sizes(given: Any, expected: tuple[int, ...]) -> None:
    assert parse_sizes(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "no vocabulary size and no range"),
        ("abc", "'abc' is no vocabulary size and no range of them; write 1000:32000:x2"),
        ("1000:2000", "no range"),
        ("1000:2000:2", "no range"),
        ("1000:2000:x-2", "no range"),
        ("-5", "no range"),
        ("١:٢:x٢", "no range"),
        ("9" * 5000, "no range"),
        ("2000:1000:x2", "is empty: 2000 is more than 1000"),
        ("1000:2000:x1", "never ends"),
        ("1000:2000:x0.5", "never ends"),
        ("1000:2000:+0", "never ends"),
        ("1:1000000:+1", f"more than {MOST_SIZES} vocabulary sizes"),
        ("1000:2000:x1.00000001", f"more than {MOST_SIZES} vocabulary sizes"),
        ("0:100:+10", "below 1"),
        (0, "below 1"),
        ("3000000000", "is more than the"),
        ([], "no vocabulary size to sweep"),
        ([*range(1, MOST_SIZES + 2)], f"more than {MOST_SIZES}"),
    ],
)
def test_sizes_that_make_no_sense(given: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_sizes(given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# --- knee and balance ----------------------------------------------------------------------------------------


def test_the_worked_example_of_the_knee() -> None:
    assert knee([1000, 2000, 4000, 8000], [2.0, 3.0, 3.5, 3.6]) == 2000


@pytest.mark.parametrize(
    ("sizes", "values", "expected"),
    [
        ([1000, 2000], [2.0, 3.0], None),
        ([], [], None),
        ([1000, 2000, 4000, 8000], [2.0, 2.5, 3.0, 3.5], None),  # straight over the logarithm of the size
        ([1000, 2000, 4000, 8000], [2.0, 2.1, 2.5, 3.5], None),  # bends upwards
        ([1000, 2000, 4000], [4.0, 4.0, 4.0], None),
        ([1000, 2000, 4000], [4.0, 5.0, 3.9], None),
        ([1000, 2000, 4000], [2.0, 3.0, 3.5], 2000),
        ([1, 2, 4, 8, 16], [0.0, 1.0, 2.0, 3.0, 3.0], 8),
        ([1, 2, 4, 8], [0.0, 2.0, 3.0, 3.0], 2),  # the smaller of equals: both lie a third above the chord
        ([1000, 2000, 4000], [2.0, 2.502, 3.0], None),  # as good as straight
    ],
)
def test_knees(sizes: list[int], values: list[float], expected: int | None) -> None:
    assert knee(sizes, values) == expected


def test_the_knee_does_not_depend_on_units() -> None:
    sizes, values = [500, 1000, 2000, 4000, 8000], [2.035, 2.565, 2.947, 3.242, 3.458]
    assert knee(sizes, values) == 2000
    assert knee([3 * size for size in sizes], [8 * value + 1 for value in values]) == 6000


def test_the_worked_examples_of_the_balance() -> None:
    bootstrap = Bootstrap(2, 50, 0)
    n_bytes = np.array([200_000, 300_000])
    before, after = np.array([60_000, 90_000]), np.array([50_000, 80_000])
    cell = gain((1000, before), (2000, after), n_bytes, bootstrap)
    assert cell.value == pytest.approx(40)
    assert cell.ci_low == pytest.approx(1e6 / 1000 * 10_000 / 300_000)
    assert cell.ci_high == pytest.approx(1e6 / 1000 * 10_000 / 200_000)
    assert gain(None, (2000, after), n_bytes, bootstrap).value is None
    cost = output_cost(2000, np.array([50_000, 75_000]), n_bytes, bootstrap)
    assert (cost.value, cost.ci_low, cost.ci_high) == (500, 500, 500)
    assert balance([(1000, 40.0), (2000, 9.0), (4000, 0.7)], 1.0) == 4000
    assert balance([(1000, 40.0), (2000, 9.0)], 1.0) is None
    assert balance([], 1.0) is None


# --- the sweep -----------------------------------------------------------------------------------------------


def test_figures_are_those_of_a_comparison(report: SweepReport) -> None:
    """Cut or trained, every figure and interval is what comparing at that size gives."""
    compared = compare(CORPUS, NAMES, vocab_size=SIZES, resamples=20, probe=False, held_out=0.3)
    for name in NAMES:
        for point in report[name].points:
            other = compared[name, point.result.vocab_size]
            assert point.result.signature == other.signature
            assert point.result.warnings == other.warnings
            for figure in FIGURES:
                assert point[figure] == replace(other[figure], rank=None, same_as_best=None)


def test_what_is_trained_and_what_is_cut(report: SweepReport, steps: list[tuple[str, int, int]]) -> None:
    origins = {curve.tokenizer: [point.origin for point in curve.points] for curve in report.curves}
    assert origins == {
        "bpe": ["truncated", "truncated", "truncated", "trained"],
        "hf-bpe": ["truncated", "truncated", "truncated", "trained"],
        "unigram": ["trained"] * 4,
        "byte": ["trained"],
    }
    assert len(steps) == 1 + 1 + 4 + 1
    assert steps[-1][1:] == (7, 7)
    for curve in report.curves:
        for point in curve.points:
            assert point.result.seconds is not None
            assert point.result.seconds >= 0


def test_gains_cost_and_readings(report: SweepReport) -> None:
    curve = report["bpe"]
    test_bytes = report.corpus["test_bytes"]
    tokens = [point["tokens"].value or 0 for point in curve.points]
    assert [point.pieces for point in curve.points] == list(SIZES)
    assert curve.points[0]["tokens_saved_per_piece"].value is None
    for step in range(1, len(SIZES)):
        saved = (tokens[step - 1] - tokens[step]) / (SIZES[step] - SIZES[step - 1]) / test_bytes * 1e6
        cell = curve.points[step]["tokens_saved_per_piece"]
        assert cell.value == pytest.approx(saved)
        assert cell.ci_low is not None
        assert cell.ci_high is not None
        assert cell.ci_low <= saved <= cell.ci_high
    for point, count in zip(curve.points, tokens, strict=True):
        assert point["output_cost"].value == pytest.approx(count * point.result.vocab_size / test_bytes)
    values = [point["bytes_per_token"].value or 0 for point in curve.points]
    assert curve.knee == knee(SIZES, values)
    assert curve.knee is not None
    least = min(point["tokens_saved_per_piece"].value or 1e9 for point in curve.points[1:])
    assert curve.balance is None
    assert quick("bpe", worth=least + 0.001)["bpe"].balance in SIZES[:-1]
    assert report["byte"].knee is report["byte"].balance is None


def test_sizes_that_the_text_does_not_reach_add_no_step() -> None:
    """Where the words are used up, two sizes are one vocabulary."""
    curve = quick("word", vocab_size=[100, 5_000, 6_000])["word"]
    assert curve.points[1].pieces == curve.points[2].pieces
    assert curve.points[2]["tokens_saved_per_piece"].value is None
    assert curve.knee is None
    assert "the corpus holds no more (5,000 asked for)" in curve.points[1].result.warnings[0]
    assert "the corpus holds no more (6,000 asked for)" in curve.points[2].result.warnings[0]


def test_sizes_that_are_too_small_and_trainers_that_fail() -> None:
    report = quick(["bpe", "broken-raises"], vocab_size=[100, 300, 400])
    curve = report["bpe"]
    assert [point.pieces for point in curve.points] == [None, 300, 400]
    assert curve.points[0].result.error is not None
    assert "vocabulary size 100 is too small for bpe" in curve.points[0].result.error
    assert curve[300]["tokens_saved_per_piece"].value is None
    assert curve[400]["tokens_saved_per_piece"].value is not None
    assert not report["broken-raises"].measured
    assert "bpe at 100" in report.warnings[0]
    text = render_sweep(report, 80)
    assert "failed: vocabulary size 100 is too small" in text
    with pytest.raises(UnknownNameError):
        report["unigram"]
    with pytest.raises(UnknownNameError):
        curve[350]


def test_what_cannot_be_cut_is_trained() -> None:
    """Text that spells the suffix leaves open what is of the alphabet; the sweep trains instead."""
    texts = ["a</w>bc a</w>cb a</w>bb", "a</w>cc a</w>bc", "a</w>cb a</w>bb a</w>cc"]
    name = "bpe:alphabet=character,end_of_word_suffix=</w>"
    report = sweep(texts, name, vocab_size=[15, 40], resamples=5, pretokenizer="whitespace", held_out=0.3)
    assert [point.origin for point in report[name].points] == ["trained", "trained"]
    assert report[name].points[0].pieces == 15


def test_wrong_usage() -> None:
    with pytest.raises(VocabSizeError):
        quick("bpe", vocab_size=[10, 20])
    with pytest.raises(UnknownNameError, match="algorithm 'bep'"):
        quick("bep")
    for worth in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="use a number above 0"):
            quick("bpe", worth=worth)


def test_a_metric_of_bits_per_byte_is_taken_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if "bits_per_byte" not in METRICS:
        monkeypatch.setattr("toklab.metrics.base.METRICS", dict(METRICS))
        monkeypatch.setattr("toklab.sweeping.run.all_metrics", lambda: {**METRICS, "bits_per_byte": None})

        @metric("tests_only_bits", group="cost of use", unit="bits/byte", better="lower")
        def bits(encoded: Encoded) -> Statistic:
            return Ratio(encoded.lengths, encoded.source.sizes)

        found = replace(toklab.metrics.get_metric("tests_only_bits"), name="bits_per_byte")
        monkeypatch.setattr("toklab.measure.get_metric", lambda name: found if "bits" in name else METRICS[name])
    report = quick("bpe")
    assert report["bpe"].points[0]["bits_per_byte"].value is not None
    assert "bits_per_byte.png" in {path.name for path in write_sweep(report, tmp_path)}


# --- what is shown and written -------------------------------------------------------------------------------


def test_the_table_fits_a_terminal(report: SweepReport) -> None:
    text = render_sweep(report, 80)
    assert all(cell_len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    assert "\x1b" in render_sweep(report, 80, colour=True)
    for curve in report.curves:
        assert summary(curve).startswith(f"{curve.tokenizer}: trained ")
    assert f"{report['bpe'].knee} knee" in text
    assert "trained once, smaller sizes cut from it" in text
    assert "trained 4 times" in text
    assert "balance beyond 700" in text


def test_json_and_files(report: SweepReport, tmp_path: Path) -> None:
    paths = write_sweep(report, tmp_path / "one")
    names = {path.name for path in paths}
    assert names >= {"sweep.json", "sweep.csv", "bytes_per_token.png", "oov.png", "saved_per_piece.png"}
    again = write_sweep(report, tmp_path / "two")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    parsed = json.loads((tmp_path / "one" / "sweep.json").read_text(encoding="utf-8"))
    assert parsed == json.loads(report.to_json())
    assert parsed["schema"] == 1
    assert [curve["tokenizer"] for curve in parsed["curves"]] == NAMES
    assert parsed["curves"][0]["points"][0]["origin"] == "truncated"
    assert parsed["curves"][0]["knee"] == report["bpe"].knee
    rows = list(csv.DictReader(io.StringIO((tmp_path / "one" / "sweep.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(report.rows()) == len(parsed["rows"])
    assert list(rows[0]) == list(parsed["rows"][0])
    for name in names - {"sweep.json", "sweep.csv"}:
        assert (tmp_path / "one" / name).read_bytes().startswith(b"\x89PNG")


def test_a_sweep_of_failures_is_still_shown(report: SweepReport, tmp_path: Path) -> None:
    point = report["bpe"].points[0]
    failed = replace(point, result=replace(point.result, error="killed", cells=(), lengths=None))
    empty = replace(report, curves=(replace(report["bpe"], points=(failed,), knee=None),))
    assert "failed: killed" in render_sweep(empty, 80)
    assert {path.name for path in write_sweep(empty, tmp_path)} == {"sweep.json", "sweep.csv"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "text.txt").write_bytes("".join(CORPUS.documents).encode())
    return folder


def test_the_command(desk: Path) -> None:
    ran = run("sweep", "text.txt", "--vocab-size", "300:600:x2", "-t", "bpe", "--output", "out", "--json", cwd=desk)
    assert ran.code == 0, ran
    parsed = json.loads(ran.out)
    assert [point["vocab_size"] for point in parsed["curves"][0]["points"]] == [300, 600]
    assert (desk / "out" / "sweep.csv").exists()
    assert "wrote out/bytes_per_token.png" in ran.err
    table = run("sweep", "text.txt", "--vocab-size", "300", "--vocab-size", "600", "-t", "bpe", cwd=desk)
    assert table.code == 0, table
    assert "bpe: trained once, smaller sizes cut from it" in table.out
    assert table.out.splitlines()[-1] == parsed["signature"]


def test_the_command_on_nonsense(desk: Path) -> None:
    for size in ("lots", "9:1:x2"):
        ran = run("sweep", "text.txt", "--vocab-size", size, cwd=desk)
        assert ran.code == 2
        assert ran.err.startswith("toklab: error: ")
        assert ran.err.count("\n") == 1
    broken = run("sweep", "text.txt", "-t", "broken-raises", "--vocab-size", "300", cwd=desk)
    assert broken.code == 1
    assert "failed: " in broken.out


def test_the_public_name_stays_a_function() -> None:
    assert callable(toklab.sweep)
    assert toklab.SweepReport is SweepReport
