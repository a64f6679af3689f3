"""Merge short words by the twin of `toklab.algorithms.models.BpeModel.merge`, many side by side.

A word is one lane of LANES. What stands at a place of all words lies together: row i of ``token`` holds the symbol
i - 1 of each (row 0 and those behind a word hold BORDER, which merges with nothing), row i of ``value`` what its tokens
i and i + 1 merge to. All lanes do the same at every step, the last merges of long words included, and nothing that is
done for a lane depends on another: so the compiler makes vector instructions of each loop over lanes.

A value is compared together with its place, (value, place) in one integer, so that the leftmost of equal pairs is the
least. EMPTY is above all that merge and below all that do not.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.memory import room
from toklab.kernels.pairs import NONE, TOKEN_BITS, Pairs, find
from toklab.types import IdArray, IntArray

LANES = 32
PLACE_BITS = 7
# Symbols of the longest words: a place of all ones is that of EMPTY, and no word has it.
WIDTH = (1 << PLACE_BITS) - 2
EMPTY = (1 << TOKEN_BITS + PLACE_BITS) - 1
BORDER = NONE - 1
ROOM, BOTH = (WIDTH + 4) * LANES, 2 * LANES


@njit
def merge(symbols: IdArray, offsets: IntArray, order: IntArray, pairs: Pairs, sizes: IntArray) -> None:
    """Merge words of 1 to WIDTH symbols, the least value first.

    Parameters
    ----------
    symbols : read, and written: each word's tokens from where it begins
    offsets : (words + 1,) where each word begins
    order : the words to merge, none before a shorter one
    sizes : (words,) written: tokens of each
    """
    token, value = room(ROOM), room(ROOM)
    best, new, here, left = room(LANES), room(LANES), room(LANES), room(LANES)
    # The two pairs that a new token is in: of all lanes first that with the token before it, then that with the next.
    lefts, rights, made = room(BOTH), room(BOTH), room(BOTH)
    one, two, three, lanes = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(LANES)
    for first in range(0, len(order), LANES):
        last = first + LANES - 1 if first + LANES < len(order) else len(order) - 1
        longest = order[last]
        n = np.uint64(offsets[longest + 1] - offsets[longest])
        # Where there are fewer words than lanes, the last one fills them.
        for lane in range(lanes):
            word = order[first + np.int64(lane) if first + np.int64(lane) < last else last]
            start, size = np.uint64(offsets[word]), np.uint64(offsets[word + 1] - offsets[word])
            token[lane], left[lane] = BORDER, size
            for i in range(size):
                token[(i + one) * lanes + lane] = symbols[start + i]
            for i in range(size, n + two):
                token[(i + one) * lanes + lane] = BORDER
        for lane in range(lanes):
            best[lane] = EMPTY
        for i in range(n + one):
            place = np.int32(i)
            for lane in range(lanes):
                after = (i + one) * lanes + lane
                found = find(pairs, token[after], token[after + lanes])
                value[i * lanes + lane] = found
                both = np.int32(found << np.int32(PLACE_BITS) | place)
                best[lane] = both if both < best[lane] else best[lane]
        while True:
            common = np.int32(EMPTY)
            for lane in range(lanes):
                common &= best[lane]
            if common == EMPTY:
                break
            most = np.int32(0)
            for lane in range(lanes):
                most = left[lane] if left[lane] > most else most
                left[lane] -= np.int32(best[lane] != EMPTY)
                new[lane], here[lane] = best[lane] >> np.int32(PLACE_BITS), best[lane] & np.int32(WIDTH + 1)
                lefts[lane], rights[lane] = BORDER, new[lane]
                lefts[lane + lanes], rights[lane + lanes] = new[lane], BORDER
                best[lane] = EMPTY
            n = np.uint64(most)
            # The tokens of a word: those before the merge stay, those behind it move up by one.
            for i in range(n):
                place = np.int32(i)
                for lane in range(lanes):
                    at = i * lanes + lane
                    mine, merged, before_it, next_to_it = here[lane], new[lane], lefts[lane], rights[lane + lanes]
                    before, old = token[at], token[at + lanes]
                    behind, next_behind = token[at + two * lanes], token[at + three * lanes]
                    lefts[lane] = before if place == mine else before_it
                    rights[lane + lanes] = next_behind if place == mine else next_to_it
                    merged = merged if place == mine else behind
                    token[at + lanes] = old if place < mine else merged
            for pair in range(two * lanes):
                made[pair] = find(pairs, lefts[pair], rights[pair])
            # The values likewise; those of the two pairs that the new token is in are new.
            for i in range(n):
                place = np.int32(i)
                for lane in range(lanes):
                    at = i * lanes + lane
                    mine, old, behind = here[lane], value[at], value[at + lanes]
                    on_left, on_right = made[lane], made[lane + lanes]
                    kept = old if place < mine else behind
                    kept = on_right if place == mine else kept
                    kept = on_left if place == mine - np.int32(1) else kept
                    value[at] = kept
                    both = np.int32(kept << np.int32(PLACE_BITS) | place)
                    best[lane] = both if both < best[lane] else best[lane]
        for lane in range(lanes):
            word = order[first + np.int64(lane) if first + np.int64(lane) < last else last]
            start, done = np.uint64(offsets[word]), np.uint64(0)
            while token[(done + one) * lanes + lane] != BORDER:
                symbols[start + done] = token[(done + one) * lanes + lane]
                done += one
            sizes[word] = done
