"""Hugging Face tokenizers as baselines: byte-level BPE, WordPiece, Unigram and WordLevel.

All four train on the same documents, cut by the same pattern, without post-processor and without tokens for
the beginning or end of a text. BPE works on bytes and loses nothing. The other three work on characters; if a
pattern keeps the text between its matches, their pieces hold the spaces, so that joining them gives the text
back except for unknown words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from toklab.algorithms.pipeline import char_to_byte
from toklab.algorithms.symbols import CHAR_TO_BYTE, CONTINUATION, merged_piece
from toklab.corpus import Corpus
from toklab.errors import (
    BaselineError,
    FormatError,
    InputError,
    PatternError,
    ToklabError,
    UsageError,
    VocabSizeError,
)
from toklab.files import write_atomic
from toklab.pretokenize import Pattern, get_normalizer, get_pretokenizer, to_oniguruma
from toklab.signature import library_version, signature
from toklab.types import Batch, Determinism, Encoding, IntArray, Piece, TrainSpec, Vocab

__all__ = ["BPE", "UNIGRAM", "WORDLEVEL", "WORDPIECE", "HuggingFaceSpec", "HuggingFaceTokenizer", "load"]

MODEL_FILE = "tokenizer.json"
CHUNK = 1024
# WordPiece makes any longer word one [UNK]; the library's default, as in BERT.
MAX_WORD_LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class HuggingFaceSpec(TrainSpec):
    """Options of the Hugging Face trainers.

    Parameters
    ----------
    min_frequency : smallest count of a pair (BPE, WordPiece) or of a word (WordLevel) to be learned
    """

    min_frequency: int = 0


@dataclass(frozen=True)
class HuggingFaceAlgorithm:
    """One of the library's four trainers.

    Parameters
    ----------
    name : what the registry calls it
    kind : the library's name of the model: ``"BPE"``, ``"WordPiece"``, ``"Unigram"`` or ``"WordLevel"``
    claims : what was measured of repeated trainings
    unk : its unknown token, or None
    """

    name: str
    kind: str
    claims: Determinism
    unk: str | None
    sized: bool = True
    takes_pretokenizer: bool = True
    spec_type: type[TrainSpec] = HuggingFaceSpec

    @property
    def library(self) -> str:
        """The library and its installed version."""
        return library_version("tokenizers")

    def fit(self, corpus: Corpus, spec: TrainSpec) -> HuggingFaceTokenizer:
        """Train on the documents.

        ``spec.threads`` is not used: the library reads ``RAYON_NUM_THREADS`` once in the life of a process,
        so whoever starts the process sets it.

        Raises
        ------
        UsageError
            An option that this trainer does not have.
        VocabSizeError
            The alphabet and the special tokens alone are more than ``spec.vocab_size``.
        BaselineError
            The library failed.
        """
        options = self._check(spec)
        entry = get_pretokenizer(spec.pretokenizer or "gpt2").entry
        specials = list(dict.fromkeys([*([self.unk] if self.unk else []), *spec.special_tokens]))
        engine = self._untrained(entry, spec.normalizer)
        self._train(engine, corpus, self._trainer(options, specials), spec.vocab_size, len(specials))
        facts = signature(self.name, spec.vocab_size, entry.name, spec.normalizer) | {"lib": self.library}
        if options.min_frequency:
            facts["min_frequency"] = str(options.min_frequency)
        if spec.special_tokens:
            facts["special"] = ",".join(spec.special_tokens)
        return HuggingFaceTokenizer(self.name, engine.to_str(), facts, self._warnings(engine, entry, spec))

    def _check(self, spec: TrainSpec) -> HuggingFaceSpec:
        if not isinstance(spec, HuggingFaceSpec):
            raise UsageError(f"{self.name} takes a HuggingFaceSpec, not a {type(spec).__name__}")
        if spec.min_frequency < 0:
            raise UsageError(f"min_frequency {spec.min_frequency} is negative; use 0 or more")
        if self.kind == "Unigram" and spec.min_frequency:
            raise UsageError(f"{self.name} has no min_frequency; leave it at 0")
        if spec.backend != "auto":
            raise UsageError(f"{self.name} has one backend, the library's; leave backend at 'auto'")
        if "" in spec.special_tokens:
            raise UsageError("a special token is empty; give it a text")
        get_normalizer(spec.normalizer)
        return spec

    def _untrained(self, entry: Pattern, normalizer: str) -> Tokenizer:
        engine = Tokenizer(self._model())
        if normalizer == "bert":
            engine.normalizer = normalizers.BertNormalizer()
        cutter = _byte_cutter(entry) if self.kind == "BPE" else _cutter(entry)
        if cutter is not None:
            engine.pre_tokenizer = cutter
        decoder = self._decoder(entry.keeps_gaps)
        if decoder is not None:
            engine.decoder = decoder
        return engine

    def _model(self) -> Any:
        if self.kind == "WordPiece":
            return models.WordPiece(unk_token=self.unk, max_input_chars_per_word=MAX_WORD_LENGTH)
        if self.kind == "WordLevel":
            return models.WordLevel(unk_token=self.unk)
        return models.BPE() if self.kind == "BPE" else models.Unigram()

    def _decoder(self, keeps_gaps: bool) -> Any:
        """What makes the round trip as good as it can be; None joins tokens with spaces."""
        if self.kind == "BPE":
            return decoders.ByteLevel()
        if self.kind == "WordPiece" and keeps_gaps:
            # A piece "##" alone is text; "##x" is x inside a word.
            return decoders.Sequence([decoders.Replace(Regex(r"\A##(?!\z)"), ""), decoders.Fuse()])
        if self.kind == "WordPiece":
            return decoders.WordPiece(prefix=CONTINUATION, cleanup=False)
        return decoders.Fuse() if keeps_gaps or self.kind == "Unigram" else None

    def _trainer(self, spec: HuggingFaceSpec, specials: list[str]) -> Any:
        common: dict[str, Any] = {
            # Too small a size is told after training, when the size of the alphabet is known.
            "vocab_size": max(spec.vocab_size, len(specials) + 1),
            "special_tokens": specials,
            "show_progress": False,
        }
        if self.kind == "Unigram":
            return trainers.UnigramTrainer(unk_token=self.unk, **common)
        common["min_frequency"] = spec.min_frequency
        if self.kind == "BPE":
            # All 256 bytes; otherwise bytes that the corpus lacks would vanish from encoded text.
            return trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **common)
        trainer = trainers.WordPieceTrainer if self.kind == "WordPiece" else trainers.WordLevelTrainer
        return trainer(**common)

    def _train(self, engine: Tokenizer, corpus: Corpus, trainer: Any, vocab_size: int, specials: int) -> None:
        try:
            with _failures(BaselineError, f"{self.name} could not be trained"):
                engine.train_from_iterator(corpus.documents, trainer)
        except BaselineError as error:
            if "not large enough to contain all chars" not in str(error):
                raise
            raise VocabSizeError(self.name, vocab_size, _smallest_unigram(engine, corpus, specials)) from None
        obtained = engine.get_vocab_size()
        if obtained <= specials:
            raise InputError(f"the corpus holds no pre-token: {self.name} has nothing to train on")
        if obtained > vocab_size:
            unigram = self.kind == "Unigram"
            smallest = _smallest_unigram(engine, corpus, specials) if unigram else obtained
            raise VocabSizeError(self.name, vocab_size, smallest)

    def _warnings(self, engine: Tokenizer, entry: Pattern, spec: TrainSpec) -> tuple[str, ...]:
        found: list[str] = []
        obtained = engine.get_vocab_size()
        if obtained < spec.vocab_size:
            size = f"{spec.vocab_size:,} asked for"
            found.append(f"vocabulary of {obtained:,} pieces: the corpus holds no more ({size})")
        if self.kind == "WordPiece" and entry.name == "none":
            found.append(f"a document is one pre-token; more than {MAX_WORD_LENGTH} characters are one [UNK]")
        engine.encode_special_tokens = True
        for text in spec.special_tokens:
            ids = engine.encode(text, add_special_tokens=False).ids
            if text != self.unk and engine.token_to_id(text) in ids:
                found.append(f"the text {text!r} is encoded as the special token that it spells")
        return tuple(found)


def _cutter(entry: Pattern) -> Any:
    """The library's pre-tokenizer of a pattern; None where a document is one pre-token."""
    if entry.name == "none":
        return None
    if entry.name == "whitespace":
        return pre_tokenizers.WhitespaceSplit()
    if entry.name == "bert":
        return pre_tokenizers.BertPreTokenizer()
    with _failures(PatternError, f"tokenizers cannot compile the pattern {entry.pattern!r}"):
        compiled = Regex(to_oniguruma(entry.pattern))
    if entry.keeps_gaps:
        return pre_tokenizers.Split(compiled, "isolated")
    return pre_tokenizers.Split(compiled, "removed", invert=True)


