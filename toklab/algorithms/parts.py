"""Work in parts and in threads; what comes out does not depend on how many threads there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_parts(run: Callable[[int, int, int], T], bounds: Sequence[int], threads: int) -> Iterator[T]:
    """Call ``run(part, first, last)`` for each stretch between two bounds; what they give comes in their order."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(run, range(len(bounds) - 1), bounds[:-1], bounds[1:])


def even(size: int, parts: int) -> list[int]:
    """The bounds of so many parts of ``size`` things."""
    return [part * size // parts for part in range(parts + 1)]
