"""Documents joined are the file; bad input is told with file, line and offset; splits are partitions."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT

from toklab.corpus import DOCUMENT_KINDS, Corpus, Documents, Held, bundled_path, cut_documents, open_corpus
from toklab.corpus.documents import size_of
from toklab.errors import InputError, UnknownNameError, UsageError

LINES = st.lists(st.sampled_from(["a", "b c", "", " ", "\t", "\r", "\x0c", "\u2028", "\x85", "é"])).map("\n".join)
# What looks like whitespace, is whitespace, or shares bytes with whitespace, with and without a newline at the end.
BLANKS = st.text(
    "\n\n\n\n\n \t\r\x0b\x0c\x1b\x1c\x1d\x1e\x1f\0\x7f\x80\x85\x86\xa0\xadaé\u1680\u180e\u2000\u200a\u200b\u2028\u2029"
    "\u202f\u205f\u2060\u3000\u3001あ゠\ufeff\U00020000",
    max_size=40,
)
DOCUMENTS = st.lists(st.text("ab\n", min_size=1, max_size=5), min_size=2, max_size=30)


def oracle(text: str, kind: str) -> list[str]:
    """Line by line, in words that need no arrays."""
    if kind == "file":
        return [text]
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    if kind == "line":
        return lines
    documents: list[str] = []
    has_text = after_blank = False
    for line in lines:
        blank = not line.strip()
        if not documents or (has_text and after_blank and not blank):
            documents.append("")
            has_text = False
        documents[-1] += line
        has_text = has_text or not blank
        after_blank = blank
    return documents


def cut(text: str, kind: str) -> list[str]:
    return list(cut_documents(Held(text.encode()), kind))


@given(texts=st.lists(TEXT, min_size=1, max_size=5), kind=st.sampled_from(DOCUMENT_KINDS))
def test_documents_of_files_are_a_sequence_of_texts(texts: list[str], kind: str) -> None:
    files = [cut_documents(Held(text.encode()), kind) for text in texts]
    expected = [document for text in texts for document in cut(text, kind)]
    found = Documents.joined(files)
    assert list(found) == expected
    assert [found[i] for i in range(len(found))] == expected
    assert [found[-1 - i] for i in range(len(found))] == expected[::-1]
    assert found[1:3] == tuple(expected[1:3])
    assert size_of(found) == len("".join(expected).encode())
    assert size_of(expected) == len("".join(expected))
    same = Documents.joined([Documents.joined(files[:1]), *files[1:]])
    assert found == same
    assert hash(found) == hash(same)
    assert found != tuple(expected)
    with pytest.raises(IndexError):
        found[len(found)]
    corpus, plain = Corpus("c", found), Corpus("c", tuple(expected))
    assert (corpus.sizes, corpus.n_bytes, corpus.digest) == (plain.sizes, plain.n_bytes, plain.digest)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@settings(max_examples=500)
@given(text=BLANKS | TEXT | LINES)
def test_documents_are_what_lines_say(kind: str, text: str) -> None:
    assert cut(text, kind) == oracle(text, kind)


def test_every_character_is_blank_where_strip_says_so() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and chr(code) != "\n"]
    text = "".join(f"a\n{char}\n" for char in characters)
    assert len(cut(text, "paragraph")) == 1 + sum(not char.strip() for char in characters)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize("filler", ["\n", " ", " \n", "\u3000", "\u3000\n"])
def test_a_million_blanks_take_no_time(kind: str, filler: str) -> None:
    text = "a\n" + filler * 1_000_000 + "b\n\nc"
    assert "".join(cut(text, kind)) == text


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@given(text=TEXT | LINES)
def test_documents_joined_are_the_text(kind: str, text: str) -> None:
    documents = cut(text, kind)
    assert "".join(documents) == text
    assert kind == "file" or all(documents)


@given(text=LINES)
def test_paragraphs_end_with_their_blank_lines(text: str) -> None:
    documents = cut(text, "paragraph")
    if len(documents) > 1:
        assert all(document.strip() for document in documents)
    for document in documents[:-1]:
        assert document.endswith("\n")
        assert not document.split("\n")[-2].strip()
    for document in documents[1:]:
        assert document.split("\n")[0].strip()
    for document in documents:
        # Once blank lines follow text, no text follows them.
        shape = "".join("x" if line.strip() else "-" for line in document.removesuffix("\n").split("\n"))
        assert "-x" not in shape.lstrip("-")


@given(text=LINES)
def test_lines_end_at_newlines_only(text: str) -> None:
    lines = cut(text, "line")
    assert all(line.endswith("\n") for line in lines[:-1])
    assert sum(line.count("\n") for line in lines) == text.count("\n")
    assert all(line.count("\n") <= 1 for line in lines)


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n\nb", ["a\n\n", "b"]),
        ("\n\na\n \n\t\n\nb\nc\n", ["\n\na\n \n\t\n\n", "b\nc\n"]),
        ("a\r\n\r\nb", ["a\r\n\r\n", "b"]),
        ("\n \n", ["\n \n"]),
        ("a\n\n", ["a\n\n"]),
        ("a\u2028\u2028b\x0c\x0cc", ["a\u2028\u2028b\x0c\x0cc"]),
    ],
)
def test_paragraphs_by_hand(text: str, documents: list[str]) -> None:
    assert cut(text, "paragraph") == documents


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_a_file_is_read_whole(kind: str, tmp_path: Path) -> None:
    raw = "\ufeffeins\r\n\r\nzwei\x85\n\n\n日本\x00 end".encode()
    path = tmp_path / "some.text.txt"
    path.write_bytes(raw)
    for source in (path, str(path), [path]):
        corpus = open_corpus(source, documents=kind)
        assert "".join(corpus.documents).encode() == raw
        assert corpus.name == "some.text"
        assert corpus.n_bytes == len(raw) == sum(corpus.sizes)
        assert len(corpus) == {"paragraph": 3, "line": 6, "file": 1}[kind]


def test_several_files_keep_their_order(tmp_path: Path) -> None:
    for name, text in (("b", "2\n\n3"), ("a", "1")):
        (tmp_path / name).write_text(text)
    corpus = open_corpus([tmp_path / "b", tmp_path / "a"])
    assert tuple(corpus.documents) == ("2\n\n", "3", "1")
    assert corpus.name == "b+1"
    assert open_corpus([tmp_path / "a"], name="mine").name == "mine"


def test_texts_are_documents() -> None:
    assert open_corpus(["a\n\nb", "", "c"]).documents == ("a\n\nb", "c")
    assert open_corpus(iter(["a"])).documents == ("a",)
    corpus = Corpus("x", ("a",))
    assert open_corpus(corpus) is corpus


def test_the_bundled_text_is_there() -> None:
    corpus = open_corpus()
    assert corpus.name == "en"
    assert "".join(corpus.documents).encode() == bundled_path().read_bytes()


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\nb"), encoding="ascii"))
    corpus = open_corpus("-")
    assert (corpus.name, tuple(corpus.documents)) == ("stdin", ("a\n\n", "b"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="ascii"))
    with pytest.raises(InputError, match="standard input is empty"):
        open_corpus("-")


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.txt: no such file"):
        open_corpus(tmp_path / "missing.txt")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match=r"empty\.txt is empty"):
        open_corpus(tmp_path / "empty.txt")
    with pytest.raises(InputError, match="is a folder"):
        open_corpus(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be read"):
        open_corpus(tmp_path / "file" / "inside")


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize(
    ("raw", "line", "offset"),
    [(b"\xff", 1, 0), (b"ab\n\xc3\xa9c\n\xe9t\xe9", 3, 7), (b"a\n\xe6\x97", 2, 2), (b"a\n\n\n\xe3\n\nb\xff", 4, 4)],
)
def test_text_that_is_not_utf8_is_told_with_its_place(
    raw: bytes, line: int, offset: int, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=rf"latin\.txt is not UTF-8: line {line}, byte offset {offset} \(0x") as caught:
        open_corpus(path, documents=kind)
    assert "\n" not in str(caught.value)


def test_texts_that_cannot_be_used_are_told() -> None:
    with pytest.raises(InputError, match="document 1 holds a lone surrogate"):
        open_corpus(["ok", "a\udc80"])
    with pytest.raises(InputError, match="document 0 is int"):
        open_corpus([3])  # type: ignore[list-item]
    for nothing in ([], ["", ""]):
        with pytest.raises(InputError, match="empty"):
            open_corpus(nothing)


def test_an_unknown_kind_of_document_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'paragraphs'; did you mean 'paragraph'\? \(valid: paragraph, line"):
        open_corpus(["a"], documents="paragraphs")


@given(documents=DOCUMENTS, share=st.floats(0.01, 0.99), seed=st.integers(0, 9))
def test_a_split_is_a_partition(documents: list[str], share: float, seed: int) -> None:
    corpus = Corpus("x", tuple(f"{i}:{text}" for i, text in enumerate(documents)))
    kept, back = corpus.split(share, seed)
    assert (kept, back) == corpus.split(share, seed)
    assert kept.documents
    assert back.documents
    assert sorted([*kept.documents, *back.documents]) == sorted(corpus.documents)
    for part in (kept, back):
        order = [corpus.documents.index(text) for text in part.documents]
        assert order == sorted(order)
    assert abs(len(back) - share * len(corpus)) <= 1


def test_a_split_does_not_move_between_versions() -> None:
    corpus = Corpus("x", tuple(map(str, range(10))))
    assert corpus.split(0.3)[1].documents == ("4", "7", "9")
    assert corpus.split(0.3, seed=1)[1].documents != corpus.split(0.3)[1].documents


@given(documents=DOCUMENTS, limit=st.integers(1, 60), seed=st.integers(0, 9))
def test_a_choice_within_a_limit(documents: list[str], limit: int, seed: int) -> None:
    corpus = Corpus("x", tuple(documents))
    found = corpus.within(limit, seed)
    if corpus.n_bytes <= limit:
        assert found is corpus
    else:
        # no more than part of one character is missing
        assert limit - 3 <= found.n_bytes <= limit
        assert found == corpus.within(limit, seed)
        whole = [text for text in found.documents if text in corpus.documents]
        assert len(whole) >= len(found) - 1
        rest = iter(corpus.documents)
        assert all(any(text.startswith(part) for text in rest) for part in found.documents)


def test_a_choice_within_a_limit_does_not_move_between_versions() -> None:
    corpus = Corpus("x", tuple(f"{i}é" for i in range(10)))
    # the last one drawn loses its second character, which has no room as a whole
    assert corpus.within(8).documents == ("2é", "4é", "5")
    assert corpus.within(8, seed=1) != corpus.within(8)


@given(documents=DOCUMENTS, seed=st.integers(0, 9))
def test_shuffling_keeps_the_documents(documents: list[str], seed: int) -> None:
    corpus = Corpus("x", tuple(documents))
    assert sorted(corpus.shuffled(seed).documents) == sorted(documents)
    assert corpus.shuffled(seed) == corpus.shuffled(seed)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="not between 0 and 1"):
        Corpus("x", ("a", "b")).split(share)


def test_a_single_document_cannot_be_split() -> None:
    with pytest.raises(UsageError, match="cannot be split"):
        Corpus("x", ("a",)).split(0.5)


def test_the_digest_knows_where_documents_end() -> None:
    digests = {Corpus("x", parts).digest for parts in (("ab",), ("a", "b"), ("b", "a"), ("ab", ""), ("", "ab"))}
    assert len(digests) == 5
    assert Corpus("x", ("ab",)).digest == Corpus("y", ("ab",)).digest
    assert all(len(digest) == 8 and int(digest, 16) >= 0 for digest in digests)
