"""What a step of normalisation or of splitting looks for in a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Matcher(Protocol):
    """Finds a pattern in a text."""

    def matches(self, text: str) -> list[tuple[int, int]]: ...


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
