"""What a comparison returns: frozen, and ready to print, plot or save."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toklab.cells import FIGURE, SCHEMA, Cell, Displayed, cell_of, frame, only, to_text
from toklab.metrics.pairs import Cutting
from toklab.types import Batch, FloatArray, IntArray, Tokenizer

if TYPE_CHECKING:
    import pandas as pd

    from toklab.ranking import Difference

__all__ = ["SCHEMA", "Cell", "Displayed", "Lead", "Pair", "Report", "Result"]

COLUMNS = ("tokenizer", "vocab_size", *FIGURE, "rank", "same_as_best")
PAIR_COLUMNS = ("tokenizer", "vocab_size", "other", "other_vocab_size", *FIGURE[:-1])
_NUMBERS = re.compile(r"\[\n\s*\d+(?:,\n\s*\d+)*\n\s*\]")


@dataclass(frozen=True)
class Result:
    """Everything measured of one tokenizer at one vocabulary size.

    Parameters
    ----------
    tokenizer : name of the contender
    vocab_size : vocabulary size asked for; the one obtained where the contender does not take one
    sized : the contender takes a vocabulary size (character and byte tokenizers, and models, have the size they have)
    cells : its figures, in the order of the metrics; empty where it failed
    lengths : (documents,) int64, tokens of each held-out document; ascending where it was read from JSON
    frequencies : (distinct ids,) int64, how often each emitted id occurs, most frequent first
    determinism : the probe's verdict in a few words; None where it was not probed
    seconds : training time in its own process, imports left out; None where it failed or was loaded
    peak_mb : most memory that its training held, in MB; None where there was none
    error : why it has no figures
    warnings : what a reader should know, such as a vocabulary smaller than asked for
    signature : what is needed to make the same figures again
    token_lengths : (longest + 1,) int64, how many emitted pieces have so many bytes, unknown tokens left out
    oov : what becomes of the words that training never saw, see `toklab.metrics.oov.oov_fates`
    cuts : the tokens of each of the report's sentences, with their bytes
    model : folder of the tokenizer, from where the report lies; None where it was not saved
    cutting : what pairs of tokenizers are compared by; None where it failed
    run : the tokenizer itself; None where it failed, or the result was read from JSON
    pretrained : it was loaded, not trained here, so it may have seen the held-out text
    ranked : it is ranked among the trained ones although it was loaded
    samples : (resamples,) float64 of each figure that has an interval, drawn alike for all tokenizers
    """

    tokenizer: str
    vocab_size: int
    sized: bool = True
    cells: tuple[Cell, ...] = ()
    lengths: IntArray | None = None
    frequencies: IntArray | None = None
    determinism: str | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    signature: str = ""
    token_lengths: IntArray | None = None
    oov: Mapping[str, int] | None = None
    cuts: Batch | None = field(default=None, repr=False, compare=False)
    model: str | None = None
    cutting: Cutting | None = field(default=None, repr=False, compare=False)
    run: Tokenizer | None = field(default=None, repr=False, compare=False)
    pretrained: bool = False
    ranked: bool = False
    samples: Mapping[str, FloatArray] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, metric: str) -> Cell:
        return cell_of(self.cells, metric)


@dataclass(frozen=True)
class Pair:
    """How alike two tokenizers of a comparison are; it does not matter which is the first.

    Parameters
    ----------
    tokenizer, vocab_size : name and vocabulary size of the first, as in its `Result`
    other, other_vocab_size : of the second
    cells : the figures of `toklab.metrics.pairs`, in their order
    """

    tokenizer: str
    vocab_size: int
    other: str
    other_vocab_size: int
    cells: tuple[Cell, ...]

    def __getitem__(self, metric: str) -> Cell:
        return cell_of(self.cells, metric)


@dataclass(frozen=True, slots=True)
class Lead:
    """By how much a metric is larger for one contender than for another of the same vocabulary size.

    Parameters
    ----------
    metric : name
    vocab_size : of both, as in their `Result`
    tokenizer, other : names
    value : figure of the first less that of the other, in the unit of the metric
    ci_low, ci_high : 95% interval of the paired bootstrap over documents; None where there is none
    """

    metric: str
    vocab_size: int
    tokenizer: str
    other: str
    value: float
    ci_low: float | None
    ci_high: float | None

    def turned(self) -> Lead:
        """The same difference, seen from the other."""
        low, high = (None if end is None else -end for end in (self.ci_high, self.ci_low))
        return Lead(self.metric, self.vocab_size, self.other, self.tokenizer, -self.value, low, high)


@dataclass(frozen=True)
class Report(Displayed):
    """A comparison: one result per contender and vocabulary size.

    Parameters
    ----------
    results : in the order of the contenders, sizes ascending
    signature : of the comparison as a whole
    corpus : facts about the texts: name, digest, documents and bytes of both parts
    warnings : what concerns the comparison as a whole
    pairs : every two contenders of the same vocabulary size; one with a size of its own is paired with all
    leads : in bytes per token, of every two contenders that take a vocabulary size, at the same size
    sentences : of the held-out text, those that the contenders cut most differently first
    """

    results: tuple[Result, ...]
    signature: str
    corpus: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    leads: tuple[Lead, ...] = ()
    sentences: tuple[str, ...] = ()

    def __getitem__(self, key: str | tuple[str, int]) -> Result:
        """``report["bpe"]``, or ``report["bpe", 8000]`` where several sizes were compared."""
        return only(self.results, key)

    def ranking(self, metric: str, vocab_size: int | None = None) -> tuple[tuple[str, ...], ...]:
        """Contenders in groups, the best first: each of a group is significantly better than each of a later one.

        Within a group the text cannot tell who is better. In no group are contenders that are not ranked: another
        size than asked for, too much text unknown or lost, or a figure that is undefined or has no interval. The
        groups are empty for a metric where neither way is better.

        Parameters
        ----------
        vocab_size : which, where several were compared

        Raises
        ------
        UnknownNameError
            No contender has the metric, or none has the size.
        UsageError
            Several sizes were compared and none is named.
        """
        from toklab.ranking import groups

        return groups(self, metric, vocab_size)

    def difference(self, first: str | tuple[str, int], second: str | tuple[str, int], metric: str) -> Difference | None:
        """How much larger a figure is of the first contender than of the second, and whether that is significant.

        Parameters
        ----------
        first, second : contenders, as for ``report[...]``

        Returns
        -------
        Difference
            None where one of the two figures is undefined or has no interval.

        Raises
        ------
        UnknownNameError
            No contender has the name, or none has the metric.
        UsageError
            The report was read from a file.
        """
        from toklab.ranking import difference

        return difference(self, self[first], self[second], metric)

    def rows(self) -> list[dict[str, Any]]:
        """Long form: one row per tokenizer, vocabulary size and metric."""
        return [
            {"tokenizer": result.tokenizer, "vocab_size": result.vocab_size, **cell.row(COLUMNS[2:])}
            for result in self.results
            for cell in result.cells
        ]

    def pair_rows(self) -> list[dict[str, Any]]:
        """Long form: one row per pair of contenders and figure."""
        return [
            {
                "tokenizer": pair.tokenizer,
                "vocab_size": pair.vocab_size,
                "other": pair.other,
                "other_vocab_size": pair.other_vocab_size,
                **cell.row(PAIR_COLUMNS[4:]),
            }
            for pair in self.pairs
            for cell in pair.cells
        ]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        return frame(self.rows(), COLUMNS, {"rank": "Int64", "same_as_best": "boolean"})

    def pairs_frame(self) -> pd.DataFrame:
        """The rows of `pair_rows` as a data frame."""
        return frame(self.pair_rows(), PAIR_COLUMNS, {})

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``--json`` and ``report.json``; a list of counts is two lists, without zeros."""
        from toklab.describing import describe

        return describe(self)

    def to_json(self) -> str:
        """`to_dict` as text, each list of numbers on one line."""
        # inside a string there is no line end, so only lists match
        return _NUMBERS.sub(
            lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), to_text(self.to_dict())
        )

    @staticmethod
    def from_dict(data: object) -> Report:
        """The report that `to_dict` wrote; what it holds for the eye of a machine only, `Result.cutting`, is None.

        Raises
        ------
        FormatError
            It is no such object; the message names the place.
        """
        from toklab.restoring import restore

        return restore(data)

    @staticmethod
    def from_json(text: str | bytes) -> Report:
        """`from_dict` of a text.

        Raises
        ------
        FormatError
            It is no JSON, or no such object.
        """
        from toklab.reading import parse
        from toklab.restoring import restore

        return restore(parse(text))
