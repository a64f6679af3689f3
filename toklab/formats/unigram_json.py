"""The ``Unigram`` model of ``tokenizer.json``, written and read back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from toklab.algorithms.unigram_model import UnigramModel, hidden_score, is_hidden, spelled
from toklab.types import Piece, Vocab

# The kernel takes minus infinity for "not reached", so no sum over a text may become that.
LARGEST_SCORE, LARGEST_SINGLE = 1e200, 1e28
# Hugging Face passes over this entry, and adds in double precision: it may choose another of equals.
PRECISION, SINGLE = "precision", "single"


def unigram_of(model: UnigramModel) -> dict[str, Any]:
    """The ``model`` part."""
    found: dict[str, Any] = {
        "type": "Unigram",
        "unk_id": model.vocab.unk_id,
        "vocab": [[text, score] for text, score in zip(model.strings, model.scores, strict=True)],
        "byte_fallback": model.byte_fallback,
    }
    return found | {PRECISION: SINGLE} if model.single_precision else found


def read_unigram(part: Mapping[str, Any], specials: frozenset[str]) -> UnigramModel:
    """The model that a part means.

    Raises
    ------
    ValueError
        It holds what toklab cannot run, or what Hugging Face would run otherwise.
    """
    fallback, unknown, single = bool(part["byte_fallback"]), part["unk_id"], PRECISION in part
    if single and part[PRECISION] != SINGLE:
        raise ValueError(f"sums of the precision {part[PRECISION]!r}, which toklab does not run")
    texts = [text for text, _ in part["vocab"]]
    largest = LARGEST_SINGLE if single else LARGEST_SCORE
    scores = tuple(_score(text, score, largest) for text, score in part["vocab"])
    if len(set(texts)) < len(texts) or "" in texts:
        raise ValueError("a piece of its vocabulary is empty or given twice")
    if type(unknown) is not int or not 0 <= unknown < len(texts) or texts[unknown] not in specials:
        raise ValueError(f"its unknown token has the id {unknown!r}, which is no special token of the vocabulary")
    if fallback and not {f"<0x{byte:02X}>" for byte in range(256)} <= set(texts):
        raise ValueError("byte fallback with a vocabulary that lacks some of <0x00> to <0xFF>")
    vocab = Vocab(tuple(_piece(text, text in specials, fallback) for text in texts), unknown)
    model = UnigramModel(vocab, scores, fallback, single)
    lowest = min((score for _, score in model.pieces.values()), default=0.0)
    for piece, score in zip(model.vocab, scores, strict=True):
        if is_hidden(piece) and score > hidden_score(spelled(piece), lowest):
            raise ValueError(f"the score {score} of {spelled(piece)!r} lets text become it, which toklab does not run")
    return model


def _score(text: str, score: Any, largest: float) -> float:
    if type(score) not in (int, float) or not math.isfinite(score):
        raise ValueError(f"the score {score!r} of {text!r} is no finite number")
    if abs(score) > largest:
        raise ValueError(f"the score {score!r} of {text!r} is so large that sums of it are not finite")
    return float(score)


def _piece(text: str, special: bool, fallback: bool) -> Piece:
    if not special and fallback and re.fullmatch("<0x[0-9A-F]{2}>", text):
        return Piece(bytes([int(text[3:5], 16)]), byte=True)
    return Piece(text.encode(), special=special)
