"""One measurement in a fresh process: ``python -m benchmarks.child FOLDER`` reads ``job.json`` there.

Imports, reading the text and loading compiled kernels happen before the clock runs. The clock covers training
alone, or encoding alone. Peak memory is that of the whole process, so it includes the interpreter, the libraries
and the text; what was held before the clock ran is reported beside it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.contenders import COMPILE, ENCODE, STARTUP, TRAIN
from benchmarks.texts import WARM_UP, read_documents
from toklab.worker import peak_memory_mb

T = TypeVar("T")
PREPARE = "prepare"
RESULT = "result.json"
WARM_UP_SIZE = 330  # the 256 bytes, the characters of the warm-up text, and a few learned pieces
SAMPLE = 100  # documents whose ids are compared across libraries
Job = Mapping[str, Any]


def main(folder: Path) -> None:
    """Run the job and leave ``result.json``; an error is a result too."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    tasks = {TRAIN: train, ENCODE: encode, COMPILE: start_up, STARTUP: start_up, PREPARE: prepare}
    try:
        result = tasks[job["task"]](job)
    except BaseException as error:  # a library's panic is no Exception
        result = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def train(job: Job) -> dict[str, Any]:
    """Train once."""
    from benchmarks.trainers import make_trainer

    documents = read_documents(Path(job["texts"][0]))
    trainer = make_trainer(job["contender"], job["threads"])
    _, warm_up = timed(lambda: trainer(WARM_UP, WARM_UP_SIZE))
    before = peak_memory_mb()
    pieces, spent = timed(lambda: trainer(documents, job["vocab_size"]))
    figures = {**spent, "peak_mb": peak_memory_mb(), "before_mb": before}
    return {"passes": [figures], "warm_up_s": warm_up["wall_s"], "pieces": pieces}


def encode(job: Job) -> dict[str, Any]:
    """Encode one text after the other, each for the first time."""
    from benchmarks.encoders import make_encoder

    texts = [read_documents(Path(path)) for path in job["texts"]]
    encoder = make_encoder(job["contender"], Path(job["model"]), job["threads"])
    _, warm_up = timed(lambda: encoder.encode(WARM_UP))
    before = peak_memory_mb()
    passes = []
    for documents in texts:
        found, spent = timed(lambda documents=documents: encoder.encode(documents))  # type: ignore[misc]
        figures = {**spent, "peak_mb": peak_memory_mb(), "before_mb": before}
        passes.append({**figures, "counts": encoder.counts(found)})
        del found
    sample = encoder.ids(encoder.encode(texts[0][:SAMPLE]))
    return {"passes": passes, "warm_up_s": warm_up["wall_s"], "ids": digest(sample)}


def prepare(job: Job) -> dict[str, Any]:
    """Train and save the vocabulary that all libraries encode with."""
    from benchmarks.trainers import make_fit

    fit = make_fit(job["contender"], job["threads"])
    fit(read_documents(Path(job["texts"][0])), job["vocab_size"]).save(job["model"])
    return {}


def start_up(job: Job) -> dict[str, Any]:
    """Train on a tiny text, save, load and encode: every kernel is compiled, or loaded from the cache."""
    from benchmarks.encoders import make_encoder
    from benchmarks.trainers import make_fit

    make_fit(job["contender"], job["threads"])(WARM_UP, WARM_UP_SIZE).save(job["model"])
    make_encoder(job["contender"], Path(job["model"]), job["threads"]).encode(WARM_UP)
    return {"peak_mb": peak_memory_mb()}


def timed(run: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """A result with the wall seconds, and the processor seconds of all threads, that it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def digest(ids: Sequence[Sequence[int]]) -> str:
    """A short name for lists of ids; equal lists, equal names."""
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
