"""New pieces for a text: BPE goes on merging where it stopped; WordPiece and Unigram get whole words.

BPE is trained on, as Purason et al. 2025 do: the text is encoded with the old merges, and the most frequent pair of
tokens is merged, again and again. New merges come after all old ones, so a text never gets more tokens than before.

WordPiece and Unigram choose among all pieces at once, so that a new piece can spoil the cut of another word: `whole` of
WordPiece, for ``wholesale``, leaves ``##sale``. Each round adds the words that save most tokens, encodes the text, and
rejects words that cost more than they save, until all of them are worth their place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from toklab.adapting.characters import with_characters
from toklab.adapting.rebuild import Adaptable
from toklab.algorithms.bpe import learn_with
from toklab.algorithms.models import BpeModel, Segmentation
from toklab.algorithms.symbols import Material, Symbol, special_symbols
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.types import Piece, Vocab, WordCounts


def grow(model: Adaptable, words: WordCounts, size: int) -> Adaptable:
    """The model with new pieces behind the old ones; fewer than asked for where no more would save a token.

    Parameters
    ----------
    words : distinct pre-tokens of the text, with counts
    size : pieces to end with
    """
    if size <= len(model.vocab):
        return model
    model = with_characters(model, words, size)
    return grow_bpe(model, words, size) if isinstance(model, BpeModel) else grow_words(model, words, size)


def grow_bpe(model: BpeModel, words: WordCounts, size: int) -> BpeModel:
    """Train on from where the merges end."""
    symbols = _symbols(model)
    barred = {index for index, symbol in enumerate(symbols) if symbol.reserved}
    runs = [
        (run, count)
        for (ids, _), count in zip(model.encode_words(words.words), words.counts.tolist(), strict=True)
        for run in _runs(ids, barred)
    ]
    runs.sort(key=lambda run: -run[1])
    offsets = np.zeros(len(runs) + 1, np.int64)
    np.cumsum([len(run) for run, _ in runs], out=offsets[1:])
    flat = np.array([index for run, _ in runs for index in run], np.int32)
    material = Material(symbols, flat, offsets, np.array([count for _, count in runs], np.int64))
    if not runs:
        return model
    learned = learn_with("auto", material, size, byte_fallback=model.byte_fallback)
    pieces = tuple(learned.pieces)
    merges = (*model.merges, *learned.merges)
    pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
    return replace(model, vocab=Vocab(pieces, model.vocab.unk_id, pairs), merges=merges)


def _symbols(model: BpeModel) -> tuple[Symbol, ...]:
    """The vocabulary as what training starts from; bytes of byte fallback are never merged."""
    byte_level = model.alphabet == "byte"
    found = []
    for piece, text in zip(model.vocab, model.strings, strict=True):
        if piece.special:
            found += special_symbols([text], byte_level)
        else:
            reserved = piece.byte and not byte_level
            found.append(Symbol(piece, piece.surface if byte_level else text.encode("utf-8"), reserved))
    return tuple(found)


def _runs(ids: Sequence[int], barred: set[int]) -> Iterator[list[int]]:
    """Stretches of at least two tokens that may be merged."""
    run: list[int] = []
    for index in [*ids, -1]:
        if index >= 0 and index not in barred:
            run.append(index)
        else:
            if len(run) > 1:
                yield run
            run = []


def grow_words(model: WordPieceModel | UnigramModel, words: WordCounts, size: int) -> WordPieceModel | UnigramModel:
    """Add the words that save most tokens, and take none that costs more elsewhere than it saves."""
    texts, counts = words.words, words.counts.tolist()
    known = set(model.strings)
    costs = [_cost(model, word, found) for word, found in zip(texts, model.encode_words(texts), strict=True)]
    total = sum(cost * count for cost, count in zip(costs, counts, strict=True))
    saved = {
        word: (cost - 1) * count
        for word, cost, count in zip(texts, costs, counts, strict=True)
        if cost > 1 and word not in known
    }
    ranked = sorted(saved, key=lambda word: (-saved[word], word))
    frequency = dict(zip(texts, counts, strict=True))
    while chosen := ranked[: size - len(model.vocab)]:
        grown = _with_words(model, chosen, [math.log(frequency[word] / total) for word in chosen])
        after = grown.encode_words(texts)
        balance = dict.fromkeys(range(len(model.vocab), len(grown.vocab)), 0)
        for word, cost, count, found in zip(texts, costs, counts, after, strict=True):
            blamed = next((index for index in found[0] if index in balance), None)
            if blamed is not None:
                balance[blamed] += (cost - _cost(grown, word, found)) * count
        bad = {chosen[index - len(model.vocab)] for index, tokens in balance.items() if tokens <= 0}
        if not bad:
            return grown
        ranked = [word for word in ranked if word not in bad]
    return model


def _cost(model: WordPieceModel | UnigramModel, word: str, found: Segmentation) -> int:
    """Tokens of a word; one that is unknown, or holds what is unknown, counts by its characters."""
    return len(word) if model.vocab.unk_id in found[0] else len(found[0])


def _with_words(
    model: WordPieceModel | UnigramModel, words: Sequence[str], scores: Sequence[float]
) -> WordPieceModel | UnigramModel:
    pieces = (*model.vocab, *(Piece(word.encode("utf-8")) for word in words))
    vocab = replace(model.vocab, pieces=pieces)
    if isinstance(model, UnigramModel):
        return replace(model, vocab=vocab, scores=(*model.scores, *scores))
    return replace(model, vocab=vocab)
