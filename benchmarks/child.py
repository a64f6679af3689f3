"""One measurement in a fresh process: ``python -m benchmarks.child FOLDER`` reads ``job.json`` there.

Imports, reading the text to encode and loading compiled kernels happen before the clock runs. The clock covers
training from a file alone, or encoding alone. Peak memory is that of the whole process, so it includes the
interpreter, the library and the text; what was held before the clock ran is reported beside it. Only the library
that is measured is imported, so any Python that has it and NumPy will do.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.documents import WARM_UP, WARM_UP_COPIES, WARM_UP_SIZE, digest, read_documents
from toklab.worker import peak_memory_mb

T = TypeVar("T")
TRAIN, ENCODE, CHECK, PREPARE, WARM = "train", "encode", "check", "prepare", "warm-up"
RESULT = "result.json"
Job = Mapping[str, Any]


class LoadError(Exception):
    """The library cannot load our model."""


def main(folder: Path) -> None:
    """Run the job and leave ``result.json``; an error is a result too."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    hold_to(job["threads"])
    tasks = {TRAIN: train, ENCODE: encode, CHECK: check, PREPARE: prepare, WARM: warm_up}
    try:
        result = tasks[job["task"]](job, folder)
    except LoadError as error:
        result = {"error": describe(error.__cause__ or error), "load": True}
    except BaseException as error:  # a library's panic is no Exception
        result = {"error": describe(error)}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def describe(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def hold_to(threads: int) -> None:
    """As many cores as threads, because some libraries ask nobody how many threads to start."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


def train(job: Job, folder: Path) -> dict[str, Any]:
    """Train once, from a file."""
    from benchmarks.trainers import make_trainer

    trainer = make_trainer(job["contender"], job["threads"])
    small = folder / "warm-up.txt"
    small.write_text("\n".join(WARM_UP), encoding="utf-8")
    _, warm = timed(lambda: trainer(small, WARM_UP_SIZE))
    before = peak_memory_mb()
    pieces, spent = timed(lambda: trainer(Path(job["text"]), job["vocab_size"]))
    figures = {**spent, "peak_mb": peak_memory_mb(), "before_mb": before}
    return {"passes": [figures], "warm_up_s": warm["wall_s"], "pieces": pieces}


def encode(job: Job, folder: Path) -> dict[str, Any]:
    """Encode one text after the other, each for the first time."""
    texts = [read_documents(Path(path)) for path in job["texts"]]
    encoder = _load(job)
    _, warm = timed(lambda: encoder.encode(list(WARM_UP * WARM_UP_COPIES)))
    before = peak_memory_mb()
    passes = []
    for documents in texts:
        found, spent = timed(lambda documents=documents: encoder.encode(documents))  # type: ignore[misc]
        figures = {**spent, "peak_mb": peak_memory_mb(), "before_mb": before}
        passes.append({**figures, **_names(*encoder.flat(found))})
        del found
    return {"passes": passes, "warm_up_s": warm["wall_s"]}


def check(job: Job, folder: Path) -> dict[str, Any]:
    """The ids of a sample, before anything is timed."""
    encoder = _load(job)
    return _names(*encoder.flat(encoder.encode(read_documents(Path(job["texts"][0])))))


def _load(job: Job) -> Any:
    from benchmarks.encoders import make_encoder

    try:
        return make_encoder(job["contender"], Path(job["model"]), job["threads"])
    except BaseException as error:
        raise LoadError from error


def _names(ids: Any, counts: Any) -> dict[str, Any]:
    return {"ids": digest(ids), "counts": digest(counts), "tokens": len(ids)}


def prepare(job: Job, folder: Path) -> dict[str, Any]:
    """Train and save the vocabulary that all libraries encode with."""
    from benchmarks.models import save_forms
    from benchmarks.trainers import fit_toklab

    save_forms(fit_toklab(job["contender"], Path(job["text"]), job["vocab_size"], job["threads"]), Path(job["model"]))
    return {}


def warm_up(job: Job, folder: Path) -> dict[str, Any]:
    """Train, save, load and encode: every kernel of toklab is compiled, or loaded from the cache."""
    from benchmarks.encoders import make_encoder

    text = folder / "warm-up.txt"
    text.write_text("\n".join(WARM_UP), encoding="utf-8")
    prepare({**job, "text": str(text), "vocab_size": WARM_UP_SIZE, "model": str(folder / "model")}, folder)
    encoder = make_encoder(job["contender"], folder / "model", job["threads"])
    encoder.encode(list(WARM_UP * WARM_UP_COPIES))
    return {}


def timed(run: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """A result with the wall seconds, and the processor seconds of all threads, that it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
