"""The normalisers of ``tokenizer.json``, one step each, with offsets: what Hugging Face's of the same names do.

Unicode's tables are those of this Python; a character that is newer than those of the library may fare otherwise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import regex

from toklab.pretokenize.aligned import Aligned, Change
from toklab.pretokenize.charsmap import CharsMap
from toklab.pretokenize.matching import Matcher
from toklab.pretokenize.normalize import is_bert_control, is_cjk

Form: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
DECOMPOSING: Mapping[Form, Form] = {"NFC": "NFD", "NFD": "NFD", "NFKC": "NFKD", "NFKD": "NFKD"}
GRAPHEME = regex.compile(r"\X")
# Bytes of a grapheme that is looked up whole.
SHORT = 6


class NormalizerStep(Protocol):
    """Changes a text."""

    def apply(self, text: Aligned) -> Aligned: ...


def is_whitespace(char: str) -> bool:
    """Unicode's White_Space; Python has four separators beside it."""
    return char.isspace() and not "\x1c" <= char <= "\x1f"


def _without(text: Aligned, drops: Callable[[str], bool]) -> Aligned:
    """The text without the characters of a kind."""
    dropped = set(filter(drops, set(text.text)))  # used for membership alone
    return text.kept([char not in dropped for char in text.text]) if dropped else text


@dataclass(frozen=True)
class Unicode:
    """One of Unicode's normal forms: ``"NFC"``, ``"NFD"``, ``"NFKC"`` or ``"NFKD"``.

    Source: Unicode Standard Annex 15.
    """

    form: Form

    def apply(self, text: Aligned) -> Aligned:
        if text.text.isascii() or unicodedata.normalize(self.form, text.text) == text.text:
            return text
        parts = _decomposed(text.text, DECOMPOSING[self.form])
        return text.changed(_composed(parts) if self.form.endswith("C") else parts)


def _decomposed(text: str, form: Form) -> list[Change]:
    """Each character's parts, runs of combining marks ordered by class."""
    found: list[Change] = []
    run: list[Change] = []
    for char in text:
        for number, part in enumerate(unicodedata.normalize(form, char)):
            if not unicodedata.combining(part):
                found += sorted(run, key=_class)
                run = []
                found.append((part, min(number, 1)))
            else:
                run.append((part, min(number, 1)))
    return found + sorted(run, key=_class)


def _class(change: Change) -> int:
    return unicodedata.combining(change[0])


def _composed(parts: list[Change]) -> Iterator[Change]:
    """Each starter with the marks behind it that it composes with."""
    starter: Change | None = None
    waiting: list[Change] = []
    for part in parts:
        rank = _class(part)
        if starter is None:
            if rank:
                yield part
            else:
                starter = part
            continue
        blocked = bool(waiting) and _class(waiting[-1]) >= rank
        whole = "" if blocked else unicodedata.normalize("NFC", starter[0] + part[0])
        if len(whole) == 1:
            starter = whole, starter[1] + part[1] - 1
        elif rank:
            waiting.append(part)
        else:
            yield starter
            yield from waiting
            starter, waiting = part, []
    if starter is not None:
        yield starter
    yield from waiting


@dataclass(frozen=True)
class Lowercase:
    """Each character in lower case, by itself."""

    def apply(self, text: Aligned) -> Aligned:
        if text.text.isascii():
            return text.in_place(text.text.lower())
        low = {ord(char): char.lower() for char in set(text.text)}
        if all(len(char) == 1 for char in low.values()):
            return text.in_place(text.text.translate(low))
        return text.changed((part, min(at, 1)) for char in text.text for at, part in enumerate(char.lower()))


@dataclass(frozen=True)
class StripAccents:
    """Drop all combining marks."""

    def apply(self, text: Aligned) -> Aligned:
        return _without(text, lambda char: unicodedata.category(char).startswith("M"))


@dataclass(frozen=True)
class Strip:
    """Drop whitespace at the left and at the right."""

    left: bool
    right: bool

    def apply(self, text: Aligned) -> Aligned:
        start, end = 0, len(text.text)
        while self.left and start < end and is_whitespace(text.text[start]):
            start += 1
        while self.right and start < end and is_whitespace(text.text[end - 1]):
            end -= 1
        return text.kept([start <= at < end for at in range(len(text.text))])


@dataclass(frozen=True)
class Replace:
    """Every match of a pattern gives way to a text."""

    pattern: Matcher
    content: str

    def apply(self, text: Aligned) -> Aligned:
        return text.replaced(self.pattern.matches(text.text), self.content)


@dataclass(frozen=True)
class Prepend:
    """A text before every text that is not empty."""

    content: str

    def apply(self, text: Aligned) -> Aligned:
        return text.prepended(self.content)


@dataclass(frozen=True)
class Bert:
    """BERT's normalisation, with its options; accents are stripped with lower case unless it is said."""

    clean_text: bool
    handle_chinese_chars: bool
    strip_accents: bool
    lowercase: bool

    def apply(self, text: Aligned) -> Aligned:
        if self.clean_text:
            text = _without(text, is_bert_control)
            text = text.in_place(
                text.text.translate(dict.fromkeys(map(ord, filter(is_whitespace, set(text.text))), " "))
            )
        if self.handle_chinese_chars and not text.text.isascii() and any(map(is_cjk, set(text.text))):
            text = text.changed(change for char in text.text for change in _apart(char))
        if self.strip_accents:
            text = Unicode("NFD").apply(text)
            text = _without(text, lambda char: unicodedata.category(char) == "Mn")
        return Lowercase().apply(text) if self.lowercase else text


def _apart(char: str) -> tuple[Change, ...]:
    return ((" ", 0), (char, 1), (" ", 1)) if is_cjk(char) else ((char, 0),)


_NMT_DROPPED = frozenset(map(chr, (*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F)))
_NMT_SPACES = dict.fromkeys(map(ord, "\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd"), " ")


@dataclass(frozen=True)
class Nmt:
    """Drop control characters and turn some others into spaces, as the rules that SentencePiece calls nmt do."""

    def apply(self, text: Aligned) -> Aligned:
        text = _without(text, _NMT_DROPPED.__contains__)
        return text.in_place(text.text.translate(_NMT_SPACES))


@dataclass(frozen=True)
class Precompiled:
    """SentencePiece's rules, looked up as Hugging Face does: a short grapheme whole, else each of its characters."""

    rules: CharsMap

    def apply(self, text: Aligned) -> Aligned:
        changes: list[Change] = []
        changed = False
        for match in GRAPHEME.finditer(text.text):
            grapheme = match.group()
            whole = len(grapheme.encode("utf-8")) < SHORT and self.rules.first(grapheme) is not None
            for part in (grapheme,) if whole else grapheme:
                found = self.rules.first(part)
                changed |= found is not None
                _put(changes, part, part if found is None else found)
        return text.changed(changes) if changed else text


def _put(changes: list[Change], old: str, new: str) -> None:
    """Characters one for one; of more, the last are new, and of fewer, the last there is takes the rest."""
    fewer = len(old) - len(new)
    changes += [(char, 0 if at < len(old) else 1) for at, char in enumerate(new)]
    if fewer > 0 and changes:
        char, change = changes[-1]
        changes[-1] = char, change - fewer
