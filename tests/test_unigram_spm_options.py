"""Options of ``unigram`` with the variant ``spm``: coverage, digits and normalisers, against the library."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from helpers import run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY, TEXT
from test_spm_options import OPTIONS, SPECIALS
from test_spm_options import TEXTS as SOME
from test_unigram_spm import DOCUMENTS, RESERVED, TEXTS, library, ours

from toklab import load, train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.spm_rules import BOUNDARY, DIGITS, LINE_ENDS
from toklab.algorithms.unigram_spm_fast import FastSpmSteps
from toklab.algorithms.unigram_spm_seeds import read, seeds
from toklab.algorithms.unigram_spm_steps import shares
from toklab.errors import FormatError, UsageError
from toklab.formats.sentencepiece_model import sentencepiece_file
from toklab.formats.sentencepiece_proto import SentencePieceFile
from toklab.pretokenize import precompiled
from toklab.pretokenize.precompiled import RULES
from toklab.types import Piece

ALL = {name: tuple(make()) for name, make in TEXTS.items()} | {"odd": SOME["adversarial"]}


@cache
def both(name: str, option: str, size: int, specials: tuple[str, ...] = ()) -> tuple[TrainedTokenizer, Any]:
    shared: Any = {**OPTIONS.get(option, {}), "special_tokens": specials}
    expected: Any = train("spm-unigram", list(ALL[name]), vocab_size=size, threads=16, **shared)
    found = train("unigram", list(ALL[name]), vocab_size=size, variant="spm", backend="fast", **shared)
    assert isinstance(found, TrainedTokenizer)
    return found, expected


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("name", "size", "specials"),
    [
        ("english", 900, ()),
        ("many scripts", 2600, ()),
        ("code", 500, ()),
        ("adversarial", 600, ("<s>", "ab")),
        ("odd", 420, SPECIALS),
    ],
)
def test_parity(name: str, size: int, specials: tuple[str, ...], option: str) -> None:
    """Pieces, their order and their scores, with the options in the file."""
    found, expected = both(name, option, size, specials)
    assert found.vocab.pieces == expected.vocab.pieces
    assert sentencepiece_file(found) == SentencePieceFile.from_bytes(expected.model)


@settings(max_examples=60, deadline=None)
@given(
    documents=DOCUMENTS, coverage=st.floats(0.98, 1), end=st.sampled_from(["", "\n"]), times=st.sampled_from([1, 40])
)
def test_coverage_of_any_text(documents: list[str], coverage: float, end: str, times: int) -> None:
    """Characters at the cut: frequent ones many times, few that are rare; U+0000, marks and line ends count or not."""
    documents = [*(text * times + end for text in documents), "z" + end, "y\0x ", "b\x1fx" + end]
    expected, scores = library(documents, 400, 2, character_coverage=coverage)
    for backend in ("fast", "reference"):
        found, found_scores = ours(documents, 400, 2, backend=backend, character_coverage=coverage)
        assert found.vocab.pieces == expected.vocab.pieces
        assert found_scores == scores


def test_coverage_leaves_out_what_is_rare() -> None:
    alphabets = [
        {piece.surface.decode() for piece in both("many scripts", option, 2600)[0].vocab if not piece.byte}
        for option in ("none", "coverage 0.9995", "coverage 0.98")
    ]
    whole, most, fewer = ({text for text in texts if len(text) == 1} for texts in alphabets)
    assert fewer < most < whole
    assert " " in fewer


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_what_ends_a_line_at_the_end_counts_twice(algorithm: str) -> None:
    """The baseline puts U+001F after it, which is part of the text that coverage is a share of."""
    documents = [*["ab"] * 100, *["a\n"] * 80, "c\n", "d\n", *["e\n"] * 3]
    for coverage in (0.98, 0.982, 0.984, 0.985, 0.9875, 0.99, 0.9925, 0.995):
        shared: Any = {"vocab_size": 270, "character_coverage": coverage}
        expected = train(f"spm-{algorithm}", documents, **shared)
        assert train(algorithm, documents, variant="spm", **shared).vocab.pieces == expected.vocab.pieces


@pytest.mark.parametrize("algorithm", ["unigram", "unigram-hf"])
def test_other_variants_do_not_have_the_options(algorithm: str) -> None:
    options: dict[str, Any]
    for options in ({"character_coverage": 0.999}, {"split_digits": True}):
        with pytest.raises(UsageError, match="variant 'spm'"):
            train("unigram", ["ab ab"], vocab_size=300, variant="hf" if "hf" in algorithm else "canonical", **options)
    with pytest.raises(UsageError, match=r"0\.98"):
        train("unigram", ["ab ab"], vocab_size=300, variant="spm", character_coverage=0.5)


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.text(st.sampled_from("a1２٣ .漢\u0301"), min_size=1, max_size=12), min_size=1, max_size=6),
    split_digits=st.booleans(),
)
def test_digits_of_any_text(documents: list[str], split_digits: bool) -> None:
    expected, scores = library(documents, 300, 2, split_digits=split_digits)
    for backend in ("fast", "reference"):
        found, found_scores = ours(documents, 300, 2, backend=backend, split_digits=split_digits)
        assert found.vocab.pieces == expected.vocab.pieces
        assert found_scores == scores


@settings(max_examples=60)
@given(
    documents=st.lists(st.text("ab1２ .", min_size=1, max_size=12), min_size=1, max_size=6),
    size=st.integers(1, 30),
    coverage=st.sampled_from([1, 0.98]),
)
def test_both_find_the_same_seeds_without_digits(documents: list[str], size: int, coverage: float) -> None:
    sentences = read([*(50 * text for text in documents), "xyz"], RESERVED, coverage)
    texts, weights = seeds(sentences.texts, size, split_digits=True)
    fast = FastSpmSteps(sentences, size, 1, split_digits=True)
    assert fast.texts == texts
    assert fast.scores == shares(weights)
    assert all(len(text) == 1 or DIGITS.isdisjoint(text) for text in texts)


def test_a_digit_is_always_a_token() -> None:
    found, _ = both("code", "digits", 500)
    assert found.signature["split_digits"] == "True"
    text = "    value[1234] = 0x98"
    tokens = [str(found.vocab[index]) for index in found.encode(text).ids]
    assert "".join(tokens) == text
    assert [token for token in tokens if not DIGITS.isdisjoint(token)] == list("1234098")


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("name", "size", "specials"), [("many scripts", 2600, ()), ("odd", 420, SPECIALS)])
def test_ids_and_offsets_are_the_librarys(name: str, size: int, specials: tuple[str, ...], option: str) -> None:
    found, expected = both(name, option, size, specials)
    texts = [text.replace("\u2581", " ") for text in (*ALL["odd"], *ALL["english"][:20], *ALL["many scripts"], *NASTY)]
    readable = replace(found, backend="reference")
    for raw, one in zip(texts, found.encode_batch(texts, offsets=True), strict=True):
        two = expected.encode(raw)
        assert one.ids.tolist() == readable.encode(raw).ids.tolist() == two.ids.tolist(), raw
        assert one.offsets.tolist() == readable.encode(raw).offsets.tolist() == two.offsets.tolist(), raw


@settings(max_examples=200, deadline=None)
@given(text=TEXT, option=st.sampled_from(sorted(OPTIONS)))
def test_ids_and_offsets_of_any_text_are_the_librarys(text: str, option: str) -> None:
    text = text.replace("\u2581", " ")
    found, expected = both("many scripts", option, 2600)
    one, two = found.encode(text), expected.encode(text)
    assert one.ids.tolist() == two.ids.tolist()
    assert one.offsets.tolist() == two.offsets.tolist()
    batch = found.encode_batch([text, "", text])
    assert [row.ids.tolist() for row in batch] == [one.ids.tolist(), [], one.ids.tolist()]


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(
        st.text(st.sampled_from("aA ﬁ①\u0301\u3000\x07\u200b\n\r\x1f１s<>"), min_size=1, max_size=12),
        min_size=1,
        max_size=6,
    ),
    rule=st.sampled_from(sorted(RULES)),
    digits=st.booleans(),
)
def test_normalised_documents_of_any_text(documents: list[str], rule: str, digits: bool) -> None:
    """Those of which nothing is left too, and line ends that become spaces."""
    documents = [*documents, "a b"]
    options: dict[str, Any] = {"normalizer": rule, "split_digits": digits, "special_tokens": ("<s>",)}
    expected: Any = train("spm-unigram", documents, vocab_size=300, threads=2, **options)
    for backend in ("fast", "reference"):
        found, _ = ours(documents, 300, 2, backend=backend, **options)
        assert sentencepiece_file(found) == SentencePieceFile.from_bytes(expected.model)


@pytest.mark.parametrize("rule", RULES)
@given(text=TEXT, end=st.sampled_from(["", "\n", "\r", "\r\n", " \n", "\n\u0301"]))
def test_a_normaliser_leaves_the_end_of_the_last_line_or_makes_it_a_space(rule: str, text: str, end: str) -> None:
    """So that U+001F may be put there after normalising, where the baseline puts it there before."""
    raw = text + end
    given_first = raw + BOUNDARY if raw.endswith(LINE_ENDS) else raw
    normalized = precompiled.normalize(rule, raw)[0]
    expected = normalized + BOUNDARY if normalized.endswith(LINE_ENDS) else normalized
    assert precompiled.normalize(rule, given_first)[0] == expected


def test_offsets_of_normalised_text_are_of_the_raw_text() -> None:
    found, _ = both("english", "nmt_nfkc", 900)
    raw = "ﬁx\u3000it\x07"
    encoding = found.encode(raw)
    assert encoding.offsets[0, 0] == 0
    assert encoding.offsets[-1, 1] == len(raw.encode())
    assert (encoding.offsets[1:, 0] == encoding.offsets[:-1, 1]).all()
    assert found.decode(encoding.ids.tolist()) == "fix it"


@pytest.mark.parametrize("rule", RULES)
def test_a_saved_tokenizer_is_the_same(rule: str, tmp_path: Path) -> None:
    found, expected = both("many scripts", rule, 2600)
    found.save(tmp_path)
    back: Any = load(tmp_path)
    assert (back.normalizer, back.vocab, back.signature) == (rule, found.vocab, dict(found.signature))
    for text in ALL["odd"]:
        assert back.encode(text).ids.tolist() == found.encode(text).ids.tolist()
    (tmp_path / "ours.model").write_bytes(sentencepiece_file(found).to_bytes())
    engine = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "ours.model"))
    for text in (*ALL["many scripts"], *NASTY):
        assert engine.encode(text) == expected._engine.encode(text)


def test_the_command_line_has_the_options(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("ﬁx 12 12 ab\n\n" * 40 + "é", encoding="utf-8")
    options = "--vocab-size 270 --split-digits --character-coverage 0.997 --normalizer nmt_nfkc"
    models = []
    for contender in ("unigram-spm", "spm-unigram"):
        arguments = [*options.split(), "--output", contender, "--format", "spm"]
        done = run("train", "text.txt", "--algo", contender, *arguments, cwd=tmp_path)
        assert done.code == 0, done.err
        (path,) = (tmp_path / contender).glob("*.model")
        models.append(SentencePieceFile.from_bytes(path.read_bytes()))
    assert models[0] == models[1]
    assert (models[0].split_digits, models[0].normalizer.name) == (True, "nmt_nfkc")
    assert "é" not in [entry.text for entry in models[0].entries]


def test_a_space_that_is_left_out_parts_no_words() -> None:
    """It is learned as the library does, but bytes spell it: here its own, there those of U+2581."""
    generator = random.Random(1)
    documents = ["".join(generator.choices("漢字学校日本のあいう", k=30)) + " ab" * (i % 40 == 0) for i in range(300)]
    expected, scores = library(documents, 400, 16, character_coverage=0.99)
    for backend in ("fast", "reference"):
        found, found_scores = ours(documents, 400, 16, backend=backend, character_coverage=0.99)
        assert found.vocab.pieces == expected.vocab.pieces
        assert found_scores == scores
    assert [found.vocab[index] for index in found.encode(" ").ids] == [Piece(b" ", byte=True)]
    with pytest.raises(FormatError, match="the space"):
        sentencepiece_file(found)
