"""What a comparison over languages returns: frozen, and ready to print, plot or save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toklab.cells import FIGURE, SCHEMA, Cell, Displayed, cell_of, frame, only, to_text
from toklab.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

Curve = tuple[tuple[float, float], ...]
# Share of a language's bytes; above it a low premium is no merit, since unknown text costs next to nothing.
MOST_UNKNOWN = 0.01
COLUMNS = ("tokenizer", "vocab_size", "language", "script", *FIGURE)


@dataclass(frozen=True)
class LanguageFigures:
    """What one tokenizer makes of one language.

    Parameters
    ----------
    language, script : which, and what it is written in
    cells : its figures; empty where the training for this language failed
    error : why it has none
    """

    language: str
    script: str
    cells: tuple[Cell, ...] = ()
    error: str | None = None

    def __getitem__(self, metric: str) -> Cell:
        return cell_of(self.cells, metric)

    @property
    def premium(self) -> float | None:
        """Its premium to the reference language; None where it has none."""
        return None if self.error else self["premium"].value

    @property
    def bought(self) -> bool:
        """Whether too much of its text is unknown for the premium to mean what it says."""
        return not self.error and (self["unk_bytes"].value or 0.0) > MOST_UNKNOWN


@dataclass(frozen=True)
class ScriptMean:
    """The languages of one script: the mean of their premiums, every language counting the same."""

    script: str
    languages: tuple[str, ...]
    premium: Cell


@dataclass(frozen=True)
class Fairness:
    """Everything measured of one tokenizer, or of one per language where each was trained on its own.

    Parameters
    ----------
    tokenizer : name of the contender
    vocab_size : vocabulary size asked for; the one obtained where the contender does not take one
    sized : the contender takes a vocabulary size
    languages : by name
    scripts : by mean premium, dearest first
    cells : ``gini_cost_per_line``, ``gini_cost_per_byte``, ``worst_premium``; empty where a language failed
    lorenz : by ``"line"`` and ``"byte"``, the curve of the costs that the Gini coefficient sums up
    worst : the language of the largest premium, ties by name; None where there is no premium
    seconds : training time in processes of their own, summed over languages; None where it failed or was loaded
    error : why it has no figures at all
    warnings : what a reader should know, such as a vocabulary smaller than asked for
    signature : what is needed to make the same figures again
    pretrained : it was loaded, not trained here
    """

    tokenizer: str
    vocab_size: int
    sized: bool = True
    languages: tuple[LanguageFigures, ...] = ()
    scripts: tuple[ScriptMean, ...] = ()
    cells: tuple[Cell, ...] = ()
    lorenz: Mapping[str, Curve] = field(default_factory=dict)
    worst: str | None = None
    seconds: float | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    signature: str = ""
    pretrained: bool = False

    def __getitem__(self, name: str) -> LanguageFigures:
        """A language by name."""
        for figures in self.languages:
            if figures.language == name:
                return figures
        raise UnknownNameError("language", name, [figures.language for figures in self.languages])

    def figure(self, metric: str) -> Cell:
        """A figure of all languages together."""
        return cell_of(self.cells, metric)

    def rows(self) -> list[dict[str, Any]]:
        """One per figure: of each language, of each script (language None), of all (script None too)."""
        return [_row(self, language, script, cell) for language, script, cell in self._placed()]

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """Every figure, of each language, of each script, and of all."""
        return tuple(cell for _, _, cell in self._placed())

    def _placed(self) -> list[tuple[str | None, str | None, Cell]]:
        found: list[tuple[str | None, str | None, Cell]] = []
        for figures in self.languages:
            found += [(figures.language, figures.script, cell) for cell in figures.cells]
        found += [(None, group.script, group.premium) for group in self.scripts]
        found += [(self.worst if cell.metric == "worst_premium" else None, None, cell) for cell in self.cells]
        return found


@dataclass(frozen=True)
class LanguageReport(Displayed):
    """A comparison over languages: one result per contender and vocabulary size.

    Parameters
    ----------
    results : in the order of the contenders, sizes ascending
    reference : the language to which premiums are
    train : ``"joint"``, ``"monolingual"``, or name and digest of the text that was trained on
    temperature : τ of a joint training
    training : for each language of a joint or monolingual training, lines and bytes trained on
    signature : of the comparison as a whole
    corpus : facts about the parallel text
    warnings : what concerns the comparison as a whole
    """

    results: tuple[Fairness, ...]
    reference: str
    train: str
    temperature: float
    training: Mapping[str, Mapping[str, int]]
    signature: str
    corpus: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    def __getitem__(self, key: str | tuple[str, int]) -> Fairness:
        """``report["bpe"]``, or ``report["bpe", 8000]`` where several sizes were compared."""
        return only(self.results, key)

    def rows(self) -> list[dict[str, Any]]:
        """Long form: one row per tokenizer, vocabulary size, language and metric."""
        return [row for result in self.results for row in result.rows()]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        return frame(self.rows(), COLUMNS, {})

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json`` and ``languages.json``."""
        # JSON has no infinity
        temperature = self.temperature if self.temperature != float("inf") else "inf"
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "corpus": dict(self.corpus),
            "reference": self.reference,
            "train": self.train,
            "temperature": temperature,
            "training": {language: dict(facts) for language, facts in self.training.items()},
            "warnings": list(self.warnings),
            "contenders": [_contender(result) for result in self.results],
            "groups": {cell.metric: cell.group for result in self.results for cell in result.all_cells},
            "rows": self.rows(),
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return to_text(self.to_dict())

    @staticmethod
    def from_dict(data: object) -> LanguageReport:
        """The report that `to_dict` wrote.

        Raises
        ------
        FormatError
            It is no such object; the message names the place.
        """
        from toklab.languages.restoring import restore

        return restore(data)


def _contender(result: Fairness) -> dict[str, Any]:
    """What the rows do not say of a contender."""
    return {
        "tokenizer": result.tokenizer,
        "vocab_size": result.vocab_size,
        "sized": result.sized,
        "pretrained": result.pretrained,
        "worst": result.worst,
        "bought_by_unknown": [figures.language for figures in result.languages if figures.bought],
        "languages": {figures.language: figures.script for figures in result.languages},
        "scripts": {group.script: list(group.languages) for group in result.scripts},
        "lorenz": {cost: [list(point) for point in curve] for cost, curve in result.lorenz.items()},
        "train_seconds": result.seconds,
        "error": result.error,
        "errors": {figures.language: figures.error for figures in result.languages if figures.error},
        "warnings": list(result.warnings),
        "signature": result.signature,
    }


def _row(result: Fairness, language: str | None, script: str | None, cell: Cell) -> dict[str, Any]:
    place = {"tokenizer": result.tokenizer, "vocab_size": result.vocab_size, "language": language, "script": script}
    return place | cell.row()
