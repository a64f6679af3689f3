"""Any SentencePiece ``.model``, run by toklab: the ids, the bytes of each token and the decoded text of the library.

A text is changed (`toklab.algorithms.spm_normalizer`), taken apart at the user's pieces, and cut
(`toklab.algorithms.spm_pieces`, or `toklab.algorithms.unigram_model` in single precision). Where no piece holds a
space behind another character, or none holds one before, the words between are cut each by itself and remembered.

Source: SentencePiece 0.2.3, ``sentencepiece_processor.cc``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.spm_normalizer import Changed, SpmNormalizer
from toklab.baselines.saved import LibraryTokenizer
from toklab.errors import FormatError
from toklab.formats.huggingface_checks import read_bytes
from toklab.formats.sentencepiece_parts import SPACE, check_runs, model_of, normalizer_of, piece_of
from toklab.formats.sentencepiece_proto import Kind, ModelType, SentencePieceFile
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import Batch, Encoding, IntArray, Vocab, Words


@dataclass(frozen=True, eq=False)
class SpmTokenizer(LibraryTokenizer):
    """A ``.model`` that toklab runs; saved, it is that file again.

    Parameters
    ----------
    backend : ``"auto"``, ``"reference"`` or ``"fast"``; equal results
    """

    backend: str = "auto"

    engine = "sentencepiece"
    library = "SentencePiece"
    file = "tokenizer.model"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.model, self.signature, self.warnings, self.backend)

    @cached_property
    def contents(self) -> SentencePieceFile:
        """What the file says."""
        return _read(self.model)

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id; BPE has no merges here, because the model ranks pieces and holds no pairs."""
        return Vocab(tuple(map(piece_of, self.contents.entries)), self.contents.unknown)

    @cached_property
    def normalizer(self) -> SpmNormalizer:
        """How texts are changed first."""
        own = self.contents.normalizer
        kept = tuple(entry.text.encode() for entry in self.contents.entries if entry.kind == Kind.USER_DEFINED)
        return normalizer_of(own, kept, self.contents.suffix_space, own.changes is None)

    @cached_property
    def kept(self) -> dict[str, int]:
        """Ids of the user's pieces, if the text is taken apart at them."""
        if self.contents.model_type not in (ModelType.BPE, ModelType.CHAR):
            return {}
        return {entry.text: i for i, entry in enumerate(self.contents.entries) if entry.kind == Kind.USER_DEFINED}

    @cached_property
    def inner(self) -> TrainedTokenizer:
        """Cuts changed texts without the user's pieces."""
        model, cutter = model_of(self.contents)
        return TrainedTokenizer(self.name, model, cutter, backend=self.backend)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return list(self.encode_batch(texts, offsets=True))

    def encode(self, text: str) -> Encoding:
        """Encode a text; the text of special tokens is text like any other.

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        """
        return self.encode_batch([text], offsets=True)[0]

    def encode_batch(self, texts: Iterable[str], *, offsets: bool = False, threads: int | None = None) -> Batch:
        """Encode many texts; raises what `encode` raises.

        Parameters
        ----------
        offsets : find the bytes of each token too
        threads : of the compiled scanner, for much text; None is one per core, at most 8; the result is the same
        """
        raw = [to_utf8(text) for text in texts]
        changed = self.normalizer.change_all(raw, self.backend)
        if self.kept:
            batch = self._encode_apart(changed.words, offsets, threads)
        else:
            batch = self.inner.encode_batch(changed.words.strings(), offsets=offsets, threads=threads)
        batch = self._fused(batch)
        return Batch(batch.ids, batch.rows, _raw_spans(batch, changed) if offsets else batch.offsets)

    def _encode_apart(self, words: Words, offsets: bool, threads: int | None) -> Batch:
        """Encode changed texts, which the user's pieces take apart."""
        spans = self.normalizer.kept_in(words, self.backend)
        if not len(spans):
            return self.inner.encode_batch(words.strings(), offsets=offsets, threads=threads)
        # Everything that is a text by itself: the user's pieces, and what is between them and the ends of texts.
        bounds = np.unique(np.concatenate([words.starts, spans.ravel()]))
        parts = Words(words.text, bounds)
        own = np.zeros(len(bounds) - 1, bool)
        own[np.searchsorted(bounds, spans[:, 0])] = True
        strings = parts.strings()
        found = self.inner.encode_batch(
            ["" if mine else text for text, mine in zip(strings, own.tolist(), strict=True)],
            offsets=offsets,
            threads=threads,
        )
        at = found.rows[:-1][own]
        kept = np.array([self.kept[strings[place]] for place in np.flatnonzero(own).tolist()], np.int32)
        ids = np.insert(found.ids, at, kept)
        counts = np.diff(found.rows) + own
        rows = np.zeros(len(bounds), np.int64)
        np.cumsum(counts, out=rows[1:])
        whole = rows[np.searchsorted(bounds, words.starts)]
        if not offsets:
            return Batch(ids, whole, found.offsets)
        sizes = np.diff(bounds)[own]
        within = np.insert(found.offsets, at, np.stack([np.zeros_like(sizes), sizes], axis=1), axis=0)
        first = words.starts[np.searchsorted(words.starts, bounds[:-1], side="right") - 1]
        return Batch(ids, whole, within + np.repeat(bounds[:-1] - first, counts)[:, None])

    def _fused(self, batch: Batch) -> Batch:
        """A run of unknown tokens becomes one."""
        unknown = batch.ids == self.contents.unknown
        if not unknown.any():
            return batch
        again = np.zeros(len(batch.ids), bool)
        again[1:] = unknown[1:] & unknown[:-1]
        again[batch.rows[:-1][np.diff(batch.rows) > 0]] = False
        kept = np.flatnonzero(~again)
        rows = np.searchsorted(kept, batch.rows)
        if not len(batch.offsets):
            return Batch(batch.ids[kept], rows, batch.offsets)
        lasts = np.append(kept[1:], len(batch.ids)) - 1
        spans = np.stack([batch.offsets[kept, 0], batch.offsets[lasts, 1]], axis=1)
        return Batch(batch.ids[kept], rows, spans)

    @cached_property
    def _denormalizer(self) -> SpmNormalizer | None:
        rules = self.contents.denormalizer
        return None if rules is None else normalizer_of(rules, (), False, False)

    def _decode(self, ids: list[int]) -> str:
        shown = self.contents.normalizer
        strips = shown.add_dummy_prefix or shown.remove_extra_whitespaces
        out, first = b"", True
        parts: list[bytes] = []
        entries = [self.contents.entries[index] for index in ids if not self.vocab[index].special]
        for is_byte, run in itertools.groupby(entries, lambda entry: entry.kind == Kind.BYTE):
            if is_byte:
                parts.append(_repaired(bytes(int(entry.text[3:5], 16) for entry in run)))
                first = False
                continue
            for entry in run:
                text = entry.text
                if first and strips and text.startswith(SPACE):
                    text = text[1:]
                    # The library goes on to strip while nothing is written, where it strips all spaces.
                    first = shown.remove_extra_whitespaces and not text
                else:
                    first = False
                parts.append(text.replace(SPACE, " ").encode())
        out = b"".join(parts)
        if self._denormalizer is not None:
            out = self._denormalizer.change(out)[0]
        return out.decode()


