"""Text for a terminal: safe to print, never cut off, with or without colour."""

from __future__ import annotations

import io
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# light grounds below black text; neighbours differ in brightness too, which every kind of colour vision sees
_GROUNDS = ("on #8ecae6", "on #ffe08a", "on #7fd1ae", "on #f7c6dd")


def visible(text: str) -> str:
    """Text with control and invisible format characters (ESC, newline, bidi controls) shown as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def show(value: object) -> str:
    """A fact for people: whole numbers with thousands separators, control characters escaped."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return visible(f"{value:,.3g}" if isinstance(value, float) else str(value))


def wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    """Lines of at most ``width`` columns, no word cut; one line where the width is None."""
    if width is None:
        return [text]
    lines = textwrap.wrap(
        text, max(width, 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return lines or [""]


def to_string(lines: Sequence[Text], colour: bool) -> str:
    """Lines as one string that ends with a newline; escape codes only with colour."""
    for line in lines:
        line.rstrip()
    if not colour:
        return "".join(f"{line.plain}\n" for line in lines)
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
        width=80,
    )
    with console.capture() as capture:
        for line in lines:
            console.print(line, soft_wrap=True, highlight=False)
    return capture.get()


def render_tokens(pieces: Sequence[str | bytes], colour: bool = False) -> str:
    """Tokens of a text on one line, told apart by their ground, or by ``·`` without colour.

    Parameters
    ----------
    pieces : the text that each token covers; bytes where it may be no whole character
    colour : with escape codes for colour

    Returns
    -------
    str
        A space is shown as ``␣``, a byte of a character as ``\\xe2``, a control character as its escape.
    """
    return to_string([tokens_line(pieces, colour)], colour).rstrip("\n")


def render_encoding(
    pieces: Sequence[str | bytes],
    ids: Sequence[int],
    offsets: Sequence[Sequence[int]],
    size: int,
    width: int | None = None,
    colour: bool = False,
) -> str:
    """Tokens of a text on one line, then each above its id and its bytes, then how many there are.

    Parameters
    ----------
    pieces, ids : of each token
    offsets : the bytes [start, end) of the text that each covers
    size : bytes of the text
    width : columns of the terminal; None, for a pipe, is 80
    colour : with escape codes for colour
    """
    lines = [tokens_line(pieces, colour)] if pieces else []
    for block in _columns(pieces, ids, offsets, (width or 80) - len("token"), colour):
        lines.append(Text())
        for label, cells in zip(("token", "id", "bytes"), zip(*block, strict=True), strict=True):
            lines.append(Text.assemble((f"{label:<5}", "cyan"), *cells))
    ratio = f", {size / len(ids):.2f} bytes/token" if ids else ""
    summary = f"{len(ids):,} token{'s' * (len(ids) != 1)}, {size:,} byte{'s' * (size != 1)}{ratio}"
    return to_string([*lines, *([Text()] if lines else []), Text(summary, style="dim")], colour)


def _columns(
    pieces: Sequence[str | bytes], ids: Sequence[int], offsets: Sequence[Sequence[int]], room: int, colour: bool
) -> list[list[list[Text]]]:
    """A column of three cells for each token, in blocks that fit beside each other."""
    blocks: list[list[list[Text]]] = []
    used = room
    for number, (piece, index, (start, end)) in enumerate(zip(pieces, ids, offsets, strict=True)):
        cells = [tokens_line([piece], colour, number), Text(str(index)), Text(f"{start}-{end}")]
        width = max(cell.cell_len for cell in cells)
        if used + width + 2 > room:
            blocks.append([])
            used = 0
        used += width + 2
        blocks[-1].append([Text("  ") + cell + " " * (width - cell.cell_len) for cell in cells])
    return blocks


def render_summary(
    title: str, facts: Mapping[str, object], sample: Sequence[str | bytes] = (), colour: bool = False
) -> str:
    """A title, facts one per line, and the tokens of a sample text.

    Parameters
    ----------
    title : first line
    facts : label to value; whole numbers get thousands separators
    sample : tokens of a text, as in `render_tokens`
    colour : with escape codes for colour
    """
    rows = [(visible(label), Text(show(value))) for label, value in facts.items()]
    if sample:
        rows.append(("sample", tokens_line(sample, colour)))
    width = max([0, *(cell_len(label) for label, _ in rows)])
    lines = [Text(visible(title), style="bold")]
    for label, value in rows:
        space = " " * (width - cell_len(label) + 2)
        lines.append(Text.assemble("  ", (label, "cyan"), space, value))
    return to_string(lines, colour)


def tokens_line(pieces: Sequence[str | bytes], colour: bool, first: int = 0) -> Text:
    """Tokens side by side, as in `render_tokens`; the first is on the ground of the token of that number."""
    line = Text()
    for number, piece in enumerate(pieces):
        text = piece.decode("utf-8", "backslashreplace") if isinstance(piece, bytes) else piece
        text = visible(text).replace("␣", "\\u2423").replace(" ", "␣")
        if colour:
            line.append(text, style=f"black {_GROUNDS[(first + number) % len(_GROUNDS)]}")
        else:
            line.append(("·" if number else "") + text.replace("·", "\\xb7"))
    return line
