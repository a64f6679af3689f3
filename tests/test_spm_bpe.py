"""``bpe`` with the variant ``spm`` against SentencePiece itself: pieces, order, scores, ids."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY, TINY_COUNTS

from toklab import load, train
from toklab.algorithms.bpe import BpeSpec
from toklab.algorithms.spm_bpe import Pair, learn, learn_vocab, learn_with, merge_word, reserved_symbols
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
    return learn_vocab(words_of(documents, reserved), BpeSpec(vocab_size=size, special_tokens=specials))


def assert_equal(documents: Any, size: int, specials: tuple[str, ...] = ()) -> Any:
    """Pieces, their order and their scores are equal; gives the library's tokenizer."""
    expected, scores = library(documents, size, specials)
    found = ours(documents, size, specials)
    assert found.pieces == expected.vocab.pieces
    assert found.scores == scores
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


@settings(max_examples=60, deadline=None)
@given(documents=TEXTS)
def test_any_text(documents: list[str]) -> None:
    smallest = len(ours(documents, 10_000).pieces) - len(learn(words_of(documents, ["<unk>"]), 10_000))
    for size in (smallest, smallest + 5, smallest + 1000):
        assert_equal(documents, size)


def test_the_worked_example() -> None:
    merges = ["".join(pair) for pair in learn([("▁abcd", 1), ("abcd", 1), ("▁bcx", 1)], 100)]
    assert merges[:5] == ["bc", "abc", "abcd", "bcx", "▁bcx"]
    vocab = ours(["abcd abcd bcx"], 1000)
    assert [str(piece) for piece in vocab.pieces[257:261]] == ["bc", "abc", "abcd", "bcx"]


def test_pairs_that_come_up_for_a_moment_are_seen() -> None:
    merged, passed = merge_word(list("aaaab"), ("a", "a"))
    assert merged == ["aa", "aa", "b"]
    assert passed == [("aa", "a"), ("aa", "aa"), ("aa", "b")]


def last_merge(text: str, ids: dict[str, int]) -> Pair | None:
    """The two pieces that a piece is made of when the library encodes it alone; None where it is not made."""
    symbols = list(text)
    while len(symbols) > 2:
        joined = [a + b for a, b in itertools.pairwise(symbols)]
        found = [(ids[piece], at) for at, piece in enumerate(joined) if piece in ids]
        if not found:
            return None
        at = min(found)[1]
        symbols[at : at + 2] = [joined[at]]
    return symbols[0], symbols[1]


@given(counts=TINY_COUNTS)
def test_each_piece_is_learned_once_and_by_the_pair_that_encoding_makes_it_of(counts: dict[str, int]) -> None:
    merges = learn(counts.items(), 1000)
    ids = {"".join(pair): index for index, pair in enumerate(merges)}
    assert len(ids) == len(merges)
    assert [last_merge(text, ids) for text in ids] == merges


# Characters of three scripts, of none, that only begin pieces, and in none; and words that are one run of a few.
WORDS = st.one_of(st.text("ab", min_size=1, max_size=24), st.text("▁aя1.漢カ\u0301\0", min_size=1, max_size=20))
COUNTED = st.dictionaries(WORDS, st.one_of(st.integers(1, 4), st.integers(1, 2**40)), min_size=1, max_size=9)


@settings(max_examples=300)
@given(
    counts=COUNTED,
    limit=st.one_of(st.integers(0, 40), st.just(10**9)),
    left_out=st.sets(st.sampled_from("aя\0")),
    split=st.booleans(),
)
def test_the_twins_are_equal(counts: dict[str, int], limit: int, left_out: set[str], split: bool) -> None:
    words = WordCounts.from_counts(counts)
    characters = sorted(set().union(*counts) - left_out, reverse=True)
    if characters:
        one, two = (learn_with(backend, words, characters, limit, split) for backend in ("reference", "fast"))
        assert one.tolist() == two.tolist()


@pytest.mark.parametrize("size", [3000, 50_000])
def test_the_twins_are_equal_on_text(size: int) -> None:
    for documents in (english(), many_scripts(), ADVERSARIAL):
        words = words_of(documents, ["<unk>"])
        one, two = (learn_vocab(words, BpeSpec(vocab_size=size, backend=backend)) for backend in ("reference", "fast"))
        assert one.merges.tolist() == two.merges.tolist()


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
    assert len(first) == 133


def test_what_a_piece_may_be() -> None:
    for text in ("▁the", "▁", "a" * 16, "▁" + "a" * 15, "1.", "e\u0301", "\u0301a", "漢ひカー"):
        assert is_piece(text), text
    for text in ("a" * 17, "▁" + "a" * 16, "a▁", "▁▁", "a1", "a.", "ｶﾞ", "a\u0301я", "a\0", "a ", "a\x1f", "a\u2585"):
        assert not is_piece(text), text


