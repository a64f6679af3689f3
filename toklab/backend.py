"""What work runs on: the readable or the compiled twin, threads, children.

Small work goes to the readable twin, so that nobody waits for a compiler.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from toklab.errors import UnknownNameError, UsageError

BACKENDS = ("auto", "reference", "fast")
# Characters from which a scanner that has run before beats the readable twin.
READY_LIMIT = 1_000
# Characters that the readable twin encodes in about a second: more are worth loading the compiled scanner for.
MUCH = 1_000_000


def use_kernel(backend: str, work: int, limit: int) -> bool:
    """Whether the compiled twin runs.

    Parameters
    ----------
    backend : ``"auto"``, ``"reference"`` or ``"fast"``
    work : elementary steps that the readable twin would take
    limit : steps that it takes in about a second

    Raises
    ------
    UnknownNameError
        ``backend`` is none of the three.
    UsageError
        ``"fast"`` was asked for and Numba is not installed.
    """
    if backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS)
    if backend == "reference" or (backend == "auto" and work <= limit):
        return False
    if find_spec("numba") is not None:
        return True
    if backend == "fast":
        raise UsageError("backend 'fast' needs Numba, which is not installed; use 'reference'")
    return False


def has_run(module: str, kernel: str) -> bool:
    """Whether a kernel of `toklab.kernels` has run in this process, so that nobody waits for it any more."""
    found = sys.modules.get(f"toklab.kernels.{module}")
    return found is not None and bool(getattr(found, kernel).signatures)


def thread_count(threads: int | None, tasks: int) -> int:
    """Threads to run: as many as asked for, or one per core and at most 8; never more than there are tasks."""
    return max(1, min(threads or min(os.cpu_count() or 1, 8), tasks))


def stretch_size(usual: int) -> int:
    """Characters that are counted at a time; the determinism lab has another number in TOKLAB_STRETCH."""
    given = os.environ.get("TOKLAB_STRETCH", "")
    return int(given) if given.isdecimal() and int(given) else usual


def search_path() -> str:
    """``PYTHONPATH`` with which a child finds toklab, also from a source tree."""
    package = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
