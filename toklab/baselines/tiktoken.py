"""tiktoken as a library that runs ranks, and the encodings that it knows by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.baselines.saved import LibraryTokenizer, failures
from toklab.errors import BaselineError, FormatError, UnknownNameError, UsageError
from toklab.files import write_atomic
from toklab.formats import tekken
from toklab.formats.ranks import Ranks, pattern_of, tokenizer_of
from toklab.formats.tiktoken import read, written
from toklab.pretokenize.utf8 import char_to_byte, to_utf8
from toklab.signature import library_version
from toklab.types import Encoding, IntArray, Vocab

PREFIX = "tiktoken:"


def installed() -> ModuleType:
    """The library.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        import tiktoken
    except ImportError:
        raise UsageError("tiktoken is not installed: pip install 'toklab[tiktoken]'") from None
    return tiktoken


@dataclass(frozen=True, eq=False)
class TiktokenTokenizer(LibraryTokenizer):
    """An encoding that the library runs; ``model`` is the contents of a rank file.

    Parameters
    ----------
    ranks : what the library is given
    """

    ranks: Ranks = field(kw_only=True, repr=False)

    engine = "tiktoken"
    library = "tiktoken"
    file = "tokenizer.tiktoken"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.ranks, dict(self.signature))

    @cached_property
    def _engine(self) -> Any:
        ranks = self.ranks
        with failures(BaselineError, f"tiktoken cannot run {self.name}"):
            return installed().Encoding(
                self.name,
                pat_str=ranks.pattern,
                mergeable_ranks=ranks.by_token,
                special_tokens=dict(ranks.specials),
            )

    @cached_property
    def vocab(self) -> Vocab:
        """The pieces by id; the library has no list of merges."""
        return Vocab(self.ranks.model().vocab.pieces)

    @cached_property
    def _lengths(self) -> IntArray:
        """Bytes of text that each piece covers, 0 for special ones."""
        lengths = np.zeros(len(self.vocab), np.int64)
        lengths[np.array(self.ranks.ids)] = [len(token) for token in self.ranks.tokens]
        return lengths

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        raw = [to_utf8(text) for text in texts]
        with failures(BaselineError, f"tiktoken could not encode with {self.name}"):
            found = [self._engine.encode_ordinary(text) for text in texts]
        return [self._encoding(*row) for row in zip(texts, raw, found, strict=True)]

    def _encoding(self, text: str, raw: bytes, found: list[int]) -> Encoding:
        ids = np.array(found, np.int32)
        lengths = self._lengths[ids]
        ends = np.cumsum(lengths)
        starts = ends - lengths
        if lengths.sum() != len(raw):
            shift = self._shift(text, starts)
            starts, ends = starts + shift, ends + shift
        return Encoding(ids, np.stack([starts, ends], axis=1))

    def _shift(self, text: str, starts: IntArray) -> IntArray:
        """How many bytes are dropped before each token: the library tells nothing, but no token leaves its match."""
        places = char_to_byte(text)
        spans = np.array(pattern_of(self.ranks).spans(text), np.int64).reshape(-1, 2)
        begins, ends = places[spans[:, 0]], places[spans[:, 1]]
        kept = np.cumsum(ends - begins)
        word = np.searchsorted(kept, starts, side="right")
        return np.asarray(begins[word] - (kept - (ends - begins))[word], np.int64)

    def _decode(self, ids: list[int]) -> str:
        plain = [index for index in ids if not self.vocab[index].special]
        text: str = self._engine.decode_bytes(plain).decode("utf-8", "replace")
        return text

    def save(self, folder: str | Path) -> Path:
        """Write a rank file, and beside it what it cannot hold; gives the rank file.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        for name, data in written(self.ranks, self.signature, self.warnings).items():
            write_atomic(Path(folder) / name, data)
        return Path(folder) / self.file


def _rebuilt(ranks: Ranks, facts: Mapping[str, str]) -> TiktokenTokenizer:
    tokenizer = TiktokenTokenizer(ranks.name, ranks.to_bytes(), facts, ranks.told(), ranks=ranks)
    _ = tokenizer._engine
    return tokenizer


def load(path: Path, pattern: str | None = None) -> TiktokenTokenizer:
    """Read a rank file; raises what `toklab.formats.tiktoken.read` raises.

    Raises
    ------
    UsageError
        tiktoken is not installed.
    BaselineError
        It cannot run the pattern.
    """
    ranks, facts = read(path, pattern)
    return _of(ranks, facts)


def load_tekken(path: Path) -> TiktokenTokenizer:
    """Read a ``tekken.json``, which Mistral's library runs by tiktoken; raises what `load` raises."""
    return _of(tekken.read(path))


def load_named(source: Path) -> TiktokenTokenizer:
    """An encoding by its name, ``tiktoken:o200k_base``; raises what `named` raises."""
    return _of(named(source))


def load_named_ours(source: Path) -> TrainedTokenizer:
    """The same as a tokenizer that toklab runs.

    Raises
    ------
    FormatError
        Its pattern holds what only tiktoken can run.
    """
    return tokenizer_of(named(source))


def _of(ranks: Ranks, facts: Mapping[str, str] | None = None) -> TiktokenTokenizer:
    installed()
    facts = {**(facts or ranks.facts(ranks.cut_by)), "lib": library_version("tiktoken")}
    return _rebuilt(ranks, facts)


def named(source: Path) -> Ranks:
    """The ranks of an encoding that the installed library knows, or that a package adds to it.

    Raises
    ------
    UsageError
        tiktoken is not installed.
    UnknownNameError
        It knows no such encoding.
    BaselineError
        It could not get the ranks, which it downloads when they are first used.
    """
    tiktoken, name = installed(), str(source).removeprefix(PREFIX)
    with failures(BaselineError, "tiktoken could not list its encodings"):
        names = sorted(tiktoken.list_encoding_names())
    if name not in names:
        raise UnknownNameError("encoding of tiktoken", name, names)
    try:
        encoding = tiktoken.get_encoding(name)
    except OSError as error:  # what requests raises is one
        raise BaselineError(
            f"tiktoken could not get the ranks of {name} ({type(error).__name__}): it downloads them when they are "
            "first used; connect once, or set TIKTOKEN_CACHE_DIR to a folder that holds them"
        ) from None
    except Exception as error:
        raise BaselineError(f"tiktoken could not make {name}: {' '.join(str(error).split())[:200]}") from None
    return _ranks_of(encoding)


def _ranks_of(encoding: Any) -> Ranks:
    """What an encoding was made of; only its private names hold it."""
    try:
        rows = sorted((rank, token) for token, rank in encoding._mergeable_ranks.items())
        pattern, specials = encoding._pat_str, dict(encoding._special_tokens)
    except AttributeError as error:
        raise FormatError(f"this version of tiktoken keeps its ranks elsewhere: {error}") from None
    return Ranks(encoding.name, [token for _, token in rows], [rank for rank, _ in rows], pattern, specials)
