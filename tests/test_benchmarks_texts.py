"""The benchmark's texts: what is read, cut and made up."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TEXT

from benchmarks.documents import read_documents, write_documents
from benchmarks.hostile import KINDS, WORDS
from benchmarks.sources import CODE, ENGLISH, MULTILINGUAL, Source, find_source, prose
from benchmarks.texts import PIECE, cut, write_generated, write_hostile, write_source
from benchmarks.wordmodel import BLOCK, WordModel, common_words, growth
from toklab.errors import InputError


def source(text: str) -> Source:
    """A source of a given text, in two blocks."""
    raw = text.encode("utf-8")
    return Source("made", "up", lambda: iter([raw[: len(text) // 2], raw[len(text) // 2 :]]))


def test_documents_survive_the_way_to_the_child(tmp_path: Path) -> None:
    documents = ["a\r\nb\0", "日本 é", "x" * 70_000]
    write_documents(tmp_path / "documents", documents)
    assert read_documents(tmp_path / "documents") == documents


@given(st.lists(TEXT.map(lambda text: (text * 300).encode("utf-8")), max_size=4))
def test_pieces_are_the_text(blocks: list[bytes]) -> None:
    pieces = list(cut(blocks))
    assert b"".join(pieces) == b"".join(blocks)
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    for piece in pieces:
        piece.decode("utf-8")


@given(TEXT.map(lambda text: (text * 300).encode("utf-8")), st.integers(0, 9000))
def test_the_first_bytes_end_at_a_character(raw: bytes, limit: int) -> None:
    got = b"".join(cut([raw[:5000], raw[5000:]], limit)) if raw[:5000].decode("utf-8", "ignore") else b""
    assert raw.startswith(got)
    assert len(got) <= limit


def test_pieces_end_after_a_line_then_a_space() -> None:
    line = "x" * 900 + " " + "y" * 700 + "\n"
    first, *_, last = cut([(line * 3).encode("utf-8")])
    assert (len(first), last[-1:]) == (len(line), b"\n")
    assert next(cut([("x" * 1500 + " " + "y" * 1500 + "\n").encode("utf-8")])).endswith(b"x ")


def test_halves_and_shapes_hold_the_same_text(tmp_path: Path) -> None:
    whole = "".join(f"line {number} of a long story\n" for number in range(1000))
    text = write_source(source(whole), None, tmp_path / "text")
    assert Path(text.whole).read_text(encoding="utf-8") == whole
    assert text.n_bytes == sum(text.halves) == len(whole)
    for number in (0, 1):
        [long] = read_documents(Path(text.documents("long")[number]))
        short = read_documents(Path(text.documents("short")[number]))
        assert long == "".join(short)
        assert len(long) == text.halves[number]
    assert set(read_documents(Path(text.sample))) >= set(short)
    with pytest.raises(InputError, match="too short"):
        write_source(source("a few words"), None, tmp_path / "short")


def test_texts_of_this_machine() -> None:
    for name in (ENGLISH, CODE, MULTILINGUAL):
        assert find_source(name, {}).size(100_000) >= 100_000
    some = b"".join(islice(find_source(MULTILINGUAL, {}).blocks(), 3)).decode("utf-8")
    assert any("а" <= letter <= "я" for letter in some)
    assert any("一" <= letter <= "龥" for letter in some)


def test_prose_of_a_module() -> None:
    module = '"""What it does."""\n# why\nx = "not this"\n\n\ndef f():\n    """How."""\n    # more\n'
    assert prose(module) == "What it does.\n\nHow.\n\nwhy\nmore\n\n"
    assert prose("print 'two'") == ""


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_bytes("zwei\n\nTöne".encode())
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "latin.txt").write_bytes("Töne".encode("latin-1"))
    assert list(find_source(ENGLISH, {ENGLISH: tmp_path}).blocks()) == [b"one", "zwei\n\nTöne".encode()]
    assert list(find_source(CODE, {CODE: tmp_path / "a.txt"}).blocks()) == [b"one"]
    with pytest.raises(InputError, match="not UTF-8"):
        list(find_source(CODE, {CODE: tmp_path / "latin.txt"}).blocks())


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts(kind: str, tmp_path: Path) -> None:
    text = write_hostile(kind, 150_000, tmp_path / "one")
    again = write_hostile(kind, 150_000, tmp_path / "two")
    assert Path(text.whole).read_bytes() == Path(again.whole).read_bytes()
    first, second = (read_documents(Path(path))[0] for path in text.documents("long"))
    assert first != second
    assert all(150_000 - 3 < len(part.encode("utf-8")) <= 150_000 for part in (first, second))
    assert "\n" not in first
    assert (" " in first) is (kind not in WORDS)


def words_of(model: WordModel, blocks: int) -> list[str]:
    text = b"".join(islice(model.blocks(), blocks)).decode("utf-8")
    return text.replace(",", "").replace(".", "").split()


def test_growth_of_the_vocabulary() -> None:
    # 4 different words in the first half, 6 in the whole.
    words = ["a", "b", "c", "d", "a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f"]
    k, beta = growth(words)
    assert beta == pytest.approx(np.log2(6 / 4))
    assert k * 16**beta == pytest.approx(6)
    assert growth(["a"] * 8)[1] == 0.3
    assert common_words(["b", "a", "c", "c", "a", "c", "d"]) == ["c", "a", "b", "d"]


def test_generated_text_follows_its_laws() -> None:
    real = " ".join(f"word{number} " * (40 // (number + 3) + 1) for number in range(400))
    words = words_of(WordModel(real, 3), 4)
    assert words == words_of(WordModel(real, 3), 4)
    assert words != words_of(WordModel(real, 4), 4)
    assert len(words) == 4 * BLOCK
    # Heaps: new words are as many as the law says, except where two ranks make the same word.
    k, beta = growth(real.split())
    assert 0.5 < len(set(words)) / (k * (4 * BLOCK) ** beta) <= 1.01
    # Zipf and Mandelbrot: among the first ranks a word of rank r is as frequent as 1 / (r + 2.7).
    counts = np.array([words.count(word) for word in common_words(real.split())[:6]])
    expected = np.log1p(1 / (np.arange(6) + 2.7))
    np.testing.assert_allclose(counts / counts[0], expected / expected[0], rtol=0.1)
    # Never a plain repeat.
    assert words[:BLOCK] != words[BLOCK : 2 * BLOCK]


def test_generated_text_on_disk(tmp_path: Path) -> None:
    text = write_generated(source("the ferry left the harbour\n" * 200), 300_000, tmp_path / "made")
    assert (text.name, text.n_bytes) == ("made-model", 300_000)
    with pytest.raises(InputError, match="no words"):
        write_generated(source("... ,,,\n" * 1000), 300_000, tmp_path / "numbers")
