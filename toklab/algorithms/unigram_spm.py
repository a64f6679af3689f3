"""``unigram`` with ``variant="spm"``: what SentencePiece 0.2.3 learns, piece for piece and bit for bit.

Source: the behaviour of its trainer (``unigram_model_trainer.cc``), which follows Kudo 2018, "Subword Regularization",
section 3.2. It differs from the published algorithm, and from `toklab.algorithms.unigram`:

- A piece is at most 16 characters of one script, a space can only be its first (`toklab.algorithms.spm_rules`), and
  the seeds are nodes of a suffix tree over bytes, in whole documents (`toklab.algorithms.unigram_spm_seeds`).
- Every number that is kept is of single precision. The words go round to so many parts as the library has threads,
  each adds up its own, and then their sums are added: so the number of threads changes the result, here as there.
- A piece expected less than 0.5 times leaves, characters too; what then matches no piece is unknown, 10 nats below
  the rarest piece, and is counted as a use of piece 0. Characters that left come back at the end.
- A piece that others spell better leaves. The loss of the rest is what each use of the piece itself costs if it is
  spelled by the second best, and each use of the others is taken alone.
- After the last pruning nothing is fitted again.

The model encodes as the library does: it adds up a whole text in single precision, so that which of equally probable
segmentations of a word is taken depends on the rounding of all that is before. What is drawn or judged is so word by
word, in double precision.

The library ends with a search for pieces that others spell better. Pruning has just taken these, so none is left.

Worked example. ``ab``, ``ab`` and ``cab`` give the seeds a, b, c and ab with weights 3, 3, 1 and 6. In the first
expectation ``ab`` is ab with 6/13 or a|b with 9/169, so ab with 0.90 and a|b with 0.10. The best segmentations use ab
x3 and c x1, 4 pieces; without ab they would use a and b x3 each, of 7. So the loss of ab is
3/4 x (ln 3/4 - 2 ln 3/7) = 1.06. a and b cannot be spelled otherwise, but they are not used: they leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Protocol

from toklab.algorithms.ahead import compiling
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.single import single
from toklab.algorithms.spm_bpe import FOLLOWS, PRETOKENIZER, reserved_symbols
from toklab.algorithms.spm_rules import SPACE, SpmSpec, check_options, unread
from toklab.algorithms.unigram_spm_seeds import Sentences, read, seeds
from toklab.algorithms.unigram_spm_steps import SpmSteps, shares
from toklab.backend import use_kernel
from toklab.corpus import Corpus
from toklab.errors import InputError, UsageError, VocabSizeError
from toklab.pretokenize import get_pretokenizer, is_much, normalize_all

if TYPE_CHECKING:
    from toklab.algorithms.unigram import UnigramSpec

NAME = "unigram-spm"
# UTF-8 bytes of distinct words that the readable twin trains on in about a second.
REFERENCE_LIMIT = 5_000
# Pruning ends at the size asked for times this.
SPARE = 1.1
# What each further character that comes back scores more than the one before (nats).
RETURN_STEP = single(0.0001)
# The options that go with this variant; all others must be as they are by default.
OWN = (
    *(option.name for option in fields(SpmSpec)),
    *("variant", "seed_size", "shrinking_factor", "sub_iterations", "library_threads"),
)


class SpmTrainable(Protocol):
    """The steps, readable or compiled; see `SpmSteps`."""

    @property
    def texts(self) -> list[str]: ...
    @property
    def scores(self) -> list[float]: ...
    def __len__(self) -> int: ...
    def improve(self) -> None: ...
    def prune(self, least: int, factor: float) -> None: ...


def learn(steps: SpmTrainable, alphabet: Sequence[str], spec: UnigramSpec, hidden: int) -> list[tuple[str, float]]:
    """Shrink the seeds; gives pieces and scores, most probable first, ties by text.

    Parameters
    ----------
    alphabet : the characters of the corpus, the most frequent first and then by code point
    hidden : pieces of the vocabulary that are not learned

    Raises
    ------
    InputError
        All pieces left.
    """
    enough = int(spec.vocab_size * SPARE)
    while True:
        for _ in range(spec.sub_iterations):
            steps.improve()
            if not len(steps):
                raise InputError(f"the corpus holds too little for {NAME}: no piece is expected to be used once")
        steps.prune(enough, spec.shrinking_factor)
        if len(steps) <= enough:
            return complete(steps.texts, steps.scores, alphabet, spec.vocab_size - hidden)


def complete(
    texts: Sequence[str], scores: Sequence[float], alphabet: Sequence[str], size: int
) -> list[tuple[str, float]]:
    """The alphabet, then the most probable pieces until there are ``size``; most probable first, ties by text."""
    found = dict(zip(texts, scores, strict=True))
    lowest, above = min(scores, default=0.0), 0.0
    chosen: dict[str, float] = {}
    for char in alphabet:
        if char in found:
            chosen[char] = found[char]
        else:
            chosen[char] = single(lowest + above)
            above = single(above + RETURN_STEP)
    others = sorted((-score, text) for text, score in found.items() if text not in chosen)
    chosen.update((text, -score) for score, text in others[: size - len(chosen)])
    return sorted(chosen.items(), key=lambda entry: (-entry[1], entry[0]))


def fit(corpus: Corpus, spec: UnigramSpec) -> TrainedTokenizer:
    """Train on the documents, as the baseline ``spm-unigram`` does: bytes spell what is not in the alphabet.

    Raises
    ------
    UsageError
        An option that this variant does not have, or one out of the library's range.
    VocabSizeError
        A vocabulary smaller than the alphabet.
    InputError
        The documents hold nothing to learn from.
    """
    from toklab.algorithms.unigram import model_of

    check(spec)
    symbols = reserved_symbols(spec.special_tokens)
    reserved = [symbol.key.decode() for symbol in symbols]
    with compiling("train-unigram-spm", is_much(corpus.documents, spec.backend)):
        texts = normalize_all(spec.normalizer, tuple(corpus.documents))
        corpus = replace(corpus, documents=tuple(texts))  # each is decoded and normalised once
        sentences = read(corpus.documents, reserved, spec.character_coverage, spec.threads, spec.backend)
    if not sentences.alphabet:
        raise InputError(f"the corpus holds no text that {NAME} learns from")
    smallest = len(symbols) + len(sentences.alphabet)
    if spec.vocab_size < smallest:
        raise VocabSizeError(NAME, spec.vocab_size, smallest)
    learned = learn(begin(sentences, spec), sentences.alphabet, spec, len(symbols))
    spelled = [(text.replace(SPACE, " "), score) for text, score in learned]
    model = model_of(symbols, spelled, byte_fallback=True, single_precision=True)
    facts = {"variant": "spm", "follows": FOLLOWS}
    tokenizer = build_tokenizer(NAME, spec, get_pretokenizer(PRETOKENIZER), model, facts)
    return replace(tokenizer, warnings=(*tokenizer.warnings, *unread(corpus, reserved)))


def begin(sentences: Sentences, spec: UnigramSpec) -> SpmTrainable:
    """The seeds, by the twin that suits the work; the result does not depend on the choice."""
    if use_kernel(spec.backend, len(sentences.words.flat.text), REFERENCE_LIMIT):
        from toklab.algorithms.unigram_spm_fast import FastSpmSteps

        return FastSpmSteps(sentences, spec.seed_size, spec.library_threads, spec.threads, spec.split_digits)
    texts, weights = seeds(sentences.texts, spec.seed_size, spec.split_digits)
    return SpmSteps(sentences.words, texts, shares(weights), spec.library_threads)


def check(spec: UnigramSpec) -> None:
    """Refuse what the library refuses, and options of other variants.

    Raises
    ------
    UsageError
        One line naming the option.
    """
    if spec.pretokenizer not in (None, PRETOKENIZER):
        raise UsageError(f"{NAME} has its own rule for words; {spec.pretokenizer!r} does not apply")
    for option in fields(spec):
        if option.name not in OWN and getattr(spec, option.name) != option.default:
            raise UsageError(f"{NAME} does not have the option {option.name}; leave it out")
    check_options(NAME, spec)
    if not 0.5 <= spec.shrinking_factor <= 0.95:
        raise UsageError(f"shrinking_factor {spec.shrinking_factor} of {NAME} is not between 0.5 and 0.95")
    if not 1 <= spec.sub_iterations <= 10:
        raise UsageError(f"sub_iterations {spec.sub_iterations} of {NAME} is not between 1 and 10")
    if not 1 <= spec.library_threads <= 1024:
        raise UsageError(f"library_threads {spec.library_threads} is not between 1 and 1024")
