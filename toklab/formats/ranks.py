"""Ranked tokens as tiktoken takes them, and the files that hold them: base64, a space and the rank on each line.

The file holds neither the pattern nor the special tokens. `toklab.formats.tiktoken` finds them, or writes them beside.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.ranked import ranked_model
from toklab.errors import FormatError, PatternError
from toklab.pretokenize import PreTokenizer
from toklab.pretokenize.rust_syntax import from_rust
from toklab.signature import signature

# Published rank files have up to 4 MB, tekken.json 20 MB, and gaps up to 18 ids.
MOST_BYTES = 1 << 26
MOST_LINE = 1 << 17
MOST_GAPS = 1024
MOST_ID = 1 << 30
# Of the squares of the tokens' lengths, which splitting them takes; 200,000 published tokens have 1e7.
MOST_WORK = 1 << 32


@dataclass(frozen=True)
class Ranks:
    """What makes an encoding of tiktoken.

    Parameters
    ----------
    name : of the encoding
    tokens : in the order of their ranks, each once
    ids : of each token, rising; tiktoken's ranks
    pattern : as tiktoken takes it
    specials : texts of special tokens and their ids
    warnings : what a reader should know

    Raises
    ------
    FormatError
        A byte has no token, a token or an id is there twice, an id is negative or too large, or too many ids in between
        have no token.
    """

    name: str
    tokens: Sequence[bytes] = field(repr=False)
    ids: Sequence[int] = field(repr=False)
    pattern: str
    specials: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.tokens)
        if len(known) < len(self.tokens):
            twice = _first_twice(self.tokens)
            raise FormatError(f"{self.name}: the token {twice!r} is there twice")
        if b"" in known:
            raise FormatError(f"{self.name}: a token is empty")
        missing = [byte for byte in range(256) if bytes([byte]) not in known]
        if missing:
            raise FormatError(f"{self.name}: {len(missing)} of the 256 bytes have no token, the first is {missing[0]}")
        if sum(len(token) ** 2 for token in self.tokens) > MOST_WORK:
            raise FormatError(f"{self.name}: its tokens are too long, up to {max(map(len, self.tokens)):,} bytes")
        self._check_ids()

    def _check_ids(self) -> None:
        ids = [*self.ids, *self.specials.values()]
        wrong = next((index for index in ids if type(index) is not int or not 0 <= index <= MOST_ID), None)
        if wrong is not None:
            raise FormatError(f"{self.name}: the id {wrong!r} is no number from 0 to {MOST_ID:,}")
        if len(set(ids)) < len(ids):
            twice = _first_twice(ids)
            names = [text for text, index in self.specials.items() if index == twice]
            told = f", one of them the special token {names[0]!r}" if names else ""
            raise FormatError(f"{self.name}: two tokens have the id {twice}{told}")
        if "" in self.specials:
            raise FormatError(f"{self.name}: a special token is empty")
        if any("\ud800" <= char <= "\udfff" for char in "".join(self.specials)):
            raise FormatError(f"{self.name}: a special token holds a lone surrogate, which UTF-8 cannot hold")
        if len(self.gaps) > MOST_GAPS:
            raise FormatError(
                f"{self.name}: {len(self.gaps):,} ids below the largest, {max(ids):,}, have no token (the first is "
                f"{self.gaps[0]:,}); the file is damaged"
            )

    @cached_property
    def gaps(self) -> Sequence[int]:
        """Ids that nothing has, or some of them where they are many."""
        taken = {*self.ids, *self.specials.values()}
        size = 1 + max(taken)
        if size - len(taken) > MOST_GAPS:
            first = next(index for index in range(size) if index not in taken)
            return range(first, first + size - len(taken))
        return [index for index in range(size) if index not in taken]

    @property
    def by_token(self) -> dict[bytes, int]:
        """Tokens and their ranks, as tiktoken takes them."""
        return dict(zip(self.tokens, self.ids, strict=True))

    def to_bytes(self) -> bytes:
        """The contents of a rank file."""
        rows = zip(self.tokens, self.ids, strict=True)
        return b"".join(binascii.b2a_base64(token, newline=False) + b" %d\n" % index for token, index in rows)

    def model(self, backend: str = "auto") -> BpeModel:
        """What encodes words as tiktoken does."""
        return ranked_model(self.tokens, self.ids, self.specials, backend)

    def facts(self, pretokenizer: str) -> dict[str, str]:
        """The signature of a tokenizer that was only loaded, with a digest of its ranks."""
        digest = hashlib.sha256(self.to_bytes()).hexdigest()
        return signature(self.name, len(self.ids) + len(self.specials), pretokenizer) | {
            "ranks": f"sha256-{digest[:16]}"
        }

    @property
    def cut_by(self) -> str:
        """The name of the published pattern, or the pattern itself."""
        try:
            return pattern_of(self).name
        except FormatError:
            return self.pattern

    def told(self) -> tuple[str, ...]:
        """The warnings, and that of ids without a token."""
        if not self.gaps:
            return self.warnings
        shown = ", ".join(map(str, self.gaps[:3])) + (", ..." if len(self.gaps) > 3 else "")
        return (*self.warnings, f"{len(self.gaps):,} ids have no token ({shown})")


def tokenizer_of(ranks: Ranks, facts: Mapping[str, str] | None = None, backend: str = "auto") -> TrainedTokenizer:
    """A tokenizer that toklab runs, with the same ids as tiktoken.

    Raises
    ------
    FormatError
        The pattern holds what only tiktoken can run.
    """
    pretokenizer = pattern_of(ranks)
    warnings = ranks.told()
    reason = pretokenizer.why_not_compiled
    if reason is not None:
        warnings += (f"the pattern {pretokenizer.name!r} is cut by the regex library, slowly: it holds {reason}",)
    facts = facts or ranks.facts(pretokenizer.name)
    return TrainedTokenizer(ranks.name, ranks.model(backend), pretokenizer, "none", facts, warnings, backend)


def pattern_of(ranks: Ranks) -> PreTokenizer:
    """The pre-tokenizer that the pattern means.

    Raises
    ------
    FormatError
        The pattern holds what only tiktoken can run.
    """
    try:
        return from_rust(ranks.pattern)
    except PatternError as error:
        raise FormatError(f"{ranks.name}: {error}") from None


def read_file(path: Path) -> bytes:
    """The contents of a file that is not too large for what it should be.

    Raises
    ------
    FormatError
        It cannot be read, or is too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FormatError(f"{path} has {path.stat().st_size:,} bytes; toklab reads up to {MOST_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from None


def read_rows(data: bytes, what: str) -> tuple[list[bytes], list[int]]:
    """Tokens and ranks of a rank file, by rank.

    Raises
    ------
    FormatError
        A line is not base64, a space and a number.
    """
    found: list[tuple[int, bytes]] = []
    for number, line in enumerate(data.splitlines(), 1):
        if len(line) > MOST_LINE:
            raise FormatError(f"{what}: line {number:,} has {len(line):,} bytes, which no token needs")
        if not line:
            continue
        parts = line.split(b" ")
        if len(parts) != 2 or not parts[0] or not parts[1].isdigit() or len(parts[1]) > 10:
            raise FormatError(f"{what}: line {number:,} is not a token in base64, a space and its rank: {line[:40]!r}")
        found.append((int(parts[1]), decoded(parts[0], f"{what}: line {number:,}")))
    found.sort()
    return [token for _, token in found], [rank for rank, _ in found]


def decoded(text: bytes | str, where: str) -> bytes:
    """Bytes of base64.

    Raises
    ------
    FormatError
        It is something else.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise FormatError(f"{where} holds no base64: {text[:40]!r}") from None


def _first_twice(values: Iterable[object]) -> object:
    seen: set[object] = set()
    return next(value for value in values if value in seen or seen.add(value))  # type: ignore[func-returns-value]
