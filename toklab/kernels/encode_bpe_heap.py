"""Compiled twin of `toklab.algorithms.models.BpeModel.merge` for any list of merges: the least rank from a heap.

Words stand end to end as initial ids. Ranks are a hash table of rows
(left id << 32 | right id, rank << 32 | resulting id). The heap holds (rank << 32 | position): O(n log n) for any word.
`toklab.kernels.encode_bpe` is faster where the list allows it.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import IdArray, IntArray

NONE = 0x7FFFFFFFFFFFFFFF
LOW_BITS = 0xFFFFFFFF
# An odd constant that scatters the bits of a key (the fraction of the golden ratio).
SCATTER = 0x9E3779B97F4A7C15


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
def begin(ids: IdArray, at: int, n: int, ranks: IntArray, links: IntArray, heap: IntArray) -> int:
    """Link the ``n`` symbols of a word from ``at`` on and fill the heap with what merges; gives its size.

    ``links`` (n, 2) are the positions before and after each, ``heap`` has room for 3 n.
    """
    size = np.int64(0)
    for p in range(n):
        links[p, 0], links[p, 1] = p - 1, p + 1
        if p + 1 < n:
            size = offer(ids, at, p, p + 1, ranks, heap, size)
    return size


@inner
def valid(entry: int, ids: IdArray, at: int, n: int, ranks: IntArray, links: IntArray) -> int:
    """Rank and result of the pair that an entry names, or NONE: it is gone, or another one by now."""
    p = entry & LOW_BITS
    q = links[p, 1]
    if ids[at + p] < 0 or q >= n:
        return np.int64(NONE)
    value = value_of(ranks, ids[at + p], ids[at + q])
    return value if value >> 32 == entry >> 32 else np.int64(NONE)


@inner
def join(
    entry: int,
    value: int,
    ids: IdArray,
    at: int,
    n: int,
    ranks: IntArray,
    links: IntArray,
    heap: IntArray,
    size: int,
) -> int:
    """Merge the pair that an entry names, leaving -1 on its right; offer its new neighbours; gives the heap's size."""
    p = entry & LOW_BITS
    q = links[p, 1]
    ids[at + p], ids[at + q] = value & LOW_BITS, -1
    after, before = links[q, 1], links[p, 0]
    links[p, 1] = after
    if after < n:
        links[after, 0] = p
        size = offer(ids, at, p, after, ranks, heap, size)
    if before >= 0:
        size = offer(ids, at, before, p, ranks, heap, size)
    return size


@inner
def gather(ids: IdArray, at: int, n: int, links: IntArray, ends: IdArray, done: int) -> int:
    """Move the tokens of a word behind the ``done`` of those before it; gives how many there are then."""
    p = np.int64(0)
    while p < n:
        ids[done], ends[done] = ids[at + p], links[p, 1]
        p = links[p, 1]
        done += 1
    return done


@njit
def encode(
    ids: IdArray, offsets: IntArray, ranks: IntArray, links: IntArray, heap: IntArray, ends: IdArray, sizes: IntArray
) -> int:
    """Merge every word in place and move its tokens to the front.

    Parameters
    ----------
    ids : (n,) initial ids; overwritten with the tokens of all words, end to end
    offsets : (words + 1,) where each word begins
    ranks : from `build_ranks`
    links, heap : room for the longest word: (symbols, 2) and (3 * symbols,)
    ends : (n,) written: after how many symbols of its word each token ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        at, n, first = offsets[word], offsets[word + 1] - offsets[word], done
        size = begin(ids, at, n, ranks, links, heap)
        while size > 0:
            entry = heap[0]
            size = drop_first(heap, size)
            value = valid(entry, ids, at, n, ranks, links)
            if value != NONE:
                size = join(entry, value, ids, at, n, ranks, links, heap, size)
        done = gather(ids, at, n, links, ends, done)
        sizes[word] = done - first
    return done
