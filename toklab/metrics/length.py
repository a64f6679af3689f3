"""Sequence length: how many tokens a text, a word or a document takes.

Fertility and continued words after Ács (2019), "Exploring BERT's Vocabulary", and Rust et al. (2021), "How
Good is Your Tokenizer?"; here over UAX #29 words in running text.
"""

from __future__ import annotations

import numpy as np

from toklab.metrics.base import Quantile, Ratio, Statistic, Sum, Value, metric
from toklab.metrics.encoded import Encoded
from toklab.types import IntArray

GROUP = "sequence length"
FREQUENT_WORDS = 1000


@metric("tokens", group=GROUP, unit="tokens", better="lower")
def tokens(encoded: Encoded) -> Statistic:
    """Tokens of all held-out documents."""
    return Sum(encoded.lengths)


@metric("bytes_per_token", group=GROUP, unit="bytes", better="higher")
def bytes_per_token(encoded: Encoded) -> Statistic:
    """UTF-8 bytes of text ÷ tokens."""
    return Ratio(encoded.source.sizes, encoded.lengths)


@metric("chars_per_token", group=GROUP, unit="characters", better="higher")
def chars_per_token(encoded: Encoded) -> Statistic:
    """Characters (code points) of text ÷ tokens."""
    return Ratio(encoded.source.characters, encoded.lengths)


@metric("fertility", group=GROUP, unit="tokens/word", better="lower")
def fertility(encoded: Encoded) -> Statistic:
    """Tokens ÷ words.

    All tokens count, those of spaces and punctuation too.
    """
    return Ratio(encoded.lengths, encoded.count(encoded.words.documents))


@metric("continued_words", group=GROUP, unit="share", better="lower")
def continued_words(encoded: Encoded) -> Statistic:
    """Words cut into two or more tokens ÷ words, in running text."""
    documents = encoded.words.documents
    return Ratio(encoded.count(documents[encoded.word_lengths > 1]), encoded.count(documents))


@metric("single_token_words", group=GROUP, unit="share", better="higher")
def single_token_words(encoded: Encoded) -> Statistic:
    """Share of the 1,000 most frequent held-out words that are usually one token.

    The words are the 1,000 distinct words that occur most often (all, where there are fewer), ties by code
    point. A word is usually one token where, among its occurrences in running text, none of the other numbers
    of tokens is more common than one; a word's tokens are those that share a byte with it.
    """
    candidates = min(FREQUENT_WORDS, len(encoded.words.distinct))
    if not candidates:
        return Value(None)
    chosen = encoded.words.index < candidates  # distinct words come most frequent first
    widest = int(encoded.word_lengths.max()) + 1
    keys = encoded.words.index[chosen] * widest + encoded.word_lengths[chosen]
    pairs, counts = np.unique(keys, return_counts=True)
    word, length = np.divmod(pairs, widest)
    most = np.zeros(candidates, np.int64)
    np.maximum.at(most, word, counts)
    single = (length == 1) & (counts == most[word])
    return Value(int(single.sum()) / candidates)


@metric("length_p50", group=GROUP, unit="tokens")
def length_p50(encoded: Encoded) -> Statistic:
    """Tokens per document, median (the lower one)."""
    return Quantile(encoded.lengths, 0.5)


@metric("length_p95", group=GROUP, unit="tokens")
def length_p95(encoded: Encoded) -> Statistic:
    """Tokens per document, 95th percentile."""
    return Quantile(encoded.lengths, 0.95)


@metric("length_p99", group=GROUP, unit="tokens")
def length_p99(encoded: Encoded) -> Statistic:
    """Tokens per document, 99th percentile."""
    return Quantile(encoded.lengths, 0.99)


@metric("length_max", group=GROUP, unit="tokens")
def length_max(encoded: Encoded) -> Statistic:
    """Tokens of the longest document.

    It has no interval: no resample holds a longer document, so the bootstrap is not valid for a maximum.
    """
    return Value(float(encoded.lengths.max()) if len(encoded.lengths) else None)


@metric("token_length_mean", group=GROUP, unit="bytes")
def token_length_mean(encoded: Encoded) -> Statistic:
    """Bytes of the emitted pieces ÷ emitted pieces, unknown tokens left out.

    This is the length of the pieces themselves: unlike ``bytes_per_token``, text that the tokenizer drops or
    replaces has no part in it.
    """
    known = ~encoded.unknown
    documents = encoded.documents[known]
    return Ratio(encoded.total(documents, _surface_bytes(encoded)[known]), encoded.count(documents))


@metric("token_length_p95", group=GROUP, unit="bytes")
def token_length_p95(encoded: Encoded) -> Statistic:
    """Bytes of an emitted piece, 95th percentile over tokens, unknown tokens left out."""
    lengths = _surface_bytes(encoded)[~encoded.unknown]
    return Value(Quantile(lengths, 0.95).value())


def token_lengths(encoded: Encoded) -> IntArray:
    """(longest + 1,) int64, how many emitted pieces have so many bytes, unknown tokens left out."""
    return np.bincount(_surface_bytes(encoded)[~encoded.unknown], minlength=1).astype(np.int64)


def _surface_bytes(encoded: Encoded) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(n,) int64, bytes of each token's piece."""
    return np.array([len(piece.surface) for piece in encoded.vocab], np.int64)[encoded.ids]
