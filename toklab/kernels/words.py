"""A table of distinct words: found by their bytes, numbered in the order in which they come.

A row is (the word's first 8 bytes, the next 7 and above them its size, how often it came, its number + 1), so
that most look-ups compare two integers and touch one line of the cache. A word of more than 15 bytes has its hash in
the first column and its size, negated, in the second; its bytes are compared where all words are spelled: word i
is ``spelled[starts[i]:starts[i + 1]]``. Empty rows hold 0. ``used`` is (words, bytes spelled).
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.memory import bytes8
from toklab.types import ByteArray, IntArray

LOW, HIGH, COUNT, NUMBER = 0, 1, 2, 3
COLUMNS = 4
SHORT = 15
# Odd constants that scatter the bits of a key (the fractions of the golden ratio and of the square root of 2).
SCATTER_LOW, SCATTER_HIGH = 0x9E3779B97F4A7C15, 0x6A09E667F3BCC909
# Bytes that follow the last word, so that eight at once can be read anywhere.
MARGIN = 16


@inner
def scattered(low: np.uint64, high: np.uint64) -> np.uint64:
    """A hash of a key, good in its lower bits."""
    x = low * np.uint64(SCATTER_LOW) + high * np.uint64(SCATTER_HIGH)
    x = (x ^ x >> np.uint64(32)) * np.uint64(SCATTER_LOW)
    return x >> np.uint64(24)


@inner
def first_bytes(text: ByteArray, at: np.uint64, size: np.uint64) -> np.uint64:
    """Up to 8 bytes of a word; those past its size are 0."""
    word = bytes8(text, at)
    return word if size >= 8 else word & ((np.uint64(1) << (np.uint64(8) * size)) - np.uint64(1))


@inner
def next_bytes(text: ByteArray, at: np.uint64, size: np.uint64) -> np.uint64:
    """The bytes of a short word after the first 8, and its size above them."""
    top = size << np.uint64(56)
    return first_bytes(text, at + np.uint64(8), size - np.uint64(8)) | top if size > 8 else top


@inner
def hash_long(text: ByteArray, at: np.uint64, size: np.uint64) -> np.uint64:
    """A hash of any number of bytes, eight at a time."""
    total = size
    done = np.uint64(0)
    while done < size:
        total = scattered(first_bytes(text, at + done, size - done), total)
        done += np.uint64(8)
    return total


@inner
def same_bytes(text: ByteArray, at: np.uint64, other: ByteArray, there: int, size: np.uint64) -> bool:
    """Whether two stretches of bytes are equal."""
    done = np.uint64(0)
    while done < size:
        if first_bytes(text, at + done, size - done) != first_bytes(other, np.uint64(there) + done, size - done):
            return False
        done += np.uint64(8)
    return True


@inner
def add_word(
    text: ByteArray, at: np.uint64, size: np.uint64, spelled: ByteArray, starts: IntArray, used: IntArray
) -> int:
    """Spell a new word behind the others, where there must be room; gives its number + 1."""
    number, start = used[0], np.uint64(used[1])
    for done in range(size):
        spelled[start + done] = text[at + done]
    used[0], used[1] = number + 1, np.int64(start + size)
    starts[number + 1] = used[1]
    return np.int64(number + 1)


@njit
def move_rows(rows: IntArray, more: IntArray) -> None:
    """Enter the same words in a larger table, which is empty."""
    mask = np.uint64(len(more) - 1)
    for row in range(len(rows)):
        if rows[row, NUMBER] > 0:
            slot = scattered(np.uint64(rows[row, LOW]), np.uint64(rows[row, HIGH])) & mask
            while more[slot, NUMBER] > 0:
                slot = (slot + np.uint64(1)) & mask
            for column in range(COLUMNS):
                more[slot, column] = rows[row, column]


@njit
def write_counts(rows: IntArray, counts: IntArray) -> None:
    """How often each word came, by number."""
    for row in range(len(rows)):
        if rows[row, NUMBER] > 0:
            counts[rows[row, NUMBER] - 1] = rows[row, COUNT]


@njit
def lay_texts(raw: ByteArray, bounds: IntArray, laid: ByteArray) -> None:
    """Copy texts that stand end to end, each with the byte 0xFF behind it."""
    done = np.uint64(0)
    for text in range(len(bounds) - 1):
        start, size = np.uint64(bounds[text]), np.uint64(bounds[text + 1] - bounds[text])
        for i in range(size):
            laid[done + i] = raw[start + i]
        laid[done + size] = 0xFF
        done += size + np.uint64(1)
