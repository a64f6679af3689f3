"""A Unigram vocabulary as a SentencePiece ``.model``: the few fields of its protocol buffer that encoding reads.

Field numbers are those of ``sentencepiece_model.proto``; wire types those of the Protocol Buffers encoding guide.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
NUMBER, BYTES, FLOAT = 0, 2, 5
UNIGRAM = 1


def unigram_file(entries: Iterable[tuple[str, float]], specials: frozenset[int], unknown: int) -> bytes:
    """The model, without normalisation and without a space put before the text.

    Parameters
    ----------
    entries : pieces with U+2581 for the space, and their scores, by id
    specials : ids that no text becomes
    unknown : id of the unknown piece
    """
    model = b""
    for index, (text, score) in enumerate(entries):
        kind = UNKNOWN if index == unknown else CONTROL if index in specials else NORMAL
        # The unknown's own score follows from the lowest of the others.
        shown = score if kind == NORMAL else 0.0
        piece = _bytes(1, text.encode("utf-8")) + _key(2, FLOAT) + struct.pack("<f", shown) + _number(3, kind)
        model += _bytes(1, piece)
    trainer = _number(3, UNIGRAM) + _number(40, unknown)
    normalizer = _bytes(1, b"identity") + b"".join(_number(*field) for field in ((3, 0), (4, 0), (5, 1)))
    return model + _bytes(2, trainer) + _bytes(3, normalizer)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _number(field: int, value: int) -> bytes:
    return _key(field, NUMBER) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits at a time, lowest first; the eighth says that more follow."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
