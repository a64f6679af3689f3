"""Texts that wait to be judged, one at a time, each in a process of its own with limits."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from toklab.backend import search_path
from toklab.serving.panel import Page
from toklab.serving.worker import PAGE, PROGRESS, RESULT, TASK, TEXT
from toklab.workshop import Limits

WAITING = 4  # texts that wait while another one is judged
KEPT = 30  # reports that can still be looked at
PATIENCE = 5.0  # seconds that a process has to end the trainings that it started
POLL_SECONDS = 0.05
State = Literal["waiting", "running", "done", "failed", "stopped"]
ENDED = ("done", "failed", "stopped")


@dataclass(frozen=True)
class Order:
    """A text to judge.

    Parameters
    ----------
    text : in UTF-8
    name : what the report calls it
    documents : how it is cut, see `toklab.corpus.cut_documents`
    train : train the contenders anew on this text, and judge them on its held-out part
    """

    text: bytes = field(repr=False)
    name: str
    documents: str
    train: bool


@dataclass
class Task:
    """An order, and what has become of it.

    Parameters
    ----------
    key : its name in addresses, which nobody can guess
    folder : where its process works
    """

    key: str
    name: str
    n_bytes: int
    train: bool
    folder: Path
    state: State = "waiting"
    error: str = ""

    @property
    def page(self) -> Page:
        """The report, of a task that is done."""
        return Page((self.folder / PAGE).read_bytes())

    def described(self) -> dict[str, Any]:
        """What the panel shows of it."""
        facts = {"key": self.key, "name": self.name, "bytes": self.n_bytes, "train": self.train}
        found = _read(self.folder / (RESULT if self.state == "done" else PROGRESS))
        return {**facts, "state": self.state, "error": self.error, **found}


class BusyError(Exception):
    """As many texts wait as may."""


class Tasks:
    """The queue; a context manager whose end stops what runs.

    Parameters
    ----------
    bench : folder of the trained contenders, see `toklab.serving.bench`
    folder : where the tasks get folders of their own
    limits : of each text, and of each training
    trainings : that a text takes whose contenders are trained anew
    """

    def __init__(self, bench: Path, folder: Path, limits: Limits, trainings: int) -> None:
        self._bench, self._folder, self._limits, self._trainings = bench, folder, limits, trainings
        self._tasks: dict[str, Task] = {}
        self._changed = threading.Condition()
        self._reserved = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="toklab-tasks")

    def __enter__(self) -> Tasks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            for task in self._tasks.values():
                self._stop(task)
            self._changed.notify()
        self._thread.join()

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue for a text that is yet to arrive.

        Raises
        ------
        BusyError
            There is none.
        """
        with self._changed:
            waiting = sum(task.state == "waiting" for task in self._tasks.values())
            if self._closed or waiting + self._reserved >= WAITING:
                raise BusyError
            self._reserved += 1
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= 1

    def add(self, order: Order) -> Task:
        """Put a text at the end of the queue; the caller has a `place`."""
        key = secrets.token_hex(16)
        task = Task(key, order.name, len(order.text), order.train, self._folder / key)
        task.folder.mkdir()
        (task.folder / TEXT).write_bytes(order.text)
        described = {
            "bench": str(self._bench),
            "name": order.name,
            "documents": order.documents,
            "train": order.train,
            "seconds": self._limits.seconds,
            "memory_mb": self._limits.memory_mb,
        }
        (task.folder / TASK).write_text(json.dumps(described), encoding="ascii")
        with self._changed:
            self._tasks[key] = task
            self._forget()
            self._changed.notify()
        return task

    def find(self, key: str) -> Task | None:
        """The task of that name."""
        with self._changed:
            return self._tasks.get(key)

    def listed(self) -> list[dict[str, Any]]:
        """All tasks that are kept, the last one first."""
        with self._changed:
            tasks = list(self._tasks.values())
        return [task.described() for task in reversed(tasks)]

    def stop(self, task: Task) -> None:
        """End a task, whether it waits or runs."""
        with self._changed:
            self._stop(task)

    def _stop(self, task: Task) -> None:
        if task.state not in ENDED:
            task.state = "stopped"

    def _forget(self) -> None:
        ended = [task for task in self._tasks.values() if task.state in ENDED]
        for task in ended[: max(len(ended) - KEPT, 0)]:
            del self._tasks[task.key]
            shutil.rmtree(task.folder, ignore_errors=True)

    def _next(self) -> Task | None:
        """The task whose turn it is, as soon as there is one; None at the end."""
        with self._changed:
            while not self._closed:
                for task in self._tasks.values():
                    if task.state == "waiting":
                        task.state = "running"
                        return task
                self._changed.wait()
        return None

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                error = self._run(task)
                (task.folder / TEXT).unlink(missing_ok=True)
            except OSError as problem:  # a full disk, for one
                error = f"it could not be run: {problem.strerror or problem}"
            with self._changed:
                if task.state == "running":
                    task.state, task.error = ("failed", error) if error else ("done", "")

    def _run(self, task: Task) -> str:
        """Run the process of a task to its end; why it failed, or nothing."""
        seconds = self._limits.seconds * (1 + self._trainings * task.train)
        # What its trainings write goes with the folder, however it ends.
        environment = os.environ | {"PYTHONPATH": search_path(), "TMPDIR": str(task.folder)}
        command = [sys.executable, "-P", "-m", "toklab.serving.worker", str(task.folder)]
        with (task.folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while process.poll() is None and task.state == "running" and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        late = process.poll() is None and task.state == "running"
        _end(process)
        if late:
            return f"it was not finished within {seconds:g} s and was stopped"
        result = _read(task.folder / RESULT)
        return str(result.get("error", "")) if result else _last_words(task.folder / "stderr", process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, so that it ends its trainings; where it does not, end it."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(path: Path, code: int) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"its process ended with status {code}: {last[:200]}"


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
    return found
