"""The audit of a vocabulary, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from toklab.inspecting import InspectReport, Reach, Status
from toklab.inspecting.findings import Duplicates, ScriptShare, Shattered, Suspect, Use
from toklab.report.grid import Entry, Grid, Head
from toklab.report.table import wrapped
from toklab.report.terminal import to_string, visible
from toklab.types import Piece

PERCENT = 100
# Without a terminal; columns that one piece or word takes at most; pieces that share a reason and are named.
WIDTH, WIDEST, NAMED = 80, 30, 8


def render_inspection(
    report: InspectReport, console_width: int | None = None, colour: bool = False, top: int = 10
) -> str:
    """The figures, then a list for each finding that there is; the signature is not part of it.

    Parameters
    ----------
    console_width : columns of the terminal; None, for a pipe, is 80
    colour : with escape codes for colour
    top : entries of each list
    """
    page = _Page(console_width or WIDTH, top)
    page.lines.append(Text(f"{visible(report.tokenizer)}: {report.pieces:,} pieces", style="bold"))
    page.facts(_facts(report))
    for note in report.notes:
        page.say(note)
    page.reasons("unreachable", "proven: no text becomes one of these", report.of_status(Status.UNREACHABLE))
    told = "no text that was tried becomes one of these, and no proof says that none can"
    page.reasons("not found", told, report.of_status(Status.NOT_FOUND))
    page.uses("never used", "on this text; the longest first", report.never_used)
    uses = {use.id: use for use in report.uses}
    partial = [uses[index] for index in report.partial if len(uses[index].piece.surface) > 1]
    page.uses("partial UTF-8", "pieces of several bytes that are cut inside a character", partial)
    page.uses("longest", "by bytes", report.longest)
    page.uses("paid for by one document", "used twice or more, by a single document", report.single_document or ())
    page.texts("suspects", _SUSPECTS, [_suspect(found) for found in report.suspects])
    page.texts("duplicates", "one up to case and leading space", [_same(group) for group in report.duplicates])
    shares = [_script(share, report) for share in report.scripts]
    page.table("scripts", "of the vocabulary and of the text", "script", _SHARES, shares)
    saved = sum(word.saved for word in report.shattered[:top])
    told = f"a piece for each of these would save {saved:,} tokens, {_share(saved, report.tokens)} of the text's"
    page.table("words that shatter", told, "word", _WORDS, [_word(word) for word in report.shattered])
    return to_string(page.lines, colour)


_SUSPECTS = "likely junk: the more points, the likelier (a plain rule after Land and Bartolo 2024; no model was asked)"
_SHARES = ("pieces", "% of pieces", "used", "tokens", "% of tokens")
_WORDS = ("count", "tokens", "saved", "cut")


def _facts(report: InspectReport) -> list[tuple[str, str]]:
    unreachable, not_found = (len(report.of_status(kind)) for kind in (Status.UNREACHABLE, Status.NOT_FOUND))
    spare = sum(len(group.pieces) - 1 for group in report.duplicates)
    used, every = sum(use.tokens > 0 for use in report.uses), report.pieces
    single = report.single_document
    paid = "– (the text is one document)" if single is None else f"{len(single):,}"
    saved = sum(word.saved for word in report.shattered)
    return [
        ("text", f"{report.documents:,} documents, {report.tokens:,} tokens"),
        ("used on it", f"{used:,} ({_share(used, every)})"),
        ("unreachable", f"{unreachable:,} ({_share(unreachable, every)}) proven; {not_found:,} more not found"),
        ("special", f"{report.specials:,}"),
        ("partial UTF-8", f"{len(report.partial):,}"),
        ("duplicates", f"{spare:,} are another piece but for case and leading space"),
        ("one document pays", paid),
        ("suspects", f"{len(report.suspects):,}"),
        ("shattered words", f"{len(report.shattered):,}, which take {saved:,} tokens more than one each"),
    ]


class _Page:
    """Lines that grow by sections; one without entries is left out."""

    def __init__(self, width: int, top: int) -> None:
        self.lines: list[Text] = []
        self._width, self._top = width, top

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        wide = max(len(label) for label, _ in rows)
        self.lines += [Text.assemble("  ", (f"{label:<{wide}}", "cyan"), "  ", text) for label, text in rows]

    def say(self, text: str) -> None:
        self.lines += wrapped(text, self._width, "dim")

    def reasons(self, name: str, meaning: str, found: Sequence[Reach]) -> None:
        """Each reason once, with pieces that it is true of; the commonest first."""
        groups: dict[str, list[Reach]] = {}
        for each in found:
            groups.setdefault(each.reason, []).append(each)
        order = sorted(groups, key=lambda reason: (-len(groups[reason]), groups[reason][0].id))
        if order:
            self._head(name, meaning, len(found), len(found))
        for reason in order[: self._top]:
            pieces = groups[reason]
            named = " ".join(shown(each.piece) for each in pieces[:NAMED])
            more = f" and {len(pieces) - NAMED:,} more" if len(pieces) > NAMED else ""
            self._item(f"{named}{more}: {visible(reason)}")
        if len(order) > self._top:
            self.say(f"  and {len(order) - self._top:,} more reasons")

    def texts(self, name: str, meaning: str, items: Sequence[str]) -> None:
        """An item on a line, or more."""
        if items:
            self._head(name, meaning, min(len(items), self._top), len(items))
        for item in items[: self._top]:
            self._item(item)

    def _item(self, text: str) -> None:
        """Wrapped by columns, not by characters: pieces may be of wide ones."""
        lines = ["  "]
        for word in text.split(" "):
            joined = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
            if cell_len(joined) > self._width and lines[-1].strip():
                lines.append(f"    {word}")
            else:
                lines[-1] = joined
        self.lines += map(Text, lines)

    def uses(self, name: str, meaning: str, found: Sequence[Use]) -> None:
        rows = [_use(use) for use in found]
        self.table(name, meaning, "piece", ("id", "bytes", "tokens", "documents"), rows)

    def table(self, name: str, meaning: str, corner: str, heads: Sequence[str], entries: Sequence[Entry]) -> None:
        rows = tuple(entries[: self._top])
        if not rows:
            return
        self._head(name, meaning, len(rows), len(entries))
        columns = tuple(Head("", (head,), right=head != "cut") for head in heads)
        self.lines += Grid(corner, columns, (("", rows),)).draw(self._width)

    def _head(self, name: str, meaning: str, listed: int, count: int) -> None:
        told = f"{count:,}" if listed == count else f"{listed:,} of {count:,}"
        self.lines += [Text(), Text.assemble((name, "bold"), f" ({told})")]
        self.say(meaning)


def shown(piece: Piece) -> str:
    """A piece on one line: ␣ for a space, bytes and control characters as escapes, a long one without its middle."""
    return _short(visible(str(piece)).replace(" ", "␣"))


def _short(text: str) -> str:
    if cell_len(text) <= WIDEST:
        return text
    head, tail = text, text[-WIDEST // 4 :]
    while cell_len(head) + cell_len(tail) + 1 > WIDEST:
        head, tail = (head[:-1], tail) if cell_len(head) > cell_len(tail) else (head, tail[1:])
    return f"{head}…{tail}"


def _use(use: Use) -> Entry:
    figures = (use.id, len(use.piece.surface), use.tokens, use.documents)
    return Entry(shown(use.piece), tuple(Text(f"{figure:,}") for figure in figures))


def _suspect(found: Suspect) -> str:
    reasons = visible("; ".join(found.reasons))
    return f"{shown(found.piece)} (id {found.id:,}, {found.score} points, {found.tokens:,} tokens): {reasons}"


def _same(group: Duplicates) -> str:
    named = " ".join(shown(piece) for _, piece in group.pieces)
    return f"{named} ({group.tokens:,} tokens)"


def _script(share: ScriptShare, report: InspectReport) -> Entry:
    figures = (
        f"{share.pieces:,}",
        _share(share.pieces, report.pieces),
        f"{share.used:,}",
        f"{share.tokens:,}",
        _share(share.tokens, report.tokens),
    )
    return Entry(_short(share.script), tuple(map(Text, figures)))


def _word(word: Shattered) -> Entry:
    cut = _short(visible("·".join(word.cut)).replace(" ", "␣"))
    figures = (f"{word.count:,}", f"{word.tokens:,}", f"{word.saved:,}", cut)
    return Entry(_short(visible(word.word)), tuple(map(Text, figures)))


def _share(part: int, whole: int) -> str:
    return f"{PERCENT * part / whole:.1f}%" if whole else "–"
