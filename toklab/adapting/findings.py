"""What an adaptation is: the new tokenizer, what came and went, and the figures before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.cells import Cell, Displayed, to_text
from toklab.errors import UnknownNameError
from toklab.files import write_atomic

FILE = "adaptation.json"


@dataclass(frozen=True, slots=True)
class Added:
    """A new piece.

    Parameters
    ----------
    id : its id
    text : the piece, as `str(Piece)` shows it
    uses : tokens of the training part that it is
    before : old ids that its text had alone; the mean of their embeddings is a good start for its own
    """

    id: int
    text: str
    uses: int
    before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A piece that went: its old id, the piece, and how often the training part used it."""

    id: int
    text: str
    uses: int


@dataclass(frozen=True)
class Adaptation(Displayed):
    """The outcome of `toklab.adapt`.

    Parameters
    ----------
    tokenizer : the new one
    before, after : figures on held-out text, the same metrics in the same order
    added, dropped : what came, by id; what went, by old id
    moved : old id to new id, of pieces whose id is another now; empty unless the vocabulary shrank
    corpus : facts about the text
    signature : what is needed to make the same again
    warnings : such as fewer new pieces than asked for
    """

    tokenizer: TrainedTokenizer = field(repr=False)
    before: tuple[Cell, ...]
    after: tuple[Cell, ...]
    added: tuple[Added, ...]
    dropped: tuple[Dropped, ...]
    moved: Mapping[int, int]
    corpus: Mapping[str, Any]
    signature: str
    warnings: tuple[str, ...] = ()

    def change(self, metric: str) -> tuple[Cell, Cell]:
        """A figure before and after.

        Raises
        ------
        UnknownNameError
            It was not measured.
        """
        for old, new in zip(self.before, self.after, strict=True):
            if old.metric == metric:
                return old, new
        raise UnknownNameError("metric", metric, [cell.metric for cell in self.before])

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json`` and ``adaptation.json``."""
        rows = [
            {
                "metric": old.metric,
                "before": old.value,
                "before_ci": [old.ci_low, old.ci_high],
                "after": new.value,
                "after_ci": [new.ci_low, new.ci_high],
                "unit": old.unit,
                "better": old.better,
            }
            for old, new in zip(self.before, self.after, strict=True)
        ]
        return {
            "schema": 1,
            "signature": self.signature,
            "corpus": dict(self.corpus),
            "vocab_size": len(self.tokenizer.vocab),
            "rows": rows,
            "added": [{"id": a.id, "piece": a.text, "uses": a.uses, "before": list(a.before)} for a in self.added],
            "dropped": [{"id": d.id, "piece": d.text, "uses": d.uses} for d in self.dropped],
            "moved": {str(old): new for old, new in self.moved.items()},
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return to_text(self.to_dict())

    def save(self, folder: str | Path) -> Path:
        """Write the tokenizer and ``adaptation.json``; gives the model file.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        path = self.tokenizer.save(folder)
        write_atomic(Path(folder) / FILE, (self.to_json() + "\n").encode("utf-8"))
        return path
