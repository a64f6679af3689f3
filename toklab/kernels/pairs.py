"""Pairs of tokens and what they merge to, found at one place: a perfect hash (Belazzougui, Botelho and Dietzfelbinger
2009, "Hash, displace, and compress", without the compression).

An entry is one integer, (left, right, what they merge to) with TOKEN_BITS for each, or -1. The hash of a pair names a
seed, and the hash with the seed the one place where its entry can be: seeds are chosen so that no two pairs meet.
Most pairs that are asked for one by one do not merge: ``maybe`` has a bit for each value of a hash, 0 where no pair
has it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import IdArray, IntArray, StepArray

TOKEN_BITS = 21
NONE = 1 << TOKEN_BITS
FILTER_BITS = 19
# Entries for each seed: with fewer seeds they take less of the first level of cache, with more they are found sooner.
ENTRIES = 8
SEED_SHIFT = 40
# Odd constants that scatter the bits of a key (the fractions of the golden ratio and of the square root of 2).
SCATTER, SCATTER_SEED = 0x9E3779B97F4A7C15, 0x6A09E667F3BCC909


class Pairs(NamedTuple):
    """The entries and the seeds, each a power of two long, and the bits of ``maybe``, 64 in one."""

    entries: IntArray
    seeds: IdArray
    maybe: StepArray


@inner
def place_of(entries: IntArray, mixed: np.uint64, seed: np.uint64) -> np.uint64:
    """Where the entry of a hash and a seed stands."""
    x = (mixed ^ seed * np.uint64(SCATTER_SEED)) * np.uint64(SCATTER)
    return x >> np.uint64(32) & np.uint64(len(entries) - 1)


@inner
def find(pairs: Pairs, left: int, right: int) -> int:
    """What two tokens merge to, or NONE."""
    pair = np.uint64(left) << np.uint64(TOKEN_BITS) | np.uint64(right)
    mixed = pair * np.uint64(SCATTER)
    seed = np.uint64(pairs.seeds[mixed >> np.uint64(SEED_SHIFT) & np.uint64(len(pairs.seeds) - 1)])
    # The pair's own bits vanish where the entry is its.
    rest = np.uint64(pairs.entries[place_of(pairs.entries, mixed, seed)]) ^ pair << np.uint64(TOKEN_BITS)
    return np.int32(rest) if rest < np.uint64(NONE) else np.int32(NONE)


@inner
def find_rare(pairs: Pairs, left: int, right: int) -> int:
    """The same, faster where most do not merge."""
    pair = np.uint64(left) << np.uint64(TOKEN_BITS) | np.uint64(right)
    bit = pair * np.uint64(SCATTER) >> np.uint64(64 - FILTER_BITS)
    if pairs.maybe[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & np.uint64(1) == 0:
        return np.int64(NONE)
    return np.int64(find(pairs, np.int32(left), np.int32(right)))


@njit
def enter(keys: StepArray, first: int, groups: IntArray, starts: IntArray, places: IntArray, pairs: Pairs) -> None:
    """Enter different pairs; who begins with those that share their seed with most others is soon done.

    Parameters
    ----------
    keys : (n,) pairs, as left << TOKEN_BITS | right; pair i merges to token ``first`` + i
    groups, starts : the pairs ``groups[starts[i]:starts[i + 1]]`` are all those of one seed
    places : (groups,) where the seed of each group belongs
    pairs : entries of -1, at least two for each pair; seeds and bits of 0; written
    """
    entries = pairs.entries
    for group in range(len(places)):
        at, seed = starts[group], np.uint64(0)
        while at < starts[group + 1]:
            pair = groups[at]
            mixed = keys[pair] * np.uint64(SCATTER)
            place = place_of(entries, mixed, seed)
            if entries[place] == -1:
                entries[place] = np.int64(keys[pair] << np.uint64(TOKEN_BITS)) | (first + pair)
                bit = mixed >> np.uint64(64 - FILTER_BITS)
                pairs.maybe[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
                at += 1
                continue
            while at > starts[group]:  # taken: those before it leave, and all try the next seed
                at -= 1
                entries[place_of(entries, keys[groups[at]] * np.uint64(SCATTER), seed)] = -1
            seed += np.uint64(1)
        pairs.seeds[places[group]] = seed
