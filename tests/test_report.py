"""Reports as tables, files and plots: nothing lost, nothing unsafe, the right figures marked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from toklab.errors import OutputError, UnknownNameError
from toklab.report import (
    render_determinism,
    render_markdown,
    render_report,
    render_summary,
    render_tokens,
    visible,
    write_plots,
    write_report,
)
from toklab.report.columns import show_share, size_tables
from toklab.report.palette import family, line_styles
from toklab.results import Cell, Report, Result
from toklab.retraining import DeterminismReport, Probe, Verdict

METRICS = {
    "vocab_obtained": ("pieces", "", "vocabulary size"),
    "vocab_used": ("share", "higher", "vocabulary size"),
    "tokens": ("tokens", "lower", "sequence length"),
    "bytes_per_token": ("bytes", "higher", "sequence length"),
    "fertility": ("tokens/word", "lower", "sequence length"),
    "unk_rate": ("share", "lower", "OOV handling"),
    "unk_bytes": ("share", "lower", "OOV handling"),
    "fallback_rate": ("share", "lower", "OOV handling"),
    "oov_fertility": ("tokens/word", "lower", "OOV handling"),
    "oov_exploded": ("share", "lower", "OOV handling"),
    "round_trip": ("share", "higher", "fidelity"),
    "round_trip_cer": ("share", "lower", "fidelity"),
    "bits_per_byte": ("bits/byte", "lower", "cost of use"),
    "mattr": ("share", "", "distribution"),
    "likelihood_per_byte": ("bits/byte", "lower", "probability"),
}
NAMES = ("bpe", "wordpiece", "wordpiece-hf", "word", "character", "byte", "hf-bpe", "hf-unigram", "spm-bpe")
SIGNATURE = "toklab:0.1.0|vocab:2000,8000|pre:gpt2|norm:none|" + "|".join(f"fact{i}:{i * 7919}" for i in range(30))
HOSTILE = "\x1b[31m<script>|`*_\u202e\n=1+1"


def cell(metric: str, value: float | None, half: float | None = None) -> Cell:
    low, high = (None, None) if half is None or value is None else (value - half, value + half)
    unit, better, group = METRICS[metric]
    return Cell(metric, value, low, high, unit, better, group)


def result(
    name: str,
    figures: Mapping[str, float | None],
    size: int = 2000,
    *,
    sized: bool = True,
    obtained: int | None = None,
) -> Result:
    values = {"vocab_obtained": float(size if obtained is None else obtained), **figures}
    return Result(name, size, sized, tuple(cell(metric, value) for metric, value in values.items()))


def full_report(sizes: tuple[int, ...] = (2000, 8000)) -> Report:
    """Every figure differs from every other, so that each can be looked for."""
    random = np.random.default_rng(0)
    results = []
    for i, name in enumerate(NAMES):
        for size in sizes:
            if name == "hf-unigram" and size == sizes[-1]:
                results.append(Result(name, size, error="trainer ran out of memory\nsecond line"))
                continue
            sized = name not in ("character", "byte")
            ratio = 1 + i / 7 + size / 1e5
            lengths = random.integers(20, 400, 50) + 10 * i
            cells = (
                cell("vocab_obtained", float(size if sized else 100 + i)),
                cell("vocab_used", 0.5 + i / 100),
                cell("tokens", float(lengths.sum())),
                cell("bytes_per_token", ratio, 0.083),
                cell("fertility", 5.6 / ratio),
                cell("unk_rate", None if i % 3 else i / 1000),
                cell("fallback_rate", 0.0),
                cell("oov_fertility", 9 / ratio),
                cell("oov_exploded", i / 90),
                cell("round_trip", 1.0 if i % 2 else 0.987),
                cell("bits_per_byte", 1.7 + i / 13 + size / 1e5),
                cell("mattr", None),
            )
            frequencies = 5000 // np.arange(1, 300 + i)
            warnings = (f"{name} is odd",) if i == 1 else ()
            results.append(
                Result(name, size, sized, cells, lengths, frequencies, ("exact", None)[i % 2], warnings=warnings)
            )
    return Report(tuple(results), SIGNATURE, {"name": "en", "train_bytes": 240012}, ("mind the corpus",))


def best(report: Report, metric: str) -> list[str]:
    """Contenders marked as best of a column in the first table, ranked or not."""
    table = size_tables(report)[0]
    place = [column.metric for column in table.columns].index(metric)
    return [r.tokenizer for r in (*table.sized, *table.fixed) if r.figures and r.figures[place].best]


def test_a_figure_of_probabilistic_tokenizers_is_shown_where_one_has_it() -> None:
    def columns(figure: float | None) -> list[str]:
        results = (result("bpe", {"likelihood_per_byte": None}), result("unigram", {"likelihood_per_byte": figure}))
        [table] = size_tables(Report(results, SIGNATURE))
        return [column.metric for column in table.columns]

    assert columns(None) == ["vocab_obtained", "determinism"]
    assert columns(2.5) == ["vocab_obtained", "likelihood_per_byte", "determinism"]


def test_best_follows_the_direction() -> None:
    report = Report(
        (
            result("a", {"bytes_per_token": 3.0, "fertility": 1.5}),
            result("b", {"bytes_per_token": 4.0, "fertility": 1.2}),
            result("c", {"bytes_per_token": None, "fertility": None}),
        ),
        "",
    )
    assert best(report, "bytes_per_token") == ["b"]
    assert best(report, "fertility") == ["b"]
    assert best(report, "vocab_obtained") == []


def test_tie_as_shown_marks_all() -> None:
    values = {"a": 3.001, "b": 2.999, "c": 2.99}
    report = Report(tuple(result(n, {"bytes_per_token": v}) for n, v in values.items()), "")
    assert best(report, "bytes_per_token") == ["a", "b"]


def test_only_comparable_contenders_are_ranked() -> None:
    report = Report(
        (
            result("plain", {"bytes_per_token": 3.0}),
            result("weaker", {"bytes_per_token": 2.0}),
            result("unsized", {"bytes_per_token": 9.0}, sized=False, obtained=256),
            result("smaller", {"bytes_per_token": 8.0}, obtained=1999),
            Result("broken", 2000, cells=(cell("bytes_per_token", 7.0),), error="no"),
        ),
        "",
    )
    assert best(report, "bytes_per_token") == ["plain"]
    text = render_report(report)
    assert "3.00*" in text
    assert "1,999!" in text
    assert "256!" not in text
    assert "not ranked" in text.split("smaller")[1]
    assert text.index("unsized") > text.index("broken")


def test_who_does_not_know_the_text_is_not_ranked_by_what_the_rest_costs() -> None:
    report = Report(
        (
            result("whole", {"bytes_per_token": 3.0, "unk_bytes": None, "round_trip": 0.5}),
            result("nearly", {"bytes_per_token": 2.0, "unk_bytes": 0.01, "round_trip": 0.4}),
            result("words", {"bytes_per_token": 6.0, "unk_bytes": 0.2, "round_trip": 0.9}),
        ),
        "",
    )
    assert best(report, "bytes_per_token") == ["whole"]
    assert best(report, "round_trip") == ["words"]


def test_who_changes_the_text_is_not_ranked_by_what_the_rest_costs() -> None:
    report = Report(
        (
            result("whole", {"bits_per_byte": 2.4, "round_trip_cer": 0.0, "tokens": 9.0}),
            result("nearly", {"bits_per_byte": 2.5, "round_trip_cer": 0.01, "tokens": 8.0}),
            result("lowercase", {"bits_per_byte": 2.2, "round_trip_cer": 0.04, "tokens": 7.0}),
        ),
        "",
    )
    assert best(report, "bits_per_byte") == ["whole"]
    assert best(report, "tokens") == ["lowercase"]


def test_the_two_kinds_of_bits_per_byte_are_told_apart() -> None:
    figures = {"bits_per_byte": 2.4, "likelihood_per_byte": 2.9}
    text = render_markdown(Report((result("unigram", figures), result("bpe", figures)), ""))
    assert "**n-gram bits/byte ↓**" in text
    assert "**own bits/byte ↓**" in text
    assert "n-gram bits/byte: " in text
    assert "own bits/byte: " in text


@pytest.mark.parametrize("second", [None, float("nan"), float("inf")])
def test_one_figure_alone_is_no_best(second: float | None) -> None:
    report = Report((result("a", {"unk_rate": 0.1}), result("b", {"unk_rate": second})), "")
    assert best(report, "unk_rate") == []
    assert "–" in render_report(report)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6),
    st.sampled_from(["vocab_used", "unk_rate", "round_trip", "fallback_rate"]),
)
def test_the_best_value_is_always_marked(values: list[float], metric: str) -> None:
    report = Report(tuple(result(f"t{i}", {metric: value}) for i, value in enumerate(values)), "")
    choose = max if METRICS[metric][1] == "higher" else min
    assert f"t{values.index(choose(values))}" in best(report, metric)


@given(st.floats(0, 1), st.integers(0, 2))
def test_share_is_exact_only_at_the_ends(value: float, decimals: int) -> None:
    text = show_share(value, decimals)
    assert (text == "0%") == (value == 0)
    assert (text == "100%") == (value == 1)
    if text[0].isdigit():
        assert float(text[:-1]) / 100 == pytest.approx(value, abs=0.5000001 * 10 ** -(decimals + 2))


@pytest.mark.parametrize("width", [60, 80, 120, 200, None])
def test_nothing_is_cut_off(width: int | None) -> None:
    report = full_report()
    text = render_report(report, width)
    lines = text.split("\n")
    assert SIGNATURE in lines
    for table in size_tables(report):
        for row in (*table.sized, *table.fixed):
            mine = [line for line in lines if line.split(" ")[0].rstrip("│") == row.tokenizer]
            assert mine
            shown = " ".join(mine)
            for figure in row.figures:
                assert re.search(rf"(?<![\d,.]){re.escape(figure.text)}(?![\d,.])", shown)
    if width is not None:
        assert all(cell_len(line) <= width for line in lines if line != SIGNATURE)
    for warning in ("mind the corpus", "wordpiece at 2,000: wordpiece is odd"):
        assert f"warning: {warning}" in text


def test_groups_stand_in_order() -> None:
    lines = render_report(full_report()).split("\n")
    heading = next(line for line in lines if "OOV handling" in line)
    assert re.split(r"\s*│\s*", heading.strip("│ ")) == [
        "vocabulary size",
        "sequence length",
        "OOV handling",
        "fidelity",
        "use",
        "determinism",
    ]


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=70), st.integers(20, 200), st.booleans())
def test_long_names_survive_any_width(name: str, width: int, failed: bool) -> None:
    cells = () if failed else result("", {"tokens": 1234567.0, "bytes_per_token": 4.25}).cells
    report = Report((Result(name, 2000, cells=cells, error="it broke" if failed else None),), SIGNATURE)
    lines = render_report(report, width).split("\n")
    assert any(line.startswith(visible(name).rstrip()) for line in lines)
    assert SIGNATURE in lines
    assert any(("it broke" if failed else "1,234,567") in line for line in lines)


def test_narrow_terminal_repeats_the_names() -> None:
    report = full_report((2000,))
    assert render_report(report, 200).count("\nspm-bpe") == 1
    assert render_report(report, 80).count("\nspm-bpe") > 1


def test_colour_only_on_request() -> None:
    report = full_report()
    assert "\x1b" not in render_report(report, 100, colour=False)
    coloured = render_report(report, 100, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_report(report, 100, colour=False)
    assert "\x1b[1;32m" in coloured


def test_colour_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = render_report(full_report(), 100, colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert render_report(full_report(), 100, colour=True) == expected


def test_error_row_has_one_phrase() -> None:
    text = render_report(full_report(), None)
    (line,) = [line for line in text.split("\n") if "out of memory" in line]
    assert line.startswith("hf-unigram")
    assert line.endswith("failed: trainer ran out of memory")
    assert "second line" not in text
    long = Report((Result("x", 100, error="word " * 400),), "")
    assert "…" in render_report(long)
    assert "failed" in render_report(Report((Result("x", 100, error="\n"),), ""))


def test_interval_is_half_its_width() -> None:
    assert "1.02 ±0.08" in render_report(full_report())
    cells = (cell("vocab_obtained", 100.0), cell("bytes_per_token", 2.0, 0.001))
    assert "2.00 ±<0.01" in render_report(Report((Result("x", 100, cells=cells),), ""))


def test_fixed_size_that_ran_once_is_in_every_table() -> None:
    report = Report(
        (
            result("bpe", {"tokens": 1.0}, 500),
            result("bpe", {"tokens": 2.0}, 900),
            result("byte", {"tokens": 7777.0}, 256, sized=False),
            result("same", {"tokens": 8888.0}, 900, sized=False),
        ),
        "",
    )
    assert [table.vocab_size for table in size_tables(report)] == [500, 900]
    assert render_report(report).count("7,777") == 2
    assert render_report(report).count("8,888") == 2


def test_chosen_metrics() -> None:
    text = render_report(full_report(), metrics=["mattr", "tokens"])
    assert "distribution" in text
    assert "fidelity" not in text
    with pytest.raises(UnknownNameError, match="did you mean 'tokens'"):
        render_report(full_report(), metrics=["token"])


def test_empty_and_failed_reports() -> None:
    assert "nothing was compared" in render_report(Report((), "sig"), 80)
    assert "failed: no" in render_report(Report((Result("x", 10, error="no"),), ""), 60, metrics=["mattr"])


def hostile_report() -> Report:
    good = result(HOSTILE, {"tokens": 12.0})
    bad = Result(HOSTILE + "2", 2000, error=HOSTILE[:-5])
    return Report((good, bad), f"sig:{HOSTILE}```", {HOSTILE: HOSTILE}, (HOSTILE,))


def test_hostile_text_reaches_no_terminal() -> None:
    report = hostile_report()
    probes = [
        Probe(HOSTILE, HOSTILE, 2, False, False, False, HOSTILE),
        Probe("x", "y", 0, None, None, None, None, HOSTILE),
    ]
    moved = DeterminismReport(tuple(probes), HOSTILE, (Verdict(HOSTILE, "C", HOSTILE, HOSTILE, HOSTILE),))
    for text in (
        render_report(report),
        render_determinism(moved),
        render_summary(HOSTILE, {HOSTILE: HOSTILE}, [HOSTILE]),
    ):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
        assert "\\x1b[31m" in text
    for text in (render_report(report, colour=True), render_determinism(moved, colour=True)):
        assert "\x1b[31m<" not in text
        assert "\u202e" not in text


def test_hostile_text_is_no_markup_in_markdown() -> None:
    text = render_markdown(hostile_report())
    table = [line for line in text.split("\n") if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    before, _, code = text.partition("## Signature")
    assert "<script>" not in before
    assert "\x1b" not in text
    fence = re.search(r"^(`+)$", code, re.M)
    assert fence is not None
    assert len(fence[1]) == 4


def test_tokens_can_be_told_apart() -> None:
    assert render_tokens(["The", " quick", " fox"]) == "The·␣quick·␣fox"
    assert render_tokens([b"\xe2\x82", b"\xac", "\n", "·", "\u200d"]) == "\\xe2\\x82·\\xac·\\n·\\xb7·\\u200d"
    assert render_tokens([]) == ""
    coloured = render_tokens(["a", "b"], colour=True)
    grounds = re.findall(r"48;2;([\d;]+)m", coloured)
    assert len(set(grounds)) == 2


def test_summary_aligns_facts() -> None:
    text = render_summary("trained", {"pieces": 2000, "time (s)": 0.51234}, ["a", "b"])
    assert text == "trained\n  pieces    2,000\n  time (s)  0.512\n  sample    a·b\n"


@pytest.mark.parametrize("width", [40, 80, None])
def test_probes(width: int | None) -> None:
    difference = "merge 812: ('a', 'b') instead of ('c', 'd'), and so on, and so on"
    probes = [
        Probe("bpe", "repeat", 3, True, True, True),
        Probe("bpe", "threads", 2, True, False, True, difference),
        Probe("hf-unigram", "repeat", 4, False, False, False, "pieces 5 and 6"),
        Probe("hf-unigram", "threads", 0, None, None, None, None, "crashed"),
        Probe("spm-bpe", "hash-seed", 3, True, True, False),
    ]
    text = render_determinism(DeterminismReport(tuple(probes), ""), width)
    for phrase in (
        "exact ×3",
        "ids differ ×2",
        "pieces differ ×4",
        "failed ×0",
        "encodings differ ×3",
        "repeat: pieces 5",
    ):
        assert phrase in text
    words = re.sub(r"[\s│]+", " ", text)
    assert difference in words
    assert "threads: crashed" in words
    if width is not None:
        assert max(map(len, text.split("\n"))) <= width
    assert "3 runs miss a fault that moves half of them with a chance of 25.0%" in words
    verdicts = (Verdict("bpe", "C", "other set (repeat, threads)", "exact", "it claims more"),)
    judged = re.sub(r"[\s│]+", " ", render_determinism(DeterminismReport(tuple(probes), "", verdicts), width))
    assert "other set (repeat, threads)" in judged
    assert "broken claim: it claims more" in judged
    assert render_determinism(DeterminismReport((), "")) == ""


def test_files_agree_with_the_rows(tmp_path: Path) -> None:
    report = full_report()
    paths = write_report(report, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["report.json", "report.csv", "report.parquet", "report.md"]
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(path.name for path in paths)
    raw = paths[0].read_text("utf-8")
    assert json.loads(raw, parse_constant=pytest.fail) == report.to_dict()
    rows = report.rows()
    missing = {name: [""] for name in ("value", "ci_low", "ci_high", "rank", "same_as_best")}
    read = pd.read_csv(paths[1], keep_default_na=False, na_values=missing)
    for frame in (read, pd.read_parquet(paths[2])):
        back = [
            {str(key): None if pd.isna(value) else value for key, value in row.items()}
            for row in frame.to_dict("records")
        ]
        assert back == rows
    assert SIGNATURE in paths[3].read_text("utf-8").split("\n")
    assert [path.read_bytes() for path in write_report(report, tmp_path / "again")] == [p.read_bytes() for p in paths]


def test_markdown_has_the_figures_of_the_table() -> None:
    text = render_markdown(full_report())
    for table in size_tables(full_report()):
        for row in (*table.sized, *table.fixed):
            for figure in row.figures:
                shown = figure.text.replace("<", "&lt;")
                assert f"**{shown}** |" in text if figure.best else f" {shown} |" in text
    assert "- hf-unigram failed: trainer ran out of memory" in text


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@a", "\ta", "plain"])
def test_csv_text_is_no_formula(tmp_path: Path, name: str) -> None:
    report = Report((result(name, {"tokens": -5.0}),), "")
    paths = write_report(report, tmp_path)
    frame = pd.read_csv(paths[1])
    assert set(frame["tokenizer"]) == {name if name == "plain" else f"'{name}"}
    assert frame["value"].tolist() == [2000.0, -5.0]
    assert set(pd.read_parquet(paths[2])["tokenizer"]) == {name}


def test_files_of_an_empty_report_and_of_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    paths = write_report(Report((), ""), tmp_path / "empty")
    assert pd.read_parquet(paths[2]).dtypes["vocab_size"] == np.int64
    paths = write_report(Report((result("model-\udcff", {"tokens": 5.0}),), ""), tmp_path / "name")
    assert json.loads(paths[0].read_bytes())["rows"][0]["tokenizer"] == "model-\udcff"
    assert pd.read_csv(paths[1])["tokenizer"][0] == "model-\\udcff"


@pytest.mark.parametrize("write", [write_report, write_plots])
def test_unwritable_folder(tmp_path: Path, write: object) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert callable(write)
    with pytest.raises(OutputError, match="cannot be written"):
        write(full_report((2000,)), blocked / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    for name in ("report.json", "bytes_per_token.png"):
        (tmp_path / name).mkdir()
    with pytest.raises(OutputError):
        write(full_report((2000,)), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bytes_per_token.png", "file", "report.json"]


PLOTS = ["bytes_per_token.png", "tokens_per_document.png", "rank_frequency.png"]


@pytest.mark.parametrize("sizes", [(2000, 8000), (1000, 2000, 4000)])
def test_plots(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    matplotlib.rcParams["axes.facecolor"] = "red"  # a user's own style must not reach the files
    before = dict(matplotlib.rcParams)
    paths = write_plots(full_report(sizes), tmp_path / "a")
    assert dict(matplotlib.rcParams) == before
    matplotlib.rcParams["axes.facecolor"] = "white"
    assert [path.name for path in paths] == PLOTS
    for path, again in zip(paths, write_plots(full_report(sizes), tmp_path / "b"), strict=True):
        assert path.read_bytes() == again.read_bytes()
        pixels = matplotlib.image.imread(path)
        assert min(pixels.shape[:2]) > 400
        assert pixels[..., :3].std() > 0.05


def test_plots_of_odd_reports(tmp_path: Path) -> None:
    lengths, frequencies = np.zeros(3, np.int64), np.array([1])
    odd = Result(
        "日本語$x_{$\x1b", 300, cells=(cell("bytes_per_token", 0.0),), lengths=lengths, frequencies=frequencies
    )
    failed = tuple(Result(f"broken-{i}" * 5, 300, error="no") for i in range(20))
    assert len(write_plots(Report((odd, *failed), ""), tmp_path)) == 3
    assert write_plots(Report(failed, ""), tmp_path / "none") == []
    assert write_plots(Report((), ""), tmp_path / "none") == []


def test_plots_leave_pyplot_alone() -> None:
    code = "import sys, toklab.report; print('matplotlib' in sys.modules, 'pandas' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_every_contender_looks_different() -> None:
    names = [*NAMES, "hf-wordpiece", "hf-wordlevel", "spm-unigram", "spm-char", "spm-word", *"abcdefgh"]
    styles = [tuple(style.items()) for style in line_styles(names).values()]
    assert len(set(styles)) == len(names)
    assert line_styles(names)["bpe"]["color"] == line_styles(names)["hf-bpe"]["color"]
    assert family("wordpiece-hf").name == "from scratch"
    assert family("spm-bpe").name == "SentencePiece"
