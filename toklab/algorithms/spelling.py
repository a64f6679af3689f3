"""What counted words are spelled with: their characters, and the key of each character at its place in a word.

Worked example. ``hugs`` is h ##u ##g ##s where a prefix marks what continues a word (WordPiece), and h u g s</w>
where a suffix marks what ends one (Sennrich, Haddow and Birch 2016, section 3.2). A key depends on the character,
on whether it is the first and on whether it is the last, so each such case is spelled once, however often it occurs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toklab.types import IdArray, IntArray, Words

# Values that are looked at at a time.
GROUP = 1 << 15


@dataclass(frozen=True, eq=False)
class Characters:
    """The characters of words, end to end.

    Parameters
    ----------
    codes : (n,) uint32, code points
    starts : (words + 1,) int64, where each word begins; no word is empty
    """

    codes: npt.NDArray[np.uint32]
    starts: IntArray

    @staticmethod
    def of(words: Words) -> Characters:
        """Decode words."""
        codes = np.frombuffer(words.text.tobytes().decode("utf-8").encode("utf-32-le"), np.uint32)
        begins = (words.text & 0xC0) != 0x80
        starts = np.zeros(len(words.starts), np.int64)
        np.cumsum(np.add.reduceat(begins, words.starts[:-1], dtype=np.int64), out=starts[1:])
        return Characters(codes, starts)

    @property
    def all(self) -> list[str]:
        """The distinct characters, by code point."""
        return list(map(chr, _distinct(self.codes)))

    @property
    def inner(self) -> list[str]:
        """Those that follow another in some word."""
        return list(map(chr, _distinct(np.delete(self.codes, self.starts[:-1]))))

    @property
    def last(self) -> list[str]:
        """Those that end some word."""
        return list(map(chr, _distinct(self.codes[self.starts[1:] - 1])))


@dataclass(frozen=True)
class Spelling:
    """How words are spelled in characters.

    Parameters
    ----------
    prefix : marks all characters of a word but the first
    suffix : marks the last
    """

    prefix: str = ""
    suffix: str = ""

    def key(self, char: str, first: bool, last: bool) -> bytes:
        """The key of a character at its place."""
        return (("" if first else self.prefix) + char + (self.suffix if last else "")).encode()

    def ids(self, characters: Characters, by_key: Mapping[bytes, int]) -> IdArray:
        """The id of each character, given the ids of all keys."""
        cases = 4 * characters.codes
        cases[characters.starts[:-1]] += 2
        cases[characters.starts[1:] - 1] += 1
        table = np.zeros(cases.max(initial=0) + 1, np.int32)
        for case in _distinct(cases):
            table[case] = by_key[self.key(chr(case // 4), first=case & 2 != 0, last=case & 1 != 0)]
        return table[cases]


def _distinct(values: npt.NDArray[np.uint32]) -> list[int]:
    """The values that occur, in order; quicker than sorting them, and some at a time, which stay in the cache."""
    seen = np.zeros(values.max(initial=0) + 1, np.bool_)
    for first in range(0, len(values), GROUP):
        seen[values[first : first + GROUP]] = True
    found: list[int] = np.flatnonzero(seen).tolist()
    return found
