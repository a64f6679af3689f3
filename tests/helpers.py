"""What several test modules share: a small corpus, the command line in a process, trainers that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from broken_trainers import TRAINERS

from toklab.corpus import Corpus, Held, bundled_path, cut_documents

TESTS = Path(__file__).resolve().parent
PATIENCE = 60.0  # seconds, for what ends at once unless something is broken


@cache
def english(size: int = 20_000) -> Corpus:
    """The first ``size`` bytes or so of the bundled text, in whole paragraphs."""
    documents = cut_documents(Held(bundled_path().read_bytes()), "paragraph")
    count = total = 0
    while total < size:
        total += len(documents[count].encode("utf-8"))
        count += 1
    return Corpus("english", tuple(documents[:count]))


@contextmanager
def broken_trainers(folder: Path) -> Iterator[None]:
    """Install the trainers of `broken_trainers` for this process and its children, by entry points."""
    points = "".join(f"{name} = broken_trainers:{name}\n" for name in TRAINERS)
    info = folder / "broken_trainers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-trainers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[toklab.algorithms]\n{points}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", search_path(folder, TESTS))
        yield


def search_path(*folders: Path) -> str:
    """A PYTHONPATH that begins with these folders and holds for whatever folder a child starts in."""
    rest = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join([*map(str, folders), *map(os.path.abspath, rest)])


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit status and what it wrote."""

    code: int
    out: str
    err: str


def start(*args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start ``python -m toklab`` in a folder, in a session of its own, as a shell would."""
    return subprocess.Popen(
        [sys.executable, "-m", "toklab", *map(str, args)],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": search_path(TESTS.parent),
            "PYTHONIOENCODING": "utf-8:strict",
            **(env or {}),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run(*args: str | Path, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run ``python -m toklab`` to its end."""
    process = start(*args, cwd=cwd, env=env)
    try:
        out, err = process.communicate(stdin, timeout=2 * PATIENCE)
    finally:
        process.kill()
    return Ran(process.returncode, out.decode("utf-8"), err.decode("utf-8"))


def interrupt(process: subprocess.Popen[bytes], number: int = signal.SIGINT) -> Ran:
    """Send Ctrl-C's signal, or another one, to a process and wait for its end."""
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    return Ran(process.returncode, out.decode("utf-8"), err.decode("utf-8"))


def wait_for(path: Path) -> int:
    """The process id that a child writes into a file as soon as it runs."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"nothing wrote {path}"
        time.sleep(0.02)
    return int(path.read_text())


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends within a moment; one that nobody has reaped yet counts as ended."""
    deadline = time.monotonic() + PATIENCE
    while _lives(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
    except (ProcessLookupError, FileNotFoundError):
        return False
