"""Tokenizers as data that the encoders of the page run: see ``templates/encoders.js``.

Numbers stand end to end in little-endian arrays, in base64, which is half as long as their digits; a text that occurs
in the vocabulary stands there once.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from toklab.algorithms.models import BpeModel, Model, WordModel, WordPieceModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.pretokenize import PreTokenizer
from toklab.types import ByteArray


def model_data(model: Model) -> dict[str, Any] | None:
    """What encodes a word; None for a model that the page cannot run."""
    if isinstance(model, BpeModel):
        return None if model.ignore_merges else _bpe(model)
    if isinstance(model, WordPieceModel):
        shared = {"unknown": model.vocab.unk_id, "longestWord": model.max_word_length}
        return {"kind": "wordpiece", "texts": _texts(model), "prefix": CONTINUATION, **shared}
    if isinstance(model, UnigramModel):
        return _unigram(model)
    if isinstance(model, WordModel):
        return {"kind": "word", "texts": _texts(model), "unknown": model.vocab.unk_id}
    return None


def pattern_data(pretokenizer: PreTokenizer) -> dict[str, Any] | None:
    """The automaton that cuts a text; None for a pattern that has none.

    Returns
    -------
    ``firsts`` and ``classes``: the code points at which a class begins, and which; ``table``: see
    `toklab.pretokenize.automaton.Automaton`, rows of ``width``
    """
    cutter = pretokenizer.cutter()
    if cutter is None:
        return None
    firsts = np.flatnonzero(np.diff(cutter.classes, prepend=np.uint8(255)))
    return {
        "keepsGaps": pretokenizer.entry.keeps_gaps,
        "firsts": packed(firsts),
        "classes": packed(cutter.classes[firsts]),
        "table": packed(cutter.table.ravel()),
        "width": cutter.table.shape[1],
    }


def works_whole(tokenizer: TrainedTokenizer) -> bool:
    """Whether texts are encoded without being cut into words first."""
    model = tokenizer.model
    return tokenizer.pretokenizer.name == "none" or (isinstance(model, UnigramModel) and model.single_precision)


def packed(values: npt.NDArray[Any]) -> dict[str, str]:
    """Numbers as the type of the page's array that holds them all, and its bytes."""
    kind = values.dtype
    if kind.kind in "iu":
        most = int(values.max(initial=0))
        kind = np.dtype(np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32)
    little: ByteArray = values.astype(kind.newbyteorder("<")).view(np.uint8)
    return {kind.name: base64.b64encode(little.tobytes()).decode()}


def _bpe(model: BpeModel) -> dict[str, Any]:
    merges = np.array(model.merges, np.int64).reshape(-1, 3)
    found: dict[str, Any] = {
        "kind": "bpe",
        "size": len(model.vocab),
        "left": packed(merges[:, 0]),
        "right": packed(merges[:, 1]),
        "made": packed(merges[:, 2]),
    }
    if model.alphabet == "byte":
        return found | {"bytes": packed(np.array(model.byte_ids))}
    atoms = {text: index for text, index in model.atoms.items() if len(text.removesuffix(model.suffix)) <= 1}
    return found | {
        "atoms": list(atoms),
        "atomIds": packed(np.array(list(atoms.values()), np.int64)),
        "suffix": model.suffix,
        "fallback": packed(np.array(model.fallback)) if model.byte_fallback else None,
        "unknown": model.vocab.unk_id,
    }


def _unigram(model: UnigramModel) -> dict[str, Any]:
    unknown, score = model.unknown
    kind = np.float32 if model.single_precision else np.float64
    return {
        "kind": "unigram",
        "texts": list(model.pieces),
        "ids": packed(np.array([index for index, _ in model.pieces.values()], np.int64)),
        "scores": packed(np.array([score for _, score in model.pieces.values()], kind)),
        "unknown": unknown,
        "unknownScore": score,
        "single": model.single_precision,
        "fallback": packed(np.array(model.fallback)) if model.byte_fallback else None,
    }


def _texts(model: WordPieceModel | WordModel) -> list[str | None]:
    """The text of each id; None for those that no text becomes."""
    return [None if piece.special else text for piece, text in zip(model.vocab, model.strings, strict=True)]
