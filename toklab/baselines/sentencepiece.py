"""SentencePiece as a baseline: BPE, Unigram, characters and words.

The settings lose as little as the library allows: no normalisation, every space kept, no space put before the
text, every character of the corpus in the alphabet, no document too long, raw bytes for characters never seen
(BPE and Unigram). SentencePiece cuts words at U+2581, its spelling of the space, and takes no pattern. What
it cannot hold, as measured on 0.2.3, is told in the warnings of a fit: it skips a document that holds U+2585,
it cannot tell U+2581 from a space, and it never learns U+0000 or U+001F.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece as spm

from toklab.corpus import Corpus
from toklab.errors import BaselineError, FormatError, InputError, ToklabError, UsageError, VocabSizeError
from toklab.files import write_atomic
from toklab.signature import library_version, signature
from toklab.types import Batch, Determinism, Encoding, IntArray, Piece, TrainSpec, Vocab

__all__ = ["BPE", "CHAR", "UNIGRAM", "WORD", "SentencePieceSpec", "SentencePieceTokenizer", "load"]

MODEL_FILE = "tokenizer.model"
CHUNK = 1024
UNKNOWN = "<unk>"
SPACE = "\u2581"
UNKNOWN_MARK = "\u2585"
# The trainer's own sign for "no piece crosses here"; it is never learned.
BOUNDARY = "\x1f"
DEFAULT_THREADS = 16
LOSSLESS: Mapping[str, Any] = {
    "normalization_rule_name": "identity",
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
    byte_fallback : unseen characters become pieces ``<0xNN>``; None: for BPE and Unigram only
    """

    character_coverage: float = 1.0
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
        if self.sized and obtained < size:
            asked = f"{size:,} asked for"
            warnings.append(f"vocabulary of {obtained:,} pieces: the corpus holds no more ({asked})")
        facts = self._facts(options, size if self.sized else obtained)
        return replace(tokenizer, signature=facts, warnings=tuple(warnings))

    def _check(self, spec: TrainSpec) -> SentencePieceSpec:
        if not isinstance(spec, SentencePieceSpec):
            raise UsageError(f"{self.name} takes a SentencePieceSpec, not a {type(spec).__name__}")
        if spec.pretokenizer not in (None, "sentencepiece"):
            raise UsageError(f"{self.name} has its own rule for words; {spec.pretokenizer!r} does not apply")
        if spec.normalizer != "none":
            raise UsageError(f"{self.name} runs without normalisation; {spec.normalizer!r} does not apply")
        if spec.backend != "auto":
            raise UsageError(f"{self.name} has one backend, the library's; leave backend at 'auto'")
        if not 0.98 <= spec.character_coverage <= 1:
            raise UsageError(f"character_coverage {spec.character_coverage} is not between 0.98 and 1")
        if spec.threads is not None and not 1 <= spec.threads <= 1024:
            raise UsageError(f"{self.name} trains with 1 to 1024 threads, not {spec.threads}")
        if "" in spec.special_tokens:
            raise UsageError("a special token is empty; give it a text")
        return spec

    def _fallback(self, spec: SentencePieceSpec) -> bool:
        return self.kind in ("bpe", "unigram") if spec.byte_fallback is None else spec.byte_fallback

    def _facts(self, spec: SentencePieceSpec, size: int) -> dict[str, str]:
        facts = signature(self.name, size, "sentencepiece") | {
            "coverage": str(spec.character_coverage),
            "byte_fallback": "yes" if self._fallback(spec) else "no",
            # Unigram's sums depend on it.
            "threads": str(spec.threads or DEFAULT_THREADS),
            "lib": self.library,
        }
        return facts | ({"special": ",".join(spec.special_tokens)} if spec.special_tokens else {})

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


