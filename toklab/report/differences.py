"""Where two tokenizers cut differently, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from toklab.differing import Difference, DiffReport, Part, Side
from toklab.report.columns import MISSING, show_share
from toklab.report.table import SEPARATOR, wrapped
from toklab.report.terminal import show, to_string, tokens_line, visible

WIDTH = 80  # where the output is no terminal
# A token's kind is shown by what stands around it.
AROUND = {"token": ("", ""), "unknown": ("⁇", "⁇"), "dropped": ("⟨", "⟩")}
MEANINGS = {"unknown": "⁇…⁇ the unknown token", "dropped": "⟨…⟩ dropped: no token covers it"}


def render_diff(report: DiffReport, console_width: int | None = None, colour: bool = False) -> str:
    """Both tokenizers beside each other, how far they agree, and the most frequent differences.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is 80
    colour : with escape codes for colour, which then tell the tokens apart in place of ``·``
    """
    width = console_width or WIDTH
    corpus = SEPARATOR.join(f"{visible(key)} {show(value)}" for key, value in report.corpus.items())
    lines = wrapped(f"corpus: {corpus}", width, "dim")
    for label, side in (("first", report.first), ("second", report.second)):
        lines += _field(label, f"{side.name} ({side.algorithm})", width)
    lines += [Text(), *_sides(report), Text()]
    for label, text in _agreement(report):
        lines += _field(label, text, width)
    for rank, difference in enumerate(report.differences, 1):
        lines += [Text(), *_block(rank, difference, width, colour)]
    return to_string([*lines, *_notes(report, width, colour)], colour)


def _field(label: str, text: str, width: int) -> list[Text]:
    """A label, and text beside it that is wrapped below itself."""
    first, *rest = wrapped(visible(text), width - 22, "")
    return [Text.assemble((f"{label:<22}", "cyan"), first), *(Text(" " * 20) + line for line in rest)]


def _sides(report: DiffReport) -> list[Text]:
    sides = (report.first, report.second)
    rows = [("", ["first", "second"]), *((label, [cell(side) for side in sides]) for label, cell in _CELLS)]
    widths = [max(cell_len(cells[i]) for _, cells in rows) for i in range(2)]
    return [
        Text.assemble((f"{label:<22}", "cyan"), "  ".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True)))
        for label, cells in rows
    ]


def _differing(side: Side) -> str:
    return f"{side.differing:,} ({_share(side.differing, side.tokens)})"


_CELLS = (
    ("pieces", lambda side: f"{side.vocab_size:,}"),
    ("tokens", lambda side: f"{side.tokens:,}"),
    ("unknown tokens", lambda side: f"{side.unknown:,}"),
    ("bytes/token", lambda side: MISSING if side.bytes_per_token is None else f"{side.bytes_per_token:.3f}"),
    ("tokens that differ", _differing),
)


def _agreement(report: DiffReport) -> list[tuple[str, str]]:
    vocabulary, ids = report.vocabulary, report.ids.counts
    documents = int(report.corpus["documents"])
    moved = f"{ids['same']:,} have the same id, {ids['moved']:,} another"
    return [
        ("documents that differ", f"{report.documents:,} of {documents:,} ({_share(report.documents, documents)})"),
        (
            "boundary agreement",
            f"{_percent(report.boundary_agreement)}: places that both cut ÷ places that either cuts",
        ),
        ("word agreement", f"{_percent(report.word_agreement)} of the words are cut at the same places"),
        (
            "vocabulary overlap",
            f"{_percent(vocabulary.coefficient)} of the smaller one, Jaccard {_percent(vocabulary.jaccard)}: "
            f"{vocabulary.both:,} texts of {vocabulary.first:,} and {vocabulary.second:,}",
        ),
        ("ids", f"of {ids['same'] + ids['moved']:,} pieces in both, {moved}"),
        ("spans that differ", f"{report.spans:,}, {report.distinct:,} of them distinct" if report.spans else "none"),
    ]


def _block(rank: int, difference: Difference, width: int, colour: bool) -> list[Text]:
    times = f"{difference.count:,} time{'s' * (difference.count != 1)}"
    where = f"{difference.documents:,} document{'s' * (difference.documents != 1)}"
    room = width - 9
    lines = [Text(f"{rank}. {times}, in {where}", style="bold")]
    for label, parts in (("first", difference.first), ("second", difference.second)):
        lines.append(Text.assemble((f"  {label:<7}", "cyan"), _cut(parts, room, colour)))
    example = difference.example
    before, after = visible(example.before), visible(example.after)
    found = _clip(visible(difference.text.decode("utf-8", "backslashreplace")), room - 2)
    around = max(room - cell_len(found) - 2, 0) // 2
    text = Text.assemble((_last(before, around), "dim"), "«", (found, "bold"), "»", (_first(after, around), "dim"))
    return [*lines, Text.assemble(("  in     ", "cyan"), text)]


def _cut(parts: Sequence[Part], room: int, colour: bool) -> Text:
    """The parts of a span, told apart; the middle of a long one is left out."""
    shown = []
    for part in parts:
        before, after = AROUND[part.kind]
        shown.append(f"{before}{part.text.decode('utf-8', 'backslashreplace')}{after}")
    line = tokens_line(shown, colour)
    if line.cell_len <= room:
        return line
    note = f" … ({len(parts):,} parts)"
    line.truncate(max(room - cell_len(note), 1))
    return line.append(note, style="dim")


def _clip(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{_first(text, room - 1)}…"


def _first(text: str, room: int) -> str:
    """As much of the beginning as there is room for."""
    kept = Text(text)
    kept.truncate(max(room, 0))
    return kept.plain


def _last(text: str, room: int) -> str:
    return _first(text[::-1], room)[::-1]


def _notes(report: DiffReport, width: int, colour: bool) -> list[Text]:
    """What the marks mean, where there are any, and how much is not shown."""
    kinds = {part.kind for difference in report.differences for part in (*difference.first, *difference.second)}
    marks = ["· a cut"] if report.differences and not colour else []
    marks += [MEANINGS[kind] for kind in MEANINGS if kind in kinds]
    notes = [SEPARATOR.join(marks)] if marks else []
    more = report.distinct - len(report.differences)
    if report.differences and more:
        notes.append(f"{more:,} more distinct differences (--top)")
    return [line for note in notes for line in [Text(), *wrapped(note, width, "dim")]]


def _percent(value: float | None) -> str:
    return MISSING if value is None else show_share(value, 2)


def _share(part: int, whole: int) -> str:
    return _percent(part / whole if whole else None)
