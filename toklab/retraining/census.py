"""The tie census: how close was every merge?

A trainer that merges the most frequent pair has no choice where one pair is ahead, and needs a rule where several
are equal. The census replays a vocabulary's merges on the text that it was trained on and counts, before each of
them, how often the chosen pair occurs, how far it is ahead of the next, and how many pairs it shares its count with.

Worked example. The words ``ab``, ``abc`` and ``bc`` hold (a, b) twice and (b, c) twice: the first merge, (a, b), is
a tie of two pairs with a margin of 0. Then (ab, c) and (b, c) occur once each, another tie. Had there been a second
``ab``, the first merge would have been ahead by 1.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from toklab.types import IntArray

# A symbol by the initial symbols that it is made of, so that equal texts are equal symbols.
Symbol = tuple[int, ...]
Pair = tuple[Symbol, Symbol]
# From where on nearly all merges are ties.
TAKEN = 0.9


@dataclass(frozen=True, eq=False)
class Census:
    """How close every merge of one training was.

    Parameters
    ----------
    tokenizer : name of the contender
    counts : (merges,) int64, occurrences of the merged pair at its turn
    margins : (merges,) int64, how many more than the next pair; 0 for a tie, below 0 where the trainer passed a more
        frequent pair over
    tied : (merges,) int64, pairs that occurred as often, the merged one included
    rule : what decides between equals
    """

    tokenizer: str
    counts: IntArray
    margins: IntArray
    tied: IntArray
    rule: str

    @property
    def share(self) -> float | None:
        """Merges that were ties / merges (`tied_merges`); None where there is no merge."""
        return float((self.tied > 1).mean()) if len(self.tied) else None

    @cached_property
    def takeover(self) -> int | None:
        """The first rank from which on at least nine of ten merges are ties; None where there is none."""
        if not len(self.tied):
            return None
        ties = np.cumsum((self.tied > 1)[::-1])[::-1]
        enough = ties >= TAKEN * np.arange(len(ties), 0, -1)
        return int(np.argmax(enough)) if enough.any() else None

    @property
    def widest(self) -> int:
        """Most pairs that were equal at one merge."""
        return int(self.tied.max(initial=0))

    def to_dict(self) -> dict[str, Any]:
        """For the JSON object: the figures, and those of each merge."""
        return {
            "tokenizer": self.tokenizer,
            "merges": len(self.counts),
            "tied_merges": self.share,
            "ties_from_rank": self.takeover,
            "widest_tie": self.widest,
            "tie_rule": self.rule,
            "counts": self.counts.tolist(),
            "margins": self.margins.tolist(),
            "tied": self.tied.tolist(),
        }


@dataclass
class Replay:
    """Words as symbols, with the number of each pair, and how many pairs have each number.

    Parameters
    ----------
    words : symbols of each distinct word
    weights : occurrences of each word
    """

    words: list[list[Symbol]]
    weights: Sequence[int]
    pairs: Counter[Pair] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    _places: dict[Pair, dict[int, None]] = field(default_factory=dict)
    _heap: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, word in enumerate(self.words):
            self._enter(index, word, self.weights[index])

    def merge(self, pair: Pair) -> None:
        """Merge a pair wherever it occurs, from left to right without overlap."""
        for index in self._places.pop(pair, {}):
            word, weight = self.words[index], self.weights[index]
            self._count(word, -weight)
            self.words[index] = list(_merged(word, pair))
            self._enter(index, self.words[index], weight)

    def best(self) -> int:
        """The number of the most frequent pair; 0 where there is none."""
        while self._heap and not self.levels[-self._heap[0]]:
            heapq.heappop(self._heap)
        return -self._heap[0] if self._heap else 0

    def second(self) -> int:
        """The number of the next but the most frequent pair; 0 where there is none."""
        first = self.best()
        if not first or self.levels[first] > 1:
            return first
        while self._heap and self._heap[0] == -first:
            heapq.heappop(self._heap)
        below = self.best()
        heapq.heappush(self._heap, -first)
        return below

    def _enter(self, index: int, word: Sequence[Symbol], weight: int) -> None:
        for pair in pairwise(word):
            self._places.setdefault(pair, {})[index] = None
        self._count(word, weight)

    def _count(self, word: Sequence[Symbol], change: int) -> None:
        for pair in pairwise(word):
            before = self.pairs[pair]
            self.pairs[pair] = after = before + change
            self.levels[before] -= 1
            self.levels[after] += 1
            if after > 0 and self.levels[after] == 1:
                heapq.heappush(self._heap, -after)


def _merged(word: Sequence[Symbol], pair: Pair) -> Iterator[Symbol]:
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            yield word[at] + word[at + 1]
            at += 2
        else:
            yield word[at]
            at += 1


def take_census(
    name: str, words: Iterable[tuple[Sequence[int], int]], merges: Sequence[tuple[Symbol, Symbol]], rule: str
) -> Census:
    """Replay merges on the words that they were learned from.

    Parameters
    ----------
    name : of the contender
    words : initial symbols of distinct words, and how often each occurs
    merges : pairs in order, each symbol as the initial ones that it is made of
    rule : what decides between equals
    """
    counted = list(words)
    replay = Replay([[(symbol,) for symbol in word] for word, _ in counted], [count for _, count in counted])
    rows = np.zeros((3, len(merges)), np.int64)
    for rank, pair in enumerate(merges):
        count, best = replay.pairs[pair], replay.best()
        rows[:, rank] = count, count - (replay.second() if count == best else best), replay.levels[count]
        replay.merge(pair)
    counts, margins, tied = rows
    return Census(name, counts, margins, tied, rule)


def count_pairs(words: Iterable[tuple[Sequence[int], int]], merges: Sequence[Pair], pairs: Sequence[Pair]) -> list[int]:
    """How often each of some pairs occurs once these merges are made."""
    counted = list(words)
    replay = Replay([[(symbol,) for symbol in word] for word, _ in counted], [count for _, count in counted])
    for pair in merges:
        replay.merge(pair)
    return [replay.pairs[pair] for pair in pairs]