@dataclass(frozen=True, eq=False)
class SentencePieceTokenizer:
    """A tokenizer of the library.

    Parameters
    ----------
    name : of the algorithm
    model : the contents of ``tokenizer.model``
    signature : what is needed to train it again
    warnings : what a reader should know, such as documents that the library skipped
    """

    name: str
    model: bytes
    signature: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.model, self.signature, self.warnings)

    @cached_property
    def _engine(self) -> Any:
        engine = spm.SentencePieceProcessor()
        engine.LoadFromSerializedProto(self.model)
        return engine

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id; BPE has no merges here, because the model ranks pieces and holds no pairs."""
        engine = self._engine
        return Vocab(tuple(_piece(engine, i) for i in range(engine.get_piece_size())), int(engine.unk_id()))

    @cached_property
    def _lengths(self) -> IntArray:
        """Bytes of text that each piece covers, 0 for special ones."""
        return np.array([0 if piece.special else len(piece.surface) for piece in self.vocab], np.int64)

    @cached_property
    def _is_byte(self) -> Any:
        return np.array([piece.byte for piece in self.vocab], bool)

    def encode(self, text: str) -> Encoding:
        """Encode a text; the text of special tokens is text like any other.

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Iterable[str]) -> Batch:
        """Encode many texts; raises what `encode` raises."""
        encodings: list[Encoding] = []
        stream = iter(texts)
        while chunk := list(islice(stream, CHUNK)):
            raw = [_utf8(text) for text in chunk]
            encodings += map(self._encoding, raw, self._engine.encode(raw, return_type="numpy"))
        return Batch.stack(encodings)

    def _encoding(self, raw: bytes, ids: Any) -> Encoding:
        lengths = self._lengths[ids]
        if lengths.sum() != len(raw):
            # An unknown piece, or U+2581 in the text: only the library knows how much it covers.
            spans = self._engine.encode(raw, return_type="offset_mapping", return_bytes=True)["offsets"]
            lengths = np.where(self._is_byte[ids], 1, np.diff(np.array(spans, np.int64))[:, 0])
        ends = np.cumsum(lengths)
        return Encoding(np.array(ids, np.int32), np.stack([ends - lengths, ends], axis=1))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids, without special tokens.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        """
        wanted: list[int] = []
        for index in map(int, ids):
            if not 0 <= index < len(self.vocab):
                raise UsageError(f"id {index} is not in the vocabulary (0 to {len(self.vocab) - 1})")
            if not self.vocab[index].special:
                wanted.append(index)
        text: str = self._engine.decode(wanted)
        return text

    def save(self, folder: str | Path) -> Path:
        """Write ``tokenizer.model`` and ``toklab.json``; gives the folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        card = {
            "schema": 1,
            "engine": "sentencepiece",
            "name": self.name,
            "signature": dict(self.signature),
            "warnings": list(self.warnings),
            "sha256": hashlib.sha256(self.model).hexdigest(),
        }
        write_atomic(Path(folder) / MODEL_FILE, self.model)
        write_atomic(Path(folder) / "toklab.json", (json.dumps(card, indent=2) + "\n").encode())
        return Path(folder)


def load(folder: str | Path) -> SentencePieceTokenizer:
    """Read what `SentencePieceTokenizer.save` wrote.

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    try:
        card = json.loads((Path(folder) / "toklab.json").read_bytes())
        if (card["engine"], card["schema"]) != ("sentencepiece", 1):
            raise FormatError(f"{folder} holds a model of {card['engine']!r}, schema {card['schema']!r}")
        model = (Path(folder) / MODEL_FILE).read_bytes()
        # The library loads some models that are cut short as smaller ones.
        if hashlib.sha256(model).hexdigest() != card["sha256"]:
            raise FormatError(f"{Path(folder) / MODEL_FILE} is cut short or was changed after it was saved")
        tokenizer = SentencePieceTokenizer(card["name"], model, card["signature"], tuple(card["warnings"]))
        tokenizer.decode(tokenizer.encode(tokenizer.name).ids)
    except ToklabError:
        raise
    except Exception as error:
        raise FormatError(f"{folder} holds no SentencePiece tokenizer that toklab saved: {error}") from None
    return tokenizer


def _piece(engine: Any, index: int) -> Piece:
    text: str = engine.id_to_piece(index)
    if engine.is_byte(index):
        return Piece(bytes([int(text[3:5], 16)]), byte=True)
    if engine.is_unknown(index) or engine.is_control(index):
        return Piece(text.encode(), special=True)
    return Piece(text.replace(SPACE, " ").encode())


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"character {error.start} is a lone surrogate, which UTF-8 cannot hold") from None


BPE = SentencePieceAlgorithm("spm-bpe", "bpe", Determinism.EXACT)
UNIGRAM = SentencePieceAlgorithm("spm-unigram", "unigram", Determinism.NONE)
CHAR = SentencePieceAlgorithm("spm-char", "char", Determinism.EXACT, sized=False)
WORD = SentencePieceAlgorithm("spm-word", "word", Determinism.EXACT)
