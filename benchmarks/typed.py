"""The command as it was typed, for reports."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def typed() -> str:
    """With file names instead of this machine's paths."""
    parts = []
    for part in sys.argv[1:]:
        before, equals, value = part.rpartition("=")
        parts.append(before + equals + (Path(value).name if Path(value).is_absolute() else value))
    return shlex.join(["python", "-m", "benchmarks", *parts])
