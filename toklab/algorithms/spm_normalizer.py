"""How SentencePiece changes a text before it cuts it, and where every byte of the result comes from.

Kudo and Richardson 2018, "SentencePiece", sections 3.2 and 3.3, as version 0.2.3 does it. From the left, the user's own
pieces stay as they are, then the longest rule is applied, and else a character is taken. Spaces are written U+2581.

Worked example. With ``add_dummy_prefix`` and ``remove_extra_whitespaces``, ``" a  b "`` becomes ``▁a▁b``. Its bytes
come from those at 1 (the space that was put before), 1, 2 and 4: a byte covers the text up to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toklab.algorithms.spm_charsmap import Charsmap
from toklab.backend import has_run, use_kernel
from toklab.types import IdArray, IntArray, Words

if TYPE_CHECKING:
    from toklab.types import StepArray

SPACE = "\u2581".encode()
REPLACEMENT = "\ufffd".encode()
# Bytes that the readable twin changes in about half a second.
NORMALIZE_LIMIT = 250_000
# Bytes from which the compiled twin, once it has run, is faster.
READY_LIMIT = 50
# Of nested pieces of the user, the library looks at so many.
MOST_NESTED = 64


class Changed(NamedTuple):
    """Changed texts.

    Parameters
    ----------
    words : the texts, end to end
    sources : int32, for each byte of each text and its end, the byte of the raw text it comes from; text i's begin at
        ``words.starts[i] + i``
    """

    words: Words
    sources: IdArray


@dataclass(frozen=True, eq=False)
class SpmNormalizer:
    """What a ``.model`` says about changing texts.

    Parameters
    ----------
    charsmap : the rules
    kept : pieces of the user, which no rule changes
    add_dummy_prefix : a space is put before the text
    remove_extra_whitespaces : spaces at the ends and repeated ones go
    escape_whitespaces : spaces become U+2581
    suffix_space : the space is put behind the text
    exact : the bytes of a character that stays as it is come from its own bytes, and not from its first one
    """

    charsmap: Charsmap
    kept: tuple[bytes, ...] = ()
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True
    suffix_space: bool = False
    exact: bool = False

    @property
    def _space(self) -> bytes:
        return SPACE if self.escape_whitespaces else b" "

    @cached_property
    def _by_first(self) -> dict[int, tuple[bytes, ...]]:
        """The user's pieces by their first byte, longest first."""
        found: dict[int, list[bytes]] = {}
        for text in sorted(self.kept, key=lambda text: (-len(text), text)):
            found.setdefault(text[0], []).append(text)
        return {first: tuple(texts) for first, texts in found.items()}

    def kept_at(self, text: bytes, at: int) -> bytes:
        """The longest piece of the user that is at a place; empty for none."""
        for piece in self._by_first.get(text[at], ()):
            if text.startswith(piece, at):
                return piece
        return b""

    def change_all(self, texts: Sequence[bytes], backend: str = "auto") -> Changed:
        """Change texts in UTF-8; the twins give equal results."""
        limit = READY_LIMIT if has_run("spm_normalize", "normalize") else NORMALIZE_LIMIT
        if use_kernel(backend, sum(map(len, texts)), limit):
            return self._change_fast(Words.joined(texts))
        found = [self.change(text) for text in texts]
        sources = np.array([place for _, places in found for place in places], np.int32)
        return Changed(Words.joined([text for text, _ in found]), sources)

    def change(self, text: bytes) -> tuple[bytes, list[int]]:
        """One changed text, and where each of its bytes and its end come from."""
        out, sources, at = bytearray(), list[int](), 0

        def add_space(source: int) -> None:
            out.extend(self._space)
            sources.extend([source] * len(self._space))

        while self.remove_extra_whitespaces and at < len(text) and self._next(text, at)[0] == b" ":
            at += self._next(text, at)[1]
        if at == len(text):
            return b"", [at]
        if self.add_dummy_prefix and not self.suffix_space:
            add_space(at)
        after_space = self.remove_extra_whitespaces
        while at < len(text):
            found, size = self._next(text, at)
            own = self.exact and found == text[at : at + size]
            stripped = len(found) - len(found.lstrip(b" ")) if after_space else 0
            found = found[stripped:]
            for place, byte in enumerate(found, stripped):
                if byte == 0x20:
                    add_space(at + place * own)
                else:
                    out.append(byte)
                    sources.append(at + place * own)
            if found:
                after_space = self.remove_extra_whitespaces and found.endswith(b" ")
            at += size
        while self.remove_extra_whitespaces and out.endswith(self._space):
            at = sources[len(out) - len(self._space)]
            del out[-len(self._space) :], sources[-len(self._space) :]
        if self.add_dummy_prefix and self.suffix_space:
            add_space(at)
        return bytes(out), [*sources, at]

    def _next(self, text: bytes, at: int) -> tuple[bytes, int]:
        """What comes next in the result, and how many bytes of the text that takes."""
        kept = self.kept_at(text, at)
        if kept:
            return kept, len(kept)
        found = self.charsmap.longest(text, at) if self.charsmap else None
        if found is not None:
            return found
        size = _width(text[at])
        # A rule may have taken only a part of a character.
        return (text[at : at + size], size) if size else (REPLACEMENT, 1)

    @cached_property
    def _links(self) -> StepArray:
        """The trie of the user's pieces."""
        from toklab.algorithms.trie import Trie

        return Trie.of(sorted(self.kept)).table

    def _change_fast(self, words: Words) -> Changed:
        from toklab.kernels import announce, spm_normalize

        announce(spm_normalize.normalize)
        replacements = np.frombuffer(self.charsmap.replacements, np.uint8)
        names = ("add_dummy_prefix", "remove_extra_whitespaces", "escape_whitespaces", "suffix_space", "exact")
        options = np.array([getattr(self, name) for name in names], np.uint8)
        count = len(words.starts) - 1
        starts = np.zeros(count + 1, np.int64)
        room = len(words.text) + 2 * int(np.count_nonzero(words.text == 0x20)) + 6 * count + len(words.text) // 8 + 6
        while True:
            out, sources = np.empty(room, np.uint8), np.empty(room + count, np.int32)
            tables = self.charsmap.units, replacements, self._links, options
            size = spm_normalize.normalize(words.text, words.starts, *tables, out, sources, starts)
            if size >= 0:
                changed = out[:size]
                changed.flags.writeable = False  # as the readable twin's, so that nothing is compiled twice
                return Changed(Words(changed, starts), sources[: size + count])
            room *= 2

    def kept_in(self, words: Words, backend: str = "auto") -> IntArray:
        """(n, 2): where the user's pieces begin and end in changed texts, found from the left, the longest first."""
        if not self.kept:
            return np.zeros((0, 2), np.int64)
        limit = READY_LIMIT if has_run("spm_normalize", "find") else NORMALIZE_LIMIT
        if use_kernel(backend, len(words.text), limit):
            from toklab.kernels import announce, spm_normalize

            announce(spm_normalize.find)
            spans = np.empty((len(words.text), 2), np.int64)
            return spans[: spm_normalize.find(words.text, words.starts, self._links, spans)].copy()
        found, raw = [], words.text.tobytes()
        for number in range(len(words.starts) - 1):
            at, end = words.starts[number : number + 2].tolist()
            text, first = raw[at:end], at
            while at < end:
                kept = self.kept_at(text, at - first)
                if kept:
                    found.append((at, at + len(kept)))
                at += len(kept) or _width(raw[at]) or 1
        return np.array(found, np.int64).reshape(-1, 2)


def _width(byte: int) -> int:
    """Bytes of the UTF-8 character that begins with a byte; 0 where none does."""
    if byte < 0x80:
        return 1
    return 0 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
