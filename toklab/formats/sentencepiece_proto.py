"""What a SentencePiece ``.model`` file says: its pieces with scores, how it was trained, how it normalises.

Source: ``sentencepiece_model.proto`` of SentencePiece 0.2.3 (messages ModelProto, TrainerSpec, NormalizerSpec).
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from toklab.errors import FormatError
from toklab.formats.protobuf import Message, bytes_field, float_field, integer_field

# Fields of ModelProto, of a piece, of TrainerSpec and of NormalizerSpec.
PIECE, TRAINER, NORMALIZER, DENORMALIZER = 1, 2, 3, 5
TEXT, SCORE, KIND = 1, 2, 3
MODEL_TYPE, VOCAB_SIZE, COVERAGE, SUFFIX_SPACE, DIGITS, CONTROL_SYMBOL, BYTE_FALLBACK = 3, 4, 10, 24, 25, 30, 35
UNK_ID, BOS_ID, EOS_ID, PAD_ID, UNK_PIECE = 40, 41, 42, 43, 45
RULE, CHARSMAP, DUMMY_PREFIX, EXTRA_SPACES, ESCAPE = 1, 2, 3, 4, 5
UNKNOWN_TEXT = "<unk>"
# The trainer's own limit.
LONGEST = 512


class ModelType(enum.IntEnum):
    """TrainerSpec.ModelType."""

    UNIGRAM = 1
    BPE = 2
    WORD = 3
    CHAR = 4


class Kind(enum.IntEnum):
    """ModelProto.SentencePiece.Type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Entry(NamedTuple):
    """A piece as the file spells it: a space is U+2581, a byte ``<0xNN>``; the score is a 32-bit float."""

    text: str
    score: float
    kind: Kind = Kind.NORMAL


@dataclass(frozen=True)
class Normalizer:
    """How text is changed before it is cut.

    Parameters
    ----------
    name : of the rules
    charsmap : the rules, compiled; empty for none
    add_dummy_prefix : a space is put before the text
    remove_extra_whitespaces : spaces at the ends and repeated ones go
    escape_whitespaces : spaces become U+2581
    """

    name: str = "identity"
    charsmap: bytes = b""
    add_dummy_prefix: bool = False
    remove_extra_whitespaces: bool = False
    escape_whitespaces: bool = True

    @property
    def changes(self) -> str | None:
        """What it does to a text beyond the spelling of spaces, by the name of the option; None for nothing."""
        if self.charsmap:
            return f"the normaliser {self.name!r}"
        if self.add_dummy_prefix:
            return "add_dummy_prefix"
        if self.remove_extra_whitespaces:
            return "remove_extra_whitespaces"
        return None if self.escape_whitespaces else "escape_whitespaces off"


IDENTITY = Normalizer()


