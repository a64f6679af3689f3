"""Unigram: begin with far too many pieces, fit a unigram language model, and drop what it needs least.

Kudo 2018, "Subword Regularization: Improving Neural Network Translation Models with Multiple Subword Candidates",
section 3.2, as published: (1) the seeds are all characters and the most frequent substrings; (2) EM fits the
probabilities; (3) the loss of each piece is how much the likelihood falls without it, and the pieces with the largest
losses stay, characters always; (4) again until the vocabulary is small enough. What the paper leaves open is as in
SentencePiece: digamma in the M-step, a share of 3/4 that stays, pruning to 1.1 times the size and a cut by
probability. Its and Hugging Face's departures are not followed: the loss is the whole fall of the likelihood, not that
of the piece's own uses alone, and probabilities are fitted anew after the last pruning and after the cut.

Worked example. ``ab`` x10 and ``a`` x1 give the seeds a, b and ab with count x length 11, 10 and 20. In the first
expectation ``ab`` is ab with 20/41 or a|b with 11/41 x 10/41, so ab with 0.88 and a|b with 0.12: EM soon leaves b
almost without uses. The best segmentations use ab x10 and a x1; without ab they would use a x11 and b x10, and the
log likelihood would fall from -3.35 to -14.53, so the loss of ab is 11.18. The character b stays in any case.

The steps are in `unigram_steps` (to read) and `unigram_fast` (to run); this is what leads through them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from toklab.algorithms.ahead import count_beside
from toklab.algorithms.bpe import UNKNOWN, character_symbols
from toklab.algorithms.frugal import frugal_memory
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.spm_rules import SpmSpec
from toklab.algorithms.symbols import Symbol, fallback_symbols, ids_by_key, special_symbols
from toklab.algorithms.unigram_hf import HfSteps, HfTrainable, hf_seeds, learn_hf
from toklab.algorithms.unigram_model import UnigramModel, hidden_score, spelled
from toklab.algorithms.unigram_steps import Steps, seeds
from toklab.backend import use_kernel
from toklab.corpus import Corpus
from toklab.errors import UnknownNameError, UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Determinism, Lazy, Piece, TrainSpec, Vocab, WordCounts

# UTF-8 bytes of distinct words that the readable twin trains on in about a second.
REFERENCE_LIMIT = 10_000
LONGEST_PIECE = 255
# Pruning ends at this many tenths of the size asked for; the rest go by probability.
SPARE_TENTHS = 11
# Digits that every reader of JSON reads exactly, and that hide the last bits, in which systems' exp and log differ.
DECIMALS = 10
VARIANTS = ("canonical", "hf", "spm")
LIBRARY_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class UnigramSpec(SpmSpec):
    """Options of Unigram.

    Parameters
    ----------
    variant : ``"canonical"``, or ``"hf"`` and ``"spm"`` for what Hugging Face's and SentencePiece's trainers do
        otherwise; see `unigram_hf` and `unigram_spm`, which alone has the options of `SpmSpec`
    byte_fallback : unseen characters become ``<0xNN>`` pieces, not ``<unk>``
    seed_size : pieces to begin with, at most
    shrinking_factor : the share of the pieces that stays in each pruning
    sub_iterations : steps of EM before each pruning
    max_piece_length : characters that a piece may have
    library_threads : with ``"spm"``, the library's number of threads, on which its result depends
    """

    variant: str = VARIANTS[0]
    byte_fallback: bool = False
    seed_size: int = 1_000_000
    shrinking_factor: float = 0.75
    sub_iterations: int = 2
    max_piece_length: int = 16
    library_threads: int = LIBRARY_THREADS


class Trainable(Protocol):
    """The steps, readable or compiled; see `unigram_steps.Steps`."""

    @property
    def texts(self) -> list[str]: ...
    @property
    def scores(self) -> list[float]: ...
    def __len__(self) -> int: ...
    def improve(self, least: int) -> None: ...
    def prune(self, least: int, factor: float) -> None: ...
    def cut(self, size: int) -> None: ...


def learn(steps: Trainable, size: int, spec: UnigramSpec) -> list[tuple[str, float]]:
    """Shrink the seeds to ``size`` pieces; gives them with log probabilities, most probable first, ties by text."""
    enough = size * SPARE_TENTHS // 10
    fit(steps, size, spec)
    while len(steps) > enough:
        steps.prune(enough, spec.shrinking_factor)
        fit(steps, size, spec)
    steps.cut(size)
    fit(steps, size, spec)
    return ranked(zip(steps.texts, steps.scores, strict=True))


def ranked(learned: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Pieces with rounded scores, most probable first, ties by text."""
    rounded = [(text, round(score, DECIMALS)) for text, score in learned]
    return sorted(rounded, key=lambda entry: (-entry[1], entry[0]))


def fit(steps: Trainable, size: int, spec: UnigramSpec) -> None:
    """Some steps of EM, which leave at least ``size`` pieces."""
    for _ in range(spec.sub_iterations):
        steps.improve(size)


def begin(words: WordCounts, spec: UnigramSpec, reserved: Collection[str]) -> Trainable:
    """The seeds of a corpus, by the twin that suits the work; the result does not depend on the choice."""
    if use_kernel(spec.backend, len(words.flat.text), REFERENCE_LIMIT):
        from toklab.algorithms.unigram_fast import FastSteps

        return FastSteps(words, spec.seed_size, spec.max_piece_length, reserved, spec.threads)
    texts, scores, required = seeds(words, spec.seed_size, spec.max_piece_length, reserved)
    return Steps(words, texts, scores, required, spec.max_piece_length)


