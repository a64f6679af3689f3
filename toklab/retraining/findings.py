"""What the determinism lab finds: frozen, and ready to print, plot or save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from toklab.errors import UnknownNameError
from toklab.results import Displayed
from toklab.retraining.census import Census
from toklab.retraining.sameness import Sameness
from toklab.retraining.stability import Stability

SCHEMA = 1
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Probe:
    """What retraining one contender along one axis showed.

    Parameters
    ----------
    tokenizer : name of the contender
    axis : what was varied, one of `toklab.retraining.axes.AXES`
    runs : trainings compared, the first one included
    same_set, same_ids, same_encodings : whether all runs agree with the first; None where no run finished
    first_difference : what differs first, in words; None where nothing does
    error : why the axis could not be probed
    found : every other run held against the first
    """

    tokenizer: str
    axis: str
    runs: int
    same_set: bool | None
    same_ids: bool | None
    same_encodings: bool | None
    first_difference: str | None = None
    error: str | None = None
    found: tuple[Sameness, ...] = ()

    @property
    def verdict(self) -> str:
        """``exact``, ``pieces differ``, ``ids differ``, ``encodings differ`` or ``failed``."""
        if self.same_set is None:
            return FAILED
        if not self.same_set:
            return "pieces differ"
        if not self.same_ids:
            return "ids differ"
        return "exact" if self.same_encodings else "encodings differ"

    def to_dict(self) -> dict[str, Any]:
        """A row of the JSON object."""
        row = {name: getattr(self, name) for name in self.__slots__ if name != "found"}
        return row | {"verdict": self.verdict, "differences": [asdict(found) for found in self.found]}


# Grades, the best first: what all axes together say.
GRADES = {
    "exact": "A",
    "encodings differ": "B",
    "ids differ": "B",
    "pieces differ": "C",
    FAILED: "–",
}
WORDS = {
    "exact": "exact",
    "encodings differ": "same set, other encodings",
    "ids differ": "same set, other ids",
    "pieces differ": "other set",
    FAILED: "not known",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the axes say of a contender together.

    Parameters
    ----------
    grade : ``A`` exact, ``B`` the same pieces with other ids or encodings, ``C`` other pieces, ``–`` not known
    words : the same in words, with the axes that moved it
    claims : what the trainer says about itself
    broken : how a training broke that claim; None where none did
    """

    tokenizer: str
    grade: str
    words: str
    claims: str
    broken: str | None = None


@dataclass(frozen=True)
class DeterminismReport(Displayed):
    """The probes of all contenders, with the signature of the run.

    Parameters
    ----------
    probes : one for each contender and axis
    verdicts : one for each contender
    censuses : of the ties, for each contender that learns merges by their counts
    stabilities : under resampling, for each contender where that was asked for
    """

    probes: tuple[Probe, ...]
    signature: str
    verdicts: tuple[Verdict, ...] = ()
    censuses: tuple[Census, ...] = ()
    stabilities: tuple[Stability, ...] = field(default=())

    def __getitem__(self, name: str) -> tuple[Probe, ...]:
        found = tuple(probe for probe in self.probes if probe.tokenizer == name)
        if not found:
            raise UnknownNameError("contender", name, dict.fromkeys(probe.tokenizer for probe in self.probes))
        return found

    @property
    def broken_claims(self) -> tuple[Verdict, ...]:
        """The contenders that did not do what they say of themselves."""
        return tuple(verdict for verdict in self.verdicts if verdict.broken)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json``."""
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "rows": [probe.to_dict() for probe in self.probes],
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "ties": [census.to_dict() for census in self.censuses],
            "stability": [stability.to_dict() for stability in self.stabilities],
        }

    @staticmethod
    def from_dict(data: object) -> DeterminismReport:
        """The report that `to_dict` wrote.

        Raises
        ------
        FormatError
            It is no such object; the message names the place.
        """
        from toklab.retraining.restoring import restore

        return restore(data)


def worst(probes: Sequence[Probe]) -> str:
    """The worst verdict of some probes; ``failed`` only where all failed."""
    known = [probe.verdict for probe in probes if probe.verdict != FAILED]
    order = [name for name in GRADES if name != FAILED]
    return max(known, key=order.index) if known else FAILED
