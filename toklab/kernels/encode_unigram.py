"""Compiled twin of `toklab.algorithms.unigram_model.UnigramModel.cut`: the best segmentation of each word.

Viterbi from the left over the bytes of a word: from every character, a trie gives all pieces that begin there. The
same additions in the same order as the readable twin, in the precision of the scores that are given. Time is linear in
the word's length times that of the longest piece.

Layout: ``links`` is the table of `toklab.kernels.trie`, ``scores`` and ``pieces`` have the piece that ends at each of
its slots. ``made`` is, for each byte of a word, how the best segmentation up to there ends: where its last piece begins
``<< HALF`` | the slot of the piece, which is 0, the root's, for an unknown character.
"""

from __future__ import annotations

import math

import numpy as np

from toklab.kernels import inner, njit
from toklab.kernels.trie import BASE, BYTE, ENTRY
from toklab.types import ByteArray, IdArray, IntArray, ScoreArray, StepArray

HALF, SLOT = 32, 0xFFFFFFFF


@inner
def width_of(byte: int) -> int:
    """Bytes of the UTF-8 character that begins with a byte."""
    if byte < 0x80:
        return 1
    if byte < 0xE0:
        return 2
    return 3 if byte < 0xF0 else 4


@inner
def search(
    text: ByteArray,
    first: np.uint64,
    size: np.uint64,
    links: StepArray,
    scores: ScoreArray,
    penalty: np.floating,
    least: float,
    reach: int,
    best: ScoreArray,
    made: StepArray,
) -> None:
    """Fill ``best`` and ``made`` for one word."""
    one, half, base = np.uint64(1), np.uint64(HALF), np.uint64(BASE)
    best[0] = 0.0
    for at in range(size):
        best[at + one] = -math.inf
    start = np.uint64(0)
    while start < size:
        if best[start] < least or best[start] > -least:
            base_score = best[start]
            for at in range(start, min(size, start + np.uint64(reach)) + one):
                best[at] -= base_score
        here, mark = best[start], start << half
        after = start + np.uint64(width_of(text[first + start]))
        single = False
        link = np.uint64(links[0])
        end = start
        while end < size:
            byte = np.uint64(text[first + end])
            slot = (link >> base) + byte
            link = np.uint64(links[slot])
            if link & np.uint64(BYTE) != byte:
                break
            end += one
            if link & np.uint64(ENTRY):
                score = here + scores[slot]
                better = score > best[end]
                made[end] = mark | slot if better else made[end]
                best[end] = score if better else best[end]
                single |= end == after
        # Every character can be reached, so what no piece spells is never worse than nothing.
        if not single and here + penalty > best[after]:
            best[after], made[after] = here + penalty, mark
        start = after


@njit
def encode(
    text: ByteArray,
    starts: IntArray,
    links: StepArray,
    scores: ScoreArray,
    pieces: IdArray,
    penalty: np.floating,
    least: float,
    reach: int,
    fallback: IdArray,
    best: ScoreArray,
    made: StepArray,
    nexts: IdArray,
    ids: IdArray,
    ends: IdArray,
    sizes: IntArray,
) -> int:
    """Cut every word.

    Parameters
    ----------
    text, starts : the words in UTF-8, end to end, and where each begins
    links, scores : (slots,) the trie
    pieces : (slots,) the piece of each slot; in slot 0, the unknown token
    penalty : score of an unknown character; it, ``scores`` and ``best`` are all float64 or all float32
    least : where the score so far is below this, or above its negative, it becomes 0; minus infinite for never
    reach : bytes of the longest piece or character
    fallback : (256,) the piece of each byte, or (0,) without byte fallback
    best, made, nexts : (bytes of the longest word + 1,) written
    ids, ends : (bytes,) written: tokens of all words, end to end, and the byte of the word where each ends
    sizes : (words,) written: tokens of each word

    Returns
    -------
    total : tokens of all words
    """
    done = 0
    unknown = pieces[0]
    for word in range(len(sizes)):
        first, size = starts[word], starts[word + 1] - starts[word]
        search(text, np.uint64(first), np.uint64(size), links, scores, penalty, least, reach, best, made)
        # Turn the way back into the way on.
        end = size
        while end > 0:
            start = np.int64(made[end] >> np.uint64(HALF))
            nexts[start] = end
            end = start
        begun, at = done, 0
        while at < size:
            end = nexts[at]
            piece = pieces[made[end] & np.uint64(SLOT)]
            if piece != unknown:
                ids[done], ends[done] = piece, end
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
