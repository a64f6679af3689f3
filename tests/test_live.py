"""Sentences side by side, the encoders of the page and the inside of a word, in a real browser."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import Visit, visit
from helpers import english
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

import toklab
from toklab.algorithms.lattice import score_of
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.contenders import DEFAULT_CONTENDERS, parse_contender
from toklab.corpus import Corpus
from toklab.page import Findings, render_page, write_page
from toklab.page.data import as_json
from toklab.report.models import load_models, save_models
from toklab.results import Report, Result
from toklab.sentences import with_sentences
from toklab.types import Encoding, Tokenizer

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028\u2029&lt;${x}{{7*7}}"
WORDS = [
    "the quick brown fox",
    "Zoë's naïve café",
    "東京タワー",
    "👩\u200d🚀👍🏽",
    "🇩🇪🇫🇷",
    "🇩",
    "Привет, мир",
    "مرحبا",
    "नमस्ते दुनिया",
]
MARKS = [
    "e\u0301\u0323",
    "\u0301",
    "a\u200b\u200db",
    "\ufeff",
    "\x00\x07\x1b",
    "\t\t",
    "\n\n \n",
    "   ",
    " ",
    "\u00a0\u2003",
    "\u3000",
]
OTHERS = [
    "don't",
    "I'LL we've",
    "3.14159",
    "1234567",
    "٣٤٥ ⅷ Ⅷ ½",
    "!?...",
    "--=>",
    "http://a.b/c?d=e",
    "x" * 300,
    "ab" * 4_000,
]
SEEDS = [
    *WORDS,
    *MARKS,
    *OTHERS,
    "</script><b>",
    "<unk> [UNK] <0x41> </w> ##s",
    "\U00010348\U000e0001\ufffd",
    "ßﬁǅ",
    "",
]
TEXTS = [*SEEDS, *(f"{one}{two}" for one, two in zip(SEEDS, SEEDS[7:], strict=False) if len(one + two) < 500)]
TEXTS += [f"{one} {two} the {one}" for one, two in zip(SEEDS, SEEDS[11:], strict=False) if len(one + two) < 500]
TEXTS += [f" {one}\n{two} " for one, two in zip(SEEDS[3:], SEEDS, strict=False) if len(one + two) < 500]


@dataclass(frozen=True)
class Made:
    """A page, the report that it is of, and the tokenizers as their libraries run them."""

    path: Path
    report: Report
    trained: dict[str, Tokenizer]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All default contenders, one with a name that is a script, on a text that holds scripts."""
    folder = tmp_path_factory.mktemp("live")
    corpus = Corpus("texts", (*english(6_000).documents, *(f"{HOSTILE} {place}" for place in range(9))))
    contenders = [parse_contender(name) for name in DEFAULT_CONTENDERS]
    trained = [toklab.train(each.algorithm, corpus, vocab_size=400, **each.options) for each in contenders]
    results = tuple(
        Result(each.name, 400, sized=each.name not in ("character", "byte", "spm-char"), run=tokenizer)
        for each, tokenizer in zip(contenders, trained, strict=True)
    )
    report = save_models(with_sentences(Report(results, ""), trained, corpus.documents), folder)
    (folder / "report.json").write_text(report.to_json(), encoding="utf-8")
    again = Report.from_json(report.to_json())
    path = write_page(Findings(again, models=load_models(again, folder)), folder / "report.html")
    return Made(path, report, dict(zip(DEFAULT_CONTENDERS, trained, strict=True)))


@pytest.fixture
def shown(browser: Browser, made: Made) -> Iterator[Visit]:
    with visit(browser, made.path) as opened:
        yield opened
        assert opened.requests == []
        assert opened.complaints == []


def encode_in_page(shown: Visit, texts: list[str]) -> list[list[dict[str, list[int]]]]:
    """What the page's own encoders make of texts, contender by contender."""
    code = """texts => {
        const { patterns, contenders } = JSON.parse(document.getElementById("models").textContent);
        const encoders = contenders.map((contender) => new Encoders.Encoder(contender, patterns));
        return encoders.map((encoder) => texts.map((text) => encoder.encode(text)));
    }"""
    found: list[list[dict[str, list[int]]]] = shown.page.evaluate(code, texts)
    return found