def _byte_cutter(entry: Pattern) -> Any:
    """The same, with each byte spelled as GPT-2's printable character."""
    if entry.name == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    cutter, spell = _cutter(entry), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return spell if cutter is None else pre_tokenizers.Sequence([cutter, spell])


def _smallest_unigram(engine: Tokenizer, corpus: Corpus, specials: int) -> int:
    """The smallest vocabulary that the Unigram trainer hits exactly.

    Measured on 0.23.3: it needs one piece more than alphabet and special tokens; at exactly that sum it ends
    with more pieces than asked for.
    """
    characters: set[str] = set()
    for text in corpus.documents:
        normal = engine.normalizer.normalize_str(text) if engine.normalizer else text
        words = engine.pre_tokenizer.pre_tokenize_str(normal) if engine.pre_tokenizer else [(normal, (0, 0))]
        characters.update(char for word, _ in words for char in word)
    return len(characters) + specials + 1


@contextmanager
def _failures(kind: type[ToklabError], what: str) -> Iterator[None]:
    """Turn the library's errors into ours; its panics derive from BaseException."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, ToklabError):
        raise
    except BaseException as error:
        raise kind(f"{what}: {' '.join(str(error).split())}") from error


@dataclass(frozen=True, eq=False)
class HuggingFaceTokenizer:
    """A tokenizer of the library.

    Parameters
    ----------
    name : of the algorithm
    text : the contents of ``tokenizer.json``
    signature : what is needed to train it again
    warnings : what a reader should know, such as a vocabulary smaller than asked for
    """

    name: str
    text: str
    signature: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # The library's object forgets encode_special_tokens when it is pickled, so it stays out.
        return type(self), (self.name, self.text, self.signature, self.warnings)

    @cached_property
    def _engine(self) -> Tokenizer:
        engine = Tokenizer.from_str(self.text)
        engine.encode_special_tokens = True
        return engine

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id, and for BPE the merges."""
        return _vocab(json.loads(self.text))

    @cached_property
    def _lengths(self) -> IntArray | None:
        """Bytes of each piece, where pieces joined are the text byte for byte; else None."""
        if self._engine.normalizer is not None or not isinstance(self._engine.decoder, decoders.ByteLevel):
            return None
        return np.array([len(piece.surface) for piece in self.vocab], np.int64)

    def encode(self, text: str) -> Encoding:
        """Encode a text; the text of special tokens is text like any other.

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        BaselineError
            The library failed.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Iterable[str]) -> Batch:
        """Encode many texts; raises what `encode` raises."""
        encodings: list[Encoding] = []
        stream = iter(texts)
        while chunk := list(islice(stream, CHUNK)):
            positions = [char_to_byte(text) for text in chunk]
            with _failures(BaselineError, f"{self.name} could not encode"):
                found = self._engine.encode_batch(chunk, add_special_tokens=False)
            encodings += [self._encoding(*pair) for pair in zip(found, positions, strict=True)]
        return Batch.stack(encodings)

    def _encoding(self, found: Any, positions: IntArray) -> Encoding:
        ids = np.array(found.ids, np.int32)
        if self._lengths is None:
            offsets = positions[np.array(found.offsets, np.int64).reshape(-1, 2)]
            return Encoding(ids, np.maximum.accumulate(offsets, axis=0))
        ends = np.cumsum(self._lengths[ids])
        spans = np.stack([ends - self._lengths[ids], ends], axis=1)
        if len(ids) and ends[-1] != positions[-1]:
            # Dropped whitespace: where a pre-token begins, the library's offset is ahead of the bytes so far.
            begins = positions[np.array([start for start, _ in found.offsets], np.int64)]
            spans += np.maximum.accumulate(begins - spans[:, 0])[:, None]
        return Encoding(ids, spans)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids, without special tokens.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        """
        wanted = [int(index) for index in ids]
        for index in wanted:
            if not 0 <= index < len(self.vocab):
                raise UsageError(f"id {index} is not in the vocabulary of {len(self.vocab)} pieces")
        with _failures(BaselineError, f"{self.name} could not decode"):
            text: str = self._engine.decode(wanted, skip_special_tokens=True)
        return text

    def save(self, folder: str | Path) -> Path:
        """Write ``tokenizer.json`` and ``toklab.json``; gives the folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        data = self.text.encode("utf-8")
        card = {
            "schema": 1,
            "engine": "huggingface",
            "name": self.name,
            "signature": dict(self.signature),
            "warnings": list(self.warnings),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        write_atomic(Path(folder) / MODEL_FILE, data)
        write_atomic(Path(folder) / "toklab.json", (json.dumps(card, indent=2) + "\n").encode())
        return Path(folder)


def load(folder: str | Path) -> HuggingFaceTokenizer:
    """Read what `HuggingFaceTokenizer.save` wrote.

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    with _failures(FormatError, f"{folder} holds no Hugging Face tokenizer that toklab saved"):
        card = json.loads((Path(folder) / "toklab.json").read_bytes())
        if (card["engine"], card["schema"]) != ("huggingface", 1):
            raise FormatError(f"{folder} holds a model of {card['engine']!r}, schema {card['schema']!r}")
        data = (Path(folder) / MODEL_FILE).read_bytes()
        if hashlib.sha256(data).hexdigest() != card["sha256"]:
            raise FormatError(f"{Path(folder) / MODEL_FILE} is cut short or was changed after it was saved")
        warnings = tuple(card["warnings"])
        tokenizer = HuggingFaceTokenizer(card["name"], data.decode(), card["signature"], warnings)
        tokenizer.decode(tokenizer.encode(tokenizer.name).ids)
    return tokenizer


