"""Texts laid end to end: the same from strings and from the bytes of a file, whole or in several stretches."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TEXT

from toklab.corpus import Held, cut_documents
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
