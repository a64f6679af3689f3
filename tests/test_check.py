"""Checks against a baseline: thresholds, directions, what is undefined, ids that move, damaged files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers import english
from hypothesis import given
from hypothesis import strategies as st

import toklab
from toklab.checking import Baseline, Kept, Threshold, Token, check, make_baseline
from toklab.checking.baseline import KEPT_TOKENS, SAMPLE
from toklab.checking.drift import first_difference
from toklab.checking.thresholds import parse_thresholds, thresholds
from toklab.corpus import Corpus
from toklab.errors import FormatError, InputError, OutputError, UnknownNameError, UsageError
from toklab.report.checks import render_check
from toklab.report.token_pairs import render_token_pairs
from toklab.training import train
from toklab.types import Tokenizer

CORPUS = english(6_000)


@pytest.fixture(scope="module")
def bpe() -> Tokenizer:
    return train("bpe", CORPUS, vocab_size=320)


@pytest.fixture(scope="module")
def smaller() -> Tokenizer:
    """The same merges, but for the last 20."""
    return train("bpe", CORPUS, vocab_size=300)


@pytest.fixture(scope="module")
def baseline(bpe: Tokenizer) -> Baseline:
    return make_baseline(bpe, CORPUS)


def with_figure(baseline: Baseline, metric: str, value: float | None) -> Baseline:
    """A baseline as it would be had the figure been another."""
    assert any(figure.metric == metric for figure in baseline.figures)
    figures = (replace(f, value=value) if f.metric == metric else f for f in baseline.figures)
    return replace(baseline, figures=tuple(figures))


# --- thresholds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "threshold", "shown"),
    [
        ("0.01", Threshold(0.01), "0.01"),
        ("0.5%", Threshold(0.005, relative=True), "0.5%"),
        (" 3 ", Threshold(3.0), "3"),
        (2, Threshold(2.0), "2"),
        ("1e-3%", Threshold(1e-5, relative=True), "0.001%"),
        ("any", Threshold(float("inf")), "any"),
    ],
)
def test_thresholds_are_amounts_shares_or_any(text: str | float, threshold: Threshold, shown: str) -> None:
    assert Threshold.of(text) == threshold
    assert str(threshold) == shown
    assert Threshold.of(shown) == threshold


@pytest.mark.parametrize("text", ["", "%", "-1", "-0.5%", "nan", "inf", "x", "5%%", "anyway", "1 000"])
def test_what_is_no_threshold(text: str) -> None:
    with pytest.raises(UsageError, match=r"threshold .* is none: give an amount such as 0\.01"):
        Threshold.of(text)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e3))
def test_a_share_is_of_the_baseline_whatever_its_sign(before: float, loss: float, percent: float) -> None:
    share = Threshold.of(f"{percent!r}%")
    assert share.allows(before, loss) == share.allows(-before, loss)
    if loss > percent / 100 * before * (1 + 1e-6) + 1e-3:
        assert not share.allows(before, loss)
    if loss < percent / 100 * before * (1 - 1e-6):
        assert share.allows(before, loss)


def test_words_of_the_command_line() -> None:
    assert parse_thresholds(["fertility=1%", "default=any"]) == {"fertility": "1%", "default": "any"}
    for word in ("fertility", "=1", "fertility=", "="):
        with pytest.raises(UsageError, match="is not METRIC=AMOUNT"):
            parse_thresholds([word])
    with pytest.raises(UsageError, match="two thresholds of 'fertility': 1% and 2%; give one"):
        parse_thresholds(["fertility=1%", "fertility=2%"])


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'fertilty'; did you mean 'fertility'"):
        thresholds({"fertilty": "1%"}, ["tokens", "fertility"])
    with pytest.raises(UnknownNameError, match="did you mean 'default'"):
        thresholds({"defalt": "1%"}, ["tokens"])


# --- figures ---------------------------------------------------------------------------------------------------


def test_a_tokenizer_holds_against_itself(bpe: Tokenizer, baseline: Baseline) -> None:
    report = check(bpe, CORPUS, baseline=baseline)
    assert report.passed
    assert not report.drift
    assert {row.verdict for row in report.rows} == {"same", "undefined"}
    assert toklab.check is check


def test_what_needs_a_training_text_is_undefined(bpe: Tokenizer, baseline: Baseline) -> None:
    figures = {figure.metric: figure for figure in baseline.figures}
    for name in ("oov_words", "oov_fertility", "seen_fertility", "oov_exploded", "oov_unk_words", "vocab_requested"):
        assert figures[name].value is None
    tokens = len(bpe.encode_batch(CORPUS.documents).ids)
    assert figures["tokens"] == Kept("tokens", float(tokens), "tokens", "lower")
    assert figures["vocab_obtained"].value == 320
    assert figures["bytes_per_token"].value == CORPUS.n_bytes / tokens


def test_fewer_pieces_are_worse(smaller: Tokenizer, baseline: Baseline) -> None:
    report = check(smaller, CORPUS, baseline=baseline)
    assert not report.passed
    assert {"tokens", "bytes_per_token", "fertility"} <= {row.metric for row in report.fallen}
    assert report["bytes_per_token"].verdict == report["tokens"].verdict == "worse"
    assert report["vocab_obtained"].verdict == "not judged"
    assert report["vocab_obtained"].change == -20
    assert (report["tokens"].change or 0) > 0 > (report["bytes_per_token"].change or 0)
    back = check(train("bpe", CORPUS, vocab_size=320), CORPUS, baseline=make_baseline(smaller, CORPUS))
    assert back["tokens"].verdict == back["bytes_per_token"].verdict == "better"


# How the baseline differs from what is measured (in shares of it), a threshold, and what is said.
CASES = [
    ("tokens", 1 / 1.02, None, "worse"),
    ("tokens", 1 / 1.02, "1%", "worse"),
    ("tokens", 1 / 1.02, "2.1%", "within"),
    ("tokens", 1 / 1.02, "1", "worse"),
    ("tokens", 1 / 1.02, "100000", "within"),
    ("tokens", 1 / 1.02, "any", "within"),
    ("tokens", 1.02, None, "better"),
    ("tokens", 1 + 1e-12, None, "same"),
    ("bytes_per_token", 1.02, None, "worse"),
    ("bytes_per_token", 1.02, "1.9%", "worse"),
    ("bytes_per_token", 1.02, "2%", "within"),
    ("bytes_per_token", 1.02, "0.001", "worse"),
    ("bytes_per_token", 1.02, "1", "within"),
    ("bytes_per_token", 1 / 1.02, None, "better"),
    ("bytes_per_token", 1 - 1e-12, None, "same"),
    ("bytes_per_token", 1 + 1e-12, None, "same"),
    ("length_max", 1.5, None, "not judged"),
    ("length_max", 1.5, "1%", "moved"),
    ("length_max", 0.5, "1%", "moved"),
    ("length_max", 1.02, "2%", "within"),
    ("length_max", 0.5, "any", "within"),
]


@pytest.mark.parametrize(("metric", "factor", "threshold", "verdict"), CASES)
def test_thresholds_know_the_direction(
    bpe: Tokenizer, baseline: Baseline, metric: str, factor: float, threshold: str | None, verdict: str
) -> None:
    now = next(figure.value for figure in baseline.figures if figure.metric == metric) or 0.0
    before = with_figure(baseline, metric, now * factor)
    row = check(bpe, CORPUS, baseline=before, max_drop={metric: threshold} if threshold else None)[metric]
    assert row.verdict == verdict
    assert row.fallen == (verdict in ("worse", "moved"))


def test_the_default_is_of_metrics_with_a_direction(bpe: Tokenizer, baseline: Baseline) -> None:
    before = with_figure(with_figure(with_figure(baseline, "tokens", 1.0), "fertility", 0.1), "length_max", 1.0)
    report = check(bpe, CORPUS, baseline=before, max_drop={"default": "any", "fertility": 0})
    assert [row.metric for row in report.fallen] == ["fertility"]
    assert (report["tokens"].allowed, report["length_max"].allowed) == ("any", None)


def test_thresholds_in_the_baseline_hold_unless_others_are_given(bpe: Tokenizer, baseline: Baseline) -> None:
    kept = make_baseline(bpe, CORPUS, max_drop={"tokens": "1%", "default": 0.25})
    assert kept.max_drop == {"tokens": "1%", "default": "0.25"}
    report = check(bpe, CORPUS, baseline=kept, max_drop={"default": "3%"})
    assert (report["tokens"].allowed, report["fertility"].allowed) == ("1%", "3%")
    with pytest.raises(UnknownNameError, match="did you mean 'tokens'"):
        make_baseline(bpe, CORPUS, max_drop={"tokns": "1%"})


def test_what_was_defined_must_stay_defined(bpe: Tokenizer, baseline: Baseline) -> None:
    before = with_figure(baseline, "unk_rate", 0.0)
    report = check(bpe, CORPUS, baseline=before)
    assert report["unk_rate"].verdict == "undefined now"
    assert not report.passed
    assert check(bpe, CORPUS, baseline=before, max_drop={"unk_rate": "any"}).passed
    assert check(bpe, CORPUS, baseline=with_figure(baseline, "oov_words", 0.5)).passed  # it has no direction
    new = check(bpe, CORPUS, baseline=with_figure(baseline, "tokens", None))
    assert (new["tokens"].verdict, new.passed) == ("undefined before", True)


# --- ids -------------------------------------------------------------------------------------------------------


def test_ids_that_moved_are_shown_side_by_side(smaller: Tokenizer, bpe: Tokenizer, baseline: Baseline) -> None:
    drift = check(smaller, CORPUS, baseline=baseline).drift
    one, other = (tok.encode_batch(CORPUS.documents) for tok in (bpe, smaller))
    moved = [i for i in range(len(CORPUS)) if one[i].ids.tolist() != other[i].ids.tolist()]
    assert list(drift.documents) == moved
    found = drift.first_document
    assert found is not None
    assert found.text == CORPUS.documents[moved[0]]
    assert found.where == f"document {moved[0] + 1} of {len(CORPUS)}"
    assert [token.id for token in found.before] == one[moved[0]].ids.tolist()
    assert [token.id for token in found.now] == other[moved[0]].ids.tolist()
    assert found.at == first_difference(found.before, found.now)
    assert drift.vocabulary


def test_id_drift_fails_unless_it_is_allowed(smaller: Tokenizer, baseline: Baseline) -> None:
    options: dict[str, Any] = {"baseline": baseline, "max_drop": {"default": "any"}}
    assert not check(smaller, CORPUS, **options).passed
    report = check(smaller, CORPUS, **options, allow_id_drift=True)
    assert report.passed
    assert "passed: " in render_check(report)
    assert "ids moved (allowed)" in render_check(report)


def test_ids_after_those_that_were_kept(bpe: Tokenizer, baseline: Baseline) -> None:
    last = len(CORPUS) - 1
    digests = (*baseline.documents[:last], "00000000")
    before = replace(baseline, documents=digests, first_ids=baseline.first_ids[:1])
    report = check(bpe, CORPUS, baseline=before)
    assert report.drift.documents == (last,)
    assert report.drift.first_document is not None
    assert report.drift.first_document.at is None
    assert "its ids were not kept" in render_check(report)
    # kept in part, and the same as far as that goes
    part = replace(before, documents=("00000000", *baseline.documents[1:]), first_ids=(baseline.first_ids[0][:5],))
    assert (report := check(bpe, CORPUS, baseline=part)).drift.documents == (0,)
    assert "its ids were not kept" in render_check(report)


def test_ids_of_a_fixed_sample(bpe: Tokenizer, baseline: Baseline) -> None:
    sample = list(baseline.sample)
    text, ids = sample[2]
    sample[2] = (text, (*ids[:-1], ids[0]))
    drift = (report := check(bpe, CORPUS, baseline=replace(baseline, sample=tuple(sample)))).drift
    assert (drift.documents, drift.samples, drift.vocabulary) == ((), (2,), False)
    assert drift.first_sample is not None
    assert drift.first_sample.at == len(ids) - 1
    assert not report.passed
    assert f"sample 3 of {len(SAMPLE)}, from token {len(ids)} on: 'naïve" in render_check(report)


def test_other_pieces_behind_the_same_ids(bpe: Tokenizer, baseline: Baseline) -> None:
    report = check(bpe, CORPUS, baseline=replace(baseline, vocabulary="0" * 16))
    assert report.drift.vocabulary
    assert not report.passed
    assert "the vocabulary or its merges are others; no id of these texts moved" in render_check(report)
    assert check(bpe, CORPUS, baseline=replace(baseline, vocabulary="0" * 16), allow_id_drift=True).passed


def test_a_long_document_is_kept_in_part() -> None:
    long = Corpus("long", ("ab " * KEPT_TOKENS, "c"))
    made = make_baseline(train("byte", long), long)
    assert [len(ids) for ids in made.first_ids] == [KEPT_TOKENS]
    assert len(made.documents) == 2
    tok = train("byte", long)
    assert make_baseline(tok, ["ab", "c"]).first_ids == tuple(tuple(tok.encode(text).ids) for text in ("ab", "c"))


@given(st.lists(st.integers(0, 2), max_size=4), st.lists(st.integers(0, 2), max_size=4))
def test_the_first_difference(one: list[int], other: list[int]) -> None:
    at = first_difference(one, other)
    if at is None:
        assert one == other
    else:
        assert one[:at] == other[:at]
        assert one[at : at + 1] != other[at : at + 1]


# --- the file --------------------------------------------------------------------------------------------------


def test_a_baseline_comes_back_from_its_file(bpe: Tokenizer, baseline: Baseline, tmp_path: Path) -> None:
    path = tmp_path / "new" / "baseline.json"
    kept = replace(baseline, max_drop={"tokens": "1%"})
    kept.save(path)
    assert Baseline.load(path) == kept
    assert check(bpe, CORPUS, baseline=path).passed
    before = path.read_bytes()
    assert not check(bpe, CORPUS, baseline=with_figure(kept, "tokens", 1.0)).passed
    assert path.read_bytes() == before
    baseline.save(path)
    assert Baseline.load(path) == baseline
    assert [entry.name for entry in path.parent.iterdir()] == ["baseline.json"]


def test_a_saved_tokenizer_is_named_by_its_folder(bpe: Tokenizer, baseline: Baseline, tmp_path: Path) -> None:
    bpe.save(tmp_path / "model")
    assert check(tmp_path / "model", CORPUS, baseline=baseline).passed
    assert make_baseline(tmp_path / "model", CORPUS).figures == baseline.figures


@pytest.mark.parametrize("algorithm", ["hf-bpe", "spm-unigram"])
def test_a_tokenizer_of_a_library(algorithm: str, tmp_path: Path) -> None:
    train(algorithm, CORPUS, vocab_size=340).save(tmp_path / "model")
    made = make_baseline(tmp_path / "model", CORPUS)
    assert set(made.versions) == {"toklab", "tokenizers" if algorithm == "hf-bpe" else "sentencepiece"}
    old = replace(made, versions={**made.versions, "toklab": "0.0.1"}, made_on="elsewhere")
    report = check(tmp_path / "model", CORPUS, baseline=old)
    assert report.passed
    assert report.versions[0] == f"toklab 0.0.1 then, {made.versions['toklab']} now"
    assert report.versions[1].startswith("elsewhere then, Python 3")


def test_no_other_file_is_ever_replaced(baseline: Baseline, tmp_path: Path) -> None:
    for name, content in (("tokenizer.json", '{"model": {}}'), ("text", "abc"), ("list.json", "[1]")):
        (tmp_path / name).write_text(content)
        with pytest.raises(UsageError, match="exists and is no baseline, so it is not replaced"):
            baseline.save(tmp_path / name)
        assert (tmp_path / name).read_text() == content
    with pytest.raises(OutputError):
        baseline.save(tmp_path / "text" / "baseline.json")


DAMAGE: list[Callable[[dict[str, Any]], object]] = [
    lambda content: content.pop("figures"),
    lambda content: content.pop("digest"),
    lambda content: content["figures"][0].pop("unit"),
    lambda content: content["figures"][0].update(value="much"),
    lambda content: content["figures"][0].update(better="up"),
    lambda content: content["figures"].append(content["figures"][0]),
    lambda content: content["tokens"].clear(),
    lambda content: content.update(documents=[]),
    lambda content: content.update(first_ids=[1]),
    lambda content: content.update(first_ids=["x"]),
    lambda content: content.update(max_drop={"tokns": "1%"}),
    lambda content: content.update(max_drop={"tokens": "much"}),
    lambda content: content.update(versions=None),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_baseline(baseline: Baseline, tmp_path: Path, damage: Callable[[dict[str, Any]], object]) -> None:
    path = tmp_path / "baseline.json"
    baseline.save(path)
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))
    with pytest.raises(FormatError, match="is a damaged baseline; make it again with --write-baseline"):
        Baseline.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"kind": "toklab determinism lock"}', "[" * 100_000, "\xff"])
def test_what_is_no_baseline(tmp_path: Path, content: str) -> None:
    (tmp_path / "b.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(FormatError, match="is no baseline"):
        Baseline.load(tmp_path / "b.json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file; make one with --write-baseline"):
        Baseline.load(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be read"):
        Baseline.load(tmp_path)
    (tmp_path / "b.json").write_text('{"kind": "toklab check baseline", "schema": 2}')
    with pytest.raises(FormatError, match="is a baseline of schema 2; this version reads 1"):
        Baseline.load(tmp_path / "b.json")


def test_a_baseline_is_of_one_text(bpe: Tokenizer, baseline: Baseline) -> None:
    with pytest.raises(InputError, match=f"the baseline is of the text english@{CORPUS.digest}, and this is"):
        check(bpe, english(9_000), baseline=baseline)
    with pytest.raises(FormatError, match="a damaged baseline: 1 digests of"):
        check(bpe, CORPUS, baseline=replace(baseline, documents=baseline.documents[:1]))


def test_a_metric_that_is_not_known_here(bpe: Tokenizer, baseline: Baseline) -> None:
    figures = (*baseline.figures, Kept("fertilty", 1.0, "share", "lower"))
    with pytest.raises(UnknownNameError, match="metric of the baseline 'fertilty'; did you mean 'fertility'"):
        check(bpe, CORPUS, baseline=replace(baseline, figures=figures))
    with pytest.raises(UnknownNameError, match="did you mean 'tokens'"):
        _ = check(bpe, CORPUS, baseline=baseline)["tokns"]


# --- what is shown ---------------------------------------------------------------------------------------------


def pairs(*rows: str) -> list[Token]:
    return [Token(None, row) for row in rows]


def test_tokens_side_by_side() -> None:
    left, right = [Token(5, " the"), Token(262, " harbour")], [Token(5, " the"), Token(17, " har"), Token(18, "bour")]
    assert render_token_pairs(left, right, 1).splitlines() == [
        "  baseline         now",
        "       5 ␣the           5 ␣the",
        ">    262 ␣harbour      17 ␣har",
        "                       18 bour",
    ]


def test_equal_tokens_meet_again() -> None:
    shown = render_token_pairs(pairs("ab", "c", "d", "e"), pairs("a", "b", "c", "d", "e"), 0, ("one", "other"))
    assert shown.splitlines() == ["  one  other", "> ab   a", "       b", "  c    c", "  d    d", "  e    e"]


def test_wide_and_unsafe_tokens_stay_in_their_columns() -> None:
    shown = render_token_pairs(pairs("日本", "\x1b[0m", "x"), pairs("日本", "y", "x"), 1, ("a", "b"))
    assert shown.splitlines() == ["  a        b", "  日本     日本", "> \\x1b[0m  y", "  x        x"]


def test_only_what_is_near_the_difference_is_shown() -> None:
    same, tail = [str(i) for i in range(100)], [f"t{i}" for i in range(100)]
    lines = render_token_pairs(pairs(*same, "a", *tail), pairs(*same, "b", "c", *tail), 100).splitlines()
    assert lines[1] == "  … 97 alike"
    assert lines[5].split() == [">", "a", "b"]
    assert len(lines) == 2 + 3 + 12 + 1
    assert lines[-1].split() == ["…", "90", "more", "…", "90", "more"]
    ends = render_token_pairs(pairs("a", "b"), pairs("a"), 1).splitlines()
    assert ends[-1] == "> b"


def test_the_table_of_what_fell(smaller: Tokenizer, baseline: Baseline) -> None:
    report = check(smaller, CORPUS, baseline=baseline, max_drop={"fertility": "any"})
    lines = render_check(report).splitlines()
    assert lines[0].startswith(f"bpe: FAILED: {len(report.fallen)} of ")
    assert lines[2].split() == ["metric", "│", "baseline", "now", "change", "allowed", "unit", "verdict"]
    fell, moved = lines.index("fell"), lines.index("moved")
    assert len(report.fallen) == moved - fell - 2
    row = next(line for line in lines[fell:moved] if line.startswith("tokens ↓"))
    assert row.split()[-3:] == ["0", "tokens", "worse"]
    assert next(line for line in lines[moved:] if line.startswith("fertility")).split()[-3:-1] == ["any", "tokens/word"]
    assert "\x1b" not in "".join(lines)
    assert "\x1b" in render_check(report, colour=True)
    assert max(map(len, render_check(report, 60).splitlines())) <= 60 or "document" in render_check(report, 60)


def test_figures_that_differ_look_different(bpe: Tokenizer, baseline: Baseline) -> None:
    now = next(figure.value for figure in baseline.figures if figure.metric == "entropy") or 0.0
    report = check(bpe, CORPUS, baseline=with_figure(baseline, "entropy", now * (1 + 1e-7)))
    row = next(line for line in render_check(report).splitlines() if line.startswith("entropy"))
    before, after = row.split("│")[1].split()[:2]
    assert before != after


def test_json_holds_it_all(smaller: Tokenizer, baseline: Baseline) -> None:
    facts = json.loads(json.dumps(check(smaller, CORPUS, baseline=baseline).to_dict(), allow_nan=False))
    assert (facts["schema"], facts["passed"], facts["tokenizer"]) == (1, False, "bpe")
    row = next(row for row in facts["rows"] if row["metric"] == "tokens")
    assert row["change"] == row["now"] - row["baseline"] > 0
    assert (row["fallen"], row["allowed"], row["verdict"], row["better"]) == (True, "0", "worse", "lower")
    first = facts["drift"]["first_document"]
    assert first["baseline"][first["token"]] != first["now"][first["token"]]
    assert facts["drift"]["vocabulary_changed"]
