"""The best and the two best ways through a lattice, with the ties of SentencePiece 0.2.3.

All sums are of single precision, so ways through the same pieces in another order may differ in their last bits, and
which of two equal ways comes first depends on the order in which things are looked at. `toklab.algorithms.lattice`
says what the paths are; this says which of equals is taken.
"""

from __future__ import annotations

from typing import NamedTuple

from toklab.algorithms.lattice import Edge, Lattice
from toklab.algorithms.single import single

Ids = tuple[int, ...]


class Way(NamedTuple):
    """The end of a segmentation, from some edge on.

    Parameters
    ----------
    ahead : of the best segmentation with this end, the log probability (nats)
    behind : of the edges after the first (nats)
    edge : where it begins, by number; -1 for the beginning of the word
    then : the rest; None at the end of the word
    """

    ahead: float
    behind: float
    edge: int
    then: Way | None


class Agenda:
    """The ways still to follow, as a binary heap: the best is at its top.

    Which of equal ways is at the top depends on the heap's steps. They are those of the C++ library that SentencePiece
    is built with: what is taken out leaves a hole, the better child moves up until the hole is at the bottom (the
    second child unless it is worse), and the last way goes there and up while it is better than its parent.
    """

    def __init__(self) -> None:
        self._ways: list[Way] = []

    def __len__(self) -> int:
        return len(self._ways)

    def push(self, way: Way) -> None:
        """Add a way."""
        self._ways.append(way)
        self._rise(len(self._ways) - 1, way)

    def pop(self) -> Way:
        """Take the best way out."""
        ways = self._ways
        top, last = ways[0], ways.pop()
        if ways:
            hole = 0
            while 2 * hole + 1 < len(ways):
                child = 2 * hole + 1
                if child + 1 < len(ways) and not ways[child + 1].ahead < ways[child].ahead:
                    child += 1
                ways[hole] = ways[child]
                hole = child
            self._rise(hole, last)
        return top

    def _rise(self, hole: int, way: Way) -> None:
        while hole > 0 and self._ways[(hole - 1) // 2].ahead < way.ahead:
            self._ways[hole] = self._ways[(hole - 1) // 2]
            hole = (hole - 1) // 2
        self._ways[hole] = way


def best_before(lattice: Lattice) -> tuple[list[float], list[int], list[list[int]]]:
    """The best way to the end of each edge.

    Returns
    -------
    scores : log probability of that way (nats), for each edge
    before : number of the edge before, -1 for none; of equals the first, after this edge's score is added
    ending : numbers of the edges that end at each position
    """
    ending: list[list[int]] = [[] for _ in range(lattice.size + 1)]
    scores: list[float] = []
    before: list[int] = []
    for number, edge in enumerate(lattice.edges):
        best, score = -1, edge.score
        for other in ending[edge.start]:
            found = single(scores[other] + edge.score)
            if best < 0 or found > score:
                best, score = other, found
        scores.append(score)
        before.append(best)
        ending[edge.end].append(number)
    return scores, before, ending


def best_ids(lattice: Lattice) -> Ids:
    """The pieces of the most probable segmentation (Viterbi)."""
    scores, before, ending = best_before(lattice)
    at = max(ending[lattice.size], key=lambda number: scores[number])
    found = []
    while at >= 0:
        found.append(lattice.edges[at].id)
        at = before[at]
    return tuple(reversed(found))


def two_best(lattice: Lattice) -> list[Ids]:
    """The pieces of the two most probable segmentations, best first (A* from the end); one where there is only one."""
    scores, _, ending = best_before(lattice)
    agenda = Agenda()
    agenda.push(Way(scores[0], 0.0, len(lattice.edges), None))
    found: list[Ids] = []
    edges = (*lattice.edges, Edge(lattice.size, lattice.size, -1, 0.0))
    while len(agenda) and len(found) < 2:
        way = agenda.pop()
        if way.edge < 0:
            found.append(ids_of(way, edges))
            continue
        start, behind = edges[way.edge].start, way.behind
        if start == 0:
            agenda.push(Way(behind, behind, -1, way))
        for number in ending[start]:
            agenda.push(Way(single(scores[number] + behind), single(edges[number].score + behind), number, way))
    return found


def ids_of(way: Way, edges: tuple[Edge, ...]) -> Ids:
    """The pieces of a whole way."""
    found = []
    at = way.then
    while at is not None and at.then is not None:
        found.append(edges[at.edge].id)
        at = at.then
    return tuple(found)
