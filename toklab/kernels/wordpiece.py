"""Compiled twin of `toklab.algorithms.wordpiece.learn`: exact ratios, kept fresh.

count(ab) / (count(a) x count(b)) *rises* when a part becomes rarer, and then every pair that holds the part has to be
entered anew. For a symbol in thousands of pairs that would be slow; but the order among its own pairs does not depend
on its own count. So a symbol that is in many pairs *owns* them: they are in a heap of their own, sorted by
count(ab) / count(other part), and only the best of them stands, with the full ratio, in the common heap, as the
heap's deputy. Of two such symbols one owns their pair. When a count falls, the pairs that the symbol does not own are
entered anew, its pair with itself, and its deputy.

A row of a heap never says less than the truth; one that says more is put right when it comes up. So the best row that
tells the truth is the best pair.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, inner_making, njit_making
from toklab.kernels.chains import COUNT, LEFT, RIGHT, SYMBOL, WORD, build_nodes, count_pairs, with_room
from toklab.kernels.keys import accept_merge, keys_with_room, new_keys, spell_merge
from toklab.kernels.merging import NEAR_COLUMNS, merge_everywhere
from toklab.kernels.ratio_heaps import (
    CHILD,
    FIRST,
    JOINT,
    OUT,
    PAIR,
    PREVIOUS,
    ROW_COLUMNS,
    SECOND,
    enter,
    take_first,
    take_out,
)
from toklab.types import ByteArray, IdArray, IntArray

# Columns of a family (of a symbol): the first pair that it begins and the first that it ends of those that its count's
# fall makes worth more in their heaps, how many these are, and 1 where it owns pairs.
PAIRS, OWNS = 2, 3
# Columns of a link (of a pair): the next pair in either list, and the heap it is in.
HEAP = 2


@inner
def _stand(rows: IntArray, pairs: IntArray, roots: IntArray, singles: IntArray, owner: int) -> None:
    """Let the deputy of a symbol's heap say at least what the first row there says."""
    row = roots[owner]
    if row != -1 and singles[owner] > 0:
        common = len(roots) - 1
        pair, joint, first = rows[row, PAIR], rows[row, JOINT], rows[row, FIRST]
        enter(rows, pairs, roots, common, owner, pair, joint, first, singles[owner])


@inner
def _renew(rows: IntArray, pairs: IntArray, roots: IntArray, singles: IntArray, links: IntArray, index: int) -> None:
    """Let the row of a pair say at least what it is worth."""
    row, heap = len(roots) + index, links[index, HEAP]
    left, right = pairs[index, LEFT], pairs[index, RIGHT]
    if heap == len(roots) - 1:
        enter(rows, pairs, roots, heap, row, index, pairs[index, COUNT], singles[left], singles[right])
        return
    enter(rows, pairs, roots, heap, row, index, pairs[index, COUNT], singles[left + right - heap], 1)
    if roots[heap] == row:
        _stand(rows, pairs, roots, singles, heap)


@inner
def _refresh(
    rows: IntArray,
    pairs: IntArray,
    roots: IntArray,
    singles: IntArray,
    families: IntArray,
    links: IntArray,
    symbol: int,
    least: int,
) -> None:
    """Renew all that a fall of a symbol's count makes worth more."""
    for side in range(2):
        index = families[symbol, side]
        while index != -1:
            if pairs[index, COUNT] >= least:
                _renew(rows, pairs, roots, singles, links, index)
            index = links[index, side]
    if families[symbol, OWNS] == 1:
        _stand(rows, pairs, roots, singles, symbol)


@inner
def _own(
    rows: IntArray,
    pairs: IntArray,
    roots: IntArray,
    singles: IntArray,
    families: IntArray,
    links: IntArray,
    symbol: int,
    least: int,
) -> None:
    """Give a symbol a heap of its own, and all of its pairs that nobody owns."""
    common = len(roots) - 1
    families[symbol, OWNS] = 1
    for side in range(2):
        index = families[symbol, side]
        families[symbol, side] = -1
        while index != -1:
            following = links[index, side]
            if links[index, HEAP] != common:
                links[index, side] = families[symbol, side]
                families[symbol, side] = index
            else:
                if rows[len(roots) + index, PREVIOUS] > OUT:
                    take_out(rows, pairs, roots, common, len(roots) + index)
                links[index, HEAP] = symbol
                if pairs[index, COUNT] >= least:
                    _renew(rows, pairs, roots, singles, links, index)
            index = following


@inner
def _enrol(
    rows: IntArray,
    pairs: IntArray,
    roots: IntArray,
    singles: IntArray,
    families: IntArray,
    links: IntArray,
    index: int,
    options: IntArray,
) -> None:
    """Enter a new pair in a heap and in the families of its symbols."""
    least, most = options[1], options[3]
    rows[len(roots) + index, PREVIOUS] = OUT
    rows[len(roots) + index, CHILD] = -1
    heap = len(roots) - 1
    if pairs[index, LEFT] != pairs[index, RIGHT]:
        for side in range(2):
            if families[pairs[index, side], OWNS] == 1:
                heap = pairs[index, side]
    links[index, HEAP] = heap
    if pairs[index, COUNT] >= least:
        _renew(rows, pairs, roots, singles, links, index)
    for side in range(2):
        symbol = pairs[index, side]
        if symbol != heap:
            links[index, side] = families[symbol, side]
            families[symbol, side] = index
            families[symbol, PAIRS] += 1
            if families[symbol, PAIRS] > most and families[symbol, OWNS] == 0:
                _own(rows, pairs, roots, singles, families, links, symbol, least)


