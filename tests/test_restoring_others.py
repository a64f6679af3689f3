"""From the JSON of the lab, of languages and of a sweep back to their reports: nothing lost, nothing trusted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from example_reports import DATA, REPORTS, VALUES, changed, damaged
from hypothesis import given
from hypothesis import strategies as st

from toklab.errors import FormatError
from toklab.languages import LanguageReport
from toklab.report.reading import AnyReport, read_report
from toklab.results import Report
from toklab.retraining import DeterminismReport
from toklab.sweeping import SweepReport


@pytest.mark.parametrize("name", REPORTS)
def test_it_comes_back(name: str) -> None:
    report, data = REPORTS[name], DATA[name]
    again = read_report(json.dumps(data))
    assert type(again) is type(report)
    assert again.to_dict() == report.to_dict()
    if isinstance(report, DeterminismReport) and isinstance(again, DeterminismReport):
        assert (again.probes, again.verdicts, again.stabilities) == (report.probes, report.verdicts, report.stabilities)
        assert report.stabilities[0].least == again.stabilities[0].least != ()
    elif isinstance(report, LanguageReport):
        assert again == report
    elif isinstance(report, SweepReport) and isinstance(again, SweepReport):
        for old, new in zip(report.curves, again.curves, strict=True):
            assert (old.knee, old.balance) == (new.knee, new.balance)
            assert [p.result.cells for p in old.points] == [p.result.cells for p in new.points]
            assert [p.result.error for p in old.points] == [p.result.error for p in new.points]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not a JSON object"),
        ("{}", "no contenders, verdicts or curves"),
        ("{", "no JSON"),
        ('{"schema": 2, "verdicts": []}', "no verdicts of schema 1"),
        ('{"schema": 1, "curves": 3}', r"worth|curves"),
    ],
)
def test_what_is_no_report(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_report(text)


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        ("lab", ("rows", 0, "runs"), "3", r"rows\[0\]\.runs is not a whole number"),
        ("lab", ("rows", 0, "same_ids"), 1, r"rows\[0\]\.same_ids is not true or false"),
        ("lab", ("verdicts", 0, "grade"), "D", r"verdicts\[0\]\.grade is not a grade"),
        ("lab", ("ties", 0, "tied"), [1], r"ties\[0\]\.counts is not as long"),
        ("lab", ("stability", 0, "pieces", 0, "surface"), "0g", r"pieces\[0\]\.surface is not bytes"),
        ("languages", ("reference",), 3, "reference is not a text"),
        (
            "languages",
            ("rows", -1, "tokenizer"),
            "nobody",
            r"contenders\[2\]\.tokenizer is not a contender with its figures",
        ),
        ("languages", ("rows", 1, "language"), "xx", "rows of 'xx', which is no language of 'bpe'"),
        ("languages", ("contenders", 0, "scripts"), {}, r"contenders\[0\]\.scripts are not the scripts of the rows"),
        ("languages", ("contenders", 2, "lorenz", "line"), [[0, 2]], "not a list of points between 0 and 1"),
        ("languages", ("contenders", 2, "lorenz", "line"), [[0]], "line is not a list of points"),
        ("languages", ("contenders", 2, "languages", "xx"), "Latin", "xx is not a language with its figures"),
        ("languages", ("training", "en", "lines"), -1, r"training\.en\.lines is not a whole number"),
        ("sweep", ("worth",), None, "worth is not a number"),
        ("sweep", ("curves", 0, "points", 0, "origin"), "stolen", "origin is not trained or truncated"),
        ("sweep", ("curves", 1, "points", 1, "error"), None, "vocab_size is not a size with its figures"),
        ("sweep", ("rows", 1, "vocab_size"), 7, "rows of 'bpe', which is no contender at that size"),
    ],
)
def test_the_message_names_the_place(name: str, path: tuple[str | int, ...], value: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_report(json.dumps(changed(DATA[name], path, value)))


FROM: dict[str, Callable[[object], AnyReport]] = {
    "lab": DeterminismReport.from_dict,
    "languages": LanguageReport.from_dict,
    "sweep": SweepReport.from_dict,
    "comparison": Report.from_dict,
}


@given(st.sampled_from(sorted(DATA)), st.data())
def test_anything_is_a_report_or_an_error(name: str, data: st.DataObject) -> None:
    """What is restored can be written."""
    whole = damaged(data.draw, DATA[name])
    with contextlib.suppress(FormatError):
        json.dumps(FROM[name](whole).to_dict(), allow_nan=False)


@given(st.sampled_from(sorted(FROM)), st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2), max_leaves=3))
def test_no_object_at_all(name: str, value: object) -> None:
    with pytest.raises(FormatError):
        FROM[name](value)
