"""A tokenizer of somebody else's ``tokenizer.json``, run by toklab: the ids that Hugging Face's library gives.

The way of a text: added tokens are taken out; what is between them is normalised, cut into words step by step, and each
word is encoded. Where the steps amount to one pattern, the compiled scanner cuts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toklab.algorithms.models import Model
from toklab.algorithms.offsets import laid, to_raw
from toklab.algorithms.word_cache import WordCache
from toklab.backend import READY_LIMIT, has_run, use_kernel
from toklab.errors import UsageError
from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.added import AddedTokens, Part
from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.splitting import SplitterStep
from toklab.pretokenize.utf8 import char_to_byte, to_utf8
from toklab.types import Batch, Encoding, Vocab

if TYPE_CHECKING:
    from toklab.algorithms.detokenizing import DecoderStep
    from toklab.algorithms.scanned import ScannedEncoder
    from toklab.pretokenize.cutter import Cutter

# Characters that the readable way encodes in about a second.
REFERENCE_LIMIT = 500_000


@dataclass(frozen=True, eq=False)
class LoadedTokenizer:
    """A tokenizer that another program wrote as ``tokenizer.json``.

    Parameters
    ----------
    name : of the algorithm
    vocab : the pieces, added tokens too; an id that none has is a special piece without text
    model : encodes words; its own vocabulary calls nothing special
    added : the added tokens, and the normaliser
    splitters : the steps that cut text into words
    pattern : what all splitters amount to, where that is one pattern
    decoders : the steps from pieces to text
    strings : of each id as the file spells it; None where no piece has it
    source : the file, as it was read
    signature : what is known of where it comes from
    warnings : what of the file is not run
    backend : ``"auto"``, ``"reference"`` or ``"fast"``; equal results
    """

    name: str
    vocab: Vocab
    model: Model
    added: AddedTokens
    splitters: tuple[SplitterStep, ...]
    pattern: PreTokenizer | None
    decoders: tuple[DecoderStep, ...]
    strings: tuple[str | None, ...] = field(repr=False)
    source: bytes = field(repr=False)
    signature: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    backend: str = "auto"
    _cache: WordCache = field(default_factory=WordCache, init=False, repr=False)
    _encoders: list[ScannedEncoder] = field(default_factory=list, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        from toklab.formats.loaded_json import read_loaded

        return read_loaded, (self.source, self.name, self.backend)

    def encode(self, text: str, *, allow_special: bool = False) -> Encoding:
        """Encode a text.

        Parameters
        ----------
        text : any text that UTF-8 can hold
        allow_special : texts of special tokens become those tokens; otherwise they are text like any other. Added
            tokens that are not special are found either way

        Raises
        ------
        UsageError
            The text holds a lone surrogate.
        """
        return self.encode_batch([text], offsets=True, allow_special=allow_special)[0]

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        offsets: bool = False,
        allow_special: bool = False,
        threads: int | None = None,
    ) -> Batch:
        """Encode many texts; ids and rows come as flat arrays.

        Parameters
        ----------
        offsets : find the bytes of each token too
        allow_special : as in `encode`
        threads : of the compiled scanner, for much text; None is one per core, at most 8; the result is the same
        """
        texts = list(texts)
        for text in texts:
            to_utf8(text)  # raises
        parts = [list(self.added.parts(text, allow_special)) for text in texts]
        limit = READY_LIMIT if has_run("layout", "lay_out") else REFERENCE_LIMIT
        cutter = self._cutter if use_kernel(self.backend, sum(map(len, texts)), limit) else None
        if cutter is None:
            batch = Batch.stack(self._by_steps(texts, parts, offsets))
        else:
            batch = self._by_scanner(cutter, texts, parts, offsets, threads)
        return batch if offsets else Batch(batch.ids, batch.rows, np.zeros((0, 2), np.int64))

    @cached_property
    def _silent(self) -> frozenset[int]:
        """Ids of special tokens; the library looks at what is shown of them, which normalisation may have changed."""
        special = {token.content for token in self.added.tokens if token.special}
        return frozenset(token.id for token in self.added.tokens if self.strings[token.id] in special)

    @cached_property
    def _cutter(self) -> Cutter | None:
        return None if self.pattern is None else self.pattern.cutter()

    def _by_steps(self, texts: Sequence[str], parts: Sequence[list[Part]], offsets: bool) -> list[Encoding]:
        """Encodings of texts whose words are cut step by step."""
        rows = [
            [
                Part(word, part.token)
                for part in row
                for word in (self._words(part.text) if part.token is None else [part.text])
            ]
            for row in parts
        ]
        words = [word.text.text for row in rows for word in row if word.token is None]
        table = self._cache.segment(self.model, words, self.backend)
        found = []
        for text, row in zip(texts, rows, strict=True):
            cut = [
                table[word.text.text] if word.token is None else ((word.token,), (len(word.text.text.encode("utf-8")),))
                for word in row
            ]
            ids = np.array([index for ids, _ in cut for index in ids], np.int32)
            spans = np.zeros((len(ids), 2), np.int64)
            if offsets:
                aligned = [word.text for word in row]
                spans = to_raw(text, char_to_byte(text), aligned, laid(aligned, cut))
            found.append(Encoding(ids, spans))
        return found

    def _words(self, text: Aligned) -> list[Aligned]:
        """The words of a text without added tokens."""
        words = [text]
        for step in self.splitters:
            words = [part for word in words for part in step.split(word) if part.text]
        return words

    def _by_scanner(
        self, cutter: Cutter, texts: Sequence[str], parts: Sequence[list[Part]], offsets: bool, threads: int | None
    ) -> Batch:
        """The same with words cut by the compiled scanner, all stretches between added tokens in one call."""
        plain = [part.text.text for row in parts for part in row if part.token is None]
        found = self._scanned(cutter).encode(plain, offsets, threads)
        if not offsets and len(plain) == len(texts) and all(len(row) == 1 for row in parts):
            return found
        stretches = (
            iter(found)
            if offsets
            else (
                Encoding(found.ids[a:b], np.zeros((b - a, 2), np.int64))
                for a, b in zip(found.rows[:-1].tolist(), found.rows[1:].tolist(), strict=True)
            )
        )
        encodings = []
        for text, row in zip(texts, parts, strict=True):
            positions = char_to_byte(text) if offsets else np.zeros(0, np.int64)
            done = [
                next(stretches) if part.token is None else _token(part.token, len(part.text.text.encode("utf-8")))
                for part in row
            ]
            if offsets:
                done = [
                    Encoding(one.ids, to_raw(text, positions, [part.text], one.offsets))
                    for one, part in zip(done, row, strict=True)
                ]
            whole = Batch.stack(done)
            encodings.append(Encoding(whole.ids, np.maximum.accumulate(whole.offsets, axis=0)))
        return Batch.stack(encodings)

    def _scanned(self, cutter: Cutter) -> ScannedEncoder:
        from toklab.algorithms.pipeline import ENCODING_TASKS
        from toklab.algorithms.scanned import ScannedEncoder

        if not self._encoders:
            assert self.pattern is not None
            task = ENCODING_TASKS.get(type(self.model))
            self._encoders.append(ScannedEncoder(cutter, self.pattern.entry.keeps_gaps, self.model.segment, task))
        return self._encoders[0]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids; special tokens have none.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        """
        texts = []
        for index in ids:
            if not 0 <= index < len(self.vocab):
                raise UsageError(f"id {index} is not in the vocabulary (0 to {len(self.vocab) - 1})")
            text = self.strings[index]
            if text is not None and index not in self._silent:
                texts.append(text)
        if not self.decoders:
            return " ".join(texts)
        for step in self.decoders:
            texts = step.decode(texts)
        return "".join(texts)

    def save(self, folder: str | Path) -> Path:
        """Write the file as it was read, and ``toklab.json``, into a folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        from toklab.formats.tokenizer_json import save_file

        return save_file(self.source, self, Path(folder))


def _token(index: int, size: int) -> Encoding:
    return Encoding(np.array([index], np.int32), np.array([[0, size]], np.int64))
