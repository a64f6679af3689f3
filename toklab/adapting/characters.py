"""Characters that a model cannot spell: they come before any longer piece, because nothing else can stand for them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from toklab.adapting.rebuild import Adaptable
from toklab.algorithms.models import BpeModel
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.types import Piece, WordCounts

ONCE = 1


def with_characters(model: Adaptable, words: WordCounts, size: int) -> Adaptable:
    """The model with the characters that it lacks, the most frequent first; those that occur once are left out.

    A character is another piece at the end of a word, where a suffix marks it, and inside a word, for WordPiece. A
    byte-level model lacks none.
    """
    if isinstance(model, BpeModel) and model.alphabet == "byte":
        return model
    known = set(model.strings)
    counts: Counter[tuple[str, Piece]] = Counter()
    for word, count in words:
        for place, char in enumerate(word):
            spelled = _spelled(model, char, place == 0, place == len(word) - 1)
            if spelled[0] not in known:
                counts[spelled] += count
    fresh = sorted((key for key in counts if counts[key] > ONCE), key=lambda key: (-counts[key], key[0]))
    chosen = fresh[: size - len(model.vocab)]
    vocab = replace(model.vocab, pieces=(*model.vocab, *(piece for _, piece in chosen)))
    if isinstance(model, UnigramModel):
        total = sum(len(word) * count for word, count in words)
        return replace(model, vocab=vocab, scores=(*model.scores, *(math.log(counts[key] / total) for key in chosen)))
    return replace(model, vocab=vocab)


def _spelled(model: Adaptable, char: str, first: bool, last: bool) -> tuple[str, Piece]:
    """How a character is spelled at its place, and the piece for it."""
    if isinstance(model, WordPieceModel) and not first:
        return CONTINUATION + char, Piece(char.encode("utf-8"), continuation=True)
    final = isinstance(model, BpeModel) and model.suffix != "" and last
    suffix = model.suffix if isinstance(model, BpeModel) and final else ""
    return char + suffix, Piece(char.encode("utf-8"), word_final=final)
