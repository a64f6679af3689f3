"""What a diff of two tokenizers finds: frozen, and ready to print or save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from toklab.cells import Displayed, to_text
from toklab.differing.idmap import IdMap
from toklab.metrics.pairs import Overlap

SCHEMA = 1


class Part(NamedTuple):
    """What one tokenizer makes of a few bytes.

    Parameters
    ----------
    text : the bytes
    kind : ``"token"``, ``"unknown"`` (a token, the unknown one) or ``"dropped"`` (no token covers them)
    """

    text: bytes
    kind: str


@dataclass(frozen=True)
class Example:
    """Where a difference is first found.

    Parameters
    ----------
    document : number of the document, from 0
    start, end : its bytes [start, end) in that document
    before, after : some text around it; a part of a character is shown as its bytes (``\\\\xe2``)
    """

    document: int
    start: int
    end: int
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """The same bytes, cut in two ways.

    Parameters
    ----------
    text : the bytes
    first, second : the parts that each tokenizer cuts them into
    count : how often they are cut in these two ways
    documents : in how many documents
    example : the first of them
    """

    text: bytes
    first: tuple[Part, ...]
    second: tuple[Part, ...]
    count: int
    documents: int
    example: Example

    def to_dict(self) -> dict[str, Any]:
        """As part of the JSON object; bytes that are no whole character are escapes (``\\\\xe2``)."""
        return {
            "text": _text(self.text),
            "count": self.count,
            "documents": self.documents,
            "first": [_part(part) for part in self.first],
            "second": [_part(part) for part in self.second],
            "example": asdict(self.example),
        }


@dataclass(frozen=True)
class Side:
    """One of the two tokenizers on the text.

    Parameters
    ----------
    name : path that it was loaded from, or its name
    algorithm : its name
    vocab_size : pieces
    tokens, unknown : its tokens; those of them that are the unknown token
    bytes_per_token : of the text; None where there is no token
    differing : tokens in spans that the other cuts differently
    """

    name: str
    algorithm: str
    vocab_size: int
    tokens: int
    unknown: int
    bytes_per_token: float | None
    differing: int


@dataclass(frozen=True)
class DiffReport(Displayed):
    """Where two tokenizers cut the same text differently.

    Special tokens other than the unknown one never count.

    Parameters
    ----------
    signature : of the two tokenizers, the text and the options, in one line
    first, second : each of the two
    corpus : facts about the text: name, digest, documents, bytes
    spans : stretches of text that the two cut differently, each as short as can be: between two places that both cut
        (or an end of the document)
    distinct : different ones among them
    documents : documents with such a span
    boundary_agreement, word_agreement : see `toklab.metrics.pairs`; None where undefined
    vocabulary : texts that are pieces, of both and of each
    ids : which id is which
    differences : the most frequent of the distinct ones, most frequent first
    """

    signature: str
    first: Side
    second: Side
    corpus: Mapping[str, Any]
    spans: int
    distinct: int
    documents: int
    boundary_agreement: float | None
    word_agreement: float | None
    vocabulary: Overlap
    ids: IdMap
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json``."""
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "corpus": dict(self.corpus),
            "first": asdict(self.first),
            "second": asdict(self.second),
            "differing_spans": self.spans,
            "distinct_differences": self.distinct,
            "differing_documents": self.documents,
            "boundary_agreement": self.boundary_agreement,
            "word_agreement": self.word_agreement,
            "vocab_jaccard": self.vocabulary.jaccard,
            "vocab_overlap": self.vocabulary.coefficient,
            "vocab_shared": self.vocabulary.both,
            "ids": self.ids.counts,
            "differences": [difference.to_dict() for difference in self.differences],
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return to_text(self.to_dict())


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _part(part: Part) -> dict[str, Any]:
    return {"text": _text(part.text), "bytes": len(part.text), "kind": part.kind}
