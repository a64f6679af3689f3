"""SentencePiece as a baseline: BPE, Unigram, characters and words.

The settings lose as little as the library allows: no normalisation unless asked for, every space kept, no space put
before the text, every character of the corpus in the alphabet, no document too long, raw bytes for characters never
seen (BPE and Unigram). SentencePiece cuts words at U+2581, its spelling of the space, and takes no pattern. What
it cannot hold, as measured on 0.2.3, is told in the warnings of a fit: it skips a document that holds U+2585,
it cannot tell U+2581 from a space, and it never learns U+0000 or U+001F.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sentencepiece as spm

from toklab.algorithms.pipeline import size_warnings
from toklab.baselines.saved import check_spec, special_facts
from toklab.baselines.sentencepiece_model import SPACE, SentencePieceTokenizer, from_bytes, load
from toklab.corpus import Corpus
from toklab.errors import BaselineError, InputError, ToklabError, UsageError, VocabSizeError
from toklab.pretokenize.precompiled import RULES
from toklab.signature import library_version, signature
from toklab.types import Determinism, TrainSpec

__all__ = ["BPE", "CHAR", "UNIGRAM", "WORD", "SentencePieceSpec", "SentencePieceTokenizer", "from_bytes", "load"]

UNKNOWN = "<unk>"
UNKNOWN_MARK = "\u2585"
# The trainer's own sign for "no piece crosses here"; it is never learned.
BOUNDARY = "\x1f"
DEFAULT_THREADS = 16
LOSSLESS: Mapping[str, Any] = {
    "remove_extra_whitespaces": False,
    "add_dummy_prefix": False,
    "bos_id": -1,
    "eos_id": -1,
    "pad_id": -1,
    "hard_vocab_limit": False,
    "input_sentence_size": 0,
    "minloglevel": 2,
}


@dataclass(frozen=True, kw_only=True)
class SentencePieceSpec(TrainSpec):
    """Options of the SentencePiece trainers.

    Parameters
    ----------
    character_coverage : share of the corpus's characters that the alphabet covers, 0.98 to 1
    split_digits : a digit is in no piece of several characters
    byte_fallback : unseen characters become pieces ``<0xNN>``; None: for BPE and Unigram only
    """

    character_coverage: float = 1.0
    split_digits: bool = False
    byte_fallback: bool | None = None


@dataclass(frozen=True)
class SentencePieceAlgorithm:
    """One of the library's four trainers.

    Parameters
    ----------
    name : what the registry calls it
    kind : the library's ``model_type``: ``"bpe"``, ``"unigram"``, ``"char"`` or ``"word"``
    claims : what was measured of repeated trainings
    sized : it takes a vocabulary size; characters have the size they have
    """

    name: str
    kind: str
    claims: Determinism
    sized: bool = True
    takes_pretokenizer: bool = False
    spec_type: type[TrainSpec] = SentencePieceSpec

    @property
    def library(self) -> str:
        """The library and its installed version."""
        return library_version("sentencepiece")

    def fit(self, corpus: Corpus, spec: TrainSpec) -> SentencePieceTokenizer:
        """Train on the documents.

        Raises
        ------
        UsageError
            An option that this trainer does not have.
        VocabSizeError
            The alphabet and the special tokens alone are more than ``spec.vocab_size``.
        InputError
            The corpus holds nothing that the library learns from.
        BaselineError
            The library failed.
        """
        options = self._check(spec)
        fallback = self._fallback(options)
        specials = [text for text in dict.fromkeys(options.special_tokens) if text != UNKNOWN]
        reserved = 1 + len(specials) + (256 if fallback else 0)
        size = spec.vocab_size
        if not self.sized:
            size = reserved + len(set().union(*corpus.documents)) + 1
        # Too small a size is told by the trainer, which knows the size of the alphabet.
        model = self._train(corpus, options, specials, max(size, reserved + 1))
        tokenizer = SentencePieceTokenizer(self.name, model, {})
        obtained = len(tokenizer.vocab)
        if obtained > size:
            raise VocabSizeError(self.name, size, obtained)
        warnings = self._warnings(corpus, specials, fallback)
        if self.sized:
            warnings += size_warnings(obtained, size)
        facts = self._facts(options, size if self.sized else obtained)
        return replace(tokenizer, signature=facts, warnings=tuple(warnings))

    def _check(self, given: TrainSpec) -> SentencePieceSpec:
        spec = check_spec(self.name, given, SentencePieceSpec)
        if spec.pretokenizer not in (None, "sentencepiece"):
            raise UsageError(f"{self.name} has its own rule for words; {spec.pretokenizer!r} does not apply")
        if spec.normalizer not in ("none", *RULES):
            known = ", ".join(RULES)
            raise UsageError(f"{self.name} has the normalizers none, {known}; {spec.normalizer!r} does not apply")
        if not 0.98 <= spec.character_coverage <= 1:
            raise UsageError(f"character_coverage {spec.character_coverage} is not between 0.98 and 1")
        if spec.threads is not None and not 1 <= spec.threads <= 1024:
            raise UsageError(f"{self.name} trains with 1 to 1024 threads, not {spec.threads}")
        return spec

    def _fallback(self, spec: SentencePieceSpec) -> bool:
        return self.kind in ("bpe", "unigram") if spec.byte_fallback is None else spec.byte_fallback

    def _facts(self, spec: SentencePieceSpec, size: int) -> dict[str, str]:
        facts = signature(self.name, size, "sentencepiece", spec.normalizer) | {
            "coverage": str(spec.character_coverage),
            "byte_fallback": "yes" if self._fallback(spec) else "no",
            # Unigram's sums depend on it.
            "threads": str(spec.threads or DEFAULT_THREADS),
            "lib": self.library,
        }
        if spec.split_digits:
            facts["split_digits"] = "yes"
        return facts | special_facts(spec)

    def _train(self, corpus: Corpus, spec: SentencePieceSpec, specials: list[str], size: int) -> bytes:
        documents = corpus.documents
        if self.kind != "word":
            # The library strips the line ends at the end of a document, so that "\n" might never be learned.
            documents = tuple(text + BOUNDARY if text.endswith(("\n", "\r")) else text for text in documents)
        model = io.BytesIO()
        try:
            spm.SentencePieceTrainer.train(
                sentence_iterator=iter(documents),
                model_writer=model,
                model_type=self.kind,
                vocab_size=size,
                character_coverage=spec.character_coverage,
                split_digits=spec.split_digits,
                normalization_rule_name="identity" if spec.normalizer == "none" else spec.normalizer,
                byte_fallback=self._fallback(spec),
                control_symbols=specials,
                num_threads=spec.threads or DEFAULT_THREADS,
                # In bytes, 10 at least; the default drops every longer document without a word.
                max_sentence_length=max(10, max(corpus.sizes) + len(BOUNDARY)),
                **LOSSLESS,
            )
        except (RuntimeError, ValueError) as error:
            raise self._explain(str(error), spec.vocab_size) from None
        return model.getvalue()

    def _explain(self, message: str, size: int) -> ToklabError:
        needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
        if needed:
            return VocabSizeError(self.name, size, int(needed[1]))
        if "sentences_.empty()" in message or "all_chars_count" in message:
            return InputError(f"the corpus holds no text that {self.name} learns from")
        return BaselineError(f"{self.name} could not be trained: {' '.join(message.split())}")

    def _warnings(self, corpus: Corpus, specials: list[str], fallback: bool) -> list[str]:
        """What the library does not read in the documents, or reads as something else."""
        found: list[str] = []
        sizes = zip(corpus.documents, corpus.sizes, strict=True)
        skipped = [size for text, size in sizes if UNKNOWN_MARK in text]
        if skipped:
            share = f"{len(skipped):,} of {len(corpus):,} documents ({sum(skipped):,} bytes)"
            found.append(f"SentencePiece skips {share}, which hold U+2585")
        read = [text for text in corpus.documents if UNKNOWN_MARK not in text]
        spaces = sum(text.count(SPACE) for text in read)
        if spaces:
            found.append(f"SentencePiece reads {spaces:,} characters U+2581 as spaces")
        unlearned = sum(text.count("\0") + text.count(BOUNDARY) for text in read)
        if unlearned:
            found.append(f"SentencePiece does not learn {unlearned:,} characters U+0000 and U+001F")
        texts = [*map(re.escape, [UNKNOWN, *specials]), *(["<0x[0-9A-F]{2}>"] if fallback else [])]
        reserved = sum(len(re.findall("|".join(texts), text)) for text in read)
        if reserved:
            found.append(f"SentencePiece does not learn from {reserved:,} texts that spell a special piece")
        stripped = sum(text.endswith(("\n", "\r")) for text in read) if self.kind == "word" else 0
        if stripped:
            found.append(f"SentencePiece strips the line ends at the end of {stripped:,} documents")
        return found


BPE = SentencePieceAlgorithm("spm-bpe", "bpe", Determinism.EXACT)
UNIGRAM = SentencePieceAlgorithm("spm-unigram", "unigram", Determinism.NONE)
CHAR = SentencePieceAlgorithm("spm-char", "char", Determinism.EXACT, sized=False)
WORD = SentencePieceAlgorithm("spm-word", "word", Determinism.EXACT)
