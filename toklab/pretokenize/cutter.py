"""From an automaton that finds one match to a table that cuts a whole text, one step a character, without a branch.

The automaton of `toklab.pretokenize.automaton` is begun anew at every match, and sometimes it must go back: a
match is known to have ended only some characters later. Both are worked out here, once for each pattern, as far
as they are bounded: a state of the cutter is a state of the automaton with the characters read since the last
place where a match could end. A step gives the next state and says whether a pre-token ended before the
character read, or one character earlier. Where it would have to go back further (``\\n`` and spaces under
``\\s*[\\r\\n]+``), the step says "slow" and the automaton itself decides. This is a Mealy machine; its states are
made as few as they can be by Moore's partition refinement (Moore 1956, "Gedanken-experiments on sequential
machines").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np

from toklab.pretokenize.automaton import Automaton
from toklab.pretokenize.windows import ASCII, Machine, Windows, make_windows
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# The low bits of a step; the rest is where the next state's row begins.
EVENT, HERE, BACK, GAP, BREAK, SLOW = 1, 2, 4, 8, 16, 64
SHIFT = 7
KINDS, LONGER, FOLLOWS, SEPARATOR = 256, 0x80, 0xFE, 0xFF
# A step goes back this many characters at most, and only over one-byte ones; not at all in a machine so large.
FURTHEST = 1
LARGE = 1 << 14

# ("match", state, has it matched before, kinds read since), ("gap",) between matches, ("break",) between texts.
_State: TypeAlias = tuple[object, ...]
_START: _State = ("match", 0, False, ())
_GAP: _State = ("gap",)
_BREAK: _State = ("break",)
_LOST = (-1,)


@dataclass(frozen=True, eq=False)
class Cutter:
    """The tables of a pattern.

    Every byte has a kind: its own value in ASCII, and as the byte 0xFF, which stands between texts; the first byte of
    any other character has 0x80 plus the character's class, and those behind it FOLLOWS.

    Parameters
    ----------
    classes : (0x110000,) uint8, class of each code point
    steps : flat uint32, step of each state (a row of KINDS) and kind: the bits above, and ``row << 7``
    safe : (KINDS, KINDS) uint8, 1 where a pre-token ends between two kinds whatever came before
    table : (states, classes + 1) int32, the automaton, for the slow steps
    windows : what three characters tell without a state
    """

    classes: ByteArray
    steps: StepArray
    safe: ByteArray
    table: IdArray
    windows: Windows


class _Slow(Exception):  # noqa: N818  (an answer, not an error)
    """Only the automaton can tell."""


@lru_cache(maxsize=32)
def make_cutter(automaton: Automaton) -> Cutter:
    """The cutter of an automaton."""
    classes = automaton.table.shape[1] - 1
    steps = _fewest(_Machine(automaton.table, classes).rows())
    # Of each kind of byte, which column of the machine; no byte has the kinds that are left.
    columns = np.full(KINDS, 2 * classes + 1)
    columns[:LONGER] = automaton.classes[:LONGER]
    columns[LONGER : LONGER + classes] = np.arange(classes, 2 * classes)
    columns[SEPARATOR] = 2 * classes
    wide = steps[:, columns]
    flat = (wide & (1 << SHIFT) - 1 | (wide >> SHIFT) * KINDS << SHIFT).astype(np.uint32)
    safe = _safe_pairs(steps, classes)[columns[:, np.newaxis], columns]
    return Cutter(automaton.classes, flat.ravel(), safe, automaton.table, _windows(steps, columns[:ASCII]))


def _windows(steps: IntArray, columns: IntArray) -> Windows:
    """What windows say of the machine's steps, given the column of each ASCII character."""
    kinds = list(dict.fromkeys(columns.tolist()))
    machine = Machine(
        (steps[:, kinds] >> SHIFT).tolist(),
        (steps[:, kinds] & (1 << SHIFT) - 1).tolist(),
        [np.flatnonzero(columns == kind).tolist() for kind in kinds],
    )
    return make_windows(machine, SLOW, (HERE, BACK, GAP))


