"""What the wrapper around compiled functions promises."""

from __future__ import annotations

import logging
import pkgutil
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from toklab import kernels
from toklab.kernels import announce, bpe, wordpiece

PLAIN = (int, float, bool, type(None))


def uncompiled(kernel: Any, cache: Path) -> Any:
    """A kernel that has not run in this process, with another cache."""
    return SimpleNamespace(stats=SimpleNamespace(cache_path=str(cache)), signatures=[], py_func=kernel.py_func)


def test_only_a_kernel_that_is_not_cached_is_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "toklab")
    (tmp_path / "bpe.learn-94.py311.nbi").touch()
    announce(uncompiled(bpe.learn, tmp_path))
    assert not caplog.records
    # Another kernel of the same name, in another module, has files of its own.
    announce(uncompiled(bpe.learn, tmp_path), uncompiled(wordpiece.learn, tmp_path))
    assert [record.message.split(" (")[0] for record in caplog.records] == ["compiling kernels"]


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_changed(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    shutil.copy(str(kernels.__file__), folder / "__init__.py")
    (folder / "caller.py").write_text(
        "from kernels import njit\nfrom kernels.called import answer\n\n@njit\ndef ask():\n    return answer()\n"
    )
    for expected in ("1", "22"):
        (folder / "called.py").write_text(
            f"from kernels import inner\n\n@inner\ndef answer():\n    return {expected}\n"
        )
        code = "from kernels.caller import ask; print(ask(), sum(ask.stats.cache_hits.values()))"
        for hits in ("0", "1"):
            found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
            assert found.stdout.split() == [expected, hits], found.stderr


def test_a_kernel_that_gives_an_array_counts_references() -> None:
    modules = (import_module(f"toklab.kernels.{found.name}") for found in pkgutil.iter_modules(kernels.__path__))
    found = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    assert len(found) > 100
    for kernel in found:
        given = get_type_hints(kernel.py_func)["return"]
        if not all(kind in PLAIN or kind in np.ScalarType for kind in get_args(given) or [given]):
            assert kernel.targetoptions["_nrt"], f"{kernel.py_func.__qualname__} must be one of those that make arrays"
