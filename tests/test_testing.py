"""The assertions that toklab offers to other projects: silent where all is well, telling where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import broken_trainers, english

import toklab
from toklab.checking import make_baseline
from toklab.errors import InputError, UnknownNameError, UsageError
from toklab.testing import (
    assert_deterministic,
    assert_encodes_as,
    assert_metric,
    assert_no_regression,
    assert_round_trip,
    assert_same_encodings,
)
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
    assert str(caught.value).splitlines() == [
        "text 1 is encoded differently from token 2 on: 'qthe'",
        "  bpe       bpe",
        "      80 q      80 q",
        "      83 t      83 t",
        ">     71 h     257 he",
        "      68 e",
    ]


def test_a_shorter_encoding_is_told() -> None:
    first, second = (train("bpe", CORPUS, vocab_size=256) for _ in range(2))
    assert_same_encodings(first, second, ["ab"])
    word = train("byte", CORPUS, pretokenizer="whitespace")
    with pytest.raises(AssertionError, match="encoded differently from token 2 on"):
        assert_same_encodings(first, word, ["ab "])


def test_pieces_as_expected() -> None:
    bpe = train("bpe", CORPUS, vocab_size=300)
    wordpiece = train("wordpiece", CORPUS, vocab_size=300, variant="hf")
    assert_encodes_as(bpe, "qthe", ["q", "t", "he"])
    assert_encodes_as(bpe, "é", ["\\xc3", "\\xa9"])
    assert_encodes_as(bpe, "", [])
    pieces = [str(wordpiece.vocab[index]) for index in wordpiece.encode("weigh").ids]
    assert pieces[1].startswith("##")
    assert_encodes_as(wordpiece, "weigh", pieces)


@pytest.mark.parametrize(
    ("pieces", "rows"),
    [
        (["q", "th", "e"], ["  q         q", "> th        t", "  e         he"]),
        (["q", "t"], ["  q         q", "  t         t", ">           he"]),
        (["q", "t", "he", "y"], ["  q         q", "  t         t", "  he        he", "> y"]),
        ([], [">           q", "            t", "            he"]),
    ],
)
def test_other_pieces_than_expected(pieces: list[str], rows: list[str]) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_encodes_as(train("bpe", CORPUS, vocab_size=300), "qthe", pieces)
    first, *rest = str(caught.value).splitlines()
    at = next(i for i, row in enumerate(rows) if row.startswith(">"))
    assert first == f"bpe cuts 'qthe' differently from token {at} on"
    assert rest == ["  expected  bpe", *rows]


def test_a_metric_within_its_limits() -> None:
    tok = train("bpe", CORPUS, vocab_size=300)
    assert_metric(tok, "qthe", "tokens", at_most=3, at_least=3)
    assert_metric(tok, ["the", "qthe"], "fertility", at_most=2.5)
    assert_metric(tok, CORPUS, "round_trip", at_least=1)


def test_a_metric_beyond_its_limits() -> None:
    tok = train("bpe", CORPUS, vocab_size=300)
    with pytest.raises(AssertionError) as caught:
        assert_metric(tok, ["a", "", "qthe", "zqzq"], "fertility", at_least=0.5, at_most=2)
    assert str(caught.value).splitlines() == [
        "fertility of bpe is 2.66667 tokens/word, not at least 0.5 and at most 2",
        "worst is 'zqzq': z | q | z | q",
    ]
    with pytest.raises(AssertionError, match=r"chars_per_token of bpe is 1.*, not at least 9\nworst is 'zq': z . q"):
        assert_metric(tok, ["the the", "zq"], "chars_per_token", at_least=9)
    with pytest.raises(AssertionError, match=r"^tokens of bpe is 3 tokens, not at most 2$"):
        assert_metric(tok, "qthe", "tokens", at_most=2)
    with pytest.raises(AssertionError, match="unk_rate of bpe is undefined on these texts, not at most 0"):
        assert_metric(tok, "qthe", "unk_rate", at_most=0)
    with pytest.raises(AssertionError, match="oov_fertility of bpe is undefined"):
        assert_metric(tok, "qthe", "oov_fertility", at_most=9)


def test_a_metric_asked_for_wrongly() -> None:
    tok = train("bpe", CORPUS, vocab_size=300)
    with pytest.raises(UnknownNameError, match="did you mean 'fertility'"):
        assert_metric(tok, "a", "fertilty", at_most=1)
    with pytest.raises(UsageError, match="needs a limit"):
        assert_metric(tok, "a", "fertility")
    with pytest.raises(InputError, match="empty"):
        assert_metric(tok, "", "fertility", at_most=1)


def test_no_regression(tmp_path: Path) -> None:
    tok, smaller = (train("bpe", CORPUS, vocab_size=size) for size in (320, 300))
    make_baseline(tok, CORPUS).save(tmp_path / "base.json")
    assert_no_regression(tok, tmp_path / "base.json", CORPUS)
    assert_no_regression(smaller, tmp_path / "base.json", CORPUS, max_drop={"default": "any"}, allow_id_drift=True)
    with pytest.raises(AssertionError) as caught:
        assert_no_regression(smaller, tmp_path / "base.json", CORPUS)
    message = str(caught.value)
    assert message.startswith("bpe: FAILED: ")
    for part in ("tokens ↓", "documents have other ids", "  baseline ", "\n> "):
        assert part in message
    with pytest.raises(InputError, match="the baseline is of the text"):
        assert_no_regression(tok, tmp_path / "base.json", ["a"])


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
