"""The panel above the page: where texts go in, and what has become of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toklab.corpus import DOCUMENT_KINDS
from toklab.page.frame import Panel, Section
from toklab.report.terminal import visible

KEY, TITLE = "texts", "Judge another text"
_POLICY = re.compile(rb'http-equiv="Content-Security-Policy" content="([^"]*)"')


@dataclass(frozen=True)
class Page:
    """A page with the policy that it asks browsers to hold it to."""

    body: bytes

    @property
    def policy(self) -> str:
        """As its head has it, where nothing of a report stands before it; and no other page may frame it."""
        found = _POLICY.search(self.body)
        assert found is not None
        return f"{found[1].decode()}; frame-ancestors 'none'"


def make_panel(token: str, max_bytes: int, corpus: str) -> Panel:
    """The panel of a server.

    Parameters
    ----------
    token : what the server asks of whoever sends it a text
    max_bytes : largest text that it takes
    corpus : name of the text that the contenders were trained on
    """
    values = {"token": token, "max_bytes": max_bytes, "corpus": visible(corpus), "kinds": DOCUMENT_KINDS}
    body = Markup(_templates().get_template("panel.html").render(values))
    return Panel(Section(KEY, TITLE, body), _source("panel.css"), _source("panel.js"))


def _source(name: str) -> str:
    return resources.files("toklab.serving").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("toklab.serving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
