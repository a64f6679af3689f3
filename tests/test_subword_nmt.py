"""Codes of subword-nmt: what the file says, ids, and the package itself where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from helpers import english, run
from hypothesis import given, settings
from hypothesis import strategies as st

import toklab
from toklab.errors import FormatError
from toklab.formats.subword_nmt import check_order, load_codes, read_codes
from toklab.loading import load
from toklab.types import Piece

needs_package = pytest.mark.skipif(importlib.util.find_spec("subword_nmt") is None, reason="subword-nmt not installed")
EXAMPLE = b"#version: 0.2\na b\nab c</w>\n"


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What toklab's own BPE learns from English words, as the package writes it."""
    trained = toklab.train(
        "bpe", english(), vocab_size=600, alphabet="character", end_of_word_suffix="</w>", pretokenizer="whitespace"
    )
    lines = "".join(f"{_spelled(left)} {_spelled(right)}\n" for left, right in trained.vocab.merges)
    path = tmp_path_factory.mktemp("codes") / "bpe.codes"
    path.write_text(f"#version: 0.2\n{lines}", encoding="utf-8")
    return path


def _spelled(piece: Piece) -> str:
    return piece.surface.decode() + ("</w>" if piece.word_final else "")


def test_the_worked_example(tmp_path: Path) -> None:
    path = tmp_path / "x.codes"
    path.write_bytes(EXAMPLE)
    tokenizer = load(path)
    spelled = ["<unk>", "a", "a</w>", "b", "b</w>", "c", "c</w>", "ab", "abc</w>"]
    assert [str(piece) for piece in tokenizer.vocab] == spelled
    assert tokenizer.vocab[8] == Piece(b"abc", word_final=True)
    encoding = tokenizer.encode("abc  abé\nc")
    assert encoding.ids.tolist() == [8, 7, 0, 6]
    assert encoding.offsets.tolist() == [[0, 3], [5, 7], [7, 9], [10, 11]]
    assert tokenizer.decode([8, 7, 6]) == "abc abc"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a b\n", "first line"),
        (b"#version: 0.1\na b\n", "first line"),
        (b"", "first line"),
        (b"#version: 0.2\na b c\n", "line 2"),
        (b"#version: 0.2\na b\n\nc d\n", "line 3"),
        (b"#version: 0.2\na </w>\n", "line 2"),
        (b"#version: 0.2\n", "no merges"),
        (b"#version: 0.2\na \xff\n", "not UTF-8: byte offset 16"),
    ],
)
def test_what_is_no_file_of_codes_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "x.codes"
    path.write_bytes(data)
    for engine in ("toklab", "library"):
        with pytest.raises(FormatError, match=rf"x\.codes.*{told}"):
            load(path, engine=engine)


def test_a_merge_that_is_given_twice_counts_once() -> None:
    assert read_codes(EXAMPLE + b"a b\n").merges == read_codes(EXAMPLE).merges


def test_merges_whose_order_in_a_word_matters_are_refused() -> None:
    check_order([("a", "bc"), ("ab", "c"), ("abc", "d")])
    with pytest.raises(FormatError, match=r"merge 3 makes 'abc', which merge 2 takes.*--engine library"):
        check_order([("a", "bc"), ("abc", "ab"), ("ab", "c")])


@needs_package
@settings(max_examples=100, deadline=None)
@given(
    text=st.one_of(st.sampled_from(english().documents), st.text(), st.text("thea \n\r\té</w>")),
)
def test_the_package_gives_the_same_ids(codes: Path, text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    ours, theirs = load(codes), load(codes, engine="library")
    assert type(ours) is not type(theirs)
    one, other = ours.encode(text), theirs.encode(text)
    assert one.ids.tolist() == other.ids.tolist()
    assert one.offsets.tolist() == other.offsets.tolist()
    assert ours.vocab == theirs.vocab


PICKS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12)


@needs_package
@settings(max_examples=150, deadline=None)
@given(picks=PICKS, words=st.text("ab ", max_size=20))
def test_any_codes_give_the_packages_ids(
    tmp_path_factory: pytest.TempPathFactory, picks: list[tuple[int, int]], words: str
) -> None:
    inner, final = ["a", "b"], ["a</w>", "b</w>"]
    merges = []
    for left, right in picks:
        either = inner + final
        pair = inner[left % len(inner)], either[right % len(either)]
        merges.append(pair)
        (final if pair[1] in final else inner).append("".join(pair))
    path = tmp_path_factory.getbasetemp() / "any.codes"
    path.write_text("#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in merges), encoding="utf-8")
    theirs = load(path, engine="library").encode(words)
    try:
        ours = load_codes(path).encode(words)
    except FormatError:
        return
    assert ours.ids.tolist() == theirs.ids.tolist()
    assert ours.offsets.tolist() == theirs.offsets.tolist()


@pytest.mark.skipif(importlib.util.find_spec("subword_nmt") is not None, reason="subword-nmt is installed")
def test_the_package_is_asked_for_where_it_is_missing(codes: Path) -> None:
    with pytest.raises(FormatError, match=r"subword-nmt is not installed: pip install 'toklab\[subword-nmt\]'"):
        load(codes, engine="library")


def test_the_command_line_encodes_with_codes(codes: Path) -> None:
    ran = run("encode", codes, "the tide", cwd=codes.parent)
    assert (ran.code, ran.out.split()) == (0, [str(index) for index in load(codes).encode("the tide").ids])
