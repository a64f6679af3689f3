"""Byte-pair encoding: count the pairs, merge the most frequent, repeat.

Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", section 3.2;
the byte-level alphabet is GPT-2's (Radford et al. 2019, section 2.2).

Worked example. The words ``hug`` x10, ``pug`` x5, ``pun`` x12, ``bun`` x4, ``hugs`` x5 start as letters. The
pair (u, g) occurs 10 + 5 + 5 = 20 times, more than any other, and becomes ``ug``. Then (u, n) with 12 + 4 = 16
becomes ``un``, and (h, ug) with 10 + 5 = 15 becomes ``hug``. Next (p, un) has 12, so ``pun``; and so on.

Most merges are ties, so the tie rule is part of the algorithm:

- ``lowest-ids`` (default): the pair with the smaller left id, then the smaller right id; older pieces win
  (Hugging Face's rule, which its merges are proven equal to);
- ``lexicographic-max``: the pair whose pieces are the largest as strings (subword-nmt's rule);
- ``first-seen``: the pair met first when reading the words from the most to the least frequent (the rule of
  tiktoken's teaching code, on words in a fixed order, so that the order of the documents does not matter).

The variant ``spm`` learns what SentencePiece learns: see `toklab.algorithms.spm_bpe`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toklab.algorithms.ahead import count_beside
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.spelling import Characters, Spelling
from toklab.algorithms.spm_rules import SpmSpec
from toklab.algorithms.symbols import (
    Learned,
    Material,
    Symbol,
    build_material,
    byte_symbols,
    fallback_symbols,
    merged_piece,
    special_symbols,
)
from toklab.algorithms.truncating import truncated_bpe
from toklab.backend import use_kernel
from toklab.corpus import Corpus
from toklab.errors import UnknownNameError, UsageError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Determinism, Piece, TrainSpec, WordCounts

TIE_RULES = ("lowest-ids", "lexicographic-max", "first-seen")
ALPHABETS = ("byte", "character")
VARIANTS = ("canonical", "spm")
UNKNOWN = "<unk>"
# Symbol visits that the readable trainer makes in about a second.
REFERENCE_LIMIT = 8_000_000


@dataclass(frozen=True, kw_only=True)
class BpeSpec(SpmSpec):
    """Options of BPE.

    Parameters
    ----------
    variant : ``"canonical"``, or ``"spm"`` for SentencePiece's trainer, which takes none of the options below and
        alone those of `SpmSpec`
    alphabet : ``"byte"`` (all 256 bytes, nothing is ever unknown) or ``"character"``
    end_of_word_suffix : text that marks a word's last piece, usually ``</w>``; character alphabet only
    byte_fallback : spell unseen characters as ``<0xNN>`` pieces instead of ``<unk>``; character alphabet only
    tie : what decides between equally frequent pairs: one of `TIE_RULES`
    min_frequency : a pair must occur at least this often to be merged
    max_piece_length : most initial symbols (bytes or characters) that a merged piece may span
    """

    variant: str = "canonical"
    alphabet: str = "byte"
    end_of_word_suffix: str | None = None
    byte_fallback: bool = False
    tie: str = "lowest-ids"
    min_frequency: int = 0
    max_piece_length: int | None = None


def learn(
    material: Material,
    vocab_size: int,
    tie: str = "lowest-ids",
    min_frequency: int = 0,
    max_piece_length: int | None = None,
    joiner: bytes = b"",
    byte_fallback: bool = False,
) -> Learned:
    """Learn merges by counting every pair anew after each one.

    Parameters
    ----------
    joiner : prefix that a right piece loses when it is merged (``##`` for WordPiece)
    byte_fallback : no merge may spell what a reader of the file would take for a byte (``<0xab>``)

    Returns
    -------
    Learned : the vocabulary and the merges; fewer than asked for when no pair is left
    """
    symbols = list(material.symbols)
    ids = {symbol.key: index for index, symbol in enumerate(symbols)}
    lengths = [1] * len(symbols)
    words = list(material.words)
    counts = material.counts.tolist()
    merges: list[tuple[int, int, int]] = []
    merge_counts: list[int] = []
    while len(symbols) < vocab_size:
        candidates = {
            pair: count
            for pair, count in count_pairs(words, counts).items()
            if count >= max(1, min_frequency)
            and (max_piece_length is None or lengths[pair[0]] + lengths[pair[1]] <= max_piece_length)
            and not _is_reserved(joined(symbols, pair, joiner), ids, symbols)
            and not (byte_fallback and spells_byte(joined(symbols, pair, joiner)))
        }
        if not candidates:
            break
        left, right = best_pair(candidates, symbols, tie)
        key = joined(symbols, (left, right), joiner)
        if key not in ids:
            ids[key] = len(symbols)
            symbols.append(Symbol(merged_piece(symbols[left].piece, symbols[right].piece), key))
            lengths.append(lengths[left] + lengths[right])
        words = [merge_word(word, left, right, ids[key]) for word in words]
        merges.append((left, right, ids[key]))
        merge_counts.append(candidates[left, right])
    return Learned(material.symbols, len(symbols), tuple(merges), tuple(merge_counts), joiner)


def count_pairs(words: Iterable[list[int]], counts: Iterable[int]) -> dict[tuple[int, int], int]:
    """Occurrences of each adjacent pair, in the order in which they are met; ``aaa`` holds (a, a) twice."""
    found: dict[tuple[int, int], int] = {}
    for word, count in zip(words, counts, strict=True):
        for pair in itertools.pairwise(word):
            found[pair] = found.get(pair, 0) + count
    return found


def best_pair(candidates: Mapping[tuple[int, int], int], symbols: list[Symbol], tie: str) -> tuple[int, int]:
    """The most frequent pair; equal counts are decided by the tie rule."""
    if tie == "lowest-ids":
        return max(candidates, key=lambda pair: (candidates[pair], -pair[0], -pair[1]))
    if tie == "lexicographic-max":
        return max(candidates, key=lambda pair: (candidates[pair], symbols[pair[0]].key, symbols[pair[1]].key))
    return max(candidates, key=lambda pair: candidates[pair])  # max keeps the first of equals


def merge_word(word: list[int], left: int, right: int, new: int) -> list[int]:
    """Replace each (left, right) by new, from left to right without overlap."""
    merged: list[int] = []
    for symbol in word:
        if merged and symbol == right and merged[-1] == left:
            merged[-1] = new
        else:
            merged.append(symbol)
    return merged


def joined(symbols: list[Symbol], pair: tuple[int, int], joiner: bytes) -> bytes:
    """The key of a pair merged."""
    return symbols[pair[0]].key + symbols[pair[1]].key.removeprefix(joiner)


def _is_reserved(key: bytes, ids: Mapping[bytes, int], symbols: list[Symbol]) -> bool:
    return key in ids and symbols[ids[key]].reserved


def spells_byte(key: bytes) -> bool:
    """Whether Hugging Face's decoder reads a piece as a byte: two digits of any case (or ``+`` and one)."""
    return re.fullmatch(rb"<0x[0-9A-Fa-f+][0-9A-Fa-f]>", key) is not None


def learn_with(backend: str, material: Material, vocab_size: int, **options: object) -> Learned:
    """`learn`, by the twin that suits the work; the result does not depend on the choice."""
    merges = vocab_size - len(material.symbols)
    if use_kernel(backend, material.size * merges, REFERENCE_LIMIT):
        from toklab.algorithms.fast import learn_bpe

        return learn_bpe(material, vocab_size, **options)  # type: ignore[arg-type]
    return learn(material, vocab_size, **options)  # type: ignore[arg-type]


def initial_symbols(words: WordCounts, spec: BpeSpec) -> list[Symbol]:
    """The vocabulary before the first merge: unknown token, special tokens, fallback bytes, alphabet."""
    byte_level = spec.alphabet == "byte"
    specials = list(spec.special_tokens)
    if not byte_level and not spec.byte_fallback and UNKNOWN not in specials:
        specials.insert(0, UNKNOWN)
    symbols = special_symbols(specials, byte_level)
    if byte_level:
        return symbols + byte_symbols()
    if spec.byte_fallback:
        symbols += fallback_symbols()
    suffix = spec.end_of_word_suffix or ""
    return symbols + character_symbols(words, suffix)


def character_symbols(words: WordCounts, suffix: str) -> list[Symbol]:
    """All characters by code point, then those that end a word, with the suffix, by code point."""
    characters = Characters.of(words.flat)
    plain = [Symbol(Piece(char.encode()), char.encode()) for char in characters.all]
    if not suffix:
        return plain
    last = [Symbol(Piece(char.encode(), word_final=True), (char + suffix).encode()) for char in characters.last]
    return plain + last


def spelling_of(spec: BpeSpec) -> Spelling | None:
    """How words are spelled before the first merge; None for bytes."""
    return None if spec.alphabet == "byte" else Spelling(suffix=spec.end_of_word_suffix or "")


class Bpe:
    """The ``bpe`` algorithm."""

    name = "bpe"
    spec_type = BpeSpec
    claims = Determinism.EXACT
    tie_rules = TIE_RULES
    sized = True
    takes_pretokenizer = True
    library = "toklab"

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Train on the documents.

        Raises
        ------
        UsageError
            Options that do not go together, or a vocabulary smaller than the alphabet.
        """
        assert isinstance(spec, BpeSpec)
        check_spec(spec)
        if spec.variant == "spm":
            from toklab.algorithms.spm_bpe import fit

            return fit(corpus, spec)
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        words = count_beside("train-bpe", corpus, spec, pretokenizer)
        initial = initial_symbols(words, spec)
        material = build_material(words, initial, spelling_of(spec), self.name, spec.vocab_size)
        learned = learn_with(
            spec.backend,
            material,
            spec.vocab_size,
            tie=spec.tie,
            min_frequency=spec.min_frequency,
            max_piece_length=spec.max_piece_length,
            byte_fallback=spec.byte_fallback,
        )
        model = BpeModel.from_learned(learned, spec.alphabet, spec.end_of_word_suffix or "", spec.byte_fallback)
        return build_tokenizer(self.name, spec, pretokenizer, model, {"tie": spec.tie})

    def prefixes_with(self, options: Mapping[str, object]) -> bool:
        """Whether a smaller training is the beginning of a larger one: always, see `toklab.algorithms.truncating`."""
        return True

    def truncate(self, tokenizer: TrainedTokenizer, vocab_size: int) -> TrainedTokenizer | None:
        """What training at a smaller size gives, without training; see `toklab.algorithms.truncating.truncated_bpe`.

        Raises
        ------
        UsageError
            The size is smaller than the alphabet, or larger than the one that the tokenizer was trained for.
        """
        return truncated_bpe(tokenizer, vocab_size)


def check_spec(spec: BpeSpec) -> None:
    """Refuse options that do not go together.

    Raises
    ------
    UsageError
        One line naming the option.
    """
    if spec.variant not in VARIANTS:
        raise UnknownNameError("variant of bpe", spec.variant, VARIANTS)
    if spec.variant != "spm" and (spec.character_coverage != 1 or spec.split_digits):
        raise UsageError("character_coverage and split_digits are options of the variant 'spm'")
    if spec.tie not in TIE_RULES:
        raise UnknownNameError("tie rule", spec.tie, TIE_RULES)
    if spec.alphabet not in ALPHABETS:
        raise UnknownNameError("alphabet", spec.alphabet, ALPHABETS)
    if spec.alphabet == "byte" and (spec.end_of_word_suffix or spec.byte_fallback):
        raise UsageError("end_of_word_suffix and byte_fallback need alphabet 'character', not 'byte'")
    if spec.min_frequency < 0:
        raise UsageError(f"min_frequency {spec.min_frequency} is negative; use 0 or more")
    if spec.max_piece_length is not None and spec.max_piece_length < 1:
        raise UsageError(f"max_piece_length {spec.max_piece_length} is below 1; use 1 or more")


BPE = Bpe()
