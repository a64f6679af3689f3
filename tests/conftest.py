"""What all tests share: repeatable hypothesis runs and the bundled texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same examples on every run, so that continuous integration never fails by luck; kernels compile on their
# first use, which no deadline allows for.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

CORPORA = Path(__file__).resolve().parents[1] / "corpora"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of the bundled texts."""
    return CORPORA


@pytest.fixture(scope="session")
def corpus_lines() -> list[str]:
    """Every distinct line of every bundled text, line ends kept."""
    lines: dict[str, None] = {}
    for path in sorted(CORPORA.rglob("*.txt")):
        lines |= dict.fromkeys(path.read_bytes().decode("utf-8").splitlines(keepends=True))
    return list(lines)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, for one module: while it runs, no other event loop can."""
    from browser import chromium

    with chromium() as found:
        yield found
