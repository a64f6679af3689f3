"""What a sweep returns: frozen, and ready to print, plot or save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toklab.cells import FIGURE, SCHEMA, Cell, Displayed, frame, to_text
from toklab.errors import UnknownNameError
from toklab.results import Result
from toklab.sweeping.curves import GAIN

if TYPE_CHECKING:
    import pandas as pd

TRAINED, TRUNCATED = "trained", "truncated"
COLUMNS = ("tokenizer", "vocab_size", "vocab_obtained", "origin", *FIGURE)


@dataclass(frozen=True)
class Point:
    """One tokenizer at one size.

    Parameters
    ----------
    result : its figures as a comparison gives them, ``output_cost`` and ``tokens_saved_per_piece`` (by the step that
        leads up to it) among them; its seconds are those of the training, or of the cut
    origin : ``"trained"``, or ``"truncated"``: cut from the training at the largest size, which gives the same
    """

    result: Result
    origin: str

    def __getitem__(self, metric: str) -> Cell:
        return self.result[metric]

    @property
    def pieces(self) -> int | None:
        """Pieces obtained; None where it failed."""
        if self.result.error is not None:
            return None
        return int(self.result["vocab_obtained"].value or 0)


@dataclass(frozen=True)
class Curve:
    """One contender over the sizes.

    Parameters
    ----------
    tokenizer : name of the contender
    points : by size, smallest first
    knees : for each metric of `toklab.sweeping.curves.BENDING`, the pieces at which its curve over the logarithm of
        the pieces bends most; None where it has no knee (`toklab.sweeping.knee`)
    balance : pieces from which the next step saves less than ``SweepReport.worth`` tokens per piece; None where every
        step saves as much, or there is none
    """

    tokenizer: str
    points: tuple[Point, ...]
    knees: Mapping[str, int | None]
    balance: int | None

    @property
    def knee(self) -> int | None:
        """The knee of bytes per token."""
        return self.knees.get("bytes_per_token")

    def __getitem__(self, vocab_size: int) -> Point:
        for point in self.points:
            if point.result.vocab_size == vocab_size:
                return point
        raise UnknownNameError("size", str(vocab_size), [str(point.result.vocab_size) for point in self.points])

    @property
    def measured(self) -> tuple[Point, ...]:
        """The points that have figures."""
        return tuple(point for point in self.points if point.result.error is None)

    @property
    def has_steps(self) -> bool:
        """Whether there are two sizes to compare."""
        return any(point[GAIN].value is not None for point in self.measured)


@dataclass(frozen=True)
class SweepReport(Displayed):
    """Vocabulary size against sequence length: one curve per contender.

    Parameters
    ----------
    curves : in the order of the contenders
    worth : tokens per million bytes of held-out text that a piece added is to save
    signature : of the sweep as a whole
    corpus : facts about the texts: name, digest, documents and bytes of both parts
    warnings : what concerns the sweep as a whole
    """

    curves: tuple[Curve, ...]
    worth: float
    signature: str
    corpus: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __getitem__(self, tokenizer: str) -> Curve:
        """``report["bpe"]``, and ``report["bpe"][8000]["bytes_per_token"].value``."""
        for curve in self.curves:
            if curve.tokenizer == tokenizer:
                return curve
        raise UnknownNameError("contender", tokenizer, [curve.tokenizer for curve in self.curves])

    def rows(self) -> list[dict[str, Any]]:
        """Long form: one row per tokenizer, vocabulary size and metric."""
        return [
            {
                "tokenizer": curve.tokenizer,
                "vocab_size": point.result.vocab_size,
                "vocab_obtained": point.pieces,
                "origin": point.origin,
                **cell.row(),
            }
            for curve in self.curves
            for point in curve.measured
            for cell in point.result.cells
        ]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        types = dict.fromkeys(("vocab_size", "vocab_obtained"), "int64")
        types |= dict.fromkeys(("tokenizer", "origin", "metric", "unit", "better"), "str")
        return frame(self.rows(), COLUMNS, types)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json`` and ``sweep.json``."""
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "corpus": dict(self.corpus),
            "warnings": list(self.warnings),
            "worth": self.worth,
            "curves": [_described(curve) for curve in self.curves],
            "groups": {
                cell.metric: cell.group for curve in self.curves for p in curve.measured for cell in p.result.cells
            },
            "rows": self.rows(),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return to_text(self.to_dict())

    @staticmethod
    def from_dict(data: object) -> SweepReport:
        """The report that `to_dict` wrote.

        Raises
        ------
        FormatError
            It is no such object; the message names the place.
        """
        from toklab.sweeping.restoring import restore

        return restore(data)


def _described(curve: Curve) -> dict[str, Any]:
    points = [
        {
            "vocab_size": point.result.vocab_size,
            "vocab_obtained": point.pieces,
            "origin": point.origin,
            "seconds": point.result.seconds,
            "error": point.result.error,
            "warnings": list(point.result.warnings),
            "signature": point.result.signature,
        }
        for point in curve.points
    ]
    return {
        "tokenizer": curve.tokenizer,
        "knee": curve.knee,
        "knees": dict(curve.knees),
        "balance": curve.balance,
        "points": points,
    }