def test_the_rarest_characters_of_a_huge_text_are_left_out() -> None:
    words = WordCounts.from_counts({"a": 2**40, "b": 2, "c": 1})
    assert required_characters(words) == ["a"]
    assert required_characters(WordCounts.from_counts({"a": 2**20, "c": 2, "b": 2})) == ["a", "b", "c"]


TOKENIZERS: dict[str, Callable[[], tuple[Sequence[str], int]]] = {
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
        found = replace(tokenizer, backend=backend).encode_batch(texts, offsets=True)
        for text, one, two in zip(texts, found, expected.encode_batch(texts), strict=True):
            assert one.ids.tolist() == two.ids.tolist(), text
            assert one.offsets.tolist() == two.offsets.tolist(), text
            assert tokenizer.decode(one.ids.tolist()) == text


@settings(max_examples=150, deadline=None)
@given(text=st.text("ab xtheing.1\u0301я", max_size=60), name=st.sampled_from(sorted(TOKENIZERS)))
def test_ids_of_any_text_are_the_librarys(text: str, name: str) -> None:
    tokenizer, expected = both(name)
    assert tokenizer.encode(text).ids.tolist() == expected.encode(text).ids.tolist()


@settings(max_examples=60, deadline=None)
@given(documents=TEXTS, text=st.text("ab b1.я\u0301 ", max_size=40))
def test_ids_of_tiny_vocabularies_are_the_librarys(documents: list[str], text: str) -> None:
    documents = [*documents, " "]  # a space that was never seen is three bytes of U+2581 to the library
    expected, _ = library(documents, 1000)
    tokenizer: Any = train("bpe", documents, vocab_size=1000, variant="spm")
    assert tokenizer.encode(text).ids.tolist() == expected.encode(text).ids.tolist()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_saved_tokenizer_is_the_same_here_and_in_hugging_face(name: str, tmp_path: Path) -> None:
    tokenizer, _ = both(name)
    path = tokenizer.save(tmp_path)
    back: Any = load(tmp_path)
    elsewhere = tokenizers.Tokenizer.from_file(str(path))
    texts = [*english()[:20], *many_scripts()[::4], *(text for text in ADVERSARIAL if "<unk>" not in text)]
    assert (back.name, back.vocab, dict(back.signature)) == (tokenizer.name, tokenizer.vocab, dict(tokenizer.signature))
    for text in texts:
        ids = tokenizer.encode(text).ids.tolist()
        assert back.encode(text).ids.tolist() == ids
        assert elsewhere.encode(text).ids == ids, text


def test_u2581_is_kept_in_encoding_where_the_library_makes_it_a_space() -> None:
    tokenizer, expected = both("english, small")
    assert tokenizer.decode(tokenizer.encode("a\u2581b").ids.tolist()) == "a\u2581b"
    assert expected.decode(expected.encode("a\u2581b").ids.tolist()) == "a b"


def test_the_tokenizer_says_what_it_is_and_what_it_did_not_read() -> None:
    tokenizer: Any = train("bpe", list(ADVERSARIAL), vocab_size=2000, variant="spm", special_tokens=("<s>",))
    assert tokenizer.name == "bpe-spm"
    assert tokenizer.signature["follows"] == "sentencepiece-0.2.3"
    assert tokenizer.signature["pre"] == "sentencepiece"
    told = [warning for warning in tokenizer.warnings if not warning.startswith("vocabulary of")]
    assert told == [
        "1 of 8 documents are skipped, which hold U+2585",
        "3 characters U+2581 are learned as spaces",
        "2 characters U+0000 and U+001F are not learned",
        "4 texts that spell a special piece are not learned from",
    ]


def test_too_small_a_vocabulary_says_how_large_it_must_be() -> None:
    for algorithm, options in (("bpe", {"variant": "spm"}), ("spm-bpe", {})):
        with pytest.raises(VocabSizeError) as caught:
            train(algorithm, ["ab ab"], vocab_size=200, **options)
        assert caught.value.smallest == 260


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"alphabet": "character"}, "alphabet"),
        ({"byte_fallback": True}, "byte_fallback"),
        ({"tie": "first-seen"}, "tie"),
        ({"min_frequency": 2}, "min_frequency"),
        ({"max_piece_length": 3}, "max_piece_length"),
        ({"normalizer": "bert"}, "normalizer"),
        ({"pretokenizer": "gpt2"}, "gpt2"),
    ],
)
def test_options_of_the_canonical_variant_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        train("bpe", ["ab ab"], vocab_size=300, variant="spm", **options)


def test_odd_input() -> None:
    with pytest.raises(UnknownNameError, match="'spm'"):
        train("bpe", ["ab"], vocab_size=300, variant="smp")
    with pytest.raises(InputError):  # the library gives 257 pieces without a text
        train("bpe", ["<unk>"], vocab_size=300, variant="spm")
    for text in ("a\u2585", "\0"):
        for algorithm, options in (("bpe", {"variant": "spm"}), ("spm-bpe", {})):
            with pytest.raises(InputError):
                train(algorithm, [text], vocab_size=300, **options)
