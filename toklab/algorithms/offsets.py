"""From bytes within words, or within normalised text, back to bytes of the raw text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toklab.algorithms.models import Segmentation
from toklab.pretokenize import Normalized
from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.utf8 import char_to_byte
from toklab.types import Encoding, IntArray


@dataclass(frozen=True)
class RawBytes:
    """The way from byte positions in the normalised text back to the raw text.

    Parameters
    ----------
    raw, inner : (characters + 1,) byte position of each character in the raw and the normalised text
    source : raw character of each normalised character
    edges : raw character at which each normalised character and their end begin; both are None where nothing was
        changed
    """

    raw: IntArray
    inner: IntArray
    source: IntArray | None
    edges: IntArray | None

    @staticmethod
    def of(text: str, normalized: Normalized) -> RawBytes:
        """The way back for a text and what became of it."""
        raw = char_to_byte(text)
        inner = raw if normalized.text == text else char_to_byte(normalized.text)
        source, edges = (
            None if places is None else np.array(places, np.int64) for places in (normalized.source, normalized.edges)
        )
        return RawBytes(raw, inner, source, edges)

    def to_raw(self, begins: IntArray, ends: IntArray) -> IntArray:
        """(tokens, 2) bytes of the raw text, from (tokens,) bytes of the normalised one."""
        if self.edges is not None:
            places = np.searchsorted(self.inner, np.stack([begins, ends], axis=1), side="right") - 1
            return np.asarray(self.raw[self.edges[places]], np.int64)
        if self.source is None:
            return np.stack([begins, ends], axis=1)
        # A piece without a byte of its own (a spelled suffix) stands at the end of what precedes it.
        empty = begins == ends
        first = np.searchsorted(self.inner, np.where(empty, begins - 1, begins), side="right") - 1
        last = np.searchsorted(self.inner, ends - 1, side="right") - 1
        if (np.diff(self.source) < 0).any():  # canonical ordering has moved combining marks
            pieces = [self.source[a : b + 1] for a, b in zip(first, last, strict=True)]
            low = np.array([piece.min() for piece in pieces], np.int64)
            high = np.array([piece.max() for piece in pieces], np.int64)
        else:
            low, high = self.source[first], self.source[last]
        stops = self.raw[high + 1]
        spans = np.stack([np.where(empty, stops, self.raw[low]), stops], axis=1)
        return np.asarray(np.maximum.accumulate(spans, axis=0), np.int64)


def assemble(found: list[Segmentation], starts: IntArray, back: RawBytes) -> Encoding:
    """Lay the segmentations of a text's words end to end, with byte offsets into the raw text."""
    per_word = np.array([len(ids) for ids, _ in found], np.int64)
    ids = np.array([i for ids, _ in found for i in ids], np.int32)
    lengths = np.array([n for _, widths in found for n in widths], np.int64)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    firsts = np.cumsum(per_word) - per_word
    used = per_word > 0
    shift = np.zeros(len(found), np.int64)
    shift[used] = starts[used] - begins[firsts[used]]
    moved = np.repeat(shift, per_word)
    return Encoding(ids, back.to_raw(begins + moved, ends + moved))


def laid(words: Sequence[Aligned], cut: Sequence[Segmentation]) -> IntArray:
    """(tokens, 2) bytes of tokens within the words' texts laid end to end."""
    sizes = [len(word.text.encode("utf-8")) for word in words]
    begins: list[int] = []
    at = 0
    for size, (_, widths) in zip(sizes, cut, strict=True):
        begins += itertools.accumulate(widths[:-1], initial=at) if widths else ()
        at += size
    ends = np.array(begins, np.int64) + np.array([width for _, widths in cut for width in widths], np.int64)
    return np.stack([np.array(begins, np.int64), ends], axis=1)


def to_raw(text: str, positions: IntArray, words: Sequence[Aligned], spans: IntArray) -> IntArray:
    """Bytes of the raw text that tokens cover.

    A token that begins or ends inside a character covers its part of it where normalisation left the character alone,
    and else all that the character covers.

    Parameters
    ----------
    text : the raw text
    positions : (characters + 1,) byte position of each of its characters
    words : what was encoded
    spans : (tokens, 2) bytes within the words' texts laid end to end

    Returns
    -------
    (tokens, 2) int64; both columns never decrease.
    """
    if not len(spans):
        return spans
    if len(words) == 1 and words[0].spans is None and text.startswith(words[0].text, words[0].origin):
        return np.asarray(spans + positions[words[0].origin], np.int64)
    joined = "".join(word.text for word in words)
    inner = char_to_byte(joined)
    covered = np.array([span for word in words for span in word.covered()], np.int64).reshape(-1, 2)
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    raw = np.frombuffer((text + "\0").encode("utf-32-le"), np.uint32)
    same = (covered[:, 1] - covered[:, 0] == 1) & (raw[covered[:, 0]] == codes)
    empty = spans[:, 0] == spans[:, 1]
    first = np.searchsorted(inner, np.where(empty, spans[:, 0] - 1, spans[:, 0]), side="right") - 1
    first = np.clip(first, 0, len(codes) - 1)
    last = np.searchsorted(inner, np.maximum(spans[:, 1] - 1, 0), side="right") - 1
    begins = positions[covered[first, 0]] + np.where(same[first], spans[:, 0] - inner[first], 0)
    cut_short = same[last] & (spans[:, 1] < inner[last + 1])
    ends = np.where(cut_short, positions[covered[last, 0]] + spans[:, 1] - inner[last], positions[covered[last, 1]])
    found = np.stack([np.where(empty, ends, begins), ends], axis=1)
    return np.maximum.accumulate(found, axis=0).astype(np.int64, copy=False)
