"""The shortest stretches of text that two tokenizers cut differently.

A place that both cut, or an end of a document, parts the text into spans. In a span no place is cut by both, so it is
one that they cut alike (neither cuts it, or it is covered by no token of either) or one that they cut differently:

    first   un|believ|able
    second  unbeliev|able       the spans are "unbeliev", cut differently, and "able"
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toklab.metrics import Encoded
from toklab.types import ByteArray, IntArray

DROPPED, KNOWN, UNKNOWN = 0, 1, 2
CUT = 4


def layout(encoded: Encoded) -> ByteArray:
    """What a tokenizer makes of each byte of the documents, laid end to end.

    Returns
    -------
    (bytes,) uint8
        ``DROPPED`` where no token covers it, else ``KNOWN`` or ``UNKNOWN``; plus ``CUT`` where a token begins at it,
        one ends before it, or a document begins.
    """
    size = int(encoded.source.bounds[-1])
    made = np.zeros(size, np.uint8)
    made[_covered(encoded.starts, encoded.ends, size)] = KNOWN
    made[_covered(encoded.starts[encoded.unknown], encoded.ends[encoded.unknown], size)] = UNKNOWN
    places = np.concatenate([encoded.cuts, encoded.source.bounds])
    made[places[places < size]] |= CUT
    return made


def _covered(starts: IntArray, ends: IntArray, size: int) -> npt.NDArray[np.bool_]:
    """(size,) which bytes are in one of the stretches [start, end)."""
    change = np.bincount(starts, minlength=size + 1) - np.bincount(ends, minlength=size + 1)
    covered: npt.NDArray[np.bool_] = np.cumsum(change)[:size] > 0
    return covered


@dataclass(frozen=True, eq=False)
class Spans:
    """All spans of the documents, in order; together they are the text.

    Parameters
    ----------
    bounds : (n + 1,) int64, span i is bytes ``[bounds[i], bounds[i + 1])`` of the documents laid end to end
    differ : (n,) bool, whether it is cut differently
    """

    bounds: IntArray
    differ: npt.NDArray[np.bool_]

    @staticmethod
    def between(first: ByteArray, second: ByteArray) -> Spans:
        """The spans of two layouts of the same documents."""
        common = np.flatnonzero(first & second & CUT)
        # whether a token is the unknown one says nothing about where it is cut
        cut = (first ^ second) & CUT
        kept = (first & ~np.uint8(CUT) == DROPPED) != (second & ~np.uint8(CUT) == DROPPED)
        apart = np.concatenate([[0], np.cumsum((cut != 0) | kept)])
        bounds = np.append(common, len(first)).astype(np.int64)
        return Spans(bounds, np.diff(apart[bounds]) > 0)

    @property
    def differing(self) -> tuple[IntArray, IntArray]:
        """First byte of each span that is cut differently, and the byte after it, two (k,) int64."""
        return self.bounds[:-1][self.differ], self.bounds[1:][self.differ]

    def tokens(self, encoded: Encoded) -> int:
        """How many tokens are in spans that are cut differently."""
        # a token of no bytes at the end of a document is one of its last span
        places = np.minimum(encoded.starts, encoded.source.bounds[encoded.documents + 1] - 1)
        return int(self.differ[np.searchsorted(self.bounds, places, side="right") - 1].sum())
