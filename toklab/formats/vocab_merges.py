"""``vocab.json`` and ``merges.txt``, GPT-2's format: byte-level BPE and a pattern that goes without saying."""

from __future__ import annotations

import json

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError

VOCAB, MERGES, CONFIG = "vocab.json", "merges.txt", "tokenizer_config.json"


def files_of(tokenizer: TrainedTokenizer) -> dict[str, bytes]:
    """Both files, and the configuration that ``transformers`` reads beside them.

    Raises
    ------
    FormatError
        The tokenizer is no byte-level BPE of GPT-2's kind; the text names the feature that the format cannot hold.
    """
    model = tokenizer.model
    if not isinstance(model, BpeModel) or model.alphabet != "byte":
        raise _cannot("a model that is not byte-level BPE")
    if tokenizer.pretokenizer.name != "gpt2":
        raise _cannot(f"the pre-tokenizer {tokenizer.pretokenizer.name!r}, only 'gpt2'")
    if tokenizer.normalizer != "none":
        raise _cannot(f"the normaliser {tokenizer.normalizer!r}")
    strings = model.strings
    lines = ["#version: 0.2", *(f"{strings[left]} {strings[right]}" for left, right, _ in model.merges)]
    specials = {index: piece.surface.decode("utf-8") for index, piece in enumerate(model.vocab) if piece.special}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    facts = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "unk_token": None,
        "bos_token": None,
        "eos_token": next((text for text in ("<|endoftext|>", "</s>") if text in specials.values()), None),
        "added_tokens_decoder": {str(index): {"content": text} | flags for index, text in specials.items()},
    }
    return {
        VOCAB: json.dumps({text: index for index, text in enumerate(strings)}, ensure_ascii=False).encode("utf-8"),
        MERGES: ("\n".join(lines) + "\n").encode("utf-8"),
        CONFIG: (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode("utf-8"),
    }


def _cannot(what: str) -> FormatError:
    return FormatError(f"vocab.json and merges.txt cannot hold {what}")