@lru_cache(maxsize=4)
def _read(data: bytes) -> SentencePieceFile:
    """The contents of a file, which is looked at more than once."""
    return SentencePieceFile.from_bytes(data)


def _repaired(raw: bytes) -> bytes:
    """Bytes with U+FFFD for each that is no part of a character."""
    out, at = b"", 0
    while at < len(raw):
        for size in (1, 2, 3, 4):
            try:
                out += raw[at : at + size].decode().encode()
                at += size
                break
            except UnicodeDecodeError:
                continue
        else:
            out += "\ufffd".encode()
            at += 1
    return out


def _raw_spans(batch: Batch, changed: Changed) -> IntArray:
    """(n, 2) bytes of the raw texts, from those of the changed texts."""
    count = len(batch.rows) - 1
    firsts = changed.words.starts[:-1] + np.arange(count)
    shift = np.repeat(firsts, np.diff(batch.rows))
    return np.asarray(changed.sources[batch.offsets + shift[:, None]], np.int64)


def run_model(data: bytes, name: str | None = None) -> SpmTokenizer:
    """A tokenizer that toklab runs from the bytes of any ``.model``.

    Parameters
    ----------
    name : of the tokenizer; None: of its algorithm

    Raises
    ------
    FormatError
        It is cut short or no such file, or the library refuses it or cuts some text as toklab does not.
    """
    file = _read(data)
    try:
        check_runs(file)
    except ValueError as error:
        raise FormatError(f"toklab does not run this SentencePiece model: {error}") from None
    return SpmTokenizer(name or file.model_type.name.lower(), data, {})


def load_model_file(path: Path) -> SpmTokenizer:
    """`run_model` of a file; raises what it raises, or says that the file cannot be read."""
    data = read_bytes(path)
    try:
        return run_model(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
