"""The page as a whole: its sections in their order, one style and one script, all in one file."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from toklab.files import write_atomic
from toklab.page.answer import answer_section
from toklab.page.frame import NOTHING, Findings, Maker, Panel, fill, source
from toklab.page.lab import lab_section
from toklab.page.languages import languages_section
from toklab.page.live import live_section
from toklab.page.notes import notes_section
from toklab.page.pictures import pictures_section
from toklab.page.segmentation import segmentation_section
from toklab.page.sizes import sizes_section
from toklab.page.table import table_section
from toklab.report.files import encode
from toklab.report.language_table import trained_on
from toklab.report.reading import AnyReport
from toklab.report.table import corpus_facts

SECTIONS: tuple[Maker, ...] = (
    answer_section,
    lab_section,
    languages_section,
    sizes_section,
    table_section,
    pictures_section,
    segmentation_section,
    live_section,
    notes_section,
)
"""The sections in their order; another one is a function of the findings and a line here."""


def render_page(findings: Findings | AnyReport, panel: Panel | None = None) -> str:
    """One HTML file; equal reports give equal text.

    The page may run the one script that stands in it, known by its hash, and load nothing at all; with a panel it may
    speak to the server that it comes from.

    Parameters
    ----------
    findings : a report of any kind, or a comparison with what else is known of its contenders
    panel : stands above the sections where a server shows the page
    """
    if not isinstance(findings, Findings):
        findings = Findings.of(findings)
    sections = [section for make in SECTIONS if (section := make(findings)) is not None]
    script = _joined("page.js", (section.scripts for section in sections))
    style = _joined("style.css", (section.styles for section in sections))
    if panel is not None:
        sections.insert(0, panel.section)
        script, style = f"{script}\n{panel.script}", f"{style}\n{panel.style}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return fill(
        "page.html",
        sections=sections,
        what=_what(findings),
        facts=_facts(findings),
        name=str(_corpus(findings).get("name", "")),
        style=Markup(style),
        script=Markup(script),
        digest=digest,
        served=panel is not None,
    )


def _joined(first: str, others: Iterable[Sequence[str]]) -> str:
    """The texts of files beside the templates, each once."""
    return "\n".join(source(name) for name in dict.fromkeys([first, *itertools.chain.from_iterable(others)]))


def _what(findings: Findings) -> str:
    """The heading: what was done, of several things the first."""
    if findings.report is not NOTHING:
        return "Tokenizers compared"
    if findings.lab is not None:
        return "Tokenizers trained again"
    return "Languages compared" if findings.languages is not None else "Vocabulary sizes compared"


def _corpus(findings: Findings) -> Mapping[str, Any]:
    for report in (findings.report, findings.languages, findings.sweep):
        if report is not None and report.corpus:
            return report.corpus
    return {}


def _facts(findings: Findings) -> list[str]:
    """What it was about, but for the name, which the heading has."""
    facts = corpus_facts({key: value for key, value in _corpus(findings).items() if key != "name"})
    if findings.languages is not None:
        facts.append(f"trained on {trained_on(findings.languages)}")
    if findings.lab is not None and findings.report is NOTHING:
        trainings = sum(probe.runs for probe in findings.lab.probes)
        facts.append(f"{trainings:,} trainings held against each other")
    return facts


def write_page(findings: Findings | AnyReport, path: str | Path) -> Path:
    """Write the page to a file, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    path = Path(path)
    write_atomic(path, encode(render_page(findings)))
    return path
