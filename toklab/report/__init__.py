"""From a report to what people look at: a terminal table, files and plots. Nothing here prints."""

from __future__ import annotations

from toklab.report.files import render_markdown, write_report
from toklab.report.plots import write_plots
from toklab.report.table import render_probes, render_report
from toklab.report.terminal import render_summary, render_tokens, visible

__all__ = [
    "render_markdown",
    "render_probes",
    "render_report",
    "render_summary",
    "render_tokens",
    "visible",
    "write_plots",
    "write_report",
]
