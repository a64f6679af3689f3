"""A tokenizer of somebody else's ``tokenizer.json``, run by toklab: the ids that Hugging Face's library gives.

The way of a text: added tokens are taken out; what is between them is normalised, cut into words step by step, and each
word is encoded. Where the steps amount to one pattern, the compiled scanner cuts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toklab.algorithms.models import Model, Segmentation
from toklab.backend import READY_LIMIT, has_run, use_kernel
from toklab.errors import UsageError
from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.added import AddedTokens, Part
from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.splitting import SplitterStep
from toklab.pretokenize.utf8 import char_to_byte, to_utf8
from toklab.types import Batch, Encoding, IntArray, Vocab

if TYPE_CHECKING:
    from toklab.algorithms.detokenizing import DecoderStep
    from toklab.algorithms.scanned import ScannedEncoder
    from toklab.pretokenize.cutter import Cutter

# Words that a tokenizer remembers, and the characters of the longest of them.
CACHE_WORDS = 1 << 17
CACHE_LENGTH = 128
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
    _cache: dict[str, Segmentation] = field(default_factory=dict, init=False, repr=False)
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
        table = self._segment([word.text.text for row in rows for word in row if word.token is None])
        found = []
        for text, row in zip(texts, rows, strict=True):
            cut = [
                table[word.text.text] if word.token is None else ((word.token,), (len(word.text.text.encode("utf-8")),))
                for word in row
            ]
            ids = np.array([index for ids, _ in cut for index in ids], np.int32)
            spans = np.zeros((len(ids), 2), np.int64)
            if offsets:
                words = [word.text for word in row]
                spans = to_raw(text, char_to_byte(text), words, _laid(words, cut))
            found.append(Encoding(ids, spans))
        return found

    def _words(self, text: Aligned) -> list[Aligned]:
        """The words of a text without added tokens."""
        words = [text]
        for step in self.splitters:
            words = [part for word in words for part in step.split(word) if part.text]
        return words

    def _segment(self, words: Sequence[str]) -> dict[str, Segmentation]:
        """Segmentations of words, from the cache where it has them."""
        cache = self._cache
        fresh = [word for word in dict.fromkeys(words) if word not in cache]
        made = dict(zip(fresh, self.model.encode_words(fresh, self.backend), strict=True))
        table = {word: made.get(word) or cache[word] for word in dict.fromkeys(words)}
        if len(cache) + len(made) > CACHE_WORDS:
            cache.clear()
        cache.update((word, found) for word, found in made.items() if len(word) <= CACHE_LENGTH)
        return table

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


def _laid(words: Sequence[Aligned], cut: Sequence[Segmentation]) -> IntArray:
    """(tokens, 2) bytes of tokens within the words' texts laid end to end."""
    sizes = [len(word.text.encode("utf-8")) for word in words]
    begins: list[int] = []
    at = 0
    for size, (_, widths) in zip(sizes, cut, strict=True):
        begins += itertools.accumulate(widths[:-1], initial=at) if widths else ()
        at += size
    ends = np.array(begins, np.int64) + np.array([width for _, widths in cut for width in widths], np.int64)
    return np.stack([np.array(begins, np.int64), ends], axis=1)


def to_raw(text: str, positions: IntArray, words: Sequence[Aligned], spans: IntArray) -> IntArray:
    """Bytes of the raw text that tokens cover.

    A token that begins or ends inside a character covers its part of it where normalisation left the character alone,
    and else all that the character covers.

    Parameters
    ----------
    text : the raw text
    positions : (characters + 1,) byte position of each of its characters
    words : what was encoded
    spans : (tokens, 2) bytes within the words' texts laid end to end

    Returns
    -------
    (tokens, 2) int64; both columns never decrease.
    """
    if not len(spans):
        return spans
    if len(words) == 1 and words[0].spans is None and text.startswith(words[0].text, words[0].origin):
        return np.asarray(spans + positions[words[0].origin], np.int64)
    joined = "".join(word.text for word in words)
    inner = char_to_byte(joined)
    covered = np.array([span for word in words for span in word.covered()], np.int64).reshape(-1, 2)
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    raw = np.frombuffer((text + "\0").encode("utf-32-le"), np.uint32)
    same = (covered[:, 1] - covered[:, 0] == 1) & (raw[covered[:, 0]] == codes)
    empty = spans[:, 0] == spans[:, 1]
    first = np.searchsorted(inner, np.where(empty, spans[:, 0] - 1, spans[:, 0]), side="right") - 1
    first = np.clip(first, 0, len(codes) - 1)
    last = np.searchsorted(inner, np.maximum(spans[:, 1] - 1, 0), side="right") - 1
    begins = positions[covered[first, 0]] + np.where(same[first], spans[:, 0] - inner[first], 0)
    cut_short = same[last] & (spans[:, 1] < inner[last + 1])
    ends = np.where(cut_short, positions[covered[last, 0]] + spans[:, 1] - inner[last], positions[covered[last, 1]])
    found = np.stack([np.where(empty, ends, begins), ends], axis=1)
    return np.maximum.accumulate(found, axis=0).astype(np.int64, copy=False)
