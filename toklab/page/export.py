"""Tokenizers as data that the encoders of the page run: see ``templates/encoders.js``.

Numbers stand end to end in little-endian arrays, in base64, which is half as long as their digits; a text that occurs
in the vocabulary stands there once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toklab.algorithms.loaded_models import LoadedBpe
from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.spm_pieces import SpmBpeModel, SpmWordModel
from toklab.algorithms.symbols import BYTE_TO_CHAR, CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.pretokenize import PreTokenizer
from toklab.types import ByteArray


def model_data(model: Model) -> dict[str, Any] | None:
    """What encodes a word; None for a model that the page cannot run."""
    if isinstance(model, BpeModel):
        return _bpe(model)
    if isinstance(model, LoadedBpe):
        return _loaded_bpe(model)
    if isinstance(model, SpmBpeModel):
        return _by_score(model)
    if isinstance(model, WordPieceModel):
        shared = {"unknown": model.vocab.unk_id, "longestWord": model.max_word_length}
        return {"kind": "wordpiece", "texts": _texts(model), "prefix": CONTINUATION, **shared}
    if isinstance(model, UnigramModel):
        return _unigram(model)
    if isinstance(model, WordModel):
        return {"kind": "word", "texts": _texts(model), "unknown": model.vocab.unk_id}
    if isinstance(model, SpmWordModel):
        ids = np.array(list(model.used.values()), np.int64)
        found = {"kind": "word", "texts": list(model.used), "ids": packed(ids), "unknown": model.vocab.unk_id}
        return found | {"fallback": _fallback(model.fallback), "spread": model.spread}
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


def packed(values: npt.NDArray[Any]) -> dict[str, str]:
    """Numbers as the type of the page's array that holds them all, and its bytes."""
    kind = values.dtype
    if kind.kind in "iu":
        most = int(values.max(initial=0))
        kind = np.dtype(np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32)
    little: ByteArray = values.astype(kind.newbyteorder("<")).view(np.uint8)
    return {kind.name: base64.b64encode(little.tobytes()).decode()}


def _bpe(model: BpeModel) -> dict[str, Any]:
    found = _merges(model.merges, len(model.vocab)) | {"kind": "bpe"}
    if model.ignore_merges:
        found |= _whole({text: index for raw, index in model.whole.items() if (text := _text_of(raw)) is not None})
    if model.alphabet == "byte":
        return found | {"bytes": packed(np.array(model.byte_ids))}
    atoms = {text: index for text, index in model.atoms.items() if len(text.removesuffix(model.suffix)) <= 1}
    return found | _spelled(atoms, model.vocab.unk_id) | {"suffix": model.suffix, "fallback": _fallback(model.fallback)}


def _loaded_bpe(model: LoadedBpe) -> dict[str, Any]:
    """Also with the options that only files of others have."""
    found = _merges(model.merges, len(model.vocab)) | {"kind": "bpe"}
    if model.ignore_merges:
        found |= _whole(model.whole)
    if model.byte_ids is not None:
        return found | {"bytes": packed(np.array(model.byte_ids))}
    longest = 1 + len(model.prefix) + len(model.suffix)
    atoms = {text: index for text, index in model.ids.items() if len(text) <= longest}
    rules = {"prefix": model.prefix, "suffix": model.suffix, "fuse": model.fuse_unk}
    # A byte without a piece is told by an id that nothing has.
    fallback = [len(model.vocab) if index is None else index for index in model.fallback]
    rules |= {"fallback": _fallback(fallback if model.byte_fallback else ())}
    characters = {"characters": "".join(BYTE_TO_CHAR)} if model.byte_level else {}
    return found | _spelled(atoms, model.vocab.unk_id) | rules | characters


def _by_score(model: SpmBpeModel) -> dict[str, Any]:
    """SentencePiece's BPE, in which merges of equal scores have equal ranks; see `SpmBpeModel` for its numbers."""
    ranked = sorted((rank, left, right, made) for (left, right), (rank, made) in model.pairs.items())
    found = _merges([(left, right, made) for _, left, right, made in ranked], model.stranger + 1)
    atoms = {text: number for text, number in model.numbers.items() if len(text) == 1}
    shared = _spelled(atoms, model.vocab.unk_id) | {"fallback": _fallback(model.fallback)}
    numbers = {
        "orders": packed(np.array([rank for rank, *_ in ranked], np.int64)),
        "pieces": len(model.vocab),
        "stranger": model.stranger,
        "unused": [[number, *model.tokens_of(text)] for text, number in model.unused.items()],
    }
    return found | shared | numbers | {"kind": "bpe"}


def _merges(merges: Sequence[tuple[int, int, int]], size: int) -> dict[str, Any]:
    """Merges by rank; all ids are below ``size``."""
    rows = np.array(merges, np.int64).reshape(-1, 3)
    return {"size": size, "left": packed(rows[:, 0]), "right": packed(rows[:, 1]), "made": packed(rows[:, 2])}


def _whole(words: Mapping[str, int]) -> dict[str, Any]:
    """Words that are pieces, whatever the merges would make of them."""
    return {"whole": list(words), "wholeIds": packed(np.array(list(words.values()), np.int64))}


def _text_of(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _spelled(atoms: Mapping[str, int], unknown: int | None) -> dict[str, Any]:
    return {"atoms": list(atoms), "atomIds": packed(np.array(list(atoms.values()), np.int64)), "unknown": unknown}


def _fallback(ids: Sequence[int]) -> dict[str, str] | None:
    """Ids of the 256 bytes, where there is byte fallback."""
    return packed(np.array(ids)) if ids else None


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
        "fallback": _fallback(model.fallback),
    }


def _texts(model: WordPieceModel | WordModel) -> list[str | None]:
    """The text of each id; None for those that no text becomes."""
    return [None if piece.special else text for piece, text in zip(model.vocab, model.strings, strict=True)]
