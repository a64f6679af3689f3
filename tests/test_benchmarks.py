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
from click.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks import contenders
from benchmarks.child import digest
from benchmarks.contenders import COMPILE, ENCODE, STARTUP, TRAIN, choose, find, left_out
from benchmarks.encoders import byte_ranks
from benchmarks.rounds import Measurement, Plan
from benchmarks.rows import available_cores, make_report, make_rows
from benchmarks.table import cells, describe_ratio, groups
from benchmarks.texts import Text, read_documents, read_text, write_documents
from toklab.errors import InputError, UnknownNameError, UsageError
from toklab.types import Piece, Vocab
from toklab.worker import peak_memory_mb

ROOT = Path(__file__).resolve().parents[1]
PROMISED = {
    "task",
    "contender",
    "corpus",
    "vocab_size",
    "threads",
    "median_s",
    "min_s",
    "max_s",
    "peak_mb",
    "mb_per_s",
}
PARAGRAPHS = (
    "The signal box at Tarn Junction has forty-two levers, and the night porter knows each by its squeak.",
    "When the 23:10 freight is late he brews tea, reads the almanac aloud, and doesn't answer the telephone.",
    "Naïve travellers ask for the café; there isn't one. Зимой поезд опаздывает. 駅は静かだ。 [UNK] <unk>",
    "def delay(minutes):\n    return [m for m in minutes if m > 15]  # anything less is punctual",
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few kB of text in paragraphs."""
    path = tmp_path_factory.mktemp("corpus") / "railway.txt"
    path.write_text("\n\n".join(PARAGRAPHS * 8), encoding="utf-8")
    return path


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
    """A whole run of everything that encodes, with one contender that must fail: its JSON, progress and files."""
    output = tmp_path_factory.mktemp("output")
    # SentencePiece needs its alphabet beside the 256 bytes, and 300 pieces hold too few characters.
    names = ("bpe", "hf-bpe", "hf-bpe-fast", "spm-bpe")
    named = [argument for name in names for argument in ("--contender", name)]
    sizes = ["--vocab-size", "300", "--vocab-size", "400"]
    done = run("--corpus", str(corpus), *sizes, "--repeats", "1", "--json", "--output", str(output), *named)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr, output


def test_rows_hold_what_is_promised(finished: tuple[dict[str, Any], str, Path], corpus: Path) -> None:
    report, _, _ = finished
    assert report["schema"] == 1
    assert report["machine"]["cores"] == available_cores()
    assert report["corpus"]["bytes"] == corpus.stat().st_size
    assert all(set(row) >= PROMISED for row in report["rows"])
    got = {(r["task"], r["pass"], r["contender"], r["vocab_size"]) for r in report["rows"]}
    for size in (300, 400):
        assert {(TRAIN, None, name, size) for name in ("bpe", "hf-bpe", "spm-bpe")} <= got
        for number in ("first", "second"):
            assert {(ENCODE, number, name, size) for name in ("bpe", "hf-bpe", "hf-bpe-fast")} <= got
    assert len(got) == len(report["rows"]) == 2 * (3 + 2 * 3)


def test_libraries_agree_on_the_tokens(finished: tuple[dict[str, Any], str, Path]) -> None:
    rows = [row for row in finished[0]["rows"] if row["task"] == ENCODE]
    assert all(row["same_tokens"] is True and row["same_ids"] is True for row in rows)
    for size in (300, 400):
        for number in ("first", "second"):
            tokens = {r["tokens"] for r in rows if (r["vocab_size"], r["pass"]) == (size, number)}
            assert len(tokens) == 1
            assert tokens.pop() > 0


def test_training_reaches_the_size_asked_for(finished: tuple[dict[str, Any], str, Path]) -> None:
    rows = [row for row in finished[0]["rows"] if row["task"] == TRAIN and row["error"] is None]
    assert {row["contender"] for row in rows if row["vocab_size"] == 300} == {"bpe", "hf-bpe"}
    assert all(row["pieces"] == row["vocab_size"] for row in rows)


def test_a_failure_is_a_row_and_the_others_go_on(finished: tuple[dict[str, Any], str, Path]) -> None:
    report, progress, _ = finished
    [failed] = [row for row in report["rows"] if row["error"] is not None]
    assert (failed["contender"], failed["vocab_size"]) == ("spm-bpe", 300)
    assert "300 is too small" in failed["error"]
    assert failed["median_s"] is failed["peak_mb"] is failed["mb_per_s"] is failed["ratio"] is None
    assert "round 1 of 1: train bpe, 400 pieces" in progress


def test_files_hold_the_same_rows(finished: tuple[dict[str, Any], str, Path]) -> None:
    report, _, output = finished
    assert json.loads((output / "benchmark.json").read_text(encoding="utf-8")) == report
    with (output / "benchmark.csv").open(encoding="utf-8", newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [row["contender"] for row in table] == [row["contender"] for row in report["rows"]]
    assert (output / "benchmark.png").read_bytes().startswith(b"\x89PNG")


def test_time_limit_and_missing_peer_are_named(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing starts Python, imports NumPy and trains within a thousandth of a second.
    monkeypatch.setattr(contenders, "is_installed", lambda library: library != "rustbpe")
    monkeypatch.setattr("benchmarks.rounds.is_installed", lambda library: library != "rustbpe")
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
    assert {"bpe", "wordpiece", "hf-bpe", "spm-bpe", "rustbpe", "bpeasy"} <= set(names)
    assert "hf-unigram" not in names
    assert [e.name for e in choose(("hf-unigram", "tiktoken"), TRAIN)] == ["hf-unigram"]
    assert "hf-unigram" in left_out((), [TRAIN])
    assert "tiktoken" not in left_out((), [TRAIN])


def test_any_trainer_can_be_named_with_its_options() -> None:
    entrant = find("hf-bpe:min_frequency=2")
    assert (entrant.library, entrant.reference, entrant.tasks) == ("tokenizers", "bpe", (TRAIN,))
    with pytest.raises(UnknownNameError, match="did you mean 'rustbpe'"):
        find("rustbp")


def test_wrong_usage(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of rustbpe"):
        contenders.check_names(["rustbpe"], [ENCODE])
    blank = tmp_path / "one.txt"
    blank.write_text("one document", encoding="utf-8")
    with pytest.raises(InputError, match="single document"):
        read_text(blank).halves()
    wrong = run("--corpus", str(corpus), "--contender", "nobody")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("benchmarks: error: unknown algorithm 'nobody'")


def test_documents_survive_the_way_to_the_child(tmp_path: Path) -> None:
    documents = ["a\r\nb\0", "日本 é", "x" * 70_000]
    write_documents(tmp_path / "documents", documents)
    assert read_documents(tmp_path / "documents") == documents


def test_folder_as_corpus(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_bytes("zwei\n\nTöne".encode())
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "latin.txt").write_bytes("Töne".encode("latin-1"))
    (tmp_path / "empty.txt").write_bytes(b"")
    text = read_text(tmp_path)
    assert text.documents == ("one", "zwei\n\nTöne")
    assert text.skipped == 1


def test_standard_library_is_read() -> None:
    text = read_text(None)
    assert "stdlib" in text.name
    assert len(text.documents) > 500
    assert text.n_bytes > 5_000_000
    first = text.first(0.5)
    assert 500_000 - 4 < first.n_bytes <= 500_000
    assert "".join(text.documents).startswith("".join(first.documents))


def test_first_megabytes_end_at_a_character() -> None:
    text = Text("letters", ("ab", "éé", "c"))
    assert text.first(3e-6).documents == ("ab",)
    assert text.first(4e-6).documents == ("ab", "é")
    assert text.first(1).documents == text.documents


def test_tiktoken_ranks_leave_out_special_pieces() -> None:
    vocab = Vocab((Piece(b"<s>", special=True), Piece(b"a"), Piece(b"b"), Piece(b"ab")))
    ranks, to_id = byte_ranks(vocab)
    assert ranks == {b"a": 0, b"b": 1, b"ab": 2}
    assert to_id == [1, 2, 3]


def test_peak_memory_counts_this_process() -> None:
    before = peak_memory_mb()
    held = bytearray(int(before * 1_000_000) + 50_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory_mb() > before + 40


@pytest.fixture
def plan() -> Plan:
    text = Text("two", ("a" * 600, "b" * 400))
    return Plan(text, (TRAIN, ENCODE), (300,), (), 3, 2, 1.0)


def measured(task: str, name: str, seconds: list[float], counts: list[int] | None = None) -> Measurement:
    """A measurement as if its rounds had taken these seconds."""
    runs = []
    for wall in seconds:
        figures = {"wall_s": wall, "cpu_s": 2 * wall, "peak_mb": 100 * wall, "before_mb": 50.0, "counts": counts}
        passes = [{key: value for key, value in figures.items() if value is not None}] * 2
        runs.append({"passes": passes, "warm_up_s": 0.1, "pieces": 300, "ids": digest([counts or []])})
    return Measurement(task, find(name), 300, {}, runs)


def test_figures_of_a_row(plan: Plan) -> None:
    rows = make_rows([measured(TRAIN, "bpe", [2.0, 1.0, 4.0]), measured(TRAIN, "hf-bpe", [5.0, 3.0, 6.0])], plan)
    assert [(r["median_s"], r["min_s"], r["max_s"]) for r in rows] == [(2.0, 1.0, 4.0), (5.0, 3.0, 6.0)]
    assert rows[0]["mb_per_s"] == pytest.approx(0.001 / 2)
    assert [r["ratio"] for r in rows] == [1.0, 2.5]
    assert (rows[0]["peak_mb"], rows[0]["threads_used"], rows[0]["runs"]) == (200.0, 2.0, 3)
    assert [describe_ratio(row) for row in rows] == ["1", "2.5x slower"]


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
    encoders = [measured(ENCODE, "bpe", [1.0], [3, 4]), measured(ENCODE, "tiktoken", [1.0], [3, 5])]
    rows = make_rows(encoders, plan)
    assert [(r["contender"], r["same_tokens"], r["same_ids"]) for r in rows] == [
        ("bpe", True, True),
        ("bpe", True, True),
        ("tiktoken", False, False),
        ("tiktoken", False, False),
    ]
    assert [r["text_mb"] for r in rows[:2]] == [0.0006, 0.0004]


def test_passes_and_tasks_are_never_compared_with_each_other(plan: Plan) -> None:
    both = [
        measured(TRAIN, "bpe", [1.0]),
        measured(ENCODE, "bpe", [1.0], [3]),
        measured(ENCODE, "hf-bpe", [2.0], [3]),
    ]
    report = make_report(both, plan, {})
    assert [len(rows) for _, rows in groups(report["rows"])] == [1, 2, 2]


def test_rounds_before_a_failure_give_no_figure(plan: Plan) -> None:
    broken = measured(TRAIN, "hf-bpe", [1.0, 2.0])
    broken.error = "over 1 s"
    [row] = make_rows([broken], plan)
    assert row["median_s"] is row["peak_mb"] is row["pieces"] is row["warm_up_s"] is None
    assert (row["runs"], row["error"]) == (0, "over 1 s")


def test_cold_and_warm_starts_share_a_table(plan: Plan) -> None:
    run = {"process_s": 9.0, "peak_mb": 300.0}
    starts = [Measurement(task, find("bpe"), 0, {}, [run]) for task in (COMPILE, STARTUP)]
    report = make_report(starts, plan, {})
    assert all(set(row) >= PROMISED for row in report["rows"])
    assert [(row["task"], row["median_s"], row["mb_per_s"]) for row in report["rows"]] == [
        (COMPILE, 9.0, None),
        (STARTUP, 9.0, None),
    ]
    [(_, rows)] = groups(report["rows"])
    assert [cells(row)[0] for row in rows] == ["bpe, first run (compiles)", "bpe, later run"]
