"""Hash tables and byte strings on flat arrays, shared by the trainers and encoders."""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner
from toklab.types import ByteArray, IdArray, IntArray


@inner
def mix(key: int) -> int:
    """Scatter a 63-bit key (splitmix64's finaliser)."""
    x = np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((x ^ (x >> np.uint64(31))) & np.uint64(0x7FFFFFFFFFFFFFFF))


@inner
def hash_bytes(text: ByteArray, start: int, size: int) -> int:
    """FNV-1a of a stretch of bytes, scattered once more."""
    h = np.uint64(0xCBF29CE484222325)
    for i in range(start, start + size):
        h = (h ^ np.uint64(text[i])) * np.uint64(0x100000001B3)
    return mix(np.int64(h & np.uint64(0x7FFFFFFFFFFFFFFF)))


@inner
def find_key(table: IdArray, text: ByteArray, starts: IntArray, at: int, size: int) -> int:
    """Slot of the entry whose bytes equal ``text[at:at + size]``, or of the empty slot where it belongs.

    Parameters
    ----------
    table : entry of each slot, -1 where empty; a power of two long
    starts : entry i holds the bytes ``text[starts[i]:starts[i + 1]]``
    """
    mask = len(table) - 1
    slot = hash_bytes(text, at, size) & mask
    while table[slot] != -1:
        entry = table[slot]
        first = starts[entry]
        if starts[entry + 1] - first == size:
            same = 0
            while same < size and text[first + same] == text[at + same]:
                same += 1
            if same == size:
                break
        slot = (slot + 1) & mask
    return slot


@inner
def compare_keys(text: ByteArray, starts: IntArray, a: int, b: int) -> int:
    """-1, 0 or 1 as the bytes of entry a sort before, equal or after those of entry b."""
    size_a, size_b = starts[a + 1] - starts[a], starts[b + 1] - starts[b]
    for i in range(min(size_a, size_b)):
        x, y = text[starts[a] + i], text[starts[b] + i]
        if x != y:
            return -1 if x < y else 1
    if size_a == size_b:
        return 0
    return -1 if size_a < size_b else 1
