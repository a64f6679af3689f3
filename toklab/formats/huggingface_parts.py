"""The parts of a ``tokenizer.json``, as Hugging Face's library writes them: for files that are in other formats."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from toklab.algorithms.symbols import CONTINUATION

SPACE = "\u2581"
Json = dict[str, Any]
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def whole(
    model: Json,
    normalizer: Json | None,
    pre_tokenizer: Json | None,
    decoder: Json | None,
    added: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The file's contents, in UTF-8."""
    parts = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": list(added),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }
    return json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")


def added_token(content: str, index: int, *, special: bool, flags: Mapping[str, Any] | None = None) -> Json:
    """An added token; ``normalized`` is the opposite of ``special`` where the flags do not say."""
    told = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    told |= {key: bool(value) for key, value in (flags or {}).items() if key in _FLAGS}
    return {"id": index, "content": content, **told}


def next_id(ids: Mapping[str, int], added: Sequence[Mapping[str, Any]], content: str) -> int:
    """The id that the library gives to an added token: the model's, or the next one that is free."""
    if content in ids:
        return ids[content]
    return max([len(ids), *(int(token["id"]) + 1 for token in added)])


def bpe(
    vocab: Mapping[str, int],
    merges: Sequence[Sequence[str]],
    *,
    unknown: str | None = None,
    suffix: str | None = None,
    byte_fallback: bool = False,
    ignore_merges: bool = False,
) -> Json:
    """BPE; several unknown characters in a row are one token where bytes stand in for the most."""
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": unknown,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": suffix,
        "fuse_unk": byte_fallback,
        "byte_fallback": byte_fallback,
        "ignore_merges": ignore_merges,
        "vocab": dict(vocab),
        "merges": [list(pair) for pair in merges],
    }


def wordpiece(vocab: Mapping[str, int], unknown: str) -> Json:
    """WordPiece as BERT has it."""
    return {
        "type": "WordPiece",
        "unk_token": unknown,
        "continuing_subword_prefix": CONTINUATION,
        "max_input_chars_per_word": 100,
        "vocab": dict(vocab),
    }


def bert_normalizer(lowercase: bool, chinese: bool = True, accents: bool | None = None) -> Json:
    """BERT's normaliser."""
    return {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": chinese,
        "strip_accents": accents,
        "lowercase": lowercase,
    }


def sequence(kind: str, *steps: Json) -> Json:
    """Several steps in a row; one is itself.

    Parameters
    ----------
    kind : what the file calls them: ``"normalizers"``, ``"pretokenizers"`` or ``"decoders"``
    """
    return steps[0] if len(steps) == 1 else {"type": "Sequence", kind: list(steps)}


def byte_level(*, prefix: bool = False, pattern: bool = True) -> Json:
    """Bytes as printable characters.

    Parameters
    ----------
    prefix : a space is put before the text
    pattern : it cuts by GPT-2's pattern as well
    """
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": pattern}


def split(regex: str, behavior: str = "Isolated", *, invert: bool = False) -> Json:
    """Cut by a regular expression of Oniguruma's."""
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def replace(content: str, *, text: str | None = None, regex: str | None = None) -> Json:
    """Replace a text, or what a regular expression matches."""
    return {"type": "Replace", "pattern": {"Regex": regex} if text is None else {"String": text}, "content": content}


def spaces_decoder(prefixed: bool) -> Json:
    """U+2581 as spaces, ``<0xNN>`` as bytes, without the space that was put before the text."""
    steps: list[Json] = [replace(" ", text=SPACE), {"type": "ByteFallback"}, {"type": "Fuse"}]
    strip: list[Json] = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefixed else []
    return sequence("decoders", *steps, *strip)
