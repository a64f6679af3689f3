"""``tokenizer.json``: Hugging Face reads what toklab wrote and gives the same ids and texts, and damage is told."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import BERT_NORMALIZER_SKEW, SHARED_BERT_TEXT, SPECIAL_TEXT, TEXT
from tokenizers import Tokenizer as Library

from toklab import load, train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError, OutputError
from toklab.formats.tokenizer_json import FILE, SIDECAR, load_tokenizer, to_json
from toklab.pretokenize import PATTERNS
from toklab.types import Piece

USER_PATTERN = r"[A-Za-z]+(?:'[a-z]+)?|[0-9]{1,2}|\p{P}$|\s+"
CHARACTER = {"alphabet": "character"}
MATRIX: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"bpe, {name}": ("bpe", {"pretokenizer": name}) for name in PATTERNS},
    "bpe, user pattern": ("bpe", {"pretokenizer": USER_PATTERN}),
    "bpe, bert text": ("bpe", {"normalizer": "bert", "pretokenizer": "bert"}),
    "bpe, specials": ("bpe", {"special_tokens": ("<|endoftext|>", "<pad>", "the")}),
    "bpe, first-seen": ("bpe", {"tie": "first-seen", "min_frequency": 2}),
    "bpe, lexicographic-max": ("bpe", {"tie": "lexicographic-max", "max_piece_length": 4}),
    "character": ("bpe", CHARACTER),
    "character, specials": ("bpe", CHARACTER | {"special_tokens": ("<pad>", "<unk>", "[CLS]")}),
    "character, whitespace": ("bpe", CHARACTER | {"pretokenizer": "whitespace"}),
    "suffix": ("bpe", CHARACTER | {"end_of_word_suffix": "</w>"}),
    "suffix, whitespace": ("bpe", CHARACTER | {"end_of_word_suffix": "</w>", "pretokenizer": "whitespace"}),
    "byte fallback": ("bpe", CHARACTER | {"byte_fallback": True}),
    "byte fallback, words": ("bpe", CHARACTER | {"byte_fallback": True, "pretokenizer": "whitespace"}),
    "byte fallback, suffix": ("bpe", CHARACTER | {"byte_fallback": True, "end_of_word_suffix": "</w>"}),
    **{f"wordpiece, {name}": ("wordpiece", {"pretokenizer": name}) for name in ("bert", "whitespace", "gpt2", "none")},
    "wordpiece, bert text": ("wordpiece", {"normalizer": "bert", "special_tokens": ("[CLS]", "[SEP]")}),
    "wordpiece, hf": ("wordpiece", {"variant": "hf"}),
    "wordpiece, hf, whitespace": ("wordpiece", {"variant": "hf", "pretokenizer": "whitespace"}),
    "wordpiece, hf, gpt2": ("wordpiece", {"variant": "hf", "pretokenizer": "gpt2"}),
    "unigram": ("unigram", {"special_tokens": ("<pad>", "<unk>")}),
    "unigram, whitespace": ("unigram", {"pretokenizer": "whitespace"}),
    "unigram, byte fallback": ("unigram", {"byte_fallback": True}),
    "unigram, bert text": ("unigram", {"pretokenizer": "bert", "normalizer": "bert", "byte_fallback": True}),
    "word, gpt2": ("word", {"special_tokens": ("<pad>",)}),
    "word, whitespace": ("word", {"pretokenizer": "whitespace"}),
    "word, bert text": ("word", {"pretokenizer": "bert", "normalizer": "bert"}),
    "characters": ("character", {}),
    "bytes": ("byte", {"special_tokens": ("<pad>",)}),
}
SIZES = {"bpe": 450, "wordpiece": 500, "unigram": 500, "word": 300, "character": 1, "byte": 1}
NASTY_DOCUMENTS = (
    "## ##a ##ab ### # a## #tag #tags ##tags ##tags\n",
    "<0xab> <0xab> <0xab> <0xZZ> <0xZZ> <0x41> <0x41>\n",
    "a</w>b a</w>b </w> </w> naïve café 漢字 漢字 हिन्दी e\u0301\n",
)


@cache
def documents() -> tuple[str, ...]:
    text = (Path(__file__).resolve().parents[1] / "corpora" / "en.txt").read_text(encoding="utf-8")
    return (text[:8_000], *NASTY_DOCUMENTS)


@cache
def trained(label: str) -> TrainedTokenizer:
    name, options = MATRIX[label]
    tokenizer = train(name, documents(), vocab_size=SIZES[name], backend="fast", **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


@cache
def library(label: str) -> Library:
    """What Hugging Face reads; texts of special tokens are text, as in toklab."""
    engine = Library.from_str(to_json(trained(label)))
    engine.encode_special_tokens = True
    return engine


def needs_old_unicode(label: str) -> bool:
    return trained(label).normalizer == "bert"


def assert_same(label: str, text: str) -> None:
    ours, theirs = trained(label).encode(text).ids.tolist(), library(label).encode(text).ids
    assert ours == theirs
    assert trained(label).decode(ours) == library(label).decode(theirs)


@pytest.mark.parametrize("label", MATRIX)
def test_the_bundled_texts_are_encoded_alike(label: str, corpus_lines: list[str]) -> None:
    tokenizer, engine = trained(label), library(label)
    lines = [*corpus_lines, *NASTY_DOCUMENTS]
    if needs_old_unicode(label):
        lines = [line for line in lines if not set(line) & BERT_NORMALIZER_SKEW]
    batch = tokenizer.encode_batch(lines)
    for line, row, theirs in zip(lines, batch.rows, engine.encode_batch_fast(lines), strict=False):
        ours = batch.ids[row : row + len(theirs.ids)].tolist()
        assert ours == theirs.ids, line
        assert tokenizer.decode(ours) == engine.decode(theirs.ids), line
    assert len(batch.ids) == batch.rows[-1]
    assert len(batch) == len(lines)


@pytest.mark.parametrize("label", MATRIX)
@settings(max_examples=80)
@given(data=st.data())
def test_any_text_is_encoded_alike(label: str, data: st.DataObject) -> None:
    text = data.draw(SHARED_BERT_TEXT if needs_old_unicode(label) else TEXT)
    assume(not any(piece.special and piece.surface.decode() in text for piece in trained(label).vocab))
    assert_same(label, text)


@pytest.mark.parametrize("label", MATRIX)
@settings(max_examples=60)
@given(data=st.data())
def test_any_ids_are_decoded_alike(label: str, data: st.DataObject) -> None:
    top = len(trained(label).vocab) - 1
    ids = data.draw(st.lists(st.integers(0, top), max_size=20))
    assert trained(label).decode(ids) == library(label).decode(ids)


@pytest.mark.parametrize(
    "label", ["bpe, specials", "character, specials", "wordpiece, bert text", "unigram", "bytes", "word, gpt2"]
)
@settings(max_examples=150)
@given(text=SPECIAL_TEXT)
def test_special_tokens_are_found_alike_where_they_are_allowed(label: str, text: str) -> None:
    if needs_old_unicode(label):
        assume(not set(text) & BERT_NORMALIZER_SKEW)
    engine = Library.from_str(to_json(trained(label)))
    theirs = engine.encode(text).ids
    ours = trained(label).encode(text, allow_special=True).ids.tolist()
    assert ours == theirs
    assert trained(label).decode(ours) == engine.decode(theirs)


@pytest.mark.parametrize("label", MATRIX)
def test_what_is_loaded_is_what_was_saved(label: str, tmp_path: Path) -> None:
    tokenizer = trained(label)
    path = tokenizer.save(tmp_path / "deep" / "folder")
    copies = [load(path), load(tmp_path / "deep" / "folder"), load_tokenizer(path, "reference")]
    lines = [documents()[0][:1500], *NASTY_DOCUMENTS, "<pad> ☃ [CLS] \x00"]
    for copy in copies:
        assert isinstance(copy, TrainedTokenizer)
        assert copy.vocab == tokenizer.vocab
        assert copy.model == tokenizer.model
        assert (copy.name, copy.signature, copy.warnings) == (tokenizer.name, tokenizer.signature, tokenizer.warnings)
        assert (copy.pretokenizer, copy.normalizer) == (tokenizer.pretokenizer, tokenizer.normalizer)
        ours, theirs = tokenizer.encode_batch(lines, offsets=True), copy.encode_batch(lines, offsets=True)
        assert ours.ids.tolist() == theirs.ids.tolist()
        assert ours.offsets.tolist() == theirs.offsets.tolist()
        assert copy.decode(ours.ids.tolist()) == tokenizer.decode(ours.ids.tolist())
        assert to_json(copy) == path.read_text(encoding="utf-8")
    assert sorted(file.name for file in path.parent.iterdir()) == sorted([FILE, SIDECAR])


@pytest.mark.parametrize("label", MATRIX)
def test_two_trainings_are_saved_alike(label: str, tmp_path: Path) -> None:
    name, options = MATRIX[label]
    again = train(name, documents()[::-1], vocab_size=SIZES[name], backend="fast", threads=1, **options)
    for tokenizer, folder in ((trained(label), "one"), (again, "two")):
        tokenizer.save(tmp_path / folder)
    for file in (FILE, SIDECAR):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@settings(max_examples=300)
@given(text=TEXT)
def test_byte_level_gives_every_text_back(text: str) -> None:
    for label in ("bpe, gpt2", "bpe, cl100k", "bpe, o200k", "bpe, none", "bpe, user pattern", "bytes"):
        ids = trained(label).encode(text).ids.tolist()
        assert trained(label).decode(ids) == text
        assert library(label).decode(ids) == text


def test_byte_level_takes_every_character_as_the_library_does_and_gives_it_back() -> None:
    tokenizer, engine = trained("bpe, gpt2"), library("bpe, gpt2")
    scalars = [char for char in map(chr, range(sys.maxunicode + 1)) if not "\ud800" <= char <= "\udfff"]
    assert len(scalars) == 1_112_064
    for start in range(0, len(scalars), 1 << 15):
        chunk = "".join(scalars[start : start + (1 << 15)])
        ids = tokenizer.encode(chunk).ids.tolist()
        assert ids == engine.encode(chunk).ids
        assert tokenizer.decode(ids) == chunk
        assert engine.decode(ids, skip_special_tokens=False) == chunk


def test_a_file_without_its_sidecar_still_loads(tmp_path: Path) -> None:
    path = trained("bpe, gpt2").save(tmp_path)
    (tmp_path / SIDECAR).unlink()
    copy = load(path)
    assert copy.vocab == trained("bpe, gpt2").vocab
    assert copy.name == "bpe"
    assert copy.signature == {}


@given(st.lists(st.text("ab ", min_size=1), min_size=1, max_size=3).filter(lambda texts: any(t.strip() for t in texts)))
@settings(max_examples=60, deadline=None)
def test_text_that_spells_the_suffix_is_merged_as_the_library_merges_it(texts: list[str]) -> None:
    ours = train("bpe", texts, vocab_size=12, pretokenizer="whitespace", end_of_word_suffix="b", **CHARACTER)
    assert isinstance(ours, TrainedTokenizer)
    engine = Library.from_str(to_json(ours))
    with tempfile.TemporaryDirectory() as folder:
        again = load(ours.save(folder))
    assert isinstance(again, TrainedTokenizer)
    assert again.model.strings == ours.model.strings
    for text in texts:
        ids = ours.encode(text).ids.tolist()
        assert ids == engine.encode(text).ids == again.encode(text).ids.tolist()
        assert ours.decode(ids) == engine.decode(ids) == again.decode(ids)


@pytest.mark.parametrize("label", ["bpe, gpt2", "wordpiece, bert", "unigram", "word, gpt2", "byte fallback"])
def test_a_file_cut_short_is_refused(label: str, tmp_path: Path) -> None:
    path = trained(label).save(tmp_path)
    for file in (path, tmp_path / SIDECAR):
        whole = file.read_bytes()
        for size in {*range(40), *range(40, len(whole), max(1, len(whole) // 60)), len(whole) - 1}:
            file.write_bytes(whole[:size])
            with pytest.raises(FormatError) as caught:
                load(tmp_path)
            assert "\n" not in str(caught.value)
        file.write_bytes(whole)
    path.unlink()
    with pytest.raises(FormatError, match="holds no tokenizer"):
        load(tmp_path)
    with pytest.raises(FormatError):
        load(tmp_path / "nothing")


def _set(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        part: Any = data
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = to

    return change


def _move_id(text: str, to: Any) -> Callable[[dict[str, Any]], None]:
    return _set("model", "vocab", text, to=to)


def _rename(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        vocab = data["model"]["vocab"]
        assert old in vocab
        vocab[new] = vocab.pop(old)

    return change


def _drop(*keys: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        part: Any = data
        for key in keys[:-1]:
            part = part[key]
        del part[keys[-1]]

    return change


PATTERN = ("pre_tokenizer", "pretokenizers", 0, "pattern", "Regex")
DAMAGE: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "id of 2**32 - 1": ("bpe, gpt2", _move_id("a", 2**32 - 1)),
    "negative id": ("bpe, gpt2", _move_id("a", -1)),
    "id given twice": ("bpe, gpt2", _move_id("a", 5)),
    "id that is no number": ("bpe, gpt2", _move_id("a", "7")),
    "id that is a truth": ("bpe, gpt2", _move_id('"', True)),
    "unknown token missing": ("character", _rename("<unk>", "aaaaaa")),
    "unknown token of wordpiece missing": ("wordpiece, bert", _rename("[UNK]", "aaaaaa")),
    "unknown token that is not there": ("character", _set("model", "unk_token", to="<none>")),
    "no unknown token": ("wordpiece, bert", _set("model", "unk_token", to=None)),
    "merge of a missing piece": ("bpe, gpt2", _set("model", "merges", 0, to=["zzzz", "a"])),
    "merge into a missing piece": ("bpe, gpt2", _set("model", "merges", 0, to=["!", "\xff"])),
    "merge of three": ("bpe, gpt2", _set("model", "merges", 0, to=["a", "b", "c"])),
    "merge of numbers": ("bpe, gpt2", _set("model", "merges", 0, to=[1, 2])),
    "merges that are no list": ("bpe, gpt2", _set("model", "merges", to=None)),
    "vocabulary that is a list": ("bpe, gpt2", _set("model", "vocab", to=["a"])),
    "no vocabulary": ("bpe, gpt2", _drop("model", "vocab")),
    "no model": ("bpe, gpt2", _drop("model")),
    "model of another type": ("bpe, gpt2", _set("model", "type", to="Unigram")),
    "dropout": ("bpe, gpt2", _set("model", "dropout", to=0.5)),
    "another prefix": ("wordpiece, bert", _set("model", "continuing_subword_prefix", to="@@")),
    "word length that is no number": ("wordpiece, bert", _set("model", "max_input_chars_per_word", to="many")),
    "pattern that is no regular expression": ("bpe, gpt2", _set(*PATTERN, to="(")),
    "pattern that toklab cannot read": ("bpe, gpt2", _set(*PATTERN, to=r"\h+")),
    "a list": ("bpe, gpt2", lambda data: data.clear()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    label, change = DAMAGE[damage]
    path = trained(label).save(tmp_path)
    data = json.loads(path.read_bytes())
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "null", "[]", "3", '"x"', "{}", "[" * 100_000, '{"model": {}}', "\ud800"])
def test_a_file_that_holds_something_else_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(FormatError):
        load(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"engine": "toklab"}', '{"engine": 3}', '{"engine": "other"}']
)
def test_a_sidecar_that_holds_something_else_is_refused(text: str, tmp_path: Path) -> None:
    trained("bpe, gpt2").save(tmp_path)
    (tmp_path / SIDECAR).write_text(text)
    with pytest.raises(FormatError):
        load(tmp_path)


@pytest.mark.parametrize("share", [i / 24 for i in range(24)])
def test_a_flipped_bit_is_refused_or_harmless(share: float, tmp_path: Path) -> None:
    path = trained("bpe, gpt2").save(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[int(share * len(raw))] ^= 0x10
    path.write_bytes(raw)
    try:
        tokenizer = load(tmp_path)
    except FormatError:
        return
    text = "the cat's hat ☃"
    assert tokenizer.decode(tokenizer.encode(text).ids.tolist()) == text


def test_pieces_keep_their_meaning(tmp_path: Path) -> None:
    text = "<0xab> <0xab> <0xab> <0xZZ> <0xZZ> <0xZZ> <0x41> <0x41>"
    options: dict[str, Any] = {"alphabet": "character", "byte_fallback": True, "pretokenizer": "whitespace"}
    tokenizer = train("bpe", [text], vocab_size=290, **options)
    tokenizer.save(tmp_path)
    copy = load(tmp_path)
    assert copy.vocab == tokenizer.vocab
    engine = Library.from_file(str(tmp_path / FILE))
    for word in text.split():
        ids = tokenizer.encode(word).ids.tolist()
        assert tokenizer.decode(ids) == copy.decode(ids) == engine.decode(ids) == word


def test_hash_signs_survive_wordpiece(tmp_path: Path) -> None:
    text = "## # ##a ##ab ##ab ab ###\n" * 3
    for variant in ("likelihood-ratio", "hf"):
        for pattern in ("gpt2", "whitespace"):
            tokenizer = train("wordpiece", [text], vocab_size=30, variant=variant, pretokenizer=pattern)
            tokenizer.save(tmp_path)
            engine = Library.from_file(str(tmp_path / FILE))
            assert load(tmp_path).vocab == tokenizer.vocab
            ids = tokenizer.encode(text).ids.tolist()
            assert ids == engine.encode(text).ids
            assert tokenizer.decode(ids) == engine.decode(ids)


def test_the_file_lists_its_special_tokens() -> None:
    data = json.loads(to_json(trained("bpe, specials")))
    assert [(entry["id"], entry["content"]) for entry in data["added_tokens"]] == [
        *((0, "<|endoftext|>"), (1, "<pad>"), (2, "the"))
    ]
    assert trained("bpe, specials").vocab[2] == Piece(b"the", special=True)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        trained("bpe, gpt2").save(tmp_path / "taken" / "inside")
    (tmp_path / "model" / FILE).mkdir(parents=True)
    with pytest.raises(OutputError):
        trained("bpe, gpt2").save(tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == [FILE]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is allowed to root")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        trained("bpe, gpt2").save(tmp_path / "model")
