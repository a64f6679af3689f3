"""Texts laid end to end, for the compiled scanner, and cut into parts for threads."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from toklab.backend import stretch_size
from toklab.corpus.documents import Documents
from toklab.kernels import scan, words
from toklab.kernels.cut import SEPARATOR
from toklab.pretokenize.cutter import Cutter
from toklab.pretokenize.utf8 import to_utf8
from toklab.types import ByteArray, IntArray

T = TypeVar("T")
MARGIN = 32
# Texts are laid end to end up to about this many characters at a time, so that memory stays bounded.
STRETCH = stretch_size(1 << 24)
# Characters from which a text is not copied only because something must stand behind it.
LONG = 1 << 20
# The most bytes of a character: room that is not written to costs nothing.
MOST_BYTES = 4
# Texts that are encoded before they are laid: few enough that they stay in the near caches.
TOGETHER = 64
SEPARATING = bytes([SEPARATOR])
# Bytes for each thread below which a stretch is not worth another.
SMALL = scan.BLOCK


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some texts end to end, each with the byte 0xFF behind it; or a long text without its end, and then its end.

    Parameters
    ----------
    text : uint8, with a margin behind the last text
    bounds : (texts + 1,) int64, where each text begins, which may be before this stretch; the last is where the next
        one would
    whole : the last text ends where the stretch does
    """

    text: ByteArray
    bounds: IntArray
    whole: bool = True

    @property
    def end(self) -> int:
        """Where the last text ends."""
        return int(self.bounds[-1]) - 1


def stretches(texts: Sequence[str], cutter: Cutter | None = None) -> Iterator[Stretch]:
    """Lay texts end to end, some at a time.

    Parameters
    ----------
    cutter : tells where a long text may be cut; without one, none is

    Raises
    ------
    UsageError
        A text holds a lone surrogate.
    """
    if isinstance(texts, Documents):
        yield from _file_stretches(texts)
        return
    ends = [0, *itertools.accumulate(map(len, texts))]
    first = 0
    while first < len(texts):
        last = min(bisect_left(ends, ends[first] + STRETCH, first + 1), len(texts))
        part, size = texts[first:last], ends[last] - ends[first]
        if cutter is not None and len(part) == 1 and size >= LONG:
            yield from _in_two(to_utf8(part[0]), cutter)
        else:
            some = (_encoded(part[at : at + TOGETHER]) for at in range(0, len(part), TOGETHER))
            yield _laid(some, len(part), MOST_BYTES * size)
        first = last


def _encoded(texts: Sequence[str]) -> list[bytes]:
    try:
        return [text.encode("utf-8") for text in texts]
    except UnicodeEncodeError:
        return [to_utf8(text) for text in texts]  # tells the place


def _laid(groups: Iterable[Sequence[bytes]], count: int, room: int) -> Stretch:
    """Lay ``count`` texts end to end, which come some at a time; they are ``room`` bytes at most."""
    laid, bounds = np.empty(room + count + MARGIN, np.uint8), np.zeros(count + 1, np.int64)
    view, done, first = laid.data, 0, 1
    for texts in groups:
        joined = SEPARATING.join([*texts, b""])
        view[done : done + len(joined)] = joined
        bounds[first : first + len(texts)] = [len(text) + 1 for text in texts]
        done, first = done + len(joined), first + len(texts)
    laid[done : done + MARGIN] = 0
    laid.flags.writeable = False
    return Stretch(laid[: done + MARGIN], np.cumsum(bounds))


def _in_two(text: bytes, cutter: Cutter) -> Iterator[Stretch]:
    """A long text where it stands, up to a place near its end where a pre-token ends; and the rest."""
    head = Stretch(np.frombuffer(text, np.uint8), np.array([0, len(text) - MARGIN + 1]))
    at = _cut_near(head, head.end - scan.BLOCK, cutter)
    if at < head.end:
        yield Stretch(head.text, np.array([0, at + 1]), whole=False)
        tail = _laid([[text[at:]]], 1, len(text) - at)
        yield Stretch(tail.text, tail.bounds - np.array([at, 0]))
    else:
        yield _laid([[text]], 1, len(text))


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
    """Run something over texts in ``parts`` threads, this one among them, each over its part of a stretch.

    The next stretch is laid when they are done: beside them, they would wait for the interpreter's lock.

    Parameters
    ----------
    run : takes the number of the part, the stretch, and two places where pre-tokens end

    Yields
    ------
    stretch, results : in order, with what came of its parts, in order
    """
    with ThreadPoolExecutor(max(1, parts - 1)) as others:
        for stretch in stretches(texts, cutter):
            first, *rest = itertools.pairwise(_cuts(stretch, cutter, parts if stretch.end > parts * SMALL else 1))
            jobs = [others.submit(run, part, stretch, *span) for part, span in enumerate(rest, 1)]
            yield stretch, [run(0, stretch, *first), *(job.result() for job in jobs)]


def _cuts(stretch: Stretch, cutter: Cutter, parts: int) -> list[int]:
    """Where to cut a stretch in parts of about the same size."""
    cuts = [0]
    for part in range(1, parts):
        cuts.append(_cut_near(stretch, max(cuts[-1] + 1, stretch.end * part // parts), cutter))
    return [*cuts, stretch.end]


def _cut_near(stretch: Stretch, at: int, cutter: Cutter) -> int:
    """The first place from a byte on where a pre-token ends for sure, or the end where none is near."""
    kinds = np.zeros(scan.BLOCK + scan.SLACK, np.uint8)
    return int(scan.find_cut(stretch.text, at, stretch.end, cutter.classes, cutter.safe, kinds))
