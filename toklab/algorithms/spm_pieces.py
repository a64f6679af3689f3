"""SentencePiece's ways to cut a changed text by pieces alone: BPE by scores, characters, whole words.

Kudo and Richardson 2018, "SentencePiece", section 3; version 0.2.3's ``bpe_model.cc``, ``char_model.cc`` and
``word_model.cc``. BPE merges the two neighbours that spell the piece with the highest score, the leftmost of equal
ones, whatever they are. An unused piece takes part, and is cut again into what it was merged from at the end. What is
no piece is unknown: its bytes, or the unknown token.

Worked example. With the scores ``ab`` -1, ``bc`` -2 and ``abc`` -3, ``abc`` becomes ``ab`` c and then ``abc``. Were
``abc`` unused, it would be cut into ``ab`` and c again.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.models import ENCODE_LIMIT, Segmentation
from toklab.backend import use_kernel
from toklab.formats.sentencepiece_merges import last_merge
from toklab.types import ByteArray, IdArray, IntArray, Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segment_bpe import HeapMerges
    from toklab.algorithms.segmenting import Tokens

# An unused piece is cut again, and what comes of it, so often; then it stays.
MOST_CUTS = 100


@dataclass(frozen=True)
class SpmBpeModel:
    """Merges by score; without scores, each character is a token.

    While it merges, what stands in a text has a number: pieces their ids, then come the characters that are only
    known from longer pieces, and last ``stranger``, any other character.

    Parameters
    ----------
    vocab : the pieces, spelled as in the file
    used : ids of the pieces that text can become
    unused : ids of the pieces that take part in merging, and are cut again
    scores : of each piece by id, 32-bit floats; of pieces of several characters, those of equal ones are equal in all
        bits
    fallback : id of each byte's piece; empty without byte fallback
    merging : whether neighbours merge
    """

    vocab: Vocab
    used: Mapping[str, int]
    unused: Mapping[str, int]
    scores: Sequence[float]
    fallback: tuple[int, ...] = ()
    merging: bool = True

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple(piece.surface.decode("utf-8") for piece in self.vocab)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each text that can come about."""
        found = {**self.used, **self.unused}
        spare = itertools.count(len(self.vocab))
        for char in sorted({char for text in found for char in text} - found.keys()):
            found[char] = next(spare)
        return found

    @cached_property
    def stranger(self) -> int:
        """The number of a character that is in no piece."""
        return max([len(self.vocab), *self.numbers.values()]) + 1

    @cached_property
    def _ranks(self) -> dict[str, int]:
        """The rank of each text that merging can make, equal for equal scores; the least is merged first."""
        if not self.merging:
            return {}
        texts = [text for text, number in self.numbers.items() if len(text) > 1]
        bits = np.array([self.scores[self.numbers[text]] for text in texts], np.float32).view(np.int32).astype(np.int64)
        # The order of floats, in which -0.0 is less than 0.0.
        keys = np.where(bits < 0, -(bits & 0x7FFFFFFF) - 1, bits)
        places = np.unique(-keys, return_inverse=True)[1]
        return dict(zip(texts, places.reshape(-1).tolist(), strict=True))

    @cached_property
    def pairs(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(left, right) to (rank, result): every way to spell a piece by two texts that can come about."""
        numbers, found = self.numbers, {}
        for text, rank in self._ranks.items():
            result = numbers[text]
            for middle in range(1, len(text)):
                left, right = numbers.get(text[:middle]), numbers.get(text[middle:])
                if left is not None and right is not None:
                    found[left, right] = rank, result
        return found

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Encode words; the twins give equal results."""
        if use_kernel(backend, sum(len(word) ** 2 for word in words), ENCODE_LIMIT):
            return self.segment(Words.of(words)).segmentations()
        return [self.cut(word) for word in words]

    def cut(self, word: str) -> Segmentation:
        """Merge the neighbours of the best score, leftmost first, until none fit; then cut what is unused again."""
        texts = list(word)
        numbers = [self.numbers.get(char, self.stranger) for char in word]
        while self.pairs:
            found = [self.pairs.get(pair) for pair in itertools.pairwise(numbers)]
            best = min(((entry[0], at) for at, entry in enumerate(found) if entry), default=None)
            if best is None:
                break
            at = best[1]
            numbers[at : at + 2] = [self.pairs[numbers[at], numbers[at + 1]][1]]
            texts[at : at + 2] = ["".join(texts[at : at + 2])]
        parts = [self.tokens_of(text) for text in texts]
        return tuple(i for ids, _ in parts for i in ids), tuple(n for _, widths in parts for n in widths)

    def tokens_of(self, text: str, cuts: int = 0) -> Segmentation:
        """What becomes of a text that nothing merges with."""
        size = len(text.encode())
        if text in self.used or (text in self.unused and cuts > MOST_CUTS):
            return (self.numbers[text],), (size,)
        middle = last_merge(text, self._ranks) if text in self.unused else None
        if middle is not None:
            left, right = self.tokens_of(text[:middle], cuts + 1), self.tokens_of(text[middle:], cuts + 1)
            return left[0] + right[0], left[1] + right[1]
        if self.fallback:
            return tuple(self.fallback[byte] for byte in text.encode()), (1,) * size
        assert self.vocab.unk_id is not None
        return (self.vocab.unk_id,), (size,)

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin, on flat arrays."""
        first, last = int(words.starts[0]), int(words.starts[-1])
        raw = words.text[first:last]
        begins = np.append(np.flatnonzero((raw & 0xC0) != 0x80), len(raw))
        codes = np.frombuffer(raw.tobytes().decode().encode("utf-32-le"), np.uint32)
        places = np.minimum(np.searchsorted(self._characters[0], codes), len(self._characters[0]) - 1)
        ids = np.where(self._characters[0][places] == codes, self._characters[1][places], np.int32(self.stranger))
        offsets = np.searchsorted(begins, words.starts - first)
        found = self._heap.cut(ids, offsets, np.diff(offsets))
        # Ends are counted in characters of the word.
        bases = np.repeat(offsets[:-1], found.sizes)
        ends = begins[bases + found.ends]
        starts = np.zeros_like(ends)
        starts[1:] = ends[:-1]
        return self._parts.spread(raw, found, starts, ends, begins[bases])

    @cached_property
    def _characters(self) -> tuple[IntArray, IdArray]:
        """The characters that have a number, in order, and it."""
        found = sorted((ord(text), number) for text, number in self.numbers.items() if len(text) == 1)
        codes, numbers = zip(*found, strict=True) if found else ((0x110000,), (self.stranger,))
        return np.array(codes, np.int64), np.array(numbers, np.int32)

    @cached_property
    def _heap(self) -> HeapMerges:
        from toklab.algorithms.segment_bpe import HeapMerges

        rows = np.array([(*pair, new) for pair, (_, new) in self.pairs.items()], np.int64).reshape(-1, 3)
        return HeapMerges(rows, np.array([rank for rank, _ in self.pairs.values()], np.int64))

    @cached_property
    def _parts(self) -> Parts:
        found: list[Segmentation] = [((index,), (0,)) for index in range(self.stranger)]
        for text, number in self.numbers.items():
            found[number] = self.tokens_of(text)
        return Parts.of(found, self.fallback, self.vocab.unk_id or 0)


@dataclass(frozen=True, eq=False)
class Parts:
    """The tokens that each number becomes, end to end; the last number is that of strangers.

    Parameters
    ----------
    ids, ends : of all tokens, and after how many bytes of its text each ends
    firsts : (numbers + 1,) where those of each begin
    fallback : id of each byte's piece; empty without
    unknown : id of the unknown token
    """

    ids: IntArray
    ends: IntArray
    firsts: IntArray
    fallback: IntArray
    unknown: int

    @staticmethod
    def of(found: Sequence[Segmentation], fallback: Sequence[int], unknown: int) -> Parts:
        """Lay segmentations end to end; a stranger comes last."""
        ids = [i for each, _ in found for i in each] + [unknown]
        ends = [end for _, widths in found for end in itertools.accumulate(widths)] + [0]
        firsts = np.zeros(len(found) + 2, np.int64)
        np.cumsum([*(len(each) for each, _ in found), 1], out=firsts[1:])
        return Parts(np.array(ids), np.array(ends), firsts, np.array(fallback, np.int64), unknown)

    def spread(self, raw: ByteArray, found: Tokens, starts: IntArray, ends: IntArray, bases: IntArray) -> Tokens:
        """The tokens that numbers become.

        Parameters
        ----------
        raw : bytes of all words
        found : the numbers, and how many each word has
        starts, ends, bases : the bytes of each number, and where its word begins
        """
        from toklab.algorithms.segmenting import Tokens

        numbers = found.ids.astype(np.int64)
        strange = numbers == len(self.firsts) - 2
        counts = self.firsts[numbers + 1] - self.firsts[numbers]
        if len(self.fallback):
            counts = np.where(strange, ends - starts, counts)
        firsts = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(firsts, counts)
        again = np.repeat(np.arange(len(numbers)), counts)
        places = np.where(strange[again], self.firsts[-2], self.firsts[numbers[again]] + within)
        ids, until = self.ids[places], starts[again] + self.ends[places]
        if len(self.fallback):
            rows = np.flatnonzero(strange[again])
            until[rows] = starts[again[rows]] + within[rows] + 1
            ids[rows] = self.fallback[raw[until[rows] - 1]]
        else:
            until = np.where(strange[again], ends[again], until)
        sizes = np.zeros(len(found.sizes), np.int64)
        np.add.at(sizes, np.repeat(np.arange(len(found.sizes)), found.sizes), counts)
        return Tokens(ids.astype(np.int32), (until - bases[again]).astype(np.int32), sizes)


@dataclass(frozen=True)
class SpmWordModel:
    """A word that is a piece is one token; any other is its bytes, or the unknown token.

    Parameters
    ----------
    vocab : the pieces, spelled as in the file
    used : ids of the pieces that text can become
    fallback : id of each byte's piece; empty without byte fallback
    spread : of the bytes that a word becomes each covers itself; otherwise the last covers the word, as in the library
    """

    vocab: Vocab
    used: Mapping[str, int]
    fallback: tuple[int, ...] = ()
    spread: bool = False

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple(piece.surface.decode("utf-8") for piece in self.vocab)

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Look words up; there is only one way to do it."""
        use_kernel(backend, 0, 1)
        return [self._tokens(word, word.encode()) for word in words]

    def _tokens(self, word: str, raw: bytes) -> Segmentation:
        if word not in self.used and self.fallback:
            widths = (1,) * len(raw) if self.spread else (0,) * (len(raw) - 1) + (len(raw),)
            return tuple(self.fallback[byte] for byte in raw), widths
        unknown = self.vocab.unk_id
        assert unknown is not None
        return (self.used.get(word, unknown),), (len(raw),)

    def segment(self, words: Words) -> Tokens:
        """The same on flat arrays."""
        from toklab.algorithms.segmenting import Tokens

        return Tokens.of(self.encode_words(words.strings()))
