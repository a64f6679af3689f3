"""Cut much text into words with the compiled scanner, in threads: the distinct ones with numbers and counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from toklab.backend import thread_count
from toklab.corpus.documents import size_of
from toklab.kernels import announce, scan, words
from toklab.kernels.cut import LANES
from toklab.kernels.windows import WORD
from toklab.pretokenize.cutter import Cutter
from toklab.pretokenize.frequency import by_frequency
from toklab.pretokenize.stretches import MARGIN, Stretch, in_parts
from toklab.types import ByteArray, IdArray, IntArray, WordCounts, Words

Rows = TypeVar("Rows", bound=np.ndarray[Any, Any])
# Bytes that are worth a thread of their own: to encode, and to count. Each thread that counts fills a table of its own,
# and tables are joined; on 10 MB of English two threads take 30 ms longer than one, on 30 MB as long.
WORTH = 1 << 16
COUNT_WORTH = 1 << 24
# Words that there is room for from the beginning: what is not written to costs nothing, and to grow costs more than to
# fill, because memory is slow where no one has written yet.
ROOM = 1 << 17
# Numbers that are handed out at a time. While words are looked up, their tokens leave the near caches, and return
# while they are laid end to end: with fewer numbers, more often; with more, the numbers themselves leave.
NUMBERS = 1 << 19


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
        self._rows = np.zeros((2 * ROOM, words.COLUMNS), np.int64)
        self._spelled, self._starts = np.zeros(8 * ROOM, np.uint8), np.zeros(ROOM + 1, np.int64)
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
            np.zeros(most, np.int32),
            np.zeros((cutter.windows.rows, scan.BLOCK // WORD + 2), np.uint64),
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
        c, w, state = self._cutter, self._cutter.windows, self._state
        state[:] = begin, 0, begin, 0, 0, 0, 0
        while state[scan.GO_AT] <= end:
            scan.scan(
                text, end, c.classes, c.steps, c.safe, c.table, w.ranges, w.unions, w.terms, w.sure, self._keeps_gaps,
                self._rows, self._spelled, self._starts, self._used, self._counts, self._numbers, self._begins, state,
                self._room(), *self._work,
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
        keys = np.zeros((len(places), 3), np.uint64)
        others, numbers = np.zeros(len(places), np.int32), np.zeros(len(places), np.int32)
        scan.write_keys(theirs.text, places, len(places), keys, self._rows)
        table = self._rows, self._spelled, self._starts, self._used
        scan.look_up(theirs.text, places, len(places), keys, others, *table, numbers, 0)
        return numbers

    def _room(self) -> IntArray:
        """How many words, their bytes and numbers there is room for; the table is at most two thirds full."""
        most = min(2 * len(self._rows) // 3, len(self._starts) - 1)
        most = min(most, len(self._counts)) if len(self._counts) else most
        return np.array([most, len(self._spelled) - scan.SLACK, len(self._numbers)])

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
