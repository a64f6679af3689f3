"""Morphology: whether words are cut where their morphemes end, against words cut by hand.

The words are those of ``corpora/morphemes``, or of a list of the user's own (`toklab.metrics.lexicon`), wherever they
occur in running text, whatever their case. A cut is a place inside the word where a token begins or ends.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.encoded import Encoded
from toklab.metrics.lexicon import Lexicon
from toklab.metrics.texts import Texts
from toklab.types import IntArray

GROUP = "morphology"


class Gold(NamedTuple):
    """Words of running text whose morphemes are known.

    Parameters
    ----------
    words : (n,) int64, numbers of the words
    word, places : (m,) int64, for each place between two morphemes, which of the n words and which byte of the text
    """

    words: IntArray
    word: IntArray
    places: IntArray


@metric("boundary_precision", group=GROUP, unit="share", better="higher")
def boundary_precision(encoded: Encoded) -> Statistic:
    """Cuts between two morphemes ÷ cuts inside words whose morphemes are known.

    Example: un|lock|ed as un|locke|d has two cuts, one of them right: 1/2.
    """
    right, made, _ = _counts(encoded)
    return Ratio(right, made)


@metric("boundary_recall", group=GROUP, unit="share", better="higher")
def boundary_recall(encoded: Encoded) -> Statistic:
    """Places between two morphemes that are cut ÷ such places, in words whose morphemes are known.

    Example: un|lock|ed as unlock|ed: 1/2.
    """
    right, _, wanted = _counts(encoded)
    return Ratio(right, wanted)


@metric("boundary_f1", group=GROUP, unit="share", better="higher")
def boundary_f1(encoded: Encoded) -> Statistic:
    """Harmonic mean of `boundary_precision` and `boundary_recall`: 2 · right cuts ÷ (cuts + places to cut)."""
    right, made, wanted = _counts(encoded)
    return Ratio(2 * right, made + wanted)


@metric("morph_score", group=GROUP, unit="share", better="higher")
def morph_score(encoded: Encoded) -> Statistic:
    """Words with a cut between two of their morphemes ÷ words of several morphemes that are cut at all.

    Arnett and Bergen (2025), "Why do language models perform worse for morphologically complex languages?": words of
    one token are left out. Here of words in running text. Example: un|lock|ed as unlocke|d and act|s as act|s: 1/2.
    """
    gold = gold_of(encoded.source, encoded.lexicon)
    right = np.bincount(gold.word[encoded.is_cut(gold.places)], minlength=len(gold.words)) > 0
    several = np.bincount(gold.word, minlength=len(gold.words)) > 0
    table = encoded.words
    cut = encoded.cuts_inside(table.starts[gold.words], table.ends[gold.words]) > 0
    documents = table.documents[gold.words]
    return Ratio(encoded.count(documents[right]), encoded.count(documents[several & cut]))


def _counts(encoded: Encoded) -> tuple[IntArray, IntArray, IntArray]:
    """(d,) int64 each: cuts at places between two morphemes, all cuts, and all such places."""
    gold, table = gold_of(encoded.source, encoded.lexicon), encoded.words
    documents = table.documents[gold.words]
    made = encoded.cuts_inside(table.starts[gold.words], table.ends[gold.words])
    right = encoded.is_cut(gold.places)
    return (
        encoded.count(documents[gold.word[right]]),
        encoded.total(documents, made),
        encoded.count(documents[gold.word]),
    )


@lru_cache(maxsize=2)
def gold_of(source: Texts, lexicon: Lexicon) -> Gold:
    """The words of the texts that a list holds; worked out once for every tokenizer."""
    known: list[tuple[int, ...] | None] = [_places(word, lexicon) for word in source.words.distinct]
    numbers = [number for number, index in enumerate(source.words.index.tolist()) if known[index] is not None]
    starts = source.words.starts.tolist()
    pairs = [
        (row, starts[number] + place)
        for row, number in enumerate(numbers)
        for place in known[source.words.index[number]] or ()
    ]
    word, places = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    return Gold(np.array(numbers, np.int64), word, places)


def _places(word: str, lexicon: Lexicon) -> tuple[int, ...] | None:
    """The bytes of a word at which a morpheme but the first begins; None for a word that the list lacks."""
    parts = lexicon.words.get(word.lower())
    if parts is None or len(word.lower()) != len(word):
        return None
    characters = accumulate(len(part) for part in parts[:-1])
    return tuple(len(word[:end].encode("utf-8")) for end in characters)
