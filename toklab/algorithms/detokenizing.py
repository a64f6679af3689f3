"""The decoders of ``tokenizer.json``, one step each: what Hugging Face's of the same names do to a list of pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

from toklab.algorithms.symbols import CHAR_TO_BYTE
from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.matching import Matcher

_BYTE_TOKEN = regex.compile(r"<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>")
# What English tokenizers put a space before, and what is written instead.
_CLEANED = (
    *((" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m")),
    *((" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")),
)


class DecoderStep(Protocol):
    """Changes a list of texts, which are joined at the end."""

    def decode(self, texts: Sequence[str]) -> list[str]: ...


@dataclass(frozen=True)
class ByteLevelDecoder:
    """The characters of each text stand for bytes; a text with any other stands for itself."""

    def decode(self, texts: Sequence[str]) -> list[str]:
        raw = b"".join(
            bytes(CHAR_TO_BYTE[char] for char in text)
            if all(char in CHAR_TO_BYTE for char in text)
            else text.encode("utf-8")
            for text in texts
        )
        return [raw.decode("utf-8", "replace")]


@dataclass(frozen=True)
class WordPieceDecoder:
    """A space before each text but those with the prefix; spaces before punctuation go where asked for."""

    prefix: str
    cleanup: bool

    def decode(self, texts: Sequence[str]) -> list[str]:
        found = [self._spaced(text) if at else text for at, text in enumerate(texts)]
        return list(map(_clean, found)) if self.cleanup else found

    def _spaced(self, text: str) -> str:
        return text.removeprefix(self.prefix) if text.startswith(self.prefix) else " " + text


def _clean(text: str) -> str:
    for old, new in _CLEANED:
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class MetaspaceDecoder:
    """The visible character becomes a space, but in the first text nothing, where one was put before it."""

    replacement: str
    prefixed: bool

    def decode(self, texts: Sequence[str]) -> list[str]:
        return [
            text.replace(self.replacement, "" if self.prefixed and not at else " ") for at, text in enumerate(texts)
        ]


@dataclass(frozen=True)
class SuffixDecoder:
    """The mark of a word's end becomes a space, in the last text nothing."""

    suffix: str

    def decode(self, texts: Sequence[str]) -> list[str]:
        last = len(texts) - 1
        return [text.replace(self.suffix, "" if at == last else " ") for at, text in enumerate(texts)]


@dataclass(frozen=True)
class ReplaceDecoder:
    """Every match of a pattern in a text gives way to another text."""

    pattern: Matcher
    content: str

    def decode(self, texts: Sequence[str]) -> list[str]:
        return [Aligned(text).replaced(self.pattern.matches(text), self.content).text for text in texts]


@dataclass(frozen=True)
class ByteFallbackDecoder:
    """Runs of ``<0xNN>`` become their text, or one U+FFFD a byte where they are not UTF-8."""

    def decode(self, texts: Sequence[str]) -> list[str]:
        found: list[str] = []
        run = b""
        for text in [*texts, None]:
            match = None if text is None else _BYTE_TOKEN.fullmatch(text)
            if match is not None:
                run += bytes([int(match[1], 16)])
                continue
            found += [_text_of(run)] if run else []
            run = b""
            if text is not None:
                found.append(text)
        return found


def _text_of(run: bytes) -> str:
    try:
        return run.decode("utf-8")
    except UnicodeDecodeError:
        return "\ufffd" * len(run)


@dataclass(frozen=True)
class FuseDecoder:
    """All texts as one."""

    def decode(self, texts: Sequence[str]) -> list[str]:
        return ["".join(texts)]


@dataclass(frozen=True)
class StripDecoder:
    """Drop up to so many of a character at the beginning and at the end of each text."""

    content: str
    start: int
    stop: int

    def decode(self, texts: Sequence[str]) -> list[str]:
        return [self._stripped(text) for text in texts]

    def _stripped(self, text: str) -> str:
        first = min(self.start, len(text) - len(text.lstrip(self.content)))
        last = min(self.stop, len(text) - first - len(text[first:].rstrip(self.content)))
        return text[first : len(text) - last]
