"""Byte-pair encoding as SentencePiece 0.2.3 learns it: piece for piece, in its order, with its scores.

Kudo and Richardson 2018, "SentencePiece: A simple and language independent subword tokenizer and detokenizer",
section 3.1; the rules that the paper leaves open are the library's (``bpe_model_trainer.cc``). They differ from
`toklab.algorithms.bpe` in what a piece may be, in the ties and in the end:

- A piece is at most 16 characters of one script, a space can only be its first (`toklab.algorithms.spm_rules`).
- The most frequent pair is merged; of equals the one with the shortest result, then the first by code points.
- There is no least frequency. Pairs that no longer occur are taken when nothing else is left.
- The characters come last, the most frequent first, and the score of a piece is minus its place.

No two pairs ever spell the same piece, although the library looks out for them: equal texts whose ends no merge has
crossed are merged alike, step by step, so that there is one moment at which a text is two symbols, and one such pair.

Worked example. The text ``abcd abcd bcx`` has the words ``abcd``, ``▁abcd`` and ``▁bcx`` once each. (b, c) occurs
three times and becomes ``bc``. Then (a, bc) and (bc, d) occur twice each and are as long: ``abc`` is first by code
points. (abc, d) makes ``abcd``. Of what occurs once, ``bcx`` is the shortest; ``▁bcx`` and ``▁abcd`` follow. Nothing
is left that occurs, and (a, b), (c, d), (c, x), (▁, a), (▁, b) and so on become pieces by length and code points.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from toklab.algorithms.ahead import compiling
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.spm_rules import (
    SPACE,
    UNKNOWN_MARK,
    SpmSpec,
    check_options,
    is_piece,
    required_characters,
    unread,
    words_of,
)
from toklab.algorithms.symbols import Symbol, fallback_symbols, special_symbols
from toklab.backend import use_kernel
from toklab.corpus import Corpus
from toklab.errors import InputError, UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer, is_much, normalize_all
from toklab.types import IntArray, Lazy, Piece, Vocab, WordCounts

UNKNOWN = "<unk>"
NAME = "bpe-spm"
PRETOKENIZER = "sentencepiece"
FOLLOWS = "sentencepiece-0.2.3"
# The options that go with this variant; all others must be as they are by default.
OWN = (*(option.name for option in fields(SpmSpec)), "variant")

# Bytes of distinct words from which the readable trainer learns in about a second.
REFERENCE_LIMIT = 50_000

Pair = tuple[str, str]


@dataclass
class PairCounts:
    """How often each pair occurs in the words, kept up to date word by word.

    Parameters
    ----------
    words : the symbols of each distinct word
    counts : occurrences of each word
    """

    words: list[list[str]]
    counts: Sequence[int]
    pairs: dict[Pair, int] = field(default_factory=dict)
    places: dict[Pair, dict[int, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, word in enumerate(self.words):
            self._enter(index, itertools.pairwise(word))
            self._add(word, self.counts[index])

    def merge(self, pair: Pair) -> dict[Pair, None]:
        """Merge a pair wherever it occurs; gives the pairs that came up, in order, if only for a moment."""
        fresh: dict[Pair, None] = {}
        for index in self.places.pop(pair):
            word, count = self.words[index], self.counts[index]
            merged, passed = merge_word(word, pair)
            if len(merged) < len(word):
                self._enter(index, passed)
                self._add(word, -count)
                self._add(merged, count)
                self.words[index] = merged
                fresh.update(dict.fromkeys(passed))
        return fresh

    def _enter(self, index: int, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self.places.setdefault(pair, {})[index] = None

    def _add(self, word: list[str], count: int) -> None:
        for pair in itertools.pairwise(word):
            self.pairs[pair] = self.pairs.get(pair, 0) + count


def merge_word(word: list[str], pair: Pair) -> tuple[list[str], list[Pair]]:
    """Merge a pair in a word, from left to right without overlap.

    Returns
    -------
    merged : the word
    passed : the pairs with the new symbol after each step; ``aaaa`` becomes ``aa a a`` and then ``aa aa``, so
        (aa, a) came up and went, and may still become a piece that occurs nowhere
    """
    left, right = pair
    new = left + right
    merged: list[str] = []
    passed: list[Pair] = []
    at = 0
    while at < len(word):
        if word[at] != left or word[at + 1 : at + 2] != [right]:
            merged.append(word[at])
            at += 1
            continue
        passed += [(before, new) for before in merged[-1:]] + [(new, after) for after in word[at + 2 : at + 3]]
        merged.append(new)
        at += 2
    return merged, passed


def learn(words: Iterable[tuple[str, int]], limit: int, split_digits: bool = False) -> list[Pair]:
    """Learn the pieces of more than one character.

    Parameters
    ----------
    words : distinct words with their counts; a space is U+2581
    limit : pieces to learn
    split_digits : a digit is in no piece of several characters

    Returns
    -------
    The pairs that were merged, in order; fewer than ``limit`` where no pair is left.
    """
    counted = sorted(words, key=lambda item: (-item[1], item[0]))
    table = PairCounts([list(word) for word, _ in counted], [count for _, count in counted])
    heap: list[tuple[int, int, str, int]] = []
    order: list[Pair] = []

    def offer(pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            text = "".join(pair)
            if is_piece(text, split_digits):
                order.append(pair)
                heapq.heappush(heap, (-table.pairs.get(pair, 0), len(text), text, len(order) - 1))

    offer(list(table.pairs))
    merges: list[Pair] = []
    while heap and len(merges) < limit:
        count, length, text, number = heapq.heappop(heap)
        pair = order[number]
        now = table.pairs.get(pair, 0)
        if -count != now:  # counts only fall
            heapq.heappush(heap, (-now, length, text, number))
        else:
            merges.append(pair)
            offer(table.merge(pair))
    return merges


def learn_with(
    backend: str, words: WordCounts, characters: Sequence[str], limit: int, split_digits: bool = False
) -> IntArray:
    """`learn`, by the twin that suits the work; the result does not depend on the choice.

    Parameters
    ----------
    words : from `toklab.algorithms.spm_rules.words_of`
    characters : the alphabet; all others are in no piece
    limit : pieces to learn

    Returns
    -------
    merges : (m, 2) int64: left and right part; the characters have their places in ``characters``, piece i follows
        them and i others
    """
    if use_kernel(backend, len(words.flat.text), REFERENCE_LIMIT):
        from toklab.algorithms import spm_bpe_fast

        return spm_bpe_fast.learn(words, characters, limit, split_digits)
    known = frozenset(characters)
    spelled = (("".join(c if c in known else UNKNOWN_MARK for c in word), count) for word, count in words)
    places = {char: place for place, char in enumerate(characters)}
    merges = []
    for left, right in learn(spelled, limit, split_digits):
        merges.append((places[left], places[right]))
        places[left + right] = len(places)
    return np.array(merges, np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class SpmVocab:
    """What the trainer found. Ids: ``<unk>``, special tokens and bytes, then what was merged, then the characters.

    Parameters
    ----------
    reserved : ``<unk>``, special tokens, bytes
    characters : the most frequent first
    merges : (m, 2) int64, the ids of the parts of each piece that was merged, in order
    """

    reserved: Sequence[Piece]
    characters: Sequence[str]
    merges: IntArray

    def __len__(self) -> int:
        return len(self.reserved) + len(self.merges) + len(self.characters)

    @property
    def scores(self) -> list[float]:
        """Of each piece: 0 for what is reserved, then 0, -1, -2 and so on."""
        return [0.0] * len(self.reserved) + [-float(place) for place in range(len(self) - len(self.reserved))]

    @property
    def pieces(self) -> Lazy[Piece]:
        """The pieces by id."""
        return Lazy(len(self), self._spell)

    def _spell(self) -> tuple[Piece, ...]:
        merged, first = len(self.merges), len(self.reserved)
        texts = [b""] * merged + [char.replace(SPACE, " ").encode() for char in self.characters]
        for place, (left, right) in enumerate((self.merges - first).tolist()):
            texts[place] = texts[left] + texts[right]
        return (*self.reserved, *map(Piece, texts))


def learn_vocab(words: WordCounts, spec: SpmSpec) -> SpmVocab:
    """The vocabulary of ``spec.vocab_size`` pieces, or fewer where the words hold no more.

    Parameters
    ----------
    words : from `toklab.algorithms.spm_rules.words_of`

    Raises
    ------
    VocabSizeError
        The special pieces and the characters are more than ``spec.vocab_size``.
    InputError
        The words hold no character that is learned.
    """
    reserved = [symbol.piece for symbol in reserved_symbols(spec.special_tokens)]
    characters = required_characters(words, spec.character_coverage)
    if not characters:
        raise InputError(f"the corpus holds no text that {NAME} learns from")
    smallest = len(reserved) + len(characters)
    if spec.vocab_size < smallest:
        raise VocabSizeError(NAME, spec.vocab_size, smallest)
    merges = learn_with(spec.backend, words, characters, spec.vocab_size - smallest, spec.split_digits)
    is_character = merges < len(characters)
    places = np.where(is_character, merges + len(merges), merges - len(characters))
    return SpmVocab(reserved, characters, places + len(reserved))


def reserved_symbols(special_tokens: Sequence[str]) -> list[Symbol]:
    """``<unk>``, the special tokens and the 256 bytes, which have the first ids."""
    return special_symbols([UNKNOWN, *(text for text in special_tokens if text != UNKNOWN)]) + fallback_symbols()


def model_of(vocab: SpmVocab) -> BpeModel:
    """The model that encodes as the library does: the two neighbours that spell the best piece merge, leftmost first.

    The library looks at what two neighbours spell together, not at which two they are. As only one pair ever spells a
    piece (see above), the merges that were learned come to the same.
    """
    pieces, first = vocab.pieces, len(vocab.reserved)
    merges = Lazy(
        len(vocab.merges),
        lambda: tuple((left, right, first + i) for i, (left, right) in enumerate(vocab.merges.tolist())),
    )
    pairs = Lazy(len(merges), lambda: tuple((pieces[left], pieces[right]) for left, right, _ in merges))
    return BpeModel(Vocab(pieces, 0, pairs), merges, "character", byte_fallback=True)


def fit(corpus: Corpus, spec: SpmSpec) -> TrainedTokenizer:
    """Train on the documents, as the baseline ``spm-bpe`` does by default: all characters, and bytes for unseen ones.

    Raises
    ------
    UsageError
        An option that this variant does not have, or a vocabulary smaller than the alphabet.
    InputError
        The documents hold nothing to learn from.
    """
    _check(spec)
    reserved = [symbol.key.decode() for symbol in reserved_symbols(spec.special_tokens)]
    with compiling("train-bpe-spm", is_much(corpus.documents, spec.backend)):
        texts = normalize_all(spec.normalizer, tuple(corpus.documents))
        corpus = replace(corpus, documents=tuple(texts))  # each is decoded and normalised once
        words = words_of(corpus.documents, reserved, spec.threads, spec.backend)
    vocab = learn_vocab(words, spec)
    facts = {"variant": "spm", "follows": FOLLOWS}
    tokenizer = build_tokenizer(NAME, spec, get_pretokenizer(PRETOKENIZER), model_of(vocab), facts)
    return replace(tokenizer, warnings=(*tokenizer.warnings, *unread(corpus, reserved)))


def _check(spec: SpmSpec) -> None:
    if spec.pretokenizer not in (None, PRETOKENIZER):
        raise UsageError(f"{NAME} has its own rule for words; {spec.pretokenizer!r} does not apply")
    for option in fields(spec):
        if option.name not in OWN and getattr(spec, option.name) != option.default:
            raise UsageError(f"{NAME} does not have the option {option.name}; leave it out")
    check_options(NAME, spec)
