"""What the compiled ways to cut words have in common: bytes in, flat arrays out, for many words at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from toklab.types import IdArray, IntArray

if TYPE_CHECKING:
    from toklab.algorithms.models import Segmentation

# The ids that a word starts as and the bytes that each covers, or those that it ends as.
Start: TypeAlias = tuple[Sequence[int], Sequence[int]]


class Tokens(NamedTuple):
    """Tokens of words, end to end: ids, the byte of its word where each ends, and how many each word has."""

    ids: IdArray
    ends: IdArray
    sizes: IntArray

    @staticmethod
    def of(found: Sequence[Start]) -> Tokens:
        """Lay segmentations end to end."""
        sizes = np.array([len(ids) for ids, _ in found], np.int64)
        ids = np.fromiter((i for ids, _ in found for i in ids), np.int32, count=int(sizes.sum()))
        ends = (itertools.accumulate(widths) for _, widths in found)
        return Tokens(ids, np.fromiter(itertools.chain.from_iterable(ends), np.int32, count=len(ids)), sizes)

    def segmentations(self) -> list[Segmentation]:
        """The same word by word, with widths instead of ends."""
        bounds = np.zeros(len(self.sizes) + 1, np.int64)
        np.cumsum(self.sizes, out=bounds[1:])
        widths = np.diff(self.ends, prepend=np.int32(0))
        firsts = bounds[:-1][self.sizes > 0]
        widths[firsts] = self.ends[firsts]
        ids, flat = self.ids.tolist(), widths.tolist()
        return [(tuple(ids[a:b]), tuple(flat[a:b])) for a, b in itertools.pairwise(bounds.tolist())]


def table_size(entries: int) -> int:
    """A power of two that is not below a number of entries."""
    return int(max(1024, 1 << max(0, entries - 1).bit_length()))
