"""``.model`` files: what toklab writes is what SentencePiece would have written, and encodes alike in both.

One rule holds for every text: the library's ids are ours of the text with spaces for U+2581, which is how the library
reads it. For Unigram that adds in 64 bits, ids may differ where two ways to cut are equally probable but for rounding.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from helpers import run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY, SPECIAL_TEXT, TEXT
from test_spm_bpe import english, many_scripts
from test_spm_bpe import last_merge as readable

from toklab import load, train
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.errors import FormatError
from toklab.formats.protobuf import Message
from toklab.formats.sentencepiece_merges import last_merge
from toklab.formats.sentencepiece_model import (
    SPACE,
    caveats,
    load_sentencepiece_model,
    sentencepiece_file,
)
from toklab.formats.sentencepiece_proto import NORMALIZER, PIECE, Entry, Kind, ModelType, SentencePieceFile
from toklab.pretokenize import get_pretokenizer
from toklab.types import Piece, Vocab

SPECIALS = ("<s>", "[CLS]", "a b")
SPACED = {"pretokenizer": "sentencepiece"}
BYTES = tuple(Entry(f"<0x{byte:02X}>", 0.0, Kind.BYTE) for byte in range(256))
UNKNOWN = Entry("<unk>", 0.0, Kind.UNKNOWN)


def training(documents: Sequence[str]) -> list[str]:
    return list(documents[::2])


def held_out(documents: Sequence[str]) -> list[str]:
    return list(documents[1::2])


MADE: dict[str, Callable[[], Any]] = {
    "bpe-spm english": lambda: train("bpe", training(english()), vocab_size=3000, variant="spm"),
    "bpe-spm scripts": lambda: train(
        "bpe", training(many_scripts()), vocab_size=5000, variant="spm", special_tokens=SPECIALS
    ),
    "bpe": lambda: train(
        "bpe",
        training(english()),
        vocab_size=3000,
        alphabet="character",
        byte_fallback=True,
        special_tokens=("<unk>",),
        **SPACED,
    ),
    "unigram": lambda: train("unigram", training(english()), vocab_size=2000, **SPACED),
    "unigram scripts": lambda: train(
        "unigram",
        training(many_scripts()),
        vocab_size=4000,
        byte_fallback=True,
        special_tokens=SPECIALS,
        **SPACED,
    ),
}


@cache
def made(name: str) -> TrainedTokenizer:
    tokenizer = MADE[name]()
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


@cache
def written(name: str) -> bytes:
    return sentencepiece_file(made(name)).to_bytes()


def library(model: bytes) -> Any:
    engine = sentencepiece.SentencePieceProcessor()
    engine.LoadFromSerializedProto(model)
    return engine


@cache
def engine_of(name: str) -> Any:
    return library(written(name))


@cache
def read_back(name: str) -> TrainedTokenizer:
    return load_sentencepiece_model(written(name))


def ids_of(tokenizer: TrainedTokenizer, text: str) -> list[int]:
    found: list[int] = tokenizer.encode(text.replace(SPACE, " ")).ids.tolist()
    return found


def assert_same(tokenizer: TrainedTokenizer, engine: Any, text: str) -> None:
    """The library's ids are ours; for Unigram that adds in 64 bits, or they are as probable."""
    ours, theirs = ids_of(tokenizer, text), engine.encode(text)
    if isinstance(tokenizer.model, UnigramModel) and not tokenizer.model.single_precision and ours != theirs:
        scores = [engine.get_score(index) for index in range(engine.get_piece_size())]
        one, two = (math.fsum(scores[index] for index in ids) for ids in (ours, theirs))
        assert math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-5), text
    else:
        assert ours == theirs, text


