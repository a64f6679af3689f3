"""Fit a tokenizer to a new text: count its words, drop pieces, add pieces, measure on held-out text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from toklab.adapting.findings import Adaptation, Added, Dropped
from toklab.adapting.growing import grow
from toklab.adapting.pruning import droppable, freed
from toklab.adapting.rebuild import Adaptable, final_order, reordered
from toklab.algorithms.models import BpeModel, WordPieceModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.comparison import encode
from toklab.corpus import Corpus, open_corpus
from toklab.errors import FormatError, UsageError, VocabSizeError
from toklab.loading import load
from toklab.loading.ours import as_ours
from toklab.measure import measure
from toklab.metrics import seen_words
from toklab.pretokenize import count_words
from toklab.signature import render, toklab_version
from toklab.statistics import Bootstrap
from toklab.types import IntArray, Tokenizer, WordCounts

METRICS = (
    "tokens",
    "bytes_per_token",
    "fertility",
    "continued_words",
    "vocab_obtained",
    "vocab_used",
    "unk_rate",
    "fallback_rate",
    "oov_fertility",
    "round_trip",
)


def adapt(
    source: str | Path | Tokenizer,
    text: str | Path | Corpus | Iterable[str],
    *,
    vocab_size: int,
    replace_unused: bool = False,
    documents: str = "paragraph",
    held_out: float = 0.1,
    seed: int = 0,
    resamples: int = 1000,
) -> Adaptation:
    """Extend or prune an existing vocabulary for a new domain.

    Ids of pieces that stay do not change, unless the vocabulary gets smaller. Larger: pieces that save most tokens are
    added behind the old ones. Smaller: the least used pieces go. ``replace_unused`` drops what the text never uses
    first, and gives these ids to new pieces.

    Parameters
    ----------
    source : a BPE, WordPiece or Unigram tokenizer, or what `toklab.load` reads as one; one of another library must be
        such that toklab could have trained it
    text : of the new domain: a path, texts, or a ``Corpus``
    vocab_size : pieces to end with
    replace_unused : pieces that the text never uses make room for new ones
    documents : how files are cut into documents
    held_out, seed : share of the documents kept back for the figures, and the seed of the choice
    resamples : of the bootstrap behind each interval

    Raises
    ------
    UsageError
        The tokenizer is of another kind, or ``vocab_size`` is smaller than what must stay.
    InputError
        The text cannot be read.
    """
    corpus = open_corpus(text, documents=documents)
    tokenizer = _tokenizer(source, corpus.documents)
    model = tokenizer.model
    assert isinstance(model, BpeModel | WordPieceModel | UnigramModel)
    training, test = corpus.split(held_out, seed)
    words = count_words(training.documents, tokenizer.pretokenizer, tokenizer.normalizer)
    uses = _uses(model, words)
    gone = _gone(tokenizer.name, model, uses, vocab_size, replace_unused)
    kept = [index for index in range(len(model.vocab)) if index not in set(gone)]
    grown = grow(reordered(model, kept), words, vocab_size)
    order = final_order(len(model.vocab), kept, len(grown.vocab) - len(kept))
    facts = {
        "adapted": f"{corpus.name}@{corpus.digest}",
        "heldout": f"{held_out:g}@seed{seed}",
        **({"replaced": "unused"} if replace_unused else {}),
    }
    adapted = replace(
        tokenizer,
        model=reordered(grown, order),
        signature={**tokenizer.signature, **facts, "vocab": str(vocab_size)},
        warnings=tokenizer.warnings,
    )
    bootstrap = Bootstrap(len(test), resamples, seed)
    seen = seen_words(training.documents)
    before, after = (measure(encode(tok, test.documents, seen), bootstrap, METRICS) for tok in (tokenizer, adapted))
    missing = vocab_size - len(adapted.vocab)
    return Adaptation(
        adapted,
        before,
        after,
        _added(tokenizer, adapted, order, len(kept), words),
        tuple(Dropped(index, str(model.vocab[index]), int(uses[index])) for index in gone),
        {kept[place]: new for new, place in enumerate(order) if place < len(kept) and kept[place] != new},
        {"name": corpus.name, "digest": corpus.digest, "documents": len(corpus), "bytes": corpus.n_bytes},
        render({"toklab": toklab_version(), **adapted.signature, "bootstrap": f"{resamples}@seed{seed}"}),
        (f"{missing:,} pieces fewer than asked for: no other would save a token",) if missing else (),
    )


def _tokenizer(source: str | Path | Tokenizer, texts: Sequence[str]) -> TrainedTokenizer:
    """The tokenizer as one of toklab's own, which must cut the texts as it does."""
    given = load(source) if isinstance(source, str | Path) else source
    try:
        tokenizer = as_ours(given)
    except FormatError as error:
        raise UsageError(f"{given.name} cannot be adapted: {error}") from None
    if not isinstance(tokenizer.model, BpeModel | WordPieceModel | UnigramModel):
        raise UsageError(f"{given.name} cannot be adapted: toklab adapts BPE, WordPiece and Unigram")
    if tokenizer is not given and not np.array_equal(tokenizer.encode_batch(texts).ids, given.encode_batch(texts).ids):
        raise UsageError(f"{given.name} cannot be adapted: toklab's reading of it would give this text other ids")
    return tokenizer


def _uses(model: Adaptable, words: WordCounts) -> IntArray:
    """(pieces,) int64, tokens of the text that each piece is."""
    uses = np.zeros(len(model.vocab), np.int64)
    for (ids, _), count in zip(model.encode_words(words.words), words.counts.tolist(), strict=True):
        for index in ids:
            uses[index] += count
    return uses


def _gone(name: str, model: Adaptable, uses: IntArray, size: int, replace_unused: bool) -> list[int]:
    """Old ids that go, ascending."""
    surplus = len(model.vocab) - size
    if surplus <= 0 and not replace_unused:
        return []
    unused = len(droppable(model, uses, 0)) if replace_unused else 0
    order = droppable(model, uses)
    if surplus > len(order):
        raise VocabSizeError(name, size, len(model.vocab) - len(order))
    return freed(order, max(surplus, unused))


def _added(
    old: TrainedTokenizer, new: TrainedTokenizer, order: Sequence[int], kept: int, words: WordCounts
) -> tuple[Added, ...]:
    model = new.model
    assert isinstance(model, BpeModel | WordPieceModel | UnigramModel)
    uses = _uses(model, words)
    ids = [index for index, place in enumerate(order) if place >= kept]
    texts = [new.vocab[index].surface.decode("utf-8", "replace") for index in ids]
    before = old.model.encode_words(texts)
    return tuple(
        Added(index, str(new.vocab[index]), int(uses[index]), found)
        for index, (found, _) in zip(ids, before, strict=True)
    )
