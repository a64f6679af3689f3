"""Run every measurement in a fresh process, round by round: each contender once before any has its second turn.

What else the machine does at a time then falls on all contenders alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.child import PREPARE, RESULT
from benchmarks.contenders import COMPILE, ENCODE, STARTUP, TRAIN, Entrant, choose, is_installed
from benchmarks.texts import Text, write_documents

Say = Callable[[str], None]
ROOT = Path(__file__).resolve().parents[1]
CACHE = "NUMBA_CACHE_DIR"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    text : the documents
    tasks : ``"train"``, ``"encode"`` or both
    vocab_sizes : sizes, each measured for itself
    names : contenders; empty for all that take part by default
    repeats : rounds
    threads : threads that every library is told to use
    time_limit : seconds for one child process, imports included
    cold : measure the compilation of kernels as well
    """

    text: Text
    tasks: tuple[str, ...]
    vocab_sizes: tuple[int, ...]
    names: tuple[str, ...]
    repeats: int
    threads: int
    time_limit: float
    cold: bool = False


@dataclass
class Measurement:
    """One contender at one task and size, and what its rounds gave.

    Parameters
    ----------
    job : what the child reads
    runs : the results of its rounds
    error : why there are no more
    """

    task: str
    entrant: Entrant
    vocab_size: int
    job: Mapping[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None


def run_plan(plan: Plan, say: Say) -> list[Measurement]:
    """Measure; a contender that fails keeps its error, and the others go on."""
    with tempfile.TemporaryDirectory(prefix="toklab-benchmark-") as name:
        folder = Path(name)
        texts = _write_texts(plan, folder)
        measurements = [*_start_ups(plan), *_trainings(plan, texts), *_encodings(plan, texts, folder)]
        bench = Bench(plan, folder, say)
        bench.warm_up(measurements)
        bench.train_models(measurements, texts[0])
        for number in range(1, plan.repeats + 1):
            for measurement in measurements:
                if measurement.error is None:
                    bench.measure(measurement, number)
    return measurements


def _write_texts(plan: Plan, folder: Path) -> list[str]:
    """Files with all documents, and where encoding is measured, with either half of them."""
    parts = [plan.text.documents, *(plan.text.halves() if ENCODE in plan.tasks else ())]
    paths = [folder / f"documents-{number}" for number in range(len(parts))]
    for path, documents in zip(paths, parts, strict=True):
        write_documents(path, documents)
    return [str(path) for path in paths]


def _chosen(plan: Plan, task: str) -> Iterator[tuple[Entrant, int]]:
    for size in plan.vocab_sizes:
        for entrant in choose(plan.names, task):
            if is_installed(entrant.library):
                yield entrant, size


def _trainings(plan: Plan, texts: Sequence[str]) -> list[Measurement]:
    found = _chosen(plan, TRAIN) if TRAIN in plan.tasks else ()
    return [Measurement(TRAIN, entrant, size, {"texts": texts[:1]}) for entrant, size in found]


def _encodings(plan: Plan, texts: Sequence[str], folder: Path) -> list[Measurement]:
    found = _chosen(plan, ENCODE) if ENCODE in plan.tasks else ()
    return [
        Measurement(ENCODE, entrant, size, {"texts": texts[1:], "model": str(folder / f"{entrant.model}-{size}")})
        for entrant, size in found
    ]


def _start_ups(plan: Plan) -> list[Measurement]:
    """For each of toklab's trainers, a start with an empty cache and then one with the cache it left."""
    ours = {e.name: e for task in plan.tasks for e, _ in _chosen(plan, task) if e.ours} if plan.cold else {}
    return [Measurement(task, entrant, 0, {}) for entrant in ours.values() for task in (COMPILE, STARTUP)]


class Bench:
    """Starts the children.

    Parameters
    ----------
    folder : for their jobs and models
    say : takes a line of progress
    """

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan, self._folder, self._say = plan, folder, say

    def warm_up(self, measurements: Sequence[Measurement]) -> None:
        """Fill the cache of compiled kernels, so that no child's time or memory is that of a compiler."""
        for name in dict.fromkeys(m.entrant.name for m in measurements if m.entrant.ours):
            self._say(f"warm-up: {name}")
            self._run({"task": STARTUP, "contender": name, "model": str(self._folder / f"warm-up-{name}")})

    def train_models(self, measurements: Sequence[Measurement], text: str) -> None:
        """The vocabularies that the encoders share; without one, its encoders fail."""
        wanted = {m.job["model"]: m for m in measurements if m.task == ENCODE}
        for path, first in wanted.items():
            name, size = first.entrant.model, first.vocab_size
            self._say(f"vocabulary to encode with: {name}, {size:,} pieces")
            result = self._run({"task": PREPARE, "contender": name, "vocab_size": size, "texts": [text], "model": path})
            for measurement in measurements:
                if "error" in result and measurement.job.get("model") == path:
                    measurement.error = f"no vocabulary to encode with: {result['error']}"

    def measure(self, measurement: Measurement, number: int) -> None:
        """One round of one measurement."""
        m = measurement
        job = {"task": m.task, "contender": m.entrant.name, "vocab_size": m.vocab_size, **m.job}
        environment = {}
        if m.task in (COMPILE, STARTUP):
            job["model"] = str(self._folder / f"start-{m.entrant.name}")
            environment[CACHE] = str(self._folder / f"cache-{m.entrant.name}-{number}")
        result = self._run(job, environment)
        size = f", {m.vocab_size:,} pieces" if m.vocab_size else ""
        if "error" in result:
            m.error = str(result["error"])
        else:
            m.runs.append(result)
        self._say(f"round {number} of {self._plan.repeats}: {m.task} {m.entrant.name}{size}: {_outcome(result)}")

    def _run(self, job: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The child's result, and in ``process_s`` how long the whole process took."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        described = {"threads": self._plan.threads, **job}
        (folder / "job.json").write_text(json.dumps(described), encoding="utf-8")
        started = time.perf_counter()
        code = self._start(folder, {**os.environ, **self._environment(), **(environment or {})})
        spent = time.perf_counter() - started
        if code is None:
            return {"error": f"over {self._plan.time_limit:g} s"}
        if not (folder / RESULT).exists():
            return {"error": _how_it_ended(code, folder / "stderr")}
        result: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return {**result, "process_s": spent}

    def _start(self, folder: Path, environment: Mapping[str, str]) -> int | None:
        """Exit status of a child; None where it was stopped at the time limit."""
        command = [sys.executable, "-m", "benchmarks.child", str(folder)]
        with (folder / "stderr").open("wb") as errors, contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                timeout=self._plan.time_limit,
                check=False,
            ).returncode
        return None

    def _environment(self) -> dict[str, str]:
        """The same threads for everyone: rayon serves tokenizers, rustbpe and bpeasy."""
        threads = str(self._plan.threads)
        search = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        return {
            "PYTHONPATH": os.pathsep.join(filter(None, search)),
            "PYTHONHASHSEED": "0",
            "RAYON_NUM_THREADS": threads,
            "NUMBA_NUM_THREADS": threads,
            "TOKENIZERS_PARALLELISM": "true",
        }


def _how_it_ended(code: int, errors: Path) -> str:
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = f": {lines[-1][:200]}" if lines else ""
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code} and no result"
    return how + said


def _outcome(result: Mapping[str, Any]) -> str:
    if "error" in result:
        return str(result["error"])
    seconds = [each["wall_s"] for each in result.get("passes", ())] or [result["process_s"]]
    return " + ".join(f"{value:.2f} s" for value in seconds)
