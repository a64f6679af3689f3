"""The page of a comparison: what it says, and what it does in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import Visit, visit
from helpers import english
from playwright.sync_api import Browser

from toklab.comparison import compare
from toklab.languages import compare_languages
from toklab.page import Findings, render_page, write_page
from toklab.page.pictures import DRAWN
from toklab.report.heatmaps import verdicts
from toklab.report.parts import token_lengths
from toklab.results import Report, Result
from toklab.retraining import Census, DeterminismReport, Probe, Stability
from toklab.retraining.stability import Growth, Interval
from toklab.sweeping import sweep

HOSTILE = "<script>alert(1)</script>&amp;\"'`${x}{{7*7}}\u202e\x07"
SIZES = [300, 400, 450]
NAMES = ["bpe", "wordpiece-hf", "byte"]
AXES = {"repeat": True, "threads": False, "order": None}


@pytest.fixture(scope="module")
def report() -> Report:
    """Three sizes; one contender has a name that is a script, and one failed."""
    found = compare(english(), NAMES, vocab_size=SIZES, resamples=50, probe=False)
    results = [replace(r, tokenizer=HOSTILE) if r.tokenizer == "wordpiece-hf" else r for r in found.results]
    results[2] = replace(results[2], cells=(), error=f"it died: {HOSTILE}", lengths=None, frequencies=None)
    renamed = [
        replace(
            d, tokenizer=d.tokenizer.replace("wordpiece-hf", HOSTILE), other=d.other.replace("wordpiece-hf", HOSTILE)
        )
        for d in found.leads
    ]
    corpus = {**found.corpus, "name": HOSTILE}
    return replace(found, results=tuple(results), leads=tuple(renamed), corpus=corpus, warnings=(HOSTILE,))


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(report, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def shown(browser: Browser, path: Path) -> Iterator[Visit]:
    with visit(browser, path) as opened:
        yield opened


def test_it_opens_without_a_request_or_a_complaint(shown: Visit) -> None:
    assert shown.page.title().startswith("Tokenizers compared: <script>alert(1)</script>")
    shown.page.mouse.wheel(0, 20_000)
    assert shown.requests == []
    assert shown.complaints == []
    assert "49" not in shown.page.title()
    assert [heading.lower() for heading in shown.texts("h2")] == [
        "the answer",
        "all figures",
        "pictures",
        "segmentation side by side",
        "warnings and signatures",
    ]


def test_a_name_that_is_a_script_stays_text(shown: Visit) -> None:
    assert shown.page.locator("script:not([type='application/json'])").count() == 1
    rows = shown.texts("#figures tbody th")
    assert any(name.startswith("<script>alert(1)</script>&amp;\"'`${x}{{7*7}}\\u202e\\x07") for name in rows)
    assert "\u202e" not in shown.page.content()
    labels = shown.texts(".picture svg text")
    assert any("script>" in label for label in labels)


def test_a_heading_sorts_and_turns(shown: Visit) -> None:
    def column() -> list[float]:
        cells = shown.page.eval_on_selector_all(
            "#figures tbody tr", f"rows => rows.map(r => r.cells[{place}]?.dataset.order ?? '')"
        )
        return [float(each) for each in cells if each]

    heads = shown.page.eval_on_selector_all("#figures thead th", "all => all.map(h => h.innerText.split('\\u00a0')[0])")
    place = heads.index("bytes per token")
    button = shown.page.get_by_role("button", name="bytes per token")
    before = column()
    button.click()
    assert column() == sorted(before, reverse=True)  # higher is better: the best first
    button.press("Enter")
    assert column() == sorted(before)
    assert shown.page.locator("#figures tbody tr").last.locator(".error").count() == 1  # what is undefined stays last
    assert shown.page.locator("th[aria-sort]").count() == 1


def test_filters(shown: Visit) -> None:
    shown.page.select_option("#show", "OOV handling")
    heads = shown.texts("#figures thead th")
    assert "unk rate ↓" in [" ".join(head.split()) for head in heads]
    assert not any(head.startswith("bytes per token") for head in heads)
    shown.page.select_option("#size", "400")
    assert len(shown.texts("#figures tbody th")) == len(NAMES)
    shown.page.fill("#name", "BYT")
    assert shown.texts("#figures tbody th") == ["byte"]
    assert shown.texts("#rows") == ["1 of 7 rows"]


def test_a_definition_on_hover_and_on_focus(shown: Visit) -> None:
    button = shown.page.get_by_role("button", name="fertility", exact=False).first
    button.hover()
    assert shown.texts("#tip") == ["Tokens ÷ words (tokens/word; lower is better)."]
    shown.page.mouse.move(0, 0)
    assert shown.texts("#tip") == []
    button.focus()
    assert shown.page.locator("#tip").is_visible()
    described = shown.page.locator(f"#{button.get_attribute('aria-describedby')}")
    assert described.text_content() == "Tokens ÷ words (tokens/word; lower is better)."


def test_a_mark_tells_its_meaning(browser: Browser, tmp_path: Path) -> None:
    """Two contenders that the text cannot tell apart: beside the best stands the other with its mark."""
    ranked = compare(english(), ["bpe", "wordpiece-hf", "unigram"], vocab_size=400, resamples=200, probe=False)
    alike = {c.metric for r in ranked.results for c in r.cells if c.same_as_best and c.rank == 1}
    assert alike
    with visit(browser, write_page(ranked, tmp_path / "report.html")) as shown:
        shown.page.select_option("#show", "all")
        mark = shown.page.locator("#figures td.same button.mark").first
        assert mark.inner_text() == "≈"
        mark.hover()
        assert shown.texts("#tip") == ["no significant difference from the best"]
        shown.page.mouse.move(0, 0)
        assert shown.texts("#tip") == []
        mark.focus()
        assert shown.texts("#tip") == ["no significant difference from the best"]
        assert any("no significant difference from the best" in text for text in shown.texts(".legend"))


def test_the_signature_is_copied(browser: Browser, path: Path, report: Report) -> None:
    with visit(browser, path, permissions=["clipboard-read", "clipboard-write"]) as shown:
        shown.page.locator("[data-copy=signature]").click()
        shown.page.wait_for_function("document.getElementById('copied').textContent === 'Copied.'")
        assert shown.page.evaluate("navigator.clipboard.readText()") == report.signature


def test_a_phone_scrolls_down_only(browser: Browser, path: Path) -> None:
    with visit(browser, path, width=375) as shown:
        wide, seen = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen
        assert shown.page.evaluate("(b => b.scrollWidth > b.clientWidth)(document.querySelector('#table .scroll'))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anyone_can_use_it(browser: Browser, path: Path, scheme: str) -> None:
    with visit(browser, path, color_scheme=scheme) as shown:
        shown.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = Axe().run(shown.page)
        assert found.violations_count == 0, found.generate_report()


def test_json_makes_the_same_page(report: Report, path: Path) -> None:
    page = render_page(Report.from_json(report.to_json()))
    assert page == path.read_text(encoding="utf-8")
    ids = re.findall(r'(?<![-\w])id="([^"]*)"', page)
    assert len(ids) == len(set(ids)) > 50
    used = set(re.findall(r'url\(#([^)]*)\)|(?<![:\w])href="#([^"]*)"', page))
    assert {one or other for one, other in used} <= set(ids)
    assert "http" not in page.replace("http-equiv", "")


def test_an_empty_comparison_is_a_page() -> None:
    assert "Nothing was compared." in render_page(Report((), ""))


def test_the_lab_and_the_languages_add_pictures(report: Report) -> None:
    probes = tuple(Probe("bpe", axis, 2, same, same, same) for axis, same in AXES.items())
    counts = np.array([9, 4, 4])
    census = Census("bpe", counts, counts - 3, np.array([1, 2, 1]), "lowest ids")
    lab = DeterminismReport(probes, "", censuses=(census,))
    lines = {"en": ["the cat sat"] * 9, "el": ["η γάτα κάθισε"] * 9}
    languages = compare_languages(lines, ["byte"], vocab_size=300, held_out=0.3, resamples=20)
    alone, together = (
        [title for title, draw, _ in DRAWN if draw(findings) is not None]
        for findings in (Findings(report), Findings(report, lab, languages))
    )
    assert [title for title in together if title not in alone] == [
        "Determinism",
        "Ties",
        "Language premiums",
        "Inequality of languages",
    ]
    curves = sweep(english(6_000), ["bpe"], vocab_size=[300, 400])
    growth = Growth(0.5, 9_000, 0.5, 0.5, 100)
    stability = Stability("bpe", 2, Interval.of([0.5]), Interval.of([0.5]), (), (growth,))
    over = [t for t, draw, _ in DRAWN if draw(Findings(lab=replace(lab, stabilities=(stability,)), sweep=curves))]
    assert set(together) | set(over) == {title for title, _, _ in DRAWN}
    assert [title for title, draw, _ in DRAWN if draw(Findings(Report((), ""))) is not None] == []


def test_verdicts_stand_by_size() -> None:
    def cells(*results: Result) -> tuple[list[str], list[str]]:
        figure = verdicts(Report(results, ""))
        assert figure is not None
        [axis] = figure.subfigs[0].axes
        return [label.get_text() for label in axis.get_xticklabels()], [text.get_text() for text in axis.texts]

    first, second = (
        Result("bpe", size, determinism=verdict) for size, verdict in ((300, "exact"), (400, "ids differ"))
    )
    fixed = Result("byte", 256, sized=False, determinism="exact")
    assert cells(first, fixed) == (["trained again"], ["exact", "exact"])
    assert cells(first, second, fixed) == (
        ["at 300 pieces", "at 400 pieces"],
        ["exact", "exact", "ids differ", "exact"],
    )
    assert verdicts(Report((Result("bpe", 300),), "")) is None


def test_bars_that_would_flatten_the_others_say_how_far_they_go() -> None:
    lengths = [np.array([0, 1, 2, 1]), np.array([0, 1, 1, 1]), np.array([0, 10])]
    results = tuple(Result(name, 300, token_lengths=each) for name, each in zip("abc", lengths, strict=True))
    figure = token_lengths(Report(results, ""))
    assert figure is not None
    assert [[text.get_text() for text in axis.texts] for axis in figure.subfigs[0].axes] == [[], [], []]
    flat = tuple(
        Result(name, 300, token_lengths=each) for name, each in zip("abc", [np.ones(9), *lengths[1:]], strict=True)
    )
    figure = token_lengths(Report(flat, ""))
    assert figure is not None
    assert [[text.get_text() for text in axis.texts] for axis in figure.subfigs[0].axes] == [[], [], ["↑ 100%"]]
