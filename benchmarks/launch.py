"""Start a process, wait for it, and say how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.child import RESULT

ROOT = Path(__file__).resolve().parents[1]
CACHE = "NUMBA_CACHE_DIR"


def run_child(job: Mapping[str, Any], folder: Path, time_limit: float, python: str | None = None) -> dict[str, Any]:
    """The result of one job of `benchmarks.child`, in a folder of its own within ``folder``."""
    place = Path(tempfile.mkdtemp(dir=folder))
    (place / "job.json").write_text(json.dumps(dict(job)), encoding="utf-8")
    command = [python or sys.executable, "-m", "benchmarks.child", str(place)]
    code = run_process(command, environment(job["threads"]), place / "stderr", time_limit)
    if code is None:
        return {"error": f"over {time_limit:g} s"}
    if not (place / RESULT).exists():
        return {"error": how_it_ended(code, place / "stderr")}
    result: dict[str, Any] = json.loads((place / RESULT).read_text(encoding="utf-8"))
    return result


def run_process(
    command: Sequence[str], variables: Mapping[str, str], output: Path, time_limit: float, stdin: Path | None = None
) -> int | None:
    """Exit status of a process; None where it was stopped at the time limit."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
        errors = stack.enter_context(output.open("wb"))
        stack.enter_context(contextlib.suppress(subprocess.TimeoutExpired))
        return subprocess.run(
            command,
            stdin=source,
            stdout=errors,
            stderr=errors,
            env={**os.environ, **variables},
            timeout=time_limit,
            check=False,
        ).returncode
    return None


def environment(threads: int) -> dict[str, str]:
    """The same threads for everyone: rayon serves most of the libraries in Rust."""
    search = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        "PYTHONHASHSEED": "0",
        "RAYON_NUM_THREADS": str(threads),
        "NUMBA_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "true",
    }


def how_it_ended(code: int, errors: Path) -> str:
    """The signal or status that a process ended with, and its last word."""
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = f": {lines[-1][:200]}" if lines else ""
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code} and no result"
    return how + said
