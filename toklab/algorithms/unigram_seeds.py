"""The first vocabulary of unigram training on flat arrays: the compiled twin of `unigram_steps.seeds`.

Memory is what limits the size of a corpus here, so arrays of a number for each character are made seldom, in parts,
and given up early.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.algorithms.parts import even, in_parts
from toklab.algorithms.spelling import Characters
from toklab.algorithms.suffix_sorting import KEY_BITS, sort_suffixes, spans
from toklab.errors import InputError
from toklab.kernels import announce, unigram_seeds
from toklab.types import ByteArray, IdArray, IntArray, ShortArray, Words

CodeArray = npt.NDArray[np.uint32]
# Parts for each thread, since they differ in their work.
PARTS = 16
# Positions are int32.
MOST_CHARACTERS = (1 << 31) - 1


class Seeds(NamedTuple):
    """The first vocabulary, characters first.

    Parameters
    ----------
    starts : where each word begins in the words, end to end, and the end
    places, sizes : a position where each piece occurs, and its characters
    weights : occurrences x characters of each piece
    required : how many pieces are characters
    chains : the pieces that fit at each position
    """

    starts: IntArray
    places: IdArray
    sizes: ByteArray
    weights: IntArray
    required: int
    chains: Chains


class Chains(NamedTuple):
    """The pieces that fit at each position; see `toklab.kernels.unigram_chains`.

    Parameters
    ----------
    deepest : (positions,) int32, the longest piece that begins at each position within its word
    table : (pieces,) int64, packed: the longest piece that begins each piece, how many there are, its characters
    """

    deepest: IdArray
    table: IntArray


class Nodes(NamedTuple):
    """Substrings that may be seeds, in the order of their texts, as stretches of the sorted suffixes.

    Parameters
    ----------
    firsts, lasts : (nodes,) int32, the first suffix of the stretch, and the one behind it
    sizes : (nodes,) uint16, characters
    counts : (nodes,) int64, occurrences
    """

    firsts: IdArray
    lasts: IdArray
    sizes: ShortArray
    counts: IntArray

    @staticmethod
    def room(size: int) -> Nodes:
        """Room for so many; what is not used of it takes no memory."""
        first, last = np.empty(size, np.int32), np.empty(size, np.int32)
        return Nodes(first, last, np.empty(size, np.uint16), np.empty(size, np.int64))

    def of(self, where: slice | npt.NDArray[np.bool_]) -> Nodes:
        """Some of them."""
        return Nodes(self.firsts[where], self.lasts[where], self.sizes[where], self.counts[where])

    def write(self, where: slice, some: Nodes) -> None:
        """Write some over others."""
        self.firsts[where], self.lasts[where] = some.firsts, some.lasts
        self.sizes[where], self.counts[where] = some.sizes, some.counts


def find_seeds(
    words: Words, counts: IntArray, size: int, longest: int, reserved: Collection[str], threads: int
) -> Seeds:
    """Compiled twin of `unigram_steps.seeds`.

    Parameters
    ----------
    counts : occurrences of each word
    size, longest, reserved : as there
    threads : that may run; they change nothing

    Raises
    ------
    InputError
        The words have more characters than positions can count.
    """
    announce(unigram_seeds.repeated)
    alphabet, alone, codes, starts = _read(words)
    order = sort_suffixes(codes, starts, longest, threads).order
    firsts, lasts, sizes, weights = repeated_substrings(codes, starts, order, counts, longest, threads)
    weights *= sizes
    weights[reserved_nodes(codes, order, firsts, sizes, alphabet, reserved)] = 0
    numbers, weights = number_heaviest(weights, max(0, size - len(alphabet)), len(alphabet))
    kept = numbers >= 0
    firsts = firsts[kept]
    lasts = lasts[kept]
    sizes = sizes[kept]
    numbers = numbers[kept]
    singles = _count_characters(codes, starts, counts, len(alphabet))
    chains = find_chains(codes, order, firsts, lasts, sizes, numbers, len(alphabet), longest)
    del lasts, sizes
    places = np.empty(len(chains.table), np.int32)
    places[: len(alphabet)] = alone
    for span in spans(len(numbers)):
        places[numbers[span]] = order[firsts[span]]
    del order, firsts, numbers
    lengths = np.empty(len(places), np.uint8)
    np.bitwise_and(chains.table, 255, out=lengths, casting="unsafe")
    return Seeds(starts, places, lengths, np.concatenate([singles, weights]), len(alphabet), chains)


def check_positions(size: int) -> None:
    """Refuse more characters than positions can count.

    Raises
    ------
    InputError
        There are 2**31 or more.
    """
    if size > MOST_CHARACTERS:
        raise InputError(
            f"the distinct words of the corpus have {size:,} characters, and Unigram is trained on {MOST_CHARACTERS:,} "
            "at most; train on a part of it"
        )


def _read(words: Words) -> tuple[CodeArray, IdArray, IdArray, IntArray]:
    """The distinct characters by code point, where each occurs, and the words' characters as numbers from 1."""
    check_positions(int(np.count_nonzero((words.text & 0xC0) != 0x80)))
    characters = Characters.of(words)
    codes, starts = characters.codes, characters.starts
    places = np.full(int(codes.max(initial=0)) + 1, -1, np.int32)
    for span in spans(len(codes)):
        places[codes[span]] = np.arange(span.start, span.stop, dtype=np.int32)
    alphabet = np.flatnonzero(places >= 0).astype(np.uint32)
    numbers = np.zeros(len(places), np.int32)
    numbers[alphabet] = np.arange(1, len(alphabet) + 1)
    found = np.empty(len(codes), np.int32)
    for span in spans(len(codes)):
        found[span] = numbers[codes[span]]
    return alphabet, places[alphabet], found, starts


