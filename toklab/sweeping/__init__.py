"""Vocabulary size against sequence length: train once where smaller sizes can be cut from the largest."""

from __future__ import annotations

from toklab.sweeping.curves import balance, knee
from toklab.sweeping.findings import Curve, Point, SweepReport
from toklab.sweeping.run import DEFAULT_SIZES, sweep
from toklab.sweeping.sizes import parse_sizes

__all__ = ["DEFAULT_SIZES", "Curve", "Point", "SweepReport", "balance", "knee", "parse_sizes", "sweep"]
