"""The child process in which a contender trains, or a model is run: ``python -m toklab.worker FOLDER``.

It reads ``job.json`` from the folder and leaves a saved tokenizer (of a model: what it made of the texts) and
``result.json`` there; `toklab.workshop` starts it and reads these.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toklab.corpus import Corpus, Documents
from toklab.errors import ToklabError, VocabSizeError

PREFIX = "toklab: "  # lines of a child's standard error that the parent passes on


def main(folder: Path) -> None:
    """What the child does."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    limit_memory(job["memory_mb"])
    logging.basicConfig(level=logging.INFO, format=PREFIX + "%(message)s", stream=sys.stderr)
    result: dict[str, Any]
    try:
        result = (_run if "model" in job else _train)(job, folder / "model")
    except VocabSizeError as error:
        result = {"algorithm": error.algorithm, "requested": error.requested, "smallest": error.smallest}
    except ToklabError as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": f"ran out of memory (limit {job['memory_mb']:,} MB)"}
    except BaseException as error:  # a library's panic is no Exception
        result = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300]}
    path = folder / "result.json"
    path.with_suffix(".tmp").write_text(json.dumps(result), encoding="utf-8")
    path.with_suffix(".tmp").replace(path)


def _train(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from toklab.algorithms import get_algorithm, make_spec

    documents = _texts(job["documents"])
    corpus = Corpus(job["corpus"], Documents.of(documents) if job["as_file"] else documents)
    algorithm = get_algorithm(job["algorithm"])
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in job["options"].items()}
    spec = make_spec(algorithm, options)
    started = time.perf_counter()
    tokenizer = algorithm.fit(corpus, spec)
    seconds = time.perf_counter() - started
    tokenizer.save(folder)
    return {"seconds": seconds, "peak_mb": peak_memory_mb()}


def _run(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from toklab.loading import load
    from toklab.loading.sources import find
    from toklab.recording import facts_of, listen

    started = time.perf_counter()
    path = find(job["source"]).path  # of what comes from elsewhere, where it has been put
    tokenizer = load(path if path.exists() else job["source"])
    seconds = time.perf_counter() - started
    facts = facts_of(job["model"], tokenizer, path)
    listen(tokenizer, facts, _texts(job["documents"]), _texts(job["learned"]) if job["learned"] else ()).save(folder)
    return {"seconds": seconds, "peak_mb": peak_memory_mb()}


def _texts(path: str) -> tuple[str, ...]:
    return tuple(json.loads(Path(path).read_text(encoding="utf-8")))


def limit_memory(megabytes: int) -> None:
    """Limit this process's address space, where the system can."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000, megabytes * 1_000_000))


def peak_memory_mb() -> float:
    """Most memory that this process has held, in MB; 0 where the system does not say.

    Linux counts the memory of the parent at the time of the fork into ``ru_maxrss`` of the child; ``VmHWM``
    begins anew with the program.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1_000_000
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1_000_000 if sys.platform == "darwin" else peak * 1024 / 1_000_000


if __name__ == "__main__":
    main(Path(sys.argv[1]))
