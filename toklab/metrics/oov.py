"""OOV handling: what becomes of text that training never saw."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toklab.metrics.base import Ratio, Statistic, Value, metric
from toklab.metrics.encoded import Encoded

GROUP = "OOV handling"


@metric("unk_rate", group=GROUP, unit="share", better="lower")
def unk_rate(encoded: Encoded) -> Statistic:
    """Unknown tokens ÷ tokens; undefined without an unknown token."""
    if encoded.vocab.unk_id is None:
        return Value(None)
    return Ratio(encoded.count(encoded.documents[encoded.unknown]), encoded.lengths)


@metric("unk_bytes", group=GROUP, unit="share", better="lower")
def unk_bytes(encoded: Encoded) -> Statistic:
    """Bytes of text covered by unknown tokens ÷ bytes; undefined without an unknown token.

    A byte that several unknown tokens cover counts once.
    """
    if encoded.vocab.unk_id is None:
        return Value(None)
    return Ratio(encoded.unknown_bytes, encoded.source.sizes)


@metric("fallback_rate", group=GROUP, unit="share", better="lower")
def fallback_rate(encoded: Encoded) -> Statistic:
    """Tokens that are one byte of a longer character ÷ tokens.

    Every token of a byte-fallback piece counts, also where the byte is a whole ASCII character.
    """
    lone = np.array([piece.byte or _is_part_of_character(piece.surface) for piece in encoded.vocab], bool)
    return Ratio(encoded.count(encoded.documents[lone[encoded.ids]]), encoded.lengths)


def _is_part_of_character(surface: bytes) -> bool:
    return len(surface) == 1 and surface[0] >= 0x80


@metric("oov_words", group=GROUP, unit="share")
def oov_words(encoded: Encoded) -> Statistic:
    """Held-out words absent from the training part ÷ words.

    It is a property of the corpus, equal for all tokenizers, and tells how much the other figures rest on.
    """
    return _share_of_words(encoded, encoded.word_unseen, np.ones(len(encoded.words), bool))


@metric("oov_fertility", group=GROUP, unit="tokens/word", better="lower")
def oov_fertility(encoded: Encoded) -> Statistic:
    """Tokens of the words absent from the training part ÷ these words."""
    return _word_fertility(encoded, encoded.word_unseen)


@metric("seen_fertility", group=GROUP, unit="tokens/word", better="lower")
def seen_fertility(encoded: Encoded) -> Statistic:
    """Tokens of the words present in the training part ÷ these words."""
    return _word_fertility(encoded, ~encoded.word_unseen)


@metric("oov_unk_words", group=GROUP, unit="share", better="lower")
def oov_unk_words(encoded: Encoded) -> Statistic:
    """OOV words that hold an unknown token ÷ OOV words; undefined without an unknown token."""
    if encoded.vocab.unk_id is None:
        return Value(None)
    return _share_of_words(encoded, _holds_unknown(encoded), encoded.word_unseen)


@metric("oov_exploded", group=GROUP, unit="share", better="lower")
def oov_exploded(encoded: Encoded) -> Statistic:
    """OOV words cut into single characters or bytes ÷ OOV words.

    Such a word has two or more tokens, and none of them touches two of its characters.
    """
    return _share_of_words(encoded, _exploded(encoded), encoded.word_unseen)


FATES = ("whole", "pieces", "exploded", "unknown")


def oov_fates(encoded: Encoded) -> dict[str, int]:
    """How many OOV words are one token, are cut into pieces, are exploded, or hold an unknown token.

    Each word counts once, by the last of these that holds. What no token touches counts as whole.

    Raises
    ------
    UndefinedError
        It is not known which words are OOV.
    """
    unseen = encoded.word_unseen
    unknown = _holds_unknown(encoded) & unseen
    exploded = _exploded(encoded) & unseen & ~unknown
    cut = (encoded.word_lengths > 1) & unseen & ~unknown & ~exploded
    whole = unseen & ~unknown & ~exploded & ~cut
    return {name: int(words.sum()) for name, words in zip(FATES, (whole, cut, exploded, unknown), strict=True)}


def _holds_unknown(encoded: Encoded) -> npt.NDArray[np.bool_]:
    """(words,) whether an unknown token touches a word."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(encoded.unknown)])
    first, last = encoded.word_tokens
    holds: npt.NDArray[np.bool_] = before[last] > before[first]
    return holds


def _share_of_words(encoded: Encoded, chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Ratio:
    """Of the words ``among``, those that are ``chosen`` too; both (words,)."""
    documents = encoded.words.documents
    return Ratio(encoded.count(documents[chosen & among]), encoded.count(documents[among]))


def _word_fertility(encoded: Encoded, chosen: npt.NDArray[np.bool_]) -> Ratio:
    documents = encoded.words.documents[chosen]
    return Ratio(encoded.total(documents, encoded.word_lengths[chosen]), encoded.count(documents))


def _exploded(encoded: Encoded) -> npt.NDArray[np.bool_]:
    """(words,) whether a word has two or more tokens, each within one of its characters."""
    exploded = encoded.word_lengths > 1
    candidates = np.flatnonzero(exploded)
    counts = encoded.word_lengths[candidates]
    # one row per pair of a word and one of its tokens
    word = np.repeat(candidates, counts)
    place = np.arange(len(word)) - np.repeat(np.cumsum(counts) - counts, counts)
    token = encoded.word_tokens[0][word] + place
    start = np.maximum(encoded.starts[token], encoded.words.starts[word])
    end = np.minimum(encoded.ends[token], encoded.words.ends[word])
    character = encoded.source.character_of_byte
    wide = (end > start) & (character[start] != character[end - 1])
    exploded[word[wide]] = False
    return exploded
