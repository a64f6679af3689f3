"""Texts with their tokens, by hand or drawn, for the tests of metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from toklab.metrics import METRICS, Encoded
from toklab.types import Batch, Encoding, Piece, Vocab

UNK = Piece(b"", special=True)
BOS = Piece(b"<s>", special=True)
Token = tuple[bytes | Piece, int, int]
Document = tuple[str, Sequence[Token]]


def encoded(
    documents: Sequence[Document],
    *,
    unk: bool = False,
    extra: Sequence[Piece] = (),
    seen: Sequence[str] = (),
    decoded: Sequence[str] | None = None,
) -> Encoded:
    """Documents as (text, [(piece, start, end)]), with a vocabulary of the pieces in order of appearance.

    They are also what a metric that learns from training documents learns from.
    """
    tokens = [
        [(piece if isinstance(piece, Piece) else Piece(piece), start, end) for piece, start, end in row]
        for _, row in documents
    ]
    pieces = dict.fromkeys([*([UNK] if unk else []), *(piece for row in tokens for piece, _, _ in row), *extra])
    ids = {piece: i for i, piece in enumerate(pieces)}
    rows = [
        Encoding(
            np.array([ids[piece] for piece, _, _ in row], np.int32),
            np.array([[start, end] for _, start, end in row], np.int64).reshape(-1, 2),
        )
        for row in tokens
    ]
    texts = tuple(text for text, _ in documents)
    vocab = Vocab(tuple(pieces), 0 if unk else None)
    batch = Batch.stack(rows)
    return Encoded(vocab, texts, batch, tuple(decoded or texts), frozenset(seen), 10, training=lambda: batch)


def value(name: str, data: Encoded) -> float | None:
    return METRICS[name](data).value()


def chain(text: str, *surfaces: str) -> Document:
    """A document whose tokens follow each other without a gap."""
    tokens: list[Token] = []
    start = 0
    for surface in surfaces:
        raw = surface.encode()
        tokens.append((raw, start, start + len(raw)))
        start += len(raw)
    assert "".join(surfaces) == text
    return text, tokens


ANY_TEXT = st.text("ab é語'.", max_size=12)


@st.composite
def arbitrary(draw: st.DrawFn, text: SearchStrategy[str] = ANY_TEXT) -> Encoded:
    """Documents with tokens of any sorted spans: gaps, overlaps, shared, empty."""
    texts = draw(st.lists(text, min_size=1, max_size=4))
    documents: list[Document] = []
    for each in texts:
        place = st.integers(0, len(each.encode()))
        count = draw(st.integers(0, 8))
        starts = sorted(draw(st.lists(place, min_size=count, max_size=count)))
        ends = sorted(draw(st.lists(place, min_size=count, max_size=count)))
        pieces: list[bytes | Piece] = [b"a", b"bc", b"\xc3", UNK, BOS]
        tokens: list[Token] = []
        for start, end in zip(starts, ends, strict=True):
            token = draw(st.sampled_from(pieces))
            tokens.append((token, start, max([start, end, *(e for _, _, e in tokens)])))
        documents.append((each, tokens))
    seen = draw(st.sets(st.sampled_from(["a", "ab", "é", "語"])))
    return encoded(documents, unk=True, seen=sorted(seen))


# Two documents of 12 and 4 bytes, 11 and 4 characters, 5 and 2 tokens; words: the, café, ra | the2
SMALL = encoded(
    [chain("the café ra", "the", " ca", "fé", " r", "a"), chain("the2", "th", "e2")],
    extra=[Piece(b"x"), BOS],
    seen=["the", "ra"],
)
