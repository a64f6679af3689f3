"""Decoding in batches: each row as `decode` gives it, whatever the ids, the twin and the threads."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT
from test_models import CORPUS, TOKENIZERS

from toklab import train
from toklab.algorithms import decoding
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.errors import UsageError
from toklab.pretokenize import get_pretokenizer
from toklab.types import Piece, Vocab

SPECIALS = ("<s>", "##", "[MASK]")
EXTRA = ("suffix of two parts", "suffix in a piece")


@cache
def made(label: str) -> TrainedTokenizer:
    if label == EXTRA[1]:
        texts = ["a_b _ __ a_ _b a_b_"] * 3
        options: dict[str, Any] = {"alphabet": "character", "end_of_word_suffix": "_", "pretokenizer": "whitespace"}
        tokenizer = train("bpe", texts, vocab_size=30, special_tokens=SPECIALS, **options)
    elif label == EXTRA[0]:
        options = {"alphabet": "character", "end_of_word_suffix": "é ", "pretokenizer": "bert"}
        tokenizer = train("bpe", CORPUS, vocab_size=110, special_tokens=SPECIALS, **options)
    else:
        name, options = TOKENIZERS[label]
        pinned = {} if name in ("byte", "character") else {"special_tokens": SPECIALS}
        tokenizer = train(name, CORPUS, **{**options, **pinned})
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


def flat(rows: list[list[int]]) -> tuple[Any, Any]:
    """Rows of ids as a `Batch` holds them."""
    ids = np.array([index for row in rows for index in row], np.int32)
    return ids, np.array([0, *itertools.accumulate(map(len, rows))], np.int64)


@pytest.mark.parametrize("label", [*TOKENIZERS, *EXTRA])
@settings(max_examples=150)
@given(data=st.data(), threads=st.integers(1, 4))
def test_each_row_is_what_decode_gives(label: str, data: st.DataObject, threads: int) -> None:
    tokenizer = made(label)
    few = st.integers(0, min(8, len(tokenizer.vocab) - 1))
    index = st.integers(0, len(tokenizer.vocab) - 1) | few
    rows = data.draw(st.lists(st.lists(index, max_size=8), max_size=6))
    text = data.draw(TEXT)
    rows.append(tokenizer.encode(text).ids.tolist())
    expected = [tokenizer.decode(row) for row in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "THREAD_IDS", 2)
        for backend in ("reference", "fast"):
            assert replace(tokenizer, backend=backend).decode_batch(*flat(rows), threads=threads) == expected


@pytest.mark.parametrize("label", [*TOKENIZERS, *EXTRA])
def test_many_ids_of_one_text(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = made(label)
    ids = [*range(len(tokenizer.vocab)), *tokenizer.encode(CORPUS[0]).ids.tolist()]
    expected = tokenizer.decode(ids)
    wrong = [*ids, len(tokenizer.vocab), -1, 1 << 70]
    with pytest.raises(UsageError) as few:
        tokenizer.decode(wrong)
    batches = mock.Mock(wraps=decoding.decode_rows)
    monkeypatch.setattr(decoding, "decode_rows", batches)
    monkeypatch.setattr(decoding, "DECODE_LIMIT", len(ids))
    for backend in ("reference", "fast"):
        assert replace(tokenizer, backend=backend).decode(ids) == expected
    assert batches.call_count == 2
    with pytest.raises(UsageError) as many:
        tokenizer.decode(wrong)
    assert str(many.value) == str(few.value)


@pytest.mark.parametrize("keeps_gaps", [False, True])
def test_odd_pieces_of_word_models(keeps_gaps: bool) -> None:
    pieces = [Piece(b"[UNK]", special=True), Piece(b"##"), Piece(b"a"), Piece(b"b", continuation=True), Piece(b"##c")]
    pattern = get_pretokenizer("gpt2" if keeps_gaps else "bert")
    rows = [list(row) for size in range(4) for row in itertools.product(range(5), repeat=size)]
    for model in (WordPieceModel(Vocab(tuple(pieces), 0)), WordModel(Vocab(tuple(pieces), 0))):
        tokenizer = TrainedTokenizer("x", model, pattern)
        expected = [tokenizer.decode(row) for row in rows]
        assert len(set(expected)) > 20
        assert replace(tokenizer, backend="fast").decode_batch(*flat(rows)) == expected


@pytest.mark.parametrize("backend", ["auto", "fast"])
def test_a_batch_decodes_to_its_texts(backend: str) -> None:
    tokenizer = replace(made("byte-level"), backend=backend)
    texts = ["the cat", "", "naïve 漢字 \U0001f600", "a" * 1000, ""] * 50
    batch = tokenizer.encode_batch(texts)
    assert tokenizer.decode_batch(batch.ids, batch.rows) == texts
    assert tokenizer.decode_batch(batch.ids, batch.rows[1:3]) == texts[1:2]
    assert tokenizer.decode_batch(batch.ids, batch.rows[:1]) == []


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_broken_characters_are_replaced_within_their_row(backend: str) -> None:
    tokenizer = replace(made("byte units"), backend=backend)
    ids, rows = tokenizer.encode("漢").ids, np.array([0, 1, 3, 3])
    assert tokenizer.decode_batch(ids, rows) == ["\ufffd", "\ufffd\ufffd", ""]


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize(
    ("ids", "rows", "told"),
    [
        ([0, -1], [0, 2], "id -1 is not in the vocabulary"),
        ([0, 2**40], [0, 2], f"id {2**40} is not in the vocabulary"),
        ([1, 256], [0, 1], r"id 256 is not in the vocabulary \(0 to 255\)"),
        ([0, 1], [0, 3], "to 2, the number of ids"),
        ([0, 1], [-1, 2], "rows must rise"),
        ([0, 1], [0, 2, 1, 2], "rows must rise"),
        ([0, 1], [], "rows must rise"),
    ],
)
def test_ids_and_rows_that_cannot_be_are_refused(backend: str, ids: list[int], rows: list[int], told: str) -> None:
    tokenizer = replace(made("byte units"), backend=backend)
    with pytest.raises(UsageError, match=told):
        tokenizer.decode_batch(np.array(ids), np.array(rows, np.int64))
