"""Fairness over languages: what the same text costs in each of them."""

from __future__ import annotations

from toklab.languages.comparing import compare_languages
from toklab.languages.findings import Fairness, LanguageFigures, LanguageReport, ScriptMean
from toklab.languages.inequality import AcrossLanguages, gini, lorenz
from toklab.languages.parallel import ParallelText, read_parallel
from toklab.languages.scripts import script_of
from toklab.languages.training_text import draw, times_drawn

__all__ = [
    "AcrossLanguages",
    "Fairness",
    "LanguageFigures",
    "LanguageReport",
    "ParallelText",
    "ScriptMean",
    "compare_languages",
    "draw",
    "gini",
    "lorenz",
    "read_parallel",
    "script_of",
    "times_drawn",
]
