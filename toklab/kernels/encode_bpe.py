"""Compiled twin of `toklab.algorithms.models.BpeModel.merge` for orderly lists of merges, in linear time.

A list is orderly where each token has one merge, of parts that are made before, and is what its own symbols merge to.
Every list that a trainer wrote is; then a word has just one cut into tokens of which no two neighbours would have
merged across the seam between them. So any way to find such a cut will do: words merge step by step, many side by side
(`toklab.kernels.encode_bpe_lanes`), long ones in parts; then the parts are joined. Where the tokens at a seam may not
stand side by side: take the longest token that fits behind the last one, and where none does, go back, until in step
with the next part again. (van Antwerpen and Neubeck 2024, "So many tokens, so little time"; here over initial symbols,
not bytes, and with the leftmost-first rule in `fits`.) Where that goes far back, it goes on to the end of the word, and
so takes linear time whatever the tokens.

Tokens are numbered as they are made: initial symbols first, then one for each merge. What two of them merge to is in
``pairs`` (`toklab.kernels.pairs`). ``trie`` is a hash table over the symbols of all tokens: an entry is one integer,
(node, symbol) above the child, or -1. The node of a token has its number; other nodes are numbered behind the tokens.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.pairs import NONE, SCATTER, TOKEN_BITS, Pairs, find_rare
from toklab.types import ByteArray, IdArray, IntArray, StepArray

# Columns of a token: its parts (-1: none), its symbols, and the longest token that it begins with.
LEFT, RIGHT, LENGTH, SHORTER = 0, 1, 2, 3
TOKEN_COLUMNS = 4
# Bits of a node's and a symbol's number in ``trie``.
NODE_BITS, SYMBOL_BITS = 23, 16
# Answers that are kept, and no, which yes follows: (pair << 2 | answer), or 0.
SEAM_BITS, NO = 14, 2
# Symbols that are far to go back; most tokens are much shorter.
FAR = 256


@inner
def slot_of(trie: IntArray, key: int) -> np.uint64:
    """Slot of the entry of a node and a symbol, or the empty one where it belongs."""
    mask = np.uint64(len(trie) - 1)
    x = np.uint64(key) * np.uint64(SCATTER)
    slot = (x ^ x >> np.uint64(32)) & mask
    while trie[slot] >> NODE_BITS != key and trie[slot] != -1:
        slot = (slot + np.uint64(1)) & mask
    return slot


@inner
def fits(tokens: IdArray, pairs: Pairs, left: int, right: int, until: int) -> bool:
    """Whether no merge to a token before ``until`` crosses the seam between two tokens.

    Their last and first symbols merge step by step into them, in the order of the tokens' numbers; a merge crosses the
    seam if it comes while both that it would join are there. Here the steps are undone, the latest first.
    """
    left_ends, right_ends = until, until
    while True:
        crossing = find_rare(pairs, left, right)
        # The leftmost of equal pairs merges first, so a tie is lost to the left and won from the right.
        if crossing < left_ends and crossing <= right_ends:
            return False
        if left > right and tokens[left, LEFT] >= 0:
            left_ends, left = left, np.int64(tokens[left, RIGHT])
        elif tokens[right, LEFT] >= 0:
            right_ends, right = right, np.int64(tokens[right, LEFT])
        else:
            return True


@njit
def describe(parts: IntArray, tokens: IdArray, pairs: Pairs) -> bool:
    """Write the parts and the lengths of the tokens; False where the list is not orderly.

    Parameters
    ----------
    parts : (merges, 2) numbers of what each merge joins, less than that of what it makes
    tokens : (size, TOKEN_COLUMNS) written
    """
    first = len(tokens) - len(parts)
    for token in range(first):
        tokens[token, LEFT], tokens[token, RIGHT], tokens[token, LENGTH], tokens[token, SHORTER] = -1, -1, 1, -1
    orderly = True
    for merge in range(len(parts)):
        left, right, new = parts[merge, 0], parts[merge, 1], first + merge
        tokens[new, LEFT], tokens[new, RIGHT], tokens[new, SHORTER] = left, right, -1
        tokens[new, LENGTH] = tokens[left, LENGTH] + tokens[right, LENGTH]
        orderly &= fits(tokens, pairs, left, right, new)
    return orderly


@njit
def spell(tokens: IdArray, starts: IntArray, symbols: IdArray) -> None:
    """Write the symbols of every token, from ``starts`` on."""
    for token in range(len(tokens)):
        at = starts[token]
        if tokens[token, LEFT] < 0:
            symbols[at] = token
            continue
        for side in range(2):
            part = tokens[token, side]
            for i in range(starts[part], starts[part + 1]):
                symbols[at] = symbols[i]
                at += 1


@njit
def build_trie(order: IntArray, starts: IntArray, symbols: IdArray, tokens: IdArray, trie: IntArray) -> bool:
    """Enter every token, and find the longest that each begins with; False where the table would be too full.

    Parameters
    ----------
    order : tokens of more than one symbol, none before a shorter one
    trie : of -1, a power of two long; written
    """
    nodes = len(tokens)
    entered = 0
    for token in order:
        # Its left part is shorter, so it is there already.
        node = np.int64(tokens[token, LEFT])
        for at in range(starts[token] + tokens[node, LENGTH], starts[token + 1]):
            if node < len(tokens):
                tokens[token, SHORTER] = node
            key = node << SYMBOL_BITS | symbols[at]
            slot = slot_of(trie, key)
            if trie[slot] == -1:
                entered += 1
                if 4 * entered > 3 * len(trie):
                    return False
                last = at + 1 == starts[token + 1]
                trie[slot] = key << NODE_BITS | (token if last else nodes)
                nodes += 0 if last else 1
            node = trie[slot] & ((1 << NODE_BITS) - 1)
    return True


@inner
def longest(symbols: IdArray, at: int, end: int, size: int, trie: IntArray) -> int:
    """The longest of ``size`` tokens that the symbols from a place on begin with."""
    node = np.int64(symbols[at])
    best = node
    for i in range(at + 1, end):
        entry = trie[slot_of(trie, node << SYMBOL_BITS | symbols[i])]
        if entry == -1:
            break
        node = entry & ((1 << NODE_BITS) - 1)
        if node < size:
            best = node
    return best


@inner
def stand(tokens: IdArray, pairs: Pairs, left: int, right: int, seams: StepArray) -> bool:
    """Whether no merge at all crosses the seam between two tokens; ``seams`` holds some of the answers given before."""
    pair = np.uint64(left) << np.uint64(TOKEN_BITS) | np.uint64(right)
    slot = pair * np.uint64(SCATTER) >> np.uint64(64 - SEAM_BITS)
    answer = seams[slot] ^ pair << np.uint64(2)
    if answer - np.uint64(NO) > 1:
        answer = np.uint64(NO) + np.uint64(fits(tokens, pairs, left, right, np.int64(NONE)))
        seams[slot] = pair << np.uint64(2) | answer
    return bool(answer != NO)


@inner
def join(
    symbols: IdArray,
    parts: IdArray,
    bounds: IntArray,
    sizes: IntArray,
    first: int,
    part: int,
    last: int,
    tokens: IdArray,
    pairs: Pairs,
    trie: IntArray,
    seams: StepArray,
    dead: IdArray,
    out: IdArray,
    base: int,
    n: int,
) -> int:
    """Put the next part of a word behind the tokens of those before, ``out[base:n]``; gives where they end then.

    Where its first token may not stand behind the last, cut anew, going back where no token may, until in step with the
    part again. ``dead`` marks places with the part for which they lead nowhere: which tokens stand before a place does
    not depend on what follows. Who has to go far back cuts the rest of the word at once, and gives less than 0.
    """
    start, begin, end, mark, turn = bounds[first], bounds[part], bounds[part + 1], part + 1, np.int64(1)
    at, place, i = begin, begin, np.int64(0)
    before = np.int64(out[n - 1]) if n > base else np.int64(-1)
    if n > base and not stand(tokens, pairs, before, np.int64(parts[begin]), seams):
        # Most often the part before ends too early, and its last token is another.
        n -= 1
        at -= tokens[before, LENGTH]
    while True:
        if begin - at > FAR and turn > 0:
            end, mark, turn = bounds[last], -mark, np.int64(-1)
            place, i = end, sizes[part]
        while place < at:
            place += tokens[parts[begin + i], LENGTH]
            i += 1
        before = np.int64(out[n - 1]) if n > base else np.int64(-1)
        in_step = place == at and (i == sizes[part] or n == base)
        if in_step or (place == at and stand(tokens, pairs, before, np.int64(parts[begin + i]), seams)):
            for rest in range(i, sizes[part]):
                out[n] = parts[begin + rest]
                n += 1
            return n * turn
        token = longest(symbols, at, end, len(tokens), trie)
        while token != -1:
            behind = at + tokens[token, LENGTH]
            if dead[behind - start] != mark and (n == base or stand(tokens, pairs, before, token, seams)):
                break
            token = np.int64(tokens[token, SHORTER])
        if token != -1:
            out[n] = token
            n += 1
            at = behind
        else:
            dead[at - start] = mark
            n -= 1
            at -= tokens[before, LENGTH]


@njit
def begin(text: ByteArray, numbers: IdArray, symbols: IdArray) -> None:
    """The number of the symbol that each byte begins as."""
    for i in range(len(text)):
        symbols[i] = numbers[text[i]]


@njit
def join_all(
    symbols: IdArray,
    parts: IdArray,
    bounds: IntArray,
    sizes: IntArray,
    firsts: IntArray,
    tokens: IdArray,
    pairs: Pairs,
    trie: IntArray,
    seams: StepArray,
    dead: IdArray,
    out: IdArray,
    places: IntArray,
    totals: IntArray,
) -> None:
    """Join the tokens of the parts of words.

    Parameters
    ----------
    symbols : of all words
    parts : each part's tokens from where it begins
    bounds : (parts + 1,) where each part begins
    sizes : (parts,) tokens of each
    firsts : (words + 1,) the first part of each word
    tokens, pairs, trie : of the model
    seams : (1 << SEAM_BITS,) of 0, room to work in
    dead : of 0, room to work in: one more than the symbols of the longest word
    out : written: each word's tokens from its place on
    places : (words,) those places
    totals : (words,) written: tokens of each
    """
    for word in range(len(places)):
        base, last, part = places[word], firsts[word + 1], firsts[word]
        n = base
        while part < last and n >= 0:
            n = join(
                symbols, parts, bounds, sizes, firsts[word], part, last, tokens, pairs, trie, seams, dead, out, base, n
            )
            part += 1
        totals[word] = abs(n) - base


@njit
def pack(
    symbols: IdArray, offsets: IntArray, sizes: IntArray, tokens: IdArray, to_id: IdArray, ids: IdArray, ends: IdArray
) -> None:
    """Lay the tokens of all words end to end.

    Parameters
    ----------
    symbols : each word's tokens from where it begins
    offsets : (words + 1,) where each word begins
    sizes : (words,) tokens of each
    tokens : of the model
    to_id : (size,) the id of each token
    ids, ends : (sum of sizes,) written: ids, and after how many symbols of its word each token ends
    """
    done = 0
    for word in range(len(sizes)):
        at = np.int32(0)
        for i in range(offsets[word], offsets[word] + sizes[word]):
            token = symbols[i]
            at += tokens[token, LENGTH]
            ids[done], ends[done] = to_id[token], at
            done += 1
