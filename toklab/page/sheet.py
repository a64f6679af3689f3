"""A table of the page as its template takes it; the script makes every such table sort."""

from __future__ import annotations

from dataclasses import dataclass

from toklab.report.table import ARROWS

MARKS = {
    "best": ("●", "best"),
    "same": ("≈", "no significant difference from the best"),
    "odd": ("!", "not the size asked for: not ranked"),
    "unknown": ("?", "more than 1% of its bytes are unknown: low is no merit"),
}
"""By the name of a mark, its sign and what it means."""


@dataclass(frozen=True)
class Heading:
    """A column of the table.

    Parameters
    ----------
    name : as in the files and in the list of metrics
    group : which choice of the filter shows it
    overview : shown from the start
    better : ``"higher"``, ``"lower"`` or ``""``
    meaning : what the figure is, with its unit; nothing where its name says it
    """

    name: str
    group: str = ""
    overview: bool = True
    better: str = ""
    meaning: str = ""

    @property
    def arrow(self) -> str:
        """Up or down, where one is better."""
        return ARROWS[self.better]


@dataclass(frozen=True)
class Shown:
    """A cell of the table.

    Parameters
    ----------
    text : the figure
    order : by what it sorts; None sorts last
    interval : its 95% interval, or what else stands below it, or nothing
    mark : one of `MARKS`, or nothing
    """

    text: str
    order: float | None
    interval: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the table: a contender at a vocabulary size, with a cell for each heading, or an error.

    Parameters
    ----------
    tokenizer : or what else the rows are
    vocab_size : None in a table that has no sizes
    note : what is special about the size: it is the tokenizer's own, or that of a model that was loaded; or nothing
    chosen : the size is one that was asked for
    """

    tokenizer: str
    vocab_size: int | None
    note: str
    cells: tuple[Shown, ...]
    error: str | None = None
    chosen: bool = True


@dataclass(frozen=True)
class Sheet:
    """A table.

    Parameters
    ----------
    key : its id
    label : what it is, for those who hear the page
    corner : heading of the first column
    """

    key: str
    label: str
    corner: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]

    @property
    def sizes(self) -> bool:
        """Whether it has a column of vocabulary sizes."""
        return any(line.vocab_size is not None for line in self.lines)

    @property
    def marks(self) -> set[str]:
        """The marks that its legend has to tell of."""
        return {cell.mark for line in self.lines for cell in line.cells}
