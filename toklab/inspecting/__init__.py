"""The audit of one vocabulary: what can never be used, what is not, what looks like junk, and what is missing."""

from __future__ import annotations

from toklab.inspecting.audit import inspect_model
from toklab.inspecting.findings import InspectReport, Reach, Status

__all__ = ["InspectReport", "Reach", "Status", "inspect_model"]
