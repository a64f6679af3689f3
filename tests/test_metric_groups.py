"""Characters, numbers, morphology, code and the windows and bounds of distribution, by hand and against loops."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest
from encoded_texts import UNK, Document, arbitrary, chain, encoded, value
from hypothesis import given
from hypothesis import strategies as st

from toklab.metrics import METRICS, Encoded, words
from toklab.metrics.code import OPERATORS
from toklab.metrics.lexicon import bundled_lexicon
from toklab.types import Piece

BYTE = [Piece(bytes([byte]), byte=True) for byte in range(256)]


def share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def tokens_of(data: Encoded) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    """Each document with (id, start, end) of its tokens, special ones but the unknown token left out."""
    for i, text in enumerate(data.texts):
        rows = zip(data.batch[i].ids.tolist(), *data.batch[i].offsets.T.tolist(), strict=True)
        special = [j for j, piece in enumerate(data.vocab) if piece.special and j != data.vocab.unk_id]
        yield text, [row for row in rows if row[0] not in special]


def cuts_of(rows: list[tuple[int, int, int]]) -> set[int]:
    return {place for _, start, end in rows for place in (start, end)}


def at(text: str, place: int) -> int:
    """The byte of a character."""
    return len(text[:place].encode())


class TestCharacters:
    def test_by_hand(self) -> None:
        # é in two bytes, "a" with half of é, the rest of it, and a whole word
        first: Document = ("é aé", [(BYTE[0xC3], 0, 1), (BYTE[0xA9], 1, 2), (b" a\xc3", 2, 5), (b"\xa9", 5, 6)])
        data = encoded([first, chain("語x", "語", "x"), ("é", [(UNK, 0, 2)])], unk=True)
        assert value("utf8_complete", data) == 2 / 6
        assert value("utf8_crossing", data) == 1 / 6
        # both é of the first text; 語 is whole, and so is the unknown é
        assert value("utf8_split", data) == 2 / 4

    def test_examples_of_the_docstrings(self) -> None:
        assert value("utf8_complete", encoded([("éa", [(b"\xc3", 0, 1), (b"\xa9", 1, 2), (b"a", 2, 3)])])) == 1 / 3
        assert value("utf8_crossing", encoded([("aé", [(b"a\xc3", 0, 2), (b"\xa9", 2, 3)])])) == 1 / 2
        split = encoded([("éé", [(b"\xc3", 0, 1), (b"\xa9", 1, 2), (b"\xc3\xa9", 2, 4)])])
        assert value("utf8_split", split) == 1 / 2

    def test_half_a_character_before_a_whole_one_crosses(self) -> None:
        assert value("utf8_crossing", encoded([("éa", [(b"\xc3", 0, 1), (b"\xa9a", 1, 3)])])) == 1 / 2
        assert value("utf8_crossing", encoded([("é", [(b"\xc3", 0, 1), (b"\xa9", 1, 2)])])) == 0

    def test_tokens_that_share_a_character_split_it(self) -> None:
        # some libraries give the whole character as the place of each of its bytes
        assert value("utf8_split", encoded([("語", [(b"\xe8", 0, 3), (b"\xaa", 0, 3), (b"\x9e", 0, 3)])])) == 1

    def test_undefined(self) -> None:
        assert value("utf8_split", encoded([chain("abc", "abc")])) is None
        data = encoded([("é", [(UNK, 0, 2)])], unk=True)
        assert value("utf8_complete", data) is None
        assert value("utf8_crossing", data) is None

    @given(arbitrary())
    def test_against_loops(self, data: Encoded) -> None:
        surfaces = [data.vocab[token].surface for _, rows in tokens_of(data) for token, _, _ in rows if token != 0]
        whole = [surface.decode("utf-8", "replace").encode() == surface for surface in surfaces]
        assert value("utf8_complete", data) == share(whole)
        split = []
        for text, rows in tokens_of(data):
            for place, char in enumerate(text):
                start, end = at(text, place), at(text, place + 1)
                if not char.isascii():
                    split.append(sum(first < end and last > start for _, first, last in rows) > 1)
        assert value("utf8_split", data) == share(split)


class TestNumbers:
    def test_example_of_the_docstring(self) -> None:
        assert value("digit_place_f1", encoded([chain("12345 678", "12", "345", " ", "67", "8")])) == 2 / 3

    @pytest.mark.parametrize(
        ("cut", "f1"),
        [
            (["1", "234", "567"], 1.0),
            (["123", "456", "7"], 0.0),
            (["1234567"], 0.0),
            # six cuts, two right, two wanted
            (list("1234567"), 2 * 2 / 8),
            # a letter beside the number is no cut inside it; half a cut is none
            (["x1", "234", "567y"], 1.0),
        ],
    )
    def test_of_one_number(self, cut: list[str], f1: float) -> None:
        assert value("digit_place_f1", encoded([chain("".join(cut), *cut)])) == f1

    def test_other_digits_count_by_character(self) -> None:
        # four Devanagari digits of three bytes each
        assert value("digit_place_f1", encoded([chain("१२३४", "१", "२३४")])) == 1

    @pytest.mark.parametrize("cut", [["a", "b"], ["7", " ", "8"], ["12", " ", "345"], [""]])
    def test_undefined(self, cut: list[str]) -> None:
        assert value("digit_place_f1", encoded([chain("".join(cut), *filter(None, cut))])) is None

    @given(arbitrary(st.text("123a२", max_size=14)))
    def test_against_loops(self, data: Encoded) -> None:
        right = made = wanted = 0
        for text, rows in tokens_of(data):
            for run in re.finditer(r"\d{2,}", text):
                inside = set(range(at(text, run.start()) + 1, at(text, run.end())))
                places = {at(text, place) for place in range(run.end() - 3, run.start(), -3)}
                cuts = cuts_of(rows) & inside
                right, made, wanted = right + len(cuts & places), made + len(cuts), wanted + len(places)
        expected = 2 * right / (made + wanted) if made + wanted else None
        assert value("digit_place_f1", data) == expected


WORDS = ("actors", "Activity", "asunnossa", "akıllı", "unknown", "-")
NAMES = ("boundary_precision", "boundary_recall", "boundary_f1", "morph_score")


class TestMorphology:
    def test_the_lists(self) -> None:
        known = bundled_lexicon().words
        assert known["activity"] == ("act", "iv", "ity")
        assert known["actors"] == ("act", "or", "s")
        assert known["asunnossa"] == ("asu", "nno", "ssa")
        assert len(known) > 900

    def test_by_hand(self) -> None:
        # actors: 1 of 2 cuts right, 2 places; activity: no cut, 2 places; actors again: 2 cuts, both right
        data = encoded(
            [chain("Actors activity", "Act", "o", "rs", " activity"), chain("the actors", "the", " act", "or", "s")]
        )
        assert value("boundary_precision", data) == 3 / 4
        assert value("boundary_recall", data) == 3 / 6
        assert value("boundary_f1", data) == 2 * 3 / (4 + 6)
        # activity is one token and is left out
        assert value("morph_score", data) == 2 / 2

    def test_cuts_at_the_ends_of_a_word_are_none(self) -> None:
        data = encoded([chain("(actors)", "(", "actors", ")")])
        assert value("boundary_precision", data) is None
        assert value("boundary_recall", data) == 0
        assert value("morph_score", data) is None

    def test_only_wrong_cuts(self) -> None:
        data = encoded([chain("actors", "ac", "tors")])
        assert [value(name, data) for name in NAMES] == [0, 0, 0, 0]

    def test_places_are_bytes(self) -> None:
        word = next(
            word for word, parts in bundled_lexicon().words.items() if not parts[0].isascii() and len(parts) == 2
        )
        data = encoded([chain(word, *bundled_lexicon().words[word])])
        assert [value(name, data) for name in NAMES] == [1, 1, 1, 1]

    @pytest.mark.parametrize("name", NAMES)
    def test_no_known_word_is_undefined(self, name: str) -> None:
        assert value(name, encoded([chain("qqq zzz", "q", "qq", " zzz")])) is None

    @given(arbitrary(st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)))
    def test_against_loops(self, data: Encoded) -> None:
        right = made = wanted = 0
        scores = []
        for text, rows in tokens_of(data):
            for word, start, end in words(text):
                parts = bundled_lexicon().words.get(word.lower())
                if parts is None:
                    continue
                cuts = {place for place in cuts_of(rows) if start < place < end}
                places = {start + len("".join(parts[:n]).encode()) for n in range(1, len(parts))}
                right, made, wanted = right + len(cuts & places), made + len(cuts), wanted + len(places)
                if cuts and places:
                    scores.append(bool(cuts & places))
        assert value("boundary_precision", data) == (right / made if made else None)
        assert value("boundary_recall", data) == (right / wanted if wanted else None)
        assert value("boundary_f1", data) == (2 * right / (made + wanted) if made + wanted else None)
        assert value("morph_score", data) == share(scores)


class TestCode:
    @pytest.mark.parametrize(
        ("cut", "figure"),
        [
            (["get", "HTTPN", "ame"], 1 / 2),
            (["get", "HTTP", "Name"], 1),
            (["snake", "_case"], 1),
            (["snake_", "case"], 1),
            (["snake", "_", "case"], 1),
            (["snak", "e_c", "ase"], 0),
            (["a", "__", "b"], 1),
            (["x2", "Y"], 1),
            (["naïve", "Été"], 1),
            (["_private"], None),
            (["plain", " Word", " SHOUT"], None),
        ],
    )
    def test_identifiers(self, cut: list[str], figure: float | None) -> None:
        assert value("identifier_parts", encoded([chain("".join(cut), *cut)])) == figure

    def test_indentation(self) -> None:
        # four spaces in two tokens, a tab with the line end before it; the other lines are blank or not indented
        data = encoded([chain("    x\n\ty\n  \nz", "   ", " x", "\n\t", "y", "\n  \n", "z")])
        assert value("indent_tokens", data) == 3 / 2

    def test_dropped_indentation_is_no_merit(self) -> None:
        assert value("indent_tokens", encoded([("  x", [(b"x", 2, 3)])])) is None
        assert value("indent_tokens", encoded([chain("x y", "x", " y")])) is None

    @pytest.mark.parametrize(
        ("cut", "figure"),
        [
            (["a", " !=", " b"], 1),
            (["a", " !", "=", " b"], 0),
            (["a", " !=", "b", "<<", "= c"], 1 / 2),
            (["f", "()", " ->", " x"], 1),
            (["a", "===", "b"], 1),
            (["=====", " // --", " a = b"], None),
            (["x", "=", "-1"], None),
        ],
    )
    def test_operators(self, cut: list[str], figure: float | None) -> None:
        assert value("operators_whole", encoded([chain("".join(cut), *cut)])) == figure

    def test_an_unknown_token_holds_no_operator(self) -> None:
        data = encoded([("a!=b", [(b"a", 0, 1), (UNK, 1, 3), (b"b", 3, 4)])], unk=True)
        assert value("operators_whole", data) == 0

    @pytest.mark.parametrize("operator", OPERATORS)
    def test_every_operator_is_found_whole(self, operator: str) -> None:
        assert value("operators_whole", encoded([chain(f"a{operator}b", "a", operator, "b")])) == 1

    @given(arbitrary(st.text("aB_ \n=!é", max_size=14)))
    def test_against_loops(self, data: Encoded) -> None:
        parts, lines, operators = [], [], []
        for text, rows in tokens_of(data):
            cuts = cuts_of(rows)
            for match in re.finditer(r"(?<=[aé])(?=B)|(?<=B)(?=B[aé])|(?<=[aBé])_+(?=[aBé])", text):
                wanted = range(at(text, match.start()), at(text, match.end()) + 1)
                parts.append(bool(cuts & set(wanted)))
            for match in re.finditer(r"^ +(?=[^ \n])", text, re.MULTILINE):
                start, end = at(text, match.start()), at(text, match.end())
                lines.append(sum(first < end and last > start for _, first, last in rows))
            for match in re.finditer(r"(?<![=!])(?:===?|!==?)(?![=!])", text):
                start, end = at(text, match.start()), at(text, match.end())
                touching = [row for row in rows if row[1] < end and row[2] > start]
                operators.append(
                    len(touching) == 1 and touching[0][0] != 0 and touching[0][1] <= start and touching[0][2] >= end
                )
        assert value("identifier_parts", data) == share(parts)
        held = [count for count in lines if count]
        assert value("indent_tokens", data) == (sum(held) / len(held) if held else None)
        assert value("operators_whole", data) == share(operators)


class TestDistribution:
    def test_windows(self) -> None:
        # windows at 0 and 1,000 of 3,500 tokens: two ids, then three
        text = "ab" * 1000 + "c" * 1500
        data = encoded([chain(text[:2500], *text[:2500]), chain(text[2500:], *text[2500:])])
        assert value("mattr", data) == (2 + 3) / (2 * 2000)

    @pytest.mark.parametrize(("size", "figure"), [(1999, None), (2000, 1 / 2000), (2999, 1 / 2000)])
    def test_too_short_for_a_window(self, size: int, figure: float | None) -> None:
        assert value("mattr", encoded([chain("a" * size, *"a" * size)])) == figure

    def test_bounds_of_the_efficiency(self) -> None:
        # counts 4, 2, 1, 1 of 8; a vocabulary of 6
        data = encoded([chain("aaaabbcd", *"aaaabbcd")], extra=[Piece(b"x"), Piece(b"y")])
        bits = math.log2(sum((c / 8) ** 2.5 for c in (4, 2, 1, 1))) / (1 - 2.5)
        assert 1 < bits < 2
        assert value("renyi_efficiency_low", data) == pytest.approx(bits / 3)
        assert value("renyi_efficiency", data) == pytest.approx(bits / math.log2(6))
        assert value("renyi_efficiency_high", data) == pytest.approx(2 / math.log2(6))

    def test_bounds_meet_where_all_is_even(self) -> None:
        data = encoded([chain("abcd", *"abcd")])
        for name in ("renyi_efficiency_low", "renyi_efficiency", "renyi_efficiency_high"):
            assert value(name, data) == pytest.approx(1)

    @given(arbitrary())
    def test_bounds_hold_the_efficiency(self, data: Encoded) -> None:
        low, middle, high = (value(f"renyi_efficiency{end}", data) for end in ("_low", "", "_high"))
        assert (low is None) == (middle is None) == (high is None)
        if low is not None and middle is not None and high is not None:
            assert low <= middle <= high + 1e-9


def test_every_group_has_its_metrics() -> None:
    groups = {"characters": 3, "numbers": 1, "morphology": 4, "code": 3, "cost of use": 1, "probability": 3}
    for group, count in groups.items():
        assert sum(each.group == group for each in METRICS.values()) == count
