"""How far a figure may fall."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toklab.errors import UnknownNameError, UsageError

DEFAULT = "default"
ANY = "any"
# Of floating point: far above what the order of a sum can move, far below one token in a million documents.
NOISE = 1e-9


@dataclass(frozen=True)
class Threshold:
    """How much worse a figure may be than its baseline.

    Parameters
    ----------
    amount : in the unit of the figure, or a share of the baseline; infinite where nothing is too much
    relative : it is a share
    """

    amount: float
    relative: bool = False

    @staticmethod
    def of(value: str | float) -> Threshold:
        """From ``0.01`` (absolute), ``"0.5%"`` (of the baseline) or ``"any"``.

        Raises
        ------
        UsageError
            It is none of these, or negative.
        """
        text = str(value).strip()
        if text == ANY:
            return Threshold(math.inf)
        relative = text.endswith("%")
        try:
            amount = float(text.removesuffix("%"))
        except ValueError:
            amount = math.nan
        if not 0 <= amount < math.inf:
            raise UsageError(f"threshold {text!r} is none: give an amount such as 0.01, a share such as 0.5%, or {ANY}")
        return Threshold(amount / 100 if relative else amount, relative)

    def __str__(self) -> str:
        if math.isinf(self.amount):
            return ANY
        return f"{100 * self.amount:.12g}%" if self.relative else f"{self.amount:.12g}"

    def allows(self, before: float, loss: float) -> bool:
        """Whether a figure that was ``before`` may be worse by ``loss``, in its unit."""
        allowed = self.amount * abs(before) if self.relative else self.amount
        return loss <= allowed + NOISE * max(abs(before), abs(loss))


NONE = Threshold(0.0)


def parse_thresholds(words: Iterable[str]) -> dict[str, str]:
    """``METRIC=AMOUNT`` words as a mapping; the amounts are looked at by `thresholds`.

    Raises
    ------
    UsageError
        A word has another form, or a metric is named twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, amount = word.partition("=")
        if not (name and equals and amount):
            raise UsageError(f"threshold {word!r} is not METRIC=AMOUNT; try {name or 'fertility'}=0.5%")
        if name in found:
            raise UsageError(f"two thresholds of {name!r}: {found[name]} and {amount}; give one")
        found[name] = amount
    return found


def thresholds(given: Mapping[str, str | float], metrics: Iterable[str]) -> dict[str, Threshold]:
    """The thresholds by metric, and under ``default`` that of all others.

    Parameters
    ----------
    metrics : names that may have one

    Raises
    ------
    UnknownNameError
        A name is no metric.
    UsageError
        An amount is none.
    """
    known = (*metrics, DEFAULT)
    for name in given:
        if name not in known:
            raise UnknownNameError("metric of a threshold", name, known)
    return {name: Threshold.of(value) for name, value in given.items()}
