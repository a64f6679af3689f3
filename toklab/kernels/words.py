"""A table of distinct words: found by their bytes, numbered in the order in which they come.

A row is (the word's first 8 bytes, then 3 more with its size above them and below them its number + 1), so that most
look-ups compare two integers and touch one line of the cache. A word of more than 11 bytes has its hash in the first
column, and above its number the lower bits of its size with a bit that no size has; its bytes are compared where all
words are spelled: word i is ``spelled[starts[i]:starts[i + 1]]``. Empty rows hold 0. ``used`` is (words, bytes
spelled).
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.memory import bytes8
from toklab.types import ByteArray, IntArray

LOW, REST = 0, 1
COLUMNS = 2
SHORT = 11
NUMBER_BITS, SIZE_AT, LONG = 32, 56, 1 << 63
NUMBERS = (1 << NUMBER_BITS) - 1
# Odd constants that scatter the bits of a key (the fractions of the golden ratio and of the square root of 2).
SCATTER_LOW, SCATTER_HIGH = 0x9E3779B97F4A7C15, 0x6A09E667F3BCC909
# Bytes that follow the last word, so that eight at once can be read anywhere.
MARGIN = 16


@inner
def scattered(low: np.uint64, rest: np.uint64) -> np.uint64:
    """A hash of a row, whatever its number; good in its lower bits."""
    x = low * np.uint64(SCATTER_LOW) + (rest >> np.uint64(NUMBER_BITS)) * np.uint64(SCATTER_HIGH)
    x = (x ^ x >> np.uint64(32)) * np.uint64(SCATTER_LOW)
    return x >> np.uint64(24)


@inner
def first_bytes(word: np.uint64, size: np.uint64) -> np.uint64:
    """Of the 8 bytes from where a word begins, those that are the word's; the others are 0."""
    return word if size >= 8 else word & ((np.uint64(1) << (np.uint64(8) * size)) - np.uint64(1))


@inner
def next_bytes(text: ByteArray, at: np.uint64, size: np.uint64) -> np.uint64:
    """The bytes of a short word after the first 8, and its size above them; 0 where its number would be."""
    # No branch: which words have more than 8 bytes, the processor could not foresee.
    more = size - np.uint64(8) if size > 8 else np.uint64(0)
    rest = bytes8(text, at + np.uint64(8)) & ((np.uint64(1) << (np.uint64(8) * more)) - np.uint64(1))
    return rest << np.uint64(NUMBER_BITS) | size << np.uint64(SIZE_AT)


@inner
def hash_long(text: ByteArray, at: np.uint64, size: np.uint64) -> np.uint64:
    """A hash of any number of bytes, eight at a time."""
    total = size
    done = np.uint64(0)
    while done < size:
        total = scattered(first_bytes(bytes8(text, at + done), size - done), total << np.uint64(NUMBER_BITS))
        done += np.uint64(8)
    return total


@inner
def same_word(
    text: ByteArray, at: np.uint64, size: np.uint64, spelled: ByteArray, starts: IntArray, word: np.uint64
) -> bool:
    """Whether a stretch of bytes is a word that is spelled."""
    done, there = np.uint64(0), np.uint64(starts[word])
    if np.uint64(starts[word + np.uint64(1)]) - there != size:
        return False
    while done < size:
        if first_bytes(bytes8(text, at + done), size - done) != first_bytes(bytes8(spelled, there + done), size - done):
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
        if rows[row, REST] != 0:
            slot = scattered(np.uint64(rows[row, LOW]), np.uint64(rows[row, REST])) & mask
            while more[slot, REST] != 0:
                slot = (slot + np.uint64(1)) & mask
            more[slot, LOW], more[slot, REST] = rows[row, LOW], rows[row, REST]


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
