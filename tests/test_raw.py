"""Text that is read where it is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toklab import train
from toklab.corpus import DOCUMENT_KINDS, documents, open_corpus, raw
from toklab.corpus.raw import Held, OnDisk, Several, raw_file
from toklab.errors import InputError
from toklab.pretokenize import stretches

TEXT = "Ferries leave at six.\n\n  Tea, naïve ☃☃ and 23:10.\n\n\n" * 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "large.txt"
    found.write_text(TEXT, encoding="utf-8")
    return found


@given(parts=st.lists(st.binary(max_size=6), max_size=5), data=st.data())
def test_several_texts_are_one(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    text = Several([Held(part) for part in parts])
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    assert len(text) == len(whole)
    assert bytes(text.read(start, end)) == whole[start:end]


def test_a_file_on_the_disk_is_what_it_holds(path: Path) -> None:
    text, whole = OnDisk(path), path.read_bytes()
    assert len(text) == len(whole)
    assert all(bytes(text.read(start, start + 7)) == whole[start : start + 7] for start in range(0, 200, 3))
    assert bytes(text.read(3, 3)) == b""


def test_a_file_is_open_no_longer_than_it_is_needed(path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    text = OnDisk(path)
    assert len(os.listdir("/dev/fd")) == before + 1
    del text
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("change", [lambda size: size - 30, lambda size: size + 5], ids=["shorter", "longer"])
def test_a_file_that_changes_is_an_error(path: Path, change: object) -> None:
    assert callable(change)
    text = OnDisk(path)
    os.truncate(path, change(len(text)))
    with pytest.raises(InputError, match=r"large\.txt changed while it was read"):
        text.read(0, 10)
    with pytest.raises(InputError, match="changed"):
        text.read(len(text) - 10, len(text))


def test_only_large_files_stay_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(raw_file(path), Held)
    monkeypatch.setattr(raw, "LARGE", path.stat().st_size)
    assert isinstance(raw_file(path), OnDisk)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize("block", [16, 100, 1 << 20])
def test_a_corpus_is_the_same_on_the_disk(path: Path, kind: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held = open_corpus([path, path], documents=kind)
    whole = list(held.documents)
    monkeypatch.setattr(raw, "LARGE", 1)
    monkeypatch.setattr(documents, "BLOCK", block)
    monkeypatch.setattr(stretches, "STRETCH", block)
    found = open_corpus([path, path], documents=kind)
    assert isinstance(found.documents, documents.Documents)
    assert isinstance(found.documents.raw, Several)
    assert list(found.documents) == whole
    assert (found.digest, found.sizes, found.n_bytes) == (held.digest, held.sizes, held.n_bytes)
    laid = [bytes(stretch.text[: stretch.end]) for stretch in stretches.stretches(found.documents)]
    assert b"\xff".join(laid).split(b"\xff") == [text.encode() for text in whole]
    assert np.array_equal(found.documents.bounds, np.cumsum([0, *held.sizes]))


def test_bad_bytes_are_found_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "LARGE", 1)
    monkeypatch.setattr(documents, "BLOCK", 16)
    path.write_bytes("ä\n".encode() * 30 + b"\xff" + TEXT.encode())
    with pytest.raises(InputError, match=r"line 31, byte offset 90 \(0xff\)"):
        open_corpus(path)
    path.write_bytes(TEXT.encode() + "ä".encode()[:1])
    with pytest.raises(InputError, match=f"byte offset {len(TEXT.encode())} "):
        open_corpus(path)


def test_a_tokenizer_is_the_same_from_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = train("bpe", path, vocab_size=300, backend="fast", threads=2)
    monkeypatch.setattr(raw, "LARGE", 1)
    read = train("bpe", path, vocab_size=300, backend="fast", threads=2)
    assert list(held.vocab) == list(read.vocab)
    assert held.signature == read.signature
