"""``tokenizer.json`` of others: toklab gives the ids, offsets and texts that the library gives."""

from __future__ import annotations

import pickle
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_shapes import ADDED_TEXTS, MARK_SKEW, NORMAL_FORM_SKEW, SHAPES, SKEW, source_of
from strategies import NASTY, SPECIAL_TEXTS, _texts
from tokenizers import Tokenizer as Library
from tokenizers import normalizers as norm
from tokenizers import pre_tokenizers as pre

from toklab import load
from toklab.algorithms.loaded import LoadedTokenizer
from toklab.errors import UsageError
from toklab.formats.loaded_json import read_loaded
from toklab.formats.steps_json import read_normalizers, read_splitters
from toklab.formats.tokenizer_json import load_tokenizer
from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.utf8 import char_to_byte
from toklab.types import Encoding, IntArray, Piece

TEXT = _texts(NASTY + 4 * ADDED_TEXTS + 2 * SPECIAL_TEXTS, SKEW, ("Cs", "Cn"))
# Where offsets differ: pieces that Unigram falls back to cover the whole run of unknown characters there, and one byte
# each here; behind bytes that are dropped, the rest of a word is counted back there in characters that stand for bytes.
COARSE = {"unigram, bytes", "bytes missing"}


@cache
def ours(shape: str, backend: str = "reference") -> LoadedTokenizer:
    return read_loaded(source_of(shape), backend=backend)


@cache
def library(shape: str, allow_special: bool) -> Library:
    engine = Library.from_buffer(source_of(shape))
    engine.encode_special_tokens = not allow_special
    return engine


def widened(text: str, offsets: IntArray) -> list[list[int]]:
    """Bytes as the characters that hold them."""
    places = char_to_byte(text)
    starts = np.searchsorted(places, offsets[:, 0], side="right") - 1
    found: list[list[int]] = np.stack([starts, np.searchsorted(places, offsets[:, 1])], axis=1).tolist()
    return found


def assert_same(shape: str, text: str, found: Encoding, allow_special: bool) -> None:
    theirs = library(shape, allow_special).encode(text, add_special_tokens=False)
    assert found.ids.tolist() == theirs.ids, text
    if shape not in COARSE:
        offsets = np.array(theirs.offsets, np.int64).reshape(-1, 2)
        assert widened(text, found.offsets) == np.maximum.accumulate(offsets, axis=0).tolist(), text
    assert ours(shape).decode(theirs.ids) == library(shape, allow_special).decode(theirs.ids), text


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_bundled_texts_are_encoded_alike(shape: str, backend: str, corpus_lines: list[str]) -> None:
    lines = [line for line in corpus_lines if not set(line) & SKEW][:: 9 if backend == "fast" else 41]
    texts = ["", *lines, *("".join(lines[at : at + 3]) + ADDED_TEXTS[at] for at in range(len(ADDED_TEXTS)))]
    for allow_special in (False, True):
        batch = ours(shape, backend).encode_batch(texts, offsets=True, allow_special=allow_special)
        bare = ours(shape, backend).encode_batch(texts, allow_special=allow_special)
        assert bare.ids.tolist() == batch.ids.tolist()
        assert bare.rows.tolist() == batch.rows.tolist()
        for text, found in zip(texts, batch, strict=True):
            assert_same(shape, text, found, allow_special)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40)
@given(text=TEXT, allow_special=st.booleans())
def test_any_text_is_encoded_alike(shape: str, text: str, allow_special: bool) -> None:
    found = ours(shape).encode(text, allow_special=allow_special)
    assert_same(shape, text, found, allow_special)
    assert (found.offsets[:, 0] <= found.offsets[:, 1]).all()


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)
@given(data=st.data())
def test_any_ids_are_decoded_alike(shape: str, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, len(ours(shape).vocab) - 1), max_size=12))
    assert ours(shape).decode(ids) == library(shape, True).decode(ids)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_vocabulary_has_the_ids_of_the_library(shape: str) -> None:
    known = library(shape, True).get_vocab(with_added_tokens=True)
    assert len(ours(shape).vocab) == max(known.values()) + 1
    for text, index in known.items():
        piece = ours(shape).vocab[index]
        assert piece.special or piece.surface, text
    missing = set(range(len(ours(shape).vocab))) - set(known.values())
    assert all(ours(shape).vocab[index] == Piece(b"", special=True) for index in missing)
    if shape == "gaps":
        assert missing == {1, 6}


def test_pieces_stand_for_text_and_not_for_how_it_is_spelled() -> None:
    for shape, text in (("gpt2", "and and"), ("llama2", " and and"), ("t5", " and and"), ("bert", "andand")):
        pieces = [ours(shape).vocab[index] for index in ours(shape).encode("and and").ids.tolist()]
        assert b"".join(piece.surface for piece in pieces).decode() == text, shape
    assert {piece.continuation for piece in ours("bert").vocab} == {False, True}
    assert {piece.word_final for piece in ours("suffix").vocab} == {False, True}
    assert sum(piece.byte for piece in ours("llama2").vocab) == 256
    left, right = ours("gpt2").vocab.merges[0]
    assert Piece(left.surface + right.surface) in ours("gpt2").vocab.pieces


