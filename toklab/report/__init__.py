"""From a report to what people look at: a terminal table, files and plots. Nothing here prints."""

from __future__ import annotations

from toklab.report.differences import render_diff
from toklab.report.files import render_markdown, write_report
from toklab.report.lab_plots import write_determinism
from toklab.report.language_files import write_languages
from toklab.report.language_table import render_languages
from toklab.report.pairs import render_pairs
from toklab.report.plots import write_plots
from toklab.report.probes import render_determinism
from toklab.report.sweep_plots import write_sweep
from toklab.report.sweeps import render_sweep
from toklab.report.table import render_report
from toklab.report.terminal import render_encoding, render_summary, render_tokens, visible

__all__ = [
    "render_determinism",
    "render_diff",
    "render_encoding",
    "render_languages",
    "render_markdown",
    "render_pairs",
    "render_report",
    "render_summary",
    "render_sweep",
    "render_tokens",
    "visible",
    "write_determinism",
    "write_languages",
    "write_plots",
    "write_report",
    "write_sweep",
]
