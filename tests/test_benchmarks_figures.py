"""The benchmark's figures: from rounds to rows, fits, marks and tables. No time is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_help import options

from benchmarks.contenders import ENCODE, STARTUP, TRAIN, find
from benchmarks.fits import exponent, make_fits
from benchmarks.marks import make_marks
from benchmarks.matrix import Group, Measurement, Plan
from benchmarks.plot import chosen
from benchmarks.report import make_report
from benchmarks.rows import Row, make_rows
from benchmarks.settings import make_plan
from benchmarks.startup import Command, Start, StartUps, start_rows
from benchmarks.table import cells
from benchmarks.texts import Text
from benchmarks.wording import describe_ratio, groups, spread


@pytest.fixture
def plan() -> Plan:
    return make_plan(options(), 2)


def measured(name: str, seconds: list[float], counts: str | None = None, peak: float = 100.0) -> Measurement:
    """A measurement as if its rounds had taken these seconds."""
    runs = []
    for wall in seconds:
        figures = {"wall_s": wall, "cpu_s": 2 * wall, "peak_mb": peak * wall, "before_mb": 50.0}
        tokens = {} if counts is None else {"counts": counts, "ids": counts, "tokens": 7}
        runs.append({"passes": [{**figures, **tokens}] * 2, "warm_up_s": 0.1, "pieces": 300})
    return Measurement(find(name), {}, runs, checked={"ids": counts} if counts else {})


def group(
    task: str, measurements: list[Measurement], n_bytes: int = 1000, name: str = "english", size: int = 300
) -> Group:
    """A group of one text that is nowhere on disk."""
    text = Text(name, "made", n_bytes, (n_bytes * 3 // 5, n_bytes * 2 // 5), Path())
    return Group(task, text, size, 2, "long" if task == ENCODE else None, None, measurements)


def test_figures_of_a_row(plan: Plan) -> None:
    rows = make_rows([group(TRAIN, [measured("bpe", [2.0, 1.0, 4.0]), measured("hf-bpe", [5.0, 3.0, 6.0])])], plan)
    assert [(r["median_s"], r["min_s"], r["max_s"]) for r in rows] == [(2.0, 1.0, 4.0), (5.0, 3.0, 6.0)]
    assert rows[0]["mb_per_s"] == pytest.approx(0.001 / 2)
    assert [(r["ratio"], r["ratio_min"], r["ratio_max"]) for r in rows] == [(1.0, 1.0, 1.0), (2.5, 1.5, 3.0)]
    assert (rows[0]["peak_mb"], rows[0]["threads_used"], rows[0]["runs"]) == (200.0, 2.0, 3)
    assert [describe_ratio(row) for row in rows] == ["1", "2.5x slower"]
    assert [spread(row) for row in rows] == ["", "(1.5-3.0)"]


def test_spread_of_the_faster_is_turned_round() -> None:
    row = {"ratio": 0.25, "ratio_min": 0.2, "ratio_max": 0.5, "contender": "hf-bpe", "reference": "bpe"}
    assert (describe_ratio(row), spread(row)) == ("4.0x faster", "(2.0-5.0)")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0.5, "2.0x faster"),
        (0.76, "1.3x faster"),
        (0.78, "tie (0.78x)"),
        (1.3, "tie (1.30x)"),
        (1.31, "1.3x slower"),
        (None, ""),
    ],
)
def test_ratio_in_words(ratio: float | None, words: str) -> None:
    assert describe_ratio({"ratio": ratio, "contender": "hf-bpe", "reference": "bpe"}) == words


def test_other_tokens_are_marked(plan: Plan) -> None:
    rows = make_rows([group(ENCODE, [measured("bpe", [1.0], "3 4"), measured("tiktoken", [1.0], "3 5")])], plan)
    assert [(r["contender"], r["same_tokens"], r["same_ids"], r["same_sample"]) for r in rows] == [
        ("bpe", True, True, True),
        ("tiktoken", False, False, False),
    ] * 2
    assert [r["text_mb"] for r in rows] == [0.0006, 0.0006, 0.0004, 0.0004]
    assert "token counts differ" in cells(rows[1])[-1]


def test_only_like_is_compared_with_like(plan: Plan) -> None:
    both = [
        group(TRAIN, [measured("bpe", [1.0]), measured("wordpiece-hf", [1.0])]),
        group(ENCODE, [measured("bpe", [1.0], "3"), measured("hf-bpe", [2.0], "3")]),
    ]
    titles = [title for title, _ in groups(make_rows(both, plan))]
    assert titles == [
        "Training BPE, english, 0.001 MB, 300 pieces, 2 threads",
        "Training WordPiece, english, 0.001 MB, 300 pieces, 2 threads",
        "Encoding BPE, english, 0.0006 MB, one long document, first pass, 300 pieces, 2 threads",
        "Encoding BPE, english, 0.0004 MB, one long document, second pass, 300 pieces, 2 threads",
    ]


def test_rounds_before_a_failure_give_no_figure(plan: Plan) -> None:
    broken = measured("hf-bpe", [1.0, 2.0])
    broken.error = "over 1 s"
    [row] = make_rows([group(TRAIN, [broken])], plan)
    assert row["median_s"] is row["peak_mb"] is row["pieces"] is row["warm_up_s"] is None
    assert (row["runs"], row["error"]) == (0, "over 1 s")


def test_exponents() -> None:
    assert exponent([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
    # Not on a line: with logarithms to base 2, x is 0, 1, 2 and y is 0, 2, 2; the slope is (1*2 - 1*0) / 2.
    assert exponent([1, 2, 4], [1, 4, 4]) == pytest.approx(1)


def scaled(plan: Plan, name: str, points: dict[int, float], contender: str = "bpe") -> list[Row]:
    """Rows of encoding a hostile text at several sizes."""
    made = [group(ENCODE, [measured(contender, [s], "1")], n, name, 32_000) for n, s in points.items()]
    return make_rows(made, plan)


def test_fits_and_the_time_at_twice_the_size(plan: Plan) -> None:
    fits = make_fits(scaled(plan, "hostile-dna", {1_000_000: 1.0, 4_000_000: 8.0, 2_000_000: 3.0}))
    assert [fit["pass"] for fit in fits] == ["first", "second"]
    assert fits[0]["sizes_mb"] == [0.6, 1.2, 2.4]
    assert fits[0]["exponent"] == pytest.approx(1.5)
    assert [pair["ratio"] for pair in fits[0]["at_double"]] == pytest.approx([3.0, 8 / 3])
    assert fits[0]["worst_double"] == pytest.approx(3.0)
    assert make_fits(scaled(plan, "hostile-dna", {1000: 1.0})) == []


def test_marks_take_the_worst_case(plan: Plan) -> None:
    near = [measured("bpe", [1.0], "1"), measured("hf-bpe", [40.0], "1"), measured("gigatoken", [0.5], "1")]
    far = [measured("bpe", [1.0], "1"), measured("hf-bpe", [20.0], "1")]
    other = group(ENCODE, far, 3000, size=32_000)
    rows = make_rows([group(ENCODE, near, size=32_000), other], plan)
    found = {(mark["mark"], mark["against"]): mark for mark in make_marks(rows, [])}
    worst = found["encode BPE, first pass", "hf-bpe"]
    assert (worst["ratio"], worst["at_least"], worst["met"], worst["comparisons"]) == (20.0, 30, False, 2)
    assert worst["worst"] == "english, 0.0018 MB, long, 2 threads"
    assert found["encode BPE, second pass", "gigatoken"]["met"] is False
    assert ("encode BPE, second pass", "hf-bpe") not in found


def test_marks_against_the_best_peer(plan: Plan) -> None:
    trained = [measured("bpe", [1.0]), measured("hf-bpe", [9.0], peak=20), measured("rustbpe", [2.0], peak=40)]
    hostile = [measured("bpe", [1.0], "1"), measured("tiktoken", [3.0], "1"), measured("splintr", [2.0], "2")]
    rows = make_rows(
        [group(TRAIN, trained, size=32_000), group(ENCODE, hostile, name="hostile-han", size=32_000)], plan
    )
    fits = make_fits(scaled(plan, "hostile-dna", {1000: 1.0, 2000: 2.2}))
    found = {(mark["mark"], mark["against"]): mark for mark in make_marks(rows, fits)}
    assert found["train BPE", "hf-bpe"]["met"] is True
    assert found["train BPE", "rustbpe"]["met"] is False
    assert found["peak memory, train BPE", "the lowest peer"]["ratio"] == 0.8
    assert found["encode hostile words", "the fastest peer"]["ratio"] == 2.0
    assert found["encode hostile words", "the fastest peer"]["worst"].endswith("splintr, whose ids differ")
    double = found["hostile words, time at 2n against n", "itself"]
    assert (double["met"], double["at_most"]) == (True, 2.3)
    assert double["ratio"] == pytest.approx(2.2)


def test_marks_of_unigram_name_size_and_vocabulary(plan: Plan) -> None:
    def trained(seconds: float, peak: float = 100.0) -> list[Measurement]:
        return [measured("unigram", [1.0]), measured("spm-unigram", [seconds], peak=peak)]

    sizes = [(10, 8_000, 5.0), (10, 32_000, 2.0), (1, 32_000, 1.0)]
    groups = [group(TRAIN, trained(seconds), mb * 1_000_000, size=size) for mb, size, seconds in sizes]
    groups.append(group(TRAIN, trained(4.5, 20.0), 100_000_000, "english-model", 32_000))
    found = {mark["mark"]: mark for mark in make_marks(make_rows(groups, plan), [])}
    small, large = found["train Unigram, 10 MB"], found["train Unigram, 100 MB"]
    assert (small["ratio"], small["met"], small["comparisons"]) == (2.0, False, 2)
    assert small["worst"] == "english, 10 MB, 2 threads, 32,000 pieces"
    assert (large["ratio"], large["met"], large["comparisons"]) == (4.5, True, 1)
    memory = found["peak memory, train Unigram, 100 MB"]
    assert (memory["ratio"], memory["met"]) == (0.9, False)


def test_plot_shows_one_size_of_each_text(plan: Plan) -> None:
    rows = scaled(plan, "hostile-dna", {1000: 1.0, 2000: 2.0})
    assert [row["text_mb"] for row in chosen(rows)] == [0.0006, 0.0004]


def test_start_ups(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os, pathlib; p = pathlib.Path(os.environ['NUMBA_CACHE_DIR']); p.mkdir(exist_ok=True); "
    lines = [
        Start("warm", [Command(("-c", text + "(p / 'kernel').touch()"))]),
        Start("cold", [Command(("-c", text + "assert not list(p.iterdir()); (p / 'kernel').touch()"))], True, "warm"),
        Start("reads", [Command(("-c", "import sys; assert len(sys.stdin.read()) > 4_000_000"), reads=True)]),
        Start("installed", [Command(("-c", "import wave; assert __import__('os').path.exists(wave.__cached__)"))]),
        Start("broken", [Command(("-c", "raise SystemExit('no model')"))]),
    ]
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    done = StartUps(plan, tmp_path, lambda line: None).run(lines)
    assert [line.error for line in done[:4]] == [None] * 4
    assert str(done[4].error).endswith("no model")
    for line, seconds in zip(done, ([1.0, 2.0, 3.0], [4.0, 9.0, 5.0], [1.0], [1.0], []), strict=True):
        line.seconds = seconds
    rows = start_rows(done, 2)
    assert [row["median_s"] for row in rows] == [2.0, 5.0, 1.0, 1.0, None]
    assert [row["compile_s"] for row in rows] == [None, 3.0, None, None, None]
    report = make_report(rows, [], plan, {}, "python -m benchmarks")
    [(title, _)] = groups(report["rows"])
    assert title == "Starting up"
    assert [note for note in report["notes"] if "cold" in note]
    assert rows[0]["task"] == STARTUP
