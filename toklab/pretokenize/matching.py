"""What a step of normalisation or of splitting looks for in a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import regex


class Matcher(Protocol):
    """Finds a pattern in a text."""

    def matches(self, text: str) -> list[tuple[int, int]]: ...


@dataclass(frozen=True)
class Expression:
    """A regular expression that is matched as the ``regex`` library knows characters."""

    pattern: regex.Pattern[str]

    def matches(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self.pattern.finditer(text)]


@dataclass(frozen=True)
class Literal:
    """A text that is found as it is; an empty one is found nowhere."""

    content: str

    def matches(self, text: str) -> list[tuple[int, int]]:
        found, size = [], len(self.content)
        at = text.find(self.content) if size else -1
        while at >= 0:
            found.append((at, at + size))
            at = text.find(self.content, at + size)
        return found
