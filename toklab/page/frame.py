"""What a section of the page is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toklab.languages import LanguageReport
from toklab.loading.ours import Runnable
from toklab.report.reading import AnyReport
from toklab.report.terminal import visible
from toklab.results import Report
from toklab.retraining import DeterminismReport
from toklab.sweeping import SweepReport

NOTHING = Report((), "")


@dataclass(frozen=True)
class Findings:
    """What a page is about: a comparison, any other report, or several of the same contenders.

    Parameters
    ----------
    report : the comparison
    lab : the determinism lab's findings on the same contenders, where it has run
    languages : the comparison over languages, where there is one
    sweep : the curves over vocabulary sizes, where there are any
    models : the tokenizers by name and vocabulary size, as toklab runs them, or why it does not
    """

    report: Report = NOTHING
    lab: DeterminismReport | None = None
    languages: LanguageReport | None = None
    sweep: SweepReport | None = None
    models: Mapping[tuple[str, int], Runnable | str] = field(default_factory=dict)

    @staticmethod
    def of(report: AnyReport) -> Findings:
        """One report of any kind."""
        if isinstance(report, DeterminismReport):
            return Findings(lab=report)
        if isinstance(report, LanguageReport):
            return Findings(languages=report)
        return Findings(sweep=report) if isinstance(report, SweepReport) else Findings(report)


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    key : its id, lower-case letters
    title : its heading, and its name in the list of sections
    body : HTML, in which every text of a report has been escaped
    scripts, styles : files of JavaScript and CSS beside the templates that it needs, in their order; one that several
        sections need stands in the page once, and runs once, after the page is there
    """

    key: str
    title: str
    body: Markup
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """What a server puts above the sections of the page, which then may speak to that server.

    Parameters
    ----------
    section : its place among the sections
    style, script : CSS and JavaScript that it brings along
    """

    section: Section
    style: str
    script: str


Maker = Callable[[Findings], Section | None]
"""Makes a section, or None where there is nothing to show."""


def fill(template: str, **values: Any) -> Markup:
    """A template of this package with its values, all of them escaped."""
    return Markup(_templates().get_template(template).render(values))


def source(name: str) -> str:
    """The text of a file beside the templates."""
    return resources.files("toklab.page").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("toklab.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["visible"] = visible
    return templates
