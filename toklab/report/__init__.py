"""From a report to what people look at: a terminal table, files and plots. Nothing here prints."""

from __future__ import annotations

from toklab.report.files import render_markdown, write_report
from toklab.report.lab_plots import write_determinism
from toklab.report.language_files import write_languages
from toklab.report.language_table import render_languages
from toklab.report.plots import write_plots
from toklab.report.probes import render_determinism
from toklab.report.table import render_report
from toklab.report.terminal import render_summary, render_tokens, visible

__all__ = [
    "render_determinism",
    "render_languages",
    "render_markdown",
    "render_report",
    "render_summary",
    "render_tokens",
    "visible",
    "write_determinism",
    "write_languages",
    "write_plots",
    "write_report",
]
