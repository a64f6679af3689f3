"""Held-out documents as arrays: their sizes, characters and words, worked out once for every tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex

from toklab.types import IntArray

_BREAK = regex.compile(r"\b", regex.WORD | regex.V1)
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")


def words(text: str) -> list[tuple[str, int, int]]:
    """The words of a text with the bytes that they take.

    A word is a segment between two default word boundaries of Unicode (UAX #29, rules WB1 to WB999, without a
    dictionary) that holds a letter or a number (general category L or N). So ``can't``, ``3.14`` and
    ``foo_bar`` are one word each, ``e-mail`` is two, a run of katakana is one, and every kanji, hiragana
    character and Thai cluster is a word of its own; spaces, punctuation and emoji are none.

    Returns
    -------
    list of (word, start, end)
        In the order of the text; ``start`` and ``end`` are UTF-8 byte offsets.
    """
    found = []
    start = 0
    for segment in _BREAK.split(text):
        end = start + len(segment.encode("utf-8"))
        if _LETTER_OR_DIGIT.search(segment):
            found.append((segment, start, end))
        start = end
    return found


def seen_words(texts: Iterable[str]) -> frozenset[str]:
    """The distinct words of the training part, as `words` cuts them; to test membership only."""
    segments: set[str] = set()
    for text in texts:
        segments.update(_BREAK.split(text))
    return frozenset(filter(_LETTER_OR_DIGIT.search, segments))


def seen_characters(texts: Iterable[str]) -> frozenset[str]:
    """The distinct characters (code points) of the training part; to test membership only."""
    return frozenset().union(*texts)


@dataclass(frozen=True)
class WordTable:
    """Every word of running text, in order.

    Parameters
    ----------
    distinct : the distinct words, most frequent first, then by code point
    index : (words,) int64, position in ``distinct`` of each word
    documents : (words,) int64, document of each word
    starts, ends : (words,) int64, bytes [start, end) of each word, counted over all documents laid end to end
    """

    distinct: tuple[str, ...]
    index: IntArray
    documents: IntArray
    starts: IntArray
    ends: IntArray

    def __len__(self) -> int:
        return len(self.index)


class Places(NamedTuple):
    """Stretches of text.

    Parameters
    ----------
    documents : (n,) int64, document of each
    starts, ends : (n,) int64, characters [start, end) of each, counted over all documents laid end to end
    """

    documents: IntArray
    starts: IntArray
    ends: IntArray


@dataclass(frozen=True)
class Texts:
    """Documents, and what every metric needs to know of them."""

    documents: tuple[str, ...]

    @cached_property
    def sizes(self) -> IntArray:
        """(d,) int64, UTF-8 bytes of each document."""
        return np.array([len(text.encode("utf-8")) for text in self.documents], np.int64)

    @cached_property
    def characters(self) -> IntArray:
        """(d,) int64, code points of each document."""
        return np.array([len(text) for text in self.documents], np.int64)

    @cached_property
    def bounds(self) -> IntArray:
        """(d + 1,) int64, where each document begins when all are laid end to end, in bytes."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.sizes)])

    @cached_property
    def character_of_byte(self) -> IntArray:
        """(bytes,) int64, the character that each byte belongs to, over all documents laid end to end."""
        raw = np.frombuffer("".join(self.documents).encode("utf-8"), np.uint8)
        return np.cumsum((raw & 0xC0) != 0x80, dtype=np.int64)

    @cached_property
    def character_starts(self) -> IntArray:
        """(characters + 1,) int64, first byte of each character, and of the end, all documents laid end to end."""
        heads = np.flatnonzero(np.diff(self.character_of_byte, prepend=0))
        return np.append(heads, self.bounds[-1])

    @cached_property
    def code_points(self) -> npt.NDArray[np.uint32]:
        """(characters,) uint32, every character, all documents laid end to end."""
        return np.frombuffer("".join(self.documents).encode("utf-32-le"), "<u4").astype(np.uint32)

    @lru_cache(maxsize=16)  # noqa: B019  (as few texts as `texts_of` keeps)
    def find(self, pattern: str) -> Places:
        """Every match of a regular expression; worked out once for every tokenizer."""
        matches = regex.compile(pattern, regex.V1).finditer
        found: list[tuple[int, int, int]] = []
        base = 0
        for document, text in enumerate(self.documents):
            found += [(document, base + match.start(), base + match.end()) for match in matches(text)]
            base += len(text)
        return Places(*np.array(found, np.int64).reshape(-1, 3).T.copy())

    @cached_property
    def words(self) -> WordTable:
        """The words of all documents."""
        counts: dict[str, int] = {}
        found: list[str] = []
        spans: list[tuple[int, int, int]] = []
        for document, (text, base) in enumerate(zip(self.documents, self.bounds.tolist(), strict=False)):
            for word, start, end in words(text):
                counts[word] = counts.get(word, 0) + 1
                found.append(word)
                spans.append((document, base + start, base + end))
        distinct = tuple(sorted(counts, key=lambda word: (-counts[word], word)))
        rank = {word: i for i, word in enumerate(distinct)}
        index = np.array([rank[word] for word in found], np.int64)
        documents, starts, ends = np.array(spans, np.int64).reshape(-1, 3).T.copy()
        return WordTable(distinct, index, documents, starts, ends)


@lru_cache(maxsize=2)
def texts_of(documents: tuple[str, ...]) -> Texts:
    """The `Texts` of some documents, shared by the tokenizers that are compared on them."""
    return Texts(documents)
