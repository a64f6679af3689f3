"""Two encodings of a text side by side, from where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from rich.cells import cell_len

from toklab.checking import Token
from toklab.report.terminal import visible

BEFORE = 3  # tokens shown before the first that differs
AFTER = 12  # rows shown from there on
LOOKED_AT = 4 * AFTER  # tokens from there on that equal ones are looked for in
LONGEST = 40  # characters of a token

Pair = tuple[Token | None, Token | None]


def render_token_pairs(
    left: Sequence[Token], right: Sequence[Token], at: int, titles: tuple[str, str] = ("baseline", "now")
) -> str:
    """Tokens in two columns, equal ones beside each other; the first that differs is marked with ``>``.

    Parameters
    ----------
    left, right : all tokens of both
    at : index of the first that differs
    titles : headings of the columns

    Returns
    -------
    str
        Lines without a newline at the end. A space is shown as ``␣``, a control character as its escape; an id, where
        it is known, stands before its token.
    """
    start = max(at - BEFORE, 0)
    pairs = list(_pairs(left[start : at + LOOKED_AT], right[start : at + LOOKED_AT]))[: at - start + AFTER]
    rows = [(_show(one), _show(two)) for one, two in pairs]
    if start:
        rows.insert(0, (f"… {start:,} alike", ""))
    shown = (sum(one is not None for one, _ in pairs), sum(two is not None for _, two in pairs))
    more = (len(left) - start - shown[0], len(right) - start - shown[1])
    if any(more):
        rows.append((_more(more[0]), _more(more[1])))
    first = at - start + bool(start)
    width = max(cell_len(one) for one, _ in [titles, *rows])
    marked = [(" ", titles), *((">" if number == first else " ", row) for number, row in enumerate(rows))]
    return "\n".join(f"{mark} {one}{' ' * (width - cell_len(one))}  {two}".rstrip() for mark, (one, two) in marked)


def _pairs(left: Sequence[Token], right: Sequence[Token]) -> Iterator[Pair]:
    """Stretches that are equal beside each other, and what stands between them."""
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        yield from zip_longest(left[start:end], right[first:last])


def _more(count: int) -> str:
    return f"… {count:,} more" if count else ""


def _show(token: Token | None) -> str:
    if token is None:
        return ""
    text = visible(token.text).replace("␣", "\\u2423").replace(" ", "␣")
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return text if token.id is None else f"{token.id:>6} {text}"