class _Machine:
    """Follows the automaton from match to match."""

    def __init__(self, table: IdArray, many: int) -> None:
        self._table, self._many = table.tolist(), many
        self._furthest = FURTHEST if table.size < LARGE else 0
        # States of the automaton that have matched whatever comes next.
        self._certain = [all(value & 1 for value in row) for row in self._table]

    def rows(self) -> IntArray:
        """Every state's steps, with the number of the next state above the bits."""
        numbers: dict[_State, int] = {_START: 0}
        queue, rows = [_START], []
        for state in queue:
            row = []
            for kind in range(2 * self._many + 2):
                try:
                    following, bits = self._step(state, kind)
                except _Slow:
                    following, bits = _START, SLOW
                if following not in numbers:
                    numbers[following] = len(numbers)
                    queue.append(following)
                row.append(numbers[following] << SHIFT | bits)
            rows.append(row)
        return np.array(rows, np.int64)

    def _step(self, state: _State, kind: int) -> tuple[_State, int]:
        following, ends = self._read(state, kind)
        backs = [back for back, _ in ends]
        if len({*backs}) < len(backs) or max(backs, default=0) > FURTHEST:
            raise _Slow
        bits = EVENT if ends else 0
        for back, what in ends:
            bits |= BACK if back else HERE | what
        return following, bits

    def _read(self, state: _State, kind: int) -> tuple[_State, list[tuple[int, int]]]:
        """The next state, and what ended: how many characters before this one, and GAP, BREAK or 0."""
        end = kind == 2 * self._many
        if kind == 2 * self._many + 1:
            return state, []
        if state == _BREAK:
            following, ends = self._read(_START, kind)
            return following, [(0, BREAK), *ends]
        if state == _GAP:
            following = self._read(_START, kind)[0]
            if following[0] == "match" and not self._certain[cast(int, following[1])]:
                raise _Slow
            return following, [] if following == _GAP else [(0, GAP)]
        _, at, matched, read = state
        value = self._table[cast(int, at)][self._many if end else kind % self._many]
        since = (kind,) if value & 1 else self._longer(cast(tuple[int, ...], read), kind)
        if value >> 1:
            return ("match", (value >> 1) - 1, matched or bool(value & 1), since), []
        if not (matched or value & 1):
            if since != (kind,):
                raise _Slow
            return _BREAK if end else _GAP, []
        if since == _LOST:
            raise _Slow
        back = len(since) - 1
        following, ends = _START, [(back, 0)]
        for done, each in enumerate(since):
            following, more = self._read(following, each)
            ends += [(before + back - done, what) for before, what in more]
        return following, ends

    def _longer(self, since: tuple[int, ...], kind: int) -> tuple[int, ...]:
        """The kinds read since a match could end, as long as a step can go back over them."""
        if since == _LOST or len(since) > self._furthest or any(each >= self._many for each in since):
            return _LOST
        return (*since, kind)


def _fewest(rows: IntArray) -> IntArray:
    """The same machine without states that no text can tell apart."""
    bits, following = rows & (1 << SHIFT) - 1, rows >> SHIFT
    block = _numbered(bits)
    while True:
        finer = _numbered(np.column_stack([block, block[following]]))
        if finer.max() == block.max():
            break
        block = finer
    _, first = np.unique(block, return_index=True)
    return np.asarray(bits[first] | block[following[first]] << SHIFT)


def _numbered(rows: IntArray) -> IntArray:
    """Equal rows get equal numbers, in the order in which they come."""
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)


def _safe_pairs(steps: IntArray, many: int) -> ByteArray:
    """Pairs of kinds between which a pre-token ends from whatever state, and the cutter is as at a start."""
    kinds = steps.shape[1]
    safe = np.zeros((kinds, kinds), np.uint8)
    for before in range(kinds - 1):
        states = np.unique(steps[:, before][steps[:, before] & SLOW == 0] >> SHIFT)
        after = steps[states]
        ends = (after & HERE != 0) & (after & (BACK | SLOW) == 0)
        alike = (after >> SHIFT == steps[0] >> SHIFT) & (steps[0] & EVENT == 0)
        safe[before] = (ends & alike).all(axis=0)
    safe[:, kinds - 1] = 0
    return safe
