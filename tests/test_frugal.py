"""Memory that is freed goes back to the system."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import numpy as np
import pytest

from toklab.algorithms.frugal import frugal_memory
from toklab.backend import search_path

KEPT = """
import contextlib, os, sys
import numpy as np
from toklab.algorithms.frugal import frugal_memory

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

with frugal_memory() if sys.argv[1] == "frugal" else contextlib.nullcontext():
    large = np.ones(20_000_000, np.uint8)
    del large  # what the C library learns from
    before = held()
    arrays = [np.ones(3_000_000, np.uint8) for _ in range(8)]
    last = np.ones(3_000_000, np.uint8)
    arrays.clear()
    print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have no such setting")
def test_freed_arrays_go_back_to_the_system() -> None:
    kept = {}
    for how in ("frugal", "usual"):
        command = [sys.executable, "-c", KEPT, how]
        kept[how] = int(subprocess.check_output(command, env={"PYTHONPATH": search_path()}, text=True))
    assert kept["frugal"] < 6_000_000 < 20_000_000 < kept["usual"]


def test_elsewhere_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: pytest.fail("no library is to be asked"))
    with frugal_memory():
        assert np.ones(10).sum() == 10
