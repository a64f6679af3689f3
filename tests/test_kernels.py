"""What the wrapper around compiled functions promises."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from toklab.kernels import announce, bpe, wordpiece


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