def _vocab(parsed: Mapping[str, Any]) -> Vocab:
    model = parsed["model"]
    kind = model["type"]
    unigram = kind == "Unigram"
    ids: dict[str, int] = {p: i for i, (p, _) in enumerate(model["vocab"])} if unigram else model["vocab"]
    tokens = sorted(ids, key=lambda token: ids[token])
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise FormatError("tokenizer.json: the ids of the vocabulary have gaps or repeat")
    special = {entry["content"] for entry in parsed["added_tokens"] if entry["special"]}
    pieces = {token: Piece(token.encode(), special=True) for token in tokens if token in special}
    merges = [(str(left), str(right)) for left, right in model.get("merges", ())]
    if kind == "BPE":
        _add_byte_pieces(pieces, tokens, merges)
    for token in tokens:
        pieces.setdefault(token, _text_piece(token, kind))
    unk_id = model["unk_id"] if unigram else ids.get(model["unk_token"])
    pairs = tuple((pieces[left], pieces[right]) for left, right in merges)
    return Vocab(tuple(pieces[token] for token in tokens), unk_id, pairs)


def _text_piece(token: str, kind: str) -> Piece:
    if kind == "WordPiece" and token.startswith(CONTINUATION) and token != CONTINUATION:
        return Piece(token[len(CONTINUATION) :].encode(), continuation=True)
    return Piece(token.encode())


def _add_byte_pieces(
    pieces: dict[str, Piece], tokens: Iterable[str], merges: Iterable[tuple[str, str]]
) -> None:
    for token in tokens:
        if token in CHAR_TO_BYTE:
            byte = CHAR_TO_BYTE[token]
            pieces.setdefault(token, Piece(bytes([byte]), byte=byte >= 0x80))
    for left, right in merges:
        pieces.setdefault(left + right, merged_piece(pieces[left], pieces[right]))


BPE = HuggingFaceAlgorithm("hf-bpe", "BPE", Determinism.EXACT, None)
WORDPIECE = HuggingFaceAlgorithm("hf-wordpiece", "WordPiece", Determinism.NONE, "[UNK]")
UNIGRAM = HuggingFaceAlgorithm("hf-unigram", "Unigram", Determinism.SAME_SET, "<unk>")
WORDLEVEL = HuggingFaceAlgorithm("hf-wordlevel", "WordLevel", Determinism.EXACT, "<unk>")
