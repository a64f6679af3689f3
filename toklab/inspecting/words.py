"""Words and pieces: which frequent words shatter, and which pieces are ever a word of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from toklab.inspecting.findings import Shattered
from toklab.metrics.encoded import Encoded
from toklab.types import IntArray


def shattered_words(encoded: Encoded) -> tuple[Shattered, ...]:
    """Distinct words that are cut, by what a piece for each would save, then by text.

    A word's tokens are those that touch it, as in `fertility`. Each occurrence would be one token if there were a
    piece for the word with what its first token takes with it (its leading space), so it saves its tokens less one.
    """
    words, lengths = encoded.words, encoded.word_lengths
    size = len(words.distinct)
    counts = np.bincount(words.index, minlength=size)
    tokens = np.bincount(words.index, lengths, minlength=size).astype(np.int64)
    saved = np.bincount(words.index, np.maximum(lengths - 1, 0), minlength=size).astype(np.int64)
    chosen = [i for i in range(size) if saved[i]]
    chosen.sort(key=lambda i: (-int(saved[i]), words.distinct[i]))
    cuts = _commonest_cuts(encoded, saved > 0)
    return tuple(Shattered(words.distinct[i], int(counts[i]), int(tokens[i]), int(saved[i]), cuts[i]) for i in chosen)


def _commonest_cuts(encoded: Encoded, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> dict[int, tuple[str, ...]]:
    """The commonest cut of each wanted word, the first in order of text where two are as common."""
    words = encoded.words
    first, last = encoded.word_tokens
    places = np.flatnonzero(wanted[words.index])
    rows = zip(words.index[places].tolist(), first[places].tolist(), last[places].tolist(), strict=True)
    seen: dict[int, Counter[tuple[int, ...]]] = {}
    for word, start, end in rows:
        seen.setdefault(word, Counter())[tuple(encoded.ids[start:end].tolist())] += 1
    best = {word: min(found, key=lambda ids: (-found[ids], ids)) for word, found in seen.items()}
    return {word: tuple(str(encoded.vocab[i]) for i in ids) for word, ids in best.items()}


def words_around(encoded: Encoded, wanted: IntArray) -> Mapping[int, tuple[int, Counter[str]]]:
    """How each wanted piece stands to the words of the text.

    Parameters
    ----------
    wanted : (n,) int64, ids

    Returns
    -------
    For each of them that touches a word: how often it held the whole of one, and the words that it held a part of.
    """
    first, last = encoded.word_tokens
    lengths = np.maximum(last - first, 0)
    word = np.repeat(np.arange(len(first), dtype=np.int64), lengths)
    within = np.arange(len(word)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    token = np.repeat(first, lengths) + within
    kept = np.isin(encoded.ids[token], wanted)
    word, token = word[kept], token[kept]
    whole = (encoded.starts[token] <= encoded.words.starts[word]) & (encoded.ends[token] >= encoded.words.ends[word])
    found: dict[int, tuple[int, Counter[str]]] = {}
    rows = zip(encoded.ids[token].tolist(), encoded.words.index[word].tolist(), whole.tolist(), strict=True)
    for index, number, is_all in rows:
        count, parts = found.get(index, (0, Counter()))
        if not is_all:
            parts[encoded.words.distinct[number]] += 1
        found[index] = count + is_all, parts
    return found
