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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


class Replay:
    """Words as symbols, how often each pair occurs, and how many pairs occur how often; all kept up to date.

    Symbols have numbers here, which are quicker to compare.

    Parameters
    ----------
    words : initial symbols of distinct words, and how often each occurs
    """

    def __init__(self, words: Iterable[tuple[Sequence[int], int]]) -> None:
        self._numbers: dict[Symbol, int] = {}
        self._words: list[list[int]] = []
        self._weights: list[int] = []
        self._pairs: Counter[tuple[int, int]] = Counter()
        self._places: dict[tuple[int, int], dict[int, None]] = {}
        self._heap: list[int] = []
        self.levels: Counter[int] = Counter()
        for word, weight in words:
            self._weights.append(weight)
            self._words.append([self._number((symbol,)) for symbol in word])
            for pair in pairwise(self._words[-1]):
                self._change(pair, weight, len(self._words) - 1)

    def count(self, pair: Pair) -> int:
        """How often a pair occurs."""
        return self._pairs[self._number(pair[0]), self._number(pair[1])]

    def merge(self, pair: Pair) -> None:
        """Merge a pair wherever it occurs, from left to right without overlap."""
        left, right = self._number(pair[0]), self._number(pair[1])
        new = self._number(pair[0] + pair[1])
        for index in self._places.pop((left, right), {}):
            self._merge_in(index, left, right, new)

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

    def _number(self, symbol: Symbol) -> int:
        return self._numbers.setdefault(symbol, len(self._numbers))

    def _merge_in(self, index: int, left: int, right: int, new: int) -> None:
        """In one word; each merge changes the pairs beside it, and the next one sees what it made."""
        word, weight = self._words[index], self._weights[index]
        done: list[int] = []
        at = 0
        while at < len(word):
            if word[at] != left or word[at + 1 : at + 2] != [right]:
                done.append(word[at])
                at += 1
                continue
            self._change((left, right), -weight)
            for before in done[-1:]:
                self._change((before, left), -weight)
                self._change((before, new), weight, index)
            for after in word[at + 2 : at + 3]:
                self._change((right, after), -weight)
                self._change((new, after), weight, index)
            done.append(new)
            at += 2
        self._words[index] = done

    def _change(self, pair: tuple[int, int], change: int, index: int | None = None) -> None:
        """Another number of a pair; ``index`` is a word that holds it now."""
        if index is not None:
            self._places.setdefault(pair, {})[index] = None
        before = self._pairs[pair]
        self._pairs[pair] = after = before + change
        self.levels[before] -= 1
        self.levels[after] += 1
        if after > 0 and self.levels[after] == 1:
            heapq.heappush(self._heap, -after)


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
    replay = Replay(words)
    rows = np.zeros((3, len(merges)), np.int64)
    for rank, pair in enumerate(merges):
        count, best = replay.count(pair), replay.best()
        rows[:, rank] = count, count - (replay.second() if count == best else best), replay.levels[count]
        replay.merge(pair)
    counts, margins, tied = rows
    return Census(name, counts, margins, tied, rule)


def count_pairs(words: Iterable[tuple[Sequence[int], int]], merges: Sequence[Pair], pairs: Sequence[Pair]) -> list[int]:
    """How often each of some pairs occurs once these merges are made."""
    replay = Replay(words)
    for pair in merges:
        replay.merge(pair)
    return [replay.count(pair) for pair in pairs]
