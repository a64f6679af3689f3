"""A real browser for the tests of pages: headless Chromium that may load nothing but the file that it is shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Visit:
    """A page that is open, with what it asked for and what it complained about.

    Parameters
    ----------
    page : the page
    requests : addresses that it asked for beside its own
    complaints : what its console said, and errors of its scripts
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        """The text of every element that is shown."""
        found: list[str] = self.page.eval_on_selector_all(
            selector, "all => all.filter(e => e.checkVisibility()).map(e => (e.innerText ?? e.textContent).trim())"
        )
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium; a test that needs it is skipped where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: the pages are not opened")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, path: Path, width: int = 1280, **options: Any) -> Iterator[Visit]:
    """Open a file in a context of its own; every request but that for the file is stopped and written down.

    Parameters
    ----------
    options : of the browser's context, such as ``color_scheme``
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    shown = Visit(context.new_page())
    address = path.resolve().as_uri()

    def stop(route: Route) -> None:
        if route.request.url.partition("#")[0] == address:
            route.continue_()
        else:
            shown.requests.append(route.request.url)
            route.abort()

    context.route("**/*", stop)
    shown.page.on("console", lambda message: shown.complaints.append(message.text))
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    shown.page.goto(address)
    try:
        yield shown
    finally:
        context.close()
