"""What the wrapper around compiled functions promises."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from toklab import kernels

PLAIN = (int, float, bool, type(None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package of kernels: ``caller.ask`` and ``other.ask`` give what ``called.answer`` gives."""
    found = tmp_path / "kernels"
    found.mkdir()
    for name in ("__init__.py", "linked.py"):
        text = (Path(str(kernels.__file__)).parent / name).read_text()
        (found / name).write_text(text.replace("toklab.kernels", "kernels"))
    for name in ("caller", "other"):
        (found / f"{name}.py").write_text(
            "from kernels import njit\nfrom kernels.called import answer\n\n@njit\ndef ask():\n    return answer()\n"
        )
    answer(found, "1")
    return found


def answer(folder: Path, given: str) -> None:
    (folder / "called.py").write_text(f"from kernels import inner\n\n@inner\ndef answer():\n    return {given}\n")


def run(folder: Path, code: str) -> str:
    found = subprocess.run([sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_changed(folder: Path) -> None:
    code = "from kernels.caller import ask; print(ask(), sum(ask.stats.cache_hits.values()))"
    for given in ("1", "22"):
        answer(folder, given)
        assert [run(folder, code) for _ in range(2)] == [f"{given} 0\n", f"{given} 1\n"]


def test_only_a_kernel_that_is_not_cached_as_it_is_now_is_announced(folder: Path) -> None:
    code = """
import logging, sys
from kernels import announce, caller, other
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
announce(caller.ask{})
caller.ask()
"""
    told = "compiling kernels (once; later runs load them from the cache)\n"
    assert [run(folder, code.format("")) for _ in range(2)] == [told, ""]
    # Another kernel of the same name, in another module, has files of its own.
    assert run(folder, code.format(", other.ask")) == told
    answer(folder, "22")
    assert run(folder, code.format("")) == told


def test_who_is_only_called_by_kernels_has_no_machine_code(folder: Path) -> None:
    told = run(
        folder,
        """
from kernels.called import answer
from kernels.caller import ask
ask()
for kernel in (answer, ask):
    (found,) = kernel.overloads.values()
    print(found.library.get_pointer_to_function(found.fndesc.llvm_func_name) > 0)
""",
    )
    assert told == "False\nTrue\n"


def test_a_kernel_that_gives_an_array_counts_references() -> None:
    modules = (import_module(f"toklab.kernels.{found.name}") for found in pkgutil.iter_modules(kernels.__path__))
    found = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    assert len(found) > 100
    for kernel in found:
        given = get_type_hints(kernel.py_func)["return"]
        if not all(kind in PLAIN or kind in np.ScalarType for kind in get_args(given) or [given]):
            assert kernel.targetoptions["_nrt"], f"{kernel.py_func.__qualname__} must be one of those that make arrays"
