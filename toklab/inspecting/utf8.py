"""Which bytes can stand next to each other in UTF-8, and characters that hold given bytes."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

import numpy as np

from toklab.types import ByteArray, IntArray

CONTINUATIONS = frozenset(range(0x80, 0xC0))
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")


def head_of(raw: bytes) -> bytes:
    """The bytes at the beginning that end a character begun before them."""
    count = 0
    while count < len(raw) and raw[count] in CONTINUATIONS:
        count += 1
    return raw[:count]


def tail_of(raw: bytes) -> bytes:
    """The bytes at the end that begin a character and do not end it, given that `is_stretch` holds."""
    rest = raw[len(head_of(raw)) :]
    decoder = codecs.getincrementaldecoder("utf-8")()
    whole = len(decoder.decode(rest).encode("utf-8"))
    return rest[whole:]


def inside_of(raw: bytes) -> str:
    """The whole characters between head and tail."""
    return raw[len(head_of(raw)) : len(raw) - len(tail_of(raw))].decode("utf-8")


def is_whole(raw: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_stretch(raw: bytes) -> bool:
    """Whether some valid UTF-8 holds the bytes.

    Exact: any one to three continuation bytes end some character (a lead byte of F1 takes any three), and Python's
    decoder refuses a byte as soon as nothing valid can come of it (E0 80, F4 90, C0, F5), but for the first two bytes
    of a surrogate (ED A0).
    """
    head = head_of(raw)
    if len(head) > 3 or _SURROGATE.search(raw):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw[len(head) :])
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _by_width() -> tuple[tuple[IntArray, ByteArray], ...]:
    """Code points of two, three and four bytes, and their bytes: ((n,), (n, width)) each."""
    found = []
    for width, low, high in ((2, 0x80, 0x800), (3, 0x800, 0x10000), (4, 0x10000, 0x110000)):
        codes = np.arange(low, high, dtype=np.int64)
        codes = codes[(codes < 0xD800) | (codes > 0xDFFF)]
        raw = codes.astype(np.uint32).tobytes().decode("utf-32-le").encode("utf-8")
        found.append((codes, np.frombuffer(raw, np.uint8).reshape(-1, width)))
    return tuple(found)


@lru_cache(maxsize=1 << 12)
def characters_with(raw: bytes, where: str) -> IntArray:
    """Code points of two bytes or more whose UTF-8 begins with, ends with or holds some bytes, ascending: (n,) int64.

    Parameters
    ----------
    raw : one to four bytes; all of a character only for ``"inside"``
    where : ``"begin"``, ``"end"`` or ``"inside"``
    """
    found = []
    for codes, rows in _by_width():
        width = rows.shape[1]
        last = width - len(raw)
        places = {"begin": [0] if last > 0 else [], "end": [last] if last > 0 else [], "inside": range(last + 1)}[where]
        mask = np.zeros(len(codes), bool)
        for place in places:
            same = np.ones(len(codes), bool)
            for offset, byte in enumerate(raw):
                same &= rows[:, place + offset] == byte
            mask |= same
        found.append(codes[mask])
    return np.concatenate(found)
