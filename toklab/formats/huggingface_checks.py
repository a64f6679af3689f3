"""What must hold before a ``tokenizer.json`` goes to Hugging Face's library, which trusts the file.

The library allocates what a damaged ``precompiled_charsmap`` claims to need and ends the process (8.6 GB asked for).
It takes two pieces of one id and ids up to 4,294,967,295 in silence, and a chain of ``Replace`` steps can make a few
letters into gigabytes.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toklab.errors import FormatError

# The largest published files have 35 MB and 262,145 pieces.
LARGEST_FILE = 256 << 20
LARGEST_ID = (1 << 22) - 1
# How many times longer a file may ask a text to become, and how many steps a pipeline may have.
LARGEST_GROWTH = 1024
MOST_STEPS = 256
LONGEST_REGEX = 10_000
MODELS = ("BPE", "WordPiece", "Unigram", "WordLevel")


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """A file's contents.

    Raises
    ------
    FormatError
        It cannot be read, or has more than ``largest`` bytes.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(largest + 1)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > largest:
        raise FormatError(f"{path} has more than {largest:,} bytes, the most that is read")
    return data


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object, in which no object has a key twice and no number is NaN or infinite.

    Raises
    ------
    FormatError
        It is not that; the text names the file.
    """
    return parse_json(read_bytes(path), str(path))


def parse_json(data: bytes, name: str) -> dict[str, Any]:
    """`read_json` of bytes.

    Parameters
    ----------
    name : what the error calls them
    """
    try:
        parsed = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name} is not a whole JSON file ({error}); it may be cut short") from None
    if not isinstance(parsed, dict):
        raise FormatError(f"{name} holds {type(parsed).__name__}, not an object")
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise ValueError(f"the key {twice!r} is given twice")


def _constant(text: str) -> float:
    raise ValueError(f"the number {text} is not finite")


def check_tokenizer(parsed: Mapping[str, Any]) -> None:
    """Refuse what the library would take in silence, or would end the process over.

    Raises
    ------
    FormatError
        The text names the part.
    """
    try:
        model = parsed["model"]
        kind = kind_of(model)
        if kind == "Unigram":
            _check_scores(model)
        else:
            _check_ids(model["vocab"])
        _check_added(parsed.get("added_tokens") or [])
        steps = [
            *steps_of(parsed.get("normalizer")),
            *steps_of(parsed.get("pre_tokenizer")),
            *steps_of(parsed.get("decoder")),
        ]
        if len(steps) > MOST_STEPS:
            raise ValueError(f"its pipeline has {len(steps):,} steps; {MOST_STEPS} are the most")
        for part in ("normalizer", "decoder"):
            _check_growth(part, parsed.get(part))
        for step in steps:
            _check_step(step)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise FormatError(
            f"it lacks a part that tokenizer.json must have, or one is of a wrong kind: {error}"
        ) from None
    except ValueError as error:
        raise FormatError(str(error)) from None


def kind_of(model: Mapping[str, Any]) -> str:
    """The type of a model, told by its parts where an old file does not name it.

    Raises
    ------
    ValueError
        It is none that the library has.
    """
    kind = model.get("type")
    if kind is None:
        unnamed = "Unigram" if isinstance(model["vocab"], list) else "WordLevel"
        kind = "BPE" if "merges" in model else "WordPiece" if "max_input_chars_per_word" in model else unnamed
    if kind not in MODELS:
        raise ValueError(f"a model of type {kind!r}; known are {', '.join(MODELS)}")
    return str(kind)


def steps_of(part: Any) -> Iterator[Mapping[str, Any]]:
    """The steps of a normaliser, pre-tokenizer or decoder, those within sequences one by one."""
    if part is None:
        return
    inner = next((part[key] for key in ("normalizers", "pretokenizers", "decoders") if key in part), None)
    if inner is None:
        yield part
    else:
        for each in inner:
            yield from steps_of(each)


def _check_ids(vocab: Mapping[str, Any]) -> None:
    owners: dict[int, str] = {}
    for text, index in vocab.items():
        _check_id(text, index)
        other = owners.setdefault(index, text)
        if other is not text:
            raise ValueError(f"the id {index} is given to {other!r} and to {text!r}")


def _check_id(text: str, index: object) -> None:
    if type(index) is not int or not 0 <= index <= LARGEST_ID:
        raise ValueError(f"the id {index!r} of {text!r} is no whole number from 0 to {LARGEST_ID:,}")


def _check_scores(model: Mapping[str, Any]) -> None:
    entries = model["vocab"]
    for text, score in entries:
        if not isinstance(text, str) or isinstance(score, bool) or not math.isfinite(score):
            raise ValueError(f"the score {score!r} of {text!r} is no finite number")
    unknown = model.get("unk_id")
    if not entries or len(entries) > LARGEST_ID:
        raise ValueError(f"a vocabulary of {len(entries):,} pieces")
    if unknown is not None and (type(unknown) is not int or not 0 <= unknown < len(entries)):
        raise ValueError(f"its unknown token has the id {unknown!r}, which is none of its pieces")


def _check_added(added: list[Mapping[str, Any]]) -> None:
    owners: dict[int, str] = {}
    for entry in added:
        text, index = entry["content"], entry["id"]
        if not isinstance(text, str):
            raise ValueError(f"the added token {text!r} is no text")
        _check_id(text, index)
        other = owners.setdefault(index, text)
        if other != text:
            raise ValueError(f"the id {index} is given to the added tokens {other!r} and {text!r}")


def _check_growth(name: str, part: Any) -> None:
    growth = 1.0
    for step in steps_of(part):
        if step["type"] == "Replace":
            content, pattern = step["content"], step["pattern"]
            taken = len(pattern["String"]) if "String" in pattern else 1
            growth *= max(1.0, len(content) / max(1, taken))
        elif step["type"] == "Prepend":
            growth += len(step["prepend"])
    if growth > LARGEST_GROWTH:
        raise ValueError(f"its {name} may make a text {growth:,.0f} times longer; {LARGEST_GROWTH:,} is the most")


def _check_step(step: Mapping[str, Any]) -> None:
    if step["type"] == "Precompiled":
        check_charsmap(step["precompiled_charsmap"])
    pattern = step.get("pattern")
    if isinstance(pattern, dict) and len(pattern.get("Regex", "")) > LONGEST_REGEX:
        raise ValueError(f"a pattern of {len(pattern['Regex']):,} characters; {LONGEST_REGEX:,} is the most")


def check_charsmap(text: str) -> None:
    """Check the frame of SentencePiece's rules: the size of a trie in 4 bytes, the trie, and texts that end with NUL.

    Raises
    ------
    ValueError
        It is not that.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its precompiled_charsmap is not base64: {error}") from None
    if not data:
        return
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or size % 4 or size > len(data) - 4:
        raise ValueError(f"its precompiled_charsmap tells of {size:,} bytes of rules, and has {len(data):,} bytes")
    try:
        data[4 + size :].decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("its precompiled_charsmap has texts that are not UTF-8") from None