def _count_characters(codes: IdArray, starts: IntArray, counts: IntArray, size: int) -> IntArray:
    """Occurrences of each of the characters."""
    found = np.zeros(size + 1, np.int64)
    for span in spans(len(counts)):
        some = starts[span.start : span.stop + 1]
        np.add.at(found, codes[some[0] : some[-1]], np.repeat(counts[span], np.diff(some)))
    return found[1:]


def repeated_substrings(
    codes: IdArray, starts: IntArray, order: IdArray, counts: IntArray, longest: int, threads: int = 1
) -> Nodes:
    """The substrings that may be seeds; see `toklab.kernels.unigram_seeds.repeated`.

    Parameters
    ----------
    codes, starts, longest : as for `sort_suffixes`
    order : the positions as it gives them
    counts : occurrences of each word
    threads : that may run; they change nothing
    """
    first = np.searchsorted(starts, np.arange(0, len(order), 1 << unigram_seeds.BLOCK_BITS), side="right")
    blocks = (first - 1).astype(np.int32)
    bounds = [unigram_seeds.next_cut(at, codes, order, starts, blocks) for at in even(len(order), PARTS * threads)]

    def find(_: int, begin: int, end: int) -> Nodes:
        # Seldom more than half of the suffixes.
        nodes, stack = Nodes.room((end - begin) // 2), np.empty((longest + 2, 3), np.int64)
        where = begin, end, codes, order, starts, blocks, counts, longest, stack
        used = unigram_seeds.repeated(*where, *nodes)
        if used > len(nodes.firsts):
            nodes = Nodes.room(used)
            unigram_seeds.repeated(*where, *nodes)
        return nodes.of(slice(len(nodes.firsts) - used, None))

    every, done = Nodes.room(len(order) // 2), 0
    for some in in_parts(find, bounds, threads):
        behind = done + len(some.firsts)
        if behind > len(every.firsts):
            longer = Nodes.room(2 * behind)
            longer.write(slice(done), every.of(slice(done)))
            every = longer
        every.write(slice(done, behind), some)
        done = behind
    return every.of(slice(done))


def reserved_nodes(
    codes: IdArray, order: IdArray, firsts: IdArray, sizes: ShortArray, alphabet: CodeArray, reserved: Collection[str]
) -> list[int]:
    """Which nodes are texts that must not be pieces."""
    number_of = {chr(code): number for number, code in enumerate(alphabet.tolist(), 1)}
    texts = {tuple(number_of.get(char, 0) for char in text) for text in reserved}
    found = []
    # Nodes are in the order of their texts, so those with the same first character stand together.
    for first in {text[0] for text in texts if all(text)}:
        stretch = range(*(bisect_left(firsts, first + more, key=lambda i: codes[order[i]]) for more in (0, 1)))
        found += [node for node in stretch if tuple(codes[order[firsts[node]] :][: sizes[node]].tolist()) in texts]
    return found


def number_heaviest(weights: IntArray, size: int, required: int) -> tuple[IdArray, IntArray]:
    """Number those that weigh something, ``size`` at most, the heaviest first and equal ones in their order.

    Parameters
    ----------
    weights : written over: they are sorted together with their places, as one number if that is large enough
    required : the first number

    Returns
    -------
    numbers, weights : the number of each, -1 for none; and their weights in that order
    """
    most, bits = int(weights.max(initial=0)), len(weights).bit_length()
    size = min(size, int(np.count_nonzero(weights)))
    if most.bit_length() + bits > KEY_BITS:
        chosen = np.argsort(-weights, kind="stable")[:size]
        return number_nodes(chosen, len(weights), required), weights[chosen]
    np.subtract(most, weights, out=weights)
    weights <<= bits
    weights += np.arange(len(weights), dtype=np.int32)
    weights.sort()
    numbers = np.full(len(weights), -1, np.int32)
    weights = weights[:size]
    for span in spans(size):
        chosen = weights[span] & ((1 << bits) - 1)
        numbers[chosen] = np.arange(required + span.start, required + span.stop)
    weights >>= bits
    return numbers, np.subtract(most, weights, out=weights)


def find_chains(
    codes: IdArray,
    order: IdArray,
    firsts: IdArray,
    lasts: IdArray,
    sizes: ShortArray,
    numbers: IdArray,
    required: int,
    longest: int,
) -> Chains:
    """The chains of every position; see `toklab.kernels.unigram_seeds.link`, which writes over ``codes``."""
    table = np.empty(required + np.count_nonzero(numbers >= 0), np.int64)
    stack = np.empty((longest + 2, 2), np.int64)
    unigram_seeds.link(codes, order, firsts, lasts, sizes, numbers, required, stack, table)
    return Chains(codes, table)


def number_nodes(chosen: IntArray, nodes: int, required: int) -> IdArray:
    """Piece of each of the nodes, -1 for none: the chosen ones are the pieces from ``required`` on."""
    numbers = np.full(nodes, -1, np.int32)
    numbers[chosen] = np.arange(required, required + len(chosen))
    return numbers
