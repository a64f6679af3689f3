"""The assertions that toklab offers to other projects: silent where all is well, telling where it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers import broken_trainers, english

import toklab
from toklab.errors import UnknownNameError
from toklab.testing import assert_deterministic, assert_round_trip, assert_same_encodings
from toklab.training import train

CORPUS = english(6_000)
TEXTS = ("the harbour", "", "naïve\r\n\0\t", " \u202e\U0001f980 ")


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


def test_the_public_name() -> None:
    assert toklab.testing.assert_round_trip is assert_round_trip


def test_a_round_trip_that_holds() -> None:
    assert_round_trip(train("bpe", CORPUS, vocab_size=300), iter(TEXTS))


def test_a_round_trip_that_does_not() -> None:
    words = train("word", CORPUS, vocab_size=300)
    with pytest.raises(AssertionError) as caught:
        assert_round_trip(words, ["the", "the zyzzyva"])
    message = str(caught.value)
    assert message.startswith("text 1 does not survive word: at character 3, ' zyzzyva' came back as ''")
    assert message.endswith("tokens: the | <unk>")


def test_a_round_trip_that_only_loses_the_end() -> None:
    spaces = train("wordpiece", CORPUS, vocab_size=300, pretokenizer="whitespace")
    with pytest.raises(AssertionError, match=r"at character 3, ' ' came back as ''"):
        assert_round_trip(spaces, ["the "])


def test_encodings_that_are_the_same() -> None:
    first, second = (train("bpe", CORPUS, vocab_size=300, backend=name) for name in ("reference", "auto"))
    assert_same_encodings(first, second, TEXTS)


def test_encodings_that_are_not() -> None:
    first, second = (train("bpe", CORPUS, vocab_size=size) for size in (256, 300))
    with pytest.raises(AssertionError) as caught:
        assert_same_encodings(first, second, ["q", "qthe"])
    assert str(caught.value) == ("text 1 is encoded differently from token 2 on\nbpe: q | t | h | e\nbpe: q | t | he")


def test_a_shorter_encoding_is_told() -> None:
    first, second = (train("bpe", CORPUS, vocab_size=256) for _ in range(2))
    assert_same_encodings(first, second, ["ab"])
    word = train("byte", CORPUS, pretokenizer="whitespace")
    with pytest.raises(AssertionError, match="encoded differently from token 2 on"):
        assert_same_encodings(first, word, ["ab "])


def test_a_deterministic_trainer() -> None:
    assert_deterministic("bpe", CORPUS, runs=2, vocab_size=300)
    assert_deterministic("bpe:tie=first-seen", CORPUS, runs=2, vocab_size=300, axes=("document-order",))


def test_a_trainer_that_is_not() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_deterministic("broken-by-order", CORPUS, runs=2, vocab_size=300)
    message = str(caught.value)
    assert message.startswith("broken-by-order is not deterministic along document-order (2 runs): pieces differ; ")


def test_a_trainer_that_dies() -> None:
    with pytest.raises(AssertionError, match=r"along repeat .* failed; broken-raises: ValueError: no such"):
        assert_deterministic("broken-raises", CORPUS, vocab_size=300, axes=("repeat",))


def test_an_unknown_name_is_no_failed_assertion() -> None:
    with pytest.raises(UnknownNameError):
        assert_deterministic("bpee", CORPUS)
