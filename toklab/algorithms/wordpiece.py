"""WordPiece: merge the pair whose parts go together most, count(ab) / (count(a) x count(b)).

The vocabulary is BERT's (Devlin et al. 2019), with ``##`` on pieces that continue a word; the learner was
described by Schuster and Nakajima 2012, "Japanese and Korean Voice Search", section 3, and never published as
code. The likelihood ratio is the rule that most textbooks give for it. Every choice is made on exact
fractions of fresh counts. Equal ratios: the more frequent pair, then the smaller left id, then the smaller
right id.

Worked example. The words ``hug`` x10, ``pug`` x5, ``hugs`` x5 start as h ##u ##g, p ##u ##g, h ##u ##g ##s,
with counts h 15, p 5, ##u 20, ##g 20, ##s 5. Ratios: (h, ##u) 15/(15 x 20) = 1/20, (p, ##u) 5/(5 x 20) = 1/20,
(##u, ##g) 20/(20 x 20) = 1/20, (##g, ##s) 5/(20 x 5) = 1/20: all equal, so the most frequent, ``##ug``,
comes first; plain counting would have chosen it too. Add ``xyz`` x1 and (x, ##y) with 1/(1 x 1) = 1 wins.

``variant="hf"`` is what Hugging Face's trainer does in truth: plain pair counts (BPE with ``##``), ties by ids,
made deterministic by giving the ``##`` characters their ids in code point order (the library takes the order of
a randomly seeded hash table). ``variant="likelihood-gain"`` is `toklab.algorithms.likelihood_gain`,
``variant="top-down"`` and ``"top-down-tf"`` are `toklab.algorithms.top_down`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from toklab.algorithms.ahead import count_beside
from toklab.algorithms.bpe import count_pairs, joined, learn_with, merge_word
from toklab.algorithms.models import unknown_id
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.spelling import Characters, Spelling
from toklab.algorithms.symbols import (
    CONTINUATION,
    Learned,
    Material,
    Symbol,
    build_material,
    merged_piece,
    special_symbols,
)
from toklab.algorithms.truncating import alphabet_size, truncated_list
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.backend import use_kernel
from toklab.corpus import Corpus
from toklab.errors import UnknownNameError, UsageError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Determinism, Piece, TrainSpec, Vocab, WordCounts

# Each with what `toklab.algorithms.ahead` compiles for it.
VARIANTS = {
    "likelihood-ratio": "train-wordpiece",
    "hf": "train-bpe",
    "likelihood-gain": "train-likelihood-gain",
    "top-down": "train-top-down",
    "top-down-tf": "train-top-down",
}
DEFAULT_VARIANT = "likelihood-ratio"
# Those that add one piece after the other, whatever the size asked for.
MERGING = ("likelihood-ratio", "hf", "likelihood-gain")
UNKNOWN = "[UNK]"
JOINER = CONTINUATION.encode()
SPELLING = Spelling(prefix=CONTINUATION)
REFERENCE_LIMIT = 4_000_000


@dataclass(frozen=True, kw_only=True)
class WordPieceSpec(TrainSpec):
    """Options of WordPiece.

    Parameters
    ----------
    variant : one of `VARIANTS`
    min_frequency : a pair must occur at least this often to be merged; top-down, the least threshold
    """

    variant: str = DEFAULT_VARIANT
    min_frequency: int = 0


def learn(material: Material, vocab_size: int, min_frequency: int = 0) -> Learned:
    """Learn merges by the likelihood ratio, counting everything anew after each one.

    A pair whose merged key could be mistaken for a continuation (``#`` before ``#``) is never merged, because
    the vocabulary file could not tell the two apart.
    """
    symbols = list(material.symbols)
    ids = {symbol.key: index for index, symbol in enumerate(symbols)}
    words = list(material.words)
    counts = material.counts.tolist()
    merges: list[tuple[int, int, int]] = []
    merge_counts: list[int] = []
    while len(symbols) < vocab_size:
        single = count_symbols(words, counts)
        candidates = {
            pair: count
            for pair, count in count_pairs(words, counts).items()
            if count >= max(1, min_frequency) and not is_ambiguous(symbols, pair, ids)
        }
        if not candidates:
            break
        left, right = max(candidates, key=lambda pair: rank(pair, candidates[pair], single))
        key = joined(symbols, (left, right), JOINER)
        if key not in ids:
            ids[key] = len(symbols)
            symbols.append(Symbol(merged_piece(symbols[left].piece, symbols[right].piece), key))
        words = [merge_word(word, left, right, ids[key]) for word in words]
        merges.append((left, right, ids[key]))
        merge_counts.append(candidates[left, right])
    return Learned(material.symbols, len(symbols), tuple(merges), tuple(merge_counts), JOINER)


def count_symbols(words: list[list[int]], counts: list[int]) -> dict[int, int]:
    """Occurrences of each symbol."""
    found: dict[int, int] = {}
    for word, count in zip(words, counts, strict=True):
        for symbol in word:
            found[symbol] = found.get(symbol, 0) + count
    return found


def rank(pair: tuple[int, int], count: int, single: dict[int, int]) -> tuple[Fraction, int, int, int]:
    """What the best pair is largest in: ratio, count, older left piece, older right piece."""
    left, right = pair
    return Fraction(count, single[left] * single[right]), count, -left, -right


def is_ambiguous(symbols: list[Symbol], pair: tuple[int, int], ids: dict[bytes, int]) -> bool:
    """Whether what a pair spells could be mistaken: for a continuation, or for a reserved symbol."""
    key = joined(symbols, pair, JOINER)
    if key.startswith(JOINER) and not symbols[pair[0]].piece.continuation:
        return True
    return key in ids and symbols[ids[key]].reserved


def initial_symbols(words: WordCounts, specials: tuple[str, ...], variant: str) -> list[Symbol]:
    """Unknown and special tokens, all characters, then the characters that continue words, by code point.

    Every character gets a continuation piece too, so that no known character ever makes a word unknown;
    ``hf`` gives one only to characters that were seen inside a word, as the library does.
    """
    first = special_symbols([*([] if UNKNOWN in specials else [UNKNOWN]), *specials])
    characters = Characters.of(words.flat)
    inner = characters.inner if variant == "hf" else characters.all
    plain = [Symbol(Piece(char.encode()), char.encode()) for char in characters.all]
    joined_on = [Symbol(Piece(char.encode(), continuation=True), JOINER + char.encode()) for char in inner]
    return first + plain + joined_on


def learn_ratio_with(backend: str, material: Material, vocab_size: int, min_frequency: int) -> Learned:
    """`learn`, by the twin that suits the work; the result does not depend on the choice."""
    if use_kernel(backend, material.size * (vocab_size - len(material.symbols)), REFERENCE_LIMIT):
        from toklab.algorithms.fast import learn_wordpiece

        return learn_wordpiece(material, vocab_size, min_frequency)
    return learn(material, vocab_size, min_frequency)


def learn_pieces(material: Material, spec: WordPieceSpec) -> Sequence[Piece]:
    """The vocabulary by the variant's learner."""
    from toklab.algorithms import likelihood_gain, top_down

    size, least = spec.vocab_size, spec.min_frequency
    if spec.variant == "hf":
        return learn_with(spec.backend, material, size, min_frequency=least, joiner=JOINER).pieces
    if spec.variant == "likelihood-gain":
        return likelihood_gain.learn_with(spec.backend, material, size, least).pieces
    if spec.variant == "likelihood-ratio":
        return learn_ratio_with(spec.backend, material, size, least).pieces
    return top_down.learn_with(spec.backend, material, size, least, subtract_all=spec.variant == "top-down-tf")


class WordPiece:
    """The ``wordpiece`` algorithm."""

    name = "wordpiece"
    spec_type = WordPieceSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True
    library = "toklab"

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Train on the documents.

        Raises
        ------
        UsageError
            An unknown variant, or a vocabulary smaller than the alphabet.
        """
        assert isinstance(spec, WordPieceSpec)
        if spec.variant not in VARIANTS:
            raise UnknownNameError("variant of wordpiece", spec.variant, VARIANTS)
        if spec.min_frequency < 0:
            raise UsageError(f"min_frequency {spec.min_frequency} is negative; use 0 or more")
        pretokenizer = get_pretokenizer(spec.pretokenizer or "bert")
        words = count_beside(VARIANTS[spec.variant], corpus, spec, pretokenizer)
        initial = initial_symbols(words, spec.special_tokens, spec.variant)
        material = build_material(words, initial, SPELLING, self.name, spec.vocab_size)
        pieces = learn_pieces(material, spec)
        model = WordPieceModel(Vocab(pieces, unknown_id(symbol.piece for symbol in material.symbols)))
        name = self.name if spec.variant == DEFAULT_VARIANT else f"{self.name}-{spec.variant}"
        tie = "count, text" if VARIANTS[spec.variant] == "train-top-down" else "lowest-ids"
        return build_tokenizer(name, spec, pretokenizer, model, {"variant": spec.variant, "tie": tie})

    def prefixes_with(self, options: Mapping[str, object]) -> bool:
        """Whether a smaller training is the beginning of a larger one: with the variants that merge."""
        return options.get("variant", DEFAULT_VARIANT) in MERGING

    def truncate(self, tokenizer: TrainedTokenizer, vocab_size: int) -> TrainedTokenizer:
        """What training at a smaller size gives, without training, for the variants that merge.

        Raises
        ------
        UsageError
            The size is smaller than the alphabet, or larger than the one that the tokenizer was trained for.
        """
        return truncated_list(tokenizer, vocab_size, alphabet_size(tokenizer.vocab), self.name)


WORDPIECE = WordPiece()
