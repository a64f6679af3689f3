"""Count words with the compiled scanner, in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from toklab.pretokenize.automaton import Automaton
from toklab.types import IntArray


def count(documents: Sequence[str], automaton: Automaton, keeps_gaps: bool, threads: int | None) -> dict[str, int]:
    """Distinct pre-tokens and their counts; the same for any number of threads."""
    from toklab.kernels import announce, scan

    announce(scan.count_words, scan.join_counts)
    encoded = [text.encode("utf-8") for text in documents]
    bounds = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(raw) for raw in encoded], out=bounds[1:])
    raw = b"".join(encoded)
    del encoded
    text = np.frombuffer(raw, np.uint8)
    workers = max(1, min(threads or min(os.cpu_count() or 1, 8), len(documents)))
    # Cut where the bytes say, so that every worker has as much to do.
    cuts = np.searchsorted(bounds, np.linspace(0, len(text), workers + 1))
    cuts[0], cuts[-1] = 0, len(documents)

    def part(index: int) -> IntArray:
        return scan.count_words(
            text, bounds, cuts[index], cuts[index + 1], automaton.classes, automaton.table, keeps_gaps
        )

    with ThreadPoolExecutor(workers) as pool:
        rows, *others = pool.map(part, range(workers))
    for other in others:
        rows = scan.join_counts(rows, other, text)
    starts, sizes, counts = rows[:, 0].tolist(), rows[:, 1].tolist(), rows[:, 3].tolist()
    words = [raw[start : start + size].decode("utf-8") for start, size in zip(starts, sizes, strict=True)]
    return dict(zip(words, counts, strict=True))
