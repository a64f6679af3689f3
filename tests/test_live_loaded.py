"""Models of others in the page: its encoders give the ids of the library, and the bytes that toklab gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sentencepiece as spm
from browser import Visit, visit
from helpers import english
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser
from test_live import ALPHABET, TEXTS, as_page, encode_in_page, names_in_page

import toklab
from toklab.errors import FormatError
from toklab.formats.sentencepiece_proto import Kind, SentencePieceFile
from toklab.loading.ours import Runnable, run_by_toklab
from toklab.page import Findings, render_page, write_page
from toklab.results import Report, Result
from toklab.types import Tokenizer

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
KEPT = ["the quick", "ée", " b", "東京"]
SENTENCEPIECE: dict[str, dict[str, Any]] = {
    "spm unigram": {},
    "spm unigram kept": {"user_defined_symbols": KEPT, "byte_fallback": True},
    "spm bpe": {"model_type": "bpe"},
    "spm bpe kept": {"model_type": "bpe", "user_defined_symbols": KEPT, "normalization_rule_name": "identity"},
    "spm bpe bytes": {"model_type": "bpe", "byte_fallback": True, "remove_extra_whitespaces": False},
    "spm bpe behind": {"model_type": "bpe", "treat_whitespace_as_suffix": True, "split_by_whitespace": False},
    "spm char kept": {"model_type": "char", "user_defined_symbols": KEPT},
    "spm word": {"model_type": "word", "normalization_rule_name": "nmt_nfkc_cf"},
    "spm word bytes": {"model_type": "word", "byte_fallback": True, "add_dummy_prefix": False},
}
PLAIN = {"a": 0, "b": 1, "ab": 2, "<unk>": 3, "t": 4, "h": 5, "e": 6, "th": 7, "the": 8, "abt": 9}
MERGES = [["a", "b"], ["t", "h"], ["th", "e"]]
JSON: dict[str, dict[str, Any]] = {
    "json fused": {"unk_token": "<unk>", "fuse_unk": True},
    "json unknown": {"unk_token": "<unk>"},
    "json dropped": {},
    "json whole": {"unk_token": "<unk>", "ignore_merges": True},
    "json bytes": {"vocab": PLAIN | {text: 20 + at for at, text in enumerate(BYTES)}, "byte_fallback": True},
    "json some bytes": {
        "vocab": PLAIN | {text: 20 + at for at, text in enumerate(BYTES[:200])},
        "byte_fallback": True,
        "unk_token": "<unk>",
        "fuse_unk": True,
    },
    "json marks": {
        "vocab": PLAIN | {"##b": 10, "##b</w>": 11, "ab</w>": 12, "##e</w>": 13, "##h": 14, "a</w>": 15},
        "merges": [["a", "##b"], ["a", "##b</w>"], ["t", "##h"]],
        "continuing_subword_prefix": "##",
        "end_of_word_suffix": "</w>",
        "unk_token": "<unk>",
    },
}


class Made(dict[str, tuple[Tokenizer, Runnable]]):
    """Each model as its library runs it, and as toklab does; Hypothesis need not print all of it."""

    def __repr__(self) -> str:
        return f"Made({list(self)})"


def json_model(options: dict[str, Any]) -> bytes:
    """A ``tokenizer.json`` of BPE that cuts at spaces."""
    split = {"type": "Split", "pattern": {"Regex": r"\s+"}, "behavior": "Isolated", "invert": False}
    model = {"type": "BPE", "vocab": PLAIN, "merges": MERGES, **options}
    rest: dict[str, Any] = {"normalizer": None, "post_processor": None, "decoder": None}
    added = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    tokens = [{"id": 3, "content": "<unk>", "special": True, **added}]
    return json.dumps(
        {"version": "1.0", "added_tokens": tokens, "pre_tokenizer": split, "model": model} | rest
    ).encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("models")
    text = folder / "text"
    lines = [line for document in english(20_000).documents for line in document.splitlines()]
    text.write_text("\n".join([*lines, "ﬁne ½ café naïve 東京タワー ＡＢＣ éée the quick brown b"]), encoding="utf-8")
    found = Made()
    for name, options in SENTENCEPIECE.items():
        path = folder / name.replace(" ", "-")
        size = {} if options.get("model_type") == "char" else {"vocab_size": 600}
        given = {"hard_vocab_limit": False, "minloglevel": 2, "character_coverage": 0.999, **size, **options}
        spm.SentencePieceTrainer.train(input=str(text), model_prefix=str(path), **given)
        library = toklab.load(path.with_suffix(".model"), engine="library")
        found[name] = library, run_by_toklab(library)
    data = SentencePieceFile.from_bytes((folder / "spm-bpe.model").read_bytes())
    entries = [
        e._replace(kind=Kind.UNUSED) if place % 7 == 3 and e.kind == Kind.NORMAL else e
        for place, e in enumerate(data.entries)
    ]
    (folder / "unused.model").write_bytes(replace(data, entries=tuple(entries)).to_bytes())
    library = toklab.load(folder / "unused.model", engine="library")
    found["spm bpe unused"] = library, run_by_toklab(library)
    for name, options in JSON.items():
        path = folder / name.replace(" ", "-")
        path.mkdir()
        (path / "tokenizer.json").write_bytes(json_model(options))
        library = toklab.load(path, engine="library")
        found[name] = library, run_by_toklab(library)
    ranks = toklab.train("bpe", english(20_000), vocab_size=500, pretokenizer="cl100k")
    toklab.convert(ranks, to="tiktoken", output=folder / "ranks")
    own = toklab.load(folder / "ranks", engine="toklab")
    found["ranks"] = own, run_by_toklab(own)
    return found


@pytest.fixture(scope="module")
def shown(browser: Browser, made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    report = Report(tuple(Result(name, 600) for name in made), "")
    models: dict[tuple[str, int], Runnable | str] = {(name, 600): ours for name, (_, ours) in made.items()}
    path = write_page(Findings(report, models=models), tmp_path_factory.mktemp("page") / "report.html")
    with visit(browser, path) as opened:
        yield opened
        assert opened.complaints == []


def test_the_library_gives_the_same_ids(shown: Visit, made: Made) -> None:
    assert names_in_page(shown) == list(made)
    texts = [
        *TEXTS,
        *(f"{one}{two}" for one in KEPT for two in ("the quick", " ab thé", "ﬁ ½ \u3000")),
        " ▁a▁ b",
        "abt ab the aé",
    ]
    for name, found in zip(made, encode_in_page(shown, texts), strict=True):
        library, ours = made[name]
        for text, row in zip(texts, found, strict=True):
            assert row["ids"] == library.encode(text).ids.tolist(), (name, text)
            assert row == as_page(ours.encode(text)), (name, text)


@settings(max_examples=15)
@given(
    st.lists(
        st.text(st.sampled_from(ALPHABET + "bﬁ½▁") | st.characters(exclude_categories=["Cs"])), min_size=8, max_size=8
    )
)
def test_any_text_is(shown: Visit, made: Made, texts: list[str]) -> None:
    for name, found in zip(made, encode_in_page(shown, texts), strict=True):
        assert found == [as_page(made[name][1].encode(text)) for text in texts], name


def test_the_inside_of_their_words(shown: Visit, made: Made) -> None:
    """A press on any token explains a word, whose pieces are those of the text."""
    shown.page.fill("#typed", "the quickest brown ab 東京 éé")
    shown.page.wait_for_selector("#live-board[aria-busy=false]")
    code = """() => [...document.querySelectorAll("#live-rows .row")].map((row) =>
        [...row.querySelectorAll(".token")].map((token) => {
            token.click();
            const said = document.getElementById("inside").innerText.trim();
            return [document.getElementById("word-of").selectedIndex, said];
        }))"""
    told = shown.page.evaluate(code)
    assert len(told) == len(made)
    for place, row in enumerate(told):
        assert row
        assert all(chosen == place and text not in ("", "Nothing to cut.") for chosen, text in row)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"normalizer": {"type": "NFC"}}, "it normalises text (Unicode), which the page does not"),
        (
            {"pre_tokenizer": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always"}},
            "it cuts words by Metaspace",
        ),
        (
            {"added_tokens": [{"id": 0, "content": "a", "special": False}]},
            "it takes added tokens such as &#39;a&#39; out of a text",
        ),
    ],
)
def test_what_the_page_does_not_do_is_named(part: dict[str, Any], said: str, tmp_path: Path) -> None:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    data = json.loads(json_model({})) | part
    data["added_tokens"] = [flags | token for token in data["added_tokens"]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    models: dict[tuple[str, int], Runnable | str] = {("x", 9): run_by_toklab(toklab.load(tmp_path))}
    page = render_page(Findings(Report((Result("x", 9),), ""), models=models))
    assert said in page
    assert 'id="models"' not in page
    with pytest.raises(FormatError, match="is run by its library"):
        run_by_toklab(object.__new__(type("Strange", (), {"name": "x"})))
