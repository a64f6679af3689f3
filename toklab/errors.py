"""The errors that toklab raises: each names the bad value, what would be valid, and the nearest match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 1500  # characters of an error's text: a hostile file can have names of megabytes


class ToklabError(Exception):
    """Base of every error that toklab raises on purpose; its text is one line a person can act on.

    Of a text of more than `LONGEST` characters, the middle is left out.
    """

    def __init__(self, text: str) -> None:
        half = LONGEST // 2
        super().__init__(text if len(text) <= LONGEST else f"{text[:half]} [...] {text[-half:]}")


class UsageError(ToklabError):
    """A value, name or combination of options that cannot work."""


class UnknownNameError(UsageError):
    """A name that no registry knows.

    Parameters
    ----------
    kind : what was looked up, for example ``"algorithm"``
    name : the name that was given
    choices : the names that exist
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        self.kind, self.name, self.choices = kind, name, tuple(choices)
        near = difflib.get_close_matches(name, self.choices, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}{hint} (valid: {', '.join(self.choices)})")


class PatternError(UsageError):
    """A pre-tokenization pattern that cannot be compiled, or that cannot be saved without a change of meaning."""


class InputError(ToklabError):
    """Text that cannot be read: a missing or empty file, or bytes that are not UTF-8."""


class VocabSizeError(UsageError):
    """A vocabulary size that the alphabet and the special tokens already exceed."""

    def __init__(self, algorithm: str, requested: int, smallest: int) -> None:
        self.algorithm, self.requested, self.smallest = algorithm, requested, smallest
        super().__init__(
            f"vocabulary size {requested} is too small for {algorithm}: its alphabet and special tokens "
            f"need {smallest} pieces; ask for at least {smallest}"
        )


class FormatError(ToklabError):
    """A model file that cannot be read, or a model that a format cannot hold."""


class OutputError(ToklabError):
    """A file or folder that cannot be written."""


class BaselineError(ToklabError):
    """A contender that failed, crashed, hung or ran out of memory in its own process."""
