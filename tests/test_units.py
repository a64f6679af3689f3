"""Words, characters and bytes: the simplest vocabularies there are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from strategies import TEXT

from toklab import train
from toklab.errors import InputError, UsageError, VocabSizeError
from toklab.pretokenize import PATTERNS
from toklab.types import Piece


def shown(tokenizer: Any, text: str) -> list[str]:
    return [str(tokenizer.vocab[i]) for i in tokenizer.encode(text).ids]


def test_the_worked_example_of_words() -> None:
    tokenizer = train("word", ["the cat the dog"], vocab_size=3, pretokenizer="whitespace")
    assert [str(piece) for piece in tokenizer.vocab] == ["<unk>", "the", "cat"]
    assert tokenizer.vocab.unk_id == 0
    encoding = tokenizer.encode("the  cow")
    assert encoding.ids.tolist() == [1, 0]
    assert encoding.offsets.tolist() == [[0, 3], [5, 8]]
    assert tokenizer.decode([1, 2]) == "the cat"


def test_words_are_ordered_by_count_and_then_by_code_point() -> None:
    tokenizer = train("word", ["b a Z é b 漢 a z"], vocab_size=100, pretokenizer="whitespace")
    assert [str(piece) for piece in tokenizer.vocab] == ["<unk>", "a", "b", "Z", "z", "é", "漢"]
    assert tokenizer.warnings == ("vocabulary of 7 pieces: the corpus holds no more (100 asked for)",)  # type: ignore[attr-defined]
    assert [str(p) for p in train("word", ["b a Z é b 漢 a z"], vocab_size=4, pretokenizer="whitespace").vocab] == [
        *("<unk>", "a", "b", "Z")
    ]


def test_special_tokens_of_words_come_first_and_are_never_words() -> None:
    tokenizer = train(
        "word", ["the <s> the <unk> x"], vocab_size=9, pretokenizer="whitespace", special_tokens=("<s>", "</s>")
    )
    assert [str(piece) for piece in tokenizer.vocab] == ["<unk>", "<s>", "</s>", "the", "x"]
    assert shown(tokenizer, "the <s> x") == ["the", "<unk>", "x"]


@pytest.mark.parametrize("size", [1, 2])
def test_no_room_for_a_word_is_told(size: int) -> None:
    with pytest.raises(VocabSizeError, match="ask for at least 3") as caught:
        train("word", ["a b"], vocab_size=size, special_tokens=("<s>",))
    assert (caught.value.requested, caught.value.smallest) == (size, 3)
    assert len(train("word", ["a b"], vocab_size=3, special_tokens=("<s>",)).vocab) == 3


def test_characters_by_hand() -> None:
    tokenizer = train("character", ["bé a", "漢"], vocab_size=5)
    assert [str(piece) for piece in tokenizer.vocab] == ["<unk>", " ", "a", "b", "é", "漢"]
    assert tokenizer.encode("aé漢x").ids.tolist() == [2, 4, 5, 0]
    assert tokenizer.encode("aé漢x").offsets.tolist() == [[0, 1], [1, 3], [3, 6], [6, 7]]
    assert tokenizer.decode([3, 4]) == "bé"
    assert not tokenizer.warnings  # type: ignore[attr-defined]


def test_bytes_by_hand() -> None:
    tokenizer = train("byte", ["x"])
    assert len(tokenizer.vocab) == 256
    assert {piece.surface for piece in tokenizer.vocab} == {bytes([byte]) for byte in range(256)}
    assert tokenizer.vocab[0] == Piece(b"!")
    assert [tokenizer.vocab[i].surface for i in tokenizer.encode("é\0").ids] == [b"\xc3", b"\xa9", b"\0"]
    assert tokenizer.encode("é\0").offsets.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert tokenizer.vocab.unk_id is None


@given(text=TEXT)
def test_bytes_give_every_text_back(text: str) -> None:
    tokenizer = train("byte", ["x"])
    encoding = tokenizer.encode(text)
    assert len(encoding) == len(text.encode())
    assert tokenizer.decode(encoding.ids.tolist()) == text


@given(text=TEXT)
def test_characters_give_known_text_back(text: str) -> None:
    if text:
        tokenizer = train("character", [text])
        assert len(tokenizer.vocab) == len(set(text)) + 1
        assert len(tokenizer.encode(text)) == len(text)
        assert tokenizer.decode(tokenizer.encode(text).ids.tolist()) == text


@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_words_give_known_text_back(pattern: str) -> None:
    text = "It's 42 o'clock, naïve 漢字!\n\n ok "
    tokenizer = train("word", [text], pretokenizer=pattern)
    kept = PATTERNS[pattern].keeps_gaps
    back = tokenizer.decode(tokenizer.encode(text).ids.tolist())
    assert back == text if kept else back.split() == tokenizer.decode(tokenizer.encode(back).ids.tolist()).split()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("word", {"tie": "first-seen"}),
        ("word", {"special_tokens": ("",)}),
        ("word", {"special_tokens": ("<s>", "<s>")}),
        ("character", {"min_frequency": 2}),
        ("character", {"special_tokens": ("",)}),
        ("character", {"special_tokens": ("a",)}),
        ("byte", {"special_tokens": ("<日>", "<日>")}),
        ("byte", {"backend": "slow"}),
        ("word", {"backend": "slow"}),
    ],
)
def test_options_that_cannot_work_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        train(name, ["a b"], **options)


def test_a_corpus_without_words_is_refused() -> None:
    for name in ("word", "wordpiece", "bpe"):
        with pytest.raises(InputError, match="holds no pre-token under the pattern 'whitespace'"):
            train(name, [" \n\t"], pretokenizer="whitespace")


def test_the_signature_names_every_option_that_is_not_the_default() -> None:
    options: dict[str, Any] = {
        "alphabet": "character",
        "min_frequency": 2,
        "special_tokens": ("<a>", "<b>"),
        "byte_fallback": True,
    }
    tokenizer = train("bpe", ["ab ab cab"], vocab_size=400, **options)
    facts = tokenizer.signature
    assert facts["special"] == "<a>,<b>"
    assert (facts["alphabet"], facts["min_frequency"], facts["byte_fallback"]) == ("character", "2", "True")
    assert "max_piece_length" not in facts
    assert "backend" not in facts
    assert train("wordpiece", ["ab"], vocab_size=40, min_frequency=3).signature["min_frequency"] == "3"
