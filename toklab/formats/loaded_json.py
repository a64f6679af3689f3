"""Any ``tokenizer.json``, read as a tokenizer that toklab runs: every part is run, refused, or named in a warning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from toklab.algorithms.loaded import LoadedTokenizer
from toklab.algorithms.loaded_models import BYTE_TOKENS, LoadedBpe
from toklab.algorithms.models import Model
from toklab.algorithms.symbols import CHAR_TO_BYTE, CONTINUATION
from toklab.errors import FormatError
from toklab.formats.fields import entry
from toklab.formats.models_json import read_model
from toklab.formats.steps_json import as_pattern, read_decoders, read_normalizers, read_splitters
from toklab.pretokenize.added import AddedToken, AddedTokens
from toklab.pretokenize.matching import Literal
from toklab.pretokenize.normalizing import NormalizerStep, Replace
from toklab.pretokenize.splitting import ByteCharacters, Metaspace, SplitterStep
from toklab.types import Piece, Vocab

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
_NOT_RUN = {
    "truncation": "its truncation is not run: texts are encoded to their end",
    "padding": "its padding is not run: a text's ids are its own",
    "post_processor": "its post_processor is not run: nothing is put around a text, and offsets are not trimmed",
}


def read_loaded(source: bytes, name: str | None = None, backend: str = "auto") -> LoadedTokenizer:
    """Read a file's contents.

    Parameters
    ----------
    name : of the tokenizer; None: that of its algorithm
    backend : ``"auto"``, ``"reference"`` or ``"fast"``; equal results

    Raises
    ------
    FormatError
        It is no ``tokenizer.json``, or holds a part that toklab cannot run.
    """
    try:
        data = json.loads(source)
        if b"\\u" in source:
            json.dumps(data, ensure_ascii=False).encode("utf-8")  # raises where there is a lone surrogate
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not a whole JSON file ({error}); it may be cut short") from None
    try:
        return _read(data, source, name, backend)
    except (ValueError, OverflowError, RecursionError) as error:
        raise FormatError(" ".join(str(error).split())) from None


def _read(data: Any, source: bytes, name: str | None, backend: str) -> LoadedTokenizer:
    part = entry(data, "model", dict)
    normalizers = read_normalizers(data.get("normalizer"))
    splitters = read_splitters(data.get("pre_tokenizer"))
    byte_level = bool(splitters) and isinstance(splitters[-1], ByteCharacters)
    model = read_model(part, byte_level)
    if isinstance(model, LoadedBpe) and byte_level:
        splitters = splitters[:-1]
    tokens, moved = _read_added(data, model, len(part["vocab"]))
    added = AddedTokens(tokens, normalizers)
    vocab, strings = _vocab(model, added, _space_mark(normalizers, splitters))
    kind = part.get("type") or type(model).__name__.removeprefix("Loaded").removesuffix("Model")
    return LoadedTokenizer(
        name or str(kind).lower(),
        vocab,
        model,
        added,
        splitters,
        as_pattern(splitters),
        read_decoders(data.get("decoder")),
        strings,
        source,
        {"model": str(kind), "vocab": str(len(vocab)), "sha256": hashlib.sha256(source).hexdigest()},
        tuple([told for key, told in _NOT_RUN.items() if data.get(key) is not None] + moved + _clashes(added)),
        backend,
    )


def _read_added(data: Mapping[str, Any], model: Model, size: int) -> tuple[tuple[AddedToken, ...], list[str]]:
    """The added tokens with the ids that Hugging Face gives them, and a warning where the file says other ids.

    A token that the model has takes its id there; any other the next one that is free, from ``size`` on, which is how
    many pieces the model has.
    """
    known = {text: index for index, text in enumerate(model.strings) if text}
    found: list[AddedToken] = []
    moved: list[str] = []
    given: dict[str, int] = {}
    # Special ones come first, as in the library: of two that become equal in normalisation, the first counts.
    for item in entry(data, "added_tokens", list, []):
        content, told = entry(item, "content", str), entry(item, "id", int)
        flags = {flag: entry(item, flag, bool) for flag in _FLAGS}
        if not content:
            continue
        if content in given:
            raise ValueError(f"the added token {content!r} is given twice")
        index = known.get(content)
        if index is None:
            largest = max(given.values(), default=-1)
            index = max(largest + 1, size)
        given[content] = index
        found.append(AddedToken(index, content, **flags))
        if index != told:
            moved.append(f"the added token {content!r} has the id {index}, as in Hugging Face, and not {told}")
    found.sort(key=lambda token: not token.special)
    more = [f"and {len(moved) - 3:,} more added tokens have other ids than the file says"] if len(moved) > 4 else []
    return tuple(found), moved[:3] + more if more else moved


def _clashes(added: AddedTokens) -> list[str]:
    """A warning of each added token that normalisation makes equal to another."""
    found: list[str] = []
    first: dict[str, AddedToken] = {}
    for token in added.tokens:
        other = first.setdefault(added.shown(token), token) if token.normalized else token
        if other is not token:
            found.append(
                f"the added tokens {other.content!r} and {token.content!r} are equal once normalised: "
                "the first is found here, either by chance in Hugging Face"
            )
    return found


def _space_mark(normalizers: Sequence[NormalizerStep], splitters: Sequence[SplitterStep]) -> str:
    """The character that stands for a space in pieces; "" where none does."""
    for step in normalizers:
        if isinstance(step, Replace) and step.pattern == Literal(" ") and len(step.content) == 1:
            return step.content
    return next((step.replacement for step in splitters if isinstance(step, Metaspace)), "")


def _vocab(model: Model, added: AddedTokens, space: str) -> tuple[Vocab, tuple[str | None, ...]]:
    """The pieces of all ids, and how the file spells each; None where none has the id."""
    size = max([len(model.vocab), *(token.id + 1 for token in added.tokens)])
    strings: list[str | None] = [text or None for text in model.strings]
    strings += [None] * (size - len(strings))
    pieces = [_piece(text, model, space) for text in strings]
    merged = [pieces[index] for index in range(len(model.vocab))]
    for token in added.tokens:
        strings[token.id] = added.shown(token)
        pieces[token.id] = Piece(token.content.encode("utf-8"), special=token.special)
    unknown = model.vocab.unk_id
    if unknown is not None:
        pieces[unknown] = Piece((strings[unknown] or "").encode("utf-8"), special=True)
    merges = model.merges if isinstance(model, LoadedBpe) else ()
    pairs = tuple((merged[left], merged[right]) for left, right, _ in merges)
    return Vocab(tuple(pieces), unknown, pairs), tuple(strings)


def _piece(text: str | None, model: Model, space: str) -> Piece:
    """What a string of the model's vocabulary stands for."""
    if text is None:
        return Piece(b"", special=True)
    if isinstance(model, LoadedBpe) and model.byte_level and all(char in CHAR_TO_BYTE for char in text):
        raw = bytes(CHAR_TO_BYTE[char] for char in text)
        return Piece(raw, byte=len(raw) == 1 and raw[0] >= 0x80)
    if getattr(model, "byte_fallback", False) and text in _BYTES:
        return Piece(bytes([_BYTES[text]]), byte=True)
    prefix = model.prefix if isinstance(model, LoadedBpe) else CONTINUATION if hasattr(model, "max_word_length") else ""
    suffix = model.suffix if isinstance(model, LoadedBpe) else ""
    continues = bool(prefix) and text.startswith(prefix) and text != prefix
    final = bool(suffix) and text.endswith(suffix)
    text = text.removeprefix(prefix) if continues else text
    text = text.removesuffix(suffix) if final else text
    return Piece((text.replace(space, " ") if space else text).encode("utf-8"), continues, word_final=final)


_BYTES = {text: byte for byte, text in enumerate(BYTE_TOKENS)}