@pytest.mark.parametrize("specials", [(), SPECIALS])
@pytest.mark.parametrize(("source", "size"), [(english, 1500), (many_scripts, 6000)])
def test_what_is_written_is_what_the_library_writes(
    source: Callable[[], tuple[str, ...]], size: int, specials: tuple[str, ...]
) -> None:
    ours: Any = train("bpe", list(source()), vocab_size=size, variant="spm", special_tokens=specials)
    theirs: Any = train("spm-bpe", list(source()), vocab_size=size, special_tokens=specials)
    file = sentencepiece_file(ours)
    assert file == SentencePieceFile.from_bytes(theirs.model)
    assert file == SentencePieceFile.from_bytes(file.to_bytes())
    one, two = Message(file.to_bytes()), Message(theirs.model)
    assert one.strings(PIECE) == two.strings(PIECE)
    assert one.strings(NORMALIZER) == two.strings(NORMALIZER)
    engine, expected = library(file.to_bytes()), library(theirs.model)
    for index in range(size):
        for fact in ("id_to_piece", "get_score", "is_unknown", "is_control", "is_byte", "is_unused"):
            assert getattr(engine, fact)(index) == getattr(expected, fact)(index)


@pytest.mark.parametrize("name", MADE)
def test_held_out_text(name: str) -> None:
    tokenizer, back = made(name), read_back(name)
    texts = [*held_out(english()), *held_out(many_scripts()), *NASTY]
    found = engine_of(name).encode(texts)
    for text, theirs in zip(texts, found, strict=True):
        assert ids_of(tokenizer, text) == theirs, text
        assert ids_of(back, text) == theirs, text
        if tokenizer.vocab.unk_id not in theirs:
            assert engine_of(name).decode(theirs) == tokenizer.decode(theirs) == text.replace(SPACE, " ")


@pytest.mark.parametrize("name", MADE)
def test_pieces_and_scores_are_the_librarys_to_look_at(name: str) -> None:
    engine, tokenizer = engine_of(name), made(name)
    assert engine.get_piece_size() == len(tokenizer.vocab)
    assert engine.unk_id() == tokenizer.vocab.unk_id
    place = 0
    for index, piece in enumerate(tokenizer.vocab):
        assert engine.is_byte(index) == piece.byte
        assert engine.is_control(index) == (piece.special and index != tokenizer.vocab.unk_id)
        if piece.special or piece.byte:
            assert engine.get_score(index) == 0
            continue
        assert engine.id_to_piece(index) == piece.surface.decode().replace(" ", SPACE)
        expected = tokenizer.model.scores[index] if isinstance(tokenizer.model, UnigramModel) else -place
        assert math.isclose(engine.get_score(index), expected, rel_tol=2**-24)
        place += 1


@settings(max_examples=200, deadline=None)
@given(
    text=TEXT | SPECIAL_TEXT | st.text("ab <s>[CLS]\u2581\u2585\0\n字Ω", max_size=40),
    name=st.sampled_from(sorted(MADE)),
)
def test_any_text(text: str, name: str) -> None:
    assert_same(made(name), engine_of(name), text)
    assert_same(read_back(name), engine_of(name), text)


@settings(max_examples=200, deadline=None)
@given(text=st.text("  the in\u2581,-", max_size=60), name=st.sampled_from(sorted(MADE)))
def test_spaces_at_all_places(text: str, name: str) -> None:
    assert_same(made(name), engine_of(name), text)


def test_what_is_read_is_what_was_written() -> None:
    for name in MADE:
        tokenizer, back = made(name), read_back(name)
        assert back.vocab.pieces == tokenizer.vocab.pieces
        assert back.vocab.unk_id == tokenizer.vocab.unk_id
        assert back.pretokenizer == get_pretokenizer("sentencepiece")
        if isinstance(tokenizer.model, BpeModel):
            assert isinstance(back.model, BpeModel)
            assert list(back.model.merges) == list(tokenizer.model.merges)
            assert sentencepiece_file(back).to_bytes() == written(name)


# --- what cannot be written -----------------------------------------------------------------------------------


