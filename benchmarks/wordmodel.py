"""Text of any size from a seed, for sizes that no machine has lying about: Zipf, Mandelbrot and Heaps.

The number of different words among the first ``n`` is ``K n**BETA`` (Heaps' law; Manning, Raghavan and Schütze,
"Introduction to Information Retrieval", 2008, section 5.1.1), with the constants that a real text shows. A word
that is not new is drawn by rank with a probability in proportion to ``1 / (rank + SHIFT)`` (Zipf's law as
Mandelbrot shifted it, exponent 1). The first ranks are real words; each later one is made of two halves of real
words that its rank chooses, so the text goes on growing new words, as real text does, and never repeats itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.documents import MEGABYTE
from toklab.errors import InputError

BETAS = (0.3, 0.9)  # a text that is too short to tell is taken to be within
SHIFT = 2.7
BLOCK = 1 << 16  # words at a time; within a block the vocabulary to draw from stays the same
SENTENCE, PARAGRAPH, COMMA = 18, 90, 11  # words, on average
SAMPLE = 4 * MEGABYTE
START = 1000  # words whose vocabulary is there from the first


def common_words(words: Sequence[str]) -> list[str]:
    """Different words, most frequent first, then in the order of code points."""
    counts = Counter(words)
    return sorted(counts, key=lambda word: (-counts[word], word))


def growth(words: Sequence[str]) -> tuple[float, float]:
    """K and BETA of Heaps' law: through the different words of the first half, and of all."""
    half, whole = len(set(words[: len(words) // 2])), len(set(words))
    beta = min(max(math.log2(whole / max(half, 1)), BETAS[0]), BETAS[1])
    return whole / len(words) ** beta, beta


class WordModel:
    """A source of text.

    Parameters
    ----------
    text : whose words, and whose growth of them, are taken
    seed : another seed, another text

    Raises
    ------
    InputError
        The text has no words.
    """

    def __init__(self, text: str, seed: int) -> None:
        words = re.findall(r"\w+", text[:SAMPLE])
        if not words:
            raise InputError("the text has no words to make more text of")
        self._real = common_words(words)
        self._k, self._beta = growth(words)
        self._words: list[str] = []
        self._random = np.random.default_rng(seed)

    def blocks(self) -> Iterator[bytes]:
        """Text without end, as UTF-8."""
        n = START
        self._grow(int(self._k * n**self._beta))
        while True:
            known, n = len(self._words), n + BLOCK
            self._grow(int(self._k * n**self._beta))
            ranks = self._ranks(known)
            new = np.arange(known, len(self._words))
            ranks[self._random.choice(BLOCK, len(new), replace=False)] = new
            yield self._write(ranks)

    def _grow(self, size: int) -> None:
        real = self._real
        for rank in range(len(self._words), size):
            if rank < len(real):
                self._words.append(real[rank])
                continue
            # Two multipliers without a common factor with most sizes; the same rank, the same word.
            first, second = real[rank * 7919 % len(real)], real[rank * 104_729 % len(real)]
            tail = "" if rank < 64 * len(real) else str(rank)
            self._words.append(first[: len(first) // 2 + 1] + second[len(second) // 2 :] + tail)

    def _ranks(self, size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The inverse of the sum of ``1 / (rank + SHIFT)``, taken as an integral."""
        share = self._random.random(BLOCK)
        ranks = (SHIFT * (1 + size / SHIFT) ** share - SHIFT).astype(np.int64)
        return np.minimum(ranks, size - 1)

    def _write(self, ranks: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bytes:
        words = [self._words[rank] for rank in ranks.tolist()]
        marks = self._random.random(BLOCK).tolist()
        return "".join(word + _mark(value) for word, value in zip(words, marks, strict=True)).encode("utf-8")


def _mark(value: float) -> str:
    """What follows a word: a paragraph's end, a sentence's end, a comma or a space."""
    if value < 1 / PARAGRAPH:
        return ".\n\n"
    if value < 1 / SENTENCE:
        return ". "
    return ", " if value < 1 / SENTENCE + 1 / COMMA else " "
