"""Texts laid end to end: the same from strings and from the bytes of a file, whole or in several stretches."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT

from toklab.corpus import Held, cut_documents
from toklab.kernels import scan
from toklab.pretokenize import count_words, get_pretokenizer, stretches, words


def laid(texts: list[str]) -> list[bytes]:
    """What stretches must hold."""
    return [text.encode() + b"\xff" for text in texts]


@given(text=TEXT, kind=st.sampled_from(["paragraph", "line", "file"]), most=st.sampled_from([1, 3, 50]))
def test_a_file_is_laid_like_its_documents(text: str, kind: str, most: int) -> None:
    documents = cut_documents(Held(text.encode()), kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "STRETCH", most)
        for texts in (documents, list(documents)):
            found = []
            for stretch in stretches.stretches(texts):
                bounds = stretch.bounds.tolist()
                found += [stretch.text[a:b].tobytes() for a, b in itertools.pairwise(bounds)]
                assert stretch.end == bounds[-1] - 1
                assert not stretch.text.flags.writeable
                assert len(stretch.text) >= stretch.end + stretches.MARGIN
            assert found == laid(list(documents))


def test_a_file_has_the_words_of_its_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "COUNT_WORTH", 1 << 12)
    documents = cut_documents(Held("It is. It's à la carte.\n\nIt is 日本.\n".encode() * 500), "paragraph")
    assert len(documents) > 500
    pretokenizer = get_pretokenizer("gpt2")
    expected = count_words(list(documents), pretokenizer, backend="reference")
    for threads in (1, 3):
        found = count_words(documents, pretokenizer, threads=threads, backend="fast")
        assert found.words == expected.words
        assert (found.counts == expected.counts).all()


@given(
    text=st.text("ab' é日\n", min_size=1, max_size=60).map(lambda part: part * (30_000 // len(part))),
    name=st.sampled_from(["gpt2", "none"]),
)
@settings(max_examples=20, deadline=None)
def test_a_long_text_is_cut_near_its_end(text: str, name: str) -> None:
    pretokenizer = get_pretokenizer(name)
    cutter = pretokenizer.cutter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "LONG", 20_000)
        found = list(stretches.stretches([text], cutter))
    raw = text.encode()
    assert [stretch.whole for stretch in found] in ([True], [False, True])
    assert b"".join(stretch.text[: stretch.end].tobytes() for stretch in found) == raw
    assert all(len(stretch.text) >= stretch.end + stretches.MARGIN for stretch in found)
    assert found[-1].bounds.tolist() == [found[-1].end - len(raw), found[-1].end + 1]
    if len(found) == 2:
        ends = set(itertools.accumulate(len(word.encode()) for word in pretokenizer.words(text)))
        assert found[0].end in ends
        assert found[0].bounds.tolist() == [0, found[0].end + 1]
        assert found[1].end <= 2 * scan.BLOCK


def test_texts_that_stand_beside_others_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "LONG", 20_000)
    cutter = get_pretokenizer("gpt2").cutter()
    long = "It is. " * 5_000
    assert [stretch.whole for stretch in stretches.stretches([long], cutter)] == [False, True]
    assert [stretch.whole for stretch in stretches.stretches([long, "a"], cutter)] == [True]
    assert [stretch.whole for stretch in stretches.stretches([long])] == [True]
