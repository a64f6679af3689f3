"""What is measured: options in, groups of measurements out; what is in a group is compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import ENCODE, TRAIN, Entrant, absence, choose
from benchmarks.documents import MEGABYTE
from benchmarks.hostile import KINDS, LENGTHS, WORDS
from benchmarks.sources import ENGLISH, HOSTILE, Source, find_source
from benchmarks.texts import LONG, Text, write_generated, write_hostile, write_source

Say = Callable[[str], None]


def count_threads(number: int) -> str:
    """A number of threads in words."""
    return f"{number} thread{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Plan:
    """What the command line asks for.

    Parameters
    ----------
    tasks : of ``"train"``, ``"encode"`` and ``"startup"``
    texts : of ``"english"``, ``"code"``, ``"multilingual"`` and ``"hostile"``; training reads the first
    corpora : files of the user's, by the text that they stand for
    shapes : of ``"long"`` and ``"short"``
    threads, vocab_sizes : each measured for itself
    train_mb, encode_mb : sizes of the text; None for all of it
    word_lengths : bytes of the hostile words whose time is measured as a function of their length
    names : contenders; empty for all that take part by default
    repeats : rounds
    time_limit : seconds for one child process, imports included
    environments : another Python, by the library that it runs
    """

    tasks: tuple[str, ...]
    texts: tuple[str, ...]
    corpora: Mapping[str, Path]
    shapes: tuple[str, ...]
    threads: tuple[int, ...]
    vocab_sizes: tuple[int, ...]
    train_mb: tuple[float, ...]
    encode_mb: tuple[float, ...]
    word_lengths: tuple[int, ...]
    names: tuple[str, ...]
    repeats: int
    time_limit: float
    environments: Mapping[str, str]


@dataclass
class Measurement:
    """One contender in one group, and what its rounds gave.

    Parameters
    ----------
    job : what the child reads, beside the contender
    runs : the results of its rounds
    error : why there are no more
    checked : what it made of the sample, before the rounds
    """

    entrant: Entrant
    job: Mapping[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    checked: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Group:
    """Measurements that may be compared with each other: all but the contender is the same.

    Parameters
    ----------
    text : what is read
    model_text : for encoding, what the vocabularies are trained on
    """

    task: str
    text: Text
    vocab_size: int
    threads: int
    shape: str | None = None
    model_text: Text | None = None
    measurements: list[Measurement] = field(default_factory=list)

    def __str__(self) -> str:
        shape = f", {self.shape}" if self.shape else ""
        size = f"{self.text.n_bytes / MEGABYTE:.3g} MB"
        return f"{self.task} {self.text.name}, {size}{shape}, {self.vocab_size:,} pieces, {count_threads(self.threads)}"


class Texts:
    """The texts of a plan, each written once.

    Parameters
    ----------
    folder : where
    say : takes a line of progress
    """

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan, self._folder, self._say = plan, folder, say
        self._written: dict[tuple[str, float | None, bool], Text] = {}
        self._reach: dict[tuple[str, float], bool] = {}

    def of(self, name: str, megabytes: float | None, sizes: tuple[float, ...] = ()) -> Text:
        """The first megabytes of a text; made by the word model where one of ``sizes`` is more than there is.

        A series of sizes is of one kind of text, so that its times can be compared.
        """
        source = find_source(name, self._plan.corpora)
        made = megabytes is not None and len(sizes) > 1 and not self._reaches(source, max(sizes))
        key = (name, megabytes, made)
        if key not in self._written:
            self._say(f"text: {name}, {f'{megabytes:g} MB' if megabytes else 'all'}{', made by the word model' * made}")
            n_bytes = round((megabytes or 0) * MEGABYTE)
            place = self._folder / f"{name}{'-model' * made}-{megabytes}"
            written = write_generated(source, n_bytes, place) if made else write_source(source, n_bytes or None, place)
            self._written[key] = written
        return self._written[key]

    def _reaches(self, source: Source, megabytes: float) -> bool:
        key = (source.name, megabytes)
        if key not in self._reach:
            n_bytes = round(megabytes * MEGABYTE)
            self._reach[key] = source.size(n_bytes) >= n_bytes
        return self._reach[key]

    def hostile(self, kind: str, n_bytes: int) -> Text:
        """A hostile text with halves of this size."""
        key = (kind, n_bytes, True)
        if key not in self._written:
            self._written[key] = write_hostile(kind, n_bytes, self._folder / f"hostile-{kind}-{n_bytes}")
        return self._written[key]

    @property
    def written(self) -> list[Text]:
        return list(self._written.values())


def make_groups(plan: Plan, texts: Texts) -> list[Group]:
    """Everything that is to be measured, in order."""
    groups = [*(_trainings(plan, texts) if TRAIN in plan.tasks else ())]
    groups += _encodings(plan, texts) if ENCODE in plan.tasks else ()
    for group in groups:
        group.measurements = _entrants(plan, group)
    return [group for group in groups if group.measurements]


def in_series(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups that differ in the size of the text alone, together."""
    found: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        key = (group.task, group.text.name, group.vocab_size, group.threads, group.shape)
        found.setdefault(key, []).append(group)
    return list(found.values())


