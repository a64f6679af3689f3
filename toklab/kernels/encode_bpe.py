"""Compiled twin of `toklab.algorithms.models.BpeModel.merge` for orderly lists of merges, in linear time.

A list is orderly where each token has one merge, of parts that are made before, and is what its own symbols merge to.
Every list that a trainer wrote is; then a word has just one cut into tokens of which no two neighbours would have
merged across the seam between them. So: take the longest token that fits behind the last one, and where none does, go
back. (van Antwerpen and Neubeck 2024, "So many tokens, so little time"; here over initial symbols, not bytes, and with
the leftmost-first rule in `fits`.)

A word of up to SHORT symbols merges step by step instead: that asks for its first pairs all at once, not one after
another.

Tokens are numbered as they are made: initial symbols first, then one for each merge. Two hash tables hold an entry in
one integer, the key above the value, or -1: ``pairs`` (left, right, what they merge to) and ``trie`` (node, symbol,
child) over the symbols of all tokens. The node of a token has its number; other nodes are numbered behind the tokens.
Most pairs that are asked for do not merge: ``maybe`` has a bit for each value of a hash, 0 where no pair has it.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# Columns of a token: its parts (-1: none), its symbols, and the longest token that it begins with.
LEFT, RIGHT, LENGTH, SHORTER = 0, 1, 2, 3
TOKEN_COLUMNS = 4
# Bits of a token's number in ``pairs``, and of a node's and a symbol's in ``trie``.
TOKEN_BITS, NODE_BITS, SYMBOL_BITS = 21, 23, 16
NONE = 1 << TOKEN_BITS
FILTER_BITS = 19
# Short words have so many symbols that a pair's value and place fit into 32 bits.
SHORT, PLACE_BITS = 32, 5
# An odd constant that scatters the bits of a key (the fraction of the golden ratio).
SCATTER = 0x9E3779B97F4A7C15


@inner
def filter_bit(key: int) -> np.uint64:
    """The bit of a pair in ``maybe``."""
    return (np.uint64(key) * np.uint64(SCATTER)) >> np.uint64(64 - FILTER_BITS)


@inner
def slot_of(table: IntArray, key: int, bits: int) -> np.uint64:
    """Slot of the entry with a key above ``bits`` bits of value, or the empty one where it belongs."""
    mask = np.uint64(len(table) - 1)
    x = np.uint64(key) * np.uint64(SCATTER)
    slot = (x ^ x >> np.uint64(32)) & mask
    while table[slot] >> bits != key and table[slot] != -1:
        slot = (slot + np.uint64(1)) & mask
    return slot


@inner
def merged(pairs: IntArray, maybe: StepArray, left: int, right: int) -> int:
    """What two tokens merge to, or NONE."""
    key = left << TOKEN_BITS | right
    bit = filter_bit(key)
    if maybe[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & np.uint64(1) == 0:
        return np.int64(NONE)
    entry = pairs[slot_of(pairs, key, np.int64(TOKEN_BITS))]
    return np.int64(NONE) if entry == -1 else entry & (NONE - 1)


@inner
def fits(tokens: IdArray, pairs: IntArray, maybe: StepArray, left: int, right: int, until: int) -> bool:
    """Whether no merge to a token before ``until`` crosses the seam between two tokens.

    Their last and first symbols merge step by step into them, in the order of the tokens' numbers; a merge crosses the
    seam if it comes while both that it would join are there. Here the steps are undone, the latest first.
    """
    left_ends, right_ends = until, until
    while True:
        crossing = merged(pairs, maybe, left, right)
        # The leftmost of equal pairs merges first, so a tie is lost to the left and won from the right.
        if crossing < left_ends and crossing <= right_ends:
            return False
        if left > right and tokens[left, LEFT] >= 0:
            left_ends, left = left, np.int64(tokens[left, RIGHT])
        elif tokens[right, LEFT] >= 0:
            right_ends, right = right, np.int64(tokens[right, LEFT])
        else:
            return True


@njit
def describe(parts: IntArray, tokens: IdArray, pairs: IntArray, maybe: StepArray) -> bool:
    """Write the tokens' parts and lengths, and their pairs; False where the list is not orderly.

    Parameters
    ----------
    parts : (merges, 2) numbers of what each merge joins, less than that of what it makes
    tokens : (size, TOKEN_COLUMNS) written
    pairs : of -1, a power of two long, at most half of it needed; written
    maybe : of 0, a bit for each value of FILTER_BITS; written
    """
    first = len(tokens) - len(parts)
    for token in range(len(tokens)):
        tokens[token, LEFT], tokens[token, RIGHT], tokens[token, LENGTH], tokens[token, SHORTER] = -1, -1, 1, -1
    for merge in range(len(parts)):
        left, right, new = parts[merge, 0], parts[merge, 1], first + merge
        key = left << TOKEN_BITS | right
        slot = slot_of(pairs, key, np.int64(TOKEN_BITS))
        if pairs[slot] != -1:
            return False
        pairs[slot] = key << TOKEN_BITS | new
        bit = filter_bit(key)
        maybe[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
        tokens[new, LEFT], tokens[new, RIGHT] = left, right
        tokens[new, LENGTH] = tokens[left, LENGTH] + tokens[right, LENGTH]
    orderly = True
    for merge in range(len(parts)):
        orderly &= fits(tokens, pairs, maybe, parts[merge, 0], parts[merge, 1], first + merge)
    return orderly


@njit
def spell(tokens: IdArray, starts: IntArray, symbols: IdArray) -> None:
    """Write the symbols of every token, from ``starts`` on."""
    for token in range(len(tokens)):
        at = starts[token]
        if tokens[token, LEFT] < 0:
            symbols[at] = token
            continue
        for side in range(2):
            part = tokens[token, side]
            for i in range(starts[part], starts[part + 1]):
                symbols[at] = symbols[i]
                at += 1


@njit
def build_trie(order: IntArray, starts: IntArray, symbols: IdArray, tokens: IdArray, trie: IntArray) -> bool:
    """Enter every token, and find the longest that each begins with; False where the table would be too full.

    Parameters
    ----------
    order : tokens of more than one symbol, none before a shorter one
    trie : of -1, a power of two long; written
    """
    nodes = len(tokens)
    entered = 0
    for token in order:
        # Its left part is shorter, so it is there already.
        node = np.int64(tokens[token, LEFT])
        for at in range(starts[token] + tokens[node, LENGTH], starts[token + 1]):
            if node < len(tokens):
                tokens[token, SHORTER] = node
            key = node << SYMBOL_BITS | symbols[at]
            slot = slot_of(trie, key, np.int64(NODE_BITS))
            if trie[slot] == -1:
                entered += 1
                if 4 * entered > 3 * len(trie) or nodes >> NODE_BITS:
                    return False
                last = at + 1 == starts[token + 1]
                trie[slot] = key << NODE_BITS | (token if last else nodes)
                nodes += 0 if last else 1
            node = trie[slot] & ((1 << NODE_BITS) - 1)
    return True


@inner
def longest(symbols: IdArray, at: int, end: int, size: int, trie: IntArray) -> int:
    """The longest of ``size`` tokens that the symbols from a place on begin with."""
    node = np.int64(symbols[at])
    best = node
    for i in range(at + 1, end):
        entry = trie[slot_of(trie, node << SYMBOL_BITS | symbols[i], np.int64(NODE_BITS))]
        if entry == -1:
            break
        node = entry & ((1 << NODE_BITS) - 1)
        if node < size:
            best = node
    return best


@inner
def cut(
    symbols: IdArray,
    start: int,
    end: int,
    tokens: IdArray,
    pairs: IntArray,
    maybe: StepArray,
    trie: IntArray,
    dead: ByteArray,
    out: IdArray,
    done: int,
) -> int:
    """Cut one word into ``out[done:]``; gives the number of tokens.

    ``dead`` marks the places that lead nowhere: which tokens stand before a place does not depend on what follows.
    """
    at, n = start, done
    token = longest(symbols, at, end, len(tokens), trie)
    while True:
        last = np.int64(out[n - 1]) if n > done else np.int64(-1)
        while token != -1:
            behind = at + tokens[token, LENGTH]
            if dead[behind] == 0 and (last == -1 or fits(tokens, pairs, maybe, last, token, np.int64(NONE))):
                break
            token = np.int64(tokens[token, SHORTER])
        if token == -1:
            dead[at] = 1
            n -= 1
            at -= tokens[out[n], LENGTH]
            token = np.int64(tokens[out[n], SHORTER])
            continue
        out[n] = token
        n += 1
        at += tokens[token, LENGTH]
        if at >= end:
            return n - done
        token = longest(symbols, at, end, len(tokens), trie)


@inner
def merge_short(
    symbols: IdArray,
    start: int,
    size: int,
    pairs: IntArray,
    maybe: StepArray,
    values: IdArray,
    out: IdArray,
    ends: IdArray,
    done: int,
) -> int:
    """Merge one word into ``out[done:]`` and ``ends[done:]``, the least value first; gives the number of tokens."""
    at, one, n = np.uint64(done), np.uint64(1), np.uint64(size)
    for i in range(n):
        out[at + i], ends[at + i] = symbols[np.uint64(start) + i], i + one
    n -= one
    for i in range(n):
        values[i] = merged(pairs, maybe, np.int64(out[at + i]), np.int64(out[at + i + one]))
    while n > 0:
        best = np.int32(NONE << PLACE_BITS)
        for i in range(n):
            best = min(best, np.int32(values[i] << np.int32(PLACE_BITS) | np.int32(i)))
        new, here = best >> PLACE_BITS, np.uint64(best & ((1 << PLACE_BITS) - 1))
        if new == NONE:
            break
        out[at + here], ends[at + here] = new, ends[at + here + one]
        n -= one
        for i in range(here + one, n + one):
            out[at + i], ends[at + i] = out[at + i + one], ends[at + i + one]
        for i in range(here, n):
            values[i] = values[i + one]
        if here > 0:
            values[here - one] = merged(pairs, maybe, np.int64(out[at + here - one]), np.int64(new))
        if here < n:
            values[here] = merged(pairs, maybe, np.int64(new), np.int64(out[at + here + one]))
    return np.int64(n) + 1


@njit
def encode(
    symbols: IdArray,
    offsets: IntArray,
    tokens: IdArray,
    pairs: IntArray,
    maybe: StepArray,
    trie: IntArray,
    dead: ByteArray,
    values: IdArray,
    out: IdArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Cut every word into tokens.

    Parameters
    ----------
    symbols : (n,) initial symbols by number
    offsets : (words + 1,) where each word begins
    tokens, pairs, maybe, trie : of the model
    dead, values : room to work in: (n + 1,) of 0, and (SHORT,)
    out, ends : (n,) written: tokens of all words, end to end, and after how many symbols of its word each ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        start, end = offsets[word], offsets[word + 1]
        n = np.int64(0)
        if end - start > SHORT:
            n = cut(symbols, start, end, tokens, pairs, maybe, trie, dead, out, done)
            at = np.int64(0)
            for i in range(done, done + n):
                at += tokens[out[i], LENGTH]
                ends[i] = at
        elif start < end:
            n = merge_short(symbols, start, end - start, pairs, maybe, values, out, ends, done)
        sizes[word] = n
        done += n
    return done
