"""Who takes part: every contender by name, the library that it needs, and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from toklab.contenders import parse_contender
from toklab.errors import UnknownNameError, UsageError
from toklab.signature import toklab_version

TRAIN, ENCODE, COMPILE, STARTUP = "train", "encode", "compile", "startup"


@dataclass(frozen=True)
class Entrant:
    """A contender of the benchmark.

    Parameters
    ----------
    name : what ``--contender`` and the tables call it
    library : the distribution that it needs; also the module, in all of these
    reference : the contender of toklab that its ratio is to
    tasks : what it can do
    by_default : takes part without being named
    model : for encoding, the contender of toklab that trains the vocabulary
    """

    name: str
    library: str
    reference: str = "bpe"
    tasks: tuple[str, ...] = (TRAIN,)
    by_default: bool = True
    model: str | None = None

    @property
    def ours(self) -> bool:
        return self.library == "toklab"


_BOTH = (TRAIN, ENCODE)
_TABLE = (
    Entrant("bpe", "toklab", tasks=_BOTH, model="bpe"),
    Entrant("hf-bpe", "tokenizers", tasks=_BOTH, model="bpe"),
    Entrant("hf-bpe-fast", "tokenizers", tasks=(ENCODE,), model="bpe"),
    Entrant("spm-bpe", "sentencepiece"),
    Entrant("rustbpe", "rustbpe"),
    Entrant("bpeasy", "bpeasy"),
    Entrant("tiktoken", "tiktoken", tasks=(ENCODE,), model="bpe"),
    Entrant("wordpiece-hf", "toklab", "wordpiece-hf", _BOTH, model="wordpiece-hf"),
    Entrant("hf-wordpiece", "tokenizers", "wordpiece-hf", _BOTH, model="wordpiece-hf"),
    Entrant("wordpiece", "toklab", "wordpiece-hf"),
    Entrant("hf-unigram", "tokenizers", "unigram", by_default=False),
    Entrant("spm-unigram", "sentencepiece", "unigram", by_default=False),
)
ENTRANTS = {entrant.name: entrant for entrant in _TABLE}


def choose(names: Sequence[str], task: str) -> list[Entrant]:
    """Who does a task: those that were named, or everyone who takes part by default."""
    if names:
        return [entrant for entrant in map(find, dict.fromkeys(names)) if task in entrant.tasks]
    return [entrant for entrant in _TABLE if task in entrant.tasks and entrant.by_default]


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


def is_installed(library: str) -> bool:
    """Whether a library can be imported."""
    return find_spec(library) is not None


def library_version(library: str) -> str:
    """``name version`` of a library."""
    try:
        return f"{library} {toklab_version() if library == 'toklab' else version(library)}"
    except PackageNotFoundError:
        return library


def left_out(names: Sequence[str], tasks: Sequence[str]) -> dict[str, str]:
    """Contenders that do not take part, and why."""
    reasons: dict[str, str] = {}
    for entrant in map(find, dict.fromkeys(names)) if names else _TABLE:
        if set(tasks).isdisjoint(entrant.tasks):
            continue
        if not is_installed(entrant.library):
            reasons[entrant.name] = f"{entrant.library} is not installed"
        elif not names and not entrant.by_default:
            reasons[entrant.name] = f"slow; name it with --contender {entrant.name}"
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
    if names and all(set(tasks).isdisjoint(entrant.tasks) for entrant in entrants):
        raise UsageError(f"none of {', '.join(names)} does the task {' or '.join(tasks)}; choose others")
