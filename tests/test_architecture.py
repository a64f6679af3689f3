"""The rooms of the house: which module may import which, and what ``import toklab`` must not load."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "toklab"
# Lower layers first; a module may import from its own layer and from those below it.
LAYERS = (
    ("types", "errors"),
    ("backend", "files", "fingerprints", "plugins", "reading", "signature", "kernels"),
    ("corpus", "pretokenize"),
    ("algorithms", "baselines", "formats", "metrics"),
    (
        *("training", "loading", "recording", "cells", "results", "describing", "restoring"),
        *("measure", "ranking", "significance", "statistics"),
    ),
    ("contenders", "choosing", "sentences", "worker", "workshop"),
    ("comparison", "setting", "trained", "differing", "inspecting", "languages", "retraining", "sweeping", "checking"),
    ("adapting", "converting"),
    ("report",),
    ("page",),
    ("serving",),
    ("testing", "pytest_plugin"),
    ("cli", "__main__"),
)
LAYER_OF = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
HEAVY = ("numba", "pandas", "matplotlib", "tokenizers", "sentencepiece", "tiktoken", "pyarrow", "rich", "jinja2")


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, *, typing_too: bool = True) -> set[str]:
    """Dotted names that a file imports anywhere, for types as well unless told otherwise."""
    names: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing_too:
            return
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            assert node.module is not None
            names.update(_targets(node.module, [alias.name for alias in node.names]))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return names


def _targets(module: str, names: list[str]) -> set[str]:
    """``from toklab.report import plots`` names the module ``toklab.report.plots``."""
    known = modules()
    inner = {f"{module}.{name}" for name in names if f"{module}.{name}" in known}
    return inner or {module}


def room(name: str) -> str:
    """``toklab.corpus.documents`` stands in ``corpus``."""
    return ([*name.split("."), ""])[1]


@pytest.mark.parametrize("name", [name for name in modules() if name != "toklab"])
def test_dependencies_point_one_way(name: str) -> None:
    level = LAYER_OF[room(name)]
    for target in imports(modules()[name], typing_too=False):
        if target.split(".")[0] == "toklab" and target != "toklab":
            assert LAYER_OF[room(target)] <= level, f"{name} must not import {target}"


def test_every_room_is_in_a_layer() -> None:
    assert {room(name) for name in modules() if name != "toklab"} <= LAYER_OF.keys()


def test_kernels_know_numpy_and_numba_only() -> None:
    for name, path in modules().items():
        if room(name) == "kernels":
            for target in imports(path):
                allowed = target.startswith("toklab.kernels") or target == "toklab.types"
                own = (
                    target.split(".")[0] in ("numpy", "numba", "llvmlite")
                    or target.split(".")[0] in sys.stdlib_module_names
                )
                assert allowed or own, f"{name} must not import {target}"


def test_metrics_see_types_only() -> None:
    for name, path in modules().items():
        if room(name) == "metrics":
            for target in imports(path):
                allowed = ("toklab.types", "toklab.errors", "toklab.plugins", "toklab.metrics")
                assert not target.startswith("toklab") or target.startswith(allowed), f"{name} imports {target}"


def test_only_baselines_touch_the_libraries() -> None:
    for name, path in modules().items():
        # SentencePiece's normalisers are tables that it brings along.
        if room(name) != "baselines" and name != "toklab.pretokenize.precompiled":
            found = {target.split(".")[0] for target in imports(path)}
            assert not found & {"tokenizers", "sentencepiece", "subword_nmt", "tiktoken"}, name


def test_nothing_is_ever_unpickled() -> None:
    for name, path in modules().items():
        assert not imports(path) & {"pickle", "marshal", "shelve", "dill", "joblib"}, name


@pytest.mark.parametrize("module", ["toklab", "toklab.cli", "toklab.pytest_plugin"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert importlib.util.find_spec(module) is not None
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_public_names_exist() -> None:
    import toklab

    assert dir(toklab) == sorted(toklab.__all__)
    for name in toklab.__all__:
        assert getattr(toklab, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = toklab.nothing


def _inner_kernels() -> set[tuple[str, str]]:
    """Module and name of every kernel that has no wrapper for Python."""
    found = set()
    for name, path in modules().items():
        if room(name) == "kernels":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                decorators = {*map(ast.unparse, node.decorator_list)} if isinstance(node, ast.FunctionDef) else set()
                if isinstance(node, ast.FunctionDef) and decorators & {"inner", "inner_making"}:
                    found.add((name.split(".")[-1], node.name))
    return found


def test_python_calls_no_kernel_that_only_kernels_may_call() -> None:
    inner = _inner_kernels()
    assert ("merging", "merge_everywhere") in inner
    callers = [path for name, path in modules().items() if room(name) != "kernels"]
    for path in [*callers, *ROOT.glob("tests/*.py"), *ROOT.glob("benchmarks/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toklab.kernels."):
                used = {(str(node.module).split(".")[-1], each.name) for each in node.names}
            elif isinstance(node, ast.Attribute):
                used = {(ast.unparse(node.value).split(".")[-1], node.attr)}
            else:
                continue
            assert not used & inner, f"{path.name} calls {used & inner}, which ends the process"
