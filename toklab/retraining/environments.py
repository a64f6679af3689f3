"""Other versions of a library, each in a folder of its own that a training looks into first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from toklab.errors import BaselineError, UsageError
from toklab.retraining.axes import distribution, library_of
from toklab.types import Contender

TIME_LIMIT = 600


def install(requirements: Sequence[str], folder: Path) -> dict[str, Path]:
    """Install each requirement with pip, without its dependencies: only the version is to be another.

    Parameters
    ----------
    requirements : such as ``tokenizers==0.22.0``; also the path of a wheel
    folder : in which each gets a folder

    Returns
    -------
    The folder of each requirement.

    Raises
    ------
    BaselineError
        pip is missing, or could not install it.
    """
    found: dict[str, Path] = {}
    for index, requirement in enumerate(dict.fromkeys(requirements)):
        found[requirement] = folder / f"version-{index}"
        _install(requirement, found[requirement])
    return found


def check_requirements(requirements: Iterable[str], contenders: Iterable[Contender]) -> None:
    """Refuse what would be installed in vain.

    Raises
    ------
    UsageError
        A requirement names no distribution, or none that trains one of the contenders.
    """
    libraries = sorted({library_of(contender) for contender in contenders} - {""})
    for requirement in requirements:
        if requirement.startswith("-") or not distribution(requirement):
            raise UsageError(f"{requirement!r} is no requirement; write for example tokenizers==0.22.0")
        if distribution(requirement) not in libraries:
            known = f"they are trained by {', '.join(libraries)}" if libraries else "toklab itself trains them"
            raise UsageError(f"no contender is trained by {distribution(requirement)!r}: {known}")


def _install(requirement: str, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    try:
        done = subprocess.run(
            [*pip, "--no-deps", "--target", str(folder), requirement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BaselineError(f"{requirement} was not installed within {TIME_LIMIT} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "pip said nothing")
        raise BaselineError(f"{requirement} cannot be installed: {said.removeprefix('ERROR: ')[:200]}")
