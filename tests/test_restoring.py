"""From report.json back to the report: nothing lost, nothing trusted."""

from __future__ import annotations

import contextlib
import copy
import json
import math

import numpy as np
import pytest
from example_reports import COMPARISON, changed, comparison, damaged
from hypothesis import given
from hypothesis import strategies as st

from toklab.errors import FormatError
from toklab.results import Report


def test_it_comes_back() -> None:
    again = Report.from_json(comparison().to_json())
    assert again.to_json() == comparison().to_json()
    assert again.rows() == comparison().rows()
    assert again.leads == comparison().leads
    assert again.pairs == comparison().pairs
    for old, new in zip(comparison().results, again.results, strict=True):
        assert old.cells == new.cells  # with their groups
        assert old.lengths is not None
        assert new.lengths is not None
        assert np.array_equal(np.sort(old.lengths), new.lengths)
        for name in ("frequencies", "token_lengths"):
            assert np.array_equal(getattr(old, name), getattr(new, name))
        assert (old.oov, old.seconds, old.determinism) == (new.oov, new.seconds, new.determinism)


def test_counts_are_those_of_the_tokens() -> None:
    for result in comparison().results:
        assert result.token_lengths is not None
        known = (result["tokens"].value or 0.0) * (1 - (result["unk_rate"].value or 0.0))
        assert result.token_lengths.sum() == pytest.approx(known)
        mean = (result.token_lengths * np.arange(len(result.token_lengths))).sum() / result.token_lengths.sum()
        assert mean == pytest.approx(result["token_length_mean"].value)


def test_lists_of_numbers_stand_on_one_line() -> None:
    text = comparison().to_json()
    assert json.loads(text) == comparison().to_dict()
    assert '    "tokens": [' in text
    assert not any(line.strip().rstrip(",").isdigit() for line in text.splitlines())


def test_a_file_of_an_earlier_version_is_read() -> None:
    old = copy.deepcopy(COMPARISON())
    del old["groups"], old["leads"], old["pairs"]
    for each in old["contenders"]:
        for name in ("lengths", "frequencies", "token_lengths", "oov"):
            del each[name]
    found = Report.from_dict(old)
    assert found.rows() == comparison().rows()
    assert found.results[0].lengths is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ('{"schema": NaN}', "NaN is no number"),
        ("[" * 100_000, "no JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no contenders of schema 1"),
        (b"\xff", "no JSON"),
        ('{"schema": 2, "contenders": []}', "no contenders of schema 1"),
    ],
)
def test_what_is_no_report(text: str | bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Report.from_json(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("signature",), None, "signature is not a text"),
        (("warnings",), [1], "warnings is not a list of texts"),
        (("corpus", "bytes"), [], r"corpus\.bytes is not a text or a number"),
        (("rows", 0, "value"), "3", r"rows\[0\]\.value is not a number"),
        (("rows", 0, "ci_low"), math.inf, r"rows\[0\]\.ci_low is not a number"),
        (("rows", 0, "better"), "up", r"rows\[0\]\.better is not higher, lower or empty"),
        (("rows", 0, "tokenizer"), "nobody", "rows of 'nobody', which is no contender"),
        (("contenders", 1, "sized"), 1, r"contenders\[1\]\.sized is not true or false"),
        (("contenders", 1, "vocab_size"), -1, r"contenders\[1\]\.vocab_size is not a whole number"),
        (("contenders", 0, "oov", "whole"), True, r"contenders\[0\]\.oov\.whole is not a whole number"),
        (("contenders", 0, "lengths", "tokens"), [2, 3, 4], "not two lists of one length"),
        (("contenders", 0, "lengths"), {"tokens": [1], "documents": [10**12]}, "not a list of whole numbers"),
        (("contenders", 0, "lengths"), {"tokens": [1, 2], "documents": [10**8, 10**8]}, "not two lists"),
        (("contenders", 0, "lengths"), {"tokens": [2, 1], "documents": [1, 1]}, "the first ascending"),
        (("groups", "tokens"), 3, r"groups\.tokens is not a text"),
        (("leads", 0, "value"), None, r"leads\[0\]\.value is not a number"),
    ],
)
def test_the_message_names_the_place(path: tuple[str | int, ...], value: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Report.from_dict(changed(COMPARISON(), path, value))


@given(st.data())
def test_anything_is_a_report_or_an_error(data: st.DataObject) -> None:
    whole = damaged(data.draw, COMPARISON())
    with contextlib.suppress(FormatError):
        json.loads(Report.from_dict(whole).to_json())
