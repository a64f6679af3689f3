"""From the characters that Hugging Face's library gives for each token to bytes of the raw text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toklab.types import IntArray


def byte_spans(raw: bytes, surfaces: Sequence[bytes], spans: IntArray) -> IntArray:
    """The bytes of each token.

    Tokens that stand for parts of one character all get the whole of it from the library. Where the texts of the tokens
    joined are the raw text, each has the bytes that it stands for; elsewhere the same is tried for each run of tokens
    that overlap. A space that the tokenizer put before the text covers nothing.

    Parameters
    ----------
    raw : the text in UTF-8
    surfaces : text of each token
    spans : (n, 2) int64, the library's offsets in bytes

    Returns
    -------
    (n, 2) int64; both columns never decrease
    """
    if not surfaces:
        return spans
    whole = _laid_out(raw, 0, len(raw), surfaces)
    if whole is not None:
        return whole
    found = np.maximum.accumulate(spans, axis=0)
    apart = np.flatnonzero(found[1:, 0] >= found[:-1, 1]) + 1
    edges = np.concatenate([[0], apart, [len(found)]])
    for run in np.flatnonzero(np.diff(edges) > 1).tolist():
        first, last = int(edges[run]), int(edges[run + 1])
        exact = _laid_out(raw, int(found[first, 0]), int(found[last - 1, 1]), surfaces[first:last])
        if exact is not None:
            found[first:last] = exact
    return np.asarray(found, np.int64)


def _laid_out(raw: bytes, start: int, end: int, surfaces: Sequence[bytes]) -> IntArray | None:
    """Where each of the texts stands in ``raw[start:end]``; None where joined they are not that."""
    joined, part = b"".join(surfaces), raw[start:end]
    before = len(joined) - len(part)
    if before not in (0, 1) or joined[before:] != part or joined[:before].strip(b" "):
        return None
    ends = np.cumsum([len(surface) for surface in surfaces], dtype=np.int64) - before + start
    begins = np.concatenate([[start], ends[:-1]])
    return np.stack([np.maximum(begins, start), np.maximum(ends, start)], axis=1)
