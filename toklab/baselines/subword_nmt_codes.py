"""Codes of subword-nmt, run by the package itself, which is optional."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from toklab.baselines.saved import CARD, LibraryTokenizer, failures, read_saved, was_saved
from toklab.errors import BaselineError, FormatError
from toklab.formats.huggingface_checks import read_bytes
from toklab.formats.subword_nmt import SUFFIX, UNKNOWN, WORDS, Codes, read_codes
from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.utf8 import char_to_byte
from toklab.types import Encoding, Vocab

# What stands after a token that does not end its word; no file can hold it, because it holds a space.
_JOINT = " +"


class SubwordNmtTokenizer(LibraryTokenizer):
    """The package's BPE; its model is the contents of the file of codes. Ids are those of `toklab.formats`."""

    engine = "subword-nmt"
    library = "subword-nmt"
    file = "bpe.codes"

    @cached_property
    def _codes(self) -> Codes:
        return read_codes(self.model)

    @cached_property
    def _engine(self) -> Any:
        try:
            from subword_nmt.apply_bpe import BPE
        except ImportError:
            raise FormatError("subword-nmt is not installed: pip install 'toklab[subword-nmt]'") from None
        lines = "".join(f"{left} {right}\n" for left, right in self._codes.merges)
        return BPE(io.StringIO(f"#version: 0.2\n{lines}"), separator=_JOINT)

    @property
    def vocab(self) -> Vocab:
        """The pieces by id, and the merges."""
        return self._codes.vocab

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        with failures(BaselineError, f"{self.name} could not encode"):
            return [self._encoding(text) for text in texts]

    def _encoding(self, text: str) -> Encoding:
        positions, ids, bounds = char_to_byte(text), [], []
        for start, end in PreTokenizer(WORDS).spans(text):
            for token in self._engine.segment_tokens([text[start:end]]):
                inner = token.endswith(_JOINT)
                token = token.removesuffix(_JOINT)
                ids.append(self._codes.ids.get(token if inner else token + SUFFIX, UNKNOWN))
                bounds.append((start, start + len(token)))
                start += len(token)
        spans = positions[np.array(bounds, np.int64).reshape(-1, 2)]
        return Encoding(np.array(ids, np.int32), spans)

    def _decode(self, ids: list[int]) -> str:
        pieces = [self.vocab[index] for index in ids]
        spelled = [piece.surface + b" " * piece.word_final for piece in pieces if not piece.special]
        return b"".join(spelled).decode("utf-8").removesuffix(" ")


def load(path: Path) -> SubwordNmtTokenizer:
    """Read a file of codes.

    Raises
    ------
    FormatError
        It is no such file, or subword-nmt is not installed.
    """
    if was_saved(path.with_name(CARD), SubwordNmtTokenizer.engine):
        return read_saved(SubwordNmtTokenizer, path)
    with failures(FormatError, f"{path} holds no codes of subword-nmt"):
        try:
            tokenizer = SubwordNmtTokenizer("bpe", read_bytes(path), {})
            _ = tokenizer.vocab, tokenizer._engine  # the file is read here
            tokenizer.decode(tokenizer.encode(tokenizer.name).ids)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from None
    return tokenizer
