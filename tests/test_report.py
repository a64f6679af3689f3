"""Reports as tables in a terminal: nothing lost, nothing unsafe, the right figures marked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_reports import HOSTILE, METRICS, SIGNATURE, cell, full_report, hostile_report, result
from rich.cells import cell_len

from toklab.errors import UnknownNameError
from toklab.report import (
    render_determinism,
    render_markdown,
    render_report,
    render_summary,
    render_tokens,
    visible,
)
from toklab.report.columns import show_share, size_tables
from toklab.results import Report, Result
from toklab.retraining import DeterminismReport, Probe, Verdict


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
