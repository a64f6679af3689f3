"""Texts laid end to end, for the compiled scanner, and cut into parts for threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from toklab.backend import stretch_size
from toklab.corpus.documents import Documents
from toklab.errors import UsageError
from toklab.kernels import scan, words
from toklab.kernels.cut import SEPARATOR
from toklab.pretokenize.cutter import Cutter
from toklab.types import ByteArray, IntArray

T = TypeVar("T")
MARGIN = 32
# Texts are laid end to end up to about this many characters at a time, so that memory stays bounded.
STRETCH = stretch_size(1 << 24)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some texts end to end, each with the byte 0xFF behind it.

    Parameters
    ----------
    text : uint8, with a margin behind the last text
    bounds : (texts + 1,) int64, where each text begins; the last is where the next one would
    """

    text: ByteArray
    bounds: IntArray

    @property
    def end(self) -> int:
        """Where the last text ends."""
        return int(self.bounds[-1]) - 1


def stretches(texts: Sequence[str]) -> Iterator[Stretch]:
    """Lay texts end to end, some at a time.

    Raises
    ------
    UsageError
        A text holds a lone surrogate.
    """
    if isinstance(texts, Documents):
        yield from _file_stretches(texts)
        return
    first = size = 0
    for index, text in enumerate(texts):
        size += len(text)
        if size >= STRETCH or index + 1 == len(texts):
            yield _stretch(texts[first : index + 1])
            first, size = index + 1, 0


def _stretch(texts: Sequence[str]) -> Stretch:
    try:
        encoded = [text.encode("utf-8") for text in texts]
    except UnicodeEncodeError as error:
        raise UsageError(f"character {error.start} is a lone surrogate, which UTF-8 cannot hold") from None
    bounds = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(raw) + 1 for raw in encoded], out=bounds[1:])
    encoded.append(bytes(MARGIN))
    return Stretch(np.frombuffer(bytes([SEPARATOR]).join(encoded), np.uint8), bounds)


def _file_stretches(texts: Documents) -> Iterator[Stretch]:
    """The same for documents that stand end to end already."""
    for first, last in texts.stretches(STRETCH):
        bounds = texts.bounds[first : last + 1] - texts.bounds[first]
        raw = np.frombuffer(texts.raw.read(int(texts.bounds[first]), int(texts.bounds[last])), np.uint8)
        laid = np.zeros(bounds[-1] + last - first + MARGIN, np.uint8)
        words.lay_texts(raw, bounds, laid)
        laid.flags.writeable = False
        yield Stretch(laid, bounds + np.arange(len(bounds)))


def in_parts(
    texts: Sequence[str], cutter: Cutter, parts: int, run: Callable[[int, Stretch, int, int], T]
) -> Iterator[tuple[Stretch, list[T]]]:
    """Run something over texts in ``parts`` threads, each over its part of a stretch.

    The next stretch is laid when they are done: beside them, they would wait for the interpreter's lock.

    Parameters
    ----------
    run : takes the number of the part, the stretch, and two places where pre-tokens end

    Yields
    ------
    stretch, results : in order, with what came of its parts, in order
    """
    if parts == 1:
        for stretch in stretches(texts):
            yield stretch, [run(0, stretch, 0, stretch.end)]
        return
    with ThreadPoolExecutor(parts) as pool:
        for stretch in stretches(texts):
            spans = itertools.pairwise(_cuts(stretch, cutter, parts))
            jobs = [pool.submit(run, part, stretch, *span) for part, span in enumerate(spans)]
            yield stretch, [job.result() for job in jobs]


def _cuts(stretch: Stretch, cutter: Cutter, parts: int) -> list[int]:
    """Where to cut a stretch in parts of about the same size."""
    kinds = np.zeros(scan.BLOCK + scan.SLACK, np.uint8)
    cuts = [0]
    for part in range(1, parts):
        nominal = max(cuts[-1] + 1, stretch.end * part // parts)
        cuts.append(
            int(scan.find_cut(stretch.text, nominal, stretch.end, cutter.classes, cutter.many, cutter.safe, kinds))
        )
    return [*cuts, stretch.end]
