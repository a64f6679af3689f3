"""The answer of the page: who is best, who is as good, who is passed over, and what is not claimed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from helpers import english
from invented_reports import cell

from toklab.comparison import compare
from toklab.measure import measure_leads
from toklab.page.answer import Answer, answers, interval
from toklab.page.page import render_page
from toklab.results import Lead, Report, Result
from toklab.statistics import Bootstrap

Gap = tuple[str, str, float, float, float]


def result(name: str, ratio: float, *, unknown: float = 0.0, changed: float = 0.0, obtained: int = 900) -> Result:
    figures = {"vocab_obtained": obtained, "bytes_per_token": ratio, "unk_bytes": unknown, "round_trip_cer": changed}
    cells = tuple(cell(metric, float(value)) for metric, value in figures.items())
    return Result(name, 900, cells=cells, seconds=ratio, determinism="exact")


def answer(results: Sequence[Result], gaps: Sequence[Gap] = ()) -> Answer:
    leads = tuple(Lead("bytes_per_token", 900, *gap) for gap in gaps)
    [found] = answers(Report(tuple(results), "", leads=leads))
    return found


def names(results: Sequence[Result]) -> list[str]:
    return [each.tokenizer for each in results]


def sentence(report: Report) -> str:
    found = re.search(r'<p class="answer">(.*?)</p>', render_page(report), re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", "", found[1]).split())


A, B, C = result("a", 3.0), result("b", 2.9), result("c", 2.5)


def test_the_best_leads_the_next_by_their_difference() -> None:
    found = answer([C, A, B], [("b", "a", -0.1, -0.15, -0.05), ("a", "c", 0.5, 0.4, 0.6), ("b", "c", 0.4, 0.3, 0.5)])
    assert names(found.best) == ["a"]
    assert found.next == Lead("bytes_per_token", 900, "a", "b", 0.1, 0.05, 0.15)
    assert found.tested


def test_an_interval_that_holds_0_is_no_difference() -> None:
    found = answer([A, B, C], [("a", "b", 0.1, -0.01, 0.2), ("a", "c", 0.5, 0.4, 0.6)])
    assert names(found.best) == ["a", "b"]
    assert found.next is not None
    assert found.next.other == "c"
    assert found.fastest is B  # the seconds are the ratios here
    assert found.moved == ()


def test_what_loses_text_or_has_another_size_is_passed_over() -> None:
    lossy = [result("unknown", 9, unknown=0.02), result("changed", 8, changed=0.02), result("small", 7, obtained=899)]
    found = answer([*lossy, C])
    assert names(found.best) == ["c"]
    assert names(found.lossy) == ["unknown", "changed"]
    assert answer(lossy).best == ()


def test_without_differences_nothing_is_claimed() -> None:
    report = Report((A, B), "")
    assert not answers(report)[0].tested
    assert (
        sentence(report) == "a has the most bytes per token, 3.00; whether that differs from the others was not tested."
    )


@pytest.mark.parametrize(
    ("results", "gaps", "wanted"),
    [
        (
            [A, C],
            [("a", "c", 0.5, 0.4, 0.6)],
            "a serves this corpus best: 3.00 bytes per token, 0.50 more (20.0%; 95% interval 0.40 to 0.60) than c, "
            "the next.",
        ),
        (
            [A, B],
            [("a", "b", 0.1, -0.1, 0.3)],
            "a and b serve this corpus best and cannot be told apart: 2.90 to 3.00 bytes per token. Of these, b "
            "trained fastest.",
        ),
        ([A], [], "a is the only contender that can be ranked: 3.00 bytes per token."),
        (
            [replace(A, sized=False)],
            [],
            "No contender can be ranked: none has exactly the vocabulary size asked for.",
        ),
        ([result("x", 2, unknown=0.5)], [], "No contender keeps the text: there is nothing to rank."),
    ],
)
def test_in_words(results: list[Result], gaps: list[Gap], wanted: str) -> None:
    leads = tuple(Lead("bytes_per_token", 900, *gap) for gap in gaps)
    assert sentence(Report(tuple(results), "", leads=leads)) == wanted


def test_an_interval_is_never_rounded_to_0() -> None:
    assert interval(Lead("m", 1, "a", "b", 0.1, 0.05, 0.15)) == "0.05 to 0.15"
    assert interval(Lead("m", 1, "a", "b", 0.1, 0.0004, 0.2)) == "0.0004 to 0.2000"
    assert interval(Lead("m", 1, "a", "b", 0.1, None, None)) == "no interval"


def test_differences_are_those_of_the_paired_bootstrap() -> None:
    report = compare(english(8_000), ["bpe", "wordpiece-hf", "byte"], vocab_size=[300, 400], resamples=50, probe=False)
    assert [(d.tokenizer, d.other, d.vocab_size) for d in report.leads] == [
        ("bpe", "wordpiece-hf", 300),
        ("bpe", "wordpiece-hf", 400),
    ]
    bootstrap = Bootstrap(report.corpus["test_documents"], 50, 0)
    assert measure_leads(report.results) == report.leads
    from toklab.metrics import Ratio

    for size, found in zip((300, 400), report.leads, strict=True):
        first, second = (
            Ratio(r.cutting.source.sizes, r.lengths)
            for r in (report["bpe", size], report["wordpiece-hf", size])
            if r.cutting is not None and r.lengths is not None
        )
        assert (found.value, found.ci_low, found.ci_high) == bootstrap.difference(first, second)
        assert found.turned().turned() == found
