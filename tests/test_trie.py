"""The double array: every way down it leads to the entries that a text begins with, and to nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms.segment_unigram import UnigramKernel
from toklab.algorithms.trie import Trie, row_type
from toklab.algorithms.unigram_model import UnigramModel
from toklab.kernels import encode_unigram, trie
from toklab.types import Piece, Vocab, Words

LETTERS = "ab\x00\x7fé\u0100漢🙂"


def ends_of(table: Trie, text: str) -> dict[int, int]:
    """From a walk: after how many bytes an entry ends, and in which slot."""
    found, slot = {}, 0
    for end, byte in enumerate(text.encode(), 1):
        slot = (int(table.table[slot]) >> trie.BASE) + byte
        if int(table.table[slot]) & trie.BYTE != byte:
            break
        if int(table.table[slot]) & trie.ENTRY:
            found[end] = slot
    return found


def check(entries: Sequence[str], texts: list[str]) -> None:
    table = Trie.of([entry.encode() for entry in entries])
    slots = dict(zip(entries, table.slots.tolist(), strict=True))
    assert len(set(slots.values())) == len(entries)
    for text in texts:
        prefixes = [text[:end] for end in range(1, len(text) + 1)]
        assert ends_of(table, text) == {len(part.encode()): slots[part] for part in prefixes if part in slots}


@settings(max_examples=200)
@given(
    entries=st.lists(st.text(LETTERS, min_size=1, max_size=6) | st.characters(codec="utf-8"), max_size=40, unique=True),
    texts=st.lists(st.text(LETTERS, max_size=9), max_size=9),
)
def test_walks_find_what_a_text_begins_with(entries: list[str], texts: list[str]) -> None:
    check(entries, [*texts, *entries, *(entry + "a" for entry in entries)])


def test_many_nodes_with_few_children() -> None:
    """More than the room that is tried first."""
    entries = sorted({f"{a:c}{b:c}" for a in range(0x80, 0x800, 7) for b in (a % 0x80, 0x7F - a % 0x80)})
    check(entries, entries)


@pytest.mark.parametrize(("size", "expected"), [(1 << 23, np.uint64), ((1 << 23) - 1, np.uint32)])
def test_rows_grow_with_the_table(size: int, expected: type[np.unsignedinteger]) -> None:
    assert row_type(size) is expected


def test_wide_rows_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = ["a", "b", "ab", "ba", "é", "é漢"]
    vocab = Vocab((Piece(b"<unk>", special=True), *(Piece(text.encode()) for text in pieces)), 0)
    kernel = UnigramKernel(UnigramModel(vocab, (-9.0, -1.0, -1.5, -2.0, -2.0, -3.0, -1.0)))
    words = Words.of(["abab", "xéa漢", "é漢b", ""])
    narrow = kernel.cut(words).segmentations()
    # A copy, since `test_ahead` holds that the kernel itself is compiled for one type of rows.
    source: Any = encode_unigram.encode
    monkeypatch.setattr(encode_unigram, "encode", numba.njit(source.py_func))
    kernel._links = kernel._links.astype(np.uint64)
    assert kernel.cut(words).segmentations() == narrow
