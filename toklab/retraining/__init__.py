"""The determinism lab: train again, vary one thing, and see what moves, why, and how much it matters."""

from __future__ import annotations

from toklab.retraining.axes import AXES
from toklab.retraining.census import Census
from toklab.retraining.findings import DeterminismReport, Probe, Verdict
from toklab.retraining.lab import determinism
from toklab.retraining.probing import prepared, probe_axis, raise_if_all_too_small
from toklab.retraining.sameness import Sameness, compare_trainings
from toklab.retraining.stability import Stability

__all__ = [
    "AXES",
    "Census",
    "DeterminismReport",
    "Probe",
    "Sameness",
    "Stability",
    "Verdict",
    "compare_trainings",
    "determinism",
    "prepared",
    "probe_axis",
    "raise_if_all_too_small",
]
