"""From the numbers of words to the tokens of texts, end to end.

The number is -1 where a text ends. The tokens of word i are ``ids[starts[i]:starts[i + 1]]``, and each ends at that
byte of its word in ``ends``. A row of ``rows`` is a word's one or two tokens (the second -1 where there is none), or -1
first where it has any other number of them: so most words touch eight bytes.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import njit
from toklab.kernels.memory import prefetch
from toklab.types import IdArray, IntArray

ONE, TWO = 0, 1
COLUMNS = 2
# Tokens that are written at once, so that there must be room for them behind the last.
AHEAD = 2
# How many words before its own a row is asked for.
BEFORE = 32


@njit
def keep(
    lengths: IntArray,
    found: IdArray,
    found_ends: IdArray,
    sizes: IntArray,
    known: int,
    rows: IdArray,
    starts: IdArray,
    ids: IdArray,
    ends: IdArray,
) -> tuple[int, int]:
    """Write down the tokens of new words.

    Parameters
    ----------
    lengths : bytes of each new word
    found, found_ends, sizes : tokens of the new words, the byte where each ends, and how many each word has
    known : words that there are already
    rows, starts, ids, ends : written behind those

    Returns
    -------
    most, longest : the most tokens for a byte, and the most bytes, of a word
    """
    most, longest, done, at = 1, 1, 0, np.uint64(starts[known])
    for word in range(len(sizes)):
        size, length, row = sizes[word], lengths[word], known + word
        each = -(-size // length)
        most, longest = each if each > most else most, length if length > longest else longest
        rows[row, ONE] = found[done] if size == 1 or size == 2 else -1
        rows[row, TWO] = found[done + 1] if size == 2 else -1
        for _ in range(size):
            ids[at], ends[at] = found[done], found_ends[done]
            at += np.uint64(1)
            done += 1
        starts[row + 1] = at
    return np.int64(most), np.int64(longest)


@njit
def lay_out(
    numbers: IdArray, rows: IdArray, starts: IdArray, ids: IdArray, out: IdArray, breaks: IntArray
) -> tuple[int, int]:
    """Write the tokens of all words.

    Parameters
    ----------
    out : written, with room for AHEAD more
    breaks : written: how many tokens there are up to the end of each text

    Returns
    -------
    tokens, texts : how many were written, and how many texts end here
    """
    done, texts, last = np.uint64(0), 0, len(numbers) - 1
    for i in range(len(numbers)):
        prefetch(rows, np.int64(numbers[i + BEFORE if i + BEFORE < last else last]))
        number = numbers[i]
        if number < 0:
            breaks[texts] = done
            texts += 1
            continue
        word = np.uint64(number)
        one, two = rows[word, ONE], rows[word, TWO]
        out[done], out[done + np.uint64(1)] = one, two
        if one >= 0:
            done += np.uint64(1) + np.uint64(two >= 0)
            continue
        for at in range(np.uint64(starts[word]), np.uint64(starts[word + np.uint64(1)])):
            out[done] = ids[at]
            done += np.uint64(1)
    return np.int64(done), texts


@njit
def lay_spans(numbers: IdArray, begins: IntArray, starts: IdArray, ends: IdArray, begin: int, spans: IntArray) -> None:
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
        for token in range(starts[number], starts[number + 1]):
            spans[done, 0] = before
            before = start - begin + ends[token]
            spans[done, 1] = before
            done += 1
