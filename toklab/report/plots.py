"""A report as pictures, written as PNG files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toklab.files import write_all
from toklab.report.canvas import lay_out
from toklab.report.figures import FIGURES
from toklab.results import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

R = TypeVar("R")
DPI = 150


def write_plots(report: Report, folder: str | Path) -> list[Path]:
    """Draw bytes_per_token.png, tokens_per_document.png and rank_frequency.png.

    Contenders that failed are left out, and named in a note. A picture that would be empty is not written.
    Equal reports give equal files.

    Parameters
    ----------
    report : what was compared
    folder : made where it does not exist

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    OutputError
        The folder or a file cannot be written.
    """
    return write_all(folder, pictures(report, FIGURES))


def pictures(report: R, figures: Mapping[str, Callable[[R], Figure | None]]) -> dict[str, bytes]:
    """The contents of the pictures that there is something to draw for, by the names of their files."""
    with plain_style():
        drawn = {name: draw(report) for name, draw in figures.items()}
        return {name: png(figure) for name, figure in drawn.items() if figure is not None}


@contextmanager
def plain_style() -> Iterator[None]:
    """Matplotlib's own defaults, whatever the user's are, and names taken literally; put back afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "text.parse_math": False,  # a "$" in a name is no formula
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.titlelocation": "left",
                "axes.axisbelow": True,
                "axes.grid.which": "major",
                "grid.color": "#dddddd",
                "hatch.linewidth": 0.8,
            }
        )
        yield


def png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    lay_out(figure, DPI)
    # without the version of Matplotlib in it
    canvas.print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
