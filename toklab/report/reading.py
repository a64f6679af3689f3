"""A report of any kind from its JSON, as the commands write it; what is in it tells which kind it is."""

from __future__ import annotations

from collections.abc import Callable

from toklab.errors import FormatError
from toklab.languages import LanguageReport
from toklab.reading import parse
from toklab.results import Report
from toklab.retraining import DeterminismReport
from toklab.sweeping import SweepReport

AnyReport = Report | DeterminismReport | LanguageReport | SweepReport

# The first key of these that a file has tells its kind: a comparison of languages has contenders too.
KINDS: dict[str, Callable[[object], AnyReport]] = {
    "verdicts": DeterminismReport.from_dict,
    "reference": LanguageReport.from_dict,
    "curves": SweepReport.from_dict,
    "contenders": Report.from_dict,
}


def read_report(content: str | bytes) -> AnyReport:
    """The report that a JSON file of compare, compare --parallel, determinism or sweep holds.

    Raises
    ------
    FormatError
        It holds none of these; the message names the place where it fails.
    """
    data = parse(content)
    if not isinstance(data, dict):
        raise FormatError("no report: not a JSON object")
    for key, restore in KINDS.items():
        if key in data:
            return restore(data)
    raise FormatError("no report of compare, determinism or sweep: it has no contenders, verdicts or curves")
