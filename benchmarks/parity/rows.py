"""From claims to rows: every pair on every text at every size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from benchmarks.child import describe
from benchmarks.contenders import library_version
from benchmarks.parity.checks import CHECKS, hold_against
from benchmarks.parity.pairs import Pair
from benchmarks.parity.texts import Documents
from toklab.errors import VocabSizeError

Row = dict[str, Any]
ERROR = "error"
COLUMNS = (
    *("contender", "reference", "library", "options", "text", "vocab_size", "pieces", *CHECKS, "score_difference"),
    *("documents", "differing", "tokens", "claims", "broken", "parted", "note", ERROR),
)


def make_rows(
    pairs: Sequence[Pair], texts: Iterable[Documents], sizes: Sequence[int], say: Callable[[str], None]
) -> Iterator[Row]:
    """A row for each; ``say`` takes a line of progress."""
    for text in texts:
        for pair in pairs:
            for size in sizes:
                row = make_row(pair, text, size)
                say(f"{text.name}, {size:,} pieces: {title(row)}: {outcome(row)}")
                yield row


def make_row(pair: Pair, text: Documents, size: int) -> Row:
    """Train both sides and hold them against each other; what fails is told in the row."""
    row: Row = dict.fromkeys(COLUMNS) | {
        "contender": pair.contender,
        "reference": pair.reference,
        "library": library_version(pair.library),
        "options": pair.shown_options,
        "text": text.name,
        "vocab_size": size,
        "claims": list(pair.claims),
        "broken": [],
        "note": pair.note,
    }
    try:
        sides = pair.make(pair.contender, pair.reference, text.trained, size, pair.options)
        row |= hold_against(*sides, text.held_out, pair.tolerance, pair.checks)
    except VocabSizeError as error:
        return row | {ERROR: f"needs {error.smallest:,} pieces at least"}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a library's panic is no Exception
        return row | {ERROR: describe(error), "broken": [ERROR]}
    return row | {"broken": [check for check in pair.claims if row[check] is not True]}


def title(row: Row) -> str:
    """Who is held against whom."""
    return f"{row['contender']} = {row['reference']}" + (f" ({row['options']})" if row["options"] else "")


def outcome(row: Row) -> str:
    """A row in words."""
    if row[ERROR]:
        return str(row[ERROR])
    if not row["broken"]:
        return "holds"
    return f"BROKEN: {', '.join(row['broken'])}: {row['parted']}"
