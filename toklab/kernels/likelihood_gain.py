"""Compiled twin of `toklab.algorithms.likelihood_gain.learn`: the pairs' own gains kept fresh.

A merge changes the counts of three symbols, so the own gains that change are those of the pairs that hold one of them.
A symbol's pairs are in two lists, as left and as right part; a pair of a symbol with itself is in the first only. What
a pair's own gain is for: see `toklab.kernels.gain_heaps`.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, inner_making, njit_making
from toklab.kernels.chains import (
    COUNT,
    LEFT,
    LENGTH,
    NEXT,
    RIGHT,
    START,
    SYMBOL,
    WORD,
    build_nodes,
    count_pairs,
    is_place,
    with_room,
)
from toklab.kernels.gain_heaps import AT, LEAST_HEAPS, best_pair, new_heaps, put_in, take_out, xlogx
from toklab.kernels.keys import Keys, accept_merge, keys_with_room, new_keys, spell_merge
from toklab.kernels.merging import NEAR_COLUMNS, merge_everywhere
from toklab.types import ByteArray, FloatArray, IdArray, IntArray

# Columns of a row beyond those of `gain_heaps`: the next pair in the left part's list and in the right part's, and 1
# where the pair must never be merged.
BESIDE, BARRED = 4, 6
ROW_COLUMNS = 7
TERMS = 1 << 15  # numbers below have their x ln x in a table


@inner_making
def _enrol(
    keys: Keys,
    rows: IntArray,
    pairs: IntArray,
    families: IntArray,
    reserved: ByteArray,
    continues: ByteArray,
    index: int,
    joiner: int,
) -> Keys:
    """Enter a new pair in the lists of its symbols; the keys may have moved."""
    left, right = pairs[index, LEFT], pairs[index, RIGHT]
    keys = keys_with_room(keys, left, right)
    spelled = spell_merge(keys, left, right, joiner)
    start, end = keys.starts[keys.size[0]], keys.starts[keys.size[0] + 1]
    like_joined = end - start >= 2 and keys.text[start] == 35 and keys.text[start + 1] == 35
    taken = 0 <= spelled < len(reserved) and reserved[spelled] == 1
    rows[index, AT] = 0
    rows[index, BARRED] = 1 if taken or (like_joined and continues[left] == 0) else 0
    for side in range(2):
        if side == 0 or left != right:
            rows[index, BESIDE + side] = families[pairs[index, side], side]
            families[pairs[index, side], side] = index
    return keys


@inner
def _places(nodes: IdArray, counts: IntArray, pairs: IntArray, spots: IdArray, index: int) -> int:
    """Weighted places at which a merge would replace a pair."""
    if pairs[index, LEFT] != pairs[index, RIGHT]:
        return pairs[index, COUNT]
    found, second = np.int64(0), np.int64(-1)
    for spot in range(pairs[index, START], pairs[index, START] + pairs[index, LENGTH]):
        node = np.int64(spots[spot])
        if node != second and is_place(nodes, node, pairs[index, LEFT], pairs[index, RIGHT]):
            found += counts[nodes[node, WORD]]
            second = np.int64(nodes[node, NEXT])
    return found


@inner
def _term(terms: FloatArray, number: int) -> float:
    """x ln x, looked up where the number is small."""
    return terms[number] if number < len(terms) else xlogx(number)


@inner
def _own_gain(terms: FloatArray, wholes: FloatArray, singles: IntArray, count: int, left: int, right: int) -> float:
    """Compiled twin of `toklab.algorithms.likelihood_gain.own_gain`."""
    new = _term(terms, count)
    if left == right:
        return new + (_term(terms, singles[left] - 2 * count) - wholes[left])
    if singles[left] < singles[right]:
        left, right = right, left
    more = _term(terms, singles[left] - count) - wholes[left]
    return new + more + (_term(terms, singles[right] - count) - wholes[right])


@inner_making
def _renew(
    heaps: IntArray,
    filled: IntArray,
    rows: IntArray,
    worth: FloatArray,
    pairs: IntArray,
    singles: IntArray,
    terms: FloatArray,
    wholes: FloatArray,
    index: int,
    places: int,
) -> IntArray:
    """Put a pair where it belongs among the heaps; these may have moved."""
    own = 0.0
    if places > 0:
        own = _own_gain(terms, wholes, singles, places, pairs[index, LEFT], pairs[index, RIGHT])
    if rows[index, AT] == places and (places == 0 or worth[index] == own):
        return heaps
    if rows[index, AT] > 0:
        take_out(heaps, rows, worth, pairs, index)
    worth[index] = own
    if places > 0:
        heaps = put_in(heaps, filled, rows, worth, pairs, index, places)
    return heaps


@inner_making
def _refresh(
    heaps: IntArray,
    filled: IntArray,
    rows: IntArray,
    worth: FloatArray,
    nodes: IdArray,
    counts: IntArray,
    pairs: IntArray,
    spots: IdArray,
    singles: IntArray,
    terms: FloatArray,
    wholes: FloatArray,
    families: IntArray,
    symbol: int,
    least: int,
) -> IntArray:
    """Renew all pairs of a symbol."""
    for side in range(2):
        index = families[symbol, side]
        while index != -1:
            if rows[index, BARRED] == 0:
                places = _places(nodes, counts, pairs, spots, index)
                if places < least:
                    places = np.int64(0)
                heaps = _renew(heaps, filled, rows, worth, pairs, singles, terms, wholes, index, places)
            index = rows[index, BESIDE + side]
    return heaps


@inner_making
def _floats_with_room(values: FloatArray, needed: int) -> FloatArray:
    """The same values with room for at least ``needed``."""
    if needed <= len(values):
        return values
    more = np.zeros(needed + needed // 2, np.float64)
    for at in range(len(values)):
        more[at] = values[at]
    return more


@njit_making
def learn(
    ids: IdArray,
    offsets: IntArray,
    counts: IntArray,
    key_text: ByteArray,
    key_starts: IntArray,
    reserved: ByteArray,
    continues: ByteArray,
    options: IntArray,
) -> IntArray:
    """Learn merges by the gain in likelihood.

    Parameters
    ----------
    ids, offsets, counts : words laid end to end, where each begins, how often each occurs
    key_text, key_starts : bytes of the initial symbols
    reserved : (symbols,) 1 where no merge may spell the symbol
    continues : (symbols,) 1 where the symbol continues a word
    options : vocab_size, least count, joiner's bytes

    Returns
    -------
    merges : (m, 4) int64: left id, right id, resulting id, places merged
    """
    vocab_size, least, joiner = options[0], options[1], options[2]
    size = len(reserved)
    room = max(vocab_size, size) + 1
    nodes = build_nodes(ids, offsets)
    pairs, table, spots, known = count_pairs(nodes, counts)
    used = np.array([known, len(spots) // 2], np.int64)
    keys = new_keys(key_text, key_starts)
    inner = np.zeros(room, np.uint8)
    for symbol in range(size):
        inner[symbol] = continues[symbol]
    singles = np.zeros(room, np.int64)
    for node in range(len(nodes)):
        singles[nodes[node, SYMBOL]] += counts[nodes[node, WORD]]
    total = np.int64(0)
    for symbol in range(size):
        total += singles[symbol]
    terms = np.zeros(TERMS, np.float64)
    for number in range(len(terms)):
        terms[number] = xlogx(np.int64(number))
    wholes = np.zeros(room, np.float64)
    for symbol in range(size):
        wholes[symbol] = _term(terms, singles[symbol])
    beside = np.full((room, 2), -1, np.int32)
    near = np.zeros((2 * room, NEAR_COLUMNS), np.int64)
    families = np.full((room, 2), -1, np.int64)
    rows, worth = np.zeros((len(pairs), ROW_COLUMNS), np.int64), np.zeros(len(pairs), np.float64)
    heaps, filled = new_heaps(np.int64(LEAST_HEAPS)), np.zeros(1, np.int64)
    for index in range(known):
        keys = _enrol(keys, rows, pairs, families, reserved, inner, index, joiner)
    for symbol in range(size):
        heaps = _refresh(
            heaps,
            filled,
            rows,
            worth,
            nodes,
            counts,
            pairs,
            spots,
            singles,
            terms,
            wholes,
            families,
            np.int64(symbol),
            least,
        )
    found = np.zeros((1 << 10, 4), np.int64)
    done = 0
    while keys.size[0] < vocab_size:
        best = best_pair(heaps, worth, total)
        if best == -1:
            break
        left, right, count = pairs[best, LEFT], pairs[best, RIGHT], rows[best, AT]
        keys = keys_with_room(keys, left, right)
        spell_merge(keys, left, right, joiner)
        new = accept_merge(keys)
        inner[new] = inner[left]
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        done += 1
        known = used[0]
        pairs, table, spots, merged = merge_everywhere(
            nodes, counts, pairs, table, spots, used, best, new, near, beside
        )
        singles[left] -= merged
        singles[right] -= merged
        singles[new] += merged
        total -= merged
        for symbol in (left, right, new):
            wholes[symbol] = _term(terms, singles[symbol])
        rows, worth = with_room(rows, used[0]), _floats_with_room(worth, used[0])
        for index in range(known, used[0]):
            keys = _enrol(keys, rows, pairs, families, reserved, inner, index, joiner)
        for symbol in (left, right, new):
            heaps = _refresh(
                heaps,
                filled,
                rows,
                worth,
                nodes,
                counts,
                pairs,
                spots,
                singles,
                terms,
                wholes,
                families,
                symbol,
                least,
            )
    return found[:done]