def names_in_page(shown: Visit) -> list[str]:
    names: list[str] = shown.page.evaluate(
        "JSON.parse(document.getElementById('models').textContent).contenders.map(({ name }) => name)"
    )
    return names


def as_page(encoding: Encoding) -> dict[str, list[int]]:
    begins, ends = encoding.offsets.T.tolist() if len(encoding) else ([], [])
    return {"ids": encoding.ids.tolist(), "begins": begins, "ends": ends}


def type_in(shown: Visit, text: str) -> None:
    shown.page.fill("#typed", text)
    shown.page.wait_for_selector("#live-board[aria-busy=false]")


def test_the_library_gives_the_same_ids(shown: Visit, made: Made) -> None:
    assert len(set(TEXTS)) >= 100
    names = names_in_page(shown)
    assert names == list(made.trained) == list(DEFAULT_CONTENDERS)
    for name, found in zip(names, encode_in_page(shown, TEXTS), strict=True):
        for text, row in zip(TEXTS, found, strict=True):
            assert row["ids"] == made.trained[name].encode(text).ids.tolist(), (name, text)


VARIANTS: dict[str, dict[str, Any]] = {
    "bpe characters": {"alphabet": "character"},
    "bpe suffix": {"alphabet": "character", "end_of_word_suffix": "</w>", "pretokenizer": "whitespace"},
    "bpe short suffix": {"alphabet": "character", "end_of_word_suffix": "s", "byte_fallback": True},
    "bpe fallback": {"alphabet": "character", "byte_fallback": True, "pretokenizer": "o200k"},
    "bpe deepseek": {"pretokenizer": "deepseek-v3"},
    "bpe llama": {"pretokenizer": "llama3", "special_tokens": ("<s>", "the")},
    "bpe cl100k": {"pretokenizer": "cl100k"},
    "bpe own": {"pretokenizer": r"\p{Lu}?\p{Ll}+|\s+(?=\S)|[0-9]{1,2}"},
    "wordpiece bert": {"pretokenizer": "bert"},
    "wordpiece none": {"pretokenizer": "none"},
    "unigram qwen": {"pretokenizer": "qwen2"},
    "unigram hf": {"variant": "hf"},
    "unigram spm": {"variant": "spm", "pretokenizer": "sentencepiece"},
    "unigram fallback": {"byte_fallback": True},
    "word bert": {"pretokenizer": "bert"},
    "word whitespace": {"pretokenizer": "whitespace"},
}


@pytest.fixture(scope="module")
def variants() -> dict[str, TrainedTokenizer]:
    found: dict[str, TrainedTokenizer] = {}
    for name, options in VARIANTS.items():
        tokenizer = toklab.train(name.split()[0], english(4_000), vocab_size=700, **options)
        assert isinstance(tokenizer, TrainedTokenizer)
        found[name] = tokenizer
    return found


