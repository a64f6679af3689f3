"""What an adaptation changed, as text for a terminal."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from toklab.adapting import Adaptation
from toklab.report.columns import MISSING
from toklab.report.terminal import to_string, visible, wrap
from toklab.results import Cell

SHOWN = 20


def render_adaptation(found: Adaptation, console_width: int | None = None, colour: bool = False) -> str:
    """Figures before and after, and the pieces that came and went, those with the most uses first.

    Parameters
    ----------
    console_width : columns of the terminal; None is 80
    colour : with escape codes for colour
    """
    rows = [("", "before", "after")]
    rows += [(old.metric, _figure(old), _figure(new)) for old, new in zip(found.before, found.after, strict=True)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(3)]
    lines = [
        Text.assemble((f"{name:<{widths[0]}}", "cyan"), f"  {old:>{widths[1]}}  {new:>{widths[2]}}")
        for name, old, new in rows
    ]
    added = sorted(found.added, key=lambda piece: (-piece.uses, piece.id))
    dropped = sorted(found.dropped, key=lambda piece: (-piece.uses, piece.id))
    width = console_width or 80
    for label, pieces in (("added", added), ("dropped", dropped)):
        if pieces:
            shown = " ".join(visible(repr(piece.text)) for piece in pieces[:SHOWN])
            more = f" and {len(pieces) - SHOWN:,} more" if len(pieces) > SHOWN else ""
            lines += [Text(), *map(Text, wrap(f"{label} {len(pieces):,}: {shown}{more}", width, "  "))]
    if found.moved:
        lines += [Text(), *map(Text, wrap(f"{len(found.moved):,} ids moved: see adaptation.json", width))]
    return to_string(lines, colour)


def _figure(cell: Cell) -> str:
    """A figure as it is best read: shares in percent, whole numbers whole, ± half of the interval."""
    if cell.value is None:
        return MISSING
    share = cell.unit == "share"
    digits = 0 if cell.unit in ("tokens", "pieces") else 2
    text = f"{cell.value * (100 if share else 1):,.{digits}f}" + "%" * share
    if cell.ci_low is None or cell.ci_high is None:
        return text
    half = (cell.ci_high - cell.ci_low) / 2 * (100 if share else 1)
    return f"{text} ±{half:,.{digits}f}"