@dataclass(frozen=True)
class SentencePieceFile:
    """The contents of a ``.model`` file, as far as they bear on encoding.

    Parameters
    ----------
    model_type : how text is cut
    entries : the pieces by id
    byte_fallback : unknown characters become bytes
    normalizer : what is done to text first
    character_coverage : share of the text's characters that the alphabet was to cover
    suffix_space : a space belongs to the word before it (``treat_whitespace_as_suffix``)
    split_digits : each digit is a piece of its own
    denormalizer : what is done to decoded text, or None
    """

    model_type: ModelType
    entries: tuple[Entry, ...]
    byte_fallback: bool = False
    normalizer: Normalizer = IDENTITY
    character_coverage: float = 1.0
    suffix_space: bool = False
    split_digits: bool = False
    denormalizer: Normalizer | None = None

    @property
    def unknown(self) -> int:
        """Id of the unknown piece."""
        return next(i for i, entry in enumerate(self.entries) if entry.kind == Kind.UNKNOWN)

    def to_bytes(self) -> bytes:
        """The file; equal contents give equal bytes. What is left out has the library's default."""
        pieces = b"".join(bytes_field(PIECE, _write_entry(entry)) for entry in self.entries)
        whole = pieces + bytes_field(TRAINER, self._trainer()) + bytes_field(NORMALIZER, _rules(self.normalizer))
        return whole + (bytes_field(DENORMALIZER, _rules(self.denormalizer)) if self.denormalizer else b"")

    def _trainer(self) -> bytes:
        unknown = self.entries[self.unknown].text
        control = [entry.text.encode() for entry in self.entries if entry.kind == Kind.CONTROL]
        fields = [
            integer_field(MODEL_TYPE, self.model_type),
            integer_field(VOCAB_SIZE, len(self.entries)),
            float_field(COVERAGE, self.character_coverage),
            *([integer_field(SUFFIX_SPACE, 1)] if self.suffix_space else []),
            *([integer_field(DIGITS, 1)] if self.split_digits else []),
            *(bytes_field(CONTROL_SYMBOL, text) for text in control),
            integer_field(BYTE_FALLBACK, self.byte_fallback),
            integer_field(UNK_ID, self.unknown),
            *(integer_field(number, -1) for number in (BOS_ID, EOS_ID, PAD_ID)),
            *([] if unknown == UNKNOWN_TEXT else [bytes_field(UNK_PIECE, unknown.encode())]),
        ]
        return b"".join(fields)

    @staticmethod
    def from_bytes(data: bytes) -> SentencePieceFile:
        """Read a file, in time and memory in proportion to its size.

        Raises
        ------
        FormatError
            It is cut short, is no such file, or contradicts itself in a way that SentencePiece refuses too.
        """
        try:
            whole = Message(data)
            trainer = whole.message(TRAINER)
            back = _read_rules(whole.message(DENORMALIZER)) if whole.strings(DENORMALIZER) else None
            file = SentencePieceFile(
                ModelType(trainer.integer(MODEL_TYPE, ModelType.UNIGRAM)),
                tuple(map(_read_entry, whole.strings(PIECE))),
                bool(trainer.integer(BYTE_FALLBACK, 0)),
                _read_rules(whole.message(NORMALIZER)),
                trainer.floating(COVERAGE, 0.9995),
                bool(trainer.integer(SUFFIX_SPACE, 0)),
                bool(trainer.integer(DIGITS, 0)),
                back if back and back.charsmap else None,
            )
            file.check()
        except ValueError as error:
            raise FormatError(f"not a whole SentencePiece model: {error}") from None
        return file

    def check(self) -> None:
        """Find what SentencePiece refuses to load.

        Raises
        ------
        ValueError
            A piece is given twice, a score is not finite, or the unknown piece or the bytes are not as meant.
        """
        seen: set[str] = set()
        for text, score, kind in self.entries:
            if text in seen:
                raise ValueError(f"the piece {text!r} twice")
            if not math.isfinite(score):
                raise ValueError(f"the score {score} of {text!r}, which is no finite number")
            if kind == Kind.BYTE and not re.fullmatch("<0x[0-9A-F]{2}>", text):
                raise ValueError(f"{text!r}, which is no byte")
            seen.add(text)
        unknown, raw = (sum(entry.kind == kind for entry in self.entries) for kind in (Kind.UNKNOWN, Kind.BYTE))
        if unknown != 1:
            raise ValueError(f"{unknown} unknown pieces, where one is meant")
        if raw != (256 if self.byte_fallback else 0):
            raise ValueError(f"{raw} pieces for bytes with byte_fallback {'on' if self.byte_fallback else 'off'}")


def _write_entry(entry: Entry) -> bytes:
    fields = bytes_field(TEXT, entry.text.encode()) + float_field(SCORE, entry.score)
    return fields if entry.kind == Kind.NORMAL else fields + integer_field(KIND, entry.kind)


def _read_entry(data: bytes) -> Entry:
    piece = Message(data)
    text = piece.text(TEXT, "")
    if not text:
        raise ValueError("an empty piece")
    return Entry(text, piece.floating(SCORE, 0.0), Kind(piece.integer(KIND, Kind.NORMAL)))


def _rules(normalizer: Normalizer) -> bytes:
    fields = [
        bytes_field(RULE, normalizer.name.encode()),
        bytes_field(CHARSMAP, normalizer.charsmap),
        integer_field(DUMMY_PREFIX, normalizer.add_dummy_prefix),
        integer_field(EXTRA_SPACES, normalizer.remove_extra_whitespaces),
        *([] if normalizer.escape_whitespaces else [integer_field(ESCAPE, 0)]),
    ]
    return b"".join(fields)


def _read_rules(rules: Message) -> Normalizer:
    return Normalizer(
        rules.text(RULE, ""),
        b"".join(rules.strings(CHARSMAP)[-1:]),
        bool(rules.integer(DUMMY_PREFIX, 1)),
        bool(rules.integer(EXTRA_SPACES, 1)),
        bool(rules.integer(ESCAPE, 1)),
    )
