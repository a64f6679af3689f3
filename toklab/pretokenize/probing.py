"""Patterns of model files, which may be made to harm: compiled only where that and a first match take little time."""

from __future__ import annotations

from functools import lru_cache

import regex

from toklab.errors import PatternError

PROBE = "aA bB1 .,'\n\n x\tyz 2e\u0301日"
LONGEST = 5_000  # many times the longest published pattern
# ``regex`` prepares the search for a run of characters in time that grows with the cube of its length: 0.1 s for this.
LONGEST_RUN = 500
LARGEST = 10_000  # parts of a pattern once its counted repeats are written out
# Seconds for what takes milliseconds, unless a pattern backtracks without end.
PATIENCE = 5.0
_PART = regex.compile(
    r"(?P<open>\()|(?P<close>\))|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|\[(?:\\.|[^\\\]])*\]|\\?.", regex.DOTALL
)


def compile_safely(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern for the ``regex`` library.

    Raises
    ------
    PatternError
        It is no regular expression, takes too long, or matches the empty string.
    """
    if len(pattern) > LONGEST:
        raise PatternError(f"a pattern of {len(pattern):,} characters; {LONGEST:,} is the most")
    if written_out(pattern) > LARGEST:
        raise PatternError(f"pattern {pattern!r} repeats too much: written out it has more than {LARGEST:,} parts")
    if _long_run().search(pattern):
        raise PatternError(f"pattern {pattern!r} has more than {LONGEST_RUN} plain characters in a row")
    try:
        compiled = regex.compile(pattern)
        empty = matches_nothing(compiled, PROBE + pattern)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise PatternError(f"invalid regular expression {pattern!r}: {error}") from None
    except TimeoutError:
        raise PatternError(f"pattern {pattern!r} takes more than {PATIENCE:.0f} s for a few words") from None
    if empty:
        raise PatternError(f"pattern {pattern!r} matches the empty string; every match must hold a character")
    return compiled


@lru_cache(maxsize=1)
def _long_run() -> regex.Pattern[str]:
    """Finds too many plain characters in a row; compiled where it is needed, since it takes megabytes."""
    plain = r"\\x[0-9A-Fa-f]{2}|\\x\{\w+\}|\\[uU]\w{4}|\\[^A-Za-z]|[^\\\[\](){}?*+|.^$]"
    return regex.compile(rf"(?:{plain}){{{LONGEST_RUN + 1}}}", regex.DOTALL)


def matches_nothing(compiled: regex.Pattern[str], text: str) -> bool:
    """Whether a pattern is seen to match an empty part of a text, or matches the empty text."""
    found = (match for each in ("", text) for match in compiled.finditer(each, timeout=PATIENCE))
    return any(match.end() == match.start() for match in found)


def written_out(pattern: str) -> int:
    """About how many parts a pattern has once its counted repeats are written out: ``(?:ab{3}){2}`` has 2 · 4."""
    groups, last = [0], 0
    for part in _PART.finditer(pattern):
        if part["open"]:
            groups.append(0)
        elif part["close"]:
            last = groups.pop() if len(groups) > 1 else 0
            groups[-1] += last
        elif part["least"]:
            times = max(_bound(part["least"]), _bound(part["most"] or "0"), 1)
            groups[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            groups[-1] += last
    return sum(groups)


def _bound(digits: str) -> int:
    return int(digits) if len(digits) < 9 else 10**9
