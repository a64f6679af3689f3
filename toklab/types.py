"""The types that flow through toklab; every arrow of the design takes one of these and returns another."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from toklab.corpus import Corpus

T = TypeVar("T")
IntArray: TypeAlias = npt.NDArray[np.int64]
IdArray: TypeAlias = npt.NDArray[np.int32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
ShortArray: TypeAlias = npt.NDArray[np.uint16]
StepArray: TypeAlias = npt.NDArray[np.unsignedinteger]
FloatArray: TypeAlias = npt.NDArray[np.float64]
ScoreArray: TypeAlias = npt.NDArray[np.floating]


class Lazy(Sequence[T]):
    """A tuple that is made when somebody first looks at what it holds: training ends before 100,000 objects are made.

    Parameters
    ----------
    size : its length
    make : makes it
    """

    def __init__(self, size: int, make: Callable[[], tuple[T, ...]]) -> None:
        self._size, self._make = size, make

    @cached_property
    def _whole(self) -> tuple[T, ...]:
        return self._make()

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._whole[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self._whole)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | Lazy) and self._whole == tuple(other)

    def __hash__(self) -> int:
        return hash(self._whole)

    def __repr__(self) -> str:
        return repr(self._whole)

    def __reduce__(self) -> tuple[type[tuple[T, ...]], tuple[tuple[T, ...]]]:
        return tuple, (self._whole,)


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a vocabulary, in a form that compares across libraries.

    Parameters
    ----------
    surface : the bytes of text that the piece stands for; never ``##``, ``▁`` or byte-mapped characters
    continuation : the piece can only continue a word (WordPiece's ``##``)
    special : the piece stands for no text (``[UNK]``, ``<s>``)
    word_final : the piece can only end a word (the ``</w>`` suffix)
    byte : the piece is a single raw byte that stands for part of a character (byte fallback, or one byte of a
        byte-level alphabet that is no character by itself)
    """

    surface: bytes
    continuation: bool = False
    special: bool = False
    word_final: bool = False
    byte: bool = False

    def __str__(self) -> str:
        text = self.surface.decode("utf-8", "backslashreplace")
        return ("##" if self.continuation else "") + text + ("</w>" if self.word_final else "")


@dataclass(frozen=True)
class Vocab:
    """The pieces of a tokenizer by id.

    Parameters
    ----------
    pieces : piece of each id, in id order
    unk_id : id of the unknown token, or None where the tokenizer has none
    merges : for BPE, the learned merges in order as pairs of pieces; empty elsewhere
    """

    pieces: Sequence[Piece]
    unk_id: int | None = None
    merges: Sequence[tuple[Piece, Piece]] = ()

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> Piece:
        return self.pieces[index]

    def __iter__(self) -> Iterator[Piece]:
        return iter(self.pieces)

    @cached_property
    def special_ids(self) -> frozenset[int]:
        return frozenset(i for i, piece in enumerate(self.pieces) if piece.special)


@dataclass(frozen=True)
class Encoding:
    """One text as tokens.

    Parameters
    ----------
    ids : (n,) int32, token ids
    offsets : (n, 2) int64, for each token the bytes [start, end) of the raw UTF-8 text that it covers; both
        columns never decrease; text that no token covers (dropped whitespace) is a gap between two rows
    """

    ids: IdArray
    offsets: IntArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Batch:
    """Many texts as tokens, flat.

    Parameters
    ----------
    ids : (n,) int32, the token ids of all texts, one after the other
    rows : (m + 1,) int64, text i holds ``ids[rows[i]:rows[i + 1]]``
    offsets : (n, 2) int64, byte offsets within the text that the token belongs to; (0, 2) where none were asked for
    """

    ids: IdArray
    rows: IntArray
    offsets: IntArray

    def __len__(self) -> int:
        return len(self.rows) - 1

    def __getitem__(self, index: int) -> Encoding:
        span = slice(self.rows[index], self.rows[index + 1])
        return Encoding(self.ids[span], self.offsets[span])

    def __iter__(self) -> Iterator[Encoding]:
        return (self[index] for index in range(len(self)))

    @staticmethod
    def stack(encodings: Sequence[Encoding]) -> Batch:
        """Lay encodings end to end."""
        rows = np.zeros(len(encodings) + 1, np.int64)
        np.cumsum([len(e) for e in encodings], out=rows[1:])
        if not encodings:
            return Batch(np.zeros(0, np.int32), rows, np.zeros((0, 2), np.int64))
        ids = np.concatenate([e.ids for e in encodings]).astype(np.int32, copy=False)
        return Batch(ids, rows, np.concatenate([e.offsets for e in encodings]))


