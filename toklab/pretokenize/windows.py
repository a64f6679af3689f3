"""Where three neighbouring characters tell alone whether a pre-token ends: tables for `toklab.kernels.windows`.

A cutter (`toklab.pretokenize.cutter`) goes from character to character. Most text needs less: under most patterns the
state after two ASCII characters is the same whatever came before them, so that they and the next one say what that
step does, and many places can be looked at at once. Where they do not (a letter behind an apostrophe may belong to a
contraction), the place is *unsure*, as is all that is not ASCII: there the cutter goes by itself, to the next place
where a pre-token ends for sure and the two characters around it tell the state again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from toklab.types import ByteArray, IntArray

ASCII = 128
# What three characters say: a pre-token ends before the last, or before the one in the middle; what ends before the
# last is no pre-token; nobody knows.
HERE, BACK, GAP, UNSURE = 0, 1, 2, 3
ANSWERS = 4
UNKNOWN = -1
LETTER, SPACE, DIGIT, OTHER = 3, 2, 1, 0
# Kinds and groups of ASCII characters of which not all threes are looked at; published patterns have up to 25 and 9.
MOST_KINDS, MOST_GROUPS = 32, 12

_Pair: TypeAlias = tuple[int, int]


class Machine(NamedTuple):
    """A cutter's steps on ASCII characters, beginning in state 0.

    Parameters
    ----------
    following, bits : the next state and what ended, by state and kind
    members : the characters of each kind
    """

    following: Sequence[Sequence[int]]
    bits: Sequence[Sequence[int]]
    members: Sequence[Sequence[int]]


class Windows(NamedTuple):
    """What windows say. Without terms they say nothing, and need not be looked at.

    Parameters
    ----------
    ranges : (n, 3) uint8, first and last byte, and group; other ASCII is of the last group
    unions : (n,) int64, groups that are looked for together, a bit for each
    terms : (n, 4) int64, an answer, and the unions of which the three characters must be for it
    sure : (256, 256) uint8, 1 where two bytes tell the state after them
    """

    ranges: ByteArray
    unions: IntArray
    terms: IntArray
    sure: ByteArray

    @property
    def rows(self) -> int:
        """Rows of bits that looking at windows takes."""
        return ANSWERS + len(self.unions) + len(np.unique(self.ranges[:, 2])) + 1


NO_WINDOWS = Windows(
    np.zeros((0, 3), np.uint8), np.zeros(0, np.int64), np.zeros((0, 4), np.int64), np.zeros((256, 256), np.uint8)
)


def make_windows(machine: Machine, slow: int, bits: Sequence[int]) -> Windows:
    """Work out what windows say.

    Parameters
    ----------
    slow : the bit of a step that the machine leaves to others
    bits : those of HERE, BACK and GAP
    """
    if len(machine.members) > MOST_KINDS:
        return NO_WINDOWS
    common = [max(map(_commonness, members)) for members in machine.members]
    states = _states(machine, slow, common)
    said = np.full((len(common),) * 3, UNKNOWN)
    for (a, b), state in states.items():
        for c in range(len(common)):
            if (b, c) in states:
                said[a, b, c] = machine.bits[state][c]
    groups = sorted(_groups(machine, said, common), key=lambda group: len(_ranges(group.members)))
    if len(groups) > MOST_GROUPS:
        return NO_WINDOWS
    table = np.full((len(groups),) * 3, UNKNOWN)
    for where in np.ndindex(table.shape):
        values = np.unique(said[np.ix_(*(groups[group].kinds for group in where))])
        table[where] = values[0] if len(values) == 1 else UNKNOWN
    sure = np.zeros((256, 256), np.uint8)
    for a, b in np.argwhere((table != UNKNOWN).any(axis=2)):
        sure[np.ix_(groups[a].members, groups[b].members)] = 1
    unions: dict[int, int] = {}
    terms = []
    if all((a, b) in states for a, b in np.ndindex(said.shape[:2]) if common[a] == common[b] == LETTER):
        for answer in range(ANSWERS):
            true = table == UNKNOWN if answer == UNSURE else (table != UNKNOWN) & (table & bits[answer] > 0)
            for product in _products(true):
                terms.append([answer, *(unions.setdefault(union, len(unions)) for union in product)])
    ranges = [(*ends, number) for number, group in enumerate(groups[:-1]) for ends in _ranges(group.members)]
    return Windows(
        np.array(ranges, np.uint8).reshape(-1, 3),
        np.array([*unions], np.int64),
        np.array(terms, np.int64).reshape(-1, 4),
        sure,
    )


def _commonness(byte: int) -> int:
    """How common a character is."""
    character = chr(byte)
    return LETTER if character.isalpha() else SPACE if character == " " else DIGIT if character.isdigit() else OTHER


def _states(machine: Machine, slow: int, common: Sequence[int]) -> dict[_Pair, int]:
    """The state after two kinds, for the pairs that tell it.

    One pair that does not tell makes others useless that may follow it; so of those that do not, the rarest are given
    up first, and then the others are looked at again.
    """
    given_up: set[_Pair] = set()
    while True:
        after: dict[_Pair, set[int]] = {}
        slows: set[_Pair] = set()
        queue = [(kind, machine.following[0][kind]) for kind in range(len(common))]
        seen = {*queue}
        for before, state in queue:
            for kind, following in enumerate(machine.following[state]):
                pair = before, kind
                if pair in given_up:
                    continue
                after.setdefault(pair, set()).add(following)
                if machine.bits[state][kind] & slow:
                    slows.add(pair)
                elif (kind, following) not in seen:
                    seen.add((kind, following))
                    queue.append((kind, following))
        bad = slows | {pair for pair, found in after.items() if len(found) > 1}
        if not bad:
            return {pair: found.pop() for pair, found in after.items()}
        rarest = min(common[a] + common[b] for a, b in bad)
        given_up |= {(a, b) for a, b in bad if common[a] + common[b] == rarest}


class _Group(NamedTuple):
    """Kinds that windows need not tell apart, and their characters."""

    kinds: list[int]
    members: list[int]


def _groups(machine: Machine, said: IntArray, common: Sequence[int]) -> list[_Group]:
    """Kinds about which the same is said, together; of letters, where anything is said about both.

    A union of letters is found by fewer comparisons than some of them, and few places become unsure for it.
    """
    groups: list[_Group] = []
    for kind, members in enumerate(machine.members):
        for group in groups:
            if all(_alike(said, kind, other, common[kind] == common[other] == LETTER) for other in group.kinds):
                group.kinds.append(kind)
                group.members.extend(members)
                break
        else:
            groups.append(_Group([kind], [*members]))
    return groups


def _alike(said: IntArray, one: int, other: int, where_known: bool) -> bool:
    """Whether the same is said about two kinds."""
    for axis in range(3):
        a, b = said.take(one, axis), said.take(other, axis)
        known = (a != UNKNOWN) & (b != UNKNOWN) | (not where_known)
        if ((a != b) & known).any():
            return False
    return True


def _products(true: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Unions of groups, of which three characters must be, one set of three or another, for something to be true."""
    weights = 1 << np.arange(len(true))
    # For each group in the middle, first ones with the same last ones; then middle ones with the same of both.
    middles: dict[tuple[int, int], int] = {}
    for b in range(len(true)):
        firsts: dict[int, int] = {}
        for a, last in enumerate((true[:, b] @ weights).tolist()):
            if last:
                firsts[last] = firsts.get(last, 0) | 1 << a
        for last, first in firsts.items():
            middles[first, last] = middles.get((first, last), 0) | 1 << b
    return [(first, middle, last) for (first, last), middle in middles.items()]


def _ranges(members: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    runs = itertools.groupby(enumerate(sorted(members)), lambda each: each[1] - each[0])
    listed = [[byte for _, byte in run] for _, run in runs]
    return [(run[0], run[-1]) for run in listed]
