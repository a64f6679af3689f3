"""Encode whole texts, for models to which what is before matters: nothing is cut, nothing is remembered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from toklab.algorithms.segmenting import Tokens
from toklab.algorithms.unigram_model import VITERBI_LIMIT, UnigramModel
from toklab.backend import READY_LIMIT, has_run, thread_count, use_kernel
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import Batch, IntArray, Words

# Characters of the texts that a thread takes at a time, or of one longer text.
PORTION = 1 << 20


def encode_whole(
    model: UnigramModel, texts: Sequence[str], offsets: bool, threads: int | None = None, backend: str = "auto"
) -> Batch:
    """Encode texts; the same for any number of threads and either twin.

    Parameters
    ----------
    offsets : find the bytes of each token too

    Raises
    ------
    UsageError
        A text holds a lone surrogate.
    """
    limit = READY_LIMIT if has_run("encode_unigram", "encode") else VITERBI_LIMIT
    compiled = use_kernel(backend, sum(map(len, texts)), limit)

    def cut(portion: Sequence[str]) -> Tokens:
        raw = [to_utf8(text) for text in portion]
        if not compiled:
            return Tokens.of([model.cut(text) for text in portion])
        ids, ends, sizes = model.segment(Words.joined(raw))
        return Tokens(ids.copy(), ends.copy(), sizes)  # what was room for more is given back

    portions = [texts[first:last] for first, last in itertools.pairwise(_bounds(texts))]
    with ThreadPoolExecutor(thread_count(threads if compiled else 1, len(portions))) as pool:
        found = [Tokens.of([]), *pool.map(cut, portions)]
    ids, ends, sizes = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    rows = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(sizes, out=rows[1:])
    return Batch(ids, rows, _spans(ends, rows) if offsets else np.zeros((0, 2), np.int64))


def _bounds(texts: Sequence[str]) -> list[int]:
    """Where to cut a list of texts into portions."""
    bounds, size = [0], 0
    for number, text in enumerate(texts, 1):
        size += len(text)
        if size >= PORTION or number == len(texts):
            bounds.append(number)
            size = 0
    return bounds


def _spans(ends: IntArray, rows: IntArray) -> IntArray:
    """(n, 2) bytes of each token, from where each ends in its text."""
    begins = np.zeros(len(ends), np.int64)
    begins[1:] = ends[:-1]
    begins[rows[:-1][np.diff(rows) > 0]] = 0
    return np.stack([begins, ends], axis=1)
