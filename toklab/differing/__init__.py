"""Two tokenizers on the same text: where they cut differently, and which ids mean the same piece."""

from __future__ import annotations

from toklab.differing.contrast import diff
from toklab.differing.findings import Difference, DiffReport, Example, Part, Side
from toklab.differing.idmap import IdMap, IdRow

__all__ = ["DiffReport", "Difference", "Example", "IdMap", "IdRow", "Part", "Side", "diff"]
