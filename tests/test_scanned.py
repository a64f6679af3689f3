"""Encoding much text at once, through the compiled scanner, gives what encoding it by the readable way gives."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.errors import UsageError
from toklab.kernels.words import MARGIN
from toklab.training import train
from toklab.types import Batch, Piece, Vocab

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
CHARACTER = {"alphabet": "character", "vocab_size": 900}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "bytes, gpt2": ("bpe", {}),
    "bytes, o200k": ("bpe", {"pretokenizer": "o200k"}),
    "bytes, whitespace": ("bpe", {"pretokenizer": "whitespace"}),
    "bytes, regex": ("bpe", {"pretokenizer": r"\p{L}+|\d"}),
    "characters": ("bpe", CHARACTER),
    "characters, suffix and fallback": (
        "bpe",
        CHARACTER | {"end_of_word_suffix": "</w>", "byte_fallback": True, "pretokenizer": "bert"},
    ),
    "wordpiece, bert": ("wordpiece", {"variant": "hf"}),
    "wordpiece, gpt2": ("wordpiece", {"pretokenizer": "gpt2"}),
    "word": ("word", {}),
}


@cache
def texts() -> tuple[str, ...]:
    return tuple(path.read_text("utf-8") for path in sorted(CORPORA.rglob("*.txt")))


@cache
def twins(label: str) -> tuple[TrainedTokenizer, TrainedTokenizer]:
    name, options = CASES[label]
    tokenizer = train(name, CORPORA / "en.txt", **{"vocab_size": 700, **options})
    assert isinstance(tokenizer, TrainedTokenizer)
    return replace(tokenizer, backend="reference"), replace(tokenizer, backend="fast")


def assert_equal(one: Batch, other: Batch) -> None:
    assert one.ids.tolist() == other.ids.tolist()
    assert one.rows.tolist() == other.rows.tolist()
    assert one.offsets.tolist() == other.offsets.tolist()
    assert (one.ids.dtype, one.rows.dtype, one.offsets.dtype) == (
        other.ids.dtype,
        other.rows.dtype,
        other.offsets.dtype,
    )


@pytest.mark.parametrize("label", CASES)
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_bundled_texts(label: str, threads: int | None) -> None:
    readable, compiled = twins(label)
    sample = [text[:3000] for text in texts()]
    for offsets in (True, False):
        expected = readable.encode_batch(sample, offsets=offsets)
        assert_equal(expected, compiled.encode_batch(sample, offsets=offsets, threads=threads))


@pytest.mark.parametrize("label", CASES)
@pytest.mark.parametrize("threads", [1, 3])
def test_long_texts_that_are_cut_near_their_ends(label: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toklab.pretokenize.stretches.LONG", 20_000)
    monkeypatch.setattr("toklab.pretokenize.stretches.STRETCH", 1)  # each text is a stretch
    readable, compiled = twins(label)
    long = "\n".join(text[:5000] for text in texts())
    assert len(long) > 40_000
    sample = ["It is.", long, "", long[::-1], "à"]
    expected = readable.encode_batch(sample, offsets=True)
    assert_equal(expected, compiled.encode_batch(sample, offsets=True, threads=threads))


@pytest.mark.parametrize("label", CASES)
@given(batch=st.lists(st.text("ab 1\n.é日👩\u0301#'s", max_size=15) | st.text(max_size=10), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_texts(label: str, batch: list[str]) -> None:
    readable, compiled = twins(label)
    expected = readable.encode_batch(batch, offsets=True)
    assert_equal(expected, compiled.encode_batch(batch, offsets=True, threads=2))


def test_a_lone_surrogate_is_told() -> None:
    with pytest.raises(UsageError, match="character 1 is a lone surrogate"):
        twins("bytes, gpt2")[1].encode_batch(["fine", "a\ud800"])


def test_more_words_than_the_cache_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toklab.algorithms.word_cache.MOST_WORDS", 50)
    monkeypatch.setattr("toklab.algorithms.scanned.MOST_WORDS", 50)
    readable, compiled = twins("bytes, gpt2")
    sample = [" ".join(f"w{i * j}" for i in range(60)) for j in range(4)]
    for _ in range(2):
        assert_equal(readable.encode_batch(sample), compiled.encode_batch(sample))
    assert len(readable._cache) <= 50
    (encoder,) = compiled._encoders
    assert encoder._known is not None
    known = len(encoder._known[1])
    assert known == len(readable.model.merges)  # type: ignore[attr-defined]
    assert all(len(memory.table) <= 50 + known for memory in encoder._memories)


@pytest.mark.parametrize("label", ["bytes, gpt2", "bytes, whitespace"])
def test_words_known_from_the_beginning_are_what_the_model_makes_of_them(label: str) -> None:
    model = twins(label)[1].model
    assert isinstance(model, BpeModel)
    found = model.whole_words(100)
    assert found is not None
    (text, starts), ids = found
    atoms = {piece.surface: index for index, piece in enumerate(model.vocab)}
    assert len(starts) == 101
    assert len(ids) == 100
    for index, (start, end) in zip(ids.tolist(), itertools.pairwise(starts.tolist()), strict=True):
        word = [atoms[bytes([byte])] for byte in text[start:end].tolist()]
        assert model.merge(word, [1] * len(word)) == ((index,), (len(word),))


@pytest.mark.parametrize("label", ["wordpiece, bert", "wordpiece, gpt2"])
def test_wordpiece_knows_the_pieces_that_begin_words(label: str) -> None:
    model = replace(twins(label)[1].model, max_word_length=4)  # type: ignore[type-var]
    assert isinstance(model, WordPieceModel)
    (text, starts), ids = model.whole_words(100)
    raw = text.tobytes()
    words = [raw[start:end].decode() for start, end in itertools.pairwise(starts.tolist())]
    begins = [piece.surface.decode() for piece in model.vocab if not piece.special and not piece.continuation]
    assert words == [word for word in begins if len(word.encode()) <= 4 and not word.startswith("##")][:100]
    assert len(text) >= starts[-1] + MARGIN
    for index, word in zip(ids.tolist(), words, strict=True):
        assert model.match(word) == ((index,), (len(word.encode()),))


def test_a_list_of_merges_that_is_not_orderly_gives_no_words() -> None:
    # "ab" is made twice: nothing says what a word that spells it becomes.
    pieces = (*(Piece(bytes([byte])) for byte in range(256)), Piece(b"ab"))
    model = BpeModel(Vocab(pieces), ((97, 98, 256), (98, 97, 256)), "byte")
    assert model.whole_words(100) is None
