"""Which id of one vocabulary is which id of another."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from toklab.types import Piece, Vocab


class IdRow(NamedTuple):
    """A piece and its id in each vocabulary; None where a vocabulary lacks it."""

    piece: Piece
    first: int | None
    second: int | None

    @property
    def status(self) -> str:
        """``"same"`` id, ``"moved"``, ``"first only"`` or ``"second only"``."""
        if self.second is None:
            return "first only"
        if self.first is None:
            return "second only"
        return "same" if self.first == self.second else "moved"


@dataclass(frozen=True)
class IdMap:
    """The ids of the same pieces in two vocabularies.

    Pieces are the same where all of a `Piece` is: ``##ing`` is not ``ing``, and a special piece is the one of the same
    name. A piece that is several times in a vocabulary is paired as often as both have it, the same ids first.

    Parameters
    ----------
    rows : every id of the first vocabulary in order, then the ids of the second that have no partner
    """

    rows: tuple[IdRow, ...]

    @staticmethod
    def of(first: Vocab, second: Vocab) -> IdMap:
        """Pair the ids of two vocabularies."""
        theirs: defaultdict[Piece, deque[int]] = defaultdict(deque)
        for index, piece in enumerate(second):
            if not _same(first, second, index):
                theirs[piece].append(index)
        rows = []
        for index, piece in enumerate(first):
            if _same(first, second, index):
                rows.append(IdRow(piece, index, index))
            else:
                rows.append(IdRow(piece, index, theirs[piece].popleft() if theirs[piece] else None))
        left = sorted(index for indices in theirs.values() for index in indices)
        return IdMap((*rows, *(IdRow(second[index], None, index) for index in left)))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows have each status."""
        found = dict.fromkeys(("same", "moved", "first only", "second only"), 0)
        for row in self.rows:
            found[row.status] += 1
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--id-map FILE.json``."""
        return {"schema": 1, "counts": self.counts, "rows": [_fields(row) for row in self.rows]}

    def to_tsv(self) -> str:
        """The same rows as tab-separated values with a heading; an id that does not exist is empty.

        In the last column what is not printable ASCII or is a backslash is escaped; the bytes before it are exact.
        """
        return "".join("\t".join(line) + "\n" for line in self._lines())

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    def _lines(self) -> Iterator[list[str]]:
        yield ["first", "second", "status", "bytes", "piece"]
        for row in self.rows:
            ids = ["" if index is None else str(index) for index in (row.first, row.second)]
            piece = str(row.piece).encode("unicode_escape").decode("ascii")
            yield [*ids, row.status, row.piece.surface.hex(), piece]


def _same(first: Vocab, second: Vocab, index: int) -> bool:
    return index < min(len(first), len(second)) and first[index] == second[index]


def _fields(row: IdRow) -> dict[str, Any]:
    bytes_ = row.piece.surface.hex()
    return {"first": row.first, "second": row.second, "status": row.status, "bytes": bytes_, "piece": str(row.piece)}
