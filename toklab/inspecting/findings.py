"""What an audit of a vocabulary found, frozen."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toklab.results import Displayed
from toklab.types import Piece

SCHEMA = 1


class Status(enum.Enum):
    """What is known of a piece's reach.

    ``REACHABLE``: a text was encoded and the piece came out. ``UNREACHABLE``: it is proven that no text gives it.
    ``NOT_FOUND``: neither; the search is bounded, and for models that are not understood in full there is no proof.
    ``SPECIAL``: it stands for no text, so text is not meant to give it.
    """

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not found"
    SPECIAL = "special"


@dataclass(frozen=True)
class Reach:
    """Whether some text becomes a piece.

    Parameters
    ----------
    id : of the piece
    piece : what it stands for
    status : what is known
    witness : a text whose encoding holds the piece, where it is reachable
    reason : the proof where it is unreachable; what was tried where it was not found
    """

    id: int
    piece: Piece
    status: Status
    witness: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Use:
    """How a text uses a piece.

    Parameters
    ----------
    tokens : occurrences
    documents : documents that hold it
    """

    id: int
    piece: Piece
    tokens: int
    documents: int


@dataclass(frozen=True)
class Duplicates:
    """Pieces that are one up to case and a leading space (or being the inside of a word, or its end).

    Parameters
    ----------
    key : what they have in common
    pieces : id and piece of each, by id
    tokens : occurrences of all of them
    """

    key: str
    pieces: tuple[tuple[int, Piece], ...]
    tokens: int


@dataclass(frozen=True)
class Suspect:
    """A piece that is likely junk from the corpus.

    Parameters
    ----------
    score : sum of the points of its reasons, see `toklab.inspecting.suspects`
    reasons : in words
    tokens : occurrences on the text
    """

    id: int
    piece: Piece
    score: int
    reasons: tuple[str, ...]
    tokens: int


@dataclass(frozen=True)
class ScriptShare:
    """What a vocabulary and a text hold of a script.

    Parameters
    ----------
    script : Unicode's name; ``"Common"`` for digits, punctuation and spaces alone, several joined with ``+``,
        ``"(bytes)"`` for pieces that are not whole characters
    pieces : of the vocabulary, special ones left out
    used : those of them that the text uses
    tokens : of the text
    """

    script: str
    pieces: int
    used: int
    tokens: int


@dataclass(frozen=True)
class Shattered:
    """A word that is cut into several tokens.

    Parameters
    ----------
    word : a word after UAX #29
    count : its occurrences
    tokens : that its occurrences take, all together
    saved : tokens saved if it were one piece (with its leading space): ``tokens - count``, where every occurrence has
        one token at least
    cut : its commonest cut: the text that each of the tokens covers
    """

    word: str
    count: int
    tokens: int
    saved: int
    cut: tuple[str, ...]


@dataclass(frozen=True)
class InspectReport(Displayed):
    """The audit of one vocabulary on one text.

    Parameters
    ----------
    tokenizer : its name
    signature : of the tokenizer, the text and the options, in one line
    pieces : ids that exist, special ones included
    specials : special ones
    documents, tokens : of the text
    reach : every piece, by id
    uses : every id with its use on the text
    partial : ids of pieces that are not whole UTF-8
    duplicates : by pieces in the group, then tokens, most first
    single_document : pieces used twice or more, by one document only, most tokens first; None where the text is one
        document
    suspects : likely junk, the highest score first
    scripts : most pieces first
    shattered : most saved first
    notes : what a reader should know
    """

    tokenizer: str
    signature: str
    pieces: int
    specials: int
    documents: int
    tokens: int
    reach: tuple[Reach, ...]
    uses: tuple[Use, ...]
    partial: tuple[int, ...]
    duplicates: tuple[Duplicates, ...]
    single_document: tuple[Use, ...] | None
    suspects: tuple[Suspect, ...]
    scripts: tuple[ScriptShare, ...]
    shattered: tuple[Shattered, ...]
    notes: tuple[str, ...] = ()

    def of_status(self, status: Status) -> tuple[Reach, ...]:
        """The pieces of a status, by id."""
        return tuple(found for found in self.reach if found.status is status)

    @property
    def vocab_unreachable(self) -> float | None:
        """Pieces that are proven to be unreachable ÷ ids that exist, special ones included; None without ids.

        A lower bound: pieces that were merely not found are not counted, nor are special ones.
        """
        return len(self.of_status(Status.UNREACHABLE)) / self.pieces if self.pieces else None

    @property
    def vocab_used(self) -> float | None:
        """Distinct ids on the text (the unknown token may be one) ÷ ids that exist; None without ids."""
        return sum(use.tokens > 0 for use in self.uses) / self.pieces if self.pieces else None

    @property
    def never_used(self) -> tuple[Use, ...]:
        """Pieces that the text does not use, the longest first."""
        unused = [use for use in self.uses if not use.tokens and not use.piece.special]
        return tuple(sorted(unused, key=lambda use: (-len(use.piece.surface), use.id)))

    @property
    def longest(self) -> tuple[Use, ...]:
        """Pieces by bytes, the longest first, special ones left out."""
        pieces = [use for use in self.uses if not use.piece.special]
        return tuple(sorted(pieces, key=lambda use: (-len(use.piece.surface), use.id)))

    def to_dict(self, top: int | None = None) -> dict[str, Any]:
        """Everything as plain values for JSON.

        Parameters
        ----------
        top : entries of each list; None is all of them
        """
        listed = slice(top)
        status = {kind.value: len(self.of_status(kind)) for kind in Status}
        doubtful = [found for found in self.reach if found.status in (Status.UNREACHABLE, Status.NOT_FOUND)]
        single = self.single_document
        return {
            "schema": SCHEMA,
            "tokenizer": self.tokenizer,
            "signature": self.signature,
            "vocab_obtained": self.pieces,
            "special": self.specials,
            "documents": self.documents,
            "tokens": self.tokens,
            "vocab_used": self.vocab_used,
            "vocab_unreachable": self.vocab_unreachable,
            "status": status,
            "reach": [_reach(found) for found in doubtful][listed],
            "never_used": {"count": len(self.never_used), "pieces": [_use(use) for use in self.never_used[listed]]},
            "partial_utf8": {"count": len(self.partial), "pieces": [_use(self._use(i)) for i in self.partial[listed]]},
            "duplicates": {
                "count": len(self.duplicates),
                "spare_pieces": sum(len(group.pieces) - 1 for group in self.duplicates),
                "groups": [_group(group) for group in self.duplicates[listed]],
            },
            "longest": [_use(use) for use in self.longest[listed]],
            "single_document": None
            if single is None
            else {"count": len(single), "pieces": [_use(use) for use in single[listed]]},
            "suspects": {
                "count": len(self.suspects),
                "pieces": [
                    {**_named(s.id, s.piece), "score": s.score, "reasons": list(s.reasons), "tokens": s.tokens}
                    for s in self.suspects[listed]
                ],
            },
            "scripts": [asdict(share) for share in self.scripts],
            "shattered": {
                "count": len(self.shattered),
                "saved": sum(word.saved for word in self.shattered),
                "saved_by_listed": sum(word.saved for word in self.shattered[listed]),
                "words": [{**asdict(word), "cut": list(word.cut)} for word in self.shattered[listed]],
            },
            "notes": list(self.notes),
        }

    def _use(self, index: int) -> Use:
        return self.uses[index]


def _named(index: int, piece: Piece) -> dict[str, Any]:
    return {"id": index, "piece": str(piece), "bytes": piece.surface.hex()}


def _use(use: Use) -> dict[str, Any]:
    return {**_named(use.id, use.piece), "tokens": use.tokens, "documents": use.documents}


def _reach(found: Reach) -> Mapping[str, Any]:
    return {**_named(found.id, found.piece), "status": found.status.value, "reason": found.reason}


def _group(group: Duplicates) -> dict[str, Any]:
    return {
        "key": group.key,
        "tokens": group.tokens,
        "pieces": [_named(index, piece) for index, piece in group.pieces],
    }
