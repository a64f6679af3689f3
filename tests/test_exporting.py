"""A comparison in the formats of papers, programs and notebooks: whole, escaped, the right figures marked."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from click.testing import CliRunner
from invented_reports import HOSTILE, full_report, result

import toklab
from toklab.cli import group
from toklab.errors import UnknownNameError, UsageError
from toklab.report.exporting import FORMATS, export
from toklab.report.latex import render_latex
from toklab.results import Report

TEXTS = ["a cat and a hat", "the bat sat", "that flat mat", "a rat ran"] * 4
TWO = Report((result("bpe", {"tokens": 10.0, "unk_rate": None}), result("word", {"tokens": 12.0})), "toklab:x")


class Rows(HTMLParser):
    """The cells of every row, and the tags that are open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_every_contender(name: str) -> None:
    report = full_report()
    data = export(report, name)
    if name == "parquet":
        frame = pd.read_parquet(io.BytesIO(data))
        assert set(frame["tokenizer"]) == {r.tokenizer for r in report.results}
        return
    for found in report.results:
        assert found.tokenizer in data.decode("utf-8")
    if name == "json":
        assert json.loads(data) == report.to_dict()


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown format 'markdwon'; did you mean 'markdown'"):
        export(TWO, "markdwon")


def test_columns_can_be_chosen_for_tables_only() -> None:
    assert "fertility" not in export(full_report(), "markdown", ["tokens"]).decode()
    with pytest.raises(UsageError, match="csv always holds every metric"):
        export(TWO, "csv", ["tokens"])


def test_latex_has_as_many_cells_in_each_row_as_columns() -> None:
    text = render_latex(full_report())
    for block in text.split(r"\begin{tabular}")[1:]:
        columns = len(block[1 : block.index("}")])
        rows = [line for line in block.splitlines() if line.endswith(r"\\") and r"\multicolumn" not in line]
        assert rows
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}
    for mark in ("{}", "()"):
        plain = re.sub(r"\\.", "", text)
        assert plain.count(mark[0]) == plain.count(mark[1])


def test_latex_marks_the_best_and_escapes_names() -> None:
    report = Report((result(HOSTILE, {"tokens": 10.0}), result("a&b_c%", {"tokens": 12.0})), "sig_1")
    text = render_latex(report)
    assert r"\textbf{10}" in text
    assert r"\textbf{12}" not in text
    assert r"a\&b\_c\%" in text
    assert r"sig\_1" in text
    assert "\x1b" not in text
    assert r"\textless{}script\textgreater{}" in text


def test_a_notebook_shows_every_row_and_escapes_names() -> None:
    report = Report((result(HOSTILE, {"tokens": 10.0}), result("word", {"tokens": 12.0})), "<sig>")
    page = report._repr_html_()
    assert "<script>" not in page
    assert "&lt;sig&gt;" in page
    parser = Rows()
    parser.feed(page)
    assert not parser.open
    assert ["word", "2,000", "12", "not probed"] in parser.rows
    assert "<strong>10</strong>" in page


def test_a_failed_contender_is_told_in_a_notebook() -> None:
    page = full_report()._repr_html_()
    assert "failed: trainer ran out of memory" in page


def test_other_reports_show_themselves_as_in_a_terminal() -> None:
    first, second = (toklab.train("bpe", TEXTS, vocab_size=size) for size in (260, 265))
    corpus = toklab.open_corpus(TEXTS)
    shown = toklab.diff(first, second, corpus)._repr_html_()
    assert shown.startswith("<pre>")
    assert "vocabulary" in shown
    assert toklab.inspect_model(first, corpus)._repr_html_().startswith("<pre>")
    assert "bytes_per_token" in toklab.adapt(first, TEXTS, vocab_size=262)._repr_html_()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "latx"], "unknown format 'latx'; did you mean 'latex'"),
        (["--format", "csv", "--json"], "choose one"),
        (["--format", "csv", "--metric", "tokens"], "csv always holds every metric"),
        (["--metric", "token"], "unknown metric 'token'; did you mean 'tokens'"),
        (["--format", "latex", "--pairs"], "--pairs goes with the table"),
    ],
)
def test_wrong_formats_are_told_before_training(options: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        group.main(["compare", *options], standalone_mode=False)


def test_the_command_line_prints_the_format_alone() -> None:
    words = ["compare", "-t", "character", "--no-probe", "--format", "latex", "--metric", "tokens"]
    ran = CliRunner().invoke(group, words, catch_exceptions=False)
    assert ran.exit_code == 0
    assert ran.stdout.startswith("% needs")
    assert "tokens" in ran.stdout
    assert "fertility" not in ran.stdout.split(r"\caption")[0]
