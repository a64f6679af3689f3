"""Segmentation side by side: the same held-out sentences, cut by every contender."""

from __future__ import annotations

from toklab.page.data import as_json, element
from toklab.page.frame import Findings, Section, fill
from toklab.results import Result
from toklab.sentences import RULE

SCRIPTS = ("tokens.js", "segmentation.js")


def segmentation_section(findings: Findings) -> Section | None:
    """One sentence at a time, with the tokens of every contender; the script draws them."""
    report = findings.report
    shown = [result for result in report.results if result.cuts is not None]
    if not (shown and report.sentences):
        return None
    data = {"sentences": report.sentences, "contenders": [_contender(result) for result in shown]}
    body = fill(
        "segmentation.html",
        sentences=report.sentences,
        sizes=sizes_of(shown),
        rule=RULE,
        data=element("sentences", as_json(data)),
    )
    return Section("segmentation", "Segmentation side by side", body, SCRIPTS, ("tokens.css",))


def sizes_of(results: list[Result]) -> list[int]:
    """The vocabulary sizes that a reader can choose from, ascending."""
    return sorted({result.vocab_size for result in results if result.sized})


def _contender(result: Result) -> dict[str, object]:
    assert result.cuts is not None
    return {
        "name": result.tokenizer,
        "size": result.vocab_size,
        "sized": result.sized,
        "cuts": [[row.ids.tolist(), *row.offsets.T.tolist()] for row in result.cuts],
    }
