"""A folder for ``transformers.AutoTokenizer``: ``tokenizer.json`` and what the library wants to know beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.formats.tokenizer_json import FILE, to_json
from toklab.types import Vocab

CONFIG = "tokenizer_config.json"
# transformers' own word for "no limit".
NO_LIMIT = int(1e30)
# What special tokens of these texts are for; the first that a vocabulary holds is taken.
ROLES = {
    "bos_token": ("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>"),
    "eos_token": ("</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>"),
    "pad_token": ("<pad>", "[PAD]", "<|pad|>"),
    "cls_token": ("[CLS]", "<cls>"),
    "sep_token": ("[SEP]", "<sep>"),
    "mask_token": ("[MASK]", "<mask>"),
}


def files_of(tokenizer: TrainedTokenizer) -> dict[str, bytes]:
    """The contents of both files.

    Raises
    ------
    FormatError
        ``tokenizer.json`` cannot hold the tokenizer.
    """
    return {FILE: to_json(tokenizer).encode("utf-8"), CONFIG: config(tokenizer.vocab)}


def config(vocab: Vocab) -> bytes:
    """``tokenizer_config.json``: special tokens by their role; nothing that changes a text."""
    specials = [piece.surface.decode("utf-8") for piece in vocab if piece.special]
    facts: dict[str, object] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": NO_LIMIT,
        "clean_up_tokenization_spaces": False,
    }
    if vocab.unk_id is not None:
        facts["unk_token"] = vocab[vocab.unk_id].surface.decode("utf-8")
    for role, texts in ROLES.items():
        found = _first(texts, specials)
        if found is not None:
            facts[role] = found
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _first(texts: Sequence[str], specials: Sequence[str]) -> str | None:
    return next((text for text in texts if text in specials), None)
