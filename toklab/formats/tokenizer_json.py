"""``tokenizer.json``, the format of Hugging Face ``tokenizers``: what it loads from here encodes identically."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.algorithms.models import BpeModel, Model, WordModel, WordPieceModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.symbols import BYTE_TO_CHAR, CHAR_TO_BYTE, CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.errors import FormatError, UsageError
from toklab.files import write_atomic
from toklab.formats.loaded_json import read_loaded
from toklab.formats.pipeline_json import (
    decoder_of,
    normalizer_of,
    pretokenizer_of,
    read_normalizer,
    read_pretokenizer,
)
from toklab.formats.unigram_json import read_unigram, unigram_of
from toklab.types import Piece, Vocab

FILE = "tokenizer.json"
SIDECAR = "toklab.json"


def save_tokenizer(tokenizer: TrainedTokenizer, folder: Path) -> Path:
    """Write ``tokenizer.json`` and, beside it, ``toklab.json`` with the signature.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    return save_file(to_json(tokenizer).encode("utf-8"), tokenizer, folder)


def save_file(contents: bytes, tokenizer: TrainedTokenizer | LoadedTokenizer, folder: Path) -> Path:
    """The same with contents that are known already."""
    path = folder / FILE
    write_atomic(path, contents)
    sidecar = {
        "schema": 1,
        "engine": "toklab",
        "name": tokenizer.name,
        "signature": dict(tokenizer.signature),
        "warnings": list(tokenizer.warnings),
    }
    write_atomic(folder / SIDECAR, json.dumps(sidecar, indent=1, ensure_ascii=False).encode("utf-8"))
    return path


def files_of(tokenizer: TrainedTokenizer) -> dict[str, bytes]:
    """``tokenizer.json`` alone, as a conversion writes it."""
    return {FILE: to_json(tokenizer).encode("utf-8")}


def to_json(tokenizer: TrainedTokenizer) -> str:
    """The file's text; equal tokenizers give equal text."""
    return json.dumps(_parts_of(tokenizer), indent=1, ensure_ascii=False)


def _parts_of(tokenizer: TrainedTokenizer) -> dict[str, Any]:
    model = tokenizer.model
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index,
                "content": piece.surface.decode("utf-8"),
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for index, piece in enumerate(model.vocab)
            if piece.special
        ],
        "normalizer": normalizer_of(tokenizer.normalizer),
        "pre_tokenizer": pretokenizer_of(tokenizer.pretokenizer, _is_byte_level(model)),
        "post_processor": None,
        "decoder": decoder_of(model, tokenizer.pretokenizer.entry.keeps_gaps),
        "model": _model_of(model),
    }


def _is_byte_level(model: Model) -> bool:
    return isinstance(model, BpeModel) and model.alphabet == "byte"


def _model_of(model: Model) -> dict[str, Any]:
    if isinstance(model, UnigramModel):
        return unigram_of(model)
    strings = model.strings
    vocab = {text: index for index, text in enumerate(strings)}
    unknown = None if model.vocab.unk_id is None else strings[model.vocab.unk_id]
    if isinstance(model, BpeModel):
        return {
            "type": "BPE",
            "dropout": None,
            "unk_token": unknown,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": model.suffix or None,
            "fuse_unk": False,
            "byte_fallback": model.byte_fallback,
            "ignore_merges": model.ignore_merges,
            "vocab": vocab,
            "merges": [[strings[left], strings[right]] for left, right, _ in model.merges],
        }
    if isinstance(model, WordPieceModel):
        return {
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": CONTINUATION,
            "max_input_chars_per_word": model.max_word_length,
            "vocab": vocab,
        }
    return {"type": "WordLevel", "vocab": vocab, "unk_token": unknown}


def load_tokenizer(path: Path, backend: str = "auto") -> TrainedTokenizer | LoadedTokenizer:
    """Read any ``tokenizer.json``, checking it before anything is built.

    What toklab wrote comes back as it was; anybody else's file is run as Hugging Face runs it.

    Raises
    ------
    FormatError
        It is not JSON, is cut short, or uses a part that toklab cannot run.
    """
    try:
        source = path.read_bytes()
        data = json.loads(source)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a whole JSON file ({error}); it may be cut short") from None
    sidecar = _read_sidecar(path.parent / SIDECAR)
    own = _read_own(data)
    if own is None:
        try:
            return read_loaded(source, sidecar[0] if sidecar else None, backend)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from None
    name, signature, warnings = sidecar or (data["model"]["type"].lower(), {}, ())
    return replace(own, name=name, signature=signature, warnings=warnings, backend=backend)


def _read_own(data: Any) -> TrainedTokenizer | None:
    """The tokenizer of which toklab writes these parts; None where it writes no such."""
    try:
        found = read_trained(data)
    except FormatError:
        return None
    return found if _parts_of(found) == data else None


def read_trained(data: Any) -> TrainedTokenizer:
    """The tokenizer that toklab could have trained and of which these are the parts.

    Raises
    ------
    FormatError
        It could not have, or a part is damaged.
    """
    try:
        _refuse_what_is_not_run(data)
        model = _read_model(data)
        pretokenizer = read_pretokenizer(data["pre_tokenizer"], _is_byte_level(model))
        normalizer = read_normalizer(data["normalizer"])
    except (KeyError, TypeError, AttributeError, IndexError, UnicodeError, RecursionError) as error:
        raise FormatError(f"it lacks a part that tokenizer.json must have: {error!r}") from None
    except (ValueError, OverflowError, UsageError) as error:
        raise FormatError(str(error)) from None
    return TrainedTokenizer(data["model"]["type"].lower(), model, pretokenizer, normalizer)


