"""`toklab serve` in a real browser: paste, drop, choose, and look at what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import Visit, visit
from helpers import PATIENCE, english
from playwright.sync_api import Browser, Page, expect

from toklab.serving import Server
from toklab.trained import Trained, train_all
from toklab.workshop import Fit

TEXT = "".join(english(4_000).documents[-8:])
HOSTILE = "<img src=x onerror=alert(1)>.txt"
SOON = PATIENCE * 1000  # milliseconds
DROP = """([name, text, event]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  document.body.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train_all(english(), ["bpe", "byte"], vocab_size=300, resamples=50, probe=False)


@pytest.fixture(scope="module")
def server(trained: Trained) -> Iterator[Server]:
    with Server(trained, max_mb=0.1) as running:
        yield running


@pytest.fixture
def shown(browser: Browser, server: Server) -> Iterator[Visit]:
    with visit(browser, server.address) as opened:
        yield opened
        assert opened.requests == []
        assert opened.complaints == []


def ready(shown: Visit, name: str) -> None:
    expect(shown.page.locator("#said")).to_have_text(f"{name}: the report is ready.", timeout=SOON)


def check_live(page: Page, trained: Trained) -> None:
    """The box cuts what is typed as the contenders that were trained first."""
    page.fill("#typed", "the quick 東京 naïve")
    page.wait_for_selector("#live-board[aria-busy=false]")
    rows = page.locator("#live-rows .row")
    found = rows.evaluate_all(
        "all => all.map((r) => [...r.querySelectorAll('.token')].map((t) => Number(t.dataset.id)))"
    )
    tokenizers = [fit.tokenizer for fit, *_ in trained.runs if isinstance(fit, Fit)]
    assert found == [tokenizer.encode("the quick 東京 naïve").ids.tolist() for tokenizer in tokenizers]


def test_the_page_encodes_what_is_typed(shown: Visit, trained: Trained) -> None:
    check_live(shown.page, trained)


def test_a_pasted_text_gets_a_report(shown: Visit, trained: Trained) -> None:
    assert shown.texts("h2")[:2] == ["Judge another text", "The answer"]
    shown.page.fill("#text", TEXT)
    shown.page.get_by_role("button", name="Judge").click()
    ready(shown, "pasted text")
    first = shown.page.locator("#sent > li").first
    rows = first.locator("tbody th").all_inner_texts()
    assert rows == ["bpe", "byte"]
    assert first.locator("tbody tr").last.locator("td").all_inner_texts()[1].startswith("1.00")
    complaints: list[str] = []
    shown.page.context.on("console", lambda message: complaints.append(message.text))
    with shown.page.expect_popup() as opening:
        first.get_by_role("link", name="Open the report").click()
    report = opening.value
    report.wait_for_load_state()
    assert report.title() == "Tokenizers compared: pasted text"
    assert report.locator("#figures tbody tr").count() == 2
    check_live(report, trained)
    assert report.evaluate("window.opener") is None
    assert complaints == []
    report.close()
    shown.page.reload()
    expect(shown.page.locator("#sent > li .state").first).to_contain_text("done")


def test_a_dropped_file_is_judged_and_its_name_stays_text(shown: Visit) -> None:
    shown.page.evaluate(DROP, [HOSTILE, TEXT, "dragover"])
    assert "over" in (shown.page.locator("#send").get_attribute("class") or "")
    shown.page.evaluate(DROP, [HOSTILE, TEXT, "drop"])
    assert shown.texts("#chosen") == [f"{HOSTILE}, {len(TEXT.encode()) / 1000:.1f} kB"]
    shown.page.get_by_role("button", name="Judge").click()
    ready(shown, HOSTILE)
    assert shown.texts("#sent .what")[0] == HOSTILE
    assert shown.page.locator("#sent img").count() == 0


def test_a_chosen_file_is_trained_on(shown: Visit, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(TEXT, encoding="utf-8")
    shown.page.set_input_files("#file", path)
    shown.page.check("#train")
    shown.page.get_by_role("button", name="Judge").press("Enter")
    ready(shown, "mine.txt")
    assert "training anew" in shown.texts("#sent .state")[0]
    shown.page.get_by_role("button", name="Use the box instead").click()
    assert shown.page.locator("#text").is_enabled()
    assert shown.texts("#chosen") == []


def test_what_is_refused_is_said(browser: Browser, server: Server) -> None:
    with visit(browser, server.address) as shown:
        go = shown.page.get_by_role("button", name="Judge")
        go.click()
        expect(shown.page.locator("#said")).to_have_text("There is no text yet.")
        shown.page.fill("#text", "x" * 120_000)
        go.click()
        expect(shown.page.locator("#said")).to_have_text("The text has 120.0 kB; 100.0 kB is the most that is taken.")
        assert shown.complaints == []
        shown.page.set_input_files("#file", {"name": "l.txt", "mimeType": "text/plain", "buffer": b"caf\xe9"})
        go.click()
        expect(shown.page.locator("#said")).to_contain_text("the text is not UTF-8: line 1, byte offset 3 (0xe9)")
        assert shown.requests == []


def test_a_training_is_stopped(browser: Browser, server: Server) -> None:
    with visit(browser, server.address) as shown:
        shown.page.fill("#text", TEXT)
        shown.page.check("#train")
        shown.page.get_by_role("button", name="Judge").click()
        stop = shown.page.get_by_role("button", name="Stop")
        stop.focus()
        stop.press("Enter")
        expect(shown.page.locator("#sent .state").first).to_contain_text("stopped", timeout=SOON)


def test_another_page_can_neither_read_nor_send(browser: Browser, server: Server) -> None:
    with visit(browser, server.address) as shown:
        context = shown.page.context
        context.unroute_all()
        context.route("http://evil.example/", lambda route: route.fulfill(body="<p>hello", content_type="text/html"))
        shown.page.goto("http://evil.example/")
        for options in ('{method: "POST", body: "x"}', "{}", '{method: "POST", headers: {"X-Toklab-Token": "x"}}'):
            told = shown.page.evaluate(f"fetch('{server.address}texts', {options}).then(r => r.text(), e => e.name)")
            assert told == "TypeError"
        frame = "<iframe src='{}'></iframe>"
        shown.page.set_content(frame.format(server.address))
        shown.page.wait_for_function("frames.length === 1")
        assert "Judge another text" not in shown.page.frames[1].content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anyone_can_use_it(browser: Browser, server: Server, scheme: str) -> None:
    with visit(browser, server.address, color_scheme=scheme) as shown:
        expect(shown.page.locator("#sent > li").first).to_be_visible()
        found = Axe().run(shown.page)
        assert found.violations_count == 0, found.generate_report()


def test_a_phone_scrolls_down_only(browser: Browser, server: Server) -> None:
    with visit(browser, server.address, width=375) as shown:
        expect(shown.page.locator("#sent > li").first).to_be_visible()
        wide, seen = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen
        inside = (
            "all => all.every(e => e.getBoundingClientRect().right < document.forms[0].getBoundingClientRect().right)"
        )
        assert shown.page.eval_on_selector_all("#send *", inside)
