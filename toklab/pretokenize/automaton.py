"""Compile a pre-tokenization pattern into a table that one kernel scans with.

A backtracking matcher tries alternatives in order and takes the first that fits ("leftmost-first"). The same
answer comes from following all of them at once in a list ordered by preference, and forgetting what stands
behind the first that has matched. The lists that can occur are the states of a deterministic automaton over
classes of characters; every step knows the next character (or the end), so one-character lookahead costs
nothing. Source: Cox 2010, "Regular Expression Matching in the Wild" (leftmost-first automata in RE2).

What a pattern may hold: alternation, groups, ``(?i:...)``, atomic groups and possessive quantifiers where giving
back could not help, sets with Unicode properties, ``? * + {m,n}``, ``\\Z``, one-character lookahead. For
anything else `compile_pattern` gives None, `why_not_compiled` says why, and the ``regex`` library does the work.
Letters, numbers and so on are those of the library that is matched, not of ``regex``: see `unicode`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex

from toklab.pretokenize.syntax import Alternatives, End, Look, Node, Repeat, Sequence, Set, Unsupported, parse
from toklab.pretokenize.unicode import CODE_POINTS, Samples, samples
from toklab.types import ByteArray, IdArray, IntArray

MOST_STATES = 4096
# So that a cutter's kinds, two a class and two more, fit a byte.
MOST_CLASSES = 126


@dataclass(frozen=True, eq=False)
class Automaton:
    """The table.

    Parameters
    ----------
    classes : (0x110000,) uint8, class of each code point
    table : (states, classes + 1) int32, ``2 * (next state + 1) + accepts``, the last column for the end of the
        text; state 0 is the start, next state -1 is nowhere, and ``accepts`` says that a match ends *before* the
        character that was read
    """

    classes: ByteArray
    table: IdArray


def compile_pattern(pattern: str, follows: str = "unicode-16") -> Automaton | None:
    """The automaton of a pattern, or None where it needs more than an automaton can do.

    Parameters
    ----------
    follows : whose classes of characters it has, as in `toklab.pretokenize.unicode.differences`

    Raises
    ------
    PatternError
        The pattern names characters that the library does not know.
    """
    found = _compiled(pattern, follows)
    return found if isinstance(found, Automaton) else None


def why_not_compiled(pattern: str, follows: str = "unicode-16") -> str | None:
    """What in a pattern an automaton cannot do, in a few words; None where it compiles."""
    found = _compiled(pattern, follows)
    return found if isinstance(found, str) else None


@lru_cache(maxsize=32)
def _compiled(pattern: str, follows: str) -> Automaton | str:
    characters = samples(pattern, follows)
    try:
        builder = _Builder()
        start = builder.add(parse(pattern, characters.text), builder.accept)
        classes, members = _partition(builder.sets, characters)
        return Automaton(classes, _determinize(builder, start, members, int(classes.max()) + 1))
    except Unsupported as reason:
        return str(reason)


class _Builder:
    """A nondeterministic automaton: each node is ("set", i, next), ("split", nexts), ("look", i, negative, next),
    ("end", next) or ("accept",)."""

    def __init__(self) -> None:
        self.nodes: list[tuple[object, ...]] = [("accept",)]
        self.accept = 0
        self.sets: list[str] = []

    def _new(self, *node: object) -> int:
        self.nodes.append(node)
        if len(self.nodes) > MOST_STATES:
            raise Unsupported(f"more than {MOST_STATES} states")
        return len(self.nodes) - 1

    def _set(self, text: str) -> int:
        if text not in self.sets:
            self.sets.append(text)
        return self.sets.index(text)

    def add(self, node: Node, after: int) -> int:
        """Build what matches ``node`` and goes on at ``after``; gives where it begins."""
        if isinstance(node, Set):
            return self._new("set", self._set(node.text), after)
        if isinstance(node, Look):
            return self._new("look", self._set(node.text), node.negative, after)
        if isinstance(node, End):
            return self._new("end", after)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                after = self.add(part, after)
            return after
        if isinstance(node, Alternatives):
            return self._new("split", tuple(self.add(part, after) for part in node.parts))
        return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._new("split", ())
            self.nodes[loop] = ("split", (self.add(node.part, loop), after))
            entry = loop
        else:
            entry = after
            for _ in range(node.most - node.least):
                entry = self._new("split", (self.add(node.part, entry), after))
        for _ in range(node.least):
            entry = self.add(node.part, entry)
        return entry


def _partition(sets: list[str], characters: Samples) -> tuple[ByteArray, list[frozenset[int]]]:
    """Classes of characters that no set tells apart, and for each set the classes in it."""
    spans = [_spans(text, characters.text) for text in sets]
    ends = {edge for found in spans for edge in found.ravel().tolist()}
    edges = np.array(sorted({0, len(characters.text)} | ends), np.int64)
    marks = np.zeros((len(edges), len(sets)), np.int8)
    for index, found in enumerate(spans):
        marks[np.searchsorted(edges, found[:, 0]), index] += 1
        marks[np.searchsorted(edges, found[:, 1]), index] -= 1
    marks = np.cumsum(marks[:-1], axis=0, dtype=np.int8).astype(bool)
    kinds: dict[bytes, int] = {}
    of_stretch = np.array([kinds.setdefault(row.tobytes(), len(kinds)) for row in marks], np.int64)
    if len(kinds) > MOST_CLASSES:
        raise Unsupported(f"more than {MOST_CLASSES} classes of characters")
    lengths = np.diff(np.append(characters.starts, CODE_POINTS)[edges])
    classes = np.repeat(of_stretch, lengths).astype(np.uint8)
    rows = [np.frombuffer(kind, bool) for kind in kinds]
    return classes, [frozenset(c for c, row in enumerate(rows) if row[i]) for i in range(len(sets))]


def _spans(text: str, characters: str) -> IntArray:
    """Runs of characters in a set: (runs, 2)."""
    found = [match.span() for match in regex.finditer(f"(?:{text})+", characters)]
    return np.array(found, np.int64).reshape(-1, 2)


def _determinize(builder: _Builder, start: int, members: list[frozenset[int]], count: int) -> IdArray:
    """Follow all threads at once, in order of preference."""
    nodes = builder.nodes
    end = count

    def resolve(threads: tuple[int, ...], symbol: int) -> tuple[list[int], bool]:
        """Threads that read ``symbol``, best first, and whether a match ends before it."""
        reading: list[int] = []
        seen: set[int] = set()
        stack = list(reversed(threads))
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            kind, *rest = nodes[at]
            if kind == "accept":
                return reading, True
            if kind == "split":
                stack += reversed(rest[0])  # type: ignore[call-overload]
            elif kind == "set":
                if symbol in members[rest[0]]:  # type: ignore[call-overload]
                    reading.append(rest[1])  # type: ignore[arg-type]
            elif kind == "end":
                if symbol == end:
                    stack.append(rest[0])  # type: ignore[arg-type]
            elif (symbol in members[rest[0]]) != rest[1]:  # type: ignore[call-overload]
                stack.append(rest[2])  # type: ignore[arg-type]
        return reading, False

    first: tuple[int, ...] = (start,)
    states: dict[tuple[int, ...], int] = {first: 0}
    queue = [first]
    rows: list[list[int]] = []
    while queue:
        row = []
        threads = queue.pop(0)
        for symbol in range(count + 1):
            reading, accepts = resolve(threads, symbol)
            following = tuple(dict.fromkeys(reading))
            if threads == first and accepts:
                raise Unsupported("a match of nothing")
            if following and following not in states:
                states[following] = len(states)
                queue.append(following)
                if len(states) > MOST_STATES:
                    raise Unsupported(f"more than {MOST_STATES} states")
            row.append(2 * (states[following] + 1 if following else 0) + accepts)
        rows.append(row)
    return np.array(rows, np.int32)