def trained(algorithm: str, documents: Sequence[str] = ("ab abc bc",), **options: Any) -> TrainedTokenizer:
    tokenizer = train(algorithm, list(documents), vocab_size=600, **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


CHARACTERS: dict[str, Any] = {"alphabet": "character", "byte_fallback": True, "special_tokens": ("<unk>",), **SPACED}


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: trained("wordpiece"), "a WordPieceModel"),
        (lambda: trained("word"), "a WordModel"),
        (lambda: trained("unigram"), "the pre-tokenizer 'gpt2'"),
        (lambda: trained("bpe", **SPACED), "without an unknown token"),
        (lambda: trained("bpe", special_tokens=("<unk>",), **SPACED), "a byte-level alphabet"),
        (lambda: trained("bpe", **(CHARACTERS | {"byte_fallback": False})), "BPE without byte fallback"),
        (lambda: trained("bpe", end_of_word_suffix="</w>", **CHARACTERS), "the end-of-word suffix '</w>'"),
        (lambda: trained("bpe", normalizer="bert", **CHARACTERS), "the normaliser 'bert'"),
        (lambda: trained("unigram", ["a b\u2581"], **SPACED), "U+2581"),
        (lambda: trained("unigram", ["a b\0"], **SPACED), "U+0000"),
        (lambda: trained("bpe", ["a b"], variant="spm", special_tokens=("<\0>",)), "U+0000"),
        (lambda: trained("bpe", ["漢字"], variant="spm"), "without a piece for the space"),
        (lambda: trained("bpe", ["a" * 2000 + " b"], **CHARACTERS), "a piece of 1,024 characters"),
        (lambda: trained("bpe", ["ab a"], variant="spm", special_tokens=("\u2581",)), "without a piece for the space"),
    ],
)
def test_what_cannot_be_carried_is_named(make: Callable[[], TrainedTokenizer], named: str) -> None:
    tokenizer = make()
    with pytest.raises(FormatError, match=r"^a SentencePiece model cannot hold ") as caught:
        sentencepiece_file(tokenizer)
    assert named in str(caught.value)


def test_scores_too_large_for_32_bits_are_refused() -> None:
    tokenizer = made("unigram")
    assert isinstance(tokenizer.model, UnigramModel)
    model = replace(tokenizer.model, scores=(*tokenizer.model.scores[:-1], -1e39))
    with pytest.raises(FormatError, match="no finite number"):
        sentencepiece_file(replace(tokenizer, model=model))


def test_merges_that_the_library_would_not_make_are_refused() -> None:
    texts = ["a", "b", "c", " ", "ab", "bc", "abc"]
    pieces = (Piece(b"<unk>", special=True), *(Piece(bytes([byte]), byte=True) for byte in range(256)))
    vocab = Vocab((*pieces, *(Piece(text.encode()) for text in texts)), 0)
    a, b, c, _, ab, bc, abc = range(257, 264)

    def tokenizer(*merges: tuple[int, int, int]) -> TrainedTokenizer:
        model = BpeModel(vocab, merges, "character", byte_fallback=True)
        return TrainedTokenizer("bpe", model, get_pretokenizer("sentencepiece"))

    assert sentencepiece_file(tokenizer((a, b, ab), (b, c, bc), (ab, c, abc)))
    for merges, told in (
        (((a, b, ab), (b, c, bc), (a, bc, abc)), "merge 3 is 'a' + 'bc', where the library's would be 'ab' + 'c'"),
        (((b, c, bc), (a, b, ab), (ab, c, abc)), "merge 1 is 'b' + 'c', where the library's would be 'a' + 'b'"),
        (((a, b, ab), (b, c, bc)), "merge 3 is none, where the library's would be 'ab' + 'c'"),
        (
            ((a, b, ab), (b, c, bc), (ab, c, abc), (a, bc, abc)),
            "merge 4 is 'a' + 'bc', where the library's would be none",
        ),
    ):
        with pytest.raises(FormatError) as caught:
            sentencepiece_file(tokenizer(*merges))
        assert told in str(caught.value)


@given(
    texts=st.lists(st.text("ab", min_size=2, max_size=7), max_size=8, unique=True),
    text=st.text("ab", min_size=2, max_size=12),
)
def test_last_merges_are_those_of_merging_one_by_one(texts: list[str], text: str) -> None:
    ranks = {piece: rank for rank, piece in enumerate(dict.fromkeys([*texts, text]))}
    halves = readable(text, ranks)
    assert last_merge(text, ranks) == (None if halves is None else len(halves[0]))


# --- differences by nature ------------------------------------------------------------------------------------


