"""A library's tokenizer read as one of ours, whose rules are known in full, so that proofs can be made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import hidden_score
from toklab.errors import ToklabError
from toklab.formats.pipeline_json import pretokenizer_of
from toklab.formats.ranks import Ranks, tokenizer_of
from toklab.formats.sentencepiece_model import load_sentencepiece_model
from toklab.formats.tokenizer_json import read_trained
from toklab.pretokenize import get_pretokenizer
from toklab.types import Tokenizer, Vocab

HUGGING_FACE, SENTENCEPIECE = "huggingface", "sentencepiece"


def engine_of(tokenizer: Tokenizer) -> str:
    """The library that runs a tokenizer, or ``"toklab"``."""
    return str(getattr(tokenizer, "engine", "toklab"))


def understood(tokenizer: Tokenizer, texts: Sequence[str]) -> TrainedTokenizer | None:
    """The tokenizer as one of ours; None where toklab does not run it, or does not cut the texts as the library does.

    Parameters
    ----------
    texts : that both must cut into the same ids
    """
    if isinstance(tokenizer, TrainedTokenizer):
        return tokenizer
    try:
        found = _read(tokenizer)
    except ToklabError:
        return None
    if found is None or not _same_pieces(found.vocab, tokenizer.vocab):
        return None
    ours, theirs = found.encode_batch(texts), tokenizer.encode_batch(texts)
    same = np.array_equal(ours.ids, theirs.ids) and np.array_equal(ours.rows, theirs.rows)
    return found if same else None


def _read(tokenizer: Tokenizer) -> TrainedTokenizer | None:
    ranks = getattr(tokenizer, "ranks", None)
    if isinstance(ranks, Ranks):
        return tokenizer_of(ranks)
    data = getattr(tokenizer, "model", None)
    if not isinstance(data, bytes):
        return None
    if engine_of(tokenizer) == SENTENCEPIECE:
        return load_sentencepiece_model(data)
    if engine_of(tokenizer) != HUGGING_FACE or _splits_off_tokens(data):
        return None
    return read_trained(_in_our_words(json.loads(data)))


def _in_our_words(parts: dict[str, Any]) -> dict[str, Any]:
    """The file with two things said as toklab reads them, which change nothing of what is proven.

    ByteLevel with its own pattern is that pattern and ByteLevel without. The scores with which the text of a hidden
    piece of Unigram becomes that piece are lowered: the proofs compare pieces that are not hidden.
    """
    cut, model = parts["pre_tokenizer"], parts["model"]
    if cut and (cut["type"], cut.get("use_regex"), cut.get("add_prefix_space")) == ("ByteLevel", True, False):
        parts["pre_tokenizer"] = pretokenizer_of(get_pretokenizer("gpt2"), True)
    if model["type"] == "Unigram":
        hidden = {entry["content"] for entry in parts["added_tokens"]}
        hidden |= {f"<0x{byte:02X}>" for byte in range(256)} if model["byte_fallback"] else set()
        lowest = min((score for text, score in model["vocab"] if text not in hidden), default=0.0)
        model["vocab"] = [[t, hidden_score(t, lowest) if t in hidden else score] for t, score in model["vocab"]]
    return parts


def _splits_off_tokens(data: bytes) -> bool:
    """Whether the file adds tokens that are not special: the library takes them out of the text before anything."""
    return not all(entry["special"] for entry in json.loads(data)["added_tokens"])


def _same_pieces(ours: Vocab, theirs: Vocab) -> bool:
    return [(p.surface, p.special) for p in ours] == [(p.surface, p.special) for p in theirs]
