"""subword-nmt, the code of the paper that brought BPE to text: characters, ``</w>`` at the end of each word.

It gets the pre-tokens that every other contender gets, as a list of words with counts. Its lists are cut at spaces, so
whitespace is spelled with other characters while it trains; only ties with rare whitespace, such as U+00A0, can notice.
Otherwise it is ``bpe:alphabet=character,end_of_word_suffix=</w>,tie=lexicographic-max,min_frequency=2``.

It writes merges only and runs without an end in sight where the vocabulary is what is given; so its output is read as
it comes, and it is stopped when the vocabulary is full. toklab encodes with the merges.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from typing import Any

from toklab.algorithms.bpe import UNKNOWN, character_symbols, joined
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.symbols import Learned, Symbol, merged_piece, special_symbols
from toklab.baselines.optional import library_of, missing, require
from toklab.baselines.saved import check_spec, failures, special_facts
from toklab.corpus import Corpus
from toklab.errors import BaselineError, UsageError, VocabSizeError
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import Determinism, TrainSpec, WordCounts

PACKAGE, MODULE = "subword-nmt", "subword_nmt"
SUFFIX = "</w>"
# What str.split and regular expressions take for space. Stand-ins of the ASCII ones sort as these do among all that
# is not a control character; those of the others are private.
ASCII_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
SPACES = "\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
CONTROLS = "\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f"
STAND_INS = dict(zip(map(ord, ASCII_SPACES), CONTROLS, strict=True))
STAND_INS |= {ord(space): chr(0xF0000 + index) for index, space in enumerate(SPACES)}
BACK = {ord(stand_in): chr(space) for space, stand_in in STAND_INS.items()}


@dataclass(frozen=True, kw_only=True)
class SubwordNmtSpec(TrainSpec):
    """Options of subword-nmt.

    Parameters
    ----------
    min_frequency : a pair must occur at least this often to be merged; the default is the library's
    """

    min_frequency: int = 2


class _FullError(Exception):
    """The vocabulary has the size asked for."""


class _Merges(io.TextIOBase):
    """The file that the library writes to: each line is a merge, and becomes one."""

    def __init__(self, initial: tuple[Symbol, ...], size: int) -> None:
        self.symbols = list(initial)
        self.ids = {symbol.key: index for index, symbol in enumerate(initial)}
        self.merges: list[tuple[int, int, int]] = []
        self._size = size

    def write(self, line: str) -> int:
        if line.startswith("#version"):
            return len(line)
        if len(self.symbols) >= self._size:
            raise _FullError
        left, right = (self.ids[part.translate(BACK).encode()] for part in line.rstrip("\n").split(" "))
        key = joined(self.symbols, (left, right), b"")
        if key not in self.ids:
            self.ids[key] = len(self.symbols)
            self.symbols.append(Symbol(merged_piece(self.symbols[left].piece, self.symbols[right].piece), key))
        self.merges.append((left, right, self.ids[key]))
        return len(line)


class SubwordNmt:
    """The ``subword-nmt`` contender."""

    name = PACKAGE
    spec_type = SubwordNmtSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True

    @property
    def library(self) -> str:
        """The library and its installed version."""
        return library_of(PACKAGE)

    @property
    def missing(self) -> str | None:
        """How to install it, where it is not."""
        return missing(PACKAGE, MODULE)

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Train on the documents.

        Raises
        ------
        UsageError
            The library is not installed, or an option that it does not have.
        VocabSizeError
            The characters and the special tokens alone are more than ``spec.vocab_size``.
        BaselineError
            The library failed, or the text holds a character that stands in for whitespace.
        """
        learn = require(PACKAGE, f"{MODULE}.learn_bpe").learn_bpe
        options = check_spec(self.name, spec, SubwordNmtSpec)
        if options.min_frequency < 1:
            raise UsageError(f"min_frequency {options.min_frequency} is below 1; use 1 or more")
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        words = count_words(corpus.documents, pretokenizer, spec.normalizer, threads=spec.threads)
        specials = dict.fromkeys((UNKNOWN, *spec.special_tokens))
        initial = (*special_symbols(list(specials)), *character_symbols(words, SUFFIX))
        if len(initial) > spec.vocab_size:
            raise VocabSizeError(self.name, spec.vocab_size, len(initial))
        learned = _learn(learn, words, initial, options)
        facts = {"lib": self.library, "min_frequency": str(options.min_frequency)} | special_facts(spec)
        model = BpeModel.from_learned(learned, "character", SUFFIX, False)
        return build_tokenizer(self.name, spec, pretokenizer, model, facts)


def _learn(learn: Any, words: WordCounts, initial: tuple[Symbol, ...], spec: SubwordNmtSpec) -> Learned:
    lines = "".join(f"{word.translate(STAND_INS)} {count}\n" for word, count in words)
    if not BACK.keys().isdisjoint(map(ord, set("".join(words.words)))):
        raise BaselineError(f"{PACKAGE}: the text holds a control or private character that stands in for whitespace")
    merges = _Merges(initial, spec.vocab_size)
    # It writes to standard error how far it is. A merge may give a piece that is there, so the bound is a loose one.
    with (
        failures(BaselineError, f"{PACKAGE} could not be trained"),
        suppress(_FullError),
        redirect_stderr(io.StringIO()),
    ):
        # a text without a pair is more than it bears
        if spec.vocab_size > len(initial) and any(len(word) > 1 for word in words.words):
            learn(io.StringIO(lines, newline="\n"), merges, 2**31, min_frequency=spec.min_frequency, is_dict=True)
    return Learned(initial, len(merges.symbols), tuple(merges.merges), ())


SUBWORD_NMT = SubwordNmt()
