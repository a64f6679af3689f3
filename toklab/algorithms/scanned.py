"""Encode much text: cut it, look words up, cut only new words into tokens, lay the tokens end to end; in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from toklab.algorithms.ahead import compiling
from toklab.algorithms.segmenting import Tokens
from toklab.backend import thread_count
from toklab.kernels import announce, layout
from toklab.pretokenize.cutter import Cutter
from toklab.pretokenize.stretches import Stretch, in_parts
from toklab.pretokenize.words import ROOM, WORTH, WordTable, count_scanned, longer
from toklab.types import Batch, IdArray, IntArray, Words

# What a thread remembers beside the words that it knows from the beginning; past either, it starts to remember anew.
MOST_WORDS = 1 << 18
MOST_BYTES = 1 << 26
# Words that it knows from the beginning, where the model can tell: of those that 5 MB of English would bring anew, a
# quarter.
MOST_KNOWN = 1 << 15


class ScannedEncoder:
    """Encodes with the compiled scanner; remembers words from one call to the next.

    Parameters
    ----------
    cutter : the tables of the pattern
    keeps_gaps : text between matches is encoded too
    segment : cuts words into tokens
    task : of `toklab.algorithms.ahead`, what ``segment`` compiles; None for nothing
    whole : gives at most so many words that are one token each, and which; None where it cannot tell
    """

    def __init__(
        self,
        cutter: Cutter,
        keeps_gaps: bool,
        segment: Callable[[Words], Tokens],
        task: str | None = None,
        whole: Callable[[int], tuple[Words, IdArray] | None] | None = None,
    ) -> None:
        self._cutter, self._keeps_gaps, self._segment, self._whole = cutter, keeps_gaps, segment, whole
        self._memories: list[_Memory] = []
        announce(layout.lay_out)
        if task is not None:
            with compiling(task, wanted=True):
                count_scanned([""], cutter, keeps_gaps)
                _lay_nothing()

    def encode(self, texts: Sequence[str], offsets: bool, threads: int | None) -> Batch:
        """Encode texts; the same for any number of threads.

        Raises
        ------
        UsageError
            A text holds a lone surrogate.
        """
        workers = thread_count(threads, sum(map(len, texts)) // WORTH)
        whole = self._known
        # The first again, so that equal parts meet words they know; those that are missing each thread makes itself.
        memories: list[_Memory | None] = [self._memories.pop(0) if self._memories else None for _ in range(workers)]

        def encode(part: int, stretch: Stretch, begin: int, end: int) -> _Encoded:
            memory = memories[part]
            if memory is None:
                memory = memories[part] = _Memory(self._table, self._segment, whole)
            # The first part has room for all of them: only what the others wrote is copied.
            return memory.encode(stretch, begin, end, offsets, end if part else stretch.end)

        done: list[_Encoded] = []
        rows, spans, total = [np.zeros(1, np.int64)], [np.zeros((0, 2), np.int64)], 0
        for stretch, parts in in_parts(texts, self._cutter, workers, encode):
            for part in parts:
                spans += part.spans
                rows += [breaks + total for breaks in part.breaks]
                total += part.total
            if stretch.whole:
                rows.append(np.array([total]))
            for part in parts if done else parts[1:]:  # the first has room for all of them
                part.give_back()
            done += parts
        self._memories += filter(None, memories)
        return Batch(_joined(done), np.concatenate(rows), np.concatenate(spans))

    def _table(self) -> WordTable:
        return WordTable(self._cutter, self._keeps_gaps)

    @cached_property
    def _known(self) -> tuple[Words, IdArray] | None:
        """Words that need no cutting."""
        return self._whole(MOST_KNOWN) if self._whole else None


def _lay_nothing() -> None:
    """Lay no words out, so that the kernel that does it is compiled."""
    ids, rows = np.zeros(0, np.int32), np.zeros((0, layout.COLUMNS), np.int32)
    layout.lay_out(ids, rows, np.zeros(1, np.int32), ids, ids, np.zeros(0, np.int64))


class _Memory:
    """Words and the tokens of each."""

    def __init__(
        self,
        make_table: Callable[[], WordTable],
        segment: Callable[[Words], Tokens],
        whole: tuple[Words, IdArray] | None,
    ) -> None:
        self._make_table, self._segment, self._whole = make_table, segment, whole
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.table: WordTable = self._make_table()
        self.rows, self.starts = np.zeros((ROOM, layout.COLUMNS), np.int32), np.zeros(ROOM + 1, np.int32)
        self.ids, self.ends = np.zeros(2 * ROOM, np.int32), np.zeros(2 * ROOM, np.int32)
        self._known, self._most, self._longest = 0, 1, 0
        if self._whole is not None:
            words, ids = self._whole
            sizes = np.diff(words.starts)
            self.table.enter(words)
            self._remember(Tokens(ids, sizes.astype(np.int32), np.ones_like(sizes)))

    def learn(self) -> None:
        """Cut the words that are new into tokens."""
        if self._known < len(self.table):
            words = self.table.words
            self._remember(self._segment(Words(words.text, words.starts[self._known :])))

    def _remember(self, found: Tokens) -> None:
        """Remember the tokens of new words; keep the most tokens for a byte, and the longest word."""
        known, self._known = self._known, len(self.table)
        self.rows, self.starts = longer(self.rows, self._known), longer(self.starts, self._known + 1)
        laid = int(self.starts[known]) + len(found.ids)
        self.ids, self.ends = longer(self.ids, laid), longer(self.ends, laid)
        lengths = np.diff(self.table.words.starts[known:])
        most, longest = layout.keep(lengths, *found, known, self.rows, self.starts, self.ids, self.ends)
        self._most, self._longest = max(self._most, most), max(self._longest, longest)

    def encode(self, stretch: Stretch, begin: int, end: int, offsets: bool, last: int) -> _Encoded:
        """Encode a part of a stretch between two places where pre-tokens end; there is room for tokens up to ``last``.

        Room is for the most tokens that so many bytes can be; what is not written costs nothing.
        """
        done = _Encoded(np.empty(self._most * (last - begin + 1) + layout.AHEAD, np.int32))
        for numbers, begins, size in self.table.numbers(stretch.text, begin, end, offsets):
            self.learn()
            done.make_room(done.total + self._most * (size + self._longest) + layout.AHEAD)
            breaks = np.empty(len(numbers), np.int64)
            tokens, texts = layout.lay_out(numbers, self.rows, self.starts, self.ids, done.ids[done.total :], breaks)
            done.breaks.append(breaks[:texts] + done.total)
            done.total += tokens
            if offsets:
                spans = np.empty((tokens, 2), np.int64)
                first = stretch.bounds[np.searchsorted(stretch.bounds, begins[0], side="right") - 1]
                layout.lay_spans(numbers, begins, self.starts, self.ends, first, spans)
                done.spans.append(spans)
        known = len(self._whole[1]) if self._whole is not None else 0
        if len(self.table) > MOST_WORDS + known or int(self.table.words.starts[-1]) > MOST_BYTES:
            self.forget()
        return done


@dataclass
class _Encoded:
    """Tokens of a part.

    Parameters
    ----------
    ids : of the tokens, and room for more
    spans : of the tokens, some at a time
    breaks : how many tokens there are up to the end of each text that ends here, some at a time
    total : how many there are
    """

    ids: IdArray
    spans: list[IntArray] = field(default_factory=list)
    breaks: list[IntArray] = field(default_factory=list)
    total: int = 0

    def make_room(self, needed: int) -> None:
        """Make room for so many tokens."""
        self.ids = longer(self.ids, needed)

    def give_back(self) -> None:
        """Give back the room that is left."""
        self.ids.resize(self.total, refcheck=False)


def _joined(parts: list[_Encoded]) -> IdArray:
    """The tokens of all parts, where those of the first are; the room that is left is given back."""
    if not parts:
        return np.zeros(0, np.int32)
    first, *others = parts
    first.make_room(sum(part.total for part in parts))
    for part in others:
        first.ids[first.total : first.total + part.total] = part.ids
        first.total += part.total
    first.give_back()
    return first.ids
