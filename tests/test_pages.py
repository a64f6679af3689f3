"""The pages of the lab, of languages and of sweeps: their answers, and what they do in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import visit
from example_reports import DATA, REPORTS
from playwright.sync_api import Browser
from test_page import HOSTILE

from toklab.languages import LanguageReport
from toklab.page import render_page, write_page
from toklab.page.languages import fairest
from toklab.report.reading import AnyReport, read_report
from toklab.retraining import DeterminismReport, Probe, Verdict

SECTIONS = {"lab": "Trained again", "languages": "Languages", "sweep": "Vocabulary sizes"}


def hostile(name: str) -> AnyReport:
    """The report with a contender whose name is a script, wherever it is told."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [renamed(each) for each in value]
        return HOSTILE if value == "bpe" else value

    return read_report(json.dumps(renamed(DATA[name])))


def sentence(report: AnyReport) -> str:
    found = re.search(r'<p class="answer">(.*?)</p>', render_page(report), re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", "", found[1]).split())


@pytest.mark.parametrize("name", REPORTS)
def test_json_makes_the_same_page(name: str) -> None:
    page = render_page(REPORTS[name])
    assert page == render_page(read_report(json.dumps(DATA[name])))
    ids = re.findall(r'(?<![-\w])id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", REPORTS)
def test_it_works_in_a_browser(name: str, browser: Browser, tmp_path: Path) -> None:
    path = write_page(hostile(name), tmp_path / "report.html")
    with visit(browser, path, width=375) as shown:
        assert (shown.requests, shown.complaints) == ([], [])
        assert shown.texts("h2") == [SECTIONS[name], "Pictures", "Warnings and signatures"]
        assert shown.page.locator("script").count() == 1
        assert any(text.startswith("<script>alert(1)") for text in shown.texts(".figures th"))
        assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shown.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = Axe().run(shown.page)
        assert found.violations_count == 0, found.generate_report()
        heading = shown.page.locator(".figures th button").last
        heading.click()
        first = heading.locator("xpath=..").get_attribute("aria-sort")
        heading.click()
        assert {first, heading.locator("xpath=..").get_attribute("aria-sort")} == {"ascending", "descending"}


def lab(*grades: str) -> DeterminismReport:
    names = [f"t{place}" for place in range(len(grades))]
    probes = tuple(
        Probe(name, "repeat", 2, grade != "C", grade == "A", grade == "A")
        for name, grade in zip(names, grades, strict=True)
    )
    verdicts = tuple(Verdict(name, grade, "words", "nothing") for name, grade in zip(names, grades, strict=True))
    return DeterminismReport(probes, "", verdicts)


@pytest.mark.parametrize(
    ("grades", "wanted"),
    [
        ("A", "t0 came out exactly the same, however it was trained again."),
        ("AA", "All 2 contenders came out exactly the same, however they were trained again."),
        (
            "ABC",
            "1 of 3 contenders came out exactly the same, however they were trained again; t2 got other pieces, and "
            "t1 the same pieces with other ids or encodings.",
        ),
        (
            "AB",
            "1 of 2 contenders came out exactly the same, however they were trained again; t1 got the same pieces with "
            "other ids or encodings.",
        ),
        ("BC", "No contender came out exactly the same each time that it was trained again."),
        ("C", "t0 did not come out exactly the same each time that it was trained again."),
        ("A–", "t0 came out exactly the same, however it was trained again. t1 could not be trained again."),
        ("–", "No contender could be trained again."),
    ],
)
def test_what_the_lab_says(grades: str, wanted: str) -> None:
    assert sentence(lab(*grades)) == wanted


def test_what_languages_say() -> None:
    report = REPORTS["languages"]
    assert isinstance(report, LanguageReport)
    *_, main = fairest(report)
    assert main.first is not None
    assert main.first.tokenizer == "byte"
    said = sentence(report)
    assert said.startswith("At 262 pieces byte treats the languages most alike: the Gini coefficient of its tokens")
    assert "and el, which pays most, takes" in said
    nobody = replace(report, results=tuple(replace(r, cells=(), worst=None) for r in report.results))
    assert "No contender can be judged" in sentence(nobody)


def test_what_a_sweep_says() -> None:
    said = sentence(REPORTS["sweep"])
    assert said.startswith("At 400 pieces bpe has the most bytes per token, ")
    assert "times those at 300" in said
