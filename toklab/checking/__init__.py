"""Hold a tokenizer against a baseline: no figure may fall by more than allowed, and no id may move."""

from __future__ import annotations

from toklab.checking.baseline import Baseline, Kept, make_baseline
from toklab.checking.drift import Difference, Drift, Token
from toklab.checking.judging import CheckReport, Row, check
from toklab.checking.thresholds import Threshold

__all__ = [
    "Baseline",
    "CheckReport",
    "Difference",
    "Drift",
    "Kept",
    "Row",
    "Threshold",
    "Token",
    "check",
    "make_baseline",
]
