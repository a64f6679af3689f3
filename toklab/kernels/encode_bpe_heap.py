"""Compiled twin of `toklab.algorithms.models.BpeModel.merge` for any list of merges: the least rank from a heap.

It is that of `toklab.algorithms.dropout.merge_with_dropout` and `toklab.algorithms.stream.Stream` too: a merge that is
dropped is set aside until the next one is applied, which gives the rounds of the readable twin and the same draws in
the same order. (No pair is entered twice: pieces only grow, so a pair that has changed does not come back.)

Words stand end to end as initial ids. Ranks are a hash table of rows
(left id << 32 | right id, rank << 32 | resulting id). The heap holds (rank << 32 | position): O(n log n) for any word.
`toklab.kernels.encode_bpe` is faster where the list allows it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
def uniform(state: npt.NDArray[np.uint64]) -> float:
    """The next number of a stream, whose state is ``state[0]``."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    x = state[0]
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.float64((x ^ x >> np.uint64(31)) >> np.uint64(11)) * 2.0**-53


@inner
def merge(
    ids: IdArray,
    at: int,
    n: int,
    ranks: IntArray,
    alpha: float,
    state: npt.NDArray[np.uint64],
    links: IntArray,
    heap: IntArray,
    aside: IntArray,
) -> None:
    """Merge the word of ``n`` symbols from ``at`` on in place; ids that are merged away become -1.

    ``links`` (n, 2) are the positions before and after each, ``heap`` has room for 3 n and ``aside`` for n.
    """
    size = waiting = np.int64(0)
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
        if alpha > 0 and uniform(state) < alpha:
            aside[waiting] = entry
            waiting += 1
            continue
        while waiting > 0:
            waiting -= 1
            size = push(heap, size, aside[waiting])
        ids[at + p], ids[at + q] = value & LOW_BITS, -1
        after, before = links[q, 1], links[p, 0]
        links[p, 1] = after
        if after < n:
            links[after, 0] = p
            size = offer(ids, at, p, after, ranks, heap, size)
        if before >= 0:
            size = offer(ids, at, before, p, ranks, heap, size)


@njit
def encode(
    ids: IdArray,
    offsets: IntArray,
    ranks: IntArray,
    alpha: float,
    state: npt.NDArray[np.uint64],
    links: IntArray,
    heap: IntArray,
    aside: IntArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Merge every word in place and move its tokens to the front.

    Parameters
    ----------
    ids : (n,) initial ids; overwritten with the tokens of all words, end to end
    offsets : (words + 1,) where each word begins
    ranks : from `build_ranks`
    alpha : probability that a merge is dropped in a round; nothing is drawn where it is 0
    state : (1,) state of the stream that is drawn from; advanced
    links, heap, aside : room for the longest word: (symbols, 2), (3 * symbols,) and (symbols,)
    ends : (n,) written: after how many symbols of its word each token ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        at, n, first = offsets[word], offsets[word + 1] - offsets[word], done
        merge(ids, at, n, ranks, alpha, state, links, heap, aside)
        p = np.int64(0)
        while p < n:
            ids[done], ends[done] = ids[at + p], links[p, 1]
            p = links[p, 1]
            done += 1
        sizes[word] = done - first
    return done