def begin_hf(words: WordCounts, spec: UnigramSpec, reserved: Collection[str]) -> HfTrainable:
    """The same for Hugging Face's variant."""
    if use_kernel(spec.backend, len(words.flat.text), REFERENCE_LIMIT):
        from toklab.algorithms.unigram_hf_fast import FastHfSteps

        return FastHfSteps(words, spec.seed_size, spec.max_piece_length, reserved, spec.threads)
    return HfSteps(words, *hf_seeds(words, spec.seed_size, spec.max_piece_length, reserved), spec.max_piece_length)


def hidden_symbols(spec: UnigramSpec) -> list[Symbol]:
    """The unknown and special tokens, then the fallback bytes."""
    first = [] if UNKNOWN in spec.special_tokens else [UNKNOWN]
    symbols = special_symbols([*first, *spec.special_tokens])
    return symbols + fallback_symbols() if spec.byte_fallback else symbols


def reserved_texts(hidden: list[Symbol], byte_fallback: bool) -> frozenset[str]:
    """What no piece may spell: special tokens, and all that Hugging Face's decoder would read as a byte."""
    digits = "0123456789abcdefABCDEF"
    bytes_too = {f"<0x{high}{low}>" for high in digits + "+" for low in digits} if byte_fallback else set()
    return frozenset(spelled(symbol.piece) for symbol in hidden) | bytes_too


class Unigram:
    """The ``unigram`` algorithm."""

    name = "unigram"
    spec_type = UnigramSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True
    library = "toklab"

    def claims_with(self, options: Mapping[str, Any]) -> Determinism:
        """With ``"spm"`` nothing is promised: the library's seeds depend on the order of the documents."""
        return Determinism.NONE if options.get("variant") == "spm" else self.claims

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Train on the documents.

        Raises
        ------
        UsageError
            An option out of its range, or a vocabulary smaller than the alphabet.
        """
        assert isinstance(spec, UnigramSpec)
        check_spec(spec)
        if spec.variant == "spm":
            from toklab.algorithms.unigram_spm import fit

            return fit(corpus, spec)
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        with frugal_memory():
            words = count_beside("train-unigram", corpus, spec, pretokenizer)
            del corpus  # a text that nobody else holds is given up before training takes memory
            model = self._learn(words, spec)
        name = self.name if spec.variant == VARIANTS[0] else f"{self.name}-{spec.variant}"
        return build_tokenizer(name, spec, pretokenizer, model, {"variant": spec.variant})

    def _learn(self, words: WordCounts, spec: UnigramSpec) -> UnigramModel:
        """The model of counted words, canonical or Hugging Face's."""
        hidden = hidden_symbols(spec)
        alphabet = character_symbols(words, "")
        smallest = len(ids_by_key(hidden + alphabet))
        if spec.vocab_size < smallest:
            raise VocabSizeError(self.name, spec.vocab_size, smallest)
        reserved = reserved_texts(hidden, spec.byte_fallback)
        if spec.variant == "hf":
            characters = [symbol.key.decode() for symbol in alphabet]
            hf_steps = begin_hf(words, spec, reserved)
            sizes = (spec.vocab_size, len(hidden), spec.sub_iterations)
            learned = ranked(learn_hf(hf_steps, characters, *sizes, spec.shrinking_factor))
        else:
            learned = learn(begin(words, spec, reserved), spec.vocab_size - len(hidden), spec)
        return model_of(hidden, learned, spec.byte_fallback)


def model_of(
    hidden: list[Symbol], learned: list[tuple[str, float]], byte_fallback: bool, single_precision: bool = False
) -> UnigramModel:
    """The model: hidden pieces first, then what was learned."""
    lowest = min((score for _, score in learned), default=0.0)
    pieces = [symbol.piece for symbol in hidden]
    scores = [hidden_score(spelled(piece), lowest) for piece in pieces]
    unknown = pieces.index(Piece(UNKNOWN.encode(), special=True))
    size = len(pieces) + len(learned)
    every = Lazy(size, lambda: (*pieces, *(Piece(text.encode()) for text, _ in learned)))
    vocab = Vocab(every, unknown)
    return UnigramModel(vocab, (*scores, *(score for _, score in learned)), byte_fallback, single_precision)


def check_spec(spec: UnigramSpec) -> None:
    """Refuse options out of their range.

    Raises
    ------
    UsageError
        One line naming the option.
    """
    if spec.variant not in VARIANTS:
        raise UnknownNameError("variant of unigram", spec.variant, VARIANTS)
    if spec.variant != "spm" and spec.library_threads != LIBRARY_THREADS:
        raise UsageError("library_threads is an option of the variant spm alone; leave it out")
    if spec.variant != "spm" and (spec.character_coverage != 1 or spec.split_digits):
        raise UsageError("character_coverage and split_digits are options of the variant 'spm'")
    if not 0 < spec.shrinking_factor < 1:
        raise UsageError(f"shrinking_factor {spec.shrinking_factor} is not between 0 and 1")
    if spec.sub_iterations < 1:
        raise UsageError(f"sub_iterations {spec.sub_iterations} is below 1; use 1 or more")
    if spec.seed_size < 1:
        raise UsageError(f"seed_size {spec.seed_size} is below 1; use 1 or more")
    if not 1 <= spec.max_piece_length <= LONGEST_PIECE:
        raise UsageError(f"max_piece_length {spec.max_piece_length} is not between 1 and {LONGEST_PIECE}")


UNIGRAM = Unigram()
