"""Encoding: the readable and the compiled merge loop, offsets, batches, caches, special tokens."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SPECIAL_TEXT, SPECIAL_TEXTS, TEXT
from tokenizers import Tokenizer as Library
from tokenizers import models

from toklab import train
from toklab.algorithms import word_cache
from toklab.algorithms.bpe import TIE_RULES
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.segment_bpe import OrderlyMerges
from toklab.errors import UsageError
from toklab.types import Encoding, Piece, Vocab

LETTERS = "abcd"
WORDS = st.lists(
    st.text(LETTERS, min_size=1, max_size=25) | st.text("a", min_size=1, max_size=40), min_size=1, max_size=5
)


@st.composite
def merge_tables(draw: st.DrawFn) -> BpeModel:
    """A vocabulary of four letters and random merges of what is there, in the order of drawing or another."""
    pieces = list(LETTERS)
    merges: list[tuple[int, int, int]] = []
    for _ in range(draw(st.integers(0, 14))):
        left, right = (draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        joined = pieces[left] + pieces[right]
        if joined not in pieces:
            pieces.append(joined)
        if (left, right) not in {(a, b) for a, b, _ in merges}:
            merges.append((left, right, pieces.index(joined)))
    order = draw(st.just(merges) | st.permutations(merges))
    vocab = Vocab(tuple(Piece(piece.encode()) for piece in pieces))
    return BpeModel(vocab, tuple(order), "character")


def library_ids(model: BpeModel, word: str) -> list[int]:
    merges = [(model.strings[a], model.strings[b]) for a, b, _ in model.merges]
    engine = Library(models.BPE({text: i for i, text in enumerate(model.strings)}, merges))
    return list(engine.encode(word).ids)


@settings(max_examples=500)
@given(model=merge_tables(), words=WORDS)
def test_merging_three_ways(model: BpeModel, words: list[str]) -> None:
    readable = model.encode_words(words, "reference")
    assert model.encode_words(words, "fast") == readable
    for word, (ids, widths) in zip(words, readable, strict=True):
        assert list(ids) == library_ids(model, word)
        assert "".join(model.strings[i] for i in ids) == word
        assert widths == tuple(len(model.strings[i]) for i in ids)


def bpe_model(texts: list[str], **options: Any) -> BpeModel:
    """What BPE learns of texts that are one word each."""
    tokenizer = train("bpe", texts, pretokenizer="none", **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, BpeModel)
    return tokenizer.model


def is_orderly(model: BpeModel) -> bool:
    """Whether each token has one merge, of parts made before, and is what its own symbols merge to."""
    made = [new for _, _, new in model.merges]
    initial = set(range(len(model.vocab))) - set(made)
    there = set(initial)
    for left, right, new in model.merges:
        if not {left, right} <= there or new in there:
            return False
        there.add(new)
    symbols = {i: [i] for i in initial}
    for left, right, new in model.merges:
        symbols[new] = symbols[left] + symbols[right]
    return all(model.merge(symbols[new], [1] * len(symbols[new]))[0] == (new,) for new in made)


@settings(max_examples=500)
@given(model=merge_tables())
def test_the_linear_kernel_takes_the_lists_that_it_can_take(model: BpeModel) -> None:
    found = OrderlyMerges.of(np.array(model.merges, np.int64).reshape(-1, 3), len(model.vocab))
    assert (found is not None) == is_orderly(model)


@settings(max_examples=200)
@given(
    texts=st.lists(st.text("ab", min_size=1, max_size=30), min_size=1, max_size=6),
    words=st.lists(st.text("ab", min_size=1, max_size=60), min_size=1, max_size=5),
    tie=st.sampled_from(TIE_RULES),
    suffix=st.sampled_from([None, "</w>"]),
    longest=st.sampled_from([None, 5]),
)
def test_what_a_trainer_writes_is_cut_in_linear_time(
    texts: list[str], words: list[str], tie: str, suffix: str | None, longest: int | None
) -> None:
    options = {"alphabet": "character", "tie": tie, "end_of_word_suffix": suffix, "max_piece_length": longest}
    model = bpe_model(texts, vocab_size=40, **options)
    assert OrderlyMerges.of(np.array(model.merges, np.int64).reshape(-1, 3), len(model.vocab)) is not None
    assert model.encode_words(words, "fast") == model.encode_words(words, "reference")


def test_merging_by_hand() -> None:
    pieces = ("a", "b", "ab", "ba", "aba", "aa")
    model = BpeModel(
        Vocab(tuple(Piece(p.encode()) for p in pieces)), ((1, 0, 3), (0, 1, 2), (2, 0, 4), (0, 0, 5)), "character"
    )
    cases = {"aba": "a ba", "abab": "a ba b", "ab": "ab", "aaa": "aa a", "aaaa": "aa aa", "b": "b", "bb": "b b"}
    for backend in ("reference", "fast"):
        found = model.encode_words(list(cases), backend)
        assert [" ".join(pieces[i] for i in ids) for ids, _ in found] == list(cases.values())


@pytest.mark.parametrize("word", ["a" * 5000, "a" * 4097, "".join(random.Random(3).choices("abcd ", k=1500))])
def test_long_words(word: str) -> None:
    corpus = ["a" * 700, "".join(random.Random(4).choices("abcd ", k=4000))]
    model = bpe_model(corpus, vocab_size=420)
    readable, compiled = model.encode_words([word], "reference"), model.encode_words([word], "fast")
    assert readable == compiled
    assert len(readable[0][0]) < len(word) / 2


@pytest.mark.parametrize("letters", ["a", "ACGT", "abcdefghijklmnopqrstuvwxyz"])
@pytest.mark.parametrize("orderly", [True, False])
def test_a_word_of_a_million_characters_is_no_problem(letters: str, orderly: bool) -> None:
    text = "".join(random.Random(5).choices(letters, k=1_000_000))
    model = bpe_model([text[:3000]], vocab_size=300)
    if not orderly:  # a token that two merges make
        model = replace(model, merges=(*model.merges, model.merges[0]))
    [(ids, widths)] = model.encode_words([text])
    assert sum(widths) == 1_000_000
    assert len(ids) < 950_000


def test_byte_fallback_by_hand() -> None:
    tokenizer = train("bpe", ["hug hugs"], vocab_size=270, alphabet="character", byte_fallback=True)
    encoding = tokenizer.encode("hé")
    assert [tokenizer.vocab[i] for i in encoding.ids] == [
        *(Piece(b"h"), Piece(b"\xc3", byte=True), Piece(b"\xa9", byte=True))
    ]
    assert encoding.offsets.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert tokenizer.decode(encoding.ids.tolist()) == "hé"
    assert tokenizer.decode(encoding.ids.tolist()[:-1]) == "h\ufffd"


def test_unknown_characters_by_hand() -> None:
    tokenizer = train(
        "bpe", ["hug", "hugs"], vocab_size=8, alphabet="character", end_of_word_suffix="</w>", pretokenizer="none"
    )
    encoding = tokenizer.encode("h☃☃g")
    assert [str(tokenizer.vocab[i]) for i in encoding.ids] == ["h", "<unk>", "<unk>", "g</w>"]
    assert encoding.offsets.tolist() == [[0, 1], [1, 4], [4, 7], [7, 8]]


TOKENIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "byte-level": ("bpe", {"vocab_size": 330}),
    "byte-level, no pattern": ("bpe", {"vocab_size": 330, "pretokenizer": "none"}),
    "byte-level, words": ("bpe", {"vocab_size": 330, "pretokenizer": "whitespace"}),
    "byte-level, bert": ("bpe", {"vocab_size": 330, "pretokenizer": "bert", "normalizer": "bert"}),
    "character": ("bpe", {"vocab_size": 100, "alphabet": "character"}),
    "suffix": ("bpe", {"vocab_size": 100, "alphabet": "character", "end_of_word_suffix": "</w>"}),
    "byte fallback": ("bpe", {"vocab_size": 330, "alphabet": "character", "byte_fallback": True}),
    "byte fallback, suffix, bert": (
        "bpe",
        {
            "vocab_size": 330,
            "alphabet": "character",
            "byte_fallback": True,
            "end_of_word_suffix": "</w>",
            "pretokenizer": "bert",
            "normalizer": "bert",
        },
    ),
    "wordpiece": ("wordpiece", {"vocab_size": 100}),
    "wordpiece, bert": ("wordpiece", {"vocab_size": 100, "normalizer": "bert"}),
    "wordpiece, gpt2": ("wordpiece", {"vocab_size": 100, "pretokenizer": "gpt2"}),
    "unigram": ("unigram", {"vocab_size": 70}),
    "unigram, bytes": ("unigram", {"vocab_size": 320, "byte_fallback": True, "pretokenizer": "none"}),
    "word": ("word", {"vocab_size": 20}),
    "character units": ("character", {}),
    "byte units": ("byte", {}),
}
LOSSLESS = ("byte-level", "byte-level, no pattern", "byte fallback", "unigram, bytes", "byte units")
CORPUS = ("the cat's hat, the bat's mat; naïve café 漢字 漢字\n\n" * 2, "## the #hash ## <0xab> 12345 ÉTÉ İs")


@cache
def trained(label: str) -> TrainedTokenizer:
    name, options = TOKENIZERS[label]
    tokenizer = train(name, CORPUS, **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


def check_encoding(tokenizer: TrainedTokenizer, text: str, encoding: Encoding) -> None:
    size = len(text.encode())
    assert encoding.ids.dtype == np.int32
    assert encoding.offsets.dtype == np.int64
    assert encoding.offsets.shape == (len(encoding), 2)
    assert ((encoding.ids >= 0) & (encoding.ids < len(tokenizer.vocab))).all()
    assert (np.diff(encoding.offsets, axis=0) >= 0).all()
    assert (encoding.offsets[:, 0] <= encoding.offsets[:, 1]).all()
    assert ((encoding.offsets >= 0) & (encoding.offsets <= size)).all()


@pytest.mark.parametrize("label", TOKENIZERS)
@settings(max_examples=150)
@given(text=TEXT)
def test_offsets_are_valid(label: str, text: str) -> None:
    tokenizer = trained(label)
    encoding = tokenizer.encode(text)
    check_encoding(tokenizer, text, encoding)
    raw = text.encode()
    if tokenizer.normalizer == "none":
        for index, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            piece = tokenizer.vocab[index]
            # As in Hugging Face, a word spelled "##a" begins with the piece that continues words with "a".
            spellings = (piece.surface, b"##" + piece.surface) if piece.continuation else (piece.surface,)
            assert piece.special or start == end or raw[start:end] in spellings
        if tokenizer.pretokenizer.entry.keeps_gaps:
            ends = encoding.offsets[:, 1].tolist()
            assert encoding.offsets[:, 0].tolist() == [0, *ends][: len(encoding)]
            assert [0, *ends][-1] == len(raw)
    if label in LOSSLESS:
        assert tokenizer.decode(encoding.ids.tolist()) == text
        assert b"".join(tokenizer.vocab[i].surface for i in encoding.ids) == raw


def test_offsets_after_normalisation_by_hand() -> None:
    tokenizer = train("character", ["the cafe x"], pretokenizer="bert", normalizer="bert")
    text = "\0Thé  CAFE\u0301☃"
    encoding = tokenizer.encode(text)
    raw = text.encode()
    assert [raw[a:b].decode() for a, b in encoding.offsets] == ["T", "h", "é", "C", "A", "F", "E", "☃"]
    assert encoding.ids[-1] == tokenizer.vocab.unk_id


def test_offsets_of_marks_that_change_places() -> None:
    # Three spacing marks that canonical ordering turns around.
    text = "\U0001d16d\u302e\U0001d165"
    for size in (256, 258, 400):
        tokenizer = train("bpe", [text * 3, text], vocab_size=size, normalizer="bert", pretokenizer="none")
        assert isinstance(tokenizer, TrainedTokenizer)
        encoding = tokenizer.encode(f"a{text}b")
        check_encoding(tokenizer, f"a{text}b", encoding)
        assert encoding.offsets[0].tolist() == [0, 1]
        assert encoding.offsets[-1].tolist()[1] == 1 + len(text.encode()) + 1


@pytest.mark.parametrize("label", TOKENIZERS)
@settings(max_examples=50)
@given(texts=st.lists(TEXT, max_size=5))
def test_a_batch_is_its_texts(label: str, texts: list[str]) -> None:
    tokenizer = trained(label)
    batch = tokenizer.encode_batch(iter(texts), offsets=True)
    assert len(batch) == len(texts)
    assert batch.rows.tolist()[0] == 0
    assert batch.rows.tolist()[-1] == len(batch.ids)
    for text, row in zip(texts, (batch[i] for i in range(len(batch))), strict=True):
        alone = tokenizer.encode(text)
        assert row.ids.tolist() == alone.ids.tolist()
        assert row.offsets.tolist() == alone.offsets.tolist()


@settings(max_examples=200)
@given(text=SPECIAL_TEXT)
def test_special_texts_are_text_unless_allowed(text: str) -> None:
    tokenizer = train("bpe", ["the cat"], vocab_size=280, special_tokens=SPECIAL_TEXTS)
    assert isinstance(tokenizer, TrainedTokenizer)
    plain, allowed = tokenizer.encode(text), tokenizer.encode(text, allow_special=True)
    check_encoding(tokenizer, text, plain)
    check_encoding(tokenizer, text, allowed)
    assert tokenizer.decode(plain.ids.tolist()) == text
    assert not set(plain.ids.tolist()) & tokenizer.vocab.special_ids
    raw = text.encode()
    assert b"".join(tokenizer.vocab[i].surface for i in allowed.ids) == raw
    assert [tokenizer.vocab[i].surface for i in allowed.ids] == [raw[a:b] for a, b in allowed.offsets]
    found = sum(int(i) in tokenizer.vocab.special_ids for i in allowed.ids)
    assert found == sum(text.count(special) for special in SPECIAL_TEXTS)


def test_the_longest_special_token_wins() -> None:
    tokenizer = train("bpe", ["x"], vocab_size=259, special_tokens=("<a>", "<a><b>", "<b>"))
    assert isinstance(tokenizer, TrainedTokenizer)
    assert tokenizer.encode("<a><b><a>x", allow_special=True).ids.tolist()[:2] == [1, 0]
    batch = tokenizer.encode_batch(["<b>", "x<a>"], allow_special=True)
    assert batch[0].ids.tolist() == [2]
    assert batch[1].offsets.tolist() == [[0, 1], [1, 4]]


def test_the_cache_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = train("bpe", CORPUS, vocab_size=300)
    assert isinstance(tokenizer, TrainedTokenizer)
    texts = [" ".join(random.Random(seed).choices(CORPUS[0].split(), k=9)) for seed in range(40)]
    expected = [tokenizer.encode(text).ids.tolist() for text in texts]
    monkeypatch.setattr(word_cache, "MOST_WORDS", 4)
    small = train("bpe", CORPUS, vocab_size=300)
    assert isinstance(small, TrainedTokenizer)
    for _ in range(2):
        assert [small.encode(text).ids.tolist() for text in texts] == expected
        batch = small.encode_batch(texts)
        assert [batch[i].ids.tolist() for i in range(len(batch))] == expected
    assert len(small._cache) <= 4


@pytest.mark.parametrize("label", TOKENIZERS)
def test_bad_input_is_told(label: str) -> None:
    tokenizer = trained(label)
    with pytest.raises(UsageError, match="character 1 is a lone surrogate"):
        tokenizer.encode("a\ud800")
    for index in (-1, len(tokenizer.vocab), 2**40):
        with pytest.raises(UsageError, match="is not in the vocabulary"):
            tokenizer.decode([index])
    assert tokenizer.decode([]) == ""
    assert tokenizer.encode("").offsets.shape == (0, 2)
    assert len(tokenizer.encode_batch([])) == 0
