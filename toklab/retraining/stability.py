"""How much of a vocabulary is a property of the language, and how much an accident of the sample.

Trained again on bootstrap resamples of the documents (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
chapter 6) and on growing prefixes of them, a vocabulary keeps some pieces and loses others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from toklab.corpus import Corpus
from toklab.retraining.replaying import joined
from toklab.retraining.sameness import jaccard, use, use_jaccard
from toklab.statistics import Bootstrap
from toklab.types import Piece, Tokenizer, Vocab

# Shares of the documents, each a prefix of the next.
PREFIXES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
# Pieces that are listed at either end.
LISTED = 10


@dataclass(frozen=True)
class Interval:
    """A mean, and the 2.5th and the 97.5th percentile of what it is the mean of; all None of nothing."""

    mean: float | None
    low: float | None
    high: float | None

    @staticmethod
    def of(values: Sequence[float]) -> Interval:
        """The interval of some figures."""
        if not values:
            return Interval(None, None, None)
        low, high = np.quantile(values, (0.025, 0.975)).tolist()
        return Interval(float(np.mean(values)), low, high)


@dataclass(frozen=True)
class Growth:
    """The vocabulary of a prefix of the documents against that of all.

    Parameters
    ----------
    share, n_bytes : of the documents; of the text
    tokens : on the held-out text
    """

    share: float
    n_bytes: int
    jaccard: float
    use_jaccard: float | None
    tokens: int


@dataclass(frozen=True)
class Stability:
    """A contender under other samples of the same text.

    Parameters
    ----------
    tokenizer : name of the contender
    resamples : trainings on a bootstrap resample
    jaccard, use_jaccard : of every two of them; pieces, and pieces weighed by their use in the held-out text
    shares : for each learned piece of the training on all documents, the share of resamples that hold it
    growth : by the size of the prefix
    failed : trainings that failed, in words
    """

    tokenizer: str
    resamples: int
    jaccard: Interval
    use_jaccard: Interval
    shares: tuple[tuple[Piece, float], ...]
    growth: tuple[Growth, ...]
    failed: tuple[str, ...] = ()

    @property
    def kept(self) -> float | None:
        """Learned pieces that every resample holds / learned pieces; None where nothing is learned."""
        return sum(share == 1 for _, share in self.shares) / len(self.shares) if self.shares else None

    @property
    def least(self) -> tuple[tuple[Piece, float], ...]:
        """The pieces that the fewest resamples hold, the longest first where equal."""
        return tuple(sorted(self.shares, key=lambda item: (item[1], -len(item[0].surface), str(item[0])))[:LISTED])

    @property
    def most(self) -> tuple[tuple[Piece, float], ...]:
        """The pieces that the most resamples hold, the longest first where equal."""
        return tuple(sorted(self.shares, key=lambda item: (-item[1], -len(item[0].surface), str(item[0])))[:LISTED])

    def to_dict(self) -> dict[str, Any]:
        """For the JSON object."""
        return {
            "tokenizer": self.tokenizer,
            "resamples": self.resamples,
            "resample_jaccard": asdict(self.jaccard),
            "resample_use_jaccard": asdict(self.use_jaccard),
            "kept_by_all": self.kept,
            "pieces": [_described(piece, share) for piece, share in self.shares],
            "growth": [asdict(point) for point in self.growth],
            "failed": list(self.failed),
        }


def _described(piece: Piece, share: float) -> dict[str, Any]:
    """A learned piece, which is neither special nor a byte: as it reads, and what it is made of."""
    made_of = {"surface": piece.surface.hex(), "continuation": piece.continuation, "word_final": piece.word_final}
    return {"piece": str(piece), "share": share, **made_of}


def resampled(corpus: Corpus, resamples: int, seed: int) -> list[Corpus]:
    """Bootstrap resamples: as many documents, drawn with replacement, in the order of the corpus."""
    documents = tuple(corpus.documents)
    weights = Bootstrap(len(documents), resamples, seed).weights
    return [
        Corpus(corpus.name, tuple(text for text, times in zip(documents, row, strict=True) for _ in range(times)))
        for row in weights.tolist()
    ]


def prefixes(corpus: Corpus) -> list[tuple[float, Corpus]]:
    """Growing prefixes of the documents in a fixed random order, with their shares; none that is empty."""
    documents = tuple(corpus.shuffled(0).documents)
    sizes = [(share, round(share * len(documents))) for share in PREFIXES]
    return [(share, Corpus(corpus.name, documents[:size])) for share, size in sizes if size]


def judge_stability(
    name: str,
    whole: Tokenizer,
    resamples: Sequence[Tokenizer],
    grown: Sequence[tuple[float, int, Tokenizer]],
    texts: Sequence[str],
    failed: Sequence[str] = (),
) -> Stability:
    """What trainings on other samples show.

    Parameters
    ----------
    whole : trained on all documents
    resamples : trained on bootstrap resamples
    grown : trained on prefixes: the share of the documents, the bytes, the tokenizer
    texts : held-out, in which the use of pieces is counted
    """
    uses = [use(tokenizer.vocab, tokenizer.encode_batch(texts)) for tokenizer in resamples]
    pairs = list(combinations(range(len(resamples)), 2))
    plain = [jaccard(resamples[i].vocab, resamples[j].vocab) for i, j in pairs]
    weighed = [value for i, j in pairs if (value := use_jaccard(uses[i], uses[j])) is not None]
    own = use(whole.vocab, whole.encode_batch(texts))
    growth = tuple(_growth(share, n_bytes, tokenizer, whole, own, texts) for share, n_bytes, tokenizer in grown)
    return Stability(
        name,
        len(resamples),
        Interval.of(plain),
        Interval.of(weighed),
        _shares(whole, resamples),
        growth,
        tuple(failed),
    )


def _growth(
    share: float, n_bytes: int, tokenizer: Tokenizer, whole: Tokenizer, own: Mapping[Piece, int], texts: Sequence[str]
) -> Growth:
    encoded = tokenizer.encode_batch(texts)
    used = use_jaccard(own, use(tokenizer.vocab, encoded))
    return Growth(share, n_bytes, jaccard(whole.vocab, tokenizer.vocab), used, len(encoded.ids))


def _shares(whole: Tokenizer, resamples: Sequence[Tokenizer]) -> tuple[tuple[Piece, float], ...]:
    held = [frozenset(tokenizer.vocab.pieces) for tokenizer in resamples]
    pieces = _learned(whole.vocab) if held else []
    return tuple((piece, sum(piece in kept for kept in held) / len(held)) for piece in pieces)


def _learned(vocab: Vocab) -> list[Piece]:
    """What merges made; where nothing merges, the pieces of more than one character."""
    made = frozenset(map(joined, vocab.merges))
    return [piece for piece in vocab.pieces if (piece in made if made else _is_long(piece))]


def _is_long(piece: Piece) -> bool:
    return not piece.special and not piece.byte and len(piece.surface.decode("utf-8", "replace")) > 1
