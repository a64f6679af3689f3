"""A tokenizer of SentencePiece: encode and decode with exact byte offsets, and its vocabulary of pieces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece as spm

from toklab.baselines.saved import LibraryTokenizer, read_saved
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import Encoding, IntArray, Piece, Vocab

SPACE = "\u2581"
# How the normaliser of a model begins that changes nothing: its name is field 1.
IDENTITY = b"\n\x08identity"


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
    def _is_byte(self) -> Any:
        return np.array([piece.byte for piece in self.vocab], bool)

    @cached_property
    def _normalizes(self) -> bool:
        spec: bytes = spm.SentencePieceNormalizer(model_proto=self.model).serialized_normalizer_spec()
        return not spec.startswith(IDENTITY)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        raw = [to_utf8(text) for text in texts]
        found = self._engine.encode(raw, return_type="numpy")
        return [self._encoding(*pair) for pair in zip(raw, found, strict=True)]

    def _encoding(self, raw: bytes, ids: Any) -> Encoding:
        if self._normalizes:
            spans = self._engine.encode(raw, return_type="offset_mapping", return_bytes=True)["offsets"]
            return Encoding(np.array(ids, np.int32), np.array(spans, np.int64).reshape(-1, 2))
        lengths = self._lengths[ids]
        if lengths.sum() != len(raw):
            # An unknown piece, or U+2581 in the text: only the library knows how much it covers.
            spans = self._engine.encode(raw, return_type="offset_mapping", return_bytes=True)["offsets"]
            lengths = np.where(self._is_byte[ids], 1, np.diff(np.array(spans, np.int64))[:, 0])
        ends = np.cumsum(lengths)
        return Encoding(np.array(ids, np.int32), np.stack([ends - lengths, ends], axis=1))

    def _decode(self, ids: list[int]) -> str:
        text: str = self._engine.decode([index for index in ids if not self.vocab[index].special])
        return text


def load(path: str | Path) -> SentencePieceTokenizer:
    """Read what `SentencePieceTokenizer.save` wrote, from the folder or from its ``tokenizer.model``.

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    return read_saved(SentencePieceTokenizer, path)


def _piece(engine: Any, index: int) -> Piece:
    text: str = engine.id_to_piece(index)
    if engine.is_byte(index):
        return Piece(bytes([int(text[3:5], 16)]), byte=True)
    if engine.is_unknown(index) or engine.is_control(index):
        return Piece(text.encode(), special=True)
    return Piece(text.replace(SPACE, " ").encode())
