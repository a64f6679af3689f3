"""From trained tokenizers to what each language costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from toklab.comparison import encode
from toklab.errors import ToklabError
from toklab.languages.findings import Fairness, LanguageFigures, ScriptMean
from toklab.languages.inequality import AcrossLanguages, gini, lorenz, mean
from toklab.languages.parallel import ParallelText
from toklab.measure import measure
from toklab.metrics import Ratio, Statistic
from toklab.results import Cell
from toklab.setting import Entry, Loading
from toklab.signature import render
from toklab.statistics import Bootstrap
from toklab.types import IntArray
from toklab.workshop import Fit

METRICS = ("tokens", "bytes_per_token", "fertility", "unk_rate", "unk_bytes", "fallback_rate", "vocab_obtained")
GROUP = "languages"
LanguageFits: TypeAlias = Mapping[str, Fit | ToklabError]


@dataclass(frozen=True, eq=False)
class Measured:
    """One language as one tokenizer sees it: tokens and UTF-8 bytes of each line, (d,) int64, and its figures."""

    lengths: IntArray
    sizes: IntArray
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Judge:
    """What all contenders are judged by.

    Parameters
    ----------
    reference : the language to which premiums are
    scripts : of each language
    test : the held-out lines
    bootstrap : of these lines, the same for all languages, so that they are resampled together
    facts : for the signatures
    """

    reference: str
    scripts: Mapping[str, str]
    test: ParallelText
    bootstrap: Bootstrap
    facts: Mapping[str, str]

    def __call__(self, entries: Sequence[Entry | Loading], fits: Sequence[LanguageFits]) -> tuple[Fairness, ...]:
        """The figures of each entry, whose languages are served by these trainings."""
        measured: list[dict[str, Measured | ToklabError]] = [{} for _ in entries]
        # Languages outside: the words of a text are found once for all tokenizers.
        for language in self.test.languages:
            for entry, serving, found in zip(entries, fits, measured, strict=True):
                found[language] = self._measure(language, entry, serving[language])
        return tuple(self._fairness(*each) for each in zip(entries, fits, measured, strict=True))

    def _measure(self, language: str, entry: Entry | Loading, fit: Fit | ToklabError) -> Measured | ToklabError:
        if isinstance(fit, ToklabError):
            return fit
        texts = tuple(self.test.texts[language].documents)
        try:
            encoded = encode(fit.tokenizer, texts, frozenset(), entry.vocab_size)
            cells = measure(encoded, self.bootstrap, METRICS)
        except ToklabError as error:
            return error
        return Measured(encoded.lengths, encoded.source.sizes, cells)

    def _fairness(
        self, entry: Entry | Loading, fits: LanguageFits, found: Mapping[str, Measured | ToklabError]
    ) -> Fairness:
        errors = [str(each) for each in found.values() if isinstance(each, ToklabError)]
        served = [fit for fit in fits.values() if isinstance(fit, Fit)]
        pretrained = isinstance(entry, Loading)
        if len(errors) == len(found) or not served:
            name = entry.contender.name
            return Fairness(name, entry.vocab_size, entry.sized, error=errors[0], pretrained=pretrained)
        trainings = {id(fit): fit for fit in served}.values()
        tokenizer = served[0].tokenizer
        languages = self._languages(found)
        lengths = {language: each for language, each in found.items() if isinstance(each, Measured)}
        cells, worst = ((), None) if errors else self._together(languages, lengths)
        return Fairness(
            tokenizer=entry.contender.name,
            vocab_size=entry.vocab_size if entry.sized else len(tokenizer.vocab),
            sized=entry.sized,
            languages=languages,
            scripts=self._scripts(lengths),
            cells=cells,
            lorenz={} if errors else _curves(lengths),
            worst=worst,
            seconds=None if pretrained else sum(fit.seconds for fit in trainings),
            warnings=_warnings(fits),
            signature=render({**tokenizer.signature, **self.facts}),
            pretrained=pretrained,
        )

    def _languages(self, found: Mapping[str, Measured | ToklabError]) -> tuple[LanguageFigures, ...]:
        reference = found[self.reference]
        figures = []
        for language, each in found.items():
            script = self.scripts[language]
            if isinstance(each, ToklabError):
                figures.append(LanguageFigures(language, script, error=str(each)))
                continue
            premium = Cell("premium", None, None, None, "ratio", "", GROUP)
            if isinstance(reference, Measured):
                premium = self._cell("premium", Ratio(each.lengths, reference.lengths), "ratio")
            figures.append(LanguageFigures(language, script, (premium, *each.cells)))
        return tuple(figures)

    def _together(
        self, languages: Sequence[LanguageFigures], found: Mapping[str, Measured]
    ) -> tuple[tuple[Cell, ...], str | None]:
        """The figures of all languages, and which is worst."""
        lengths = np.stack([each.lengths for each in found.values()])
        sizes = np.stack([each.sizes for each in found.values()])
        cells = [
            self._cell("gini_cost_per_line", AcrossLanguages(lengths, np.ones_like(lengths), gini), "share", "lower"),
            self._cell("gini_cost_per_byte", AcrossLanguages(lengths, sizes, gini), "share", "lower"),
        ]
        # max takes the first of several that are equal, and languages are in the order of their names.
        ranked = [figures for figures in languages if figures.premium is not None]
        if not ranked:
            return tuple(cells), None
        worst = max(ranked, key=lambda figures: figures.premium or 0.0)
        dearest = worst["premium"]
        cells.append(Cell("worst_premium", dearest.value, dearest.ci_low, dearest.ci_high, "ratio", "lower", GROUP))
        return tuple(cells), worst.language

    def _scripts(self, found: Mapping[str, Measured]) -> tuple[ScriptMean, ...]:
        if self.reference not in found:
            return ()
        below = found[self.reference].lengths
        means = []
        for script in sorted(set(self.scripts.values())):
            members = tuple(language for language in found if self.scripts[language] == script)
            if members:
                above = np.stack([found[language].lengths for language in members])
                statistic = AcrossLanguages(above, np.tile(below, (len(members), 1)), mean)
                means.append(ScriptMean(script, members, self._cell("mean_premium", statistic, "ratio")))
        return tuple(sorted(means, key=lambda group: (-(group.premium.value or 0.0), group.script)))

    def _cell(self, name: str, statistic: Statistic, unit: str, better: str = "") -> Cell:
        low, high = self.bootstrap.interval(statistic)
        return Cell(name, statistic.value(), low, high, unit, better, GROUP)


def _curves(found: Mapping[str, Measured]) -> dict[str, tuple[tuple[float, float], ...]]:
    tokens = [int(each.lengths.sum()) for each in found.values()]
    sizes = [int(each.sizes.sum()) for each in found.values()]
    return {
        "line": lorenz([float(count) for count in tokens]),
        "byte": lorenz([count / size for count, size in zip(tokens, sizes, strict=True)]),
    }


def _warnings(fits: LanguageFits) -> tuple[str, ...]:
    """What tokenizers have to say, with their languages where not all say it."""
    said: dict[str, list[str]] = {}
    for language, fit in fits.items():
        for warning in getattr(fit.tokenizer, "warnings", ()) if isinstance(fit, Fit) else ():
            said.setdefault(warning, []).append(language)
    return tuple(
        warning if len(speakers) == len(fits) else f"{', '.join(speakers)}: {warning}"
        for warning, speakers in said.items()
    )