@inner
def _put_right(rows: IntArray, pairs: IntArray, roots: IntArray, singles: IntArray, links: IntArray, row: int) -> bool:
    """Whether a pair's row, the first of its heap, tells the truth; one that does not does so after."""
    index = row - len(roots)
    left, right, heap = pairs[index, LEFT], pairs[index, RIGHT], links[index, HEAP]
    first, second = singles[left], singles[right]
    if heap != len(roots) - 1:
        first, second = singles[left + right - heap], np.int64(1)
    if rows[row, JOINT] == pairs[index, COUNT] and rows[row, FIRST] == first and rows[row, SECOND] == second:
        return True
    take_first(rows, pairs, roots, heap)
    _renew(rows, pairs, roots, singles, links, index)
    return False


@inner
def _best(rows: IntArray, pairs: IntArray, roots: IntArray, singles: IntArray, links: IntArray, least: int) -> int:
    """Take the best pair out of its heap; -1 if there is none left."""
    common = len(roots) - 1
    while roots[common] != -1:
        deputy = row = roots[common]
        if deputy < common:
            row = roots[deputy]
            if row == -1:
                take_first(rows, pairs, roots, common)
                continue
        index = row - len(roots)
        if pairs[index, COUNT] < least:
            take_first(rows, pairs, roots, links[index, HEAP])
            continue
        if not _put_right(rows, pairs, roots, singles, links, row):
            continue
        if row != deputy:
            same = rows[deputy, PAIR] == index and rows[deputy, JOINT] == rows[row, JOINT]
            if not same or rows[deputy, FIRST] != rows[row, FIRST] or rows[deputy, SECOND] != singles[deputy]:
                take_first(rows, pairs, roots, common)
                _stand(rows, pairs, roots, singles, deputy)
                continue
        take_first(rows, pairs, roots, links[index, HEAP])
        return index
    return np.int64(-1)


@inner_making
def _count_symbols(nodes: IdArray, counts: IntArray, room: int) -> IntArray:
    singles = np.zeros(room, np.int64)
    for node in range(len(nodes)):
        singles[nodes[node, SYMBOL]] += counts[nodes[node, WORD]]
    return singles


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
    """Learn merges by the likelihood ratio.

    Parameters
    ----------
    ids, offsets, counts : words laid end to end, where each begins, how often each occurs
    key_text, key_starts : bytes of the initial symbols
    reserved : (symbols,) 1 where no merge may spell the symbol
    continues : (symbols,) 1 where the symbol continues a word
    options : vocab_size, least count, joiner's bytes, the most pairs of a symbol that owns none

    Returns
    -------
    merges : (m, 4) int64: left id, right id, resulting id, occurrences when merged
    """
    vocab_size, least, joiner = options[0], options[1], options[2]
    room = max(vocab_size, len(reserved)) + 1
    nodes = build_nodes(ids, offsets)
    pairs, table, spots, known = count_pairs(nodes, counts)
    used = np.array([known, len(spots) // 2], np.int64)
    keys = new_keys(key_text, key_starts)
    singles = _count_symbols(nodes, counts, room)
    inner = np.zeros(room, np.uint8)
    for symbol in range(len(continues)):
        inner[symbol] = continues[symbol]
    beside = np.full((room, 2), -1, np.int32)
    near = np.zeros((2 * room, NEAR_COLUMNS), np.int64)
    families = np.zeros((room, 4), np.int64)
    for symbol in range(room):
        families[symbol, 0], families[symbol, 1] = -1, -1
    links = np.zeros((len(pairs), 3), np.int64)
    roots = np.full(room + 1, -1, np.int64)
    rows = np.zeros((len(roots) + len(pairs), ROW_COLUMNS), np.int64)
    for row in range(len(roots)):
        rows[row, CHILD], rows[row, PREVIOUS] = -1, OUT
    for index in range(known):
        _enrol(rows, pairs, roots, singles, families, links, index, options)
    found = np.zeros((1 << 10, 4), np.int64)
    done = 0
    while keys.size[0] < vocab_size:
        best = _best(rows, pairs, roots, singles, links, least)
        if best == -1:
            break
        left, right, count = pairs[best, LEFT], pairs[best, RIGHT], pairs[best, COUNT]
        keys = keys_with_room(keys, left, right)
        new = spell_merge(keys, left, right, joiner)
        spelled = keys.size[0]
        taken = 0 <= new < len(reserved) and reserved[new] == 1
        if taken or (
            inner[left] == 0 and _starts_like_joined(keys.text, keys.starts[spelled], keys.starts[spelled + 1])
        ):
            continue
        first = known = used[0]
        if new == -1:
            new = accept_merge(keys)
            inner[new] = inner[left]
        else:
            first = 0
        found = with_room(found, done + 1)
        found[done, 0], found[done, 1], found[done, 2], found[done, 3] = left, right, new, count
        pairs, table, spots, merged = merge_everywhere(
            nodes, counts, pairs, table, spots, used, best, new, near, beside
        )
        rows, links = with_room(rows, len(roots) + used[0]), with_room(links, used[0])
        singles[left] -= merged
        singles[right] -= merged
        singles[new] += merged
        _refresh(rows, pairs, roots, singles, families, links, left, least)
        _refresh(rows, pairs, roots, singles, families, links, right, least)
        for index in range(first, known):
            if (pairs[index, LEFT] == new or pairs[index, RIGHT] == new) and pairs[index, COUNT] >= least:
                _renew(rows, pairs, roots, singles, links, index)
        _stand(rows, pairs, roots, singles, new)
        for index in range(known, used[0]):
            _enrol(rows, pairs, roots, singles, families, links, index, options)
        done += 1
    return found[:done]


@inner
def _starts_like_joined(text: ByteArray, start: int, end: int) -> bool:
    """Whether the bytes start with ``##``."""
    return bool(end - start >= 2 and text[start] == 35 and text[start + 1] == 35)
