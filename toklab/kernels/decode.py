"""Bytes of many rows of ids, laid end to end.

Each piece has two forms, one after the other in ``text``: form 2 i is what piece i spells at the edge of a row (as its
first piece, or as its last one), form 2 i + 1 what it spells elsewhere. Special pieces spell nothing and are no edge.
"""

from __future__ import annotations

import numpy as np

from toklab.kernels import inner, njit
from toklab.types import ByteArray, IdArray, IntArray


@inner
def _edge(ids: IdArray, start: int, end: int, special: ByteArray, at_end: bool) -> int:
    """Where the piece at the edge of a row is; -1 if there is none."""
    if at_end:
        for position in range(end - 1, start - 1, -1):
            if special[ids[position]] == 0:
                return position
    else:
        for position in range(start, end):
            if special[ids[position]] == 0:
                return position
    return -1


@njit
def measure(
    ids: IdArray,
    rows: IntArray,
    first: int,
    last: int,
    starts: IntArray,
    special: ByteArray,
    at_end: bool,
    sizes: IntArray,
) -> None:
    """Bytes of each row from ``first`` to before ``last``, into ``sizes``; see `write`."""
    for row in range(first, last):
        size = 0
        for position in range(rows[row], rows[row + 1]):
            form = 2 * np.int64(ids[position]) + 1
            size += starts[form + 1] - starts[form]
        edge = _edge(ids, rows[row], rows[row + 1], special, at_end)
        if edge != -1:
            form = 2 * np.int64(ids[edge])
            size += 2 * starts[form + 1] - starts[form] - starts[form + 2]
        sizes[row] = size


@njit
def write(
    ids: IdArray,
    rows: IntArray,
    first: int,
    last: int,
    text: ByteArray,
    starts: IntArray,
    special: ByteArray,
    at_end: bool,
    at: int,
    out: ByteArray,
) -> None:
    """Write what rows spell.

    Parameters
    ----------
    ids, rows : row i holds ``ids[rows[i]:rows[i + 1]]``
    first, last : the rows from ``first`` to before ``last`` are written
    text, starts : bytes of both forms of every piece, and where each form begins
    special : (pieces,) 1 where a piece spells nothing
    at_end : the edge of a row is its last piece, not its first
    at : where in ``out`` to begin
    out : what is written to
    """
    for row in range(first, last):
        edge = _edge(ids, rows[row], rows[row + 1], special, at_end)
        for position in range(rows[row], rows[row + 1]):
            form = 2 * np.int64(ids[position]) + (0 if position == edge else 1)
            for source in range(starts[form], starts[form + 1]):
                out[at] = text[source]
                at += 1
