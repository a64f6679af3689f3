"""``tokenizer.json`` as a vocabulary of pieces: what text each id stands for, however the file spells it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toklab.algorithms.symbols import CHAR_TO_BYTE
from toklab.errors import FormatError
from toklab.formats.huggingface_checks import kind_of, steps_of
from toklab.types import Piece, Vocab

# What stands where no token has an id.
NOTHING = Piece(b"", special=True)
_PARTS = ("pre_tokenizer", "normalizer", "decoder")
_STAND_INS = frozenset(CHAR_TO_BYTE)
# The characters that stand for bytes, as the first 256 characters.
_BYTES = {ord(char): byte for char, byte in CHAR_TO_BYTE.items()}
_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")


def vocab_of(parsed: Mapping[str, Any], added: Mapping[int, tuple[str, bool]]) -> Vocab:
    """The pieces by id, and for BPE the merges.

    Parameters
    ----------
    parsed : the file
    added : the added tokens by the id that the library gives them: the text, and whether it is special

    Raises
    ------
    FormatError
        A merge uses a piece that is not in the vocabulary.
    """
    model = parsed["model"]
    kind = kind_of(model)
    spelling = _Spelling(parsed, kind)
    texts = _texts(model, kind)
    unknown = _unknown(model, kind, texts)
    pieces = {index: spelling.piece(text) for index, text in texts.items()}
    for index, (text, special) in added.items():
        # An added token is matched as it stands in the text, whatever the model would make of it.
        if special or index not in pieces or index == unknown:
            pieces[index] = Piece(text.encode(), special=special)
    if unknown is not None:
        pieces[unknown] = Piece((texts.get(unknown) or added[unknown][0]).encode(), special=True)
    whole = [pieces.get(index, NOTHING) for index in range(max(pieces, default=-1) + 1)]
    return Vocab(tuple(whole), unknown, tuple(_merges(model, kind, texts, whole)))


def _texts(model: Mapping[str, Any], kind: str) -> dict[int, str]:
    if kind == "Unigram":
        return dict(enumerate(text for text, _ in model["vocab"]))
    return {index: text for text, index in model["vocab"].items()}


def _unknown(model: Mapping[str, Any], kind: str, texts: Mapping[int, str]) -> int | None:
    if kind == "Unigram":
        return None if model.get("unk_id") is None else int(model["unk_id"])
    wanted = model.get("unk_token")
    return None if wanted is None else model["vocab"].get(wanted)


def _merges(
    model: Mapping[str, Any], kind: str, texts: Mapping[int, str], pieces: Sequence[Piece]
) -> Iterator[tuple[Piece, Piece]]:
    if kind != "BPE":
        return
    vocab = model["vocab"]
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        if left not in vocab or right not in vocab:
            raise FormatError(f"the merge of {left!r} and {right!r} uses a piece that is not in the vocabulary")
        yield pieces[vocab[left]], pieces[vocab[right]]


class _Spelling:
    """How a file spells text in its pieces."""

    def __init__(self, parsed: Mapping[str, Any], kind: str) -> None:
        model = parsed["model"]
        cutters, cleaners, decoders = (list(steps_of(parsed.get(part))) for part in _PARTS)
        self._on_bytes = any(step["type"] == "ByteLevel" for step in [*cutters, *cleaners, *decoders])
        self._space = space_of(parsed)
        self._by_byte = bool(model.get("byte_fallback")) or any(step["type"] == "ByteFallback" for step in decoders)
        self._suffix = (model.get("end_of_word_suffix") or "") if kind == "BPE" else ""
        default = "##" if kind == "WordPiece" else ""
        self._prefix = (model.get("continuing_subword_prefix", default) or "") if kind in ("BPE", "WordPiece") else ""

    def piece(self, text: str) -> Piece:
        if self._by_byte and (match := _BYTE.fullmatch(text)):
            return Piece(bytes([int(match[1], 16)]), byte=True)
        final = bool(self._suffix) and text.endswith(self._suffix)
        if final:
            text = text.removesuffix(self._suffix)
        # "##" alone is text.
        continues = bool(self._prefix) and text.startswith(self._prefix) and text != self._prefix
        if continues:
            text = text.removeprefix(self._prefix)
        if self._on_bytes and _STAND_INS.issuperset(text):
            raw = text.translate(_BYTES).encode("latin-1")
            return Piece(raw, continues, word_final=final, byte=len(raw) == 1 and raw[0] >= 0x80)
        if self._space:
            text = text.replace(self._space, " ")
        return Piece(text.encode(), continues, word_final=final)


def space_of(parsed: Mapping[str, Any]) -> str | None:
    """The character that a file's pieces have for a space, or None where that is a space."""
    return next(_spaces([step for part in _PARTS for step in steps_of(parsed.get(part))]), None)


def _spaces(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for step in parts:
        if step["type"] == "Metaspace":
            yield str(step.get("replacement", "\u2581"))
        elif step["type"] == "Replace":
            pattern, content = step["pattern"].get("String"), step["content"]
            if pattern == " " and len(content) == 1:
                yield content
            elif content == " " and pattern == "\u2581":
                yield pattern
