"""Compiled twin of `toklab.algorithms.models.WordPieceModel.match`: longest match in linear time.

Song, Salcianu, Song, Dopson and Zhou 2021, "Fast WordPiece Tokenization", section 3 (LinMaxMatch). The pieces
that may begin a word and those that may continue one are two tries over bytes. Where the next byte leads nowhere,
a node's failure link says from which node to go on, and its "failure pops" which pieces were completed on the
way, so no byte is read twice.

A node is a row (piece that ends here or -1, bytes from the root, failure link, where its pops begin, how many they
are); rows 0 and 1 are the roots for first and later pieces. The tries are a hash table of rows (node << 8 | byte,
child).
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.tables import mix
from toklab.types import ByteArray, IdArray, IntArray

BEGIN, CONTINUE, NOWHERE = 0, 1, -1
PIECE, DEPTH, FAILURE, POPS, POP_COUNT, PARENT, BYTE = 0, 1, 2, 3, 4, 5, 6
NODE_COLUMNS = 7


@inner
def child_slot(table: IntArray, node: int, byte: int) -> np.uint64:
    """Slot that holds the child of a node, or the empty one where it belongs."""
    mask = np.uint64(len(table) - 1)
    key = (np.int64(node) << 8) | np.int64(byte)
    slot = np.uint64(mix(key)) & mask
    while table[slot, 0] != key and table[slot, 0] != -1:
        slot = (slot + np.uint64(1)) & mask
    return slot


@inner
def child_of(table: IntArray, node: int, byte: int) -> int:
    """The node that a byte leads to, or -1."""
    slot = child_slot(table, node, byte)
    return np.int64(table[slot, 1]) if table[slot, 0] != -1 else np.int64(NOWHERE)


@njit
def build_trie(
    text: ByteArray, starts: IntArray, pieces: IntArray, roots: IntArray, nodes: IntArray, table: IntArray
) -> int:
    """Enter the pieces.

    Parameters
    ----------
    text, starts : bytes of the entries, end to end, and where each begins
    pieces : (entries,) id of the piece
    roots : (entries,) 0 for what begins a word, 1 for what continues one; a piece may be entered in both
    nodes : (bytes + 2, NODE_COLUMNS) written
    table : keys are -1; a power of two, at least twice as many as nodes

    Returns
    -------
    used : nodes there are
    """
    for root in range(2):
        nodes[root, PIECE], nodes[root, FAILURE] = -1, NOWHERE
    used = 2
    for entry in range(len(pieces)):
        node = roots[entry]
        for at in range(starts[entry], starts[entry + 1]):
            slot = child_slot(table, node, text[at])
            if table[slot, 0] == -1:
                table[slot, 0], table[slot, 1] = (np.int64(node) << 8) | np.int64(text[at]), used
                nodes[used, PIECE], nodes[used, DEPTH], nodes[used, FAILURE] = -1, nodes[node, DEPTH] + 1, NOWHERE
                nodes[used, PARENT], nodes[used, BYTE] = node, text[at]
                used += 1
            node = table[slot, 1]
        nodes[node, PIECE] = pieces[entry]
    return used


@njit
def link(nodes: IntArray, order: IntArray, table: IntArray, pops: IntArray) -> bool:
    """Find failure links and pops of nodes (Algorithm 2 of the paper); False where ``pops`` has no room for them.

    Parameters
    ----------
    order : all nodes but the roots, none deeper before one that is less deep
    pops : written: nodes whose pieces a node gives on failure
    """
    used = 0
    for node in order:
        if used + nodes[node, DEPTH] + 1 > len(pops):
            return False
        first = used
        target = np.int64(CONTINUE)
        if nodes[node, PIECE] != -1:
            pops[used] = node
            used += 1
        else:
            target = nodes[node, PARENT]
            while True:
                for i in range(nodes[target, POP_COUNT]):
                    pops[used] = pops[nodes[target, POPS] + i]
                    used += 1
                target = nodes[target, FAILURE]
                if target == NOWHERE:
                    used = first
                    break
                child = child_of(table, target, nodes[node, BYTE])
                if child != NOWHERE:
                    target = child
                    break
        nodes[node, FAILURE], nodes[node, POPS], nodes[node, POP_COUNT] = target, first, used - first
    return True


@inner
def match(
    text: ByteArray,
    start: int,
    end: int,
    nodes: IntArray,
    table: IntArray,
    pops: IntArray,
    ids: IdArray,
    ends: IdArray,
    done: int,
) -> int:
    """Match one word into ``ids[done:]`` and ``ends[done:]``; gives the number of pieces, or -1."""
    node = np.int64(BEGIN)
    out, covered = done, 0
    for at in range(start, end + 1):
        while True:
            child = child_of(table, node, text[at]) if at < end else np.int64(NOWHERE)
            if child != NOWHERE:
                node = child
                break
            if at == end and node == CONTINUE:
                break
            if nodes[node, FAILURE] == NOWHERE:
                return -1
            for i in range(nodes[node, POP_COUNT]):
                popped = pops[nodes[node, POPS] + i]
                covered += nodes[popped, DEPTH]
                ids[out], ends[out] = nodes[popped, PIECE], covered
                out += 1
            node = nodes[node, FAILURE]
    return out - done


@njit
def encode(
    text: ByteArray,
    starts: IntArray,
    limit: int,
    unknown: int,
    nodes: IntArray,
    table: IntArray,
    pops: IntArray,
    ids: IdArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Match every word.

    Parameters
    ----------
    text, starts : the words in UTF-8, end to end, and where each begins
    limit : characters of the longest word that is matched at all
    unknown : id of a word that cannot be matched
    ids, ends : (bytes,) written: tokens of all words, end to end, and the byte of the word where each ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        start, end = starts[word], starts[word + 1]
        characters = 0
        for at in range(start, end):
            characters += 1 if text[at] & 0xC0 != 0x80 else 0
        n = np.int64(-1)
        if characters <= limit:
            n = np.int64(match(text, start, end, nodes, table, pops, ids, ends, done))
        if n < 0:
            n = np.int64(1)
            ids[done], ends[done] = unknown, end - start
        sizes[word] = n
        done += n
    return done
