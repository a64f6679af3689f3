"""The command line with bad input: one clear line, the exit status, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broken_trainers import PID_FILE
from helpers import Ran, broken_trainers, english, interrupt, is_gone, run, start, wait_for

from toklab.cli import main


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with texts good and bad, from which commands are run."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "text.txt").write_bytes("".join(english(8_000).documents).encode())
    (folder / "empty.txt").write_bytes(b"")
    (folder / "latin.txt").write_bytes(b"plain\ncaf\xe9\n")
    return folder


@pytest.fixture(scope="module")
def model(desk: Path) -> Path:
    args = ["--algo", "bpe", "--vocab-size", "300", "--output", "model"]
    assert run("train", "text.txt", *args, cwd=desk).code == 0
    return desk / "model"


@pytest.fixture
def here(desk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in this process, which is quicker than starting one."""

    def call(*args: str) -> Ran:
        monkeypatch.chdir(desk)
        monkeypatch.setattr(sys, "argv", ["toklab", *args])
        monkeypatch.setattr(os, "_exit", sys.exit)
        monkeypatch.setattr(signal, "signal", lambda number, handler: None)
        with pytest.raises(SystemExit) as caught:
            main()
        return Ran(int(str(caught.value.code)), *capfd.readouterr())

    return call


def fails(ran: Ran, *parts: str, lines: int = 1) -> None:
    """The command ended with status 2 and one line that says why."""
    assert ran.code == 2, ran
    assert ran.out == ""
    assert len(ran.err.splitlines()) == lines, ran.err
    assert ran.err.splitlines()[-1].startswith("toklab: error: ")
    assert "Traceback" not in ran.err
    for part in parts:
        assert part in ran.err, ran.err


# --- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["nowhere.txt"], ["nowhere.txt: no such file"]),
        (["empty.txt"], ["empty.txt is empty; give a file with text"]),
        (["."], [". is a folder; name the files in it"]),
        (["latin.txt"], ["latin.txt is not UTF-8: line 2, byte offset 9 (0xe9)", "iconv"]),
        (["text.txt", "--vocab-size", "10"], ["size 10 is too small for bpe", "ask for at least 256"]),
        (["text.txt", "--vocab-size", "-1"], ["ask for at least 256"]),
        (["text.txt", "--algo", "bqe"], ["unknown algorithm 'bqe'; did you mean 'bpe'?", "hf-unigram"]),
        (["text.txt", "-p", "gtp2"], ["unknown pre-tokenizer 'gtp2'; did you mean 'gpt2'?"]),
        (["text.txt", "-p", "(a"], ["invalid regular expression '(a'"]),
        (["text.txt", "--tie", "first"], ["unknown tie rule 'first'; did you mean 'first-seen'?"]),
        (["text.txt", "--algo", "word", "--tie", "x"], ["unknown option of word 'tie'"]),
        (["text.txt", "--documents", "lines"], ["did you mean 'line'?"]),
        (["text.txt", "--max-piece-length", "0"], ["max_piece_length 0 is below 1"]),
        (["text.txt", "--seed-size", "9"], ["bpe", "seed_size"]),
        (["text.txt", "--algo", "unigram", "--seed-size", "0"], ["seed_size 0 is below 1"]),
        (["text.txt", "--algo", "unigram", "--shrinking-factor", "1"], ["shrinking_factor 1.0 is not between 0 and 1"]),
        (["text.txt", "--algo", "unigram", "--sub-iterations", "0"], ["sub_iterations 0 is below 1"]),
        (["text.txt", "--held-out", "2"], ["held-out share 2.0 is not between 0 and 1"]),
        (["text.txt", "--vocab-size", "9999", "--strict"], ["pieces, not the 9,999 asked for (--strict)"]),
        (["text.txt", "--algo", "hf-bpe", "--vocab-size", "10"], ["too small for hf-bpe", "at least 256"]),
        (["text.txt", "--algo", "broken-panics"], ["broken-panics: Panic: called `unwrap()`"]),
        (["text.txt", "--algo", "broken-crashes"], ["broken-crashes was killed by SIGSEGV"]),
        (["a\x1b[31m\n.txt"], [r"a\x1b[31m\n.txt: no such file"]),
    ],
)
def test_train_with_bad_input(here: Callable[..., Ran], desk: Path, args: list[str], parts: list[str]) -> None:
    algo = [] if "--algo" in args else ["--algo", "bpe"]
    fails(here("train", *args, *algo, "--output", "never"), *parts)
    assert not (desk / "never").exists()


@pytest.mark.parametrize("output", ["text.txt", "text.txt/below", "text.txt/below/deeper"])
@pytest.mark.parametrize("command", [["train", "--algo", "bpe"], ["compare", "-t", "bpe"]])
def test_an_output_folder_that_cannot_be_written(desk: Path, command: list[str], output: str) -> None:
    before = (desk / "text.txt").read_bytes()
    fails(run(*command, "text.txt", "--output", output, cwd=desk), "cannot be written: ", "is not a folder")
    assert (desk / "text.txt").read_bytes() == before


