"""Compiled twins of the readable algorithms: arrays in, arrays out, equal results.

Everything here knows NumPy and Numba only. Compiled code is cached on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
logger = logging.getLogger("toklab")


def njit(function: F) -> F:
    """Compile a kernel on first use: cached, without the GIL, floats exactly as written; for callers in Python.

    It may make no arrays: without counting references to those that it is given, it compiles in nine tenths of the
    time. Numba says so where one is made nonetheless.
    """
    return _compiled(function, makes_arrays=False, only_inner=False)


def inner(function: F) -> F:
    """Like `njit`, for what only kernels call: with no wrapper for Python, and no machine code but its callers'.

    Python must not call it: the process would end there and then.
    """
    return _compiled(function, makes_arrays=False, only_inner=True)


def njit_making(function: F) -> F:
    """Like `njit`, for a kernel that makes arrays or gives one back."""
    return _compiled(function, makes_arrays=True, only_inner=False)


def inner_making(function: F) -> F:
    """Like `inner`, for a kernel that makes arrays or gives one back."""
    return _compiled(function, makes_arrays=True, only_inner=True)


def _compiled(function: F, makes_arrays: bool, only_inner: bool) -> F:
    import numba

    options: Any = {"no_cfunc_wrapper": True, "no_cpython_wrapper": only_inner, "_nrt": makes_arrays}
    if only_inner:
        from toklab.kernels.linked import LinkedCompiler

        options["pipeline_class"] = LinkedCompiler
    compiled: Any = numba.njit(cache=True, nogil=True, fastmath=False, **options)(function)
    # A kernel holds what it calls, but Numba would compile it anew only if its own file changed.
    file = getattr(compiled._cache, "_cache_file", None)
    if file is not None:
        file._source_stamp = file._source_stamp, _sources(Path(__file__).parent)
    return cast(F, compiled)


@cache
def _sources(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time of the last change (ns) and size of every file of kernels."""
    found = ((path.name, path.stat()) for path in sorted(folder.glob("*.py")))
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in found)


def announce(*kernels: Callable[..., Any]) -> None:
    """Log one line if one of these kernels has to be compiled first."""
    if not all(map(is_compiled, kernels)):
        logger.info("compiling kernels (once; later runs load them from the cache)")


def is_compiled(kernel: Callable[..., Any]) -> bool:
    """Whether a kernel has run in this process or is in the cache, as it is now."""
    file = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    return file is None or bool(getattr(kernel, "signatures", None) or file._load_index())
