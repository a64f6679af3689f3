"""Every metric against its definition, worked by hand."""

from __future__ import annotations

import math

import pytest
from encoded_texts import BOS, SMALL, UNK, Document, chain, encoded, value
from hypothesis import given
from hypothesis import strategies as st

from toklab.metrics import METRICS, seen_words, words
from toklab.metrics.distance import _by_columns, _by_diagonals, levenshtein
from toklab.types import Piece


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("I can't, won’t", ["I", "can't", "won’t"]),
            ("'quoted' e-mail foo_bar _", ["quoted", "e", "mail", "foo_bar"]),
            ("3.14 1,000.5 10% U.S.A. x2", ["3.14", "1,000.5", "10", "U.S.A", "x2"]),
            ("東京タワーに。", ["東", "京", "タワー", "に"]),
            ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
            ("हिन्दी में", ["हिन्दी", "में"]),
            ("한국어 문장", ["한국어", "문장"]),
            ("👨‍👩‍👧 hi 👍🏽 🇯🇵 ok", ["hi", "ok"]),
            ("cafe\u0301\r\nb", ["cafe\u0301", "b"]),
            ('א"ב', ['א"ב']),
            ("a.b a:b a;b", ["a.b", "a:b", "a", "b"]),
            ("", []),
            ("?! \n", []),
        ],
    )
    def test_cuts(self, text: str, expected: list[str]) -> None:
        assert [word for word, _, _ in words(text)] == expected

    def test_spans_are_bytes(self) -> None:
        # ö and é take two bytes each, the emoji four
        assert words("ö 😀é1") == [("ö", 0, 2), ("é1", 7, 10)]

    @given(st.text())
    def test_spans_cut_the_word_out_of_the_bytes(self, text: str) -> None:
        raw, end = text.encode(), 0
        for word, start, stop in words(text):
            assert end <= start < stop
            assert raw[start:stop].decode() == word
            end = stop
        assert not any(c.isascii() and c.isalnum() for c in _outside(text))

    @given(st.lists(st.text()))
    def test_seen_words_are_the_distinct_words(self, texts: list[str]) -> None:
        assert seen_words(texts) == {word for text in texts for word, _, _ in words(text)}


def _outside(text: str) -> str:
    raw, end, left = text.encode(), 0, []
    for _, start, stop in [*words(text), ("", len(raw), len(raw))]:
        left.append(raw[end:start])
        end = stop
    return b"".join(left).decode()


class TestVocabularySize:
    def test_figures(self) -> None:
        assert value("vocab_requested", SMALL) == 10
        # "the", " ca", "fé", " r", "a", "th", "e2", and the two that nothing emits
        assert value("vocab_obtained", SMALL) == 9
        assert value("vocab_used", SMALL) == 7 / 9

    def test_empty_vocabulary(self) -> None:
        assert value("vocab_used", encoded([("", [])])) is None


class TestSequenceLength:
    def test_pooled(self) -> None:
        assert value("tokens", SMALL) == 7
        # pooled: (12 + 4) / (5 + 2), not the mean of 12/5 and 4/2
        assert value("bytes_per_token", SMALL) == 16 / 7
        assert value("chars_per_token", SMALL) == 15 / 7
        # words: the, café, ra, the2
        assert value("fertility", SMALL) == 7 / 4

    def test_continued_words(self) -> None:
        # café = " ca" + "fé", ra = " r" + "a", the2 = "th" + "e2"; only "the" is whole
        assert value("continued_words", SMALL) == 3 / 4

    def test_special_tokens_do_not_count(self) -> None:
        # a special token may have any offsets, as libraries give (0, 0) at the end
        data = encoded([("ab", [(BOS, 0, 0), (b"ab", 0, 2), (BOS, 0, 0)])])
        assert value("tokens", data) == 1
        assert value("vocab_used", data) == 1 / 2
        assert value("type_token_ratio", data) == 1

    def test_single_token_words_take_the_most_common_cut(self) -> None:
        # "aa" is one token twice and two tokens once; "bb" is two tokens twice, one once; "cc" ties: one wins
        data = encoded(
            [
                chain("aa aa aa", "aa", " aa", " a", "a"),
                chain("bb bb bb", "bb", " b", "b", " b", "b"),
                chain("cc cc", "cc", " c", "c"),
            ]
        )
        assert value("single_token_words", data) == 2 / 3

    def test_single_token_words_looks_at_the_most_frequent(self) -> None:
        # one word of two tokens loses to 1,000 of one, which occur as often but are earlier by code point
        names = [f"w{i:03}" for i in range(1000)]
        data = encoded([chain("zz", "z", "z"), *(chain(name, name) for name in names)])
        assert value("single_token_words", data) == 1.0
        assert value("continued_words", data) == 1 / 1001

    def test_dropped_word_is_not_one_token(self) -> None:
        assert value("single_token_words", encoded([("ab cd", [(b"ab", 0, 2)])])) == 1 / 2

    def test_lengths(self) -> None:
        texts = [chain("a" * n, *"a" * n) for n in (3, 1, 20, 2)]
        data = encoded(texts)
        # sorted 1 2 3 20: half of four documents do not exceed 2, and 95% and more only 20
        assert [value(f"length_{q}", data) for q in ("p50", "p95", "p99", "max")] == [2, 20, 20, 20]

    def test_whole_number_of_documents_is_not_rounded_up(self) -> None:
        data = encoded([chain("a" * n, *"a" * n) for n in range(1, 101)])
        assert [value(f"length_{q}", data) for q in ("p50", "p95", "p99")] == [50, 95, 99]

    def test_token_length_is_that_of_the_pieces(self) -> None:
        # pieces of 1, 4 and 1 bytes although the first covers 2 bytes of text; the unknown token is left out
        data = encoded([("\r\nthe a", [(b"\n", 0, 2), (b"the ", 2, 6), (b"a", 6, 7), (UNK, 6, 7)])], unk=True)
        assert value("token_length_mean", data) == 6 / 3
        assert value("token_length_p95", data) == 4

    @pytest.mark.parametrize("name", ["bytes_per_token", "chars_per_token", "token_length_mean", "token_length_p95"])
    def test_no_tokens_is_undefined(self, name: str) -> None:
        assert value(name, encoded([(" ", [])])) is None

    @pytest.mark.parametrize("name", ["fertility", "continued_words", "single_token_words"])
    def test_no_words_is_undefined(self, name: str) -> None:
        assert value(name, encoded([chain("?!", "?", "!")])) is None