def test_u2581_is_a_space_to_the_library_alone() -> None:
    tokenizer, engine = made("bpe-spm english"), engine_of("bpe-spm english")
    assert engine.encode("a\u2581b") == ids_of(tokenizer, "a b")
    assert tokenizer.decode(tokenizer.encode("a\u2581b").ids.tolist()) == "a\u2581b"
    assert tokenizer.encode("a\u2581b").ids.tolist() != engine.encode("a\u2581b")


def test_u2585_is_a_character_like_any_other() -> None:
    for name in MADE:
        assert engine_of(name).encode("a\u2585 \u2585b") == ids_of(made(name), "a\u2585 \u2585b")
    tokenizer = trained("unigram", ["a\u2585 b\u2585 \u2585"] * 3, **SPACED)
    data = sentencepiece_file(tokenizer).to_bytes()
    assert library(data).encode("b\u2585") == ids_of(tokenizer, "b\u2585")
    assert tokenizer.vocab.unk_id not in library(data).encode("b\u2585")


def test_unigram_rounds_from_the_beginning_of_the_text_in_the_library() -> None:
    scores = {SPACE: -9.0, "z": -9.7, "a": -2.0, "b": -5.0, "c": -2.0, "ab": -3.0, "bc": -3.00001}
    data = SentencePieceFile(ModelType.UNIGRAM, (UNKNOWN, *(Entry(*item) for item in scores.items()))).to_bytes()
    tokenizer, engine = load_sentencepiece_model(data), library(data)
    assert isinstance(tokenizer.model, UnigramModel)
    double = replace(tokenizer, model=replace(tokenizer.model, single_precision=False))
    assert engine.encode("abc") == ids_of(tokenizer, "abc") == ids_of(double, "abc") == [6, 5]
    text = "z" * 999 + " abc"
    assert engine.encode(text)[-2:] == ids_of(tokenizer, text)[-2:] == [3, 7]
    assert ids_of(double, text)[-2:] == [6, 5]
    assert "32-bit" in caveats(double)[0]
    assert caveats(tokenizer) == ()
    assert caveats(made("bpe")) == ()


# --- the command line -------------------------------------------------------------------------------------------


def test_train_writes_a_model_beside_tokenizer_json(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(english()[:30]), encoding="utf-8")
    args = ["--vocab-size", "700", "--format", "spm"]
    ran = run("train", "text.txt", "--algo", "bpe", "--variant", "spm", *args, "--output", "out", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "saved: out/tokenizer.json\nsaved: out/bpe-spm.model\n" in ran.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "bpe-spm.model",
        "tokenizer.json",
        "toklab.json",
    ]
    text = "The harbour, naïve\r\n  <unk> 漢"
    encoded = [run("encode", f"out{name}", text, cwd=tmp_path) for name in ("", "/bpe-spm.model")]
    assert encoded[0] == encoded[1]
    ids = encoded[1].out.encode()
    assert run("decode", "out/bpe-spm.model", cwd=tmp_path, stdin=ids).out == text + "\n"
    told = run("train", "text.txt", "--algo", "unigram", "-p", "sentencepiece", "--json", *args, cwd=tmp_path)
    facts = json.loads(told.out)
    assert facts["paths"] == ["unigram-700/tokenizer.json", "unigram-700/unigram.model"]
    assert "32-bit" in facts["warnings"][0]
    assert load(tmp_path / "unigram-700/unigram.model").encode("the sea").ids.tolist()


def test_train_refuses_what_has_no_such_file_and_saves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("ab abc bc", encoding="utf-8")
    for algo, told in (("bpe", "'gpt2'"), ("hf-bpe", "makes a model of tokenizers-"), ("wordpiece", "WordPieceModel")):
        ran = run("train", "text.txt", "--algo", algo, "--format", "spm", "--output", algo, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert told in ran.err
        assert not (tmp_path / algo).exists()
    ran = run("train", "text.txt", "--algo", "spm-bpe", "--format", "spm", "--output", "out", cwd=tmp_path)
    assert (ran.code, (tmp_path / "out/tokenizer.model").exists()) == (0, True)
