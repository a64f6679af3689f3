"""From the numbers of words to the tokens of texts, end to end.

The number is -1 where a text ends. A row of ``rows`` is what is known of a word: how many tokens it has, where they
begin in ``ids`` and ``ends``, and the first two, so that most words touch one line of the cache. Each token ends at
that byte of its word in ``ends``.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.types import IdArray, IntArray

SIZE, FIRST, ONE, TWO = 0, 1, 2, 3
COLUMNS = 4
# Tokens that are written at once, so that there must be room for them behind the last.
AHEAD = 2


@njit
def keep(
    starts: IntArray,
    found: IdArray,
    found_ends: IdArray,
    sizes: IntArray,
    known: int,
    laid: int,
    rows: IdArray,
    ids: IdArray,
    ends: IdArray,
) -> tuple[int, int]:
    """Write down the tokens of new words.

    Parameters
    ----------
    starts : (words + 1,) where the bytes of each new word begin
    found, found_ends, sizes : tokens of the new words, the byte where each ends, and how many each word has
    known, laid : words and tokens that there are already
    rows, ids, ends : written behind those; ``ids`` with room for AHEAD more

    Returns
    -------
    most, longest : the most tokens for a byte, and the most bytes, of a word
    """
    most, longest, done, at = 1, 1, 0, np.uint64(laid)
    for word in range(len(sizes)):
        size, length = sizes[word], starts[word + 1] - starts[word]
        most, longest = max(most, -(-size // length)), max(longest, length)
        row = known + word
        rows[row, SIZE], rows[row, FIRST] = size, at
        for _ in range(size):
            ids[at], ends[at] = found[done], found_ends[done]
            at += np.uint64(1)
            done += 1
        first = np.uint64(rows[row, FIRST])
        rows[row, ONE] = ids[first]
        rows[row, TWO] = ids[first + np.uint64(1)] if size > 1 else 0
    return np.int64(most), np.int64(longest)


@njit
def lay_out(numbers: IdArray, rows: IdArray, ids: IdArray, out: IdArray, breaks: IntArray) -> tuple[int, int]:
    """Write the tokens of all words.

    Parameters
    ----------
    ids : with AHEAD more behind the last
    out : written, with room for AHEAD more
    breaks : written: how many tokens there are up to the end of each text

    Returns
    -------
    tokens, texts : how many were written, and how many texts end here
    """
    done, texts = np.uint64(0), 0
    for i in range(len(numbers)):
        number = numbers[i]
        if number < 0:
            breaks[texts] = done
            texts += 1
            continue
        word = np.uint64(number)
        out[done], out[done + np.uint64(1)] = rows[word, ONE], rows[word, TWO]
        size, first = np.uint64(rows[word, SIZE]), np.uint64(rows[word, FIRST])
        for more in range(np.uint64(AHEAD), size):
            out[done + more] = ids[first + more]
        done += size
    return np.int64(done), texts


@njit
def lay_spans(numbers: IdArray, begins: IntArray, rows: IdArray, ends: IdArray, begin: int, spans: IntArray) -> None:
    """Write the bytes [start, end) of its text that each token covers.

    Parameters
    ----------
    begins : the byte where each word begins, or the separator behind a text stands
    begin : where the first text begins
    """
    done = 0
    for i in range(len(numbers)):
        start, number = begins[i], numbers[i]
        if number < 0:
            begin = start + 1
            continue
        before = start - begin
        first = rows[number, FIRST]
        for token in range(first, first + rows[number, SIZE]):
            spans[done, 0] = before
            before = start - begin + ends[token]
            spans[done, 1] = before
            done += 1