class TestOov:
    def test_unknown(self) -> None:
        # 4 tokens, 2 unknown, which cover 3 of 10 bytes; "ñu" and "a" hold one
        data = encoded([("the ñu a!", [(b"the", 0, 3), (UNK, 4, 6), (b"u", 6, 7), (UNK, 8, 9)])], unk=True, seen=["a"])
        assert value("unk_rate", data) == 2 / 4
        assert value("unk_bytes", data) == 3 / 10
        # OOV words: the, ñu
        assert value("oov_unk_words", data) == 1 / 2

    def test_bytes_under_several_unknown_tokens_count_once(self) -> None:
        # bytes 0 to 4 and 6 to 7 of 8
        spans = [(0, 3), (0, 3), (2, 4), (6, 7)]
        data = encoded([("abcdefgh", [(UNK, start, end) for start, end in spans])], unk=True)
        assert value("unk_bytes", data) == 5 / 8

    def test_without_unknown_token_is_undefined(self) -> None:
        for name in ("unk_rate", "unk_bytes", "oov_unk_words"):
            assert value(name, SMALL) is None

    def test_fallback(self) -> None:
        # é as two bytes, a newline by fallback; "a" is one byte but a whole character
        data = encoded([("é\na", [(b"\xc3", 0, 2), (b"\xa9", 0, 2), (Piece(b"\n", byte=True), 2, 3), (b"a", 3, 4)])])
        assert value("fallback_rate", data) == 3 / 4

    def test_oov_words(self) -> None:
        # seen: the, ra; absent: café and the2, of two tokens each; seen: 1 + 2 tokens
        assert value("oov_words", SMALL) == 2 / 4
        assert value("oov_fertility", SMALL) == 4 / 2
        assert value("seen_fertility", SMALL) == 3 / 2

    def test_no_oov_word_is_undefined(self) -> None:
        data = encoded([chain("a", "a")], unk=True, seen=["a"])
        assert value("oov_words", data) == 0
        for name in ("oov_fertility", "oov_unk_words", "oov_exploded"):
            assert value(name, data) is None

    @pytest.mark.parametrize(
        ("document", "exploded"),
        [
            (chain("abc", "a", "b", "c"), True),
            (chain("abc", "a", "bc"), False),
            # a neighbour in the token is no character of the word
            (chain("? ab?", "?", " a", "b?"), True),
            (("né", [(b"n", 0, 1), (b"\xc3", 1, 2), (b"\xa9", 2, 3)]), True),
            # three tokens for three characters, but two of them in one token
            (("abé", [(b"ab", 0, 2), (b"\xc3", 2, 3), (b"\xa9", 3, 4)]), False),
            # half of one character with half of the next
            (("éé", [(b"\xc3", 0, 1), (b"\xa9\xc3", 1, 3), (b"\xa9", 3, 4)]), False),
            (("語", [(b"\xe8", 0, 3), (b"\xaa", 0, 3), (b"\x9e", 0, 3)]), True),
            (chain("語", "語"), False),
            (("ab", []), False),
        ],
    )
    def test_exploded(self, document: Document, exploded: bool) -> None:
        assert value("oov_exploded", encoded([document])) == exploded


