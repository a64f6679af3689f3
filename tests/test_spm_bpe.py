"""``bpe`` with the variant ``spm`` against SentencePiece itself: pieces, order, scores, ids."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import NASTY

from toklab import load, train
from toklab.algorithms.spm_bpe import learn, learn_vocab, merge_word, model_of, reserved_symbols
from toklab.algorithms.spm_rules import COMMON, INHERITED, is_piece, required_characters, script_of, words_of
from toklab.errors import InputError, UnknownNameError, UsageError, VocabSizeError
from toklab.types import WordCounts

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
LANGUAGES = ("ar", "el", "en", "he", "hi", "ja", "ko", "ru", "th", "zh")
ADVERSARIAL = (
    "aaaa aaaaa aa aaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "abab ababab babab abaabaab  bab   a",
    "x1 x1 1x 12x .x. x.y e\u0301e\u0301 \u0301a \u0301я カタかな漢字ー ｶﾞ",
    "<unk> <s> <0x41>b <0x4 the<s>the the",
    "\u2581\u2581a b\u2581c a\0b a\x1fb",
    "skipped \u2585 as a whole",
    "ends with a line end\n",
    "\u0953\u0954क \u1c90ა Ა",
)
# Characters that share scripts, and those that none of them may touch.
LETTERS = st.text("ab b1.я\u0301 ", min_size=1, max_size=14)
TEXTS = st.lists(st.one_of(LETTERS, st.text("ab ", min_size=1, max_size=24)), min_size=1, max_size=6)


@cache
def english() -> tuple[str, ...]:
    return tuple((CORPORA / "en.txt").read_text(encoding="utf-8").split("\n\n"))


@cache
def many_scripts() -> tuple[str, ...]:
    files = [CORPORA / "parallel" / f"{language}.txt" for language in LANGUAGES]
    return tuple(line for file in files for line in file.read_text(encoding="utf-8").splitlines()[:40] if line)


def library(documents: Any, size: int, specials: tuple[str, ...] = ()) -> tuple[Any, list[float]]:
    """The library's tokenizer and the score of each of its pieces."""
    tokenizer: Any = train("spm-bpe", list(documents), vocab_size=size, special_tokens=specials)
    engine = tokenizer._engine
    return tokenizer, [engine.get_score(index) for index in range(engine.get_piece_size())]


def ours(documents: Any, size: int, specials: tuple[str, ...] = ()) -> Any:
    reserved = [symbol.key.decode() for symbol in reserved_symbols(specials)]
    return learn_vocab(words_of(documents, reserved), size, specials)


def assert_equal(documents: Any, size: int, specials: tuple[str, ...] = ()) -> Any:
    """Pieces, their order and their scores are equal; gives the library's tokenizer."""
    expected, scores = library(documents, size, specials)
    found = ours(documents, size, specials)
    assert found.pieces == expected.vocab.pieces
    assert list(found.scores) == scores
    return expected


@pytest.mark.parametrize("size", [400, 3000, 50_000])
def test_english(size: int) -> None:
    assert_equal(english(), size)


@pytest.mark.parametrize("size", [2600, 5000, 100_000])
def test_many_scripts(size: int) -> None:
    assert_equal(many_scripts(), size)


@pytest.mark.parametrize("specials", [(), ("<s>", "the"), ("<unk>", "b a", "\u2581a")])
@pytest.mark.parametrize("size", [330, 350, 2000])
def test_what_trips_trainers(size: int, specials: tuple[str, ...]) -> None:
    assert_equal(ADVERSARIAL, size, specials)


@settings(max_examples=150, deadline=None)
@given(documents=TEXTS)
def test_any_text(documents: list[str]) -> None:
    smallest = len(ours(documents, 10_000).pieces) - len(learn(words_of(documents, ["<unk>"]), 10_000))
    for size in (smallest, smallest + 5, smallest + 1000):
        assert_equal(documents, size)


def test_the_worked_example() -> None:
    merges = ["".join(pair) for pair in learn([("▁abcd", 1), ("abcd", 1), ("▁bcx", 1)], 100)]
    assert merges[:5] == ["bc", "abc", "abcd", "bcx", "▁bc"]
    vocab = ours(["abcd abcd bcx"], 1000)
    assert [str(piece) for piece in vocab.pieces[257:261]] == ["bc", "abc", "abcd", "bcx"]


def test_pairs_that_come_up_for_a_moment_are_seen() -> None:
    merged, passed = merge_word(list("aaaab"), ("a", "a"))
    assert merged == ["aa", "aa", "b"]
    assert passed == [("aa", "a"), ("aa", "aa"), ("aa", "b")]


