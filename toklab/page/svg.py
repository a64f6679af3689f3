"""A figure as SVG that stands in a page: its own ids, the page's type, and colours that follow the page's ground."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from toklab.report import palette
from toklab.report.canvas import lay_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 72  # of an inch: the unit of an SVG that Matplotlib writes
SPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
# Colours of the pictures by their name in the style sheet, which has them for light and for dark grounds.
COLOURS = {
    "#000000": "var(--ink)",
    "#ffffff": "var(--ground)",
    "#555555": "var(--soft)",
    "#dddddd": "var(--line)",
    palette.BLUE.lower(): "var(--blue)",
    palette.VERMILION.lower(): "var(--vermilion)",
    palette.GREEN.lower(): "var(--green)",
    palette.PURPLE.lower(): "var(--purple)",
}
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_USED = re.compile(r"url\(#([^)]+)\)")
_FAMILY = re.compile(r" ?font-family:[^;]*;?")
_FONT = re.compile(r"font: ?(?P<weight>bold )?(?P<size>[\d.]+px)[^;]*")
_LONG = re.compile(r"\d+\.\d{3,}")
_SHAPES = ("d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "points", "transform", "viewBox")
_NO_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}


def take_title(figure: Figure) -> str:
    """The title of a figure, which the page sets as text; the figure loses it."""
    for part in (figure, *figure.subfigs):
        title = part.get_suptitle()
        if title:
            part.suptitle("")
            return title
    return ""


def inline(figure: Figure, name: str) -> Markup:
    """A figure as an ``svg`` element; equal figures give equal text.

    Parameters
    ----------
    name : what its ids begin with, so that two pictures of a page share none
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    canvas: Any = FigureCanvasSVG(figure)
    parts: list[Any] = [figure, *figure.subfigs, *figure.axes]
    for part in parts:
        part.patch.set_facecolor("none")
    # Text stays text; ids come from a salt and no date is written, so that equal figures are equal bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "toklab"}):
        lay_out(figure, POINTS)
        canvas.print_svg(buffer, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    root = ElementTree.fromstring(buffer.getvalue().decode("utf-8").translate(_NO_XML))
    return Markup(_serialise(_adapted(root, name)))


def _adapted(root: ElementTree.Element, name: str) -> ElementTree.Element:
    """Without size, style sheet and idle ids, which would reach beyond the picture."""
    root.set("style", f"--wide:{float(root.attrib.pop('width').removesuffix('pt')):.0f}px")
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-reading")
    root.set("id", name)
    for key in ("height", "version"):
        root.attrib.pop(key, None)
    used = {match for each in root.iter() for value in each.attrib.values() for match in _USED.findall(value)}
    used |= {each.attrib[LINK][1:] for each in root.iter() if each.get(LINK, "").startswith("#")}
    # Matplotlib's ids are hashes of places before they are rounded, where the last digits vary from run to run.
    found = [own for each in root.iter() if (own := each.get("id")) in used]
    names = {own: f"{name}-{place}" for place, own in enumerate(found)}
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SPACE}}}metadata", f"{{{SPACE}}}style"):
                parent.remove(child)
    for each in root.iter():
        if each is not root:
            _adapt(each, names)
    return root


def _adapt(each: ElementTree.Element, names: Mapping[str | None, str]) -> None:
    own = each.attrib.pop("id", None)
    if own in names:
        each.set("id", names[own])
    if LINK in each.attrib:
        each.set("href", f"#{names[each.attrib.pop(LINK)[1:]]}")
    for key, value in each.attrib.items():
        if key in _SHAPES:  # a hundredth of a point is finer than a screen
            value = _LONG.sub(lambda number: f"{float(number[0]):.2f}", value)
        else:
            value = _FONT.sub(_without_family, _FAMILY.sub("", _USED.sub(lambda use: f"url(#{names[use[1]]})", value)))
            value = _COLOUR.sub(lambda colour: COLOURS.get(colour[0], colour[0]), value)
        each.set(key, value)


def _without_family(font: re.Match[str]) -> str:
    return f"font-size: {font['size']}" + "; font-weight: 600" * bool(font["weight"])


def _serialise(root: ElementTree.Element) -> str:
    for each in root.iter():
        each.tag = each.tag.removeprefix(f"{{{SPACE}}}")
        each.tail = None
        if not (each.text or "").strip():
            each.text = None
    return ElementTree.tostring(root, encoding="unicode")
