"""How alike the contenders of a comparison are, as matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from toklab.report.columns import MISSING, show_share
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import wrapped
from toklab.report.terminal import to_string, visible
from toklab.results import Pair, Report, Result

DIAGONAL = "·"
BELOW, ABOVE = "boundary_agreement", "vocab_jaccard"
MEANING = (
    "below the diagonal, boundary agreement: places in the held-out text that both cut ÷ places that either cuts; "
    "above it, Jaccard of the vocabularies: texts that are pieces of both ÷ pieces of either. word_agreement, "
    "vocab_overlap and the intervals are in the JSON, and in pairs.csv of --output."
)
Key = tuple[str, int]


@dataclass(frozen=True)
class Matrix:
    """Contenders that are all compared with each other.

    Parameters
    ----------
    title : what it is of
    names : of the contenders
    cells : (n, n) figures as they are shown: `BELOW` under the diagonal, `ABOVE` over it, ``·`` on it
    """

    title: str
    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def render_pairs(report: Report, console_width: int | None = None, colour: bool = False) -> str:
    """A matrix for each vocabulary size; contenders with a size of their own are in each of them.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the matrix needs
    colour : with escape codes for colour
    """
    lines: list[Text] = []
    for matrix in matrices(report):
        lines += [Text(matrix.title, style="bold"), *_grid(matrix).draw(console_width), Text()]
    if not lines:
        return to_string([Text("no two contenders to compare with each other")], colour)
    return to_string([*lines, *wrapped(MEANING, console_width, "dim")], colour)


def matrices(report: Report) -> list[Matrix]:
    """One for each vocabulary size that has two contenders or more."""
    pairs = both_ways(report.pairs)
    found = []
    for size, results in groups(report.results):
        keys = [(result.tokenizer, result.vocab_size) for result in results]
        cells = tuple(
            tuple(
                DIAGONAL if row == column else _shown(pairs.get((mine, other)), BELOW if column < row else ABOVE)
                for column, other in enumerate(keys)
            )
            for row, mine in enumerate(keys)
        )
        title = "pairs" if size is None else f"pairs at vocabulary size {size:,}"
        found.append(Matrix(title, tuple(name for name, _ in keys), cells))
    return found


def both_ways(pairs: Sequence[Pair]) -> dict[tuple[Key, Key], Pair]:
    """Every pair by the name and size of the first and of the second, whichever is the first."""
    return {
        key: pair
        for pair in pairs
        for one, two in [((pair.tokenizer, pair.vocab_size), (pair.other, pair.other_vocab_size))]
        for key in ((one, two), (two, one))
    }


def groups(results: Sequence[Result]) -> list[tuple[int | None, list[Result]]]:
    """Contenders that are all compared with each other, two or more, by vocabulary size."""
    judged = [result for result in results if result.error is None]
    sizes: list[int | None] = [*dict.fromkeys(result.vocab_size for result in judged if result.sized)]
    found = [(size, [r for r in judged if not r.sized or r.vocab_size == size]) for size in sizes or [None]]
    return [(size, group) for size, group in found if len(group) > 1]


def _grid(matrix: Matrix) -> Grid:
    entries = tuple(
        Entry(f"{row:>2} {visible(name)}", tuple(Text(text, style="dim" * (text == DIAGONAL)) for text in cells))
        for row, (name, cells) in enumerate(zip(matrix.names, matrix.cells, strict=True), 1)
    )
    heads = tuple(Head("", (str(column),)) for column in range(1, len(matrix.names) + 1))
    return Grid("tokenizer", heads, (("", entries),))


def _shown(pair: Pair | None, metric: str) -> str:
    value = None if pair is None else pair[metric].value
    return MISSING if value is None else show_share(value, 1)
