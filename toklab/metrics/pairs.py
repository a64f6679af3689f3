"""Two tokenizers against each other: how much of their vocabularies is the same, and where they cut the same text.

Pieces are compared by the bytes that they stand for, so that vocabularies of other libraries compare: ``##ing``,
``ing`` and ``ing</w>`` are one text, counted once, and so are a byte and the character of that byte. Special pieces
and the unknown piece never count. A boundary is a byte inside a document at which a token begins or ends; the ends of
documents, where every tokenizer has one, are none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.metrics.base import Ratio, Statistic, Value
from toklab.metrics.encoded import Encoded
from toklab.metrics.texts import Texts
from toklab.types import IntArray, Vocab


class Overlap(NamedTuple):
    """The sizes of two sets and of what they share."""

    first: int
    second: int
    both: int

    @property
    def jaccard(self) -> float | None:
        """What is in both ÷ what is in either; None for two empty sets."""
        either = self.first + self.second - self.both
        return self.both / either if either else None

    @property
    def coefficient(self) -> float | None:
        """What is in both ÷ the smaller set (Szymkiewicz and Simpson's coefficient); None where that is empty."""
        smaller = min(self.first, self.second)
        return self.both / smaller if smaller else None


def overlap(first: Iterable[Hashable], second: Iterable[Hashable]) -> Overlap:
    """How much two collections share, each thing counted once."""
    ours, theirs = frozenset(first), frozenset(second)
    return Overlap(len(ours), len(theirs), len(ours & theirs))


def surfaces(vocab: Vocab) -> frozenset[bytes]:
    """The distinct texts that the pieces of a vocabulary stand for; special and unknown pieces stand for none."""
    return frozenset(p.surface for i, p in enumerate(vocab) if not p.special and i != vocab.unk_id)


@dataclass(frozen=True, eq=False)
class Cutting:
    """What a tokenizer is compared with others by.

    Parameters
    ----------
    surfaces : see `surfaces`
    marks : (bytes + 1,) bool, whether each byte of the documents, laid end to end, is a boundary
    source : the documents
    """

    surfaces: frozenset[bytes]
    marks: npt.NDArray[np.bool_]
    source: Texts

    @staticmethod
    def of(encoded: Encoded) -> Cutting:
        """The same of documents that are encoded already."""
        marks = encoded.is_cut(np.arange(encoded.source.bounds[-1] + 1))
        marks[encoded.source.bounds] = False
        return Cutting(surfaces(encoded.vocab), marks, encoded.source)


def vocab_jaccard(first: Cutting, second: Cutting) -> Statistic:
    """Texts that are pieces of both vocabularies ÷ texts that are pieces of either.

    Example: {a, b, ab} and {a, b, ba, bb}: 2/5.
    """
    return Value(overlap(first.surfaces, second.surfaces).jaccard)


def vocab_overlap(first: Cutting, second: Cutting) -> Statistic:
    """Texts that are pieces of both vocabularies ÷ those of the smaller vocabulary.

    Example: {a, b, ab} and {a, b, ba, bb}: 2/3.
    """
    return Value(overlap(first.surfaces, second.surfaces).coefficient)


def boundary_agreement(first: Cutting, second: Cutting) -> Statistic:
    """Boundaries inside documents that both have ÷ boundaries that either has.

    Example: un|believ|able and unbeliev|able: 1/2.
    """
    both = _per_document(first.source, first.marks & second.marks)
    return Ratio(both, _per_document(first.source, first.marks | second.marks))


def word_agreement(first: Cutting, second: Cutting) -> Statistic:
    """Words that both cut at the same places inside, if at all ÷ words.

    Words are those of the word metrics (UAX #29). Whether a token holds the space before a word makes no difference.
    Example: the| cat|s and the| |cat|s: 2/2.
    """
    words = first.source.words
    parted = np.concatenate([[0], np.cumsum(first.marks ^ second.marks)])
    same = parted[words.ends] == parted[words.starts + 1]
    documents = len(first.source.documents)
    agreeing, all_words = (
        np.bincount(which, minlength=documents) for which in (words.documents[same], words.documents)
    )
    return Ratio(agreeing.astype(np.int64), all_words.astype(np.int64))


def _per_document(source: Texts, marks: npt.NDArray[np.bool_]) -> IntArray:
    """(d,) int64, marks inside each document."""
    documents = np.searchsorted(source.bounds, np.flatnonzero(marks), side="right") - 1
    return np.bincount(documents, minlength=len(source.documents)).astype(np.int64)


@dataclass(frozen=True)
class PairMetric:
    """A figure of two tokenizers that does not depend on which of them is the first.

    Parameters
    ----------
    name : name in tables and files
    unit : unit of the figure
    function : from what the two are compared by to a statistic
    """

    name: str
    unit: str
    function: Callable[[Cutting, Cutting], Statistic]

    @property
    def description(self) -> str:
        """One line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]


PAIR_METRICS = tuple(
    PairMetric(function.__name__, "share", function)
    for function in (vocab_jaccard, vocab_overlap, boundary_agreement, word_agreement)
)
