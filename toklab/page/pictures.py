"""The pictures of the page, each with what it shows in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from toklab.page.frame import Findings, Section, fill
from toklab.page.svg import inline, take_title
from toklab.report import figures, heatmaps, lab_plots, language_files, parts, sweep_plots
from toklab.report.plots import plain_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One picture as the page holds it.

    Parameters
    ----------
    number : its place, for ids
    title : its heading
    reading : how to read it, one sentence
    svg : the drawing
    """

    number: int
    title: str
    reading: str
    svg: Markup


def _over_sizes(name: str) -> Callable[[Findings], Figure | None]:
    draw = sweep_plots.FIGURES[name]
    return lambda findings: None if findings.sweep is None else draw(findings.sweep)


BAND = "A band is the 95% interval over documents."
DRAWN: tuple[tuple[str, Callable[[Findings], Figure | None], str], ...] = (
    ("Size and length", _over_sizes("bytes_per_token.png"), f"{BAND} The ring is the knee."),
    (
        "What a piece saves",
        _over_sizes("saved_per_piece.png"),
        f"{BAND} Both axes are logarithmic, but for what lies between -1 and 1.",
    ),
    ("Words that training never saw", _over_sizes("oov.png"), BAND),
    ("Size and predictability", _over_sizes("bits_per_byte.png"), BAND),
    (
        "Bytes per token",
        lambda findings: figures.bytes_per_token(findings.report),
        "The thin line is the 95% interval over documents.",
    ),
    (
        "Length of the sequences",
        lambda findings: figures.tokens_per_document(findings.report),
        "A box holds the middle half of the held-out documents, its line the median, its arms 5% to 95% of them.",
    ),
    (
        "Length of the tokens",
        lambda findings: parts.token_lengths(findings.report),
        "Emitted pieces by their bytes, unknown tokens left out; a bar with an arrow goes on to the share beside it.",
    ),
    (
        "Rank and frequency",
        lambda findings: figures.rank_frequency(findings.report),
        "Each line is one contender; both axes are logarithmic.",
    ),
    (
        "Unseen words",
        lambda findings: parts.oov_words(findings.report),
        "Every held-out word that training never saw counts once, by the worst that happens to it.",
    ),
    (
        "Agreement of boundaries",
        lambda findings: heatmaps.boundary_agreement(findings.report),
        "100: both cut the held-out text at the same places.",
    ),
    (
        "Overlap of the vocabularies",
        lambda findings: heatmaps.vocab_jaccard(findings.report),
        "100: both vocabularies hold the same texts (Jaccard).",
    ),
    (
        "Determinism",
        lambda findings: heatmaps.verdicts(findings.report, findings.lab),
        "Trained again with another hash seed and order of documents, or by each axis of the determinism lab.",
    ),
    (
        "Ties",
        lambda findings: None if findings.lab is None else lab_plots.ties(findings.lab.censuses),
        "A merge at 0 was a tie: only the tie rule decided it.",
    ),
    (
        "Growth of the text",
        lambda findings: None if findings.lab is None else lab_plots.growth(findings.lab.stabilities),
        "Each point is a training on a part of the documents, held against that on all of them.",
    ),
    ("Cost of training", lambda findings: parts.training_time(findings.report), "Measured once; times vary."),
    (
        "Language premiums",
        lambda findings: None if findings.languages is None else language_files.premiums(findings.languages),
        "What the same lines cost in each language, as a multiple of the reference.",
    ),
    (
        "Inequality of languages",
        lambda findings: None if findings.languages is None else language_files.lorenz_curves(findings.languages),
        "The diagonal is equal cost for all languages.",
    ),
)


def pictures_section(findings: Findings) -> Section | None:
    """Every picture that there is something to draw for."""
    with plain_style():
        pictures = list(_draw(findings))
    if not pictures:
        return None
    return Section("pictures", "Pictures", fill("pictures.html", pictures=pictures))


def _draw(findings: Findings) -> Iterator[Picture]:
    for number, (title, draw, reading) in enumerate(DRAWN):
        figure = draw(findings)
        if figure is not None:
            what = take_title(figure)
            yield Picture(number, title, f"{what}. {reading}", inline(figure, f"picture{number}"))
