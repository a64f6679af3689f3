"""A tokenizer of Hugging Face's library: encode, decode, and its ``tokenizer.json`` as a vocabulary of pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders

from toklab.algorithms.posterior import posterior_of
from toklab.algorithms.symbols import CHAR_TO_BYTE, CONTINUATION, merged_piece
from toklab.algorithms.truncating import check_smaller, cut
from toklab.algorithms.unigram_model import UnigramModel
from toklab.baselines.saved import LibraryTokenizer, failures, read_saved
from toklab.errors import BaselineError, FormatError, VocabSizeError
from toklab.pretokenize.utf8 import char_to_byte
from toklab.types import Encoding, IntArray, Piece, Posterior, Vocab


class HuggingFaceTokenizer(LibraryTokenizer):
    """A tokenizer of the library; its model is the contents of ``tokenizer.json``."""

    engine = "huggingface"
    library = "Hugging Face"
    file = "tokenizer.json"

    @cached_property
    def _engine(self) -> Tokenizer:
        engine = Tokenizer.from_buffer(self.model)
        engine.encode_special_tokens = True
        return engine

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id, and for BPE the merges."""
        return _vocab(json.loads(self.model))

    @cached_property
    def _lengths(self) -> IntArray | None:
        """Bytes of each piece, where pieces joined are the text byte for byte; else None."""
        if self._engine.normalizer is not None or not isinstance(self._engine.decoder, decoders.ByteLevel):
            return None
        return np.array([len(piece.surface) for piece in self.vocab], np.int64)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        positions = [char_to_byte(text) for text in texts]
        with failures(BaselineError, f"{self.name} could not encode"):
            found = self._engine.encode_batch(texts, add_special_tokens=False)
        return [self._encoding(*pair) for pair in zip(found, positions, strict=True)]

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

    def _decode(self, ids: list[int]) -> str:
        with failures(BaselineError, f"{self.name} could not decode"):
            text: str = self._engine.decode(ids, skip_special_tokens=True)
        return text

    def posterior(self, texts: Iterable[str]) -> Posterior | None:
        """What a Unigram model thinks of texts as a probability distribution; None for any other."""
        model = json.loads(self.model)["model"]
        if model["type"] != "Unigram":
            return None
        judge = UnigramModel(self.vocab, tuple(float(score) for _, score in model["vocab"])).judge_words
        return posterior_of(judge, map(self._words, texts))

    def _words(self, text: str) -> list[str]:
        normal = self._engine.normalizer.normalize_str(text) if self._engine.normalizer else text
        if self._engine.pre_tokenizer is None:
            return [normal] if normal else []
        return [word for word, _ in self._engine.pre_tokenizer.pre_tokenize_str(normal)]


def load(path: str | Path) -> HuggingFaceTokenizer:
    """Read what `HuggingFaceTokenizer.save` wrote, from the folder or from its ``tokenizer.json``.

    Raises
    ------
    FormatError
        A file is missing, cut short, changed since it was saved, or of another kind.
    """
    return read_saved(HuggingFaceTokenizer, path)


def truncated_model(name: str, tokenizer: HuggingFaceTokenizer, size: int) -> str:
    """``tokenizer.json`` with the first ``size`` pieces of BPE or of a word list, and the merges behind them.

    Parameters
    ----------
    name : of the algorithm, for the error

    Raises
    ------
    VocabSizeError
        The alphabet and the special tokens are more than ``size``.
    UsageError
        It is larger than the size that the tokenizer was trained for.
    """
    check_smaller(name, int(tokenizer.signature["vocab"]), size)
    parsed = json.loads(tokenizer.model)
    model, vocab = parsed["model"], tokenizer.vocab
    ids: dict[str, int] = model["vocab"]
    if model["type"] == "WordLevel":
        if size <= len(vocab.special_ids):
            raise VocabSizeError(name, size, len(vocab.special_ids) + 1)
    else:
        tokens = sorted(ids, key=ids.__getitem__)
        atoms = [len(token) == 1 or piece.special for token, piece in zip(tokens, vocab, strict=True)]
        merges = [(ids[left], ids[right], ids[left + right]) for left, right in model["merges"]]
        _, count = cut(name, atoms, merges, size)
        model["merges"] = model["merges"][:count]
    model["vocab"] = {token: index for token, index in ids.items() if index < size}
    return json.dumps(parsed)


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
    if kind == "BPE" and (parsed["decoder"] or {}).get("type") == "ByteLevel":
        _add_byte_pieces(pieces, tokens, merges)
    suffix = model.get("end_of_word_suffix") or ""
    for token in tokens:
        pieces.setdefault(token, _text_piece(token, kind, suffix))
    unk_id = model["unk_id"] if unigram else ids.get(model["unk_token"])
    pairs = tuple((pieces[left], pieces[right]) for left, right in merges)
    return Vocab(tuple(pieces[token] for token in tokens), unk_id, pairs)


def _text_piece(token: str, kind: str, suffix: str) -> Piece:
    if suffix and token.endswith(suffix):
        return Piece(token.removesuffix(suffix).encode(), word_final=True)
    if kind == "WordPiece" and token.startswith(CONTINUATION) and token != CONTINUATION:
        return Piece(token[len(CONTINUATION) :].encode(), continuation=True)
    return Piece(token.encode())


def _add_byte_pieces(pieces: dict[str, Piece], tokens: Iterable[str], merges: Iterable[tuple[str, str]]) -> None:
    for token in tokens:
        if token in CHAR_TO_BYTE:
            byte = CHAR_TO_BYTE[token]
            pieces.setdefault(token, Piece(bytes([byte]), byte=byte >= 0x80))
    for left, right in merges:
        pieces.setdefault(left + right, merged_piece(pieces[left], pieces[right]))
