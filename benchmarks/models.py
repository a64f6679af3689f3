"""One vocabulary of toklab's in every form that a library loads."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel, hidden_score, is_hidden, spelled
from toklab.baselines.sentencepiece_model import SPACE
from toklab.formats.sentencepiece_model import sentencepiece_file
from toklab.types import Tokenizer, Vocab

FILE = "tokenizer.json"
METASPACE = "metaspace.json"
SPM = "tokenizer.model"
# Nats. A sum of such steps is exact in 32 bits up to 2**14 nats, the cost of a word of a thousand pieces.
SCORE_STEP = 2**-10
PLAIN = "byte_level.json"
RANKS = "ranks.tiktoken"
IDS = "ids.json"
# Libraries know GPT-2's pattern by this step, which stands for it, and cut with code of their own.
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
# And the rule of SentencePiece, that words begin at spaces, by this one.
SPACES = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "never", "split": True}


def save_forms(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``tokenizer.json``, and for byte-level BPE and for Unigram the same model in other spellings.

    BPE: ``byte_level.json`` names GPT-2's pattern instead of spelling it out; ``ranks.tiktoken`` has the bytes and
    rank of each piece, and ``ids.json`` the id of each rank. Unigram: ``metaspace.json`` and ``tokenizer.model``
    (SentencePiece's) spell the space as U+2581.
    """
    if isinstance(tokenizer, TrainedTokenizer) and isinstance(tokenizer.model, UnigramModel):
        tokenizer = replace(tokenizer, model=with_short_scores(tokenizer.model))
        tokenizer.save(folder)
        _save_with_spaces(tokenizer, folder)
        return
    tokenizer.save(folder)
    whole = json.loads((folder / FILE).read_bytes())
    if whole["model"]["type"] == "BPE":
        _save_as_bytes(whole, tokenizer.vocab, folder)


def with_short_scores(model: UnigramModel) -> UnigramModel:
    """The model with scores whose sums need no rounding, neither in 64 bits nor in the 32 of some libraries.

    Otherwise segmentations that are equally probable, or nearly so, would be chosen between by rounding errors.
    """
    rounded = [round(score / SCORE_STEP) * SCORE_STEP for score in model.scores]
    lowest = min(score for score, piece in zip(rounded, model.vocab, strict=True) if not is_hidden(piece))
    shown = zip(rounded, model.vocab, strict=True)
    scores = [hidden_score(spelled(piece), lowest) if is_hidden(piece) else score for score, piece in shown]
    return replace(model, scores=tuple(scores))


def _save_with_spaces(tokenizer: TrainedTokenizer, folder: Path) -> None:
    whole = json.loads((folder / FILE).read_bytes())
    entries = [(text.replace(" ", SPACE), score) for text, score in whole["model"]["vocab"]]
    steps = {"pre_tokenizer": SPACES, "decoder": SPACES, "model": {**whole["model"], "vocab": entries}}
    (folder / METASPACE).write_text(json.dumps({**whole, **steps}), encoding="utf-8")
    (folder / SPM).write_bytes(sentencepiece_file(tokenizer).to_bytes())


def _save_as_bytes(whole: dict[str, Any], vocab: Vocab, folder: Path) -> None:
    (folder / PLAIN).write_text(json.dumps({**whole, "pre_tokenizer": BYTE_LEVEL}), encoding="utf-8")
    ranks, to_id = byte_ranks(vocab)
    lines = [b"%s %d\n" % (base64.b64encode(surface), rank) for surface, rank in ranks.items()]
    (folder / RANKS).write_bytes(b"".join(lines))
    (folder / IDS).write_text(json.dumps(to_id), encoding="utf-8")


def byte_ranks(vocab: Vocab) -> tuple[dict[bytes, int], list[int]]:
    """A byte-level BPE vocabulary as tiktoken takes it.

    Returns
    -------
    ranks : bytes of each piece to its rank; special pieces have none
    to_id : id of each rank
    """
    to_id = [index for index, piece in enumerate(vocab) if not piece.special]
    return {vocab[index].surface: rank for rank, index in enumerate(to_id)}, to_id


def read_ranks(folder: Path) -> tuple[dict[bytes, int], list[int]]:
    """What `save_forms` wrote for tiktoken."""
    lines: list[Any] = [line.split() for line in (folder / RANKS).read_bytes().splitlines()]
    return {base64.b64decode(surface): int(rank) for surface, rank in lines}, json.loads((folder / IDS).read_bytes())
