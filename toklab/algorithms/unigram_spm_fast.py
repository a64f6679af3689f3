"""The steps of SentencePiece's Unigram on flat arrays and threads: the compiled twin of `unigram_spm_steps`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.algorithms.lattice import UNKNOWN_PENALTY
from toklab.algorithms.spelling import Characters
from toklab.algorithms.spm_rules import INHERITED, LONGEST, NEVER, SPACE, script_of
from toklab.algorithms.unigram_seeds import Edges, find_edges, repeated_substrings, sort_suffixes, text_at
from toklab.algorithms.unigram_spm_seeds import END, Sentences
from toklab.algorithms.unigram_steps import LEAST_COUNT
from toklab.backend import thread_count
from toklab.kernels import announce, unigram, unigram_seeds, unigram_spm, unigram_spm_paths, unigram_spm_seeds
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import ByteArray, IdArray, IntArray, Words

Singles = npt.NDArray[np.float32]
# Parts in which losses are found.
CHUNKS = 8
# Ways that the search for the second-best segmentation has room for at first.
ROOM = 1 << 10


class Units(NamedTuple):
    """Each distinct word with what follows it, its tail: U+2581, or the sentence's end and the next one's first byte.

    Parameters
    ----------
    characters : of the words and their tails, end to end; the distinct words come first, in their order
    sizes : characters of each without its tail
    counts : occurrences of each
    distinct : how many are the distinct words; the rest are words again, with another tail
    """

    characters: Characters
    sizes: IntArray
    counts: IntArray
    distinct: int


def units_of(sentences: Sentences, threads: int | None = None) -> Units:
    """Count words with their tails."""
    nexts = [chr(text[0].encode()[0]) for text in sentences.texts[1:]]
    texts = [text + END + after for text, after in zip(sentences.texts, [*nexts, ""], strict=True)]
    counted = count_words(texts, get_pretokenizer("sentencepiece"), threads=threads)
    first: dict[str, int] = {}
    for number, unit in enumerate(counted.words):
        first.setdefault(unit.partition(END)[0], number)
    order = [first[word] for word in sentences.words.words]
    again = np.ones(len(counted), np.bool_)
    again[order] = False
    order += np.flatnonzero(again).tolist()
    units = [unit if END in unit else unit + SPACE for unit in (counted.words[number] for number in order)]
    sizes = [unit.find(END) if END in unit else len(unit) - 1 for unit in units]
    characters = Characters.of(Words.of(units))
    return Units(characters, np.array(sizes, np.int64), counted.counts[order], len(sentences.words))


class Seeds(NamedTuple):
    """The first vocabulary, characters first.

    Parameters
    ----------
    places, sizes : a position where each piece occurs, and its characters
    weights : of each piece
    edges : the pieces that fit at each position of the distinct words
    """

    places: IntArray
    sizes: ByteArray
    weights: Singles
    edges: Edges


def find_seeds(units: Units, counts: IntArray, size: int) -> Seeds:
    """Compiled twin of `unigram_spm_seeds.seeds`.

    Parameters
    ----------
    counts : occurrences of the distinct words
    """
    codes, starts = units.characters.codes, units.characters.starts
    alphabet, firsts, numbers = np.unique(codes, return_index=True, return_inverse=True)
    order, nodes = _nodes(units, alphabet, (numbers + 1).astype(np.int32))
    weights = (nodes[:, 2] * nodes[:, 3]).astype(np.float32)
    widths = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000), out=widths[1:])
    at = order[nodes[:, 0]]
    # Where suffixes are sorted, texts are: by the first suffix of the stretch, the shorter first.
    ranked = np.lexsort((nodes[:, 2], nodes[:, 0], widths[at] - widths[at + nodes[:, 2]], -weights))[:size]
    nodes, weights = nodes[ranked], weights[ranked]
    places = np.empty(len(nodes), np.int64)
    unigram_spm_seeds.first_places(order, nodes, places)

    held = _inside(units)[: starts[units.distinct]]
    uses = np.zeros(len(alphabet), np.int64)
    np.add.at(uses, numbers[: len(held)][held], np.repeat(counts, units.sizes[: units.distinct]))
    uses[np.isin(alphabet, [ord(char) for char in NEVER])] = 0
    by_count = np.lexsort((alphabet, -uses))[: int((uses > 0).sum())]
    characters = len(by_count)
    # What is no piece has a number of its own, until its edges go.
    id_of = np.full(len(alphabet), characters, np.int32)
    id_of[by_count] = np.arange(characters)
    rows, ids, lengths = find_edges(id_of[numbers] + np.int32(1), order, nodes, characters + 1)
    rows = rows[: len(held) + 1].copy()
    renumber = np.arange(-1, characters + len(nodes), dtype=np.int32)
    renumber[: characters + 1] += 1
    renumber[characters] = -1
    used = unigram.keep(renumber, rows, ids, lengths)
    return Seeds(
        np.concatenate([firsts[by_count], places]),
        np.concatenate([np.ones(characters, np.uint8), nodes[:, 2].astype(np.uint8)]),
        np.concatenate([uses[by_count].astype(np.float32), weights]),
        Edges(rows, ids[:used].copy(), lengths[:used].copy()),
    )


def _inside(units: Units) -> npt.NDArray[np.bool_]:
    """Which positions are no tail."""
    starts = units.characters.starts
    return np.arange(starts[-1]) < np.repeat(starts[:-1] + units.sizes, np.diff(starts))


def _nodes(units: Units, alphabet: npt.NDArray[np.uint32], numbers: IdArray) -> tuple[IntArray, IntArray]:
    """The sorted suffixes; and stretches of them with a text that may be a piece, its characters and its count."""
    starts = units.characters.starts
    each = np.diff(starts)
    ends, stops = np.repeat(starts[1:], each), np.repeat(starts[:-1] + units.sizes, each)
    # A piece, the NUL after it, and the byte after that.
    depth = LONGEST + 2
    order = sort_suffixes(numbers, ends, len(alphabet), depth)
    nodes = repeated_substrings(numbers, ends, np.repeat(units.counts, each), order, depth)
    limits = np.empty(len(numbers), np.uint8)
    unigram_spm_seeds.reaches(_scripts(alphabet)[numbers - 1], stops, LONGEST, limits)
    firsts = np.array([chr(code).encode()[0] for code in alphabet.tolist()], np.int32)
    leads = firsts[numbers - 1]
    # What follows the NUL is a byte already.
    tails = np.flatnonzero(units.characters.codes == 0) + 1
    tails = tails[tails < len(leads)]
    leads[tails] = units.characters.codes[tails]
    used = unigram_spm_seeds.choose(numbers, leads, ends, limits, order, nodes)
    nodes = nodes[:used]
    # A text and the same with the NUL begin at the same suffix; together they are one, in the wider stretch.
    nodes = nodes[np.lexsort((-nodes[:, 1], nodes[:, 2], nodes[:, 0]))]
    fresh = np.ones(used, np.bool_)
    fresh[1:] = (nodes[1:, 0] != nodes[:-1, 0]) | (nodes[1:, 2] != nodes[:-1, 2])
    found = nodes[fresh]
    found[:, 3] = np.add.reduceat(nodes[:, 3], np.flatnonzero(fresh)) if used else 0
    return order, found


def _scripts(alphabet: npt.NDArray[np.uint32]) -> IdArray:
    """Script of each character as a number."""
    names: dict[str, int] = {INHERITED: unigram_spm_seeds.INHERITED}
    found = []
    for char in map(chr, alphabet.tolist()):
        if char in NEVER:
            found.append(unigram_spm_seeds.NEVER)
        elif char == SPACE:
            found.append(unigram_spm_seeds.SPACE)
        else:
            found.append(names.setdefault(script_of(char), len(names)))
    return np.array(found, np.int32)


class FastSpmSteps:
    """Compiled twin of `unigram_spm_steps.SpmSteps`, with its pieces as numbers."""

    def __init__(self, sentences: Sentences, size: int, parts: int, threads: int | None = None) -> None:
        """The seeds of a corpus.

        Parameters
        ----------
        size : see `unigram_spm_seeds.seeds`
        parts : threads of the library
        threads : that may run here; they change nothing
        """
        announce(unigram_seeds.repeated, unigram_spm.expect)
        units = units_of(sentences, threads)
        found = find_seeds(units, sentences.words.counts, size)
        self._codes = units.characters.codes
        self._words = units.characters.starts[: units.distinct], units.sizes[: units.distinct]
        self._counts = sentences.words.counts.astype(np.float32)
        self._places, self._sizes, self._edges = found.places, found.sizes, found.edges
        self._parts, self._threads = parts, threads
        self._scores = np.empty(len(found.weights), np.float32)
        unigram_spm.log_shares(found.weights, self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def texts(self) -> list[str]:
        """The pieces."""
        spans = zip(self._places.tolist(), self._sizes.tolist(), strict=True)
        return [text_at(self._codes, place, size) for place, size in spans]

    @property
    def scores(self) -> list[float]:
        """Their log probabilities (nats)."""
        found: list[float] = self._scores.tolist()
        return found

    def improve(self) -> None:
        """See `unigram_spm_steps.SpmSteps.improve`."""
        expected = self.expect()
        kept = np.flatnonzero(expected >= LEAST_COUNT)
        self._keep(kept)
        unigram_spm.estimate(expected[kept], self._scores)

    def expect(self) -> Singles:
        """See `unigram_spm_steps.SpmSteps.expect`."""
        room = int(self._words[1].max(initial=0)) + 1

        def run(part: int, expected: Singles) -> None:
            forward, backward = np.empty(room, np.float32), np.empty(room, np.float32)
            unigram_spm.expect(
                *(part, self._parts, *self._words, self._counts, *self._edges, self._scores, self._unknown()),
                *(forward, backward, expected),
            )

        return self._added(run)

    def usage(self) -> Singles:
        """See `unigram_spm_steps.SpmSteps.usage`."""
        starts, sizes = self._words
        rows = self._edges.rows
        edges = int((rows[starts + sizes] - rows[starts] + sizes).max(initial=0))

        def run(part: int, usage: Singles) -> None:
            unigram_spm_paths.count_best(
                *(part, self._parts, *self._words, self._counts, *self._edges, self._scores, self._unknown()),
                *(*scratch(edges, int(sizes.max(initial=0))), usage),
            )

        return self._added(run)

    def prune(self, least: int, factor: float) -> None:
        """See `unigram_spm_steps.SpmSteps.prune`."""
        losses = self.losses(self.usage())
        order = np.argsort(-losses, kind="stable")
        order = order[losses[order] > -np.inf]
        certain = int((losses[order] == np.inf).sum())
        limit = max(least, int(np.float32(factor) * np.float32(len(self))))
        self._keep(order[:limit] if certain <= limit else order)

    def losses(self, usage: Singles) -> Singles:
        """See `unigram_spm_steps.SpmSteps.losses`."""
        losses = np.empty(len(self), np.float32)
        total = np.float32(usage.sum(dtype=np.float64))
        bounds = [k * len(self) // CHUNKS for k in range(CHUNKS + 1)]

        def run(first: int, last: int) -> None:
            room, words = ROOM, scratch(LONGEST * (LONGEST + 1), LONGEST)
            while first < last:
                agenda = np.empty((room, unigram_spm_paths.AGENDA_COLUMNS), np.int64)
                ahead, behind = np.empty(room, np.float32), np.empty(room, np.float32)
                where = (self._places, self._sizes, *self._edges)
                first = unigram_spm_paths.lose(
                    *(first, last, *where, self._scores, self._unknown(), usage, total),
                    *(*words, agenda, ahead, behind, losses),
                )
                room *= 2

        with ThreadPoolExecutor(thread_count(self._threads, CHUNKS)) as pool:
            list(pool.map(run, bounds[:-1], bounds[1:]))
        return losses

    def _added(self, run: Callable[[int, Singles], None]) -> Singles:
        """What all parts give, added in their order; so many at once as there are threads."""
        threads = thread_count(self._threads, self._parts)
        total = np.zeros(len(self), np.float32)
        with ThreadPoolExecutor(threads) as pool:
            for begin in range(0, self._parts, threads):
                parts = range(begin, min(begin + threads, self._parts))
                found = [np.zeros(len(self), np.float32) for _ in parts]
                list(pool.map(run, parts, found))
                for part in found:
                    total += part
        return total

    def _keep(self, kept: IntArray) -> None:
        """Keep these pieces, in this order."""
        numbers = np.full(len(self), -1, np.int32)
        numbers[kept] = np.arange(len(kept))
        used = unigram.keep(numbers, *self._edges)
        rows, ids, lengths = self._edges
        self._edges = Edges(rows, ids[:used], lengths[:used])
        self._places, self._sizes, self._scores = self._places[kept], self._sizes[kept], self._scores[kept]

    def _unknown(self) -> np.float32:
        return np.float32(self._scores.min(initial=np.inf) - np.float32(UNKNOWN_PENALTY))


def scratch(edges: int, size: int) -> tuple[IntArray, Singles, Singles, IntArray, IntArray]:
    """Room for the best ways through a word of so many edges and characters."""
    ways = np.empty((edges, unigram_spm_paths.WAY_COLUMNS), np.int64)
    own, reached = np.empty(edges, np.float32), np.empty(edges, np.float32)
    return ways, own, reached, np.empty(size + 1, np.int64), np.empty(size + 1, np.int64)
