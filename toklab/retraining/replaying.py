"""From a tokenizer and the text that it was trained on to what a replay of its merges needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toklab.corpus import Corpus
from toklab.errors import ToklabError
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.retraining.census import Census, Pair, Symbol, count_pairs, take_census
from toklab.types import Contender, Piece, Tokenizer, Vocab

# Hugging Face's trainers have one rule (``trainer.rs``): the pair of the lowest ids.
LIBRARY_RULE = "lowest-ids"


@dataclass(frozen=True, eq=False)
class Material:
    """The distinct words of a text in initial symbols, how often each occurs, and the rule between equals.

    Parameters
    ----------
    symbols : the initial symbols that each piece is made of
    """

    words: Sequence[tuple[Symbol, int]]
    symbols: Mapping[Piece, Symbol]
    rule: str

    def pair(self, merge: tuple[Piece, Piece]) -> Pair | None:
        """A merge in initial symbols; None where the text does not hold them."""
        left, right = (self.symbols.get(piece) for piece in merge)
        return (left, right) if left is not None and right is not None else None


def material_of(contender: Contender, tokenizer: Tokenizer, corpus: Corpus) -> Material | None:
    """What a replay needs; None for a tokenizer that does not merge the most frequent pair."""
    if not tokenizer.vocab.merges or contender.options.get("variant") in ("spm", "likelihood-gain"):
        return None
    if contender.algorithm == "wordpiece" and contender.options.get("variant") != "hf":
        return None
    facts = tokenizer.signature
    try:
        pretokenizer = get_pretokenizer(facts.get("pre", ""))
        counted = count_words(corpus.documents, pretokenizer, facts.get("norm", "none"))
    except ToklabError:
        return None
    symbols = _symbols(tokenizer.vocab)
    words = [word for word, _ in counted]
    encoded = tokenizer.encode_batch(words)
    pieces = tokenizer.vocab.pieces
    spelled = [
        (tuple(symbol for index in row.ids.tolist() for symbol in symbols[pieces[index]]), count)
        for row, (_, count) in zip(encoded, counted, strict=True)
    ]
    return Material(spelled, symbols, facts.get("tie", LIBRARY_RULE))


def _symbols(vocab: Vocab) -> dict[Piece, Symbol]:
    """The initial symbols of each piece: those of its halves, or itself."""
    found: dict[Piece, Symbol] = {}
    made = {joined(merge) for merge in vocab.merges}
    for index, piece in enumerate(vocab.pieces):
        if piece not in made:
            found[piece] = (index,)
    for left, right in vocab.merges:
        if left in found and right in found:
            found.setdefault(joined((left, right)), found[left] + found[right])
    return found


def joined(merge: tuple[Piece, Piece]) -> Piece:
    """The piece that a merge makes."""
    left, right = merge
    return Piece(left.surface + right.surface, continuation=left.continuation, word_final=right.word_final)


def census_of(contender: Contender, tokenizer: Tokenizer, corpus: Corpus) -> Census | None:
    """The tie census of a training; None for a tokenizer that does not merge the most frequent pair."""
    material = material_of(contender, tokenizer, corpus)
    if material is None:
        return None
    merges = [pair for merge in tokenizer.vocab.merges if (pair := material.pair(merge))]
    return take_census(contender.name, material.words, merges, material.rule)


class Witness:
    """Says of two merges of the same rank how often each pair occurred at that moment.

    Parameters
    ----------
    contender, tokenizer, corpus : the first training, and what it was trained on
    """

    def __init__(self, contender: Contender, tokenizer: Tokenizer, corpus: Corpus) -> None:
        self._contender, self._tokenizer, self._corpus = contender, tokenizer, corpus
        self._said: dict[tuple[int, tuple[Piece, Piece], tuple[Piece, Piece]], str | None] = {}

    def __call__(self, rank: int, first: tuple[Piece, Piece], other: tuple[Piece, Piece]) -> str | None:
        """The two counts in words; None where they cannot be known."""
        key = (rank, first, other)
        if key not in self._said:
            self._said[key] = self._look(*key)
        return self._said[key]

    def _look(self, rank: int, first: tuple[Piece, Piece], other: tuple[Piece, Piece]) -> str | None:
        material = material_of(self._contender, self._tokenizer, self._corpus)
        pairs = [material.pair(merge) for merge in (first, other)] if material else []
        if material is None or None in pairs:
            return None
        merges = [material.pair(merge) for merge in self._tokenizer.vocab.merges[:rank]]
        known = [pair for pair in (*merges, *pairs) if pair]
        one, two = count_pairs(material.words, known[: len(known) - 2], known[len(known) - 2 :])
        if one == two:
            return f"both occur {one:,} times: a tie, decided by {material.rule}"
        return f"they occur {one:,} and {two:,} times"
