"""From text to pre-tokens, and from documents to counted words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import regex

from toklab.backend import READY_LIMIT, has_run, use_kernel
from toklab.corpus.documents import size_of
from toklab.errors import InputError, PatternError, UnknownNameError
from toklab.pretokenize.normalize import NORMALIZERS, Normalized, get_normalizer, normalize_all
from toklab.pretokenize.patterns import PATTERNS, Pattern, from_oniguruma, to_oniguruma
from toklab.pretokenize.probing import PROBE, matches_nothing
from toklab.pretokenize.unicode import samples, stand_in_table, with_stand_ins
from toklab.types import IdArray, WordCounts

if TYPE_CHECKING:
    from toklab.pretokenize.cutter import Cutter

# Characters that the regex library cuts and counts in about half a second.
REFERENCE_LIMIT = 4_000_000
# Text in which a pattern that can match nothing shows it.

__all__ = [
    "NORMALIZERS",
    "PATTERNS",
    "Normalized",
    "Pattern",
    "PreTokenizer",
    "count_words",
    "from_oniguruma",
    "get_normalizer",
    "get_pretokenizer",
    "normalize_all",
    "to_oniguruma",
]


@dataclass(frozen=True)
class PreTokenizer:
    """Cuts text into pre-tokens, which no token ever crosses."""

    entry: Pattern

    @property
    def name(self) -> str:
        """The pattern's name, or the regular expression itself."""
        return self.entry.name

    @cached_property
    def _compiled(self) -> regex.Pattern[str]:
        return regex.compile(self.entry.pattern)

    @cached_property
    def _stand_ins(self) -> IdArray:
        return stand_in_table(self.entry.pattern, self.entry.follows)

    def _known(self, text: str) -> str:
        """The text as ``regex`` must see it to find letters and numbers where the library that is matched does."""
        return text if text.isascii() or self._names_characters else with_stand_ins(text, self._stand_ins)

    @cached_property
    def _names_characters(self) -> bool:
        """Whether the pattern names its characters one by one, so that no class of characters matters."""
        return not any(mark in self.entry.pattern for mark in ("\\", "(?"))

    def cutter(self) -> Cutter | None:
        """The tables to scan with; None where the pattern does not compile to them."""
        if self.name == "none":
            return None
        from toklab.pretokenize.automaton import compile_pattern
        from toklab.pretokenize.cutter import make_cutter

        found = compile_pattern(self.entry.pattern, self.entry.follows)
        return None if found is None else make_cutter(found)

    @property
    def why_not_compiled(self) -> str | None:
        """What the pattern holds for which the ``regex`` library must cut the text; None where it compiles."""
        if self.name in PATTERNS:
            return None
        from toklab.pretokenize.automaton import why_not_compiled

        return why_not_compiled(self.entry.pattern, self.entry.follows)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the pre-tokens, in order."""
        if self.entry.name == "none":
            return [(0, len(text))] if text else []
        found = self.matches(text)
        return _with_gaps(found, len(text)) if self.entry.keeps_gaps else found

    def matches(self, text: str) -> list[tuple[int, int]]:
        """Character spans of what the pattern matches, without the gaps between."""
        return [match.span() for match in self._compiled.finditer(self._known(text))]

    def words(self, text: str) -> list[str]:
        """The pre-tokens of a text, in order."""
        if self.entry.name == "none":
            return [text] if text else []
        known = self._known(text)
        words: list[str] = self._compiled.findall(known)
        if known != text or (self.entry.keeps_gaps and sum(map(len, words)) != len(text)):
            return [text[start:end] for start, end in self.spans(text)]
        return words


def _with_gaps(found: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    end = 0
    for start, stop in found:
        if start > end:
            spans.append((end, start))
        if stop > start:
            spans.append((start, stop))
        end = stop
    if end < length:
        spans.append((end, length))
    return spans


@lru_cache(maxsize=64)
def get_pretokenizer(name: str) -> PreTokenizer:
    """The pre-tokenizer of a published pattern's name, or of a regular expression.

    A name is made of lower-case letters, digits and ``-``; anything else is a regular expression, whose matches
    and the gaps between them are the pre-tokens.

    Raises
    ------
    UnknownNameError
        It looks like a name, and no pattern has it.
    PatternError
        It is not a valid regular expression, matches the empty string, names characters that are newer than
        Unicode 16, or cannot be saved as it is meant.
    """
    if name in PATTERNS:
        return PreTokenizer(PATTERNS[name])
    if regex.fullmatch(r"[a-z0-9_-]*", name):
        raise UnknownNameError("pre-tokenizer", name, PATTERNS)
    for entry in PATTERNS.values():
        if entry.pattern == name:
            return PreTokenizer(entry)
    try:
        compiled = regex.compile(name)
    except regex.error as error:
        raise PatternError(f"invalid regular expression {name!r}: {error}") from None
    if compiled.groups:
        raise PatternError(f"pattern {name!r} holds a capturing group; write (?:...) instead")
    to_oniguruma(name)
    if matches_nothing(compiled, PROBE + name):
        raise PatternError(f"pattern {name!r} matches the empty string; every match must hold a character")
    entry = Pattern(name, name, True, "given by the user")
    samples(entry.pattern, entry.follows)
    return PreTokenizer(entry)


def count_words(
    documents: Sequence[str],
    pretokenizer: PreTokenizer,
    normalizer: str = "none",
    *,
    threads: int | None = None,
    backend: str = "auto",
) -> WordCounts:
    """Count the distinct pre-tokens of all documents.

    Parameters
    ----------
    threads : of the compiled scanner; None is one per core, at most 8; the result does not depend on it
    backend : ``"reference"`` cuts with the ``regex`` library, ``"fast"`` scans with the pattern's automaton

    Raises
    ------
    InputError
        The documents hold no pre-token at all (only whitespace, for a pattern that drops it).
    """
    counts = _count(normalize_all(normalizer, documents), pretokenizer, threads, backend)
    if not counts:
        raise InputError(f"the corpus holds no pre-token under the pattern {pretokenizer.name!r}: nothing to train on")
    return counts


def is_much(texts: Sequence[str], backend: str) -> bool:
    """Whether texts are so large that the compiled scanner counts their words even if it must be loaded first."""
    return use_kernel(backend, size_of(texts), REFERENCE_LIMIT)


def _count(texts: Sequence[str], pretokenizer: PreTokenizer, threads: int | None, backend: str) -> WordCounts | None:
    limit = READY_LIMIT if has_run("scan", "scan") else REFERENCE_LIMIT
    cutter = pretokenizer.cutter() if use_kernel(backend, size_of(texts), limit) else None
    if cutter is not None:
        from toklab.pretokenize.words import count_scanned

        return count_scanned(texts, cutter, pretokenizer.entry.keeps_gaps, threads)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(pretokenizer.words(text))
    return WordCounts.from_counts(counts) if counts else None
