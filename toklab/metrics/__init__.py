"""Figures of a tokenizer on held-out text: one function per metric, one file per group."""

from __future__ import annotations

from toklab.metrics.base import (
    METRICS,
    Metric,
    Quantile,
    Ratio,
    Statistic,
    Sum,
    Value,
    all_metrics,
    get_metric,
    metric,
)
from toklab.metrics.encoded import Encoded
from toklab.metrics.texts import seen_characters, seen_words, words

# importing a group defines its metrics: this order is the order of the tables
# isort: off
from toklab.metrics import size as _size  # noqa: F401
from toklab.metrics import length as _length  # noqa: F401
from toklab.metrics import oov as _oov  # noqa: F401
from toklab.metrics import fidelity as _fidelity  # noqa: F401
from toklab.metrics import characters as _characters  # noqa: F401
from toklab.metrics import numbers as _numbers  # noqa: F401
from toklab.metrics import morphology as _morphology  # noqa: F401
from toklab.metrics import code as _code  # noqa: F401
from toklab.metrics import distribution as _distribution  # noqa: F401
from toklab.metrics import cost as _cost  # noqa: F401
from toklab.metrics import probability as _probability  # noqa: F401
# isort: on

__all__ = [
    "METRICS",
    "Encoded",
    "Metric",
    "Quantile",
    "Ratio",
    "Statistic",
    "Sum",
    "Value",
    "all_metrics",
    "get_metric",
    "metric",
    "seen_characters",
    "seen_words",
    "words",
]
