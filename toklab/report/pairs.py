"""How alike the contenders of a comparison are, as matrices for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from toklab.report.columns import MISSING, show_share
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import wrapped
from toklab.report.terminal import to_string, visible
from toklab.results import Pair, Report, Result

BELOW, ABOVE = "boundary_agreement", "vocab_jaccard"
MEANING = (
    "below the diagonal, boundary agreement: places in the held-out text that both cut ÷ places that either cuts; "
    "above it, Jaccard of the vocabularies: texts that are pieces of both ÷ pieces of either. word_agreement, "
    "vocab_overlap and the intervals are in the JSON."
)
Key = tuple[str, int]


def render_pairs(report: Report, console_width: int | None = None, colour: bool = False) -> str:
    """A matrix for each vocabulary size; contenders with a size of their own are in each of them.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is as wide as the matrix needs
    colour : with escape codes for colour
    """
    pairs = both_ways(report.pairs)
    lines: list[Text] = []
    for size, results in groups(report.results):
        title = "pairs" if size is None else f"pairs at vocabulary size {size:,}"
        lines += [Text(title, style="bold"), *_matrix(results, pairs).draw(console_width), Text()]
    if not lines:
        return to_string([Text("no two contenders to compare with each other")], colour)
    return to_string([*lines, *wrapped(MEANING, console_width, "dim")], colour)


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


def _matrix(results: Sequence[Result], pairs: Mapping[tuple[Key, Key], Pair]) -> Grid:
    keys = [(result.tokenizer, result.vocab_size) for result in results]
    entries = []
    for row, mine in enumerate(keys):
        cells = [
            Text("·", style="dim")
            if row == column
            else _cell(pairs.get((mine, other)), BELOW if column < row else ABOVE)
            for column, other in enumerate(keys)
        ]
        entries.append(Entry(f"{row + 1:>2} {visible(mine[0])}", tuple(cells)))
    heads = tuple(Head("", (str(column + 1),)) for column in range(len(keys)))
    return Grid("tokenizer", heads, (("", tuple(entries)),))


def _cell(pair: Pair | None, metric: str) -> Text:
    value = None if pair is None else pair[metric].value
    return Text(MISSING if value is None else show_share(value, 1))
