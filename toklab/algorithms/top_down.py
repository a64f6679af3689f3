"""WordPiece from the top: count the substrings of words, keep the frequent ones, longest first.

This is how tensorflow_text learns a vocabulary for BERT (``wordpiece_tokenizer_learner``; the guide "Subword
tokenizers", section "Optional: The algorithm"). Given a threshold,

1. from each place where a word may be cut, count every substring up to each later place (all places at first);
2. from the longest substrings to the shortest, keep those with a count of at least the threshold, and subtract the
   count of each from the counts of its prefixes, so that a prefix is kept for what no longer piece explains;
3. cut the words by longest match with what was kept and all characters, and count again from these places only:
   four rounds in all.

Words of more than 50 characters are not counted. The threshold is found by bisection.

``top-down`` subtracts the counts of kept pieces, as the guide says. ``top-down-tf`` subtracts those of all, as the
library's code does. There each count, less those of all that begin with it, is how often the substring *ends* a word:
the code keeps whole words and ends of words only.

The library stops within a twentieth below the size asked for. Here the size is exact: the least threshold found that
keeps no more than asked for, then the most frequent substrings that it does not keep. (To drop the rarest of a lower
threshold instead would be much worse: threshold 1 keeps whole words only.) Pieces are in the order (count, largest
first; text with its ``##``, by code point), first those kept, then those added.

Worked example. ``hugs`` x3, ``hugged`` x1 and ``hugger`` x1, threshold 2. In the first round ``hugged`` and ``hugger``
are too rare, ``hugge`` is kept with 2 and ``hugs`` with 3; ``hugg`` is left with 2 - 2 and ``hug`` with 5 - 3 - 2, so
with nothing. ``##ugge``, ``##ugs`` and others are kept likewise. In the second round the words are cut into hugs,
hugge ##d and hugge ##r, so only ``hugge`` and ``hugs`` remain. The library's code subtracts ``hugged`` and ``hugger``
from ``hugge``, and ends with ``hugs`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from toklab.algorithms.symbols import CONTINUATION, Material
from toklab.backend import use_kernel
from toklab.types import Piece

ROUNDS = 4
LONGEST = 50
# Characters of distinct words that the readable twin searches with in about a second.
REFERENCE_LIMIT = 5_000

# A substring and whether it continues a word.
Part: TypeAlias = tuple[str, bool]


class Substrings(Protocol):
    """What the search asks: the largest count, how many parts a threshold keeps, which, and which are frequent."""

    @property
    def most(self) -> int: ...
    def size(self, threshold: int) -> int: ...
    def kept(self, threshold: int) -> dict[Part, int]: ...
    def frequent(self, number: int, least: int) -> list[Part]: ...


def learn(substrings: Substrings, material: Material, vocab_size: int, min_frequency: int = 0) -> tuple[Piece, ...]:
    """Find the threshold and put the vocabulary together.

    Parameters
    ----------
    min_frequency : the least threshold; no rarer substring is added

    Returns
    -------
    pieces : those of the initial symbols, then what was learned; fewer than asked for only where the words have no more
        substrings
    """
    wanted, least = vocab_size - len(material.symbols), max(1, min_frequency)
    kept = substrings.kept(least_threshold(substrings.size, wanted, least, substrings.most + 1))
    added = [part for part in substrings.frequent(wanted, least) if part not in kept]
    chosen = [*in_order(kept), *added][:wanted]
    pieces = tuple(Piece(text.encode(), continuation=continues) for text, continues in chosen)
    return tuple(symbol.piece for symbol in material.symbols) + pieces


def least_threshold(size: Callable[[int], int], wanted: int, least: int, most: int) -> int:
    """A threshold from ``least`` to ``most`` that keeps no more than wanted, the next lower one keeping more.

    Found by bisection; at ``most`` nothing is kept. A larger threshold may keep more, but seldom does.
    """
    while least < most:
        middle = (least + most) // 2
        if size(middle) <= wanted:
            most = middle
        else:
            least = middle + 1
    return most


def in_order(counts: dict[Part, int]) -> list[Part]:
    """The most frequent first, then by text with the ``##``."""
    return sorted(counts, key=lambda part: (-counts[part], spelled(part)))


