"""WordPiece as an encoder: longest match."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toklab.algorithms.dropout import match_with_dropout, matches
from toklab.algorithms.models import Segmentation
from toklab.algorithms.symbols import CONTINUATION
from toklab.backend import use_kernel
from toklab.types import IdArray, Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segment_wordpiece import WordPieceKernel
    from toklab.algorithms.segmenting import Tokens
    from toklab.algorithms.stream import Stream

# Characters whose readable longest match takes about a second.
MATCH_LIMIT = 1_000_000


@dataclass(frozen=True)
class WordPieceModel:
    """Greedy longest match from the left; a word that cannot be matched to its end is one unknown token.

    Source: BERT tokenization.py (WordpieceTokenizer); Hugging Face models/wordpiece. Linear-time matching: Song
    et al. 2021, "Fast WordPiece Tokenization" (the compiled twin).
    """

    vocab: Vocab
    max_word_length: int = 100

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple((CONTINUATION if p.continuation else "") + p.surface.decode("utf-8") for p in self.vocab)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {text: i for i, text in enumerate(self.strings) if not self.vocab[i].special}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._ids), default=0)

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Encode words; the twins give equal results."""
        if use_kernel(backend, sum(map(len, words)), MATCH_LIMIT):
            return self.segment(Words.of(words)).segmentations()
        return [self.match(word) for word in words]

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin, on flat arrays."""
        return self._kernel.match(words)

    def whole_words(self, most: int) -> tuple[Words, IdArray]:
        """Up to ``most`` words that are one token each, and which."""
        return self._kernel.whole(most)

    def match(self, word: str) -> Segmentation:
        """Take the longest piece that fits, again and again."""
        size = len(word.encode("utf-8"))
        if len(word) > self.max_word_length:
            return self.unknown(size)
        ids: list[int] = []
        lengths: list[int] = []
        start = 0
        while start < len(word):
            prefix = CONTINUATION if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                found = self._ids.get(prefix + word[start:end])
                if found is not None:
                    break
            else:
                return self.unknown(size)
            ids.append(found)
            lengths.append(len(word[start:end].encode("utf-8")))
            start = end
        return tuple(ids), tuple(lengths)

    def sample_words(
        self, words: Sequence[str], alpha: float, random: Stream, backend: str = "auto"
    ) -> tuple[list[Segmentation], float]:
        """Encode words by MaxMatch-dropout, with the logarithm of the probability; there is only one way to do it."""
        use_kernel(backend, 0, 1)
        drawn = [self._sample(word, alpha, random) for word in words]
        return [found for found, _ in drawn], math.fsum(logarithm for _, logarithm in drawn)

    def _sample(self, word: str, alpha: float, random: Stream) -> tuple[Segmentation, float]:
        longest = self.match(word)
        if longest[0] == (self.vocab.unk_id,):
            return longest, 0.0
        return match_with_dropout(word, matches(word, self._ids, self._longest, CONTINUATION), alpha, random)

    def unknown(self, size: int) -> Segmentation:
        """A whole word of ``size`` bytes as one unknown token."""
        assert self.vocab.unk_id is not None
        return (self.vocab.unk_id,), (size,)

    @cached_property
    def _kernel(self) -> WordPieceKernel:
        from toklab.algorithms.segment_wordpiece import WordPieceKernel

        return WordPieceKernel(self._ids, self.max_word_length, self.vocab.unk_id)
