"""Cut text into words with the compiled scanner, in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from toklab.pretokenize.automaton import Automaton
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import IntArray


@dataclass(frozen=True)
class Scanned:
    """The pre-tokens of many texts.

    Parameters
    ----------
    words : the distinct pre-tokens, in the order in which they are first met
    counts : (words,) int64, how often each occurs
    places : (pre-tokens, 2) int64, number of the word and the byte of its text where it begins; empty where only
        counts were asked for
    sizes : (texts,) int64, pre-tokens of each text
    """

    words: list[str]
    counts: IntArray
    places: IntArray
    sizes: IntArray


def scan_texts(
    texts: Sequence[str], automaton: Automaton, keeps_gaps: bool, *, threads: int | None, record: bool
) -> Scanned:
    """Cut texts into pre-tokens; the same for any number of threads.

    Parameters
    ----------
    threads : None is one per core, at most 8
    record : write down every place, not only how often each word occurs

    Raises
    ------
    UsageError
        A text holds a lone surrogate.
    """
    from toklab.kernels import announce, scan

    announce(scan.scan_words, scan.join_words)
    encoded = [to_utf8(text) for text in texts]
    bounds = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(raw) for raw in encoded], out=bounds[1:])
    raw = b"".join(encoded)
    del encoded
    text = np.frombuffer(raw, np.uint8)
    workers = thread_count(threads, len(texts))
    # Cut where the bytes say, so that every worker has as much to do.
    cuts = np.searchsorted(bounds, np.linspace(0, len(text), workers + 1))
    cuts[0], cuts[-1] = 0, len(texts)

    def part(index: int) -> tuple[IntArray, IntArray, IntArray]:
        first, last = int(cuts[index]), int(cuts[index + 1])
        return scan.scan_words(text, bounds, first, last, automaton.classes, automaton.table, keeps_gaps, record)

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, range(workers)))
    rows, places, _ = parts[0]
    found = [places]
    for other, places, _ in parts[1:]:
        rows, numbers = scan.join_words(rows, other, text)
        found.append(np.stack([numbers[places[:, 0]], places[:, 1]], axis=1))
    return Scanned(
        _words(raw, rows), rows[:, 3].copy(), np.concatenate(found), np.concatenate([sizes for _, _, sizes in parts])
    )


def _words(raw: bytes, rows: IntArray) -> list[str]:
    starts, sizes = rows[:, 0].tolist(), rows[:, 1].tolist()
    return [raw[start : start + size].decode("utf-8") for start, size in zip(starts, sizes, strict=True)]


def thread_count(threads: int | None, tasks: int) -> int:
    """Threads to run: as many as asked for, or one per core and at most 8; never more than there are tasks."""
    return max(1, min(threads or min(os.cpu_count() or 1, 8), tasks))
