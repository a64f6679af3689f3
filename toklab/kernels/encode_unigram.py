"""Compiled twin of `toklab.algorithms.unigram_model.UnigramModel.cut`: the best segmentation of each word.

Viterbi from the left over the bytes of a word: from every character that a segmentation reaches, the trie of
`toklab.kernels.encode_wordpiece` gives all pieces that begin there. The same float64 additions in the same order as
the readable twin. Time is linear in the word's length times that of the longest piece.
"""

from __future__ import annotations

from toklab.kernels import inner, njit
from toklab.kernels.encode_wordpiece import NOWHERE, child_of
from toklab.types import ByteArray, FloatArray, IdArray, IntArray


@inner
def width_of(byte: int) -> int:
    """Bytes of the UTF-8 character that begins with a byte."""
    if byte < 0x80:
        return 1
    if byte < 0xE0:
        return 2
    return 3 if byte < 0xF0 else 4


@inner
def offer(end: int, start: int, piece: int, score: float, best: FloatArray, froms: IdArray, made: IdArray) -> None:
    """Let a piece end here if nothing does yet or what does is strictly worse."""
    if froms[end] < 0 or score > best[end]:
        best[end], froms[end], made[end] = score, start, piece


@inner
def search(
    text: ByteArray,
    first: int,
    size: int,
    pieces: IdArray,
    table: IntArray,
    scores: FloatArray,
    unknown: int,
    penalty: float,
    best: FloatArray,
    froms: IdArray,
    made: IdArray,
) -> None:
    """Fill ``best``, ``froms`` and ``made``: for each byte of the word, the best piece that ends before it."""
    best[0] = 0.0
    for at in range(size + 1):
        froms[at] = -1
    start = 0
    while start < size:
        width = width_of(text[first + start])
        node, single = 0, False
        for at in range(start, size):
            node = child_of(table, node, text[first + at])
            if node == NOWHERE:
                break
            if pieces[node] >= 0:
                single |= at + 1 - start == width
                offer(at + 1, start, pieces[node], best[start] + scores[pieces[node]], best, froms, made)
        if not single:
            offer(start + width, start, unknown, best[start] + penalty, best, froms, made)
        start += width


@njit
def encode(
    text: ByteArray,
    starts: IntArray,
    pieces: IdArray,
    table: IntArray,
    scores: FloatArray,
    unknown: int,
    penalty: float,
    fallback: IdArray,
    best: FloatArray,
    froms: IdArray,
    made: IdArray,
    ids: IdArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Cut every word.

    Parameters
    ----------
    text, starts : the words in UTF-8, end to end, and where each begins
    pieces, table : of the trie: piece that ends at each node or -1, and its children
    scores : of each piece
    unknown, penalty : id and score of an unknown character
    fallback : (256,) the piece of each byte, or (0,) without byte fallback
    best, froms, made : (bytes of the longest word + 1,) written
    ids, ends : (bytes,) written: tokens of all words, end to end, and the byte of the word where each ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = 0
    for word in range(len(sizes)):
        first, size = starts[word], starts[word + 1] - starts[word]
        search(text, first, size, pieces, table, scores, unknown, penalty, best, froms, made)
        # Turn the way back into the way on: the end of each piece at its start, then what was made at its end.
        end = size
        after = -1
        while end >= 0:
            start = froms[end]
            froms[end] = after
            after, end = end, start
        begun, at = done, 0
        while at < size:
            end = froms[at]
            if made[end] != unknown:
                ids[done], ends[done] = made[end], end
                done += 1
            elif len(fallback):
                for byte in range(at, end):
                    ids[done], ends[done] = fallback[text[first + byte]], byte + 1
                    done += 1
            elif done > begun and ids[done - 1] == unknown:
                ends[done - 1] = end
            else:
                ids[done], ends[done] = unknown, end
                done += 1
            at = end
        sizes[word] = done - begun
    return done