def spelled(part: Part) -> str:
    """The part as a vocabulary file spells it."""
    return CONTINUATION * part[1] + part[0]


class CountedSubstrings:
    """The readable counts of substrings.

    Parameters
    ----------
    subtract_all : subtract the counts of all parts, not of the kept ones only
    """

    def __init__(self, material: Material, subtract_all: bool = False) -> None:
        surfaces = [symbol.piece.surface.decode() for symbol in material.symbols]
        texts = ("".join(surfaces[index] for index in word) for word in material.words)
        counted = zip(texts, material.counts.tolist(), strict=True)
        self.words = [(word, count) for word, count in counted if len(word) <= LONGEST]
        self.reserved = {symbol.key.decode() for symbol in material.symbols if symbol.reserved}
        self.subtract_all = subtract_all
        self.first = self._count(None)

    @property
    def most(self) -> int:
        """The largest count."""
        return max(self.first.values(), default=0)

    def size(self, threshold: int) -> int:
        """How many parts of several characters a threshold keeps."""
        return len(self.kept(threshold))

    def frequent(self, number: int, least: int) -> list[Part]:
        """The ``number`` most frequent parts of several characters that may be pieces, if at least that frequent."""
        parts = {part: count for part, count in self.first.items() if count >= least and self._may_be_piece(part)}
        return in_order(parts)[:number]

    def kept(self, threshold: int) -> dict[Part, int]:
        """The parts of several characters that a threshold keeps, with what is left of their counts."""
        kept = self._keep(self.first, threshold)
        for _ in range(ROUNDS - 1):
            kept = self._keep(self._count(kept), threshold)
        return kept

    def _count(self, known: dict[Part, int] | None) -> dict[Part, int]:
        """Occurrences of the parts that begin at a cut; None cuts everywhere."""
        counts: dict[Part, int] = {}
        for word, count in self.words:
            for start in range(len(word)) if known is None else cuts(word, known):
                for end in range(start + 1, len(word) + 1):
                    part = word[start:end], start > 0
                    counts[part] = counts.get(part, 0) + count
        return counts

    def _keep(self, counts: dict[Part, int], threshold: int) -> dict[Part, int]:
        """One pass from the longest parts to the shortest."""
        left, kept = dict(counts), {}
        for part in sorted(counts, key=lambda part: -len(part[0])):
            text, continues = part
            enough = left[part] >= threshold and self._may_be_piece(part)
            if enough:
                kept[part] = left[part]
            if enough or self.subtract_all:
                for end in range(1, len(text)):
                    left[text[:end], continues] -= left[part]
        return kept

    def _may_be_piece(self, part: Part) -> bool:
        """Whether a part has several characters, is not reserved, and does not begin a word like a continuation."""
        text, continues = part
        ambiguous = not continues and text.startswith(CONTINUATION)
        return len(text) > 1 and not ambiguous and spelled(part) not in self.reserved


def cuts(word: str, known: dict[Part, int]) -> Iterator[int]:
    """Where the pieces of a word begin, by longest match; any single character is a piece."""
    start = 0
    while start < len(word):
        yield start
        ends = range(len(word), start, -1)
        start = next(end for end in ends if end == start + 1 or (word[start:end], start > 0) in known)


def learn_with(
    backend: str, material: Material, vocab_size: int, min_frequency: int, subtract_all: bool = False
) -> tuple[Piece, ...]:
    """`learn`, by the twin that suits the work; the result does not depend on the choice."""
    if use_kernel(backend, material.size, REFERENCE_LIMIT):
        from toklab.algorithms.fast import CompiledSubstrings

        return learn(CompiledSubstrings(material, subtract_all), material, vocab_size, min_frequency)
    return learn(CountedSubstrings(material, subtract_all), material, vocab_size, min_frequency)
