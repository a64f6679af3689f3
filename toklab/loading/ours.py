"""A tokenizer of somebody else's as one that toklab could have trained: to be proven, converted or adapted."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import hidden_score
from toklab.errors import FormatError
from toklab.formats.loaded_json import read_loaded
from toklab.formats.pipeline_json import BYTE_LEVEL, pretokenizer_of
from toklab.formats.ranks import Ranks, tokenizer_of
from toklab.formats.sentencepiece_model import load_sentencepiece_model
from toklab.formats.sentencepiece_tokenizer import SpmTokenizer, run_model
from toklab.formats.tokenizer_json import read_trained
from toklab.pretokenize import get_pretokenizer
from toklab.types import Tokenizer

HUGGING_FACE, SENTENCEPIECE = "huggingface", "sentencepiece"
_NOT_RUN = ("truncation", "padding", "post_processor")
_BPE = {"dropout": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "unk_token": None}
_FLAGS = {"fuse_unk": False, "byte_fallback": False, "ignore_merges": False}


def engine_of(tokenizer: Tokenizer) -> str:
    """The library that runs a tokenizer, or ``"toklab"``."""
    return str(getattr(tokenizer, "engine", "toklab"))


Runnable: TypeAlias = TrainedTokenizer | LoadedTokenizer | SpmTokenizer
"""A tokenizer that toklab itself runs, whoever made it."""


def run_by_toklab(tokenizer: Tokenizer) -> Runnable:
    """The tokenizer as toklab runs it, with the ids that its library gives.

    Raises
    ------
    FormatError
        Only its library can; the text names the part.
    """
    if isinstance(tokenizer, TrainedTokenizer | LoadedTokenizer | SpmTokenizer):
        return tokenizer
    ranks, data, engine = getattr(tokenizer, "ranks", None), getattr(tokenizer, "model", None), engine_of(tokenizer)
    if isinstance(ranks, Ranks):
        return tokenizer_of(ranks)
    if isinstance(data, bytes) and engine == HUGGING_FACE:
        return read_loaded(data, tokenizer.name)
    if isinstance(data, bytes) and engine == SENTENCEPIECE:
        return run_model(data, tokenizer.name)
    raise FormatError(f"{tokenizer.name} is run by its library, which alone knows how")


def as_ours(tokenizer: Tokenizer) -> TrainedTokenizer:
    """The tokenizer in toklab's own terms. It means the same but for what the caller must check: see `in_our_words`.

    Raises
    ------
    FormatError
        toklab could not have trained it; the text names the part.
    """
    if isinstance(tokenizer, TrainedTokenizer):
        return tokenizer
    ranks = getattr(tokenizer, "ranks", None)
    if isinstance(ranks, Ranks):
        return tokenizer_of(ranks)
    data = tokenizer.source if isinstance(tokenizer, LoadedTokenizer) else getattr(tokenizer, "model", None)
    if isinstance(data, bytes) and engine_of(tokenizer) == SENTENCEPIECE:
        return load_sentencepiece_model(data)
    if not isinstance(data, bytes) or engine_of(tokenizer) not in (HUGGING_FACE, "toklab"):
        raise FormatError(f"{tokenizer.name} is run by its library, which alone knows how")
    try:
        return read_trained(in_our_words(json.loads(data)))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"{tokenizer.name} is no tokenizer that toklab could have trained: {error!r}") from None


def in_our_words(parts: dict[str, Any]) -> dict[str, Any]:
    """A ``tokenizer.json`` with what can be said in several ways said as toklab says it.

    ByteLevel with its own pattern is that pattern and ByteLevel without. Special tokens that stand beside the
    vocabulary stand in it. What toklab does not run (padding, truncation, a post-processor) is gone. The scores with
    which the text of a hidden piece of Unigram becomes that piece are lowered: such text is cut otherwise.

    Raises
    ------
    FormatError
        It takes tokens that are not special out of a text before anything else, which no training does.
    """
    if not all(entry["special"] for entry in parts["added_tokens"]):
        raise FormatError("it takes added tokens that are not special out of a text, which toklab's own do not do")
    model = dict(parts["model"])
    cut = parts["pre_tokenizer"]
    if cut and (cut["type"], cut.get("use_regex"), cut.get("add_prefix_space")) == ("ByteLevel", True, False):
        cut = pretokenizer_of(get_pretokenizer("gpt2"), True)
    elif cut and cut["type"] == "Sequence":
        cut = {**cut, "pretokenizers": [_plain_byte_level(step) for step in cut["pretokenizers"]]}
    if model["type"] == "Unigram":
        _hide(parts, model)
    else:
        model["vocab"] = _with_specials(model["vocab"], parts["added_tokens"])
    if model["type"] == "BPE":
        model = {**_BPE, **_FLAGS, **model}
        model |= {key: model[key] or None for key in _BPE}
        model["merges"] = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    return parts | dict.fromkeys(_NOT_RUN) | {"pre_tokenizer": cut, "model": model}


def _plain_byte_level(step: dict[str, Any]) -> dict[str, Any]:
    plain = step["type"] == "ByteLevel" and not step.get("use_regex", True) and not step.get("add_prefix_space", True)
    return dict(BYTE_LEVEL) if plain else step


def _with_specials(vocab: dict[str, int], added: list[dict[str, Any]]) -> dict[str, int]:
    """The vocabulary with the added tokens that follow it."""
    found = dict(vocab)
    for entry in sorted(added, key=lambda entry: int(entry["id"])):
        if entry["content"] not in found and entry["id"] == len(found):
            found[entry["content"]] = entry["id"]
    return found


def _hide(parts: dict[str, Any], model: dict[str, Any]) -> None:
    hidden = {entry["content"] for entry in parts["added_tokens"]}
    hidden |= {f"<0x{byte:02X}>" for byte in range(256)} if model.get("byte_fallback") else set()
    lowest = min((score for text, score in model["vocab"] if text not in hidden), default=0.0)
    model["vocab"] = [[t, hidden_score(t, lowest) if t in hidden else score] for t, score in model["vocab"]]
    model.setdefault("byte_fallback", False)