def _read_sidecar(path: Path) -> tuple[str, Mapping[str, str], tuple[str, ...]] | None:
    """The name, the signature and the warnings beside a file; None where there are none."""
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_bytes())
        facts = {str(key): str(value) for key, value in data["signature"].items()}
        return str(data["name"]), facts, tuple(map(str, data["warnings"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(f"{path} is not a whole toklab.json; delete it to load the tokenizer without it") from None


def _refuse_what_is_not_run(data: Mapping[str, Any]) -> None:
    for part in ("truncation", "padding", "post_processor"):
        if data[part] is not None:
            raise ValueError(f"its {part} is set, which toklab does not run")
    vocab = data["model"]["vocab"]
    if data["model"]["type"] == "Unigram":
        vocab = {text: index for index, (text, _) in enumerate(vocab)}
    for entry in data["added_tokens"]:
        if vocab.get(entry["content"]) != entry["id"]:
            raise ValueError(f"the added token {entry['content']!r} has not the id {entry['id']} in the vocabulary")


def _read_model(data: Mapping[str, Any]) -> Model:
    model = data["model"]
    specials = frozenset(entry["content"] for entry in data["added_tokens"] if entry["special"])
    kind = model["type"]
    if kind == "Unigram":
        return read_unigram(model, specials)
    strings = _dense(model["vocab"])
    if kind == "BPE":
        return _read_bpe(model, strings, specials, _mentions_byte_level(data["pre_tokenizer"]))
    if kind == "WordPiece":
        if model["continuing_subword_prefix"] != CONTINUATION:
            raise ValueError(f"continuing prefix {model['continuing_subword_prefix']!r}, where toklab reads '##' only")
        pieces = tuple(_wordpiece(text, text in specials) for text in strings)
        return WordPieceModel(_vocab(pieces, strings, model), int(model["max_input_chars_per_word"]))
    if kind == "WordLevel":
        pieces = tuple(Piece(text.encode(), special=text in specials) for text in strings)
        return WordModel(_vocab(pieces, strings, model))
    raise ValueError(f"a model of type {kind!r}, where toklab reads BPE, Unigram, WordPiece and WordLevel")


def _vocab(pieces: tuple[Piece, ...], strings: list[str], model: Mapping[str, Any]) -> Vocab:
    if model["unk_token"] not in strings:
        raise ValueError(f"its unknown token {model['unk_token']!r} is not in the vocabulary")
    return Vocab(pieces, strings.index(model["unk_token"]))


def _dense(vocab: Mapping[str, int]) -> list[str]:
    """Strings by id, which must be 0 to n - 1, each once."""
    strings: list[str | None] = [None] * len(vocab)
    for text, index in vocab.items():
        if type(index) is not int or not 0 <= index < len(strings) or strings[index] is not None:
            raise ValueError(f"the id {index!r} of {text!r} is out of range or given twice; ids must be 0 to n - 1")
        strings[index] = text
    return [text for text in strings if text is not None]


def _mentions_byte_level(pretokenizer: Any) -> bool:
    return '"ByteLevel"' in json.dumps(pretokenizer)


def _wordpiece(text: str, special: bool) -> Piece:
    continues = text.startswith(CONTINUATION) and text != CONTINUATION and not special
    return Piece(text.removeprefix(CONTINUATION).encode() if continues else text.encode(), continues, special)


def _read_bpe(model: Mapping[str, Any], strings: list[str], specials: frozenset[str], byte_level: bool) -> BpeModel:
    for key in ("dropout", "continuing_subword_prefix"):
        if model[key] is not None:
            raise ValueError(f"BPE with {key} {model[key]!r}, which toklab does not run")
    if model["fuse_unk"] or (model["ignore_merges"] and not byte_level):
        raise ValueError("BPE with fuse_unk, or with ignore_merges for characters, which toklab does not run")
    suffix, fallback = model["end_of_word_suffix"] or "", bool(model["byte_fallback"])
    ids = {text: index for index, text in enumerate(strings)}
    pieces = tuple(_bpe_piece(text, text in specials, byte_level, suffix, fallback) for text in strings)
    if byte_level and not all(char in ids for char in BYTE_TO_CHAR):
        raise ValueError("a byte-level vocabulary that lacks some of the 256 bytes")
    if fallback and not all(f"<0x{byte:02X}>" in ids for byte in range(256)):
        raise ValueError("byte fallback with a vocabulary that lacks some of <0x00> to <0xFF>")
    if model["unk_token"] is not None and model["unk_token"] not in ids:
        raise ValueError(f"its unknown token {model['unk_token']!r} is not in the vocabulary")
    merges = []
    for left, right in model["merges"]:
        if left not in ids or right not in ids or left + right not in ids:
            raise ValueError(f"the merge of {left!r} and {right!r} uses a piece that is not in the vocabulary")
        merges.append((ids[left], ids[right], ids[left + right]))
    pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
    unknown = None if model["unk_token"] is None else ids[model["unk_token"]]
    alphabet, whole = "byte" if byte_level else "character", bool(model["ignore_merges"])
    return BpeModel(Vocab(pieces, unknown, pairs), tuple(merges), alphabet, suffix, fallback, whole)


def _bpe_piece(text: str, special: bool, byte_level: bool, suffix: str, fallback: bool) -> Piece:
    if special:
        return Piece(text.encode(), special=True)
    if byte_level:
        raw = bytes(CHAR_TO_BYTE[char] for char in text)
        return Piece(raw, byte=len(raw) == 1 and raw[0] >= 0x80)
    if fallback and re.fullmatch("<0x[0-9A-F]{2}>", text):
        return Piece(bytes([int(text[3:5], 16)]), byte=True)
    final = bool(suffix) and text.endswith(suffix)
    return Piece(text.removesuffix(suffix).encode() if final else text.encode(), word_final=final)