def test_a_second_way_to_a_piece_stays_unmerged() -> None:
    # "aba" is (ab, a) in most words; after c, whose "ca" comes first, only (b, a) is left.
    merges = learn([("aba", 9), ("ba", 20), ("caba", 1)], 50)
    texts = ["".join(pair) for pair in merges]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("partner", ["a", ".", "漢", "क", "\u0301"])
def test_scripts_are_the_librarys(partner: str) -> None:
    odd = set(" \0\x1f\u2581\u2585" + partner)
    codes = [*range(1, 0x3400), *range(0x3400, 0xD800, 5), *range(0xE000, 0x32000, 5), *range(0xE0000, 0xE0200)]
    pairs = [char + partner for char in map(chr, codes) if char not in odd]
    vocab, _ = library(pairs, 4 * len(pairs))
    learned = {piece.surface.decode() for piece in vocab.vocab if not piece.byte}
    assert [pair for pair in pairs if (pair in learned) != is_piece(pair)] == []


def test_characters_of_one_script_are_the_librarys() -> None:
    codes = [*range(1, 0x3400), *range(0x3400, 0xD800, 5), *range(0xE000, 0x32000, 5)]
    chars = [char for char in map(chr, codes) if script_of(char) not in (COMMON, INHERITED)]
    first: dict[str, str] = {}
    for char in chars:
        first.setdefault(script_of(char), char)
    pairs = [char + first[script_of(char)] for char in chars]
    vocab, _ = library(pairs, 4 * len(pairs))
    assert set(pairs) <= {piece.surface.decode() for piece in vocab.vocab if not piece.byte}
    assert len(first) == 131


def test_what_a_piece_may_be() -> None:
    assert is_piece("▁the") and is_piece("▁") and is_piece("a" * 16) and is_piece("▁" + "a" * 15)
    assert not is_piece("a" * 17) and not is_piece("a▁") and not is_piece("a1") and not is_piece("a.")
    assert is_piece("1.") and is_piece("e\u0301") and is_piece("漢ひカー") and not is_piece("ｶﾞ")
    assert not any(is_piece("a" + char) for char in "\0 \x1f\u2585")


def test_the_rarest_characters_of_a_huge_text_are_left_out() -> None:
    words = WordCounts.from_counts({"a": 2**40, "b": 2, "c": 1})
    assert required_characters(words) == ["a"]
    assert required_characters(WordCounts.from_counts({"a": 2**20, "c": 2, "b": 2})) == ["a", "b", "c"]


TOKENIZERS = {
    "english, small": lambda: (english(), 600),
    "english, large": lambda: (english(), 20_000),
    "scripts": lambda: (many_scripts(), 6000),
    "adversarial": lambda: (ADVERSARIAL, 2000),
}


@cache
def both(name: str) -> tuple[Any, Any]:
    documents, size = TOKENIZERS[name]()
    tokenizer: Any = train("bpe", list(documents), vocab_size=size, variant="spm")
    return tokenizer, library(documents, size)[0]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_ids_are_the_librarys(name: str) -> None:
    tokenizer, expected = both(name)
    texts = [text.replace("\u2581", " ") for text in (*english()[:60], *many_scripts(), *ADVERSARIAL, *NASTY)]
    assert tokenizer.vocab.pieces == expected.vocab.pieces
    for backend in ("reference", "fast"):
        found = train_backend(tokenizer, backend).encode_batch(texts, offsets=True)
        for text, one, two in zip(texts, found, expected.encode_batch(texts), strict=True):
            assert one.ids.tolist() == two.ids.tolist(), text
            assert one.offsets.tolist() == two.offsets.tolist(), text
            assert tokenizer.decode(one.ids.tolist()) == text


def train_backend(tokenizer: Any, backend: str) -> Any:
    from dataclasses import replace

    return replace(tokenizer, backend=backend)


@settings(max_examples=150, deadline=None)
@given(text=st.text("ab xtheing.1\u0301я", max_size=60), name=st.sampled_from(sorted(TOKENIZERS)))
def test_ids_of_any_text_are_the_librarys(text: str, name: str) -> None:
    tokenizer, expected = both(name)
    assert tokenizer.encode(text).ids.tolist() == expected.encode(text).ids.tolist()


@settings(max_examples=100, deadline=None)
@given(documents=TEXTS, text=st.text("ab b1.я\u0301 ", max_size=40))
def test_ids_of_tiny_vocabularies_are_the_librarys(documents: list[str], text: str) -> None:
    expected, _ = library(documents, 1000)
    tokenizer: Any = train("bpe", documents, vocab_size=1000, variant="spm")
    assert tokenizer.encode(text).ids.tolist() == expected.encode(text).ids.tolist()
