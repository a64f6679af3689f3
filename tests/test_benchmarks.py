"""The benchmark's machinery: who takes part, what a row says, what a failure leaves. No figure is asserted."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmark_help import options, write_corpus
from click.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks import contenders
from benchmarks.contenders import ENCODE, TRAIN, choose, find, left_out
from benchmarks.matrix import Texts, in_series, make_groups
from benchmarks.rows import available_cores
from benchmarks.settings import make_plan
from toklab.errors import InputError, UnknownNameError, UsageError

ROOT = Path(__file__).resolve().parents[1]
PROMISED = {
    *("task", "contender", "corpus", "vocab_size", "threads", "median_s", "min_s", "max_s", "peak_mb", "mb_per_s"),
    *("shape", "text_mb", "ratio", "same_ids"),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few kB of text."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m benchmarks`` from the root of the repository."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def finished(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """A whole run of both tasks, with one contender that must fail: its JSON, progress and files."""
    output = tmp_path_factory.mktemp("output")
    # SentencePiece needs its alphabet beside the 256 bytes, and 300 pieces hold too few characters.
    names = ("bpe", "hf-bpe", "spm-bpe")
    named = [argument for name in names for argument in ("--contender", name)]
    sizes = ["--vocab-size", "300", "--threads", "1", "--size-mb", "0.008", "--size-mb", "0.004", "--shapes", "short"]
    done = run("--corpus", str(corpus), *sizes, "--repeats", "1", "--json", "--output", str(output), *named)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr, output


def test_rows_hold_what_is_promised(finished: tuple[dict[str, Any], str, Path]) -> None:
    report, _, _ = finished
    assert report["schema"] == 1
    assert report["machine"]["cores"] == available_cores()
    # A text ends at a character.
    assert [round(text["bytes"], -1) for text in report["corpora"]] == [8000, 4000]
    assert "railway.txt" in report["command"]
    assert str(ROOT) not in report["command"]
    assert all(set(row) >= PROMISED for row in report["rows"])
    got = {(r["task"], r["pass"], r["shape"], r["contender"], r["corpus"]) for r in report["rows"]}
    assert got == {
        *((TRAIN, None, None, name, "english") for name in ("bpe", "hf-bpe", "spm-bpe")),
        *((ENCODE, number, "short", name, "english") for number in ("first", "second") for name in ("bpe", "hf-bpe")),
    }
    assert len(report["rows"]) == 2 * len(got)


def test_libraries_agree_on_the_tokens(finished: tuple[dict[str, Any], str, Path]) -> None:
    rows = [row for row in finished[0]["rows"] if row["task"] == ENCODE]
    assert all(row["same_sample"] is row["same_tokens"] is row["same_ids"] is True for row in rows)
    assert all(row["tokens"] > 0 for row in rows)


def test_training_reaches_the_size_asked_for(finished: tuple[dict[str, Any], str, Path]) -> None:
    rows = [row for row in finished[0]["rows"] if row["task"] == TRAIN and row["error"] is None]
    assert {row["contender"] for row in rows} == {"bpe", "hf-bpe"}
    assert all(row["pieces"] == row["vocab_size"] for row in rows)


def test_a_failure_is_a_row_and_the_others_go_on(finished: tuple[dict[str, Any], str, Path]) -> None:
    report, progress, _ = finished
    failed = [row for row in report["rows"] if row["error"] is not None]
    assert {row["contender"] for row in failed} == {"spm-bpe"}
    assert all(row["median_s"] is row["peak_mb"] is row["mb_per_s"] is row["ratio"] is None for row in failed)
    assert "round 1 of 1: train english, 0.008 MB, 300 pieces, 1 thread: bpe: " in progress


def test_time_by_size_is_fitted(finished: tuple[dict[str, Any], str, Path]) -> None:
    fits = finished[0]["fits"]
    assert {(fit["task"], fit["contender"]) for fit in fits} == {
        *((task, name) for task in (TRAIN, ENCODE) for name in ("bpe", "hf-bpe"))
    }
    assert all(len(fit["at_double"]) == 1 for fit in fits if fit["task"] == TRAIN)


def test_files_hold_the_same_rows(finished: tuple[dict[str, Any], str, Path]) -> None:
    report, _, output = finished
    assert json.loads((output / "benchmark.json").read_text(encoding="utf-8")) == report
    with (output / "benchmark.csv").open(encoding="utf-8", newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [row["contender"] for row in table] == [row["contender"] for row in report["rows"]]
    for name in ("benchmark.png", "scaling.png"):
        assert (output / name).read_bytes().startswith(b"\x89PNG")
    text = (output / "benchmark.md").read_text(encoding="utf-8")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2 + 2 + 1
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)
    assert "| **bpe** |" in text


def test_time_limit_and_missing_peer_are_named(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing starts Python, imports NumPy and trains within a thousandth of a second.
    monkeypatch.setattr(contenders, "is_installed", lambda entrant, python: entrant.library != "rustbpe")
    arguments = ["--task", "train", "--corpus", str(corpus), "--time-limit", "0.001", "--repeats", "1"]
    named = ["--contender", "hf-bpe", "--contender", "rustbpe", "--contender", "spm-bpe"]
    done = CliRunner().invoke(command_line.command, [*arguments, *named])
    assert done.exit_code == 1
    assert "left out: rustbpe (rustbpe is not installed)" in done.output
    assert "Left out: rustbpe (rustbpe is not installed)" in done.output
    # Once in the progress and once in the table, for each of the two.
    assert done.output.count("over 0.001 s") == 4


def test_what_takes_part_by_default() -> None:
    names = [entrant.name for entrant in choose((), TRAIN)]
    assert {"unigram", "spm-unigram"} <= set(names)
    assert {"bpe", "wordpiece", "hf-bpe", "spm-bpe", "rustbpe", "bpeasy", "gigatoken", "youtokentome"} <= set(names)
    assert "hf-unigram" not in names
    assert [e.name for e in choose(("hf-unigram", "tiktoken"), TRAIN)] == ["hf-unigram"]
    missing = left_out((), [TRAIN], {})
    assert missing["hf-unigram"] == "slow to train; name it with --contender hf-unigram"
    assert "tiktoken" not in missing
    assert {"hf-unigram", "spm-unigram"} <= {entrant.name for entrant in choose((), ENCODE)}
    missing = left_out((), [ENCODE], {})
    assert missing["spm-bpe"] == "sentencepiece has no byte-level BPE"
    assert {"subword-nmt", "hf-unigram"}.isdisjoint(missing)


def test_another_environment_runs_a_contender(corpus: Path) -> None:
    assert "--environment hf-rc=PYTHON" in left_out((), [ENCODE], {})["hf-bpe-rc"]
    arguments = ["--task", "encode", "--corpus", str(corpus), "--vocab-size", "300", "--shapes", "short"]
    more = ["--environment", f"hf-rc={sys.executable}", "--contender", "bpe", "--contender", "hf-bpe-rc"]
    done = run(*arguments, *more, "--repeats", "1", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(r["contender"], r["same_ids"]) for r in rows] == [("bpe", True), ("hf-bpe-rc", True)] * 2


def test_any_trainer_can_be_named_with_its_options() -> None:
    entrant = find("hf-bpe:min_frequency=2")
    assert (entrant.library, entrant.reference, entrant.tasks) == ("tokenizers", "bpe", (TRAIN,))
    with pytest.raises(UnknownNameError, match="did you mean 'rustbpe'"):
        find("rustbp")


def test_options_become_a_plan(corpus: Path) -> None:
    quick = make_plan(options(), 4)
    assert (quick.tasks, quick.texts, quick.threads, quick.train_mb) == ((TRAIN, ENCODE), ("english",), (4,), (10.0,))
    full = make_plan(options(full=True, vocab_sizes=(500,)), 4)
    assert (full.threads, full.vocab_sizes, full.encode_mb) == ((1, 2), (500,), (10.0,))
    assert max(full.train_mb) == 300
    named = make_plan(options(corpora=(str(corpus), f"code={corpus}"), texts="code, hostile", sizes=(2.0, 1.0)), 4)
    assert (named.texts, named.encode_mb) == (("code", "hostile"), (2.0, 1.0))
    assert dict(named.corpora) == {"english": corpus, "code": corpus}


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"texts": "englisch"}, UnknownNameError, "did you mean 'english'"),
        ({"shapes": "wide"}, UnknownNameError, "valid: long, short"),
        ({"corpora": ("hostile=.",)}, UnknownNameError, "valid: english, code, multilingual"),
        ({"corpora": ("nowhere.txt",)}, InputError, "does not exist"),
        ({"environments": ("hf-rc",)}, UsageError, "NAME=PYTHON"),
        ({"environments": (f"hfrc={sys.executable}",)}, UnknownNameError, "hf-rc"),
    ],
)
def test_wrong_options(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make_plan(options(**given), 2)


def test_wrong_usage(corpus: Path) -> None:
    with pytest.raises(UsageError, match="none of rustbpe"):
        contenders.check_names(["rustbpe"], [ENCODE])
    wrong = run("--corpus", str(corpus), "--contender", "nobody")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("benchmarks: error: unknown algorithm 'nobody'")


def test_the_matrix(corpus: Path, tmp_path: Path) -> None:
    given = options(
        corpora=(str(corpus), f"code={corpus}"),
        texts="english,code",
        sizes=(0.004, 0.008),
        vocab_sizes=(300, 400),
        threads=(1, 2),
        names=("bpe", "hf-bpe"),
        lengths=(2000, 4000),
    )
    plan = make_plan(given, 2)
    found = make_groups(plan, Texts(plan, tmp_path, lambda line: None))
    trained = [(round(g.text.n_bytes, -1), g.vocab_size, g.threads) for g in found if g.task == TRAIN]
    assert trained == [(4000, v, t) for v in (300, 400) for t in (1, 2)] + [(8000, 400, 2)]
    encoded = [g for g in found if g.task == ENCODE]
    plain = [g for g in encoded if not g.text.name.startswith("hostile")]
    assert len({(g.text.name, g.text.n_bytes, g.shape, g.vocab_size, g.threads) for g in plain}) == 2 * 2 * 2 * 2 * 2
    assert all(g.model_text is not None and round(g.model_text.n_bytes, -1) == 4000 for g in encoded)
    hostile = {(g.text.name, g.text.halves, g.shape, g.threads) for g in encoded if g not in plain}
    assert ("hostile-dna", (4000, 4000), "long", 2) in hostile
    assert len(hostile) == 4 * 2
    # A round goes through all sizes of a text before the next.
    series = in_series(found)
    assert sorted(map(len, series)) == [1] * 3 + [2] * (1 + 2 * 2 * 2 * 2 + 4 * 2)
    assert all(len({g.text.n_bytes for g in groups}) == len(groups) for groups in series)


def test_a_series_beyond_the_text_is_generated(corpus: Path, tmp_path: Path) -> None:
    plan = make_plan(options(corpora=(str(corpus),), tasks=(TRAIN,), sizes=(0.008, 0.05), names=("bpe",)), 1)
    found = [group.text for group in make_groups(plan, Texts(plan, tmp_path, lambda line: None))]
    assert [text.name for text in found] == ["english", "english-model", "english-model"]
    assert [round(text.n_bytes, -1) for text in found] == [8000, 8000, 50_000]
