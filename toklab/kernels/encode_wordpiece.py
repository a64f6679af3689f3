"""Compiled twin of `toklab.algorithms.wordpiece_model.WordPieceModel.match`: longest match in linear time.

Song, Salcianu, Song, Dopson and Zhou 2021, "Fast WordPiece Tokenization", section 3 (LinMaxMatch). The pieces
that may begin a word and those that may continue one are two tries over bytes, here in one double array
(`toklab.kernels.trie`), the second below the byte FOLLOWS. Where the next byte leads nowhere, a node's failure link
says from which node to go on, and its "failure pops" which pieces were completed on the way, so no byte is read twice.

A node is known by its slot. Its row is (piece that ends here or -1, slot of the failure link or -1, where its pops
begin, how many they are); a pop is (piece, its bytes). Slot 0 is the root for first pieces.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.trie import child_of
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# A byte that is in no UTF-8.
FOLLOWS = 0xFE
PIECE, FAILURE, POPS, POP_COUNT = 0, 1, 2, 3
COLUMNS = 4


@njit
def measure(parents: IntArray, slots: IntArray, later: int, depths: IdArray) -> None:
    """How many bytes lead to each node from its root; parents come before children."""
    for node in range(1, len(parents)):
        depths[node] = 0 if slots[node] == later else depths[parents[node]] + 1


@njit
def link(
    order: IntArray,
    parents: IntArray,
    letters: ByteArray,
    slots: IntArray,
    depths: IdArray,
    later: int,
    trie: StepArray,
    nodes: IdArray,
    pops: IdArray,
) -> bool:
    """Find failure links and pops of nodes (Algorithm 2 of the paper); False where ``pops`` has no room for them.

    Parameters
    ----------
    order : all nodes, none before one that is less deep
    parents, letters, slots, depths : of each node
    later : slot of the root for later pieces
    trie : the double array
    nodes : (slots, COLUMNS) the pieces; the rest is written
    pops : (n, 2) written
    """
    used = np.int64(0)
    for node in order:
        here = slots[node]
        if depths[node] == 0:
            nodes[here, POP_COUNT] = 0
            continue
        if used + depths[node] > len(pops):
            return False
        first = used
        target = np.int64(later)
        if nodes[here, PIECE] != -1:
            pops[used, 0], pops[used, 1] = nodes[here, PIECE], depths[node]
            used += 1
        else:
            target = np.int64(slots[parents[node]])
            while True:
                for i in range(nodes[target, POP_COUNT]):
                    row = nodes[target, POPS] + i
                    pops[used, 0], pops[used, 1] = pops[row, 0], pops[row, 1]
                    used += 1
                target = np.int64(nodes[target, FAILURE])
                if target < 0:
                    used = first
                    break
                child = np.int64(child_of(trie, np.uint64(target), letters[node]))
                if child != 0:
                    target = child
                    break
        nodes[here, FAILURE], nodes[here, POPS], nodes[here, POP_COUNT] = target, first, used - first
    return True


@inner
def match(
    text: ByteArray,
    start: int,
    end: int,
    later: int,
    trie: StepArray,
    nodes: IdArray,
    pops: IdArray,
    ids: IdArray,
    ends: IdArray,
    done: int,
) -> int:
    """Match one word into ``ids[done:]`` and ``ends[done:]``; gives the number of pieces, or -1."""
    slot, root = np.uint64(0), np.uint64(later)
    out, covered = np.uint64(done), np.int32(0)
    at, last = np.uint64(start), np.uint64(end)
    while True:
        while at < last:
            child = child_of(trie, slot, text[at])
            if child == 0:
                break
            slot = child
            at += np.uint64(1)
        if at == last and slot == root:
            return np.int64(out) - done
        failure = nodes[slot, FAILURE]
        if failure < 0:
            return -1
        first = np.uint64(nodes[slot, POPS])
        for pop in range(first, first + np.uint64(nodes[slot, POP_COUNT])):
            covered += pops[pop, 1]
            ids[out], ends[out] = pops[pop, 0], covered
            out += np.uint64(1)
        slot = np.uint64(failure)


@njit
def encode(
    text: ByteArray,
    starts: IntArray,
    limit: int,
    unknown: int,
    later: int,
    trie: StepArray,
    nodes: IdArray,
    pops: IdArray,
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
    later, trie, nodes, pops : of the model
    ids, ends : (bytes,) written: tokens of all words, end to end, and the byte of the word where each ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = np.int64(0)
    for word in range(len(sizes)):
        start, end = starts[word], starts[word + 1]
        characters = end - start
        if characters > limit:
            for at in range(start, end):
                characters -= 1 if text[at] & 0xC0 == 0x80 else 0
        n = np.int64(-1)
        if characters <= limit:
            n = np.int64(match(text, start, end, later, trie, nodes, pops, ids, ends, done))
        if n < 0:
            n = np.int64(1)
            ids[done], ends[done] = unknown, end - start
        sizes[word] = n
        done += n
    return done
