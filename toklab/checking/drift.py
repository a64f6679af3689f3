"""Ids that moved: which documents have others than before, and the first place where they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from toklab.types import Vocab


class Token(NamedTuple):
    """A token as it is shown.

    Parameters
    ----------
    id : None where only the text of the token is known
    text : of the piece, as ``str(piece)``
    """

    id: int | None
    text: str


@dataclass(frozen=True)
class Difference:
    """Two encodings of one text.

    Parameters
    ----------
    where : which text it is, such as ``document 12 of 245``
    text : the text
    at : index of the first token that differs; None where the baseline did not keep the tokens up to there
    before, now : the tokens of both, those before as far as they were kept
    """

    where: str
    text: str
    at: int | None
    before: tuple[Token, ...]
    now: tuple[Token, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "where": self.where,
            "text": self.text,
            "token": self.at,
            "baseline": [token._asdict() for token in self.before],
            "now": [token._asdict() for token in self.now],
        }


@dataclass(frozen=True)
class Drift:
    """What moved between a baseline and now.

    Parameters
    ----------
    documents : which documents have other ids, from 0
    of : how many documents there are
    samples : which of the fixed sample texts have other ids, from 0
    of_samples : how many sample texts there are
    vocabulary : pieces, their ids or the merges are others
    first_document, first_sample : the first of each with other ids
    """

    documents: tuple[int, ...]
    of: int
    samples: tuple[int, ...]
    of_samples: int
    vocabulary: bool
    first_document: Difference | None = None
    first_sample: Difference | None = None

    def __bool__(self) -> bool:
        return bool(self.documents or self.samples or self.vocabulary)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "documents": list(self.documents),
            "of": self.of,
            "samples": list(self.samples),
            "of_samples": self.of_samples,
            "vocabulary_changed": self.vocabulary,
            "first_document": self.first_document and self.first_document.to_dict(),
            "first_sample": self.first_sample and self.first_sample.to_dict(),
        }


def tokens_of(vocab: Vocab, ids: Sequence[int]) -> tuple[Token, ...]:
    """Ids with the text of their pieces."""
    return tuple(Token(index, str(vocab[index])) for index in ids)


def first_difference(before: Sequence[object], now: Sequence[object]) -> int | None:
    """Index of the first element that differs; the shorter length where one begins with the other; None if equal."""
    missing = object()
    pairs = enumerate(zip_longest(before, now, fillvalue=missing))
    return next((index for index, (one, other) in pairs if one != other), None)
