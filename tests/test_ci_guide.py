"""The guide to continuous integration: every command in it runs, and prints what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import TESTS, search_path

from toklab.loading import load
from toklab.testing import assert_encodes_as

GUIDE = (TESTS.parent / "docs" / "continuous-integration.md").read_text(encoding="utf-8")
FAILING = "toklab train --algo bpe --vocab-size 950 --output tokenizer"
INSTALL = "python -m pip install toklab pytest"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE, re.M | re.S)


def shown(mark: str) -> str:
    """The block below a mark."""
    found: list[str] = re.findall(rf"^<!-- {mark} -->\n```\n(.*?)^```$", GUIDE, re.M | re.S)
    return found[0]


def squeezed(text: str) -> list[str]:
    """Lines without the widths of their columns, which a metric with a long name would change."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line and line != "…" and not line.startswith("─")]


def call(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``toklab`` and ``pytest`` as a project with toklab installed runs them."""
    name, *args = shlex.split(command)
    assert name in ("toklab", "pytest"), command
    plugin = {"PYTEST_PLUGINS": "toklab.pytest_plugin", "PYTHONIOENCODING": "utf-8"}
    env = {**os.environ, **plugin, "PYTHONPATH": search_path(TESTS.parent)}
    return subprocess.run(
        [sys.executable, "-m", name, *args], cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=120
    )


@dataclass(frozen=True)
class Followed:
    """The guide as someone follows it, from its first line to its last."""

    folder: Path
    commands: dict[str, str]  # what each printed; all of them ended well
    failed: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").write_text(blocks("toml")[0])
    (folder / "test_tokenizer.py").write_text(blocks("python")[0])
    baseline, check, change, tests = blocks("sh")
    commands = {}

    def follow(lines: str) -> None:
        for command in lines.splitlines():
            ran = call(command, folder)
            assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
            commands[command] = ran.stdout

    follow(baseline + check)
    assert FAILING in GUIDE.replace(change, "")
    follow(FAILING)
    failed = call(check, folder)
    follow(change + tests)
    return Followed(folder, commands, failed)


def test_a_failed_check_reads_as_shown(followed: Followed) -> None:
    assert followed.failed.returncode == 1
    found = iter(squeezed(followed.failed.stdout))
    for line in squeezed(shown("failed check")):
        assert line in found, line  # and in this order: what was passed over is gone


def test_the_tests_of_the_guide_pass(followed: Followed) -> None:
    assert "4 passed" in followed.commands[blocks("sh")[-1].strip()]
    assert "4 passed" in call("pytest", followed.folder).stdout  # pyproject.toml names the tokenizer as well


def test_a_failed_assertion_reads_as_shown(followed: Followed) -> None:
    pieces = ["the", " weather", " was", " un", "believ", "able"]
    with pytest.raises(AssertionError) as caught:
        assert_encodes_as(load(followed.folder / "tokenizer"), "the weather was unbelievable", pieces)
    assert str(caught.value) == shown("failed assertion").rstrip()


def test_the_workflow_runs_the_same_commands(followed: Followed) -> None:
    steps = re.findall(r"- run: (.*)", blocks("yaml")[0])
    assert steps[0] == INSTALL
    assert len(steps) > 1
    assert set(steps[1:]) <= followed.commands.keys()


def test_thresholds_may_be_written_as_the_text_writes_them(followed: Followed) -> None:
    options = re.findall(r"`(--max-drop [^`]+)`", GUIDE)
    assert len(options) > 2
    command = f"toklab check tokenizer --baseline tokenizer.baseline.json {' '.join(options)}"
    assert call(command, followed.folder).returncode == 0
