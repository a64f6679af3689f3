"""Audit one vocabulary: the library's front door to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from toklab.corpus import Corpus, open_corpus
from toklab.fingerprints import model_fact
from toklab.inspecting.findings import Duplicates, InspectReport, Use
from toklab.inspecting.reaching import reach_of
from toklab.inspecting.scripts import by_script
from toklab.inspecting.suspects import suspects
from toklab.inspecting.utf8 import is_whole
from toklab.inspecting.words import shattered_words
from toklab.loading import load
from toklab.metrics.encoded import Encoded
from toklab.signature import render, toklab_version, words_fact
from toklab.types import Tokenizer


def inspect_model(
    model: str | Path | Tokenizer,
    source: str | Path | Corpus | Iterable[str | Path] | None = None,
    *,
    documents: str = "paragraph",
) -> InspectReport:
    """Audit a vocabulary.

    Parameters
    ----------
    model : a tokenizer, or anything that `toklab.load` loads
    source : the text that shows which pieces are used: a path, texts, a ``Corpus``, or None for the bundled English.
        Text that the vocabulary was not learned from says more
    documents : how files are cut into documents: ``"paragraph"``, ``"line"`` or ``"file"``

    Raises
    ------
    FormatError
        The model cannot be read.
    InputError
        The text cannot be read.
    UsageError
        The tokenizer's offsets or ids make no sense.

    Notes
    -----
    What can be reached is found by encoding, and what cannot is claimed with a proof only, see
    `toklab.inspecting.reaching` and `toklab.inspecting.proofs`. Suspects after Land and Bartolo 2024, see
    `toklab.inspecting.suspects`.
    """
    tokenizer = load(model) if isinstance(model, str | Path) else model
    corpus = open_corpus(source, documents=documents)
    texts = tuple(corpus.documents)
    batch = tokenizer.encode_batch(texts, offsets=True)
    decoded = tuple(tokenizer.decode(batch[row].ids.tolist()) for row in range(len(batch)))
    encoded = Encoded(tokenizer.vocab, texts, batch, decoded, frozenset(), len(tokenizer.vocab))
    reach, understood = reach_of(tokenizer, texts, list(batch))
    uses = _uses(encoded)
    facts = {
        **tokenizer.signature,
        "toklab": toklab_version(),
        "model": model_fact(tokenizer),
        "text": f"{corpus.name}@{corpus.digest}",
        "words": words_fact(),
        "unicode": unicodedata.unidata_version,
    }
    return InspectReport(
        tokenizer=tokenizer.name,
        signature=render(facts),
        pieces=len(tokenizer.vocab),
        specials=len(tokenizer.vocab.special_ids),
        documents=len(texts),
        tokens=len(encoded.ids),
        reach=reach,
        uses=uses,
        partial=tuple(u.id for u in uses if not u.piece.special and not is_whole(u.piece.surface)),
        duplicates=_duplicates(uses),
        single_document=_single(uses) if len(texts) > 1 else None,
        suspects=suspects(encoded, reach, uses),
        scripts=by_script(uses),
        shattered=shattered_words(encoded),
        notes=() if understood else (_NO_PROOFS,),
    )


_NO_PROOFS = (
    "toklab does not run this model itself and proves nothing of it: pieces that no text can become, if there are any, "
    "are among those not found"
)


def _uses(encoded: Encoded) -> tuple[Use, ...]:
    size = len(encoded.vocab)
    tokens = np.bincount(encoded.ids, minlength=size)
    pairs = np.unique(np.stack([encoded.ids.astype(np.int64), encoded.documents]), axis=1)
    documents = np.bincount(pairs[0], minlength=size)
    rows = zip(encoded.vocab, tokens.tolist(), documents.tolist(), strict=True)
    return tuple(Use(i, piece, count, held) for i, (piece, count, held) in enumerate(rows))


def _single(uses: Sequence[Use]) -> tuple[Use, ...]:
    found = [use for use in uses if use.documents == 1 and use.tokens > 1 and not use.piece.special]
    return tuple(sorted(found, key=lambda use: (-use.tokens, use.id)))


def _duplicates(uses: Sequence[Use]) -> tuple[Duplicates, ...]:
    """Groups of pieces that are one without case, leading space, ``##`` and ``</w>``."""
    groups: dict[str, list[Use]] = {}
    for use in uses:
        if use.piece.special or use.piece.byte or not is_whole(use.piece.surface):
            continue
        key = use.piece.surface.decode("utf-8").removeprefix(" ").casefold()
        if key:
            groups.setdefault(key, []).append(use)
    found = [
        Duplicates(key, tuple((use.id, use.piece) for use in group), sum(use.tokens for use in group))
        for key, group in groups.items()
        if len(group) > 1
    ]
    return tuple(sorted(found, key=lambda group: (-len(group.pieces), -group.tokens, group.key)))
