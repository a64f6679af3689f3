"""The page as a whole: its sections in their order, one style and one script, all in one file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from toklab.files import write_atomic
from toklab.page.answer import answer_section
from toklab.page.frame import Findings, Maker, fill, source
from toklab.page.notes import notes_section
from toklab.page.pictures import pictures_section
from toklab.page.table import table_section
from toklab.report.files import encode
from toklab.report.table import corpus_facts
from toklab.results import Report

SECTIONS: tuple[Maker, ...] = (answer_section, table_section, pictures_section, notes_section)
"""The sections in their order; another one is a function of the findings and a line here."""


def render_page(findings: Findings | Report) -> str:
    """One HTML file; equal reports give equal text.

    The page may run the one script that stands in it, known by its hash, and load nothing at all.

    Parameters
    ----------
    findings : a comparison, alone or with what else is known of its contenders
    """
    if isinstance(findings, Report):
        findings = Findings(findings)
    sections = [section for make in SECTIONS if (section := make(findings)) is not None]
    script = "\n".join([source("page.js"), *(section.script for section in sections if section.script)])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return fill(
        "page.html",
        sections=sections,
        facts=_facts(findings.report),
        name=str(findings.report.corpus.get("name", "")),
        style=Markup(source("style.css")),
        script=Markup(script),
        digest=digest,
    )


def _facts(report: Report) -> list[str]:
    """What the comparison was of, but for its name, which the heading has."""
    rest = {key: value for key, value in report.corpus.items() if key != "name"}
    return corpus_facts(replace(report, corpus=rest))


def write_page(findings: Findings | Report, path: str | Path) -> Path:
    """Write the page to a file, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    path = Path(path)
    write_atomic(path, encode(render_page(findings)))
    return path
