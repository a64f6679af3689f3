"""Encode much text: cut it, look words up, cut only new words into tokens, lay the tokens end to end; in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from toklab.algorithms.segmenting import Tokens
from toklab.backend import thread_count
from toklab.kernels import announce, layout
from toklab.pretokenize.cutter import Cutter
from toklab.pretokenize.words import WORTH, WordTable, in_parts, longer, stretches
from toklab.types import Batch, ByteArray, IdArray, IntArray, Words

# What a thread remembers; past either, it starts to remember anew.
MOST_WORDS = 1 << 18
MOST_BYTES = 1 << 26


class ScannedEncoder:
    """Encodes with the compiled scanner; remembers words from one call to the next.

    Parameters
    ----------
    cutter : the tables of the pattern
    keeps_gaps : text between matches is encoded too
    segment : cuts words into tokens
    """

    def __init__(self, cutter: Cutter, keeps_gaps: bool, segment: Callable[[Words], Tokens]) -> None:
        self._cutter, self._keeps_gaps, self._segment = cutter, keeps_gaps, segment
        self._memories: list[_Memory] = []

    def encode(self, texts: Sequence[str], offsets: bool, threads: int | None) -> Batch:
        """Encode texts; the same for any number of threads.

        Raises
        ------
        UsageError
            A text holds a lone surrogate.
        """
        announce(layout.lay_out)
        workers = thread_count(threads, sum(map(len, texts)) // WORTH)
        memories = [self._take() for _ in range(workers)]
        rows, total = [np.zeros(1, np.int64)], 0
        ids, spans = [], []
        for stretch in stretches(texts):
            parts = [_Part(memory, stretch.bounds, offsets) for memory in memories]
            in_parts(stretch, self._cutter, parts, lambda part, begin, end: part.encode(stretch.text, begin, end))  # noqa: B023
            for part in parts:
                ids += part.ids
                spans += part.spans
                rows += [breaks + total for breaks in part.breaks]
                total += part.total
            rows.append(np.array([total]))
        self._memories += memories
        flat = np.concatenate(ids) if ids else np.zeros(0, np.int32)
        return Batch(flat, np.concatenate(rows), np.concatenate(spans) if spans else np.zeros((0, 2), np.int64))

    def _take(self) -> _Memory:
        """A memory that no other call uses."""
        try:
            return self._memories.pop()
        except IndexError:
            return _Memory(lambda: WordTable(self._cutter, self._keeps_gaps), self._segment)


class _Memory:
    """Words and the tokens of each."""

    def __init__(self, make_table: Callable[[], WordTable], segment: Callable[[Words], Tokens]) -> None:
        self._make_table, self._segment = make_table, segment
        self.forget_if_full(most=-1)

    def forget_if_full(self, most: int) -> None:
        """Start anew where there are more words than that, or more bytes than `MOST_BYTES`."""
        if most >= 0 and len(self.table) <= most and int(self.table.words.starts[-1]) <= MOST_BYTES:
            return
        self.table = self._make_table()
        self.at = np.zeros(1 << 10, np.int64)
        self.ids, self.ends = np.zeros(1 << 10, np.int32), np.zeros(1 << 10, np.int32)
        self._known = 0

    def learn(self) -> None:
        """Cut the words that are new into tokens."""
        words, known = self.table.words, self._known
        if known == len(self.table):
            return
        found = self._segment(Words(words.text, words.starts[known:]))
        self._known = len(self.table)
        first = int(self.at[known])
        last = first + len(found.ids)
        self.at = longer(self.at, self._known + 1)
        self.ids, self.ends = longer(self.ids, last + layout.AHEAD), longer(self.ends, last)
        self.ids[first:last], self.ends[first:last] = found.ids, found.ends
        np.cumsum(found.sizes, out=self.at[known + 1 : self._known + 1])
        self.at[known + 1 : self._known + 1] += first


class _Part:
    """The tokens of a part of a stretch.

    Parameters
    ----------
    memory : what is known of words
    bounds : where the texts of the stretch begin
    offsets : find the bytes of each token too
    """

    def __init__(self, memory: _Memory, bounds: IntArray, offsets: bool) -> None:
        self._memory, self._bounds, self._offsets = memory, bounds, offsets
        self.ids: list[IdArray] = []
        self.spans: list[IntArray] = []
        self.breaks: list[IntArray] = []
        self.total = 0

    def encode(self, text: ByteArray, begin: int, end: int) -> None:
        """Encode the text between two places where pre-tokens end; ``breaks`` say how many tokens texts end with."""
        memory = self._memory
        for places in memory.table.places(text, begin, end):
            memory.learn()
            size = int(layout.count_tokens(places, memory.at))
            out, breaks = np.empty(size + layout.AHEAD, np.int32), np.empty(len(places), np.int64)
            texts = layout.lay_out(places, memory.at, memory.ids, out, breaks)
            self.ids.append(out[:size])
            self.breaks.append(breaks[:texts] + self.total)
            self.total += size
            if self._offsets:
                spans = np.empty((size, 2), np.int64)
                first = self._bounds[np.searchsorted(self._bounds, places[0, 0], side="right") - 1]
                layout.lay_spans(places, memory.at, memory.ends, first, spans)
                self.spans.append(spans)
        memory.forget_if_full(MOST_WORDS)
