"""One report of each kind, made when it is first asked for, and what damage may be done to its JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, TypeVar

from helpers import english
from hypothesis import strategies as st

from toklab.comparison import compare
from toklab.languages import LanguageFigures, LanguageReport, compare_languages
from toklab.report.reading import AnyReport
from toklab.results import Report
from toklab.retraining import DeterminismReport, determinism
from toklab.sweeping import SweepReport, sweep

T = TypeVar("T")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=3))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2))
LINES = {"en": ["the cat sat"] * 9, "el": ["η γάτα κάθισε"] * 9, "de": ["die Katze saß"] * 9}


def lab() -> DeterminismReport:
    """Every part of it: probes of two runs, verdicts, a census, resamples."""
    text = english(6_000)
    return determinism(text, ["bpe", "wordpiece-hf"], vocab_size=300, axes=("repeat", "tie-rule"), runs=2, resamples=2)


def languages() -> LanguageReport:
    """Two sizes and one of its own; one language failed for one contender, and one contender for all."""
    found = compare_languages(LINES, ["bpe", "byte"], vocab_size=[260, 262], held_out=0.3, resamples=20)
    first, second, *rest = found.results
    lost = (LanguageFigures("de", "Latin", error="no luck"), *first.languages[1:])
    second = replace(second, languages=(), scripts=(), cells=(), lorenz={}, worst=None, error="died")
    some = replace(first, languages=lost, cells=(), lorenz={}, worst=None)
    return replace(found, results=(some, second, *rest), temperature=float("inf"))


def sizes() -> SweepReport:
    """Two sizes of two contenders, one of which failed at one size."""
    found = sweep(english(6_000), ["bpe", "unigram"], vocab_size=[300, 400])
    [bpe, unigram] = found.curves
    gone = replace(unigram.points[1], result=replace(unigram.points[1].result, cells=(), error="died"))
    return replace(found, curves=(bpe, replace(unigram, points=(unigram.points[0], gone))))


@cache
def comparison() -> Report:
    """Three contenders at two sizes, one of which has its own; with verdicts, as if they had been trained again."""
    found = compare(english(6_000), ["bpe", "word", "byte"], vocab_size=[300, 400], resamples=20, probe=False)
    return replace(found, results=tuple(replace(result, determinism="exact") for result in found.results))


class Examples(Mapping[str, T]):
    """Makes each when it is looked at, once: collecting the tests trains nothing."""

    def __init__(self, makers: Mapping[str, Callable[[], T]]) -> None:
        self._makers = {name: cache(make) for name, make in makers.items()}

    def __getitem__(self, name: str) -> T:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def as_json(make: Callable[[], AnyReport]) -> Any:
    """A report's JSON object as it comes back from a file."""
    return json.loads(json.dumps(make().to_dict()))


COMPARISON = cache(partial(as_json, comparison))
REPORTS: Examples[AnyReport] = Examples({"lab": lab, "languages": languages, "sweep": sizes})
DATA: Examples[Any] = Examples({name: partial(as_json, partial(REPORTS.__getitem__, name)) for name in REPORTS})


def changed(whole: Any, path: tuple[str | int, ...], value: object) -> Any:
    """A copy that holds something else at one place."""
    data = copy.deepcopy(whole)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


def damaged(draw: Callable[[st.SearchStrategy[Any]], Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which one place of the tree holds something else, or is gone."""
    whole = dict(data)
    place: Any = whole
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not place[key] or not isinstance(place[key], dict | list) or draw(st.booleans()):
            break
        place[key] = copy.copy(place[key])
        place = place[key]
    if draw(st.booleans()):
        place[key] = draw(VALUES)
    else:
        del place[key]
    return whole
