"""toklab: which tokenizer should I train for this corpus? An answer with evidence."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toklab import testing
    from toklab.adapting import Adaptation, adapt
    from toklab.checking import CheckReport, check
    from toklab.comparison import compare
    from toklab.converting import Conversion, convert
    from toklab.corpus import Corpus, open_corpus
    from toklab.differing import diff
    from toklab.errors import ToklabError
    from toklab.inspecting import inspect_model
    from toklab.languages import compare_languages
    from toklab.loading import load
    from toklab.results import Report
    from toklab.retraining import determinism
    from toklab.sweeping import SweepReport, sweep
    from toklab.training import train

__all__ = [
    "Adaptation",
    "CheckReport",
    "Conversion",
    "Corpus",
    "Report",
    "SweepReport",
    "ToklabError",
    "adapt",
    "check",
    "compare",
    "compare_languages",
    "convert",
    "determinism",
    "diff",
    "inspect_model",
    "load",
    "open_corpus",
    "sweep",
    "testing",
    "train",
]

_HOME = {
    "Corpus": "toklab.corpus",
    "open_corpus": "toklab.corpus",
    "ToklabError": "toklab.errors",
    "Report": "toklab.results",
    "train": "toklab.training",
    "load": "toklab.loading",
    "Adaptation": "toklab.adapting",
    "adapt": "toklab.adapting",
    "check": "toklab.checking",
    "CheckReport": "toklab.checking",
    "compare": "toklab.comparison",
    "Conversion": "toklab.converting",
    "convert": "toklab.converting",
    "compare_languages": "toklab.languages",
    "determinism": "toklab.retraining",
    "diff": "toklab.differing",
    "sweep": "toklab.sweeping",
    "SweepReport": "toklab.sweeping",
    "inspect_model": "toklab.inspecting",
}


def __getattr__(name: str) -> Any:
    if name == "testing":
        return importlib.import_module("toklab.testing")
    if name not in _HOME:
        raise AttributeError(f"module 'toklab' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
