"""The tokenizer of a GGUF file, as the file that a library runs: ``tokenizer.json``, or SentencePiece's ``.model``.

``tokenizer.ggml.model`` says how a text is cut, in llama.cpp's words:

- ``gpt2``: BPE on bytes. ``tokenizer.ggml.pre`` names the pattern; those that are not known are refused, because
  another pattern gives other ids. As in llama.cpp, no text is normalised.
- ``llama``: SentencePiece's BPE by scores; ``t5``: SentencePiece's Unigram.
- ``bert``: WordPiece, lower-cased whatever the model was trained on, with U+2581 before pieces that begin a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toklab.errors import FormatError
from toklab.formats import huggingface_parts as parts
from toklab.formats.gguf import read_gguf
from toklab.formats.huggingface_parts import SPACE, Json
from toklab.formats.sentencepiece_proto import Entry, Kind, ModelType, Normalizer, SentencePieceFile
from toklab.pretokenize import PATTERNS, to_oniguruma

_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LETTERS = r"[^\r\n\p{L}\p{N}]?"
_TEKKEN = (
    rf"{_LETTERS}{_UPPER}*{_LOWER}+|{_LETTERS}{_UPPER}+{_LOWER}*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# llama.cpp's names of the published patterns; a name of ours, or a pattern itself.
_NAMES = {
    "gpt2": "gpt-2 gpt2 phi-2 mpt olmo jais trillion granite-docling",
    "llama3": "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 dbrx smaug-bpe chatglm-bpe glm4",
    "qwen2": "qwen2 stablelm2 deepseek-r1-qwen megrez hunyuan",
    "deepseek-v3": "deepseek-v3 hunyuan-dense",
    "o200k": "gpt-4o llama4",
    "tekken": "tekken",
    "digits": "starcoder refact command-r smollm codeshell exaone minerva-7b",
}
_PRE = {name: pattern for pattern, names in _NAMES.items() for name in names.split()}
# A pre-token that is a piece is that piece, whatever the merges make of it.
_WHOLE = ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken")
_KEY = "tokenizer.ggml."


def read_tokenizer(path: Path) -> tuple[str, bytes]:
    """What a GGUF file says, in another format.

    Returns
    -------
    ``"tokenizer.json"`` or ``"sentencepiece"``, and the file's contents

    Raises
    ------
    FormatError
        It is no whole GGUF file, has no tokenizer, or one that cannot be run exactly.
    """
    facts = {key.removeprefix(_KEY): value for key, value in read_gguf(path).items()}
    try:
        return _convert(facts)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FormatError(f"{path}: its tokenizer lacks an entry, or one is of a wrong kind: {error}") from None
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None


def _convert(facts: Mapping[str, Any]) -> tuple[str, bytes]:
    if "model" not in facts:
        raise ValueError(f"it has no tokenizer: no {_KEY}model")
    kind, tokens = facts["model"], list(facts["tokens"])
    types = [Kind(number) for number in facts.get("token_type", [Kind.NORMAL] * len(tokens))]
    if len(types) != len(tokens) or not all(isinstance(text, str) for text in tokens):
        raise ValueError(f"{len(tokens):,} pieces of text with {len(types):,} types")
    if kind == "gpt2":
        return "tokenizer.json", _bytes_bpe(facts, tokens, types)
    if kind in ("llama", "t5"):
        return "sentencepiece", _sentencepiece(facts, tokens, types)
    if kind == "bert":
        return "tokenizer.json", _wordpiece(facts, tokens, types)
    raise ValueError(
        f"its tokenizer is of the kind {kind!r}, which toklab does not run (it runs gpt2, llama, t5, bert)"
    )


def _bytes_bpe(facts: Mapping[str, Any], tokens: Sequence[str], types: Sequence[Kind]) -> bytes:
    name = facts.get("pre")
    if name not in _PRE:
        told = f"the pattern {name!r} ({_KEY}pre)" if name else f"no {_KEY}pre, so that nobody knows its pattern"
        raise ValueError(f"it has {told}; known are {', '.join(_PRE)}")
    ids = _ids(tokens)
    merges = [str(line).split(" ") for line in facts["merges"]]
    for merge in merges:
        if len(merge) != 2:
            raise ValueError(f"the merge {' '.join(merge)!r} is not two pieces with a space between")
    model = parts.bpe(ids, merges, ignore_merges=name in _WHOLE)
    return parts.whole(model, None, _cutter(_PRE[name]), parts.byte_level(), _added(tokens, types))


def _cutter(name: str) -> Json:
    if name == "gpt2":
        return parts.byte_level()
    if name == "digits":
        return parts.sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, parts.byte_level())
    pattern = _TEKKEN if name == "tekken" else to_oniguruma(PATTERNS[name].pattern)
    return parts.sequence("pretokenizers", parts.split(pattern), parts.byte_level(pattern=False))


def _ids(tokens: Sequence[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for index, text in enumerate(tokens):
        if ids.setdefault(text, index) != index:
            raise ValueError(f"the piece {text!r} is given twice")
    return ids


def _added(tokens: Sequence[str], types: Sequence[Kind]) -> list[Json]:
    """Tokens that are looked for in the text before it is cut: those for the model's use, and the user's."""
    flags = {"normalized": False}
    return [
        parts.added_token(text, index, special=kind != Kind.USER_DEFINED, flags=flags)
        for index, (text, kind) in enumerate(zip(tokens, types, strict=True))
        if kind in (Kind.UNKNOWN, Kind.CONTROL, Kind.USER_DEFINED) and text
    ]


def _sentencepiece(facts: Mapping[str, Any], tokens: Sequence[str], types: Sequence[Kind]) -> bytes:
    scores = np.asarray(facts["scores"], np.float64).tolist()
    if len(scores) != len(tokens):
        raise ValueError(f"{len(scores):,} scores for {len(tokens):,} pieces")
    entries = tuple(Entry(*each) for each in zip(tokens, scores, types, strict=True))
    rules = np.asarray(facts.get("precompiled_charsmap", ()), np.int64).astype(np.uint8).tobytes()
    _check_rules(rules)
    normalizer = Normalizer(
        "precompiled" if rules else "identity",
        rules,
        bool(facts.get("add_space_prefix", True)),
        bool(facts.get("remove_extra_whitespaces", False)),
    )
    kind = ModelType.BPE if facts["model"] == "llama" else ModelType.UNIGRAM
    file = SentencePieceFile(kind, entries, Kind.BYTE in types, normalizer)
    file.check()
    return file.to_bytes()


def _check_rules(rules: bytes) -> None:
    size = int.from_bytes(rules[:4], "little")
    if rules and (len(rules) < 4 or size % 4 or size > len(rules) - 4):
        raise ValueError(f"its precompiled_charsmap tells of {size:,} bytes of rules, and has {len(rules):,} bytes")


def _wordpiece(facts: Mapping[str, Any], tokens: Sequence[str], types: Sequence[Kind]) -> bytes:
    texts = [
        text if kind in (Kind.CONTROL, Kind.UNKNOWN, Kind.UNUSED) else _continuing(text)
        for text, kind in zip(tokens, types, strict=True)
    ]
    unknown = facts.get("unknown_token_id", texts.index("[UNK]") if "[UNK]" in texts else None)
    if unknown is None or not 0 <= int(unknown) < len(texts):
        raise ValueError("it has no unknown token, which WordPiece needs")
    model = parts.wordpiece(_ids(texts), texts[int(unknown)])
    decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    added = _added(texts, types)
    return parts.whole(model, parts.bert_normalizer(True), {"type": "BertPreTokenizer"}, decoder, added)


def _continuing(text: str) -> str:
    """BERT's spelling of a piece: ``##`` before what continues a word, where GGUF has U+2581 before what begins one."""
    return text.removeprefix(SPACE) if text.startswith(SPACE) else f"##{text}"
