"""A text on its way through normalisers and splitters that knows which raw characters each of its characters covers.

The rules by which a change moves offsets are those of Hugging Face's ``NormalizedString``, so that tokens cover there
and here the same characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

# A character of the new text and what it takes the place of: 0 is the next old character, 1 nothing (it shares what
# stands before it), -n the next old character and the n behind it.
Change: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text, or a part of one.

    Parameters
    ----------
    text : as it is now
    origin : the raw character at which it begins
    spans : for each character the raw characters [start, end) that it covers; None: character i is the raw character
        ``origin + i``, or stands in its place
    """

    text: str
    origin: int = 0
    spans: Sequence[tuple[int, int]] | None = None

    def covered(self) -> Sequence[tuple[int, int]]:
        """The raw characters of each character."""
        if self.spans is not None:
            return self.spans
        return [(at, at + 1) for at in range(self.origin, self.origin + len(self.text))]

    def part(self, start: int, end: int) -> Aligned:
        """The characters from ``start`` to ``end``."""
        if self.spans is None:
            return Aligned(self.text[start:end], self.origin + start)
        origin = self.spans[start][0] if start < end else self.origin
        return Aligned(self.text[start:end], origin, self.spans[start:end])

    def in_place(self, text: str) -> Aligned:
        """Another text of as many characters, each in the place of one."""
        return Aligned(text, self.origin, self.spans)

    def changed(self, changes: Iterable[Change], removed: int = 0) -> Aligned:
        """The text after changes.

        Parameters
        ----------
        removed : characters that go before the first change
        """
        old, at = self.covered(), removed
        chars, spans = [], []
        for char, change in changes:
            chars.append(char)
            if change > 0:
                spans.append(old[at - 1] if at else (self.origin, self.origin))
                continue
            spans.append(old[at])
            at += 1 - change
        return Aligned("".join(chars), self.origin, spans)

    def replaced(self, places: Sequence[tuple[int, int]], content: str) -> Aligned:
        """The text with ``content`` in some places, each of which covers what the last character there did."""
        if not places:
            return self
        if len(content) == 1 and all(end - start == 1 for start, end in places):
            chars = list(self.text)
            for start, _ in places:
                chars[start] = content
            return self.in_place("".join(chars))
        old = self.covered()
        parts: list[str] = []
        spans: list[tuple[int, int]] = []
        done = 0
        for start, end in places:
            parts += [self.text[done:start], content]
            spans += old[done:start]
            spans += [old[end - 1] if end else (self.origin, self.origin)] * len(content)
            done = end
        return Aligned("".join([*parts, self.text[done:]]), self.origin, [*spans, *old[done:]])

    def kept(self, keep: Sequence[bool]) -> Aligned:
        """The characters that are kept."""
        if all(keep):
            return self
        old = self.covered()
        spans = [old[i] for i, kept in enumerate(keep) if kept]
        return Aligned("".join(char for char, kept in zip(self.text, keep, strict=True) if kept), self.origin, spans)

    def prepended(self, content: str) -> Aligned:
        """``content`` put before the text, covering what its first character covers; nothing before an empty one."""
        if not self.text:
            return self
        old = self.covered()
        return Aligned(content + self.text, self.origin, [*[old[0]] * len(content), *old])
