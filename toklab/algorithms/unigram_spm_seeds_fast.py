"""The seeds of SentencePiece's Unigram on flat arrays: the compiled twin of `unigram_spm_seeds.seeds`.

The library sorts the suffixes of the whole text. No piece goes past a word, so here those of the distinct words are
enough, each with what follows it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.algorithms.spelling import Characters
from toklab.algorithms.spm_rules import DIGITS, INHERITED, LONGEST, NEVER, SPACE, script_of
from toklab.algorithms.suffix_sorting import sort_suffixes
from toklab.algorithms.unigram_seeds import (
    check_positions,
    find_chains,
    number_nodes,
    repeated_substrings,
)
from toklab.algorithms.unigram_spm_seeds import END, Sentences
from toklab.kernels import unigram_spm_seeds
from toklab.kernels.unigram_spm import Singles
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import ByteArray, IdArray, IntArray, Words


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


class Edges(NamedTuple):
    """The pieces that begin at each position, shortest first, and never go past the word's end.

    Parameters
    ----------
    rows : (positions + 1,) int64, those of position p are ``rows[p]`` to ``rows[p + 1]``
    ids, lengths : piece and characters of each
    """

    rows: IntArray
    ids: IdArray
    lengths: ByteArray


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


def find_seeds(units: Units, counts: IntArray, size: int, split_digits: bool = False, threads: int = 1) -> Seeds:
    """Compiled twin of `unigram_spm_seeds.seeds`.

    Parameters
    ----------
    counts : occurrences of the distinct words
    threads : that may run; they change nothing
    """
    codes, starts = units.characters.codes, units.characters.starts
    check_positions(len(codes))
    alphabet, firsts, numbers = np.unique(codes, return_index=True, return_inverse=True)
    order, nodes = _nodes(units, alphabet, (numbers + 1).astype(np.int32), split_digits, threads)
    weights = (nodes[:, 2] * nodes[:, 3]).astype(np.float32)
    widths = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000), out=widths[1:])
    at = order[nodes[:, 0]]
    # Where suffixes are sorted, texts are: by the first suffix of the stretch, the shorter first.
    ranked = np.lexsort((nodes[:, 2], nodes[:, 0], widths[at] - widths[at + nodes[:, 2]], -weights))[:size]
    every, nodes, weights = nodes, nodes[ranked], weights[ranked]
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
    pieces = number_nodes(ranked, len(every), characters + 1)
    columns = every[:, 0].astype(np.int32), every[:, 1].astype(np.int32), every[:, 2].astype(np.uint16)
    chains = find_chains(id_of[numbers] + np.int32(1), order, *columns, pieces, characters + 1, LONGEST)
    rows, none = np.empty(len(held) + 1, np.int64), np.empty(0, np.int32)
    unigram_spm_seeds.spread(chains.deepest[: len(held)], chains.table, rows, none, none.astype(np.uint8))
    ids, lengths = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.uint8)
    unigram_spm_seeds.spread(chains.deepest[: len(held)], chains.table, rows, ids, lengths)
    renumber = np.arange(-1, characters + len(nodes), dtype=np.int32)
    renumber[: characters + 1] += 1
    renumber[characters] = -1
    used = unigram_spm_seeds.keep(renumber, rows, ids, lengths)
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


def _nodes(
    units: Units, alphabet: npt.NDArray[np.uint32], numbers: IdArray, split_digits: bool, threads: int
) -> tuple[IdArray, IntArray]:
    """The sorted suffixes; and stretches of them with a text that may be a piece, its characters and its count."""
    starts = units.characters.starts
    each = np.diff(starts)
    ends, stops = np.repeat(starts[1:], each), np.repeat(starts[:-1] + units.sizes, each)
    # A piece, the NUL after it, and the byte after that.
    depth = LONGEST + 2
    order = sort_suffixes(numbers, starts, depth, threads).order
    nodes: IntArray = np.stack(repeated_substrings(numbers, starts, order, units.counts, depth, threads), axis=1)
    limits = np.empty(len(numbers), np.uint8)
    unigram_spm_seeds.reaches(_scripts(alphabet, split_digits)[numbers - 1], stops, LONGEST, limits)
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


def _scripts(alphabet: npt.NDArray[np.uint32], split_digits: bool) -> IdArray:
    """Script of each character as a number; one that is in no piece of several characters has none."""
    alone = NEVER | DIGITS if split_digits else NEVER
    names: dict[str, int] = {INHERITED: unigram_spm_seeds.INHERITED}
    found = []
    for char in map(chr, alphabet.tolist()):
        if char in alone:
            found.append(unigram_spm_seeds.NEVER)
        elif char == SPACE:
            found.append(unigram_spm_seeds.SPACE)
        else:
            found.append(names.setdefault(script_of(char), len(names)))
    return np.array(found, np.int32)
