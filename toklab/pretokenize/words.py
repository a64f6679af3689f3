"""Cut much text into words with the compiled scanner, in threads: the distinct ones with numbers and counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from toklab.backend import stretch_size, thread_count
from toklab.corpus.documents import Documents, size_of
from toklab.errors import UsageError
from toklab.kernels import announce, scan, words
from toklab.kernels.cut import LANES, SEPARATOR
from toklab.pretokenize.cutter import Cutter
from toklab.pretokenize.frequency import by_frequency
from toklab.types import ByteArray, IdArray, IntArray, WordCounts, Words

T = TypeVar("T")
Rows = TypeVar("Rows", bound=np.ndarray[Any, Any])
MARGIN = 32
# Texts are laid end to end up to about this many characters at a time, so that memory stays bounded.
STRETCH = stretch_size(1 << 24)
# Bytes that are worth a thread of their own: to encode, and to count. Each thread that counts fills a table of its own,
# and tables are joined; on 10 MB of English two threads take 30 ms longer than one, on 30 MB as long.
WORTH = 1 << 16
COUNT_WORTH = 1 << 24
# Numbers that are handed out at a time; as many fit into the second level of cache.
NUMBERS = 1 << 17


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


class Found(NamedTuple):
    """Words of a text in their order.

    Parameters
    ----------
    numbers : (n,) int32 number of each word, or -1 where a text ends; the next step writes over it
    begins : (n,) int64 the byte where each begins, or of length 0; the same
    size : bytes that they are, at most
    """

    numbers: IdArray
    begins: IntArray
    size: int


class WordTable:
    """Words by number, in the order in which they are first met; one thread may use it at a time.

    Parameters
    ----------
    cutter : the tables of the pattern
    keeps_gaps : text between matches counts as words too
    """

    def __init__(self, cutter: Cutter, keeps_gaps: bool) -> None:
        announce(scan.scan)
        self._cutter, self._keeps_gaps = cutter, keeps_gaps
        self._rows = np.zeros((1 << 12, words.COLUMNS), np.int64)
        self._spelled, self._starts = np.zeros(1 << 14, np.uint8), np.zeros(1 << 12, np.int64)
        self._counts = np.zeros(0, np.int64)
        self._used, self._state = np.zeros(2, np.int64), np.zeros(7, np.int64)
        self._numbers, self._begins = np.zeros(NUMBERS, np.int32), np.zeros(0, np.int64)
        room = scan.BLOCK + scan.SLACK
        most = 2 * room + scan.SLACK
        self._work = (
            np.zeros(room, np.uint8),
            np.zeros((LANES, room), np.uint64),
            np.zeros((LANES, 5), np.int64),
            np.zeros((most, 2), np.int64),
            np.zeros((most, 3), np.uint64),
        )

    def __len__(self) -> int:
        return int(self._used[0])

    @property
    def words(self) -> Words:
        """The words by number; a margin follows the bytes of the last."""
        text = self._spelled.view()
        text.flags.writeable = False  # as all text is that kernels read, so that they are compiled once
        return Words(text, self._starts[: len(self) + 1])

    @property
    def counts(self) -> IntArray:
        """(words,) how often each word came."""
        self._counts = longer(self._counts, len(self))
        return self._counts[: len(self)]

    def count(self, text: ByteArray, begin: int, end: int) -> None:
        """Count the words of a text between two places where pre-tokens end."""
        self._counts = longer(self._counts, len(self._starts))
        for _ in self._scan(text, begin, end):
            pass

    def numbers(self, text: ByteArray, begin: int, end: int, begins: bool) -> Iterator[Found]:
        """Which words they are, some at a time; a table that has counted does not give them.

        Parameters
        ----------
        begins : tell where they begin too
        """
        if begins:
            self._begins = longer(self._begins, len(self._numbers))
        before = begin
        for n in self._scan(text, begin, end):
            if n:
                after = int(self._state[scan.GO_FIRST])
                yield Found(self._numbers[:n], self._begins[: n if begins else 0], after - before)
                self._state[scan.NUMBERS_ROOM] -= n
                self._state[scan.DONE] = 0
                before = after
        if begins:
            self._begins = self._begins[:0]

    def _scan(self, text: ByteArray, begin: int, end: int) -> Iterator[int]:
        """Scan until the text ends or there is no room; gives how many numbers there are, and makes room."""
        c, state = self._cutter, self._state
        state[:] = begin, 0, begin, 0, 0, 0, 0
        while state[scan.GO_AT] <= end:
            scan.scan(
                text, end, c.classes, c.many, c.steps, c.safe, c.table, self._keeps_gaps, self._rows, self._spelled,
                self._starts, self._used, self._counts, self._numbers, self._begins, state, *self._work,
            )  # fmt: skip
            yield int(state[scan.DONE])
            self._make_room()

    def add(self, other: WordTable) -> IdArray:
        """Enter the words of another table; gives the number that each has here. Their counts are not added."""
        return self.enter(other.words)

    def enter(self, theirs: Words) -> IdArray:
        """Enter words, none of them empty, with MARGIN bytes behind the last; gives the number that each has here."""
        places = np.stack([theirs.starts[:-1], np.diff(theirs.starts)], axis=1)
        self._state[scan.WORDS :] = len(self) + len(places), self._used[1] + theirs.starts[-1], 0
        self._make_room()
        keys, numbers = np.zeros((len(places), 3), np.uint64), np.zeros(len(places), np.int32)
        scan.write_keys(theirs.text, places, len(places), keys)
        table = self._rows, self._spelled, self._starts, self._used
        scan.look_up(theirs.text, places, len(places), keys, *table, numbers, 0)
        return numbers

    def _make_room(self) -> None:
        needed, n_bytes, numbers = (int(value) for value in self._state[scan.WORDS :])
        if 3 * needed > 2 * len(self._rows):
            capacity = 2 * len(self._rows)
            while 3 * needed > 2 * capacity:
                capacity *= 2
            more = np.zeros((capacity, words.COLUMNS), np.int64)
            words.move_rows(self._rows, more)
            self._rows = more
        self._starts = longer(self._starts, needed + 1)
        if len(self._counts):
            self._counts = longer(self._counts, needed)
        self._spelled = longer(self._spelled, n_bytes + MARGIN)
        self._numbers = longer(self._numbers, numbers)
        if len(self._begins):
            self._begins = longer(self._begins, numbers)


def longer(values: Rows, needed: int) -> Rows:
    """The same rows with room for ``needed``."""
    if needed <= len(values):
        return values
    more = np.zeros((max(needed, 3 * len(values) // 2), *values.shape[1:]), values.dtype)
    more[: len(values)] = values
    return more  # type: ignore[return-value]


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


def count_scanned(
    texts: Sequence[str], cutter: Cutter, keeps_gaps: bool, threads: int | None = None
) -> WordCounts | None:
    """Count the distinct pre-tokens of texts; None where there is none. The same for any number of threads.

    Raises
    ------
    UsageError
        A text holds a lone surrogate.
    """
    tables = [WordTable(cutter, keeps_gaps) for _ in range(thread_count(threads, size_of(texts) // COUNT_WORTH))]

    def count(part: int, stretch: Stretch, begin: int, end: int) -> None:
        tables[part].count(stretch.text, begin, end)

    for _ in in_parts(texts, cutter, len(tables), count):
        pass
    found, total = _joined(tables)
    return by_frequency(found, total) if len(total) else None


def _joined(tables: list[WordTable]) -> tuple[Words, IntArray]:
    """The words of all tables with their counts; the list is emptied, so that memory is free as soon as it can be."""
    first = tables.pop(0)
    total = first.counts
    while tables:
        table = tables.pop(0)
        where = first.add(table)
        total = np.concatenate([total, np.zeros(len(first) - len(total), np.int64)])
        total[where] += table.counts
    return first.words, total
