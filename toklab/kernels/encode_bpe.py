"""Compiled twin of `toklab.algorithms.models.BpeModel.merge`: a heap of ranked pairs, O(n log n) for any word."""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.tables import slot_of
from toklab.types import IdArray, IntArray


@njit
def build_ranks(merges: IntArray) -> tuple[IntArray, IdArray]:
    """Hash table from (left id << 32 | right id) to rank; of equal pairs the last rank counts."""
    size = 1024
    while size < 3 * len(merges):
        size *= 2
    keys = np.full(size, -1, np.int64)
    ranks = np.zeros(size, np.int32)
    for rank in range(len(merges)):
        key = (merges[rank, 0] << 32) | merges[rank, 1]
        slot = slot_of(keys, key)
        keys[slot] = key
        ranks[slot] = rank
    return keys, ranks


@njit
def _push(heap: IntArray, size: int, entry: int) -> None:
    at = size
    while at > 0 and entry < heap[(at - 1) >> 1]:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry


@njit
def _pop(heap: IntArray, size: int) -> int:
    """Smallest entry of ``size``; the others stay a heap of one less."""
    first, last = heap[0], heap[size - 1]
    at = 0
    while 2 * at + 1 < size - 1:
        child = 2 * at + 1
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = last
    return np.int64(first)


@njit
def _rank_of(keys: IntArray, ranks: IdArray, left: int, right: int) -> int:
    slot = slot_of(keys, (np.int64(left) << 32) | np.int64(right))
    return np.int64(ranks[slot]) if keys[slot] != -1 else np.int64(-1)


@njit
def _merge_word(
    ids: IntArray,
    widths: IntArray,
    links: IntArray,
    heap: IntArray,
    merges: IntArray,
    keys: IntArray,
    ranks: IdArray,
) -> int:
    """Merge one word in place and pack it to the front; gives the number of tokens left."""
    n = len(ids)
    size = 0
    for p in range(n):
        links[p, 0], links[p, 1] = p - 1, p + 1
        if p + 1 < n:
            rank = _rank_of(keys, ranks, ids[p], ids[p + 1])
            if rank >= 0:
                _push(heap, size, (rank << 32) | p)
                size += 1
    while size > 0:
        entry = _pop(heap, size)
        size -= 1
        p, rank = entry & 0xFFFFFFFF, entry >> 32
        q = links[p, 1]
        # Stale entries name a position that is gone or holds another pair by now.
        if ids[p] != merges[rank, 0] or q >= n or ids[q] != merges[rank, 1]:
            continue
        ids[p] = merges[rank, 2]
        widths[p] += widths[q]
        ids[q] = -1
        after = links[q, 1]
        links[p, 1] = after
        if after < n:
            links[after, 0] = p
            rank = _rank_of(keys, ranks, ids[p], ids[after])
            if rank >= 0:
                _push(heap, size, (rank << 32) | p)
                size += 1
        before = links[p, 0]
        if before >= 0:
            rank = _rank_of(keys, ranks, ids[before], ids[p])
            if rank >= 0:
                _push(heap, size, (rank << 32) | before)
                size += 1
    kept = 0
    for p in range(n):
        if ids[p] != -1:
            ids[kept], widths[kept] = ids[p], widths[p]
            kept += 1
    return kept


@njit
def encode(
    ids: IntArray, widths: IntArray, offsets: IntArray, merges: IntArray, keys: IntArray, ranks: IdArray
) -> IntArray:
    """Merge every word in place.

    Parameters
    ----------
    ids, widths : (n,) initial ids and the bytes that each covers, words end to end; overwritten
    offsets : (words + 1,) where each word begins
    merges : (m, 3) left, right and resulting id by rank
    keys, ranks : from `build_ranks`

    Returns
    -------
    sizes : (words,) tokens of each word; word i is ``ids[offsets[i]:offsets[i] + sizes[i]]``
    """
    longest = 1
    for word in range(len(offsets) - 1):
        longest = max(longest, offsets[word + 1] - offsets[word])
    links = np.zeros((longest, 2), np.int64)
    heap = np.zeros(3 * longest, np.int64)
    sizes = np.zeros(len(offsets) - 1, np.int64)
    for word in range(len(sizes)):
        a, b = offsets[word], offsets[word + 1]
        sizes[word] = _merge_word(ids[a:b], widths[a:b], links, heap, merges, keys, ranks)
    return sizes
