"""The normalizer, pre_tokenizer and decoder parts of ``tokenizer.json``, written and read back."""

from __future__ import annotations

import base64
from typing import Any

from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.pretokenize import PATTERNS, PreTokenizer, from_oniguruma, get_pretokenizer, to_oniguruma
from toklab.pretokenize.precompiled import RULES, charsmap

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
_BERT_NORMALIZER = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}
_DROPPING = {"whitespace": "WhitespaceSplit", "bert": "BertPreTokenizer"}


def normalizer_of(name: str) -> dict[str, Any] | None:
    """The ``normalizer`` part.

    Hugging Face runs the library's rules grapheme by grapheme, and a rule that fits the beginning of a short one
    replaces all of it: of U+FB01 U+0301 (a ligature with an accent) the accent is lost there.
    """
    if name in RULES:
        return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap(name)).decode()}
    return dict(_BERT_NORMALIZER) if name == "bert" else None


def read_normalizer(part: Any) -> str:
    """Name of the normaliser that a part means.

    Raises
    ------
    ValueError
        toklab has none like it.
    """
    if part is None:
        return "none"
    if part == _BERT_NORMALIZER:
        return "bert"
    for rule in RULES:
        if part["type"] == "Precompiled" and part == normalizer_of(rule):
            return rule
    raise ValueError(f"a normalizer of type {part['type']!r} with settings that toklab does not run")


def pretokenizer_of(pretokenizer: PreTokenizer, byte_level: bool) -> dict[str, Any] | None:
    """The ``pre_tokenizer`` part; raises `PatternError` where Oniguruma has no pattern like it."""
    steps: list[dict[str, Any]] = []
    if pretokenizer.name in _DROPPING:
        steps.append({"type": _DROPPING[pretokenizer.name]})
    elif pretokenizer.name != "none":
        kept = pretokenizer.entry.keeps_gaps
        pattern = {"Regex": to_oniguruma(pretokenizer.entry.pattern)}
        behavior = "Isolated" if kept else "Removed"
        steps.append({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": not kept})
    if byte_level:
        steps.append(dict(BYTE_LEVEL))
    if not steps:
        return None
    return steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps}


def read_pretokenizer(part: Any, byte_level: bool) -> PreTokenizer:
    """The pre-tokenizer that a part means.

    Raises
    ------
    ValueError
        toklab has none like it.
    """
    steps = [] if part is None else part["pretokenizers"] if part["type"] == "Sequence" else [part]
    if byte_level and steps and steps[-1] == BYTE_LEVEL:
        steps = steps[:-1]
    if not steps:
        return get_pretokenizer("none")
    if len(steps) == 1:
        kind = steps[0]["type"]
        for name, known in _DROPPING.items():
            if kind == known:
                return get_pretokenizer(name)
        if kind == "Split" and steps[0]["behavior"] == "Isolated" and not steps[0]["invert"]:
            return _by_pattern(steps[0]["pattern"]["Regex"])
    raise ValueError(f"pre-tokenizers of types {[step['type'] for step in steps]}, which toklab does not run")


def _by_pattern(oniguruma: str) -> PreTokenizer:
    for entry in PATTERNS.values():
        if entry.name != "none" and to_oniguruma(entry.pattern) == oniguruma:
            return PreTokenizer(entry)
    return get_pretokenizer(from_oniguruma(oniguruma))


def decoder_of(model: Model, keeps_gaps: bool) -> dict[str, Any] | None:
    """The ``decoder`` part."""
    fuse = {"type": "Fuse"}
    if isinstance(model, UnigramModel):
        return {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, fuse]} if model.byte_fallback else fuse
    if isinstance(model, BpeModel):
        if model.alphabet == "byte":
            return {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        steps: list[dict[str, Any]] = [{"type": "ByteFallback"}] if model.byte_fallback else []
        steps.append({"type": "BPEDecoder", "suffix": model.suffix} if model.suffix else fuse)
        return steps[0] if len(steps) == 1 else {"type": "Sequence", "decoders": steps}
    if isinstance(model, WordPieceModel):
        if not keeps_gaps:
            return {"type": "WordPiece", "prefix": "##", "cleanup": False}
        strip = {"type": "Replace", "pattern": {"Regex": "\\A##(?!\\z)"}, "content": ""}
        return {"type": "Sequence", "decoders": [strip, fuse]}
    return fuse if keeps_gaps else None
