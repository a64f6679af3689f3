"""Reports as files and plots: nothing lost, nothing unsafe."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from invented_reports import NAMES, SIGNATURE, cell, full_report, hostile_report, result

from toklab.errors import OutputError
from toklab.report import render_markdown, write_plots, write_report
from toklab.report.columns import size_tables
from toklab.report.palette import family, line_styles
from toklab.results import Report, Result


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


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("algo:bpe", "from scratch"),
        ("algo:hf-bpe", "Hugging Face"),
        ("algo:subword-nmt", "other library"),
        ("model:hf-x@sha256:60|engine:toklab-0.1.0", "from scratch"),
        ("model:x@sha256:60|engine:tokenizers-0.23.3", "Hugging Face"),
        ("model:x@sha256:60|engine:sentencepiece-0.2.3", "SentencePiece"),
        ("model:x@sha256:60|engine:tiktoken-0.14.0", "other library"),
    ],
)
def test_a_label_tells_no_family(fact: str, expected: str) -> None:
    assert (
        family("hf-like" if expected == "from scratch" else "mine", f"toklab:0.1.0|{fact}|vocab:800").name == expected
    )
