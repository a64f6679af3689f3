"""A tokenizer of SentencePiece: encode and decode with exact byte offsets, and its vocabulary of pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece as spm

from toklab.algorithms.posterior import posterior_of
from toklab.algorithms.unigram_model import UnigramModel
from toklab.baselines.saved import CARD, LibraryTokenizer, failures, read_saved, was_saved
from toklab.errors import FormatError
from toklab.formats.huggingface_checks import read_bytes
from toklab.formats.sentencepiece_proto import SentencePieceFile
from toklab.pretokenize import get_pretokenizer
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import Encoding, IntArray, Piece, Posterior, Vocab

SPACE = "\u2581"


class SentencePieceTokenizer(LibraryTokenizer):
    """A tokenizer of the library; its model is the contents of ``tokenizer.model``."""

    engine = "sentencepiece"
    library = "SentencePiece"
    file = "tokenizer.model"

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
    def _changes_text(self) -> bool:
        """Whether text is normalised first, so that only the library knows what a piece covers."""
        return SentencePieceFile.from_bytes(self.model).normalizer.changes is not None

    @cached_property
    def _is_byte(self) -> Any:
        return np.array([piece.byte for piece in self.vocab], bool)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        raw = [to_utf8(text) for text in texts]
        found = self._engine.encode(raw, return_type="numpy")
        return [self._encoding(*pair) for pair in zip(raw, found, strict=True)]

    def _encoding(self, raw: bytes, ids: Any) -> Encoding:
        if self._changes_text:
            return Encoding(np.array(ids, np.int32), self._spans(raw))
        lengths = self._lengths[ids]
        if lengths.sum() != len(raw):
            # An unknown piece, or U+2581 in the text: only the library knows how much it covers.
            lengths = np.where(self._is_byte[ids], 1, np.diff(self._spans(raw))[:, 0])
        ends = np.cumsum(lengths)
        return Encoding(np.array(ids, np.int32), np.stack([ends - lengths, ends], axis=1))

    def _spans(self, raw: bytes) -> IntArray:
        """The bytes of each piece, as the library tells them."""
        spans = self._engine.encode(raw, return_type="offset_mapping", return_bytes=True)["offsets"]
        return np.array(spans, np.int64).reshape(-1, 2)

    def _decode(self, ids: list[int]) -> str:
        text: str = self._engine.decode([index for index in ids if not self.vocab[index].special])
        return text

    def posterior(self, texts: Iterable[str]) -> Posterior | None:
        """What a Unigram model thinks of texts as a probability distribution; None for any other,
        and where text is normalised first.

        The library makes one lattice of a text. It falls apart into those of the words, because only the first
        character of a piece can be a space.
        """
        if self.signature.get("algo") != "spm-unigram" or self._changes_text:
            return None
        scores = tuple(self._engine.get_score(i) for i in range(len(self.vocab)))
        cut = get_pretokenizer("sentencepiece").words
        return posterior_of(UnigramModel(self.vocab, scores).judge_words, (cut(_spaced(text)) for text in texts))


def _spaced(text: str) -> str:
    """The text as the library reads it."""
    return text.replace(SPACE, " ")


def load(path: str | Path) -> SentencePieceTokenizer:
    """Read what `SentencePieceTokenizer.save` wrote, or any other ``.model``.

    Parameters
    ----------
    path : the folder, or the file

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    path = Path(path)
    if not path.is_file() or path.suffix != ".model" or was_saved(path.with_name(CARD), SentencePieceTokenizer.engine):
        return read_saved(SentencePieceTokenizer, path)
    return from_bytes(read_bytes(path), str(path), path.stem)


def from_bytes(data: bytes, source: str, name: str | None = None) -> SentencePieceTokenizer:
    """A tokenizer from the contents of any ``.model``.

    Parameters
    ----------
    source : what errors call it
    name : of the tokenizer; None: of its algorithm

    Raises
    ------
    FormatError
        It is cut short, or no such file.
    """
    with failures(FormatError, f"{source} holds no SentencePiece model"):
        try:  # the library may load a file that is cut short as a smaller model
            file = SentencePieceFile.from_bytes(data)
        except FormatError as error:
            raise FormatError(f"{source}: {error}") from None
        tokenizer = SentencePieceTokenizer(name or file.model_type.name.lower(), data, {})
        tokenizer.decode(tokenizer.encode(tokenizer.name).ids)
    return tokenizer


def _piece(engine: Any, index: int) -> Piece:
    text: str = engine.id_to_piece(index)
    if engine.is_byte(index):
        return Piece(bytes([int(text[3:5], 16)]), byte=True)
    if engine.is_unknown(index) or engine.is_control(index):
        return Piece(text.encode(), special=True)
    return Piece(text.replace(SPACE, " ").encode())