class Words(NamedTuple):
    """Words in UTF-8, end to end.

    Parameters
    ----------
    text : uint8, the bytes of all words
    starts : (n + 1,) int64, word i is ``text[starts[i]:starts[i + 1]]``
    """

    text: ByteArray
    starts: IntArray

    @staticmethod
    def of(words: Sequence[str]) -> Words:
        """Lay words end to end."""
        return Words.joined([word.encode("utf-8") for word in words])

    @staticmethod
    def joined(encoded: Sequence[bytes]) -> Words:
        """The same of words that are UTF-8 already."""
        starts = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(raw) for raw in encoded], out=starts[1:])
        return Words(np.frombuffer(b"".join(encoded), np.uint8), starts)

    def strings(self) -> list[str]:
        """The words themselves."""
        raw = self.text[self.starts[0] : self.starts[-1]].tobytes()
        bounds = (self.starts - self.starts[0]).tolist()
        return [raw[start:end].decode("utf-8") for start, end in itertools.pairwise(bounds)]


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Distinct pre-tokens and how often each occurs, most frequent first and then by bytes.

    The order depends on the counts alone, so the order of the documents never reaches a trainer.

    Parameters
    ----------
    flat : distinct pre-tokens, sorted by (-count, UTF-8 bytes)
    counts : (n,) int64, occurrences of each
    """

    flat: Words
    counts: IntArray

    @staticmethod
    def from_counts(counts: Mapping[str, int]) -> WordCounts:
        """Sort a mapping of word to count; code point order is byte order in UTF-8."""
        items = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return WordCounts(Words.of([word for word, _ in items]), np.array([count for _, count in items], np.int64))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The pre-tokens as strings."""
        return tuple(self.flat.strings())

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return zip(self.words, self.counts.tolist(), strict=True)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What a probabilistic tokenizer thinks of texts, summed over the pre-tokens of each text.

    Parameters
    ----------
    words : (d,) int64, pre-tokens of each text
    sizes : (d,) int64, their UTF-8 bytes
    surprisal : (d,) int64, negative log2 of their probabilities, each summed over all segmentations, in units of
        2**-20 bit: sums of whole numbers do not depend on their order
    entropy : (d,) int64, entropy of their segmentations, in units of 2**-20 bit
    diversity : (d,) int64, diversity of their best segmentations, in units of 2**-20
    """

    words: IntArray
    sizes: IntArray
    surprisal: IntArray
    entropy: IntArray
    diversity: IntArray

    UNIT: ClassVar[int] = 1 << 20


class Determinism(enum.Enum):
    """What an algorithm promises of two trainings on the same documents."""

    EXACT = "exact"
    SAME_SET = "same set, other ids"
    NONE = "no promise"


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """What every trainer is told; an algorithm's own options live in a subclass.

    Parameters
    ----------
    vocab_size : pieces to end with; counts everything: alphabet, special tokens and learned pieces
    pretokenizer : name of a published pattern, or a regular expression; None is the algorithm's own default
    special_tokens : texts of special tokens, which take the first ids in this order
    normalizer : ``"none"``, ``"bert"``, or one of SentencePiece's: ``"nmt_nfkc"``, ``"nfkc"``, ``"nmt_nfkc_cf"``,
        ``"nfkc_cf"``
    threads : threads to train with; None is the library's default
    backend : ``"auto"``, ``"reference"`` (the readable twin) or ``"fast"`` (the compiled one); equal results
    """

    vocab_size: int
    pretokenizer: str | None = None
    special_tokens: tuple[str, ...] = ()
    normalizer: str = "none"
    threads: int | None = None
    backend: str = "auto"


@dataclass(frozen=True)
class Contender:
    """A trainer with its options, as a comparison names it."""

    algorithm: str
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None

    @property
    def name(self) -> str:
        return self.label or self.algorithm


class Tokenizer(Protocol):
    """What a comparison needs of a trained tokenizer, ours or a library's."""

    @property
    def name(self) -> str: ...
    @property
    def vocab(self) -> Vocab: ...
    @property
    def signature(self) -> Mapping[str, str]: ...
    def encode(self, text: str) -> Encoding: ...
    def encode_batch(self, texts: Iterable[str], *, offsets: bool = False) -> Batch: ...
    def decode(self, ids: Iterable[int]) -> str: ...
    def save(self, folder: str | Path) -> Path: ...


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A contender that is loaded, not trained.

    Parameters
    ----------
    name : what a comparison calls it
    source : what `toklab.load` takes, which is loaded and run in a process of its own; or a tokenizer that is there
        already, which is run where it is
    """

    name: str
    source: str | Path | Tokenizer


class Algorithm(Protocol):
    """A trainer: its name, the options it takes, what it promises, and how to run it."""

    @property
    def name(self) -> str: ...
    @property
    def spec_type(self) -> type[TrainSpec]: ...
    @property
    def claims(self) -> Determinism: ...
    def fit(self, corpus: Corpus, spec: TrainSpec) -> Tokenizer: ...
