"""``python -m benchmarks parity``: claims that hold are told to hold, and whatever breaks one is found and named."""

from __future__ import annotations

import csv
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmark_help import PARAGRAPHS
from click.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks.parity import command as parity
from benchmarks.parity.checks import CHECKS, ENCODINGS, IDS, MERGES, ORDER, SCORES, SET, Trained, hold_against
from benchmarks.parity.pairs import PAIRS, Pair
from benchmarks.parity.rows import make_row
from benchmarks.parity.texts import HELD_OUT, NAMES, Documents, adversarial, find_documents
from toklab.errors import UnknownNameError, UsageError, VocabSizeError

# The pairs say that texts which spell the unknown token are learned from otherwise.
TRAINED = tuple(text.replace("<unk>", "") for text in PARAGRAPHS)
TEXT = Documents("railway", "made here", TRAINED, (PARAGRAPHS[0][:60], "Tea at 23:10, naïve ☃☃ леd"))


def side(
    pieces: str = "abc", merges: str | None = "ab", scores: Mapping[Hashable, float] | None = None, shift: int = 0
) -> Trained:
    """A tokenizer of single characters, one of whose merges joins two of them."""

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [[(pieces.index(char) + shift) % len(pieces) for char in text] for text in texts]

    pairs = None if merges is None else [(merges[0], merges[1])]
    return Trained(tuple(pieces), encode, pairs, None if scores is None else dict(scores))


@pytest.mark.parametrize(
    ("other", "differs", "words"),
    [
        (side(), set(), ""),
        (side("abd"), {SET, ORDER}, "1 pieces only here, first 'c'; 1 only there, first 'd'"),
        (side("abcd"), {SET, ORDER}, "0 pieces only here, first none; 1 only there, first 'd'"),
        (side("bac"), {ORDER, IDS}, "id 0: 'a' here, 'b' there"),
        (side(merges="ba"), {MERGES}, "merge 0: 'a' + 'b' here, 'b' + 'a' there"),
        (side(shift=1), {ENCODINGS, IDS}, "document 1, token 0: 'a|b' here, 'b|c' there"),
    ],
)
def test_what_differs_is_found(other: Trained, differs: set[str], words: str) -> None:
    found = hold_against(side(), other, ["", "ab"], 0.0)
    assert {check for check in CHECKS if found[check] is False} == differs
    assert found["parted"] == words
    assert found[SCORES] is None
    assert (found["documents"], found["differing"], found["tokens"]) == (2, int(ENCODINGS in differs), 2)


def test_scores_are_equal_within_a_tolerance() -> None:
    ours, theirs = side(scores={"a": -1.0, "b": -2.0}), side(scores={"a": -1.0, "b": -2.5})
    found = hold_against(ours, theirs, [], 0.1)
    assert (found[SCORES], found["score_difference"]) == (False, 0.5)
    assert found["parted"] == "score of 'b': -2.0 here, -2.5 there"
    assert hold_against(ours, theirs, [], 0.5)[SCORES] is True
    assert hold_against(ours, side(scores={"a": -1.0}), [], 0.5)[SCORES] is False


def test_what_does_not_apply_is_no_result() -> None:
    found = hold_against(side(merges=None), side("bac"), ["a"], 0.0, (ENCODINGS, IDS))
    assert [found[check] for check in CHECKS] == [None, None, None, None, True, False]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.contender}={pair.reference}({pair.shown_options})")
def test_every_claim_holds_on_a_small_text(pair: Pair) -> None:
    if pair.absence is not None:
        pytest.skip(pair.absence)
    row = make_row(pair, TEXT, 480)
    assert row["error"] is None
    assert row["broken"] == []
    assert row["documents"] == 2
    assert row["tokens"] > 10
    assert all(row[check] is True for check in pair.claims)


def test_a_contender_of_another_name_breaks_its_claim() -> None:
    row = make_row(Pair("bpe:tie=first-seen", "hf-bpe", "tokenizers", (SET, MERGES)), TEXT, 480)
    assert row["broken"] == [SET, MERGES]
    assert "pieces only here" in row["parted"]


def raises(error: BaseException) -> Any:
    def make(*_: Any) -> Any:
        raise error

    return make


def test_what_fails_is_told() -> None:
    pair = Pair("bpe", "hf-bpe", "tokenizers", (SET,), make=raises(VocabSizeError("bpe", 10, 1234)))
    row = make_row(pair, TEXT, 10)
    assert (row["error"], row["broken"]) == ("needs 1,234 pieces at least", [])
    row = make_row(replace(pair, make=raises(BaseException("panicked"))), TEXT, 10)
    assert (row["error"], row["broken"]) == ("BaseException: panicked", ["error"])
    with pytest.raises(KeyboardInterrupt):
        make_row(replace(pair, make=raises(KeyboardInterrupt())), TEXT, 10)


def test_texts() -> None:
    assert list(adversarial()) == list(adversarial())
    for name in NAMES:
        text = find_documents(name)
        total = len(text.trained) + len(text.held_out)
        assert len(text.held_out) == total // HELD_OUT
        assert set(text.held_out).isdisjoint(text.trained) or name == "adversarial"
        # SentencePiece reads these otherwise: the pairs say so.
        assert not any({"\u2581", "\u2585", "\0"} & set(document) for document in (*text.trained, *text.held_out))


def test_the_command_writes_what_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = Pair("bpe", "hf-bpe", "tokenizers", (SET, ORDER, MERGES, ENCODINGS, IDS), {"pretokenizer": "gpt2"})
    bad = replace(good, options={"min_frequency": 2}, make=_another_rule, note="Another < rule.")
    gone = Pair("bpe", "nobody", "no_such_library", (SET,))
    monkeypatch.setattr(parity, "PAIRS", (good, bad, gone))
    monkeypatch.setattr(parity, "find_documents", lambda name: TEXT)
    arguments = ["--text", "english", "--vocab-size", "400", "--output", str(tmp_path)]
    done = CliRunner().invoke(parity.command, [*arguments, "--json"])
    assert done.exit_code == 1
    report = json.loads((tmp_path / "parity.json").read_text(encoding="utf-8"))
    assert [bool(row["broken"]) for row in report["rows"]] == [False, True]
    assert report["left_out"] == {"bpe = nobody": "no_such_library is not installed"}
    with (tmp_path / "parity.csv").open(encoding="utf-8", newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [row["claims"] for row in table] == ["set order merges encodings ids"] * 2
    text = (tmp_path / "parity.md").read_text(encoding="utf-8")
    assert "Another &lt; rule." in text
    assert "**no**" in text
    monkeypatch.setattr(parity, "PAIRS", (good,))
    done = CliRunner().invoke(parity.command, arguments[:4])
    assert done.exit_code == 0
    assert "1 of 1  bpe = hf-bpe (pretokenizer gpt2): set, order, merges, encodings, ids" in done.output


def _another_rule(contender: str, *rest: Any) -> Any:
    from benchmarks.parity.references import by_name

    return by_name("bpe:tie=lexicographic-max", *rest)


def test_names(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hf-unigram'"):
        parity.choose(("hf-unigramm",))
    assert {pair.reference for pair in parity.choose(("unigram-hf", "spm-bpe"))[0]} == {"hf-unigram", "spm-bpe"}
    monkeypatch.setattr(parity, "PAIRS", (Pair("bpe", "nobody", "no_such_library", (SET,)),))
    with pytest.raises(UsageError, match="no_such_library is not installed"):
        parity.choose(())
    monkeypatch.setattr("sys.argv", ["benchmarks", "parity", "--contender", "nowhere"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert "nowhere" in capsys.readouterr().err
