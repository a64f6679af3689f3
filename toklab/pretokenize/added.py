"""Added tokens: texts that are taken out of a text, before anything else looks at it, as one token each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import regex

from toklab.pretokenize.aligned import Aligned
from toklab.pretokenize.normalizing import NormalizerStep, is_whitespace

# What a word is made of for the Rust library ``regex``.
_WORD = regex.compile(r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]")


@dataclass(frozen=True)
class AddedToken:
    """A token that is found by its text.

    Parameters
    ----------
    id : of the token
    content : its text
    single_word : found only where no word goes on at either side
    lstrip, rstrip : takes the whitespace before or behind it too
    normalized : looked for in the normalised text, as its own text is after normalisation
    special : stands for no text; looked for only where special tokens are allowed
    """

    id: int
    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    special: bool = False


class Part(NamedTuple):
    """A stretch of a text; ``token`` is the id of the added token that it is, or None."""

    text: Aligned
    token: int | None


@dataclass(frozen=True)
class AddedTokens:
    """All added tokens of a tokenizer.

    Parameters
    ----------
    tokens : no two have the same text
    normalizers : the steps of normalisation
    """

    tokens: tuple[AddedToken, ...]
    normalizers: tuple[NormalizerStep, ...]

    def normalize(self, text: Aligned) -> Aligned:
        """The text after all steps."""
        for step in self.normalizers:
            text = step.apply(text)
        return text

    def shown(self, token: AddedToken) -> str:
        """The text that a token is found by, and decoded to."""
        return self.normalize(Aligned(token.content)).text if token.normalized else token.content

    @cached_property
    def _raw(self) -> _Finder:
        return _Finder([(token.content, token) for token in self.tokens if not token.normalized])

    @cached_property
    def _normal(self) -> _Finder:
        tokens = [token for token in self.tokens if token.normalized]
        return _Finder([(self.shown(token), token) for token in tokens])

    def parts(self, text: str, allow_special: bool) -> Iterator[Part]:
        """Added tokens, and the normalised text between them.

        Tokens that are not normalised are taken out of the raw text, then the others out of each normalised part.
        """
        for part in self._raw.parts(Aligned(text), allow_special):
            if part.token is not None:
                yield part
            else:
                yield from self._normal.parts(self.normalize(part.text), allow_special)


class _Finder:
    """Finds the leftmost token, and of those the longest, again and again.

    Parameters
    ----------
    tokens : what is looked for, and the token that it is; of equal texts the first counts
    """

    def __init__(self, tokens: Sequence[tuple[str, AddedToken]]) -> None:
        self._tokens = {text: token for text, token in reversed(tokens) if text}
        longest = sorted(self._tokens, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def parts(self, text: Aligned, allow_special: bool) -> Iterator[Part]:
        """The tokens and what is between them; nothing is empty."""
        done = 0
        for start, end, token in self._found(text.text, allow_special):
            if done < start:
                yield Part(text.part(done, start), None)
            yield Part(text.part(start, end), token.id)
            done = end
        if done < len(text.text):
            yield Part(text.part(done, len(text.text)), None)

    def _found(self, text: str, allow_special: bool) -> Iterator[tuple[int, int, AddedToken]]:
        done = 0
        for match in self._pattern.finditer(text) if self._pattern is not None else ():
            token = self._tokens[match.group()]
            start, end = match.span()
            if token.special and not allow_special:
                continue
            if token.single_word and (_is_word(text[start - 1 : start]) or _is_word(text[end : end + 1])):
                continue
            while token.lstrip and start > 0 and is_whitespace(text[start - 1]):
                start -= 1
            while token.rstrip and end < len(text) and is_whitespace(text[end]):
                end += 1
            if token.lstrip:
                start = max(start, done)
            yield start, end, token
            done = end


def _is_word(char: str) -> bool:
    return _WORD.match(char) is not None