@pytest.mark.parametrize(
    ("args", "parts", "lines"),
    [
        (["trian"], ["unknown command 'trian'; did you mean 'train'?"], 1),
        (["encode", "nowhere", "x"], ["nowhere holds no tokenizer"], 1),
        (["encode", "nowhere", "x", "--alpha", "0.1"], ["--alpha without --sample; add --sample"], 1),
        (["encode", "nowhere", "x", "--seed", "0", "-n", "2"], ["--seed and -n without --sample"], 1),
        (["encode", "nowhere", "x", "--sample", "-n", "0"], ["Usage: toklab encode", "'-n'"], 2),
        (["train", "text.txt"], ["Usage: toklab train", "Missing option '--algo'"], 2),
        (["train", "--algo", "bpe", "--vocab-size", "9" * 30], ["Usage: toklab train", "not in the range"], 2),
        (["compare", "text.txt", "-t", "bpe", "--documents", "file"], ["1 document and cannot be split"], 1),
        (["compare", "text.txt", "-t", "bbe"], ["did you mean 'bpe'?"], 1),
        (["compare", "text.txt", "-t", "bpe", "-p", "(a"], ["invalid regular expression"], 1),
        (["compare", "empty.txt"], ["empty.txt is empty"], 1),
        (["compare", "text.txt", "--time-limit", "0"], ["a time limit of 0 s"], 1),
        (["compare", "text.txt", "--seed", "-1"], ["Usage: toklab compare", "'--seed'"], 2),
        (["determinism", "text.txt", "-t", "bpe", "-p", "(a"], ["invalid regular expression"], 1),
        (["determinism", "text.txt", "-t", "bpe", "--axis", "hash"], ["did you mean 'hash-seed'?"], 1),
    ],
)
def test_wrong_usage(here: Callable[..., Ran], args: list[str], parts: list[str], lines: int) -> None:
    fails(here(*args), *parts, lines=lines)


@pytest.mark.parametrize("command", [["compare", "--no-probe"], ["determinism", "--axis", "repeat"]])
def test_a_size_too_small_for_every_contender(desk: Path, command: list[str]) -> None:
    ran = run(*command, "text.txt", "-t", "bpe", "--vocab-size", "10", cwd=desk)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.splitlines()[-1].startswith("toklab: error: vocabulary size 10 is too small for bpe")


def test_determinism_of_what_dies_is_a_failure(desk: Path) -> None:
    ran = run("determinism", "text.txt", "-t", "broken-raises", "--axis", "repeat", "--json", cwd=desk)
    assert ran.code == 1
    assert json.loads(ran.out)["rows"][0]["error"] == "broken-raises: ValueError: no such weather"


def test_a_model_that_is_cut_short(desk: Path, model: Path) -> None:
    for name, data in (("half", 0.5), ("nothing", 0.0), ("almost", 0.9999)):
        whole = (model / "tokenizer.json").read_bytes()
        (desk / name).mkdir(exist_ok=True)
        (desk / name / "tokenizer.json").write_bytes(whole[: int(len(whole) * data)])
        fails(run("encode", name, "text", cwd=desk), f"{name}/tokenizer.json is not a whole JSON file")


@pytest.mark.parametrize(
    ("args", "stdin", "part"),
    [
        (["decode", "1", "x"], b"", "'x'"),
        (["decode", "--", "-1"], b"", "id -1 is not in the vocabulary"),
        (["decode", "1e5"], b"", "'1e5' is no id; ids are whole numbers"),
        (["decode", "300"], b"", "id 300 is not in the vocabulary (0 to 299)"),
        (["encode", "x", "--sample", "--alpha", "2"], b"", "alpha 2.0 is not between 0 and 1"),
        (["encode", "x", "--sample", "--alpha", "nan"], b"", "alpha nan is not between 0 and 1"),
        (["encode", "--sample"], b"\xff", "standard input is not UTF-8: line 1, byte offset 0"),
        (["encode", "-"], b"good\n\xff", "standard input is not UTF-8: line 2, byte offset 5"),
    ],
)
def test_bad_texts_and_ids(model: Path, args: list[str], stdin: bytes, part: str) -> None:
    fails(run(args[0], model, *args[1:], cwd=model, stdin=stdin), part)


@pytest.mark.parametrize(
    ("algo", "part"),
    [("word", "word has one encoding of each text;"), ("hf-bpe", "hf-bpe is run by its library; --sample")],
)
def test_a_model_that_cannot_be_sampled(desk: Path, algo: str, part: str) -> None:
    assert run("train", "text.txt", "--algo", algo, "--vocab-size", "300", "--output", algo, cwd=desk).code == 0
    fails(run("encode", algo, "x", "--sample", cwd=desk), part, "bpe, wordpiece, unigram")


# --- Ctrl-C --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("train --algo", signal.SIGINT),
        ("compare -t", signal.SIGINT),
        ("compare -t", signal.SIGTERM),
        ("determinism -t", signal.SIGINT),
    ],
)
def test_an_interrupt_leaves_nothing(desk: Path, tmp_path: Path, command: str, number: int) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    output = [] if command.startswith("determinism") else ["--output", str(tmp_path / "out")]
    env = {PID_FILE: str(tmp_path / "pid"), "TMPDIR": str(temporary)}
    process = start(*command.split(), "broken-hangs", "text.txt", *output, cwd=desk, env=env)
    child = wait_for(tmp_path / "pid")
    ran = interrupt(process, number)
    assert ran.code == 130
    assert ran.err.splitlines()[-1] == "toklab: interrupted; nothing half-done was left behind"
    assert is_gone(child)
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_a_format_that_cannot_hold_the_model_is_refused(desk: Path) -> None:
    ran = run("train", "text.txt", "--algo", "spm-bpe", "--format", "hf", "--output", "out", cwd=desk)
    assert ran.code == 2
    assert "cannot be saved as tokenizer.json" in ran.err
    assert not (desk / "out").exists()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("nowhere.json", "nowhere.json cannot be read: No such file or directory"),
        ("text.txt", "text.txt is no report: no JSON"),
        ("model/toklab.json", "model/toklab.json is no report of compare, determinism or sweep"),
        (".", "cannot be read: Is a directory"),
    ],
)
def test_what_is_no_report(here: Callable[..., Ran], desk: Path, model: Path, name: str, part: str) -> None:
    before = sorted(desk.iterdir())
    fails(here("report", name), part)
    assert sorted(desk.iterdir()) == before
