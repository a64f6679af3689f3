"""Compiled twin of `toklab.algorithms.models.WordPieceModel.match`: longest match in linear time.

Song, Salcianu, Song, Dopson and Zhou 2021, "Fast WordPiece Tokenization", section 3 (LinMaxMatch). The pieces
that may begin a word and those that may continue one are two tries. Where the next character leads nowhere, a
node's failure link says from which node to go on, and its "failure pops" which pieces were completed on the
way, so no character is read twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toklab.kernels import njit
from toklab.kernels.tables import grown, slot_of
from toklab.types import IdArray, IntArray

BEGIN, CONTINUE, NOWHERE = 0, 1, -1


class Trie(NamedTuple):
    """Both tries; arrays are over nodes, 0 and 1 being the roots for first and later pieces."""

    keys: IntArray  # hash table: node << 21 | code point
    values: IdArray  # ... to the child
    piece: IntArray  # id of the piece that ends here, or -1
    depth: IntArray  # characters from the root
    failure: IntArray
    pop_start: IntArray
    pop_size: IntArray
    pops: IntArray  # nodes whose pieces are emitted on failure


@njit
def child_of(keys: IntArray, values: IdArray, node: int, code: int) -> int:
    """The node that a character leads to, or -1."""
    slot = slot_of(keys, (np.int64(node) << 21) | np.int64(code))
    return np.int64(values[slot]) if keys[slot] != -1 else np.int64(-1)


@njit
def longer(values: IntArray) -> IntArray:
    """Twice the length."""
    result = np.zeros(2 * len(values), np.int64)
    result[: len(values)] = values
    return result


@njit
def build_trie(codes: IntArray, starts: IntArray, ids: IntArray, roots: IntArray) -> Trie:
    """Build the tries with failure links and pops.

    Parameters
    ----------
    codes, starts : code points of the entries, end to end, and where each begins
    ids : (entries,) id of the piece
    roots : (entries,) 0 for what begins a word, 1 for what continues one; a piece may be entered in both
    """
    room = len(codes) + 2
    keys, values = np.full(1024, -1, np.int64), np.zeros(1024, np.int32)
    piece, depth = np.full(room, -1, np.int64), np.zeros(room, np.int64)
    parent, code = np.zeros(room, np.int64), np.zeros(room, np.int64)
    nodes = 2
    for entry in range(len(ids)):
        node = roots[entry]
        for at in range(starts[entry], starts[entry + 1]):
            child = child_of(keys, values, node, codes[at])
            if child == -1:
                if 2 * nodes >= len(keys):
                    keys, values = grown(keys, values)
                child = np.int64(nodes)
                key = (node << 21) | codes[at]
                slot = slot_of(keys, key)
                keys[slot] = key
                values[slot] = child
                parent[child], code[child], depth[child] = node, codes[at], depth[node] + 1
                nodes += 1
            node = child
        piece[node] = ids[entry]
    failure, pop_start = np.full(nodes, -1, np.int64), np.zeros(nodes, np.int64)
    trie = Trie(
        keys,
        values,
        piece[:nodes],
        depth[:nodes],
        failure,
        pop_start,
        pop_start.copy(),
        np.zeros(64, np.int64),
    )
    used = 0
    for node in by_depth(trie.depth):
        if node > CONTINUE:
            trie, used = link(trie, used, node, parent[node], code[node])
    return trie


@njit
def by_depth(depth: IntArray) -> IntArray:
    """Nodes from the roots down (a counting sort)."""
    counts = np.zeros(depth.max() + 2, np.int64)
    for node in range(len(depth)):
        counts[depth[node] + 1] += 1
    for level in range(1, len(counts)):
        counts[level] += counts[level - 1]
    order = np.zeros(len(depth), np.int64)
    for node in range(len(depth)):
        order[counts[depth[node]]] = node
        counts[depth[node]] += 1
    return order


@njit
def link(trie: Trie, used: int, node: int, parent: int, code: int) -> tuple[Trie, int]:
    """Find a node's failure link and pops from its parent's (Algorithm 2 of the paper)."""
    pops = trie.pops
    first = used
    if trie.piece[node] != -1:
        target = np.int64(CONTINUE)
        if used == len(pops):
            pops = longer(pops)
        pops[used] = node
        used += 1
    else:
        target = np.int64(parent)
        while True:
            for i in range(trie.pop_size[target]):
                if used == len(pops):
                    pops = longer(pops)
                pops[used] = pops[trie.pop_start[target] + i]
                used += 1
            target = trie.failure[target]
            if target == NOWHERE or child_of(trie.keys, trie.values, target, code) != -1:
                break
        if target != NOWHERE:
            target = child_of(trie.keys, trie.values, target, code)
        else:
            used = first
    trie.failure[node] = target
    trie.pop_start[node], trie.pop_size[node] = first, used - first
    return (
        Trie(trie.keys, trie.values, trie.piece, trie.depth, trie.failure, trie.pop_start, trie.pop_size, pops),
        used,
    )


@njit
def encode(codes: IntArray, offsets: IntArray, limit: int, trie: Trie) -> tuple[IntArray, IntArray, IntArray]:
    """Match every word.

    Parameters
    ----------
    codes, offsets : code points of the words, end to end, and where each begins
    limit : characters of the longest word that is matched at all

    Returns
    -------
    ids, widths : word i's pieces and their characters from ``offsets[i]`` on
    sizes : (words,) pieces of each word; -1 where it is unknown
    """
    ids, widths = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
    sizes = np.zeros(len(offsets) - 1, np.int64)
    for word in range(len(sizes)):
        size = offsets[word + 1] - offsets[word]
        sizes[word] = -1 if size > limit else match(codes, offsets[word], offsets[word + 1], trie, ids, widths)
    return ids, widths, sizes


@njit
def match(codes: IntArray, start: int, end: int, trie: Trie, ids: IntArray, widths: IntArray) -> int:
    """Match one word into ``ids[start:]`` and ``widths[start:]``; gives the number of pieces, or -1."""
    node = np.int64(BEGIN)
    out = np.int64(start)
    for at in range(start, end + 1):
        while True:
            child = child_of(trie.keys, trie.values, node, codes[at]) if at < end else np.int64(-1)
            if child != -1:
                node = child
                break
            if at == end and node == CONTINUE:
                break
            if trie.failure[node] == NOWHERE:
                return -1
            for i in range(trie.pop_size[node]):
                popped = trie.pops[trie.pop_start[node] + i]
                ids[out] = trie.piece[popped]
                widths[out] = trie.depth[popped]
                out += 1
            node = trie.failure[node]
    return out - start
