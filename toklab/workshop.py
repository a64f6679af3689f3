"""Train, or run a loaded model, in a child process with limits: what dies there is an error in the table, no more.

A fresh process is also what a determinism probe needs: new hash seeds, new thread pools, nothing remembered.
The child is `toklab.worker`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from toklab.backend import search_path
from toklab.corpus import Corpus
from toklab.errors import BaselineError, FormatError, ToklabError, UsageError, VocabSizeError
from toklab.types import Contender, Pretrained, Tokenizer
from toklab.worker import PREFIX

logger = logging.getLogger("toklab")
POLL_SECONDS = 0.02
Progress: TypeAlias = Callable[[str, int, int], None]
_NO_MEMORY = re.compile(r"memory allocation of \d+ bytes failed|bad_alloc|Cannot allocate memory")


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    Parameters
    ----------
    seconds : wall time
    memory_mb : address space, where the system can limit it

    Raises
    ------
    UsageError
        A limit that is not above 0.
    """

    seconds: float = 900.0
    memory_mb: int = 12_000

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise UsageError(f"a time limit of {self.seconds:g} s leaves no time to train; use more than 0")
        if not self.memory_mb > 0:
            raise UsageError(f"a memory limit of {self.memory_mb} MB leaves no memory; use more than 0")


@dataclass(frozen=True)
class Job:
    """One training; or one model to load, and to ask what it makes of texts.

    Parameters
    ----------
    contender : the algorithm and its options, ``vocab_size`` among them; or a model with a path or name as its source
    corpus : the documents to train on; of a model, those to encode and to decode again
    environment : variables to set in the child, such as ``PYTHONHASHSEED``
    as_file : the trainer gets the documents as bytes of one file, not as texts
    learned : what a model encodes besides
    """

    contender: Contender | Pretrained
    corpus: Corpus
    environment: Mapping[str, str] = field(default_factory=dict)
    as_file: bool = False
    learned: Corpus | None = None

    @property
    def others(self) -> Sequence[str]:
        """The texts of ``learned``."""
        return () if self.learned is None else self.learned.documents


@dataclass(frozen=True)
class Fit:
    """A finished training: the tokenizer, wall seconds of training or loading alone, the child's peak memory in MB."""

    tokenizer: Tokenizer
    seconds: float
    peak_mb: float


