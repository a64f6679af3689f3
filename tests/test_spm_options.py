"""The options of SentencePiece's trainer and its normalisers: ``bpe`` with the variant ``spm`` against the library."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from helpers import run
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceNormalizer
from strategies import NASTY, TEXT

from toklab import load, train
from toklab.algorithms.bpe import BpeSpec
from toklab.algorithms.spm_bpe import learn_vocab, reserved_symbols
from toklab.algorithms.spm_rules import DIGITS, is_piece, required_characters, words_of
from toklab.errors import FormatError, UsageError
from toklab.pretokenize import Normalized, get_normalizer, normalize_all, precompiled
from toklab.types import Piece, WordCounts

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
LANGUAGES = ("ar", "el", "en", "he", "hi", "ja", "ko", "ru", "th", "zh")
ADVERSARIAL = (
    "aaaa aaaaa aa aaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 1 12 12 123",
    "x1 x1 1x 12x .x. x.y e\u0301e\u0301 \u0301a \u0301я カタかな漢字ー ｶﾞ ｶﾞ １２ ①② Ⅷ ½ ² ٣٣",
    "ﬁ ﬁx ﬃ ﬃ ㍿ ㌀ ＡＢ ＡＢ ａｂ ß ẞ İ ſ \u212a \u1112\u1161\u11ab \u1112\u1161\u11ab",
    "<unk> <S> <s> ＜s＞ <0x41>b <0x4 the<s>the the The ＴＨＥ",
    "\u2581\u2581a b\u2581c a\0b a\x1fb a\x07b a\u200bb\u00adc a\u3000b\ta\xa0b\n\nc\r\n",
    "skipped \u2585 as a whole",
    "ends with a line end\n",
    "",
)
TEXTS = {
    "english": tuple((CORPORA / "en.txt").read_text(encoding="utf-8").split("\n\n")[:120]),
    "scripts": tuple(
        line
        for language in LANGUAGES
        for line in (CORPORA / "parallel" / f"{language}.txt").read_text(encoding="utf-8").splitlines()[:30]
    ),
    "adversarial": ADVERSARIAL,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "coverage 0.9995": {"character_coverage": 0.9995},
    "coverage 0.98": {"character_coverage": 0.98},
    "digits": {"split_digits": True},
    **{rule: {"normalizer": rule} for rule in precompiled.RULES},
    "all": {"normalizer": "nmt_nfkc_cf", "split_digits": True, "character_coverage": 0.9995},
}
SPECIALS = ("<s>", "The", "ＴＨＥ", "b a", "\u2581a")


@cache
def both(text: str, option: str, size: int, specials: tuple[str, ...] = ()) -> tuple[Any, Any]:
    shared: Any = {"vocab_size": size, "special_tokens": specials, **OPTIONS[option]}
    return train("bpe", TEXTS[text], variant="spm", **shared), train("spm-bpe", TEXTS[text], **shared)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("text", "size", "specials"),
    [("english", 2000, ()), ("scripts", 5000, ()), ("adversarial", 450, ()), ("adversarial", 5000, SPECIALS)],
)
def test_pieces_scores_and_ids_are_the_librarys(text: str, size: int, specials: tuple[str, ...], option: str) -> None:
    ours, theirs = both(text, option, size, specials)
    assert ours.vocab.pieces == theirs.vocab.pieces
    spec = BpeSpec(vocab_size=size, special_tokens=specials, **OPTIONS[option])
    reserved = [symbol.key.decode() for symbol in reserved_symbols(specials)]
    vocab = learn_vocab(words_of(normalize_all(spec.normalizer, TEXTS[text]), reserved), spec)
    engine = theirs._engine
    assert vocab.scores == [engine.get_score(index) for index in range(engine.get_piece_size())]
    for raw in (*TEXTS["adversarial"], *TEXTS["english"][:20], *TEXTS["scripts"][::5], *NASTY):
        raw = raw.replace("\u2581", " ")  # which the library always makes a space
        one, two = ours.encode(raw), theirs.encode(raw)
        assert one.ids.tolist() == two.ids.tolist(), raw
        assert one.offsets.tolist() == two.offsets.tolist(), raw


@settings(max_examples=200, deadline=None)
@given(text=TEXT, option=st.sampled_from(sorted(OPTIONS)))
def test_ids_and_offsets_of_any_text_are_the_librarys(text: str, option: str) -> None:
    text = text.replace("\u2581", " ")
    ours, theirs = both("scripts", option, 5000)
    one, two = ours.encode(text), theirs.encode(text)
    assert one.ids.tolist() == two.ids.tolist()
    assert one.offsets.tolist() == two.offsets.tolist()


@pytest.mark.parametrize("rule", precompiled.RULES)
@given(text=TEXT)
def test_edges_join_what_became_of_what(rule: str, text: str) -> None:
    normalized = get_normalizer(rule)(text)
    edges = normalized.edges
    assert edges is not None
    assert len(edges) == len(normalized.text) + 1
    assert list(edges) == sorted(edges)
    assert edges[-1] == len(text)
    assert precompiled.normalize_all(rule, [text]) == [normalized.text]
    # A stretch of the raw text between two edges becomes the characters that begin there.
    bounds = sorted(set(edges))
    for first, last in itertools.pairwise(bounds):
        begun = "".join(char for char, edge in zip(normalized.text, edges, strict=False) if edge == first)
        assert get_normalizer(rule)(text[first:last]).text == begun


def test_edges_of_what_grows_shrinks_and_goes() -> None:
    normalize = get_normalizer("nmt_nfkc")
    assert normalize("ﬁx e\u0301") == Normalized("fix é", edges=(0, 0, 1, 2, 3, 5))
    assert normalize("\x07a\x07\x07b").edges == (1, 4, 5)
    assert normalize("").edges == (0,)


def test_offsets_of_tokens_are_of_the_raw_text() -> None:
    ours, _ = both("english", "nmt_nfkc", 2000)
    raw = "ﬁx\u3000it"
    encoding = ours.encode(raw)
    assert encoding.offsets[0, 0] == 0
    assert encoding.offsets[-1, 1] == len(raw.encode())
    assert (encoding.offsets[1:, 0] == encoding.offsets[:-1, 1]).all()
    assert ours.decode(encoding.ids.tolist()) == "fix it"


@pytest.mark.parametrize("rule", precompiled.RULES)
def test_the_rules_that_are_saved_are_the_librarys(rule: str) -> None:
    model: Any = train("spm-bpe", ["ab ab"], vocab_size=300, normalizer=rule).model  # type: ignore[attr-defined]
    spec: bytes = SentencePieceNormalizer(model_proto=model).serialized_normalizer_spec()
    assert precompiled.charsmap(rule) in spec
    assert len(precompiled.charsmap(rule)) > 200_000


@pytest.mark.parametrize("rule", precompiled.RULES)
def test_a_saved_tokenizer_is_the_same_here_and_in_hugging_face(rule: str, tmp_path: Path) -> None:
    tokenizer: Any = both("scripts", rule, 5000)[0]
    path = tokenizer.save(tmp_path)
    back: Any = load(tmp_path)
    assert (back.normalizer, back.vocab, back.signature) == (rule, tokenizer.vocab, dict(tokenizer.signature))
    elsewhere = tokenizers.Tokenizer.from_file(str(path))
    for text in (*TEXTS["english"], *TEXTS["scripts"]):
        ids = tokenizer.encode(text).ids.tolist()
        assert back.encode(text).ids.tolist() == ids
        assert elsewhere.encode(text).ids == ids, text


def test_hugging_face_replaces_graphemes_of_which_a_rule_fits_the_beginning() -> None:
    elsewhere = tokenizers.normalizers.Precompiled(precompiled.charsmap("nfkc"))
    for text, ours, theirs in (("ﬁ", "fi", "fi"), ("ﬁ\u0301", "fi\u0301", "fi")):
        assert precompiled.normalize("nfkc", text)[0] == ours
        assert elsewhere.normalize_str(text) == theirs


def test_rules_that_the_library_does_not_have_are_not_read(tmp_path: Path) -> None:
    path = both("english", "nfkc", 2000)[0].save(tmp_path)
    saved = path.read_text(encoding="utf-8")
    path.write_text(saved.replace('"precompiled_charsmap": "', '"precompiled_charsmap": "AAAA'), encoding="utf-8")
    with pytest.raises(FormatError, match="precompiled_charsmap"):
        load(tmp_path)


def test_digits_are_the_librarys() -> None:
    codes = [*range(1, 0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x12000), *range(0x1D7C0, 0x1D800)]
    odd = set(" \0\x1f\u2581\u2585")
    pairs = [2 * char for char in map(chr, codes) if char not in odd]
    vocab = train("spm-bpe", pairs, vocab_size=4 * len(pairs), split_digits=True).vocab
    learned = {piece.surface.decode() for piece in vocab if not piece.byte}
    assert [pair for pair in pairs if (pair in learned) != is_piece(pair, split_digits=True)] == []
    assert [pair[0] for pair in pairs if is_piece(pair) and not is_piece(pair, split_digits=True)] == sorted(DIGITS)


def test_a_digit_is_always_alone() -> None:
    assert is_piece("▁", split_digits=True)
    assert is_piece("1", split_digits=True)
    for text in ("▁1", "12", "１２"):
        assert is_piece(text)
        assert not is_piece(text, split_digits=True)


def test_coverage_is_compared_in_32_bits() -> None:
    # 0.9995 as a 32-bit number is 0.99949997663...; 9995 of 10,000 rounds to the same and reaches it.
    words = WordCounts.from_counts({"a": 9_995, "b": 4, "c": 1})
    assert float(np.float32(0.9995)) < 0.9995
    assert required_characters(words, 0.9995) == ["a"]
    assert required_characters(words, 0.99951) == ["a", "b"]
    assert required_characters(words) == ["a", "b", "c"]


def test_what_coverage_leaves_out_is_spelled_in_bytes() -> None:
    tokenizer: Any = train("bpe", ["ab " * 500 + "é"], vocab_size=300, variant="spm", character_coverage=0.999)
    pieces = [tokenizer.vocab[index] for index in tokenizer.encode("é").ids]
    assert pieces == [Piece(b"\xc3", byte=True), Piece(b"\xa9", byte=True)]
    assert tokenizer.signature["character_coverage"] == "0.999"


def test_a_signature_names_the_library_whose_rules_are_run() -> None:
    assert both("english", "nfkc", 2000)[0].signature["rules"] == "sentencepiece-0.2.3"
    assert both("english", "nfkc", 2000)[0].signature["norm"] == "nfkc"
    assert "rules" not in both("english", "digits", 2000)[0].signature


@pytest.mark.parametrize(
    ("algorithm", "options", "named"),
    [
        ("bpe", {"character_coverage": 0.999}, "variant 'spm'"),
        ("bpe", {"split_digits": True}, "variant 'spm'"),
        ("bpe", {"variant": "spm", "character_coverage": 0.5}, "0.98"),
        ("bpe", {"variant": "spm", "character_coverage": 1.01}, "0.98"),
        ("bpe", {"variant": "spm", "normalizer": "bert"}, "nmt_nfkc"),
        ("bpe", {"variant": "spm", "normalizer": "nfd"}, "nmt_nfkc"),
        ("spm-bpe", {"normalizer": "nfd"}, "nmt_nfkc"),
        ("hf-bpe", {"normalizer": "nmt_nfkc"}, "none and bert"),
    ],
)
def test_what_there_is_not_is_refused(algorithm: str, options: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        train(algorithm, ["ab ab"], vocab_size=300, **options)


@pytest.mark.parametrize("algorithm", ["bpe", "spm-bpe"])
def test_a_lone_surrogate_is_an_error(algorithm: str) -> None:
    options: dict[str, Any] = {"variant": "spm"} if algorithm == "bpe" else {}
    tokenizer: Any = train(algorithm, ["ab ab"], vocab_size=300, normalizer="nfkc", **options)
    with pytest.raises(UsageError, match="surrogate"):
        tokenizer.encode("a\ud800")


def test_any_algorithm_takes_the_normalisers() -> None:
    tokenizer: Any = train("bpe", ["ﬁx ﬁx"], vocab_size=260, normalizer="nmt_nfkc")
    assert tokenizer.decode(tokenizer.encode("ﬁx").ids.tolist()) == "fix"


def test_the_command_line_has_the_options(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("ﬁx 12 12 ab\n\n" * 40, encoding="utf-8")
    options = "--algo bpe-spm --vocab-size 280 --split-digits --character-coverage 0.999 --normalizer nmt_nfkc"
    done = run("train", "text.txt", *options.split(), "--output", "saved", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    tokenizer: Any = load(tmp_path / "saved")
    assert tokenizer.normalizer == "nmt_nfkc"
    assert [str(tokenizer.vocab[index]) for index in tokenizer.encode("ﬁx 12").ids] == ["fix", " ", "1", "2"]
