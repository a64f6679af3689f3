"""Hold two tokenizers against each other on the same text."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toklab.corpus import Corpus, open_corpus
from toklab.differing.findings import Difference, DiffReport, Example, Part, Side
from toklab.differing.idmap import IdMap
from toklab.differing.spans import CUT, DROPPED, KNOWN, UNKNOWN, Spans, layout
from toklab.errors import UsageError
from toklab.fingerprints import model_fact
from toklab.loading import load
from toklab.metrics import Encoded
from toklab.metrics.pairs import Cutting, boundary_agreement, overlap, word_agreement
from toklab.signature import render, toklab_version, words_fact
from toklab.types import ByteArray, Tokenizer

CONTEXT = 24  # characters on each side of an example
KINDS = {DROPPED: "dropped", KNOWN: "token", UNKNOWN: "unknown"}


def diff(
    first: str | Path | Tokenizer,
    second: str | Path | Tokenizer,
    source: str | Path | Corpus | Iterable[str] | None = None,
    *,
    documents: str = "paragraph",
    top: int = 10,
) -> DiffReport:
    """Where two tokenizers cut the same text differently.

    Parameters
    ----------
    first, second : tokenizers, or paths that `toklab.load` loads
    source : a path, texts, a ``Corpus``, or None for the bundled text
    documents : how files are cut into documents: ``"paragraph"``, ``"line"`` or ``"file"``
    top : most differences to list

    Raises
    ------
    FormatError
        A path holds no tokenizer.
    InputError
        The text cannot be read.
    UsageError
        ``top`` is negative, or ``documents`` is no such way.
    BaselineError
        A library could not encode the text.
    """
    if top < 0:
        raise UsageError(f"{top} differences cannot be listed; ask for 0 or more")
    tokenizers = [load(given) if isinstance(given, str | Path) else given for given in (first, second)]
    corpus = open_corpus(source, documents=documents)
    ours, theirs = (_encode(tokenizer, tuple(corpus.documents)) for tokenizer in tokenizers)
    layouts = layout(ours), layout(theirs)
    spans = Spans.between(*layouts)
    starts, ends = spans.differing
    where = np.searchsorted(ours.source.bounds, starts, side="right") - 1
    kinds = _kinds(
        "".join(ours.texts).encode("utf-8"), layouts, zip(starts.tolist(), ends.tolist(), where.tolist(), strict=True)
    )
    # most frequent first; among equals by their bytes and by how they are cut
    listed = heapq.nsmallest(top, kinds.items(), key=lambda item: (-item[1].count, item[0]))
    cuttings = Cutting.of(ours), Cutting.of(theirs)
    facts = {
        "toklab": toklab_version(),
        "first": model_fact(tokenizers[0]),
        "second": model_fact(tokenizers[1]),
        "text": f"{corpus.name}@{corpus.digest}",
        "words": words_fact(),
        "top": str(top),
    }
    return DiffReport(
        signature=render(facts),
        first=_side(first, tokenizers[0], ours, spans),
        second=_side(second, tokenizers[1], theirs, spans),
        corpus={"name": corpus.name, "digest": corpus.digest, "documents": len(corpus), "bytes": corpus.n_bytes},
        spans=len(starts),
        distinct=len(kinds),
        documents=len(np.unique(where)),
        boundary_agreement=boundary_agreement(*cuttings).value(),
        word_agreement=word_agreement(*cuttings).value(),
        vocabulary=overlap(cuttings[0].surfaces, cuttings[1].surfaces),
        ids=IdMap.of(ours.vocab, theirs.vocab),
        differences=tuple(_difference(key, seen, ours) for key, seen in listed),
    )


def _encode(tokenizer: Tokenizer, texts: tuple[str, ...]) -> Encoded:
    # Nothing here asks what is decoded, or which words were seen in training.
    batch = tokenizer.encode_batch(texts, offsets=True)
    return Encoded(tokenizer.vocab, texts, batch, texts, frozenset(), len(tokenizer.vocab))


def _side(given: str | Path | Tokenizer, tokenizer: Tokenizer, encoded: Encoded, spans: Spans) -> Side:
    tokens = len(encoded.ids)
    return Side(
        name=str(given) if isinstance(given, str | Path) else tokenizer.name,
        algorithm=tokenizer.name,
        vocab_size=len(tokenizer.vocab),
        tokens=tokens,
        unknown=int(encoded.unknown.sum()),
        bytes_per_token=int(encoded.source.bounds[-1]) / tokens if tokens else None,
        differing=spans.tokens(encoded),
    )


@dataclass
class _Seen:
    """A difference as it is counted: bytes [start, end) of all documents are where it was seen first."""

    start: int
    end: int
    document: int
    count: int = 0
    documents: int = 0


_Key = tuple[bytes, bytes, bytes]


def _kinds(
    raw: bytes, layouts: tuple[ByteArray, ByteArray], differing: Iterable[tuple[int, int, int]]
) -> dict[_Key, _Seen]:
    """The distinct differences (the text of a span and its two layouts) of spans given as start, end and document."""
    first, second = (made.tobytes() for made in layouts)
    found: dict[_Key, _Seen] = {}
    last: dict[_Key, int] = {}
    for start, end, document in differing:
        key = raw[start:end], first[start:end], second[start:end]
        seen = found.setdefault(key, _Seen(start, end, document))
        seen.count += 1
        seen.documents += last.get(key) != document
        last[key] = document
    return found


def _difference(key: _Key, seen: _Seen, encoded: Encoded) -> Difference:
    text, first, second = key
    base = int(encoded.source.bounds[seen.document])
    start, end = seen.start - base, seen.end - base
    raw = encoded.texts[seen.document].encode("utf-8")
    example = Example(seen.document, start, end, _before(raw[:start]), _after(raw[end:]))
    return Difference(text, _parts(text, first), _parts(text, second), seen.count, seen.documents, example)


def _parts(text: bytes, made: Sequence[int]) -> tuple[Part, ...]:
    """A span's text as its layout cuts it."""
    cuts = [place for place in range(1, len(text)) if made[place] & CUT]
    bounds = zip([0, *cuts], [*cuts, len(text)], strict=True)
    return tuple(Part(text[start:end], KINDS[made[start] & ~CUT]) for start, end in bounds)


def _before(raw: bytes) -> str:
    """The last characters of a text that may end inside a character."""
    return raw.decode("utf-8", "backslashreplace")[-CONTEXT:]


def _after(raw: bytes) -> str:
    """The first characters of a text that may begin inside a character."""
    return raw.decode("utf-8", "backslashreplace")[:CONTEXT]
