"""Words laid end to end are spelled as each word would be alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NASTY, TEXT, TINY_COUNTS

from toklab.algorithms import wordpiece
from toklab.algorithms.bpe import BpeSpec, initial_symbols, spelling_of
from toklab.algorithms.spelling import Characters, Spelling
from toklab.algorithms.symbols import Material, build_material
from toklab.types import WordCounts, Words

WORDS = TEXT.filter(bool) | st.sampled_from(NASTY) | st.text("a#é漢\U0001f600\U0010ffff\0", min_size=1, max_size=5)
COUNTS = TINY_COUNTS | st.dictionaries(WORDS, st.integers(1, 3), min_size=1, max_size=12)
BPE_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"end_of_word_suffix": "</w>"},
    {"end_of_word_suffix": "é漢"},
    {"byte_fallback": True},
    {"byte_fallback": True, "end_of_word_suffix": "</w>"},
    {"special_tokens": ("<s>", "<unk>")},
)


def spelled(material: Material) -> list[list[bytes]]:
    return [[material.symbols[i].key for i in word] for word in material.words]


@settings(max_examples=200)
@given(words=st.lists(WORDS, min_size=1, max_size=12))
def test_characters_are_those_of_the_words(words: list[str]) -> None:
    characters = Characters.of(Words.of(words))
    bounds = itertools.pairwise(characters.starts.tolist())
    assert ["".join(map(chr, characters.codes[start:end].tolist())) for start, end in bounds] == words
    assert characters.all == sorted({char for word in words for char in word})
    assert characters.inner == sorted({char for word in words for char in word[1:]})
    assert characters.last == sorted({word[-1] for word in words})


def test_no_words_have_no_characters() -> None:
    none = Characters.of(Words.of([]))
    assert (none.all, none.inner, none.last) == ([], [], [])
    assert len(Spelling().ids(none, {})) == 0


def test_the_worked_example() -> None:
    characters = Characters.of(Words.of(["hugs", "é"]))
    for spelling, keys in (
        (Spelling("##"), ["h", "##u", "##g", "##s", "é"]),
        (Spelling(suffix="</w>"), ["h", "u", "g", "s</w>", "é</w>"]),
        (Spelling("##", "</w>"), ["h", "##u", "##g", "##s</w>", "é</w>"]),
    ):
        ids = spelling.ids(characters, {key.encode(): 7 + number for number, key in enumerate(keys)})
        assert ids.dtype == np.int32
        assert ids.tolist() == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("options", BPE_OPTIONS, ids=str)
@settings(max_examples=60)
@given(counts=COUNTS)
def test_bpe_spells_each_word(options: dict[str, Any], counts: dict[str, int]) -> None:
    words = WordCounts.from_counts(counts)
    spec = BpeSpec(vocab_size=0, alphabet="character", **options)
    material = build_material(words, initial_symbols(words, spec), spelling_of(spec), "bpe", 10**9)
    suffix = options.get("end_of_word_suffix", "")
    expected = [[*word[:-1], word[-1] + suffix] for word in words.words]
    assert spelled(material) == [[key.encode() for key in keys] for keys in expected]


@given(counts=COUNTS)
def test_bytes_spell_each_word(counts: dict[str, int]) -> None:
    words = WordCounts.from_counts(counts)
    spec = BpeSpec(vocab_size=0)
    material = build_material(words, initial_symbols(words, spec), spelling_of(spec), "bpe", 10**9)
    assert spelled(material) == [[bytes([byte]) for byte in word.encode()] for word in words.words]


@pytest.mark.parametrize("variant", wordpiece.VARIANTS)
@given(counts=COUNTS)
def test_wordpiece_spells_each_word(variant: str, counts: dict[str, int]) -> None:
    words = WordCounts.from_counts(counts)
    initial = wordpiece.initial_symbols(words, (), variant)
    material = build_material(words, initial, wordpiece.SPELLING, "wordpiece", 10**9)
    expected = [[word[0], *("##" + char for char in word[1:])] for word in words.words]
    assert spelled(material) == [[key.encode() for key in keys] for keys in expected]