def _trainings(plan: Plan, texts: Texts) -> Iterator[Group]:
    """Every size of vocabulary and number of threads on the first size of text, and the series of sizes once."""
    name = next((name for name in plan.texts if name != HOSTILE), ENGLISH)
    first = texts.of(name, plan.train_mb[0])
    for vocab_size in plan.vocab_sizes:
        for threads in plan.threads:
            yield Group(TRAIN, first, vocab_size, threads)
    for size in plan.train_mb if len(plan.train_mb) > 1 else ():
        text = texts.of(name, size, plan.train_mb)
        if text is not first:
            yield Group(TRAIN, text, plan.vocab_sizes[-1], plan.threads[-1])


def _encodings(plan: Plan, texts: Texts) -> Iterator[Group]:
    for text, model_text, shapes, threads in _encoded(plan, texts):
        for vocab_size in plan.vocab_sizes:
            for shape in shapes:
                for number in threads:
                    yield Group(ENCODE, text, vocab_size, number, shape, model_text)


def _encoded(plan: Plan, texts: Texts) -> Iterator[tuple[Text, Text, tuple[str, ...], tuple[int, ...]]]:
    """Texts, the texts that their vocabularies come from, shapes and threads."""
    sizes = plan.encode_mb
    plain = [name for name in plan.texts if name != HOSTILE]
    for name in plain:
        for size in sizes:
            text = texts.of(name, size, sizes)
            # The same vocabulary for every size, so that only the size differs.
            yield text, texts.of(name, sizes[0], sizes), plan.shapes, plan.threads
    # Nobody trains on hostile text; its vocabulary is that of the first text.
    if HOSTILE in plan.texts or plan.word_lengths:
        known = texts.of(plain[0] if plain else ENGLISH, sizes[0], sizes)
    if HOSTILE in plan.texts:
        for kind in KINDS:
            yield texts.hostile(kind, LENGTHS[kind]), known, plan.shapes, plan.threads
    for kind in WORDS if plan.word_lengths else ():
        for length in plan.word_lengths:
            if not (HOSTILE in plan.texts and length == LENGTHS[kind] and LONG in plan.shapes):
                yield texts.hostile(kind, length), known, (LONG,), plan.threads[-1:]


def _entrants(plan: Plan, group: Group) -> list[Measurement]:
    entrants = [e for e in choose(plan.names, group.task) if absence(e, plan.environments) is None]
    if group.task == TRAIN:
        return [Measurement(entrant, {"text": group.text.whole}) for entrant in entrants]
    return [Measurement(entrant, {"texts": group.text.documents(group.shape or LONG)}) for entrant in entrants]
