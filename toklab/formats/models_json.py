"""The model of any ``tokenizer.json``: BPE, WordPiece, Unigram or WordLevel, each checked before it is built."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from toklab.algorithms.loaded_models import BYTE_TOKENS, LoadedBpe, LoadedUnigram
from toklab.algorithms.models import Model
from toklab.algorithms.symbols import BYTE_TO_CHAR, CONTINUATION
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.formats.fields import entry, has_type, optional
from toklab.formats.unigram_json import LARGEST_SCORE, PRECISION, SINGLE
from toklab.types import Piece, Vocab

# Ids that no piece has, in a vocabulary of n pieces: at most this many and n more.
MOST_GAPS = 10_000
_GAP = Piece(b"", special=True)


def read_model(part: Mapping[str, Any], byte_level: bool) -> Model:
    """The model that a part means; its vocabulary calls no piece special but the ids that none has.

    Parameters
    ----------
    byte_level : words come as characters that stand for bytes

    Raises
    ------
    ValueError
        It is of a type or has an option that toklab does not run, or is not what its type says.
    """
    kind = optional(part, "type", str) or _guessed(part)
    if kind == "BPE":
        return _read_bpe(part, byte_level)
    if kind == "Unigram":
        return _read_unigram(part)
    if kind == "WordPiece":
        prefix = entry(part, "continuing_subword_prefix", str)
        if prefix != CONTINUATION:
            raise ValueError(f"WordPiece with the continuing_subword_prefix {prefix!r}, where toklab runs '##' only")
        longest = entry(part, "max_input_chars_per_word", int)
        if not 0 <= longest < 1 << 31:
            raise ValueError(f"WordPiece with max_input_chars_per_word {longest}")
        strings = strings_by_id(entry(part, "vocab", dict))
        return WordPieceModel(_listed(part, strings, CONTINUATION), longest)
    if kind == "WordLevel":
        return WordModel(_listed(part, strings_by_id(entry(part, "vocab", dict)), ""))
    raise ValueError(f"a model of type {kind!r}, where toklab runs BPE, Unigram, WordPiece and WordLevel")


def _guessed(part: Mapping[str, Any]) -> str:
    """The type of a model in a file from the time when files did not say it."""
    if "merges" in part:
        return "BPE"
    if isinstance(part.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in part else "WordLevel"


def strings_by_id(vocab: Mapping[Any, Any]) -> list[str]:
    """Strings by id; "" where no piece has the id.

    Raises
    ------
    ValueError
        An id is none, is given twice, or is so large that most ids below have no piece.
    """
    room = 2 * len(vocab) + MOST_GAPS
    largest = -1
    for text, index in vocab.items():
        if type(index) is not int or not 0 <= index < room:
            raise ValueError(f"the id {index!r} of {text!r} is no number from 0 to {room - 1}")
        largest = max(largest, index)
    strings = [""] * (largest + 1)
    taken = bytearray(largest + 1)
    for text, index in vocab.items():
        if taken[index]:
            raise ValueError(f"the id {index} is given twice, to {strings[index]!r} and {text!r}")
        strings[index], taken[index] = text, 1
    return strings


def _listed(part: Mapping[str, Any], strings: Sequence[str], prefix: str) -> Vocab:
    """The vocabulary of a model that needs an unknown token."""
    unknown = entry(part, "unk_token", str)
    if not unknown or unknown not in strings:
        raise ValueError(f"its unknown token {unknown!r} is not in the vocabulary")
    return Vocab(tuple(_plain(text, prefix) for text in strings), strings.index(unknown))


def _plain(text: str, prefix: str) -> Piece:
    if not text:
        return _GAP
    continues = bool(prefix) and text.startswith(prefix) and text != prefix
    return Piece((text.removeprefix(prefix) if continues else text).encode("utf-8"), continues)


def _read_bpe(part: Mapping[str, Any], byte_level: bool) -> LoadedBpe:
    dropout = optional(part, "dropout", float)
    if dropout:
        raise ValueError(f"BPE with dropout {dropout}: its ids are drawn anew every time")
    strings = strings_by_id(entry(part, "vocab", dict))
    ids = {text: index for index, text in enumerate(strings) if text}
    prefix = entry(part, "continuing_subword_prefix", str, "")
    fallback = entry(part, "byte_fallback", bool, False)
    unknown = entry(part, "unk_token", str, "")
    # Hugging Face fails at the first character that would be the unknown token.
    never = (byte_level and all(char in ids for char in BYTE_TO_CHAR)) or (
        fallback and all(text in ids for text in BYTE_TOKENS)
    )
    if part.get("unk_token") is not None and unknown not in ids and not never:
        raise ValueError(f"its unknown token {unknown!r} is not in the vocabulary")
    merges = _read_merges(entry(part, "merges", list), ids, prefix)
    pieces = tuple(Piece(text.encode("utf-8")) if text else _GAP for text in strings)
    return LoadedBpe(
        Vocab(pieces, ids.get(unknown)),
        ids,
        merges,
        byte_level,
        prefix,
        entry(part, "end_of_word_suffix", str, ""),
        entry(part, "fuse_unk", bool, False),
        fallback,
        entry(part, "ignore_merges", bool, False),
    )


def _read_merges(merges: list[Any], ids: Mapping[str, int], prefix: str) -> tuple[tuple[int, int, int], ...]:
    """Merges as ids; of a pair that comes twice the last counts."""
    if merges and all(type(merge) is str for merge in merges):
        pairs = [merge.split(" ") for merge in merges if not merge.startswith("#version")]
    else:
        pairs = merges
    found: dict[tuple[int, int], int] = {}
    for pair in pairs:
        if type(pair) is not list or [type(side) for side in pair] != [str, str]:
            raise ValueError(f"the merge {pair!r} is no pair of pieces")
        left, right = pair
        if prefix and not right.startswith(prefix):
            raise ValueError(f"the merge of {left!r} and {right!r}, which lacks the prefix {prefix!r}")
        made = left + right.removeprefix(prefix)
        for text in (left, right, made):
            if text not in ids:
                raise ValueError(f"the merge of {left!r} and {right!r} needs {text!r}, which is not in the vocabulary")
        key = ids[left], ids[right]
        found.pop(key, None)  # so that it stands last
        found[key] = ids[made]
    return tuple((left, right, new) for (left, right), new in found.items())


def _read_unigram(part: Mapping[str, Any]) -> LoadedUnigram:
    if part.get(PRECISION, SINGLE) != SINGLE:  # toklab's own entry, which the library passes over
        raise ValueError(f"sums of the precision {part[PRECISION]!r}, which toklab does not run")
    texts, scores = [], []
    for row in entry(part, "vocab", list):
        if type(row) is not list or len(row) != 2 or type(row[0]) is not str or not has_type(row[1], float):
            raise ValueError(f"the row {str(row)[:60]} of its vocabulary is no pair of a text and a score")
        text, score = row
        if not math.isfinite(score) or abs(score) > LARGEST_SCORE:
            raise ValueError(f"the score {score!r} of {text!r} is not finite, or sums of it are not")
        texts.append(text)
        scores.append(float(score))
    unknown = optional(part, "unk_id", int)
    if unknown is None or not 0 <= unknown < len(texts):
        raise ValueError(f"Unigram with the unk_id {unknown!r}, which no piece has")
    fallback = entry(part, "byte_fallback", bool, False)
    if fallback and not set(BYTE_TOKENS) <= set(texts):
        raise ValueError("byte fallback with a vocabulary that lacks some of <0x00> to <0xFF>")
    vocab = Vocab(tuple(Piece(text.encode("utf-8")) if text else _GAP for text in texts), unknown)
    return LoadedUnigram(vocab, tuple(scores), fallback, texts=tuple(texts))
