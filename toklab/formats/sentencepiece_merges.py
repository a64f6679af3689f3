"""The merges behind a SentencePiece model of type BPE, whose file ranks pieces and holds no merges.

Worked example. With the pieces ``bc``, ``ab``, ``abc`` in this order, ``abc`` by itself starts as a, b, c; ``bc`` comes
first, and then a and ``bc`` spell the piece. So its merge is (a, bc), never (ab, c): wherever ``ab`` is made, the c
that follows has been merged to something else, or is none.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping


def merges_of(ids: Mapping[str, int], ranks: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """The merges, (left id, right id, resulting id) in rank order, that cut as the library does by pieces alone.

    Two neighbours merge if they spell a piece, the best first. Only one pair ever spells a piece: equal texts whose
    ends no merge has crossed are merged alike. So it is enough to look at how each piece is made by itself; one that
    is not made then is never made.

    Parameters
    ----------
    ids : of each piece; all characters of pieces are pieces
    ranks : of each piece of more than one character, the smaller the better, none given twice
    """
    merges = []
    for text in sorted((text for text in ids if len(text) > 1), key=ranks.__getitem__):
        middle = last_merge(text, ranks)
        if middle is not None:
            merges.append((ids[text[:middle]], ids[text[middle:]], ids[text]))
    return merges


def last_merge(text: str, ranks: Mapping[str, int]) -> int | None:
    """Where the last two symbols meet when a piece is encoded alone; None where it is not made."""
    size = len(text)
    ends = list(range(1, size + 1))  # of the symbol that starts here; 0 where none does
    before = list(range(-1, size))  # start of the symbol that ends here
    heap: list[tuple[int, int, int, int]] = []

    def offer(left: int, middle: int, end: int) -> None:
        rank = ranks.get(text[left:end])
        if rank is not None:
            heapq.heappush(heap, (rank, left, middle, end))

    for middle in range(1, size):
        offer(middle - 1, middle, middle + 1)
    while heap:
        _, left, middle, end = heapq.heappop(heap)
        if ends[left] != middle or ends[middle] != end:
            continue  # one of the two has been merged
        if end - left == size:
            return middle
        ends[left], ends[middle], before[end] = end, 0, left
        if left:
            offer(before[left], left, end)
        if end < size:
            offer(left, end, ends[end])
    return None