def test_a_token_within_a_character_covers_its_bytes() -> None:
    found = ours("gpt2").encode("☃")
    assert found.offsets.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert ours("llama2").encode("a☃").offsets.tolist()[-3:] == [[1, 2], [2, 3], [3, 4]]


def test_much_text_is_scanned_and_gives_the_same(corpus_lines: list[str]) -> None:
    texts = ["".join(corpus_lines[at : at + 40]) + " <mask> x" for at in range(0, len(corpus_lines), 160)]
    for shape in ("llama3", "qwen2", "bert"):
        for allow_special in (False, True):
            slow, fast = (
                ours(shape, backend).encode_batch(texts, offsets=True, allow_special=allow_special, threads=2)
                for backend in ("reference", "fast")
            )
            assert slow.ids.tolist() == fast.ids.tolist()
            assert slow.rows.tolist() == fast.rows.tolist()
            assert slow.offsets.tolist() == fast.offsets.tolist()


@pytest.mark.parametrize("shape", ["gpt2", "t5", "bert", "words"])
def test_what_is_saved_is_the_file_itself(shape: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(source_of(shape))
    tokenizer = load(tmp_path, engine="toklab")
    assert isinstance(tokenizer, LoadedTokenizer)
    path = tokenizer.save(tmp_path / "copy")
    assert path.read_bytes() == source_of(shape)
    for copy in (load(path, engine="toklab"), load_tokenizer(path, "fast"), pickle.loads(pickle.dumps(tokenizer))):
        assert isinstance(copy, LoadedTokenizer)
        assert (copy.vocab, copy.name, copy.signature) == (tokenizer.vocab, tokenizer.name, tokenizer.signature)
        assert copy.encode("the cat's 12 hats").ids.tolist() == tokenizer.encode("the cat's 12 hats").ids.tolist()


def test_what_is_not_run_is_told() -> None:
    assert ours("gpt2").warnings == ()
    assert "not 9" in ours("gaps").warnings[0]
    post = (
        source_of("gpt2")
        .replace(b'"post_processor": null', b'"post_processor": {"type": "ByteLevel", "trim_offsets": true}')
        .replace(b'"truncation": null', b'"truncation": {"max_length": 3}')
    )
    warnings = read_loaded(post).warnings
    assert [warning.split()[1] for warning in warnings] == ["truncation", "post_processor"]


def test_a_lone_surrogate_and_an_unknown_id_are_told() -> None:
    with pytest.raises(UsageError, match="surrogate"):
        ours("llama2").encode("a\ud800")
    for index in (-1, len(ours("llama2").vocab)):
        with pytest.raises(UsageError, match="not in the vocabulary"):
            ours("llama2").decode([index])


# All but long stretches of characters that are alike: ideographs, Hangul, private and unassigned ones.
STRETCHES = ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x17000), (0x18B00, 0x20000), (0xE0000, 0xE0200))
CHARACTERS = [chr(code) for first, last in STRETCHES for code in range(first, last)]
ASSIGNED = [char for char in CHARACTERS if unicodedata.category(char) != "Cn"]


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the list is that of Unicode 14")
@pytest.mark.parametrize("kind", ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"])
def test_normalisers_differ_in_the_characters_that_are_listed(kind: str) -> None:
    (step,), engine = read_normalizers({"type": kind}), getattr(norm, kind)()
    listed = {"StripAccents": MARK_SKEW, "Lowercase": frozenset(), "Nmt": frozenset()}.get(kind, NORMAL_FORM_SKEW)
    differing = {
        char
        for char in ASSIGNED
        if step.apply(Aligned("a" + char + "b")).text != engine.normalize_str("a" + char + "b")
    }
    assert differing == listed if kind == "StripAccents" else differing <= listed
    if kind == "NFKD":
        assert differing == {char for char in listed if unicodedata.normalize("NFKD", char) != char}


@pytest.mark.parametrize("kind", ["Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "BertPreTokenizer"])
def test_splitters_know_the_same_characters(kind: str) -> None:
    steps = read_splitters({"type": kind, "individual_digits": True})
    engine = pre.Digits(individual_digits=True) if kind == "Digits" else getattr(pre, kind)()
    text = "".join(f"a{char}b. " for char in CHARACTERS if char not in "ab")
    for start in range(0, len(text), 50_000):
        parts = [Aligned(text[start : start + 50_000])]
        for step in steps:
            parts = [inner for part in parts for inner in step.split(part)]
        assert [part.text for part in parts] == [
            word for word, _ in engine.pre_tokenize_str(text[start : start + 50_000])
        ]
