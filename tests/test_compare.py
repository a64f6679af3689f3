"""Comparisons: the schema that others rely on, fairness, failures as results, bad usage as one clear error."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PATIENCE, broken_trainers, english

from toklab.choosing import resolve
from toklab.comparison import compare
from toklab.contenders import DEFAULT_CONTENDERS, parse_contender
from toklab.errors import InputError, PatternError, UnknownNameError, UsageError, VocabSizeError
from toklab.metrics import all_metrics
from toklab.results import Report
from toklab.types import Contender
from toklab.workshop import Limits

CORPUS = english()
SIZE = 500
FIXED = {"character", "byte", "spm-char"}
# Their ids depend on the hash seeds of the library, so two runs may differ.
RANDOM = {"hf-wordpiece", "hf-unigram"}
OURS = ("bpe", "wordpiece", "wordpiece-hf", "unigram", "word", "character", "byte")
ROW = ["tokenizer", "vocab_size", "metric", "value", "ci_low", "ci_high", "unit", "better", "rank", "same_as_best"]


def quick(contenders: Any, **options: Any) -> Report:
    return compare(CORPUS, contenders, **{"vocab_size": SIZE, "resamples": 20, "probe": False, **options})


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


@pytest.fixture(scope="module")
def progress() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def report(progress: list[tuple[str, int, int]]) -> Report:
    """All default contenders, each trained three times."""
    return quick(None, probe=True, resamples=50, progress=lambda *step: progress.append(step))


@pytest.fixture(scope="module")
def two_sizes() -> Report:
    """Two sizes and a size too large, one trainer that dies and one whose alphabet is too large."""
    names = ["bpe", "hf-bpe", "byte", "broken-raises", "broken-too-small"]
    return quick(names, vocab_size=[600, 400, 1_000_000])


def test_every_default_contender_has_every_figure(report: Report) -> None:
    assert [result.tokenizer for result in report.results] == list(DEFAULT_CONTENDERS)
    for result in report.results:
        assert result.error is None
        assert [cell.metric for cell in result.cells] == list(all_metrics())
        assert result.lengths is not None
        assert result["tokens"].value == result.lengths.sum()
        assert result.frequencies is not None
        assert result["tokens"].value == result.frequencies.sum()
        assert result.seconds is not None
        assert 0 < result.seconds < 10 * PATIENCE
        assert result.peak_mb is not None
        assert result.peak_mb > 10


def test_rows_have_the_schema_of_the_contract(report: Report) -> None:
    rows = report.rows()
    assert len(rows) == len(DEFAULT_CONTENDERS) * len(all_metrics())
    for row in rows:
        assert list(row) == ROW
        assert isinstance(row["vocab_size"], int)
        assert row["better"] in ("higher", "lower", "")
        assert isinstance(row["unit"], str)
        low, value, high = row["ci_low"], row["value"], row["ci_high"]
        assert all(figure is None or math.isfinite(figure) for figure in (low, value, high))
        assert (low is None) == (high is None)
        if low is not None:
            assert low <= high
            assert value is not None


def test_json_is_one_object_without_nan(report: Report) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    parsed = json.loads(report.to_json(), parse_constant=refuse)
    assert parsed["schema"] == 1
    assert parsed["signature"] == report.signature
    assert parsed["rows"] == report.rows()
    assert [entry["tokenizer"] for entry in parsed["contenders"]] == list(DEFAULT_CONTENDERS)
    assert parsed["corpus"]["bytes"] == CORPUS.n_bytes
    assert parsed["corpus"]["train_bytes"] + parsed["corpus"]["test_bytes"] == CORPUS.n_bytes


def test_the_vocabulary_size_is_exact(report: Report) -> None:
    for result in report.results:
        assert result.sized == (result.tokenizer not in FIXED)
        assert result["vocab_obtained"].value == result.vocab_size
        assert result.tokenizer in FIXED or result.vocab_size == SIZE


def test_our_bpe_and_hugging_faces_are_one_row(report: Report) -> None:
    assert report["bpe"].cells == report["hf-bpe"].cells
    assert report["bpe"]["bytes_per_token"].value == pytest.approx(2.06, abs=0.2)
    assert report["byte"]["bytes_per_token"].value == 1.0


def test_verdicts(report: Report) -> None:
    for name in (*OURS, "hf-bpe", "spm-bpe"):
        assert report[name].determinism == "exact", name
    # Its trainer walks hash maps with fresh seeds, and most of 500 pieces are ties: in dozens of trainings on
    # this text no two agreed, and here three would have to.
    assert report["hf-wordpiece"].determinism in ("pieces differ", "ids differ")
    assert any("trained again, it differs" in warning for warning in report["hf-wordpiece"].warnings)


def test_the_same_call_gives_the_same_rows(report: Report) -> None:
    names = [name for name in DEFAULT_CONTENDERS if name not in RANDOM]
    again = quick(names, resamples=50)

    def figures(of: Report) -> list[dict[str, Any]]:
        # ranks are among others
        return [row | {"rank": 0, "same_as_best": None} for row in of.rows() if row["tokenizer"] in names]

    assert figures(again) == figures(report)
    assert [r.signature for r in again.results] == [report[name].signature for name in names]


def test_the_signature_names_what_was_chosen(report: Report) -> None:
    for fact in (
        "vocab:500",
        "pre:gpt2",
        f"corpus:english@{CORPUS.digest}",
        "heldout:0.1@seed0",
        "bootstrap:50@",
    ):
        assert fact in report.signature
    assert "lib:tokenizers-" in report["hf-bpe"].signature
    assert "tie:lowest-ids" in report["bpe"].signature


def test_progress_counts_every_training(report: Report, progress: list[tuple[str, int, int]]) -> None:
    total = 3 * len(DEFAULT_CONTENDERS)
    assert [done for _, done, _ in progress] == list(range(1, total + 1))
    assert {of for _, _, of in progress} == {total}
    assert sorted(name for name, _, _ in progress) == sorted(DEFAULT_CONTENDERS * 3)


def test_a_data_frame_holds_the_rows(report: Report) -> None:
    frame = report.to_frame()
    assert list(frame.columns) == ROW
    assert len(frame) == len(report.rows())
    assert [str(frame[name].dtype) for name in ("value", "ci_low", "ci_high")] == ["float64"] * 3
    one = frame[(frame["tokenizer"] == "bpe") & (frame["metric"] == "tokens")]
    assert one["value"].tolist() == [report["bpe"]["tokens"].value]


def test_several_sizes_in_the_order_given(two_sizes: Report) -> None:
    sizes = [(r.tokenizer, r.vocab_size) for r in two_sizes.results if not r.error]
    expected = [(name, size) for name in ("bpe", "hf-bpe") for size in (600, 400, 1_000_000)]
    assert sizes == [*expected, ("byte", 256)]
    assert two_sizes["bpe", 400]["tokens"].value > two_sizes["bpe", 600]["tokens"].value  # type: ignore[operator]
    assert two_sizes["byte"].vocab_size == 256
    with pytest.raises(UsageError, match=r"compared at several sizes \(600, 400, 1000000\); use report\['bpe'"):
        two_sizes["bpe"]
    with pytest.raises(UnknownNameError, match="did you mean 'bpe'"):
        two_sizes["bpee"]


def test_a_contender_that_dies_is_a_result_with_an_error(two_sizes: Report) -> None:
    for name in ("broken-raises", "broken-too-small"):
        result = two_sizes[name, 600]
        assert result.error is not None
        assert result.cells == ()
        assert "\n" not in result.error
    assert two_sizes["broken-raises", 400].error == "broken-raises: ValueError: no such weather"
    assert "ask for at least 12345" in str(two_sizes["broken-too-small", 400].error)
    assert two_sizes.warnings == ("failed: broken-raises, broken-too-small",)
    assert json.loads(two_sizes.to_json())["contenders"][-1]["error"] == two_sizes.results[-1].error


def test_a_size_out_of_reach_is_a_warning_with_the_size_obtained(two_sizes: Report) -> None:
    for name in ("bpe", "hf-bpe"):
        result = two_sizes[name, 1_000_000]
        obtained = result["vocab_obtained"].value
        assert obtained is not None
        assert 600 < obtained < 5_000
        assert result.warnings == (
            f"vocabulary of {obtained:,.0f} pieces: the corpus holds no more (1,000,000 asked for)",
        )
    assert two_sizes["bpe", 600].warnings == ()


def test_a_size_too_small_for_all_is_wrong_usage() -> None:
    with pytest.raises(VocabSizeError, match="vocabulary size 3 is too small") as caught:
        quick(["bpe", "hf-bpe", "wordpiece"], vocab_size=3)
    assert caught.value.smallest < 256  # WordPiece asks for least


def test_a_size_too_small_for_one_is_its_result() -> None:
    report = quick(["bpe", "word"], vocab_size=100)
    assert "need 256 pieces" in str(report["bpe"].error)
    assert report["word"].error is None


def test_limits_reach_the_contenders() -> None:
    report = quick(["byte", "broken-hangs"], limits=Limits(seconds=3))
    assert report["broken-hangs"].error == "broken-hangs did not finish within 3 s and was stopped"
    assert report["byte"].error is None


def test_a_contender_may_be_a_path_of_options_or_an_object() -> None:
    mine = Contender("bpe", {"tie": "first-seen"}, "mine")
    report = quick(["bpe:tie=first-seen,pretokenizer=whitespace", mine])
    assert [r.tokenizer for r in report.results] == ["bpe:tie=first-seen,pretokenizer=whitespace", "mine"]
    assert "pre:whitespace" in report.results[0].signature
    assert "pre:gpt2" in report["mine"].signature
    assert "tie:first-seen" in report["mine"].signature


@pytest.mark.parametrize(
    ("contenders", "options", "error", "message"),
    [
        ("bpee", {}, UnknownNameError, "unknown algorithm 'bpee'; did you mean 'bpe'"),
        ("bpe:tye=x", {}, UnknownNameError, "unknown option of bpe 'tye'; did you mean 'tie'"),
        ("bpe:tie", {}, UsageError, "option 'tie' of bpe has no value"),
        ("bpe:vocab_size=9", {}, UsageError, "the vocabulary size is not an option of bpe"),
        ("bpe:min_frequency=two", {}, UsageError, "option min_frequency of bpe cannot be 'two'"),
        ([], {}, UsageError, "no contender to compare"),
        (["bpe", "word", "bpe"], {}, UsageError, "'bpe' is named twice"),
        ("bpe", {"pretokenizer": "gtp2"}, UnknownNameError, "did you mean 'gpt2'"),
        ("bpe", {"pretokenizer": "(a"}, PatternError, "invalid regular expression"),
        ("bpe", {"vocab_size": 0}, UsageError, "must be 1 or more"),
        ("bpe", {"vocab_size": []}, UsageError, "must be 1 or more"),
        ("bpe", {"held_out": 1.5}, UsageError, "held-out share 1.5 is not between 0 and 1"),
    ],
)
def test_wrong_usage(contenders: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        quick(contenders, **options)
    assert "\n" not in str(caught.value)


def test_one_document_cannot_be_split() -> None:
    with pytest.raises(UsageError, match="holds 1 document and cannot be split; separate documents by blank lines"):
        compare(["one document only"], "bpe")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.txt: no such file"):
        compare(tmp_path / "nowhere.txt", "bpe")


def test_the_public_functions_stay_functions() -> None:
    import toklab

    assert callable(toklab.compare)
    assert callable(toklab.determinism)


def test_contenders_from_text() -> None:
    assert parse_contender("bpe") == Contender("bpe")
    assert parse_contender("bpe:") == Contender("bpe")
    assert parse_contender("wordpiece-hf").algorithm == "wordpiece"
    found = parse_contender("bpe:alphabet=character,byte_fallback=yes,max_piece_length=8,special_tokens=<a>+<b>")
    assert found.options == {
        "alphabet": "character",
        "byte_fallback": True,
        "max_piece_length": 8,
        "special_tokens": ("<a>", "<b>"),
    }
    assert parse_contender("spm-bpe:character_coverage=0.99").options == {"character_coverage": 0.99}
    assert [contender.name for contender in resolve(None)] == list(DEFAULT_CONTENDERS)
