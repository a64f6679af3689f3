"""From options to a plan: what is measured where nothing is said, and what ``--full`` means."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders import ENCODE, ENTRANTS, STARTUP, TRAIN
from benchmarks.matrix import Plan
from benchmarks.sources import ENGLISH, HOSTILE, TEXTS
from benchmarks.texts import SHAPES
from toklab.errors import InputError, UnknownNameError, UsageError

QUICK: dict[str, Any] = {
    "tasks": (TRAIN, ENCODE),
    "texts": (ENGLISH,),
    "vocab_sizes": (32_000,),
    "train_mb": (10.0,),
    "word_lengths": (),
}
FULL: dict[str, Any] = {
    "tasks": (TRAIN, ENCODE, STARTUP),
    "texts": TEXTS,
    "vocab_sizes": (8_000, 32_000),
    # The first is the size of the matrix; the others are measured once, for time as a function of size.
    "train_mb": (10.0, 1.0, 3.0, 30.0, 100.0, 300.0),
    "word_lengths": (250_000, 500_000, 1_000_000, 2_000_000),
}


def make_plan(options: Mapping[str, Any], cores: int) -> Plan:
    """What is to be measured.

    Parameters
    ----------
    options : of the command line, by the names of its parameters
    cores : that there are

    Raises
    ------
    UsageError
        An option names nothing that there is, or has no NAME=VALUE.
    InputError
        A path of ``--corpus`` does not exist.
    """
    base = FULL if options["full"] else QUICK
    threads = tuple(range(1, min(cores, 2) + 1)) if options["full"] else (cores,)
    sizes = _each(options["sizes"])
    return Plan(
        tasks=_each(options["tasks"]) or base["tasks"],
        texts=_chosen("text", options["texts"], TEXTS) or base["texts"],
        corpora=_corpora(options["corpora"]),
        shapes=_chosen("shape", options["shapes"], SHAPES) or SHAPES,
        threads=_each(options["threads"]) or threads,
        vocab_sizes=_each(options["vocab_sizes"]) or base["vocab_sizes"],
        train_mb=sizes or base["train_mb"],
        encode_mb=sizes or base["train_mb"][:1],
        word_lengths=_each(options["lengths"]) or base["word_lengths"],
        names=tuple(options["names"]),
        repeats=options["repeats"],
        time_limit=options["time_limit"],
        environments=_environments(options["environments"]),
    )


def _each(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _chosen(kind: str, given: str | None, known: Sequence[str]) -> tuple[str, ...]:
    names = _each([name.strip() for name in (given or "").split(",") if name.strip()])
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return names


def _corpora(given: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for part in given:
        name, equals, value = part.partition("=")
        path = Path(value if equals else part)
        name = name if equals else ENGLISH
        if name == HOSTILE or name not in TEXTS:
            raise UnknownNameError("text", name, [text for text in TEXTS if text != HOSTILE])
        if not path.exists():
            raise InputError(f"{path} does not exist")
        found[name] = path
    return found


def _environments(given: Sequence[str]) -> dict[str, str]:
    known = list(dict.fromkeys(e.environment or e.library for e in ENTRANTS.values() if not e.ours))
    found: dict[str, str] = {}
    for part in given:
        name, equals, python = part.partition("=")
        if not equals or shutil.which(python) is None:
            raise UsageError(f"--environment takes NAME=PYTHON, a Python that can be run, not {part!r}")
        if name not in known:
            raise UnknownNameError("environment", name, known)
        found[name] = python
    return found