@pytest.fixture(scope="module")
def variants_shown(
    browser: Browser, variants: dict[str, TrainedTokenizer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    report = Report(tuple(Result(name, 500) for name in variants), "")
    models: dict[tuple[str, int], TrainedTokenizer | str] = {(name, 500): found for name, found in variants.items()}
    path = write_page(Findings(report, models=models), tmp_path_factory.mktemp("variants") / "report.html")
    with visit(browser, path) as opened:
        yield opened
        assert opened.complaints == []


def test_variants_are_encoded_as_by_toklab(variants_shown: Visit, variants: dict[str, TrainedTokenizer]) -> None:
    assert names_in_page(variants_shown) == list(VARIANTS)
    for name, found in zip(VARIANTS, encode_in_page(variants_shown, TEXTS), strict=True):
        for text, row in zip(TEXTS, found, strict=True):
            assert row == as_page(variants[name].encode(text)), (name, text)


ALPHABET = "aeht ths.,'10\n\t\u3000éßÅ東🇩👍\u0301\u200d</w>s"


@settings(max_examples=25)
@given(st.lists(st.text(st.sampled_from(ALPHABET) | st.characters(exclude_categories=["Cs"])), min_size=8, max_size=8))
def test_any_text_is(variants_shown: Visit, variants: dict[str, TrainedTokenizer], texts: list[str]) -> None:
    for name, found in zip(VARIANTS, encode_in_page(variants_shown, texts), strict=True):
        assert found == [as_page(variants[name].encode(text)) for text in texts], name


def test_tokens_appear_as_one_types(shown: Visit, made: Made) -> None:
    text = f"Hi  {HOSTILE} 東京"
    type_in(shown, text)
    for row, name in enumerate(names_in_page(shown)):
        tokens = shown.page.locator("#live-rows .row").nth(row).locator(".token")
        ids = tokens.evaluate_all("all => all.map(({ dataset }) => Number(dataset.id))")
        assert ids == made.trained[name].encode(text).ids.tolist()
    assert shown.page.locator("script:not([type]), img").count() == 1  # the page's own
    bytes_row = shown.page.locator("#live-rows .row").last
    assert bytes_row.locator(".token.raw").first.inner_text() == "E2"
    assert bytes_row.locator("small").inner_text().startswith(f"{len(text.encode())} tokens, ")
    type_in(shown, "")
    assert shown.texts("#live-rows small")[0] == "0 tokens"


def test_a_token_says_its_id_and_bytes(shown: Visit, made: Made) -> None:
    type_in(shown, "the the")
    tokens = shown.page.locator("#live-rows .row").first.locator(".token")
    token, expected = tokens.last, made.trained["bpe"].encode("the the").ids[-1]
    token.hover()
    assert shown.texts("#tip") == [f"the, id {expected}, bytes 20 74 68 65"]
    assert token.get_attribute("aria-label") == f" the, id {expected}, bytes 20 74 68 65"
    shown.page.mouse.move(0, 0)
    assert shown.texts("#tip") == []
    tokens.nth(tokens.count() - 2).focus()
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.evaluate("document.activeElement.textContent") == " the"
    assert shown.texts("#tip") == [f"the, id {expected}, bytes 20 74 68 65"]
    shown.page.keyboard.press("Escape")
    assert shown.texts("#tip") == []
    shown.page.keyboard.press("ArrowLeft")
    shown.page.keyboard.press("ArrowRight")
    stops = shown.page.locator("#live-rows .row").first.locator("[tabindex='0']")
    assert [stop.get_attribute("data-id") for stop in stops.all()] == [str(expected)]


def test_what_differs_is_marked(shown: Visit, made: Made) -> None:
    text = "unbelievable freezing"
    type_in(shown, text)
    names = names_in_page(shown)
    shown.page.locator("#live-board .against").select_option("wordpiece-hf")
    known = {tuple(span) for span in made.trained["wordpiece-hf"].encode(text).offsets.tolist()}
    marked = 0
    for row, name in enumerate(names):
        spans = [tuple(span) for span in made.trained[name].encode(text).offsets.tolist()]
        tokens = shown.page.locator("#live-rows .row").nth(row).locator(".token")
        differs = tokens.evaluate_all("all => all.map((token) => token.classList.contains('differs'))")
        assert differs == [span not in known for span in spans]
        marked += sum(differs)
    assert marked > 0
    assert shown.texts("#live-rows small")[names.index("wordpiece-hf")].endswith(" tokens")


def test_held_out_sentences(shown: Visit, made: Made) -> None:
    assert len(made.report.sentences) == 20
    for place in (0, 7):
        shown.page.select_option("#sentence", str(place))
        check_sentence(shown, made, place)
    shown.page.click("#following")
    check_sentence(shown, made, 8)
    shown.page.click("#previous")
    shown.page.select_option("#sentence", "0")
    shown.page.click("#previous")
    check_sentence(shown, made, 19)


def check_sentence(shown: Visit, made: Made, place: int) -> None:
    rows = shown.page.locator("#sentence-rows .row")
    ids = rows.evaluate_all("all => all.map((r) => [...r.querySelectorAll('.token')].map((t) => Number(t.dataset.id)))")
    text = made.report.sentences[place]
    assert ids == [tokenizer.encode(text).ids.tolist() for tokenizer in made.trained.values()]


def test_merges_step_by_step(shown: Visit, made: Made) -> None:
    model = load_models(made.report, made.path.parent)["bpe", 400]
    assert isinstance(model, TrainedTokenizer)
    assert isinstance(model.model, BpeModel)
    word = " there"
    shown.page.fill("#word", word)
    shown.page.wait_for_selector("#inside[aria-busy=false]")
    rows = shown.page.eval_on_selector_all(
        "#inside tbody tr", "all => all.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    ids, _ = model.model.start(word)
    steps = []
    while ranked := [model.model.ranks[pair] for pair in itertools.pairwise(ids) if pair in model.model.ranks]:
        rank, new = min(ranked)
        at = next(i for i, pair in enumerate(itertools.pairwise(ids)) if model.model.ranks.get(pair) == (rank, new))
        ids[at : at + 2] = [new]
        tokens = "|".join(model.vocab[i].surface.decode() for i in ids).replace(" ", "␣")
        steps.append([str(rank + 1), str(new), tokens])
    assert len(steps) > 1
    assert [[row[1], row[5], row[6]] for row in rows] == steps
    assert ids == model.encode(word).ids.tolist()
    assert shown.page.locator("#inside svg rect.token").count() == len(ids)
    assert shown.page.locator("#inside svg rect").count() == len(word) + len(steps)


def test_longest_match_step_by_step(shown: Visit, made: Made) -> None:
    word = "there"
    shown.page.select_option("#word-of", "wordpiece-hf")
    shown.page.fill("#word", word)
    shown.page.wait_for_selector("#inside[aria-busy=false]")
    ids = shown.page.eval_on_selector_all(
        "#inside tbody tr", "all => all.map((row) => Number(row.cells[4].textContent))"
    )
    assert ids == made.trained["wordpiece-hf"].encode(word).ids.tolist()
    shown.page.fill("#word", "東")
    shown.page.wait_for_selector("#inside[aria-busy=false]")
    assert "one unknown token" in shown.page.inner_text("#inside")


def test_the_lattice(shown: Visit, made: Made) -> None:
    loaded = load_models(made.report, made.path.parent)["unigram", 400]
    assert isinstance(loaded, TrainedTokenizer)
    assert isinstance(loaded.model, UnigramModel)
    word = " freezing"
    shown.page.select_option("#word-of", "unigram")
    shown.page.fill("#word", word)
    shown.page.wait_for_selector("#inside[aria-busy=false]")
    rows = shown.page.eval_on_selector_all(
        "#inside > .scroll tbody tr", "all => all.map((row) => [row.cells[2].textContent, row.cells[3].textContent])"
    )
    lattice = loaded.model.lattice(word)
    best = lattice.n_best(5)
    assert rows == [[f"{score_of(path):.4f}", " ".join(str(edge.id) for edge in path)] for path in best]
    assert shown.page.locator("#inside svg path").count() == len(lattice.edges)
    assert shown.page.locator("#inside svg path.best").count() == len(best[0])
    assert shown.page.locator("#inside details tbody tr").count() == len(lattice.edges)


def test_a_press_on_a_token_explains_its_word(shown: Visit) -> None:
    type_in(shown, "some freezing water")
    names = names_in_page(shown)
    row = shown.page.locator("#live-rows .row").nth(names.index("unigram"))
    row.locator(".token").last.click()
    assert shown.page.input_value("#word") == " water"
    assert shown.page.locator("#word-of").evaluate("box => box.selectedOptions[0].textContent") == "unigram"
    assert shown.page.locator("#inside svg[aria-label^=Lattice]").count() == 1


def test_ten_kilobytes_are_encoded_in_a_second(shown: Visit) -> None:
    text = ("The quick brown fox naïve 東京 👩\u200d🚀 " * 400).encode()[:10_000].decode(errors="ignore")
    code = """text => {
        const { patterns, contenders } = JSON.parse(document.getElementById("models").textContent);
        const encoders = contenders.map((contender) => new Encoders.Encoder(contender, patterns));
        const start = performance.now();
        for (const encoder of encoders) encoder.encode(text);
        return performance.now() - start;
    }"""
    for each in (text, "ab" * 5_000):
        assert min(shown.page.evaluate(code, each) for _ in range(3)) < 1000  # milliseconds, all contenders together


def test_a_long_text_shows_the_beginning_of_a_row(shown: Visit, made: Made) -> None:
    text = "a b " * 1_000
    type_in(shown, text)
    row = shown.page.locator("#live-rows .row").first
    assert row.locator(".token").count() == 300
    assert row.locator(".more").inner_text() == f"and {len(made.trained['bpe'].encode(text)) - 300:,} more"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anyone_can_use_it(browser: Browser, made: Made, scheme: str) -> None:
    with visit(browser, made.path, color_scheme=scheme) as shown:
        shown.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        for contender in ("wordpiece", "unigram", "bpe"):
            shown.page.select_option("#word-of", contender)
        type_in(shown, "the quick brown fox 東京")
        found = Axe().run(shown.page)
        assert found.violations_count == 0, found.generate_report()


def test_a_phone_scrolls_down_only(browser: Browser, made: Made) -> None:
    with visit(browser, made.path, width=375) as shown:
        type_in(shown, "x" * 2_000)
        shown.page.fill("#word", "unbelievableunbelievable")
        shown.page.wait_for_selector("#inside[aria-busy=false]")
        wide, seen = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen


def test_several_sizes_and_a_hostile_name(browser: Browser, tmp_path: Path) -> None:
    corpus = english(4_000)
    trained = [
        toklab.train(name, corpus, vocab_size=size) for name, size in (("word", 20), ("word", 40), ("byte", 256))
    ]
    results = tuple(
        Result(name, size, sized=name == HOSTILE, run=tokenizer)
        for (name, size), tokenizer in zip([(HOSTILE, 20), (HOSTILE, 40), ("byte", 20)], trained, strict=True)
    )
    report = save_models(with_sentences(Report(results, ""), trained, corpus.documents), tmp_path)
    path = write_page(Findings(report, models=load_models(report, tmp_path)), tmp_path / "report.html")
    with visit(browser, path) as shown:
        for board in ("sentence-board", "live-board"):
            shown.page.locator(f"#{board}").scroll_into_view_if_needed()
            shown.page.locator(f"#{board} .row").first.wait_for()
            shown.page.locator(f"#{board} .of-size").select_option("40")
            names = shown.texts(f"#{board} .who")
            assert len(names) == 2
            assert names[0].startswith(HOSTILE[:60])
            first = shown.page.locator(f"#{board} .token").first
            assert first.get_attribute("data-place") == "1"
        assert shown.page.locator("script:not([type]), img").count() == 1
        assert shown.complaints == []
        assert shown.requests == []


def in_page(page: str) -> list[dict[str, Any]]:
    """The contenders whose models stand in a page."""
    found: list[dict[str, Any]] = json.loads(page.partition('id="models">')[2].partition("</script>")[0])["contenders"]
    return found


def test_a_page_has_a_most_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    models: dict[tuple[str, int], TrainedTokenizer | str] = {}
    for size in (300, 400):
        for name in ("bpe", "word"):
            tokenizer = toklab.train(name, english(4_000), vocab_size=size)
            assert isinstance(tokenizer, TrainedTokenizer)
            models[name, size] = tokenizer
    report = Report(tuple(Result(*key) for key in sorted(models)), "")
    whole = render_page(Findings(report, models=models))
    assert "Not in the page" not in whole
    small = [as_json(each) for each in in_page(whole) if each["size"] == 300]
    monkeypatch.setattr("toklab.page.live.MOST_BYTES", sum(len(text.encode()) for text in small))
    page = render_page(Findings(report, models=models))
    kept = in_page(page)
    assert [(each["name"], each["size"]) for each in kept] == [("bpe", 300), ("word", 300)]
    assert page.count("would make the page too large") == 2
    assert render_page(Findings(report, models=dict.fromkeys(models, "of no use"))).count("of no use") == 4