class Workshop:
    """Runs jobs in child processes, a few at a time; a context manager that leaves nothing behind.

    Parameters
    ----------
    limits : what each child may use
    processes : children at the same time; None is one per core, at most 4
    """

    def __init__(self, limits: Limits | None = None, processes: int | None = None) -> None:
        self._limits = limits or Limits()
        self._processes = processes or min(os.cpu_count() or 1, 4)
        self._folder = tempfile.TemporaryDirectory(prefix="toklab-")
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._corpora: dict[Corpus, Path] = {}
        self._closed = False

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._folder.cleanup()

    def _stop(self) -> None:
        """End every child, and start no more."""
        with self._lock:
            self._closed = True
            for process in self._running:
                _kill(process)

    def fit_all(self, jobs: Sequence[Job], on_done: Callable[[Job], None] | None = None) -> list[Fit | ToklabError]:
        """Run the jobs; a job that fails is its error, in the same place.

        Parameters
        ----------
        jobs : what to train
        on_done : called with each job as it ends, in the thread of the caller
        """

        def run(job: Job) -> Fit | ToklabError:
            try:
                return self.fit(job)
            except ToklabError as error:
                return error

        pool = ThreadPoolExecutor(self._processes)
        try:
            futures = {pool.submit(run, job): job for job in jobs}
            for future in as_completed(futures):
                future.result()
                if on_done is not None:
                    on_done(futures[future])
            return [future.result() for future in futures]
        except BaseException:
            self._stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def fit(self, job: Job) -> Fit:
        """Run one job; a tokenizer that is there already runs in this process, without limits.

        Raises
        ------
        VocabSizeError
            The vocabulary size is smaller than the alphabet.
        BaselineError
            Anything else that went wrong: an error, a crash, a hang, too much memory.
        """
        if isinstance(job.contender, Pretrained) and not isinstance(job.contender.source, str | Path):
            return _listen_here(job, job.contender.source)
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        described = {
            **self._task(job),
            "documents": str(self._documents(job.corpus)),
            "corpus": job.corpus.name,
            "as_file": job.as_file,
            "memory_mb": self._limits.memory_mb,
        }
        (folder / "job.json").write_text(json.dumps(described), encoding="utf-8")
        code = self._run(folder, job)
        if not (folder / "result.json").exists():
            raise BaselineError(f"{job.contender.name} {_how_it_ended(code, folder / 'stderr', self._limits)}")
        return _collect(folder, job)

    def _task(self, job: Job) -> dict[str, Any]:
        """What the child is to do, as `toklab.worker` reads it."""
        contender = job.contender
        if isinstance(contender, Contender):
            return {"algorithm": contender.algorithm, "options": dict(contender.options)}
        learned = None if job.learned is None else str(self._documents(job.learned))
        return {"model": contender.name, "source": str(contender.source), "learned": learned}

    def _documents(self, corpus: Corpus) -> Path:
        """The corpus as a file, written once."""
        with self._lock:
            if corpus not in self._corpora:
                path = Path(self._folder.name) / f"corpus-{len(self._corpora)}.json"
                path.write_text(json.dumps(tuple(corpus.documents)), encoding="utf-8")
                self._corpora[corpus] = path
            return self._corpora[corpus]

    def _run(self, folder: Path, job: Job) -> int:
        # A Rust panic then ends with what happened, not with a backtrace.
        defaults = {"PYTHONPATH": search_path(), "RUST_BACKTRACE": "0"}
        environment = os.environ | defaults | dict(job.environment)
        with (folder / "stderr").open("wb") as errors, self._lock:
            if self._closed:
                raise BaselineError(f"{job.contender.name} was not started: the run was stopped")
            process = subprocess.Popen(
                # -P: a json.py in the folder where the user happens to be is not ours to import.
                [sys.executable, "-P", "-m", "toklab.worker", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
            self._running.append(process)
        try:
            with (folder / "stderr").open("rb") as errors:
                return self._wait(process, errors, job.contender.name)
        finally:
            _kill(process)
            with self._lock:
                self._running.remove(process)

    def _wait(self, process: subprocess.Popen[bytes], errors: Any, name: str) -> int:
        deadline = time.monotonic() + self._limits.seconds
        code = None
        while code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(POLL_SECONDS)
            for line in errors.readlines():
                if line.startswith(PREFIX.encode()):
                    logger.info(line.decode("utf-8", "replace").removeprefix(PREFIX).rstrip())
            if code is None and time.monotonic() > deadline:
                raise BaselineError(f"{name} did not finish within {self._limits.seconds:g} s and was stopped")
        return code


def run_jobs(jobs: Sequence[Job], limits: Limits | None, progress: Progress | None) -> list[Fit | ToklabError]:
    """Run jobs in a workshop of their own; ``progress`` hears a name, how many are done, and how many there are."""
    done = 0

    def on_done(job: Job) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(job.contender.name, done, len(jobs))

    with Workshop(limits) as workshop:
        return workshop.fit_all(jobs, on_done)


def _listen_here(job: Job, tokenizer: Tokenizer) -> Fit:
    from toklab.recording import facts_of, listen

    name = job.contender.name
    try:
        said = listen(tokenizer, facts_of(name, tokenizer), job.corpus.documents, job.others)
    except ToklabError:
        raise
    except Exception as error:  # whatever somebody else's tokenizer raises
        raise BaselineError(f"{name}: {type(error).__name__}: {' '.join(str(error).split())}"[:300]) from error
    return Fit(said, 0.0, 0.0)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a child and, even where it has ended by itself, whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _collect(folder: Path, job: Job) -> Fit:
    name, result = job.contender.name, json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if result.get("smallest") is not None:
        raise VocabSizeError(result["algorithm"], result["requested"], result["smallest"])
    if "error" in result:
        raise BaselineError(f"{name}: {result['error']}")
    if isinstance(job.contender, Pretrained):
        from toklab.recording import read_recording

        said = read_recording(folder / "model", job.corpus.documents, job.others)
        return Fit(said, result["seconds"], result["peak_mb"])
    from toklab.loading import load

    try:
        tokenizer = load(folder / "model")
    except FormatError as error:
        raise BaselineError(f"{name} saved no tokenizer that can be loaded: {error}") from None
    return Fit(tokenizer, result["seconds"], result["peak_mb"])


def _how_it_ended(code: int, errors: Path, limits: Limits) -> str:
    text = errors.read_text(encoding="utf-8", errors="replace")
    if _NO_MEMORY.search(text):
        return f"ran out of memory (limit {limits.memory_mb:,} MB)"
    lines = [line.strip() for line in text.splitlines() if not line.startswith((PREFIX, "note: "))]
    last = next((line for line in reversed(lines) if line), "")
    said = f": {last[:200]}" if last else ""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}{said}"
    return f"ended with status {code} and no result{said}"
