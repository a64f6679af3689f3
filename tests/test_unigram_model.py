"""Encoding with a unigram model: the readable and the compiled search and Hugging Face give the same tokens."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT
from tokenizers import Tokenizer as Library

from toklab import load
from toklab.algorithms.lattice import score_of
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.stream import Stream
from toklab.algorithms.unigram_model import UnigramModel, hidden_score
from toklab.errors import FormatError
from toklab.formats.tokenizer_json import FILE, to_json
from toklab.pretokenize import get_pretokenizer
from toklab.types import Piece, Vocab

LETTERS = "abé漢🙂"
# Halves make equal scores common.
SCORES = st.integers(-12, -1).map(lambda half: half / 2) | st.floats(-9, -0.01).map(lambda score: round(score, 10))
WORDS = st.lists(st.text(LETTERS + "x☃", min_size=1, max_size=25), min_size=1, max_size=5)


def model_of(scored: dict[str, float], byte_fallback: bool) -> UnigramModel:
    """A model of some pieces, after ``<unk>`` and, for byte fallback, the 256 bytes."""
    hidden = [Piece(b"<unk>", special=True)]
    hidden += [Piece(bytes([byte]), byte=True) for byte in range(256)] if byte_fallback else []
    lowest = min(scored.values(), default=0.0)
    scores = [hidden_score("<0x00>", lowest)] * len(hidden)
    pieces = [Piece(text.encode()) for text in scored]
    return UnigramModel(Vocab((*hidden, *pieces), 0), (*scores, *scored.values()), byte_fallback)


MODELS = st.builds(
    model_of, st.dictionaries(st.text(LETTERS, min_size=1, max_size=4), SCORES, max_size=12), st.booleans()
)


def tokenizer_of(model: UnigramModel, pretokenizer: str = "gpt2") -> TrainedTokenizer:
    return TrainedTokenizer("unigram", model, get_pretokenizer(pretokenizer), signature={"algorithm": "unigram"})


@settings(max_examples=300)
@given(model=MODELS, words=WORDS)
def test_three_ways_to_cut_words(model: UnigramModel, words: list[str]) -> None:
    readable = model.encode_words(words, "reference")
    assert model.encode_words(words, "fast") == readable
    engine = Library.from_str(to_json(tokenizer_of(model, "none")))
    for word, (ids, widths) in zip(words, readable, strict=True):
        assert list(ids) == engine.encode(word).ids
        assert sum(widths) == len(word.encode())
        assert all(widths)


def test_cutting_by_hand() -> None:
    model = model_of({"a": -1.0, "b": -2.0, "ab": -3.0, "abb": -4.5}, False)
    # a|b and ab are equal: the longest last piece wins, so one piece.
    cases = {"ab": "ab", "abb": "abb", "a☃☃b": "a <unk> b", "☃": "<unk>", "": ""}
    for backend in ("reference", "fast"):
        for word, expected in cases.items():
            [(ids, widths)] = model.encode_words([word], backend)
            assert " ".join(model.strings[i] for i in ids) == expected
            assert sum(widths) == len(word.encode())


def test_unknown_characters_are_spelled_in_bytes() -> None:
    model = model_of({"a": -1.0}, True)
    for backend in ("reference", "fast"):
        [(ids, widths)] = model.encode_words(["a☃é"], backend)
        assert [model.strings[i] for i in ids] == ["a", "<0xE2>", "<0x98>", "<0x83>", "<0xC3>", "<0xA9>"]
        assert widths == (1,) * 6


@pytest.mark.parametrize("byte_fallback", [False, True])
@pytest.mark.parametrize("pretokenizer", ["gpt2", "whitespace", "none"])
@settings(max_examples=150)
@given(text=TEXT, data=st.data())
def test_any_text_is_encoded_and_decoded_alike(
    byte_fallback: bool, pretokenizer: str, text: str, data: st.DataObject
) -> None:
    scored = dict.fromkeys("abcdefghijklmnopqrstuvwxyz ABCDEF<>0123456789é漢", -4.0) | {" the": -3.0, "don": -5.0}
    model = model_of(scored | {"x" * 7: -4.5, "日": -6.0, "日本語": -7.0, "\n\n": -2.0, "</w>": -3.5}, byte_fallback)
    tokenizer = tokenizer_of(model, pretokenizer)
    engine = Library.from_str(to_json(tokenizer))
    engine.encode_special_tokens = True
    if "<unk>" not in text:
        ids = tokenizer.encode(text).ids.tolist()
        assert ids == engine.encode(text).ids
        assert tokenizer.decode(ids) == engine.decode(ids)
        if byte_fallback and pretokenizer != "whitespace":
            assert tokenizer.decode(ids) == text
    drawn = data.draw(st.lists(st.integers(0, len(model.vocab) - 1), max_size=15))
    assert tokenizer.decode(drawn) == engine.decode(drawn)


@pytest.mark.parametrize("byte_fallback", [False, True])
def test_what_is_loaded_is_what_was_saved(byte_fallback: bool, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(model_of({"a": -1.25, "b": -0.1234567891, "ab": -7.0}, byte_fallback))
    tokenizer.save(tmp_path)
    copy = load(tmp_path)
    assert isinstance(copy, TrainedTokenizer)
    assert copy.model == tokenizer.model
    assert to_json(copy) == to_json(tokenizer)
    texts = ["ab☃", "", "a b"]
    batch = copy.encode_batch(texts)
    assert copy.decode_batch(batch.ids, batch.rows) == [copy.decode(copy.encode(text).ids.tolist()) for text in texts]


DAMAGE: dict[str, tuple[str, Any]] = {
    "score that is no number": ("vocab", [["<unk>", -50.0], ["a", "-1"]]),
    "score that is not finite": ("vocab", [["<unk>", -50.0], ["a", float("inf")]]),
    "score whose sums are not finite": ("vocab", [["<unk>", -1e308], ["a", -1e307]]),
    "score that is a truth": ("vocab", [["<unk>", -50.0], ["a", True]]),
    "no unknown token": ("unk_id", None),
    "unknown token out of range": ("unk_id", 9),
    "byte fallback without bytes": ("byte_fallback", True),
    "vocabulary that is an object": ("vocab", {"<unk>": 0, "a": 1}),
    "vocabulary of strings": ("vocab", ["<unk>", "a"]),
}


# What toklab would not write, but Hugging Face reads: run as the library runs it.
ODD: dict[str, tuple[str, Any]] = {
    "piece given twice": ("vocab", [["<unk>", -50.0], ["a", -1.0], ["a", -1.0]]),
    "empty piece": ("vocab", [["<unk>", -50.0], ["", -1.0]]),
    "unknown token that text can become": ("vocab", [["<unk>", 0.0], ["a", -1.0]]),
    "unknown token that is no special token": ("unk_id", 1),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_is_run_as_the_library_runs_it(odd: str, tmp_path: Path) -> None:
    tokenizer_of(model_of({"a": -1.0}, False)).save(tmp_path)
    data = json.loads((tmp_path / FILE).read_bytes())
    key, value = ODD[odd]
    data["model"][key] = value
    (tmp_path / FILE).write_text(json.dumps(data))
    ours, engine = load(tmp_path, engine="toklab"), Library.from_file(str(tmp_path / FILE))
    engine.encode_special_tokens = True
    for text in ("a", "aa", "ab", "<unk>", ""):
        assert ours.encode(text).ids.tolist() == engine.encode(text).ids


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    tokenizer_of(model_of({"a": -1.0}, False)).save(tmp_path)
    data = json.loads((tmp_path / FILE).read_bytes())
    key, value = DAMAGE[damage]
    data["model"][key] = value
    (tmp_path / FILE).write_text(json.dumps(data))
    with pytest.raises(FormatError) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("byte_fallback", [True, False])
def test_samples_follow_the_tempered_probabilities(alpha: float, byte_fallback: bool) -> None:
    model = model_of({"a": -1.0, "b": -1.5, "ab": -1.2, "ba": -2.0, "aba": -3.0}, byte_fallback)
    word = "abax"
    ways = model.lattice(word).n_best(100)
    weights = [math.exp(alpha * score_of(way)) for way in ways]
    law = {model._tokens(word, way): w / sum(weights) for way, w in zip(ways, weights, strict=True)}
    assert len(law) == 4
    drawn: Counter[object] = Counter()
    for number in range(2000):
        [found], logarithm = model.sample_words([word], alpha, Stream(3, number))
        assert math.isclose(logarithm, math.log(law[found]), rel_tol=1e-9)
        drawn[found] += 1
    distance = sum((drawn[way] - 2000 * share) ** 2 / (2000 * share) for way, share in law.items())
    assert distance < 30.7  # chi-square, three degrees of freedom: one in a million


def test_a_sample_of_a_text_is_the_text() -> None:
    tokenizer = tokenizer_of(model_of({"a": -1.0, " a": -2.0, "ab": -3.0, "b": -4.0}, byte_fallback=True))
    samples = tokenizer.sample("ab abé", 20, alpha=0.3, seed=2)
    drawn = [sample.encoding.ids.tolist() for sample in samples]
    assert drawn[:3] == [sample.encoding.ids.tolist() for sample in tokenizer.sample("ab abé", 3, alpha=0.3, seed=2)]
    assert len(set(map(tuple, drawn))) > 1
    for sample in samples:
        assert tokenizer.decode(sample.encoding.ids.tolist()) == "ab abé"
        assert sample.log_probability is not None
