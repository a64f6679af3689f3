"""The audit of a vocabulary: every finding on vocabularies built by hand, and the command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers import english, run
from rich.cells import cell_len

import toklab
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.word_model import WordModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.inspecting import InspectReport, Status, inspect_model
from toklab.inspecting.scripts import NAMES, script_of
from toklab.pretokenize import get_pretokenizer
from toklab.report.inspection import render_inspection
from toklab.types import Piece, Vocab


def words(*texts: str, pattern: str = "whitespace") -> TrainedTokenizer:
    """A tokenizer whose pieces are these words and an unknown one."""
    pieces = (Piece(b"<unk>", special=True), *(Piece(text.encode()) for text in texts))
    return TrainedTokenizer("words", WordModel(Vocab(pieces, 0)), get_pretokenizer(pattern))


def pieces(*texts: str) -> TrainedTokenizer:
    """WordPiece with these pieces."""
    made = [Piece(t.removeprefix("##").encode(), continuation=t.startswith("##")) for t in texts]
    model = WordPieceModel(Vocab((Piece(b"[UNK]", special=True), *made), 0))
    return TrainedTokenizer("pieces", model, get_pretokenizer("bert"))


def reasons(report: InspectReport, text: str) -> Sequence[str]:
    return next((found.reasons for found in report.suspects if found.piece.surface == text.encode()), ())


# --- what the text shows -----------------------------------------------------------------------------------------


def test_use_of_each_piece() -> None:
    report = inspect_model(words("one", "two", "three"), ["one two one", "one"])
    assert [(use.tokens, use.documents) for use in report.uses] == [(0, 0), (3, 2), (1, 1), (0, 0)]
    assert [str(use.piece) for use in report.never_used] == ["three"]
    assert report.vocab_used == 2 / 4
    assert (report.pieces, report.specials, report.documents, report.tokens) == (4, 1, 2, 4)


def test_the_unknown_token_is_used_but_never_unused() -> None:
    report = inspect_model(words("one"), ["other"])
    assert report.vocab_used == 1 / 2
    assert [str(use.piece) for use in report.never_used] == ["one"]


def test_unreachable_is_a_share_of_all_ids() -> None:
    report = inspect_model(words("one", "a b", "c d"), ["one"])
    assert report.vocab_unreachable == 2 / 4
    assert [str(found.piece) for found in report.of_status(Status.UNREACHABLE)] == ["a b", "c d"]


def test_longest_first() -> None:
    report = inspect_model(words("aa", "é", "aaaa"), ["aa"])
    assert [str(use.piece) for use in report.longest] == ["aaaa", "aa", "é"]


def test_pieces_that_one_document_pays_for() -> None:
    report = inspect_model(words("a", "b", "c"), ["a a b b b c", "a"])
    assert report.single_document is not None
    assert [(str(use.piece), use.tokens) for use in report.single_document] == [("b", 3)]
    assert inspect_model(words("a"), ["a a"]).single_document is None


def test_duplicates_up_to_case_and_space() -> None:
    report = inspect_model(words("the", "The", " the", "THE", "a", "straße", "STRASSE", pattern="gpt2"), ["the the"])
    assert [(group.key, [i for i, _ in group.pieces], group.tokens) for group in report.duplicates] == [
        ("the", [1, 2, 3, 4], 2),
        ("strasse", [6, 7], 0),
    ]


def test_a_continuation_is_a_duplicate_of_what_begins_a_word() -> None:
    report = inspect_model(pieces("s", "##s", "a"), ["as"])
    assert [group.key for group in report.duplicates] == ["s"]


def test_partial_utf8() -> None:
    report = inspect_model(toklab.train("bpe", ["日日日 é"], vocab_size=260), ["日"])
    assert {report.uses[i].piece.surface for i in report.partial if i >= 256} <= {"日".encode()[:2], "日".encode()[1:]}
    assert sum(len(report.uses[i].piece.surface) == 1 for i in report.partial) == 128


def test_scripts_of_pieces_and_tokens() -> None:
    report = inspect_model(words("ab", "Жук", "12", "aЖ", "日本の"), ["ab ab 12 Жук"])
    assert {(s.script, s.pieces, s.used, s.tokens) for s in report.scripts} == {
        ("Latin", 1, 1, 2),
        ("Cyrillic", 1, 1, 1),
        ("Common", 1, 1, 1),
        ("Cyrillic+Latin", 1, 0, 0),
        ("Han+Hiragana", 1, 0, 0),
    }


def test_names_of_scripts() -> None:
    found = [script_of(char) for char in "aЖα日かカ한אعह"]
    east = ["Han", "Hiragana", "Katakana", "Hangul"]
    assert found == ["Latin", "Cyrillic", "Greek", *east, "Hebrew", "Arabic", "Devanagari"]
    newer = [script_of(char) for char in "\u0301 1\U0001e900\U00016d40"]
    assert newer == ["Common", "Common", "Common", "Adlam", "Kirat_Rai"]
    assert len(NAMES.split()) == len(set(NAMES.split()))


def test_words_that_shatter() -> None:
    report = inspect_model(pieces("u", "##n", "##u", "cat", "##s"), ["unun cat unun cats", "unun nun"])
    found = {word.word: word for word in report.shattered}
    assert list(found) == ["unun", "cats"]
    assert (found["unun"].count, found["unun"].tokens, found["unun"].saved) == (3, 12, 9)
    assert found["unun"].cut == ("u", "##n", "##u", "##n")
    assert found["cats"].saved == 1


def test_saved_tokens_are_those_of_a_piece_for_the_word() -> None:
    text = ["unun cat unun"]
    without = inspect_model(pieces("u", "##n", "##u", "cat"), text)
    with_it = inspect_model(pieces("u", "##n", "##u", "cat", "unun"), text)
    assert without.tokens - without.shattered[0].saved == with_it.tokens


# --- suspects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        ("раypal", "letters of Cyrillic and Latin"),
        ("a\ufffd", "it holds U+FFFD"),
        ("a\x01", "it holds U+0001"),
        ("========", "the same over 8 characters"),
        ("lololololo", "the same over 10 characters"),
        ("deadbeef01", "looks like hexadecimal"),
        ("aGVsbG8gd29ybGQ=", "looks like"),
        ("x a y", "no text becomes it"),
    ],
)
def test_junk(piece: str, reason: str) -> None:
    assert any(reason in each for each in reasons(inspect_model(words("one", piece), ["one"]), piece))


@pytest.mark.parametrize(
    "piece", ["unbelievable", "日本のカタカナ", "日本한국", "Straßenbahn", "12345678", "e\u0301te\u0301s", "NATO"]
)
def test_no_junk(piece: str) -> None:
    assert inspect_model(words("one", piece), [f"one {piece}", f"{piece} one"]).suspects == ()


def test_a_piece_that_one_document_uses_often() -> None:
    report = inspect_model(words("cat", "dog"), ["cat " * 5, "dog " * 4, "a"])
    assert [(str(found.piece), found.score) for found in report.suspects] == [("cat", 2)]
    assert report.suspects[0].reasons == ("all 5 uses are in one document",)


def test_a_piece_that_is_only_ever_inside_one_word() -> None:
    made = pieces("##magikarp", "solid", "##carp", "##ing", "s")
    text = ["solidmagikarp " * 3, "solidmagikarp " * 3]
    assert reasons(inspect_model(made, text), "magikarp") == ("only ever inside 'solidmagikarp'",)
    assert reasons(inspect_model(made, [*text, "smagikarp"]), "magikarp") == ()


def test_letters_and_bytes_of_an_alphabet_are_no_junk() -> None:
    report = inspect_model(toklab.train("byte", ["a"]), ["a a"])
    assert len(report.of_status(Status.UNREACHABLE)) == 13
    assert report.suspects == ()


# --- the report --------------------------------------------------------------------------------------------------


def test_the_same_by_path_and_by_object(tmp_path: Path) -> None:
    tokenizer = toklab.train("bpe", english(3_000), vocab_size=300)
    tokenizer.save(tmp_path)
    text = ["Some words, and more words."]
    assert inspect_model(tmp_path, text).to_dict() == toklab.inspect_model(tokenizer, text).to_dict()


def test_plain_values() -> None:
    report = inspect_model(pieces("un", "##un", "x y", "cat"), ["unun cat", "unun"])
    found = json.loads(json.dumps(report.to_dict()))
    assert found["schema"] == 1
    assert found["status"] == {"reachable": 3, "unreachable": 1, "not found": 0, "special": 1}
    assert found["reach"][0]["piece"] == "x y"
    assert found["shattered"]["saved"] == 2
    assert found["duplicates"]["spare_pieces"] == 1
    assert report.to_dict(top=0)["shattered"]["words"] == []


def test_text_fits_80_columns_and_is_safe() -> None:
    hostile = ["\x1b[31mred", "\u202eabc", "x" * 300, "日" * 60, "one"]
    text = render_inspection(inspect_model(words(*hostile), ["one " + "x" * 300, "\x1b[31mred"]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_lists_end_where_they_are_told_to() -> None:
    report = inspect_model(words(*(f"word{i}" for i in range(30))), ["word1"])
    assert "never used (3 of 29)" in render_inspection(report, top=3)
    assert "never used (29)" in render_inspection(report, top=40)


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    toklab.train("bpe", english(6_000), vocab_size=300).save(folder / "model")
    (folder / "text.txt").write_text("A short text.\n\nAnd another one, one, one.\n")
    return folder


def test_command(desk: Path) -> None:
    ran = run("inspect", "model", "text.txt", "--top", "3", cwd=desk)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("bpe: 300 pieces\n  text               2 documents, ")
    assert "13 (4.3%) proven; 0 more not found" in ran.out
    assert ran.out.splitlines()[-1].startswith("toklab:")
    assert max(map(len, ran.out.splitlines()[:-1])) <= 80


def test_command_as_json(desk: Path) -> None:
    ran = run("inspect", "model", "text.txt", "--json", cwd=desk)
    found = json.loads(ran.out)
    assert ran.code == 0
    assert (found["schema"], found["documents"], found["status"]["unreachable"]) == (1, 2, 13)
    assert len(found["reach"]) == 13


def test_command_without_a_model(desk: Path) -> None:
    ran = run("inspect", "nowhere", "text.txt", cwd=desk)
    assert ran.code == 2
    assert ran.err.startswith("toklab: error: nowhere holds no tokenizer")
    assert ran.err.count("\n") == 1
    missing = run("inspect", "model", "nothing.txt", cwd=desk)
    assert (missing.code, missing.err) == (2, "toklab: error: nothing.txt: no such file\n")
