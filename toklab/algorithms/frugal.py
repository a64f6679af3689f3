"""Have memory that is freed go back to the system at once, while something runs that takes much of it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Numbers of glibc's ``malloc.h``.
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
# An array from this size on has pages of its own, which go back with it: inside, and afterwards.
OWN_PAGES, OWN_PAGES_LATER = 1 << 20, 4 << 20


@contextmanager
def frugal_memory() -> Iterator[None]:
    """Inside, glibc gives freed arrays back; does nothing elsewhere.

    By itself it learns from the first large array that is freed to keep the memory of all that are no larger, up to
    32 MB each and 64 MB in all, which the next arrays seldom fit into. Source: ``man 3 mallopt``. It cannot be told to
    learn again, so afterwards it keeps what is as large as most arrays that are made again and again.
    """
    if not _set_threshold(OWN_PAGES):
        yield
        return
    try:
        yield
    finally:
        _set_threshold(OWN_PAGES_LATER)


def _set_threshold(own_pages: int) -> bool:
    """Bytes from which memory has pages of its own; gives whether that can be told."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    # Free memory is kept up to twice as much, which is glibc's own rule.
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, own_pages) and mallopt(TRIM_THRESHOLD, 2 * own_pages))
