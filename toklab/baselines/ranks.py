"""rustbpe and bpeasy: trainers of byte-level BPE that give a rank to each piece, for tiktoken to encode with.

Both get the very pre-tokens that every other contender gets, each as a text of its own, so that nothing but the
training differs. Neither encodes as a library does (bpeasy not at all), so toklab encodes with their merges; these are
what the ranks imply, and for a table that was trained both ways of encoding agree.

Both are ``bpe`` but for one thing: their ids of single bytes, which decide ties, are in the order of the bytes, not in
GPT-2's. Their pieces were the same in every training that was held against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import Any

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.baselines.optional import library_of, missing, require
from toklab.baselines.saved import check_spec, failures, special_facts
from toklab.corpus import Corpus
from toklab.errors import BaselineError, UsageError, VocabSizeError
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import Determinism, Piece, TrainSpec, Vocab

WHOLE = r"(?s:.+)"  # the pattern of a text that is one pre-token
BYTES = 256


@dataclass(frozen=True, kw_only=True)
class BpeasySpec(TrainSpec):
    """Options of bpeasy.

    Parameters
    ----------
    max_piece_length : bytes that every piece has fewer of; the default is that of the library's own class
    """

    max_piece_length: int = 128

    def __post_init__(self) -> None:
        if self.max_piece_length < 1:
            raise UsageError(f"max_piece_length {self.max_piece_length} is below 1; use 1 or more")


@dataclass(frozen=True)
class RankAlgorithm:
    """One of the two trainers.

    Parameters
    ----------
    name : what the registry, the package and its module are called
    claims : what was measured of repeated trainings
    train : from the module, pre-tokens, pieces and the spec to the pieces with their ranks
    """

    name: str
    claims: Determinism
    train: Callable[[Any, Iterable[str], int, Any], Iterable[tuple[bytes, int]]]
    spec_type: type[TrainSpec] = TrainSpec
    sized: bool = True
    takes_pretokenizer: bool = True

    @property
    def library(self) -> str:
        """The library and its installed version."""
        return library_of(self.name)

    @property
    def missing(self) -> str | None:
        """How to install it, where it is not."""
        return missing(self.name, self.name)

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Train on the documents; special tokens take the first ids.

        Raises
        ------
        UsageError
            The library is not installed, or an option that it does not have.
        VocabSizeError
            The bytes and the special tokens alone are more than ``spec.vocab_size``.
        BaselineError
            The library failed.
        """
        module = require(self.name, self.name)
        options = check_spec(self.name, spec, self.spec_type)
        specials = tuple(dict.fromkeys(spec.special_tokens))
        if spec.vocab_size < BYTES + len(specials):
            raise VocabSizeError(self.name, spec.vocab_size, BYTES + len(specials))
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        words = count_words(corpus.documents, pretokenizer, spec.normalizer, threads=spec.threads)
        texts = chain.from_iterable(repeat(word, count) for word, count in words)
        with failures(BaselineError, f"{self.name} could not be trained"):
            found = list(self.train(module, texts, spec.vocab_size - len(specials), options))
        model = model_of(dict(reversed(found)), specials)
        return build_tokenizer(self.name, spec, pretokenizer, model, {"lib": self.library} | special_facts(spec))


def model_of(ranks: Mapping[bytes, int], specials: Iterable[str] = ()) -> BpeModel:
    """The model of a table of ranks: special tokens, then the pieces by rank.

    Raises
    ------
    BaselineError
        A piece is not two others merged, so that no training can have made it.
    """
    first = [Piece(text.encode(), special=True) for text in specials]
    ordered = sorted(ranks, key=ranks.__getitem__)
    pieces = (*first, *(Piece(raw, byte=len(raw) == 1 and raw[0] >= 0x80) for raw in ordered))
    ids = {raw: len(first) + index for index, raw in enumerate(ordered)}
    merges = []
    for raw in ordered:
        if len(raw) > 1:
            left, right = halves(raw, ranks)
            merges.append((ids[left], ids[right], ids[raw]))
    pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
    return BpeModel(Vocab(pieces, None, pairs), tuple(merges), "byte")


def halves(raw: bytes, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes]:
    """The two pieces that were merged into one: what BPE makes of it with the ranks below its own.

    Examples
    --------
    >>> halves(b"abc", {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5})
    (b'a', b'bc')
    """
    parts = [raw[index : index + 1] for index in range(len(raw))]
    while len(parts) > 2:
        candidates = [(ranks.get(a + b, ranks[raw]), index) for index, (a, b) in enumerate(pairwise(parts))]
        rank, index = min(candidates)
        if rank >= ranks[raw]:
            raise BaselineError(f"the piece {raw!r} is not two others merged")
        parts[index : index + 2] = [parts[index] + parts[index + 1]]
    return parts[0], parts[1]


def _rustbpe(module: Any, texts: Iterable[str], size: int, spec: TrainSpec) -> Iterable[tuple[bytes, int]]:
    trainer = module.Tokenizer()
    trainer.train_from_iterator(texts, size, pattern=WHOLE)
    return [(bytes(piece), rank) for piece, rank in trainer.get_mergeable_ranks()]


def _bpeasy(module: Any, texts: Iterable[str], size: int, spec: BpeasySpec) -> Iterable[tuple[bytes, int]]:
    found: dict[bytes, int] = module.train_bpe(iter(texts), WHOLE, spec.max_piece_length, size)
    return sorted(found.items(), key=lambda item: item[1])


RUSTBPE = RankAlgorithm("rustbpe", Determinism.EXACT, _rustbpe)
BPEASY = RankAlgorithm("bpeasy", Determinism.EXACT, _bpeasy, BpeasySpec)
