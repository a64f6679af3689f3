"""A model with other ids: pieces in another order, some of them left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from toklab.algorithms.models import BpeModel
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.types import Vocab

Adaptable: TypeAlias = BpeModel | WordPieceModel | UnigramModel


def reordered(model: Adaptable, order: Sequence[int]) -> Adaptable:
    """The model whose id i is the old id ``order[i]``; merges that need a piece which is left out go with it."""
    places = {old: new for new, old in enumerate(order)}
    pieces = tuple(model.vocab.pieces[old] for old in order)
    unknown = None if model.vocab.unk_id is None else places[model.vocab.unk_id]
    if isinstance(model, BpeModel):
        merges = tuple(
            (places[left], places[right], places[new])
            for left, right, new in model.merges
            if left in places and right in places and new in places
        )
        pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
        return replace(model, vocab=Vocab(pieces, unknown, pairs), merges=merges)
    vocab = Vocab(pieces, unknown)
    if isinstance(model, UnigramModel):
        return replace(model, vocab=vocab, scores=tuple(model.scores[old] for old in order))
    return replace(model, vocab=vocab)


def final_order(size: int, kept: Sequence[int], added: int) -> list[int]:
    """Where each piece goes: ids that stay are stable, new pieces take freed ids first.

    Parameters
    ----------
    size : of the old vocabulary
    kept : old ids that stay, ascending
    added : number of new pieces

    Returns
    -------
    For each new id the place of its piece in the list of those that stay, followed by the new ones. Where more pieces
    go than come, ids move up, because a vocabulary has no holes.

    Examples
    --------
    Of 5 pieces, 1 and 3 go and three come: the new ones get the ids 1, 3 and 5.

    >>> final_order(5, [0, 2, 4], 3)
    [0, 3, 1, 4, 2, 5]
    """
    fresh = iter(range(len(kept), len(kept) + added))
    if len(kept) + added < size:
        return list(range(len(kept) + added))
    places = {old: place for place, old in enumerate(kept)}
    return [places[old] if old in places else next(fresh) for old in range(size)] + list(fresh)
