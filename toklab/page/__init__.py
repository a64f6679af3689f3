"""A report as one page of HTML that needs nothing else: no network, no other file."""

from __future__ import annotations

from toklab.page.frame import Findings, Section
from toklab.page.page import render_page, write_page

__all__ = ["Findings", "Section", "render_page", "write_page"]
