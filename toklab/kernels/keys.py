"""The bytes of every symbol while a vocabulary grows, found by what they spell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import inner, inner_making
from toklab.kernels.tables import find_key
from toklab.types import ByteArray, IdArray, IntArray


class Keys(NamedTuple):
    """Symbol i is ``text[starts[i]:starts[i + 1]]``; ``table`` finds symbols by their bytes; (1,) ``size`` counts."""

    text: ByteArray
    starts: IntArray
    table: IdArray
    size: IntArray


@inner_making
def new_keys(text: ByteArray, starts: IntArray) -> Keys:
    """Index the initial symbols' bytes; empty ones can never be spelled and are left out."""
    table = np.full(1024, -1, np.int32)
    while len(table) < 4 * len(starts):
        table = np.full(2 * len(table), -1, np.int32)
    n = len(starts) - 1
    for i in range(n):
        if starts[i + 1] > starts[i]:
            table[find_key(table, text, starts, starts[i], starts[i + 1] - starts[i])] = i
    return Keys(text, starts, table, np.array([n], np.int64))


@inner_making
def keys_with_room(keys: Keys, left: int, right: int) -> Keys:
    """The same keys with room for one more, of the size that left and right make together."""
    n = keys.size[0]
    text, starts, table = keys.text, keys.starts, keys.table
    needed = starts[n] + starts[left + 1] - starts[left] + starts[right + 1] - starts[right]
    if needed > len(text):
        bigger = np.zeros(2 * needed, np.uint8)
        for i in range(starts[n]):
            bigger[i] = text[i]
        text = bigger
    if n + 2 > len(starts):
        longer = np.zeros(2 * len(starts) + 2, np.int64)
        for i in range(n + 1):
            longer[i] = starts[i]
        starts = longer
    if 2 * n > len(table):
        wider = np.full(2 * len(table), -1, np.int32)
        for i in range(n):
            if starts[i + 1] > starts[i]:
                wider[find_key(wider, text, starts, starts[i], starts[i + 1] - starts[i])] = i
        table = wider
    return Keys(text, starts, table, keys.size)


@inner
def spell_merge(keys: Keys, left: int, right: int, joiner: int) -> int:
    """Write left + right (less ``joiner`` bytes) after the last key; gives the symbol that has it, or -1.

    `accept_merge` keeps what was written; otherwise the next call writes over it.
    """
    text, starts, n = keys.text, keys.starts, keys.size[0]
    at = starts[n]
    for i in range(starts[left], starts[left + 1]):
        text[at] = text[i]
        at += 1
    for i in range(starts[right] + joiner, starts[right + 1]):
        text[at] = text[i]
        at += 1
    starts[n + 1] = at
    slot = find_key(keys.table, text, starts, starts[n], at - starts[n])
    return np.int64(keys.table[slot])


@inner
def accept_merge(keys: Keys) -> int:
    """Make the key that `spell_merge` wrote a symbol; gives its id."""
    n = keys.size[0]
    slot = find_key(keys.table, keys.text, keys.starts, keys.starts[n], keys.starts[n + 1] - keys.starts[n])
    keys.table[slot] = n
    keys.size[0] = n + 1
    return np.int64(n)


@inner
def spells_byte(text: ByteArray, start: int, end: int) -> bool:
    """Compiled twin of `toklab.algorithms.bpe.spells_byte`."""
    if end - start != 6 or text[start] != 60 or text[start + 1] != 48 or text[start + 2] != 120:  # <0x
        return False
    plus = text[start + 3] == 43
    return bool((plus or _is_digit(text[start + 3])) and _is_digit(text[start + 4]) and text[start + 5] == 62)


@inner
def _is_digit(byte: int) -> bool:
    """Whether a byte is a hexadecimal digit of either case."""
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
