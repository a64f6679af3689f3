"""Compiled twin of `toklab.algorithms.models.BpeModel.merge`.

Words stand end to end as initial ids, with the byte of the word where each ends. Ranks are a hash table of rows
(left id << 32 | right id, rank << 32 | resulting id). A short word keeps the value of each pair beside it and takes
the least; a long one takes it from a heap of (rank << 32 | position), O(n log n) for any word.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import IdArray, IntArray

NONE = 0x7FFFFFFFFFFFFFFF
LOW_BITS = 0xFFFFFFFF
# An odd constant that scatters the bits of a key (the fraction of the golden ratio).
SCATTER = 0x9E3779B97F4A7C15
# Up to this many symbols, looking at all pairs costs less than a heap.
SHORT = 24


@inner
def scattered(key: int) -> np.uint64:
    """A hash of a pair."""
    x = np.uint64(key) * np.uint64(SCATTER)
    return x ^ x >> np.uint64(32)


@njit
def build_ranks(merges: IntArray, ranks: IntArray) -> None:
    """Fill a hash table, whose keys are -1 and whose size is a power of two; of equal pairs the last rank counts."""
    mask = np.uint64(len(ranks) - 1)
    for rank in range(len(merges)):
        key = (merges[rank, 0] << 32) | merges[rank, 1]
        slot = scattered(key) & mask
        while ranks[slot, 0] != -1 and ranks[slot, 0] != key:
            slot = (slot + np.uint64(1)) & mask
        ranks[slot, 0], ranks[slot, 1] = key, (np.int64(rank) << 32) | merges[rank, 2]


@inner
def value_of(ranks: IntArray, left: int, right: int) -> int:
    """Rank and result of a pair, or NONE."""
    mask = np.uint64(len(ranks) - 1)
    key = (np.int64(left) << 32) | np.int64(right)
    slot = scattered(key) & mask
    while ranks[slot, 0] != key:
        if ranks[slot, 0] == -1:
            return np.int64(NONE)
        slot = (slot + np.uint64(1)) & mask
    return np.int64(ranks[slot, 1])


@inner
def merge_short(ids: IdArray, ends: IdArray, start: int, size: int, ranks: IntArray, values: IntArray) -> int:
    """Merge the word of ``size`` symbols from ``start`` on in place; gives the number of tokens left."""
    if size < 2:
        return size
    one, at, pairs = np.uint64(1), np.uint64(start), np.uint64(size - 1)
    for i in range(pairs):
        values[i] = value_of(ranks, ids[at + i], ids[at + i + one])
    while pairs > 0:
        best, value = np.uint64(0), values[0]
        for i in range(one, pairs):
            if values[i] < value:  # equal pairs have equal values, so the first stays
                best, value = i, values[i]
        if value == NONE:
            break
        ids[at + best] = value & LOW_BITS
        ends[at + best] = ends[at + best + one]
        for i in range(best + one, pairs):
            ids[at + i], ends[at + i], values[i - one] = ids[at + i + one], ends[at + i + one], values[i]
        pairs -= one
        if best > 0:
            values[best - one] = value_of(ranks, ids[at + best - one], ids[at + best])
        if best < pairs:
            values[best] = value_of(ranks, ids[at + best], ids[at + best + one])
    return np.int64(pairs) + 1


@inner
def push(heap: IntArray, size: int, entry: int) -> int:
    """Enter a value; gives the new size."""
    at = size
    while at > 0 and entry < heap[(at - 1) >> 1]:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry
    return size + 1


@inner
def drop_first(heap: IntArray, size: int) -> int:
    """Take the smallest of ``size`` values out; gives the new size."""
    size -= 1
    last = heap[size]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = last
    return size


@inner
def offer(ids: IdArray, at: int, left: int, right: int, ranks: IntArray, heap: IntArray, size: int) -> int:
    """Enter the pair of two positions, if it merges; gives the size of the heap."""
    value = value_of(ranks, ids[at + left], ids[at + right])
    return size if value == NONE else push(heap, size, (value >> 32) << 32 | left)


@inner
def merge_long(ids: IdArray, ends: IdArray, at: int, n: int, ranks: IntArray, links: IntArray, heap: IntArray) -> int:
    """The same by a heap. ``links`` (n, 2) are the positions before and after each, ``heap`` has room for 3 n."""
    size = np.int64(0)
    for p in range(n):
        links[p, 0], links[p, 1] = p - 1, p + 1
        if p + 1 < n:
            size = offer(ids, at, p, p + 1, ranks, heap, size)
    while size > 0:
        entry = heap[0]
        size = drop_first(heap, size)
        p = entry & LOW_BITS
        q = links[p, 1]
        if ids[at + p] < 0 or q >= n:
            continue
        value = value_of(ranks, ids[at + p], ids[at + q])
        # A stale entry names a position that is gone, or that holds another pair by now.
        if value == NONE or value >> 32 != entry >> 32:
            continue
        ids[at + p], ids[at + q] = value & LOW_BITS, -1
        ends[at + p] = ends[at + q]
        after, before = links[q, 1], links[p, 0]
        links[p, 1] = after
        if after < n:
            links[after, 0] = p
            size = offer(ids, at, p, after, ranks, heap, size)
        if before >= 0:
            size = offer(ids, at, before, p, ranks, heap, size)
    kept = 0
    for p in range(n):
        if ids[at + p] >= 0:
            ids[at + kept], ends[at + kept] = ids[at + p], ends[at + p]
            kept += 1
    return kept


@njit
def encode(
    ids: IdArray, ends: IdArray, offsets: IntArray, ranks: IntArray, links: IntArray, heap: IntArray, sizes: IntArray
) -> int:
    """Merge every word in place and move its tokens to the front.

    Parameters
    ----------
    ids, ends : (n,) initial ids, and the byte of the word where each ends; overwritten
    offsets : (words + 1,) where each word begins
    ranks : from `build_ranks`
    links, heap : room for the longest word: (symbols, 2) and (3 * symbols,), at least for SHORT of them
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        at, n = offsets[word], offsets[word + 1] - offsets[word]
        if n <= SHORT:
            n = merge_short(ids, ends, at, n, ranks, heap)
        else:
            n = merge_long(ids, ends, at, n, ranks, links, heap)
        for i in range(n):
            ids[done + i], ends[done + i] = ids[at + i], ends[at + i]
        sizes[word] = n
        done += n
    return done
