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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.spm_rules import SPACE, UNKNOWN_MARK, is_piece, required_characters, unread, words_of
from toklab.algorithms.symbols import Symbol, fallback_symbols, special_symbols
from toklab.corpus import Corpus
from toklab.errors import UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Piece, TrainSpec, Vocab, WordCounts

UNKNOWN = "<unk>"
NAME = "bpe-spm"
PRETOKENIZER = "sentencepiece"
FOLLOWS = "sentencepiece-0.2.3"
# The options that go with this variant; all others must be as they are by default.
OWN = ("vocab_size", "variant", "special_tokens", "threads", "backend", "pretokenizer")

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


def learn(words: Iterable[tuple[str, int]], limit: int) -> list[Pair]:
    """Learn the pieces of more than one character.

    Parameters
    ----------
    words : distinct words with their counts; a space is U+2581
    limit : pieces to learn

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
            if is_piece(text):
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


@dataclass(frozen=True)
class SpmVocab:
    """What the trainer found.

    Parameters
    ----------
    pieces : by id: ``<unk>``, special tokens, bytes, what was merged, characters
    scores : of each piece; 0 for ``<unk>``, special tokens and bytes, then 0, -1, -2 and so on
    """

    pieces: tuple[Piece, ...]
    scores: tuple[float, ...]


def learn_vocab(words: WordCounts, vocab_size: int, special_tokens: Sequence[str]) -> SpmVocab:
    """The vocabulary of ``vocab_size`` pieces, or fewer where the words hold no more.

    Parameters
    ----------
    words : from `toklab.algorithms.spm_rules.words_of`

    Raises
    ------
    VocabSizeError
        The special pieces and the characters are more than ``vocab_size``.
    """
    first = [symbol.piece for symbol in reserved_symbols(special_tokens)]
    characters = required_characters(words)
    smallest = len(first) + len(characters)
    if vocab_size < smallest:
        raise VocabSizeError(NAME, vocab_size, smallest)
    known = frozenset(characters)
    spelled = (("".join(c if c in known else UNKNOWN_MARK for c in word), count) for word, count in words)
    learned = ["".join(pair) for pair in learn(spelled, vocab_size - smallest)]
    texts = [text.replace(SPACE, " ").encode() for text in learned + characters]
    scores = [0.0] * len(first) + [-float(place) for place in range(len(texts))]
    return SpmVocab((*first, *map(Piece, texts)), tuple(scores))


def reserved_symbols(special_tokens: Sequence[str]) -> list[Symbol]:
    """``<unk>``, the special tokens and the 256 bytes, which have the first ids."""
    return special_symbols([UNKNOWN, *(text for text in special_tokens if text != UNKNOWN)]) + fallback_symbols()


def model_of(vocab: SpmVocab) -> BpeModel:
    """The model that encodes as the library does: the two neighbours that spell the best piece merge, leftmost first.

    The library looks at what two neighbours spell together, not at which two they are. As only one pair ever spells a
    piece (see above), one merge for each comes to the same: the last of those that make the piece when it is encoded
    alone. A piece that its own characters never come to has no merge.
    """
    first = next(i for i, piece in enumerate(vocab.pieces) if not piece.special and not piece.byte)
    ids = {piece.surface.decode(): first + at for at, piece in enumerate(vocab.pieces[first:])}
    merges = []
    for text, index in ids.items():
        halves = last_merge(text, ids) if len(text) > 1 else None
        if halves:
            merges.append((ids[halves[0]], ids[halves[1]], index))
    pairs = tuple((vocab.pieces[left], vocab.pieces[right]) for left, right, _ in merges)
    return BpeModel(Vocab(vocab.pieces, 0, pairs), merges, "character", byte_fallback=True)


def last_merge(text: str, ids: Mapping[str, int]) -> Pair | None:
    """The two pieces that a piece is made of when it is encoded alone; None where it is not made.

    Parameters
    ----------
    ids : of the pieces; the smaller the better
    """
    symbols = list(text)
    while len(symbols) > 2:
        joined = [a + b for a, b in itertools.pairwise(symbols)]
        found = [(ids[piece], at) for at, piece in enumerate(joined) if piece in ids]
        if not found:
            return None
        at = min(found)[1]
        symbols[at : at + 2] = [joined[at]]
    return symbols[0], symbols[1]


def fit(corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
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
    words = words_of(corpus.documents, reserved, spec.threads, spec.backend)
    vocab = learn_vocab(words, spec.vocab_size, spec.special_tokens)
    facts = {"variant": "spm", "follows": FOLLOWS}
    tokenizer = build_tokenizer(NAME, spec, get_pretokenizer(PRETOKENIZER), model_of(vocab), facts)
    return replace(tokenizer, warnings=(*tokenizer.warnings, *unread(corpus, reserved)))


def _check(spec: TrainSpec) -> None:
    if spec.pretokenizer not in (None, PRETOKENIZER):
        raise UsageError(f"{NAME} has its own rule for words; {spec.pretokenizer!r} does not apply")
    for option in fields(spec):
        if option.name not in OWN and getattr(spec, option.name) != option.default:
            raise UsageError(f"{NAME} does not have the option {option.name}; leave it out")
