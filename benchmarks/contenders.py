"""Who takes part: every contender by name, the library that it needs, and what it is held against."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from toklab.contenders import parse_contender
from toklab.errors import UnknownNameError, UsageError
from toklab.signature import toklab_version

TRAIN, ENCODE, STARTUP = "train", "encode", "startup"
TASKS = (TRAIN, ENCODE, STARTUP)
RELEASE_CANDIDATE = "hf-rc"


@dataclass(frozen=True)
class Entrant:
    """A contender of the benchmark.

    Parameters
    ----------
    name : what ``--contender`` and the tables call it
    library : the distribution that it needs
    reference : the contender of toklab that its ratio is to
    tasks : what it can do
    slow : tasks in which it takes part only when it is named
    model : for encoding, the contender of toklab that trains the vocabulary
    module : what is imported, where that is not the distribution's name
    environment : what ``--environment`` calls the Python that runs it; this one unless given
    """

    name: str
    library: str
    reference: str = "bpe"
    tasks: tuple[str, ...] = (TRAIN,)
    slow: tuple[str, ...] = ()
    model: str | None = None
    module: str | None = None
    environment: str | None = None

    @property
    def ours(self) -> bool:
        return self.library == "toklab"


_BOTH = (TRAIN, ENCODE)


def _bpe(name: str, library: str, tasks: tuple[str, ...] = (ENCODE,), **more: str) -> Entrant:
    return Entrant(name, library, "bpe", tasks, (), "bpe", **more)


def _wordpiece(name: str, library: str, tasks: tuple[str, ...] = (ENCODE,), **more: str) -> Entrant:
    return Entrant(name, library, "wordpiece-hf", tasks, (), "wordpiece-hf", **more)


def _unigram(
    name: str, library: str, tasks: tuple[str, ...] = (ENCODE,), slow: tuple[str, ...] = (), **more: str
) -> Entrant:
    return Entrant(name, library, "unigram", tasks, slow, "unigram", **more)


_TABLE = (
    _bpe("bpe", "toklab", _BOTH),
    _bpe("hf-bpe", "tokenizers", _BOTH),
    _bpe("hf-bpe-fast", "tokenizers"),
    _bpe("hf-bpe-rc", "tokenizers", environment=RELEASE_CANDIDATE),
    Entrant("spm-bpe", "sentencepiece"),
    Entrant("rustbpe", "rustbpe"),
    Entrant("bpeasy", "bpeasy"),
    Entrant("youtokentome", "youtokentome"),
    Entrant("subword-nmt", "subword-nmt", slow=(TRAIN,), module="subword_nmt"),
    _bpe("tiktoken", "tiktoken"),
    _bpe("gigatoken", "gigatoken", _BOTH),
    _bpe("fastokens", "fastokens"),
    _bpe("splintr", "splintr-rs", module="splintr"),
    _bpe("tokie", "tokie"),
    _bpe("kitoken", "kitoken"),
    _wordpiece("wordpiece-hf", "toklab", _BOTH),
    _wordpiece("hf-wordpiece", "tokenizers", _BOTH),
    _wordpiece("hf-wordpiece-fast", "tokenizers"),
    _wordpiece("hf-wordpiece-rc", "tokenizers", environment=RELEASE_CANDIDATE),
    _wordpiece("splintr-wordpiece", "splintr-rs", module="splintr"),
    _wordpiece("tokie-wordpiece", "tokie"),
    _wordpiece("kitoken-wordpiece", "kitoken"),
    _wordpiece("gigatoken-wordpiece", "gigatoken"),
    _wordpiece("fastokens-wordpiece", "fastokens"),
    Entrant("wordpiece", "toklab", "wordpiece-hf"),
    _unigram("unigram", "toklab", _BOTH),
    _unigram("spm-unigram", "sentencepiece", _BOTH),
    _unigram("hf-unigram", "tokenizers", _BOTH, (TRAIN,)),
    _unigram("hf-unigram-fast", "tokenizers"),
    _unigram("hf-unigram-rc", "tokenizers", environment=RELEASE_CANDIDATE),
    _unigram("splintr-unigram", "splintr-rs", module="splintr"),
    _unigram("tokie-unigram", "tokie"),
    _unigram("kitoken-unigram", "kitoken"),
)
ENTRANTS = {entrant.name: entrant for entrant in _TABLE}
# Why a library that trains does not encode here.
OWN_MODELS = {
    "sentencepiece": "has no byte-level BPE",
    "rustbpe": "encodes with what it has just trained only",
    "bpeasy": "trains only",
    "youtokentome": "loads its own models only",
    "subword-nmt": "loads its own merges of characters only",
}


def choose(names: Sequence[str], task: str) -> list[Entrant]:
    """Who does a task: those that were named, or everyone who takes part by default."""
    if names:
        return [entrant for entrant in map(find, dict.fromkeys(names)) if task in entrant.tasks]
    return [entrant for entrant in _TABLE if task in entrant.tasks and task not in entrant.slow]


def find(name: str) -> Entrant:
    """The contender of a name; any trainer of toklab's registry, with options, can train.

    Raises
    ------
    UnknownNameError
        Nothing has that name.
    """
    if name in ENTRANTS:
        return ENTRANTS[name]
    try:
        algorithm = parse_contender(name).algorithm
    except UnknownNameError as error:
        raise UnknownNameError(error.kind, error.name, dict.fromkeys([*ENTRANTS, *error.choices])) from None
    library = {"hf": "tokenizers", "spm": "sentencepiece"}.get(algorithm.partition("-")[0], "toklab")
    kinds = ("wordpiece", "unigram")
    kind = next((kind for kind in kinds if kind in algorithm), "bpe")
    return Entrant(name, library, "wordpiece-hf" if kind == "wordpiece" else kind)


def python_of(entrant: Entrant, environments: Mapping[str, str]) -> str | None:
    """The Python that runs a contender; None where it needs one that was not given."""
    own = None if entrant.environment else sys.executable
    return environments.get(entrant.environment or entrant.library, own)


@cache
def is_installed(entrant: Entrant, python: str) -> bool:
    """Whether a Python can import the library of a contender."""
    if entrant.ours:
        return True
    # A library that is there but breaks is not installed in any useful sense.
    code = f"import {entrant.module or entrant.library}"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


@cache
def library_version(library: str, python: str | None = None) -> str:
    """``name version`` of a library."""
    if library == "toklab":
        return f"{library} {toklab_version()}"
    if python not in (None, sys.executable):
        code = f"from importlib.metadata import version; print(version({library!r}))"
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
        return f"{library} {done.stdout.strip()}".rstrip()
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return library


def absence(entrant: Entrant, environments: Mapping[str, str]) -> str | None:
    """Why a contender cannot run; None where it can."""
    python = python_of(entrant, environments)
    if python is None:
        return f"needs a Python of its own: --environment {entrant.environment}=PYTHON"
    return None if is_installed(entrant, python) else f"{entrant.library} is not installed"


def left_out(names: Sequence[str], tasks: Sequence[str], environments: Mapping[str, str]) -> dict[str, str]:
    """Contenders that do not take part, and why."""
    reasons: dict[str, str] = {}
    for entrant in map(find, dict.fromkeys(names)) if names else _TABLE:
        if set(tasks).isdisjoint(entrant.tasks):
            if not names and ENCODE in tasks and entrant.library in OWN_MODELS and not entrant.slow:
                reasons[entrant.name] = f"{entrant.library} {OWN_MODELS[entrant.library]}"
        elif reason := absence(entrant, environments):
            reasons[entrant.name] = reason
        elif not names and (slow := [task for task in tasks if task in entrant.slow]):
            reasons[entrant.name] = f"slow to {' and '.join(slow)}; name it with --contender {entrant.name}"
    return reasons


def check_names(names: Sequence[str], tasks: Sequence[str]) -> None:
    """Refuse names that nothing has, and a choice that leaves nothing to measure.

    Raises
    ------
    UnknownNameError
        Nothing has one of the names.
    UsageError
        No contender that was named does any of the tasks.
    """
    entrants = [find(name) for name in names]
    if names and STARTUP not in tasks and all(set(tasks).isdisjoint(entrant.tasks) for entrant in entrants):
        raise UsageError(f"none of {', '.join(names)} does the task {' or '.join(tasks)}; choose others")