class TestFidelity:
    def test_round_trip(self) -> None:
        data = encoded([chain("abc", "abc"), chain("é d", "é", " d")], decoded=["abc", "e dd"])
        assert value("round_trip", data) == 1 / 2
        # é to e, and one d more: 2 edits over 3 + 3 characters
        assert value("round_trip_cer", data) == 2 / 6

    def test_long_texts_are_never_compared_character_by_character(self) -> None:
        long = "ab" * 40_000
        assert value("round_trip_cer", encoded([chain(long, long)])) == 0
        assert value("round_trip_cer", encoded([chain(long, long)], decoded=[long[::-1]])) is None
        both = encoded([chain(long, long), chain("abcd", "abcd")], decoded=[long[::-1], "abc"])
        assert value("round_trip_cer", both) == 1 / 4

    @given(st.text("ab ", max_size=40), st.text("ab ", max_size=40))
    def test_distance_is_the_textbook_one(self, first: str, second: str) -> None:
        expected = _edit_distance(first, second)
        assert levenshtein(first, second) == expected
        assert _by_columns(first, second) == expected

    @given(st.text("ab", min_size=1, max_size=25), st.text("ab", min_size=1, max_size=25))
    def test_diagonals_find_the_distance_up_to_the_limit(self, first: str, second: str) -> None:
        first, second = "x" + first, "y" + second
        expected = _edit_distance(first, second)
        assert _by_diagonals(first, second, expected) == expected
        assert _by_diagonals(first, second, expected - 1) is None

    def test_long_texts_far_apart(self) -> None:
        # every character of 10,000 replaced, and 10 inserted
        assert levenshtein("ab" * 5000, "cd" * 5005) == 10_010


def _edit_distance(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


class TestDistribution:
    # counts 4, 2, 1, 1 of 8; vocabulary of 8
    DATA = encoded([chain("aaaabbcd", *"aaaabbcd")], extra=[Piece(bytes([c])) for c in b"wxyz"])

    def test_by_hand(self) -> None:
        # 4/8 * 1 + 2/8 * 2 + 2 * 1/8 * 3 bits
        assert value("entropy", self.DATA) == 1.75
        assert value("type_token_ratio", self.DATA) == 4 / 8
        # 7.2 tokens needed: 4 + 2 + 1 = 7 are too few, so four ids of eight
        assert value("mass_coverage_90", self.DATA) == 4 / 8

    def test_renyi(self) -> None:
        total = sum((c / 8) ** 2.5 for c in (4, 2, 1, 1))
        bits = math.log2(total) / (1 - 2.5)
        assert value("renyi_efficiency", self.DATA) == pytest.approx(bits / 3)
        assert value("renyi_efficiency_observed", self.DATA) == pytest.approx(bits / 2)

    def test_what_the_authors_library_finds(self) -> None:
        """Figures of tokenization-scorer 1.1.8, the library of Zouhar et al., on the same tokens.

        Made by ``score(lines, metric=...)`` with ``"renyi"`` and ``"renyi_entropy"`` (``power=2.5``) and
        ``"shannon_entropy"``; each line is one of twenty tokens, written as often as it counts here.
        """
        text = "".join(chr(ord("a") + k) * (60 // (k + 1)) for k in range(20))
        data = encoded([chain(text, *text)])
        assert value("renyi_efficiency_observed", data) == pytest.approx(0.6362981896418476, rel=1e-12)
        assert value("renyi_efficiency", data) == pytest.approx(
            2.750035022539068 / math.log2(len(data.vocab)), rel=1e-12
        )
        assert value("entropy", data) == pytest.approx(3.6046742677739267, rel=1e-12)

    def test_even_distribution_is_fully_efficient(self) -> None:
        data = encoded([chain("abcd", *"abcd")])
        assert value("entropy", data) == 2
        assert value("renyi_efficiency", data) == pytest.approx(1)

    def test_coverage_at_exactly_90_percent(self) -> None:
        assert value("mass_coverage_90", encoded([chain("a" * 9 + "b", *("a" * 9 + "b"))])) == 1 / 2

    @pytest.mark.parametrize("name", [name for name, m in METRICS.items() if m.group == "distribution"])
    def test_no_tokens_is_undefined(self, name: str) -> None:
        assert value(name, encoded([(" ", [])], extra=[Piece(b"a"), Piece(b"b")])) is None

    def test_one_distinct_token(self) -> None:
        data = encoded([chain("aa", "a", "a")])
        assert value("entropy", data) == 0
        assert value("renyi_efficiency", data) is None
        assert value("renyi_efficiency_observed", data) is None
