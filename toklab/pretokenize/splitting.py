"""The pre-tokenizers of ``tokenizer.json``, one step each: what Hugging Face's of the same names do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.matching import Literal, Matcher

# A stretch of a text, and whether the pattern matched it.
Stretch: TypeAlias = tuple[int, int, bool]
BEHAVIORS = ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")


class SplitterStep(Protocol):
    """Cuts a text into parts, which may change on the way."""

    def split(self, text: Aligned) -> list[Aligned]: ...


def cut(length: int, matches: Iterable[tuple[int, int]], behavior: str, invert: bool = False) -> list[tuple[int, int]]:
    """Where to cut a text.

    Parameters
    ----------
    length : characters of the text
    matches : what the pattern matches, in order
    behavior : what becomes of a match: one of `BEHAVIORS`
    invert : what is not matched counts as the match
    """
    found: list[Stretch] = []
    done = 0
    for start, end in matches:
        found += [(done, start, invert)] if start > done else []
        found.append((start, end, not invert))
        done = end
    found += [(done, length, invert)] if done < length else []
    if behavior == "Isolated":
        return [(start, end) for start, end, _ in found if end > start]
    if behavior == "Removed":
        return [(start, end) for start, end, matched in found if end > start and not matched]
    if behavior == "Contiguous":
        return _joined(found, lambda matched, before: matched == before)
    if behavior == "MergedWithPrevious":
        return _joined(found, lambda matched, before: matched and not before)
    turned = [(-end, -start, matched) for start, end, matched in reversed(found)]
    return [(-end, -start) for start, end in reversed(_joined(turned, lambda matched, before: matched and not before))]


def _joined(found: list[Stretch], joins: Callable[[bool, bool], bool]) -> list[tuple[int, int]]:
    """Stretches, each joined to the one before it where ``joins`` says so of the two."""
    spans: list[tuple[int, int]] = []
    before = False
    for start, end, matched in found:
        if spans and joins(matched, before):
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
        before = matched
    return [(start, end) for start, end in spans if end > start]


@dataclass(frozen=True)
class Split:
    """Cut at the matches of a pattern.

    Parameters
    ----------
    pattern : whose matches are looked for
    behavior, invert : as in `cut`
    """

    pattern: Matcher
    behavior: str
    invert: bool = False

    def split(self, text: Aligned) -> list[Aligned]:
        matches = self.pattern.matches(text.text)
        return [text.part(*span) for span in cut(len(text.text), matches, self.behavior, self.invert)]


@dataclass(frozen=True)
class Metaspace:
    """Spaces become a visible character, which begins a part where ``cuts`` says so.

    Parameters
    ----------
    scheme : whether the character is put before a text: ``"always"``, ``"first"`` (at the beginning of all the text
        only) or ``"never"``; not where it is there already
    """

    replacement: str
    scheme: str
    cuts: bool

    def split(self, text: Aligned) -> list[Aligned]:
        found = text.in_place(text.text.replace(" ", self.replacement))
        wanted = self.scheme == "always" or (self.scheme == "first" and text.origin == 0)
        if wanted and not found.text.startswith(self.replacement):
            found = found.prepended(self.replacement)
        return Split(Literal(self.replacement), "MergedWithNext").split(found) if self.cuts else [found]


@dataclass(frozen=True)
class PrefixSpace:
    """A space before every part that begins with none: ``ByteLevel`` with ``add_prefix_space``."""

    def split(self, text: Aligned) -> list[Aligned]:
        return [text if text.text.startswith(" ") else text.prepended(" ")]


@dataclass(frozen=True)
class ByteCharacters:
    """Each byte of a text becomes the character that stands for it.

    Parameters
    ----------
    characters : of each of the 256 bytes
    """

    characters: tuple[str, ...]

    def split(self, text: Aligned) -> list[Aligned]:
        return [
            text.changed(
                (self.characters[byte], min(at, 1))
                for char in text.text
                for at, byte in enumerate(char.encode("utf-8"))
            )
        ]


@dataclass(frozen=True)
class FixedLength:
    """Cut into parts of as many characters."""

    length: int

    def split(self, text: Aligned) -> list[Aligned]:
        starts = range(0, len(text.text), self.length)
        return [text.part(start, min(start + self.length, len(text.text))) for start in starts]
