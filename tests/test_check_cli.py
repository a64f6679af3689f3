"""``toklab check`` on the command line: exit statuses, what it prints, what it never overwrites."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import Ran, english, run

from toklab.cli import main
from toklab.training import train


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text, two models and a baseline of the first."""
    folder = tmp_path_factory.mktemp("desk")
    corpus = english(6_000)
    (folder / "text.txt").write_bytes("".join(corpus.documents).encode())
    (folder / "other.txt").write_text("another text")
    train("bpe", corpus, vocab_size=320).save(folder / "model")
    train("bpe", corpus, vocab_size=300).save(folder / "smaller")
    ran = run("check", "model", "text.txt", "--baseline", "base.json", "--write-baseline", cwd=folder)
    assert ran.code == 0, ran
    assert ran.out.startswith("base.json: ")
    assert " figures of bpe, ids of " in ran.out
    assert ran.err == ""
    return folder


@pytest.fixture
def here(desk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs ``toklab check`` in this process, which is quicker than starting one."""

    def call(*args: str | Path) -> Ran:
        monkeypatch.chdir(desk)
        monkeypatch.setattr(sys, "argv", ["toklab", "check", *map(str, args)])
        monkeypatch.setattr(os, "_exit", sys.exit)
        monkeypatch.setattr(signal, "signal", lambda number, handler: None)
        with pytest.raises(SystemExit) as caught:
            main()
        return Ran(int(str(caught.value.code)), *capfd.readouterr())

    return call


def test_what_holds(desk: Path) -> None:
    before = (desk / "base.json").read_bytes()
    ran = run("check", "model", "text.txt", "--baseline", "base.json", cwd=desk)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("bpe: passed: ")
    assert " figures hold, no id moved\n\nsignature\ntoklab:" in ran.out
    assert (desk / "base.json").read_bytes() == before


def test_what_fell(desk: Path) -> None:
    before = (desk / "base.json").read_bytes()
    ran = run("check", "smaller", "text.txt", "--baseline", "base.json", cwd=desk)
    assert (ran.code, ran.err) == (1, "")
    for part in ("bpe: FAILED: ", "\nfell\n", "\ntokens ↓ ", "documents have other ids", ", from token ", "\n> "):
        assert part in ran.out
    assert (desk / "base.json").read_bytes() == before


def test_both_kinds_of_drop_have_to_be_allowed(here: Callable[..., Ran]) -> None:
    args = ("smaller", "text.txt", "--baseline", "base.json")
    assert here(*args, "--allow-id-drift").code == 1
    assert here(*args, "--max-drop", "default=any").code == 1
    assert here(*args, "--allow-id-drift", "--max-drop", "default=50%").code == 0
    assert here(*args, "--allow-id-drift", "--max-drop", "default=50%", "--max-drop", "tokens=1").code == 1


def test_json(here: Callable[..., Ran]) -> None:
    ran = here("smaller", "text.txt", "--baseline", "base.json", "--json", "--max-drop", "fertility=30%")
    facts = json.loads(ran.out)
    assert (ran.code, facts["schema"], facts["passed"]) == (1, 1, False)
    rows = {row["metric"]: row for row in facts["rows"]}
    assert (rows["fertility"]["allowed"], rows["fertility"]["verdict"]) == ("30%", "within")
    assert rows["tokens"]["fallen"]
    ran = here("model", "text.txt", "--baseline", "base.json", "--json")
    assert (ran.code, json.loads(ran.out)["passed"]) == (0, True)


def test_a_written_baseline_keeps_its_thresholds(here: Callable[..., Ran], desk: Path) -> None:
    args = ("text.txt", "--baseline", "kept.json")
    ran = here("model", *args, "--write-baseline", "--json", "--max-drop", "default=50%")
    facts = json.loads(ran.out)
    assert (ran.code, facts["schema"], facts["baseline"]) == (0, 1, "kept.json")
    assert {"metric", "value", "unit", "better"} == set(facts["rows"][0])
    assert json.loads((desk / "kept.json").read_text())["max_drop"] == {"default": "50%"}
    assert here("smaller", *args, "--allow-id-drift").code == 0
    assert here("smaller", *args, "--allow-id-drift", "--max-drop", "default=0").code == 1
    # written again, it is of the other model
    assert here("smaller", *args, "--write-baseline").code == 0
    assert here("smaller", *args).code == 0
    assert here("model", *args).code == 1


def test_the_bundled_text_and_standard_input(desk: Path, here: Callable[..., Ran]) -> None:
    assert here("model", "--baseline", "en.json", "--write-baseline").code == 0
    assert json.loads((desk / "en.json").read_text())["corpus"] == "en"
    assert here("model", "--baseline", "en.json").code == 0
    text = (desk / "text.txt").read_bytes()
    assert run("check", "model", "-", "--baseline", "base.json", cwd=desk, stdin=text).code == 0


BASE = ["--baseline", "base.json"]


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["model", "text.txt"], ["Missing option '--baseline'"]),
        (["model", "text.txt", "--baseline", "none.json"], ["none.json: no such file; make one with --write-baseline"]),
        (["model", "text.txt", "--baseline", "text.txt"], ["text.txt is no baseline: it is not JSON"]),
        (["model", "text.txt", "--baseline", "model/tokenizer.json"], ["tokenizer.json is no baseline"]),
        (["model", "other.txt", *BASE], ["the baseline is of the text text@", "and this is other@", "same files"]),
        (["model", "text.txt", *BASE, "--documents", "line"], ["cut into documents in the same way"]),
        (["model", "text.txt", *BASE, "--documents", "lines"], ["did you mean 'line'?"]),
        (["model", "none.txt", *BASE], ["none.txt: no such file"]),
        (["none", "text.txt", *BASE], ["none holds no tokenizer"]),
        (["text.txt", "text.txt", *BASE], ["text.txt"]),
        (["model", "text.txt", *BASE, "--max-drop", "fertilty=1%"], ["'fertilty'; did you mean 'fertility'?"]),
        (["model", "text.txt", *BASE, "--max-drop", "fertility"], ["is not METRIC=AMOUNT", "fertility=0.5%"]),
        (["model", "text.txt", *BASE, "--max-drop", "fertility=-1"], ["threshold '-1' is none"]),
        (["model", "text.txt", *BASE, "--max-drop", "tokens=1", "--max-drop", "tokens=2"], ["two thresholds"]),
        (["model", "text.txt", *BASE, "--write-baseline", "--allow-id-drift"], ["goes with a check"]),
        (["model", "text.txt", *BASE, "--write-baseline", "--max-drop", "x=1"], ["unknown metric of a threshold 'x'"]),
        (
            ["model", "text.txt", "--baseline", "text.txt", "--write-baseline"],
            ["is no baseline, so it is not replaced"],
        ),
        (["model", "text.txt", "--baseline", "text.txt/b", "--write-baseline"], ["cannot be written"]),
    ],
)
def test_wrong_usage_and_bad_input(here: Callable[..., Ran], desk: Path, args: list[str], parts: list[str]) -> None:
    before = {path: path.read_bytes() for path in sorted(desk.rglob("*")) if path.is_file()}
    ran = here(*args)
    assert (ran.code, ran.out) == (2, ""), ran
    error = ran.err.splitlines()[-1]
    assert error.startswith("toklab: error: ")
    for part in parts:
        assert part in error
    assert {path: path.read_bytes() for path in sorted(desk.rglob("*")) if path.is_file()} == before
