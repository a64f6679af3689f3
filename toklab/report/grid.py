"""A grid of columns in groups that is drawn in several parts rather than cut off."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from toklab.report.terminal import wrap


@dataclass(frozen=True)
class _Style:
    """What stands between columns and between groups."""

    gap: str
    bar: str
    cross: str


_ROOMY = _Style("  ", " │ ", "─┼─")
_TIGHT = _Style(" ", "│ ", "┼─")


@dataclass(frozen=True)
class Head:
    """Heading of a column, in lines, below the heading of its group."""

    group: str
    lines: tuple[str, ...]
    right: bool = True


@dataclass(frozen=True)
class Entry:
    """A row of a grid.

    Parameters
    ----------
    name : what stands at its left
    cells : one per column
    phrase : what stands in place of the cells, wrapped
    brief : what stands there from the second part on
    notes : (column, text) lines below the row, in the part that holds the column
    """

    name: str
    cells: tuple[Text, ...] = ()
    phrase: str = ""
    brief: str = ""
    notes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Grid:
    """Columns in groups, and rows in sections with a caption each.

    It is drawn whole where it fits, if need be with less space; otherwise in parts below each other, each
    with the names at its left.
    """

    corner: str
    heads: tuple[Head, ...]
    sections: tuple[tuple[str, tuple[Entry, ...]], ...]

    def draw(self, width: int | None) -> list[Text]:
        """The lines of the grid, for a terminal of so many columns; None is as wide as it needs."""
        entries = [entry for _, rows in self.sections for entry in rows]
        names = max(cell_len(name) for name in [self.corner, *(entry.name for entry in entries)])
        widths = [
            max([*map(cell_len, head.lines), *(e.cells[i].cell_len for e in entries if e.cells)])
            for i, head in enumerate(self.heads)
        ]
        style, room = _ROOMY, None if width is None else width - names
        parts = _pack(self.heads, widths, room, style)
        tight = _pack(self.heads, widths, room, _TIGHT)
        if len(tight) < len(parts):
            style, parts = _TIGHT, tight
        lines: list[Text] = []
        for number, groups in enumerate(parts):
            if number:
                lines.append(Text())
            lines.extend(_Part(self, groups, widths, names, style).draw(first=not number))
        return lines


def _pack(heads: Sequence[Head], widths: Sequence[int], room: int | None, style: _Style) -> list[list[list[int]]]:
    """Columns by group by part: a group stays whole where it fits at all, and a column always."""
    groups: list[list[int]] = []
    for i, head in enumerate(heads):
        if groups and heads[groups[-1][0]].group == head.group:
            groups[-1].append(i)
        else:
            groups.append([i])
    if room is None:
        return [groups]
    parts: list[list[list[int]]] = [[]]
    used = 0
    for group in groups:
        for piece in _split(group, heads, widths, room, style):
            need = len(style.bar) + _span(piece, heads, widths, style)
            if parts[-1] and used + need > room:
                parts.append([])
                used = 0
            parts[-1].append(piece)
            used += need
    return parts


def _split(group: list[int], heads: Sequence[Head], widths: Sequence[int], room: int, style: _Style) -> list[list[int]]:
    pieces: list[list[int]] = [[]]
    for i in group:
        if pieces[-1] and len(style.bar) + _span([*pieces[-1], i], heads, widths, style) > room:
            pieces.append([])
        pieces[-1].append(i)
    return pieces


def _span(group: Sequence[int], heads: Sequence[Head], widths: Sequence[int], style: _Style) -> int:
    """Width of a group: of its columns, or of the longest word of its heading."""
    columns = sum(widths[i] for i in group) + len(style.gap) * (len(group) - 1)
    return max([columns, *(cell_len(word) for word in heads[group[0]].group.split())])


@dataclass(frozen=True)
class _Part:
    """The groups of a grid that stand side by side."""

    grid: Grid
    groups: list[list[int]]
    widths: list[int]
    names: int
    style: _Style

    @property
    def spans(self) -> list[int]:
        return [_span(group, self.grid.heads, self.widths, self.style) for group in self.groups]

    def draw(self, first: bool) -> list[Text]:
        lines = self._titles() + self._headings()
        for caption, entries in self.grid.sections:
            lines.append(self._rule())
            if caption:
                lines.append(Text(caption, style="dim"))
            for entry in entries:
                lines.extend(self._entry(entry, first))
        return lines

    def _titles(self) -> list[Text]:
        """Headings of the groups; a narrow group has its heading in several lines."""
        titles = [
            textwrap.wrap(self.grid.heads[group[0]].group, span, break_long_words=False)
            for group, span in zip(self.groups, self.spans, strict=True)
        ]
        depth = max(map(len, titles))
        lines = []
        for i in range(depth):
            texts = [Text(_from_below(title, i, depth), style="bold cyan") for title in titles]
            padded = [_pad(text, span) for text, span in zip(texts, self.spans, strict=True)]
            lines.append(self._join(Text(" " * self.names), padded))
        return lines

    def _headings(self) -> list[Text]:
        depth = max(len(self.grid.heads[i].lines) for group in self.groups for i in group)
        lines = []
        for i in range(depth):
            cells = [Text(_from_below(head.lines, i, depth), style="bold") for head in self.grid.heads]
            corner = Text(self.grid.corner if i == depth - 1 else "", style="bold")
            lines.append(self._join(_pad(corner, self.names), self._fill(cells)))
        return lines

    def _rule(self) -> Text:
        return Text(self.style.cross.join("─" * width for width in [self.names, *self.spans]), style="dim")

    def _entry(self, entry: Entry, first: bool) -> list[Text]:
        empty = Text(" " * self.names)
        name = _pad(Text(entry.name), self.names)
        room = sum(self.spans) + len(self.style.bar) * (len(self.spans) - 1)
        if entry.cells:
            lines = [self._join(name, self._fill(entry.cells))]
        else:
            texts = wrap(entry.phrase if first else entry.brief, room)
            lines = [self._join(empty if i else name, [Text(text, style="red")]) for i, text in enumerate(texts)]
        for column, note in entry.notes:
            if any(column in group for group in self.groups):
                lines.extend(self._join(empty, [Text(text, style="yellow")]) for text in wrap(note, room, "  "))
        return lines

    def _join(self, name: Text, groups: Sequence[Text]) -> Text:
        bar = Text(self.style.bar, style="dim")
        return Text.assemble(name, *(part for group in groups for part in (bar, group)))

    def _fill(self, cells: Sequence[Text]) -> list[Text]:
        """One text per group: its cells side by side."""
        texts = []
        for group, span in zip(self.groups, self.spans, strict=True):
            padded = [_pad(cells[i], self.widths[i], self.grid.heads[i].right) for i in group]
            texts.append(_pad(Text(self.style.gap).join(padded), span, self.grid.heads[group[0]].right))
        return texts


def _from_below(lines: Sequence[str], index: int, depth: int) -> str:
    """A line of a heading that stands on the bottom of ``depth`` lines."""
    place = index - (depth - len(lines))
    return lines[place] if place >= 0 else ""


def _pad(text: Text, width: int, right: bool = False) -> Text:
    space = Text(" " * max(width - text.cell_len, 0))
    return space + text if right else text + space
