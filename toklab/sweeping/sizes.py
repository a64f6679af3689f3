"""The vocabulary sizes of a sweep, as they are written: ``1000:32000:x2``, ``1000:4000:+500``, ``8000``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from toklab.algorithms import check_vocab_size
from toklab.errors import UsageError

MOST_SIZES = 100
_SIZE = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):(?:x([0-9]{1,9}(?:\.[0-9]{1,9})?)|\+([0-9]{1,18}))")
_FORMS = "write 1000:32000:x2 (from, to, times), 1000:4000:+500 (from, to, step) or plain sizes"


def parse_sizes(given: str | int | Iterable[str | int]) -> tuple[int, ...]:
    """Vocabulary sizes, smallest first, each once.

    ``A:B:xK`` is A, A times K, and so on up to B, each rounded down to a whole number; ``A:B:+S`` is A, A + S, and so
    on up to B. B itself is among them only where a step lands on it.

    Parameters
    ----------
    given : a size, a range, or several of both

    Examples
    --------
    ``"1000:8000:x2"`` is 1000, 2000, 4000, 8000; ``"1000:2000:x1.5"`` is 1000, 1500; ``[500, "1000:2000:+400"]`` is
    500, 1000, 1400, 1800.

    Raises
    ------
    UsageError
        It is none of these, a range is empty or never ends, or there are more than `MOST_SIZES` sizes.
    """
    parts = [given] if isinstance(given, str | int) else list(given)
    if not parts:
        raise UsageError(f"no vocabulary size to sweep; {_FORMS}")
    sizes: set[int] = set()
    for part in parts:
        sizes.update(_sizes(part))
        if len(sizes) > MOST_SIZES:
            raise UsageError(_too_many(part))
    return tuple(sorted(sizes))


def _sizes(part: str | int) -> list[int]:
    if not isinstance(part, str) or _SIZE.fullmatch(part):
        return [_checked(int(part) if isinstance(part, str) else part)]
    found = _RANGE.fullmatch(part)
    if found is None:
        raise UsageError(f"{part!r} is no vocabulary size and no range of them; {_FORMS}")
    low, high = _checked(int(found[1])), _checked(int(found[2]))
    if low > high:
        raise UsageError(f"the range {part!r} is empty: {low} is more than {high}")
    times, step = Fraction(found[3] or 1), int(found[4] or 0)
    if times <= 1 and step < 1:
        raise UsageError(f"the range {part!r} never ends; multiply by more than 1, or add 1 or more")
    sizes, exact = [low], Fraction(low)
    for _ in range(MOST_SIZES):
        exact = exact * times + step
        if exact > high:
            return sizes
        sizes.append(int(exact))
    raise UsageError(_too_many(part))


def _too_many(part: object) -> str:
    return f"{part!r} makes more than {MOST_SIZES} vocabulary sizes; take larger steps"


def _checked(size: int) -> int:
    size = check_vocab_size(size)
    if size < 1:
        raise UsageError(f"vocabulary size {size} is below 1")
    return size
