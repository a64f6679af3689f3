"""The first vocabulary of unigram training on flat arrays: the compiled twin of `unigram_steps.seeds`."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.algorithms.parts import even, in_parts
from toklab.algorithms.spelling import Characters
from toklab.kernels import announce, unigram_seeds, unigram_suffixes
from toklab.types import ByteArray, IdArray, IntArray, ShortArray

CodeArray = npt.NDArray[np.uint32]
# Bits of how many suffixes are sorted at once: their keys fit into a core's cache.
ROOM_BITS = 15
KEY_BITS = 63


class Seeds(NamedTuple):
    """The first vocabulary, characters first.

    Parameters
    ----------
    places, sizes : a position where each piece occurs in the words, end to end, and its characters
    weights : occurrences x characters of each piece
    required : how many pieces are characters
    chains : the pieces that fit at each position
    """

    places: IntArray
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


def find_seeds(
    characters: Characters, counts: IntArray, size: int, longest: int, reserved: Collection[str], threads: int = 1
) -> Seeds:
    """Compiled twin of `unigram_steps.seeds`.

    Parameters
    ----------
    counts : occurrences of each word
    size, longest, reserved : as there
    threads : that may run; they change nothing
    """
    announce(unigram_seeds.repeated)
    alphabet, places, codes = _number(characters.codes)
    single = np.zeros(len(alphabet), np.int64)
    np.add.at(single, codes - 1, np.repeat(counts, np.diff(characters.starts)))
    suffixes = sort_suffixes(codes, characters.starts, longest, threads)
    nodes = repeated_substrings(suffixes, counts, longest)
    order = suffixes.order
    del suffixes
    # Nodes are in the order of their texts.
    chosen = np.argsort(-nodes[:, 2] * nodes[:, 3], kind="stable")
    chosen = chosen[~are_reserved(characters.codes, order[nodes[chosen, 0]], nodes[chosen, 2], reserved)]
    chosen = chosen[: max(0, size - len(alphabet))]
    chains = find_chains(codes, order, nodes, number_nodes(chosen, len(nodes), len(alphabet)), len(alphabet), longest)
    return Seeds(
        np.concatenate([places, order[nodes[chosen, 0]]]),
        np.concatenate([np.ones(len(alphabet), np.uint8), nodes[chosen, 2].astype(np.uint8)]),
        np.concatenate([single, nodes[chosen, 2] * nodes[chosen, 3]]),
        len(alphabet),
        chains,
    )


def _number(codes: CodeArray) -> tuple[IntArray, IntArray, IdArray]:
    """The distinct characters by code point, where each occurs, and all characters as numbers from 1."""
    places = np.full(int(codes.max(initial=0)) + 1, -1, np.int64)
    places[codes] = np.arange(len(codes))
    alphabet = np.flatnonzero(places >= 0)
    numbers = np.zeros(len(places), np.int32)
    numbers[alphabet] = np.arange(1, len(alphabet) + 1)
    return alphabet, places[alphabet], numbers[codes]


class Suffixes(NamedTuple):
    """The sorted suffixes of words; see `toklab.kernels.unigram_suffixes`.

    Parameters
    ----------
    order : (n,) int32, positions
    left : (n,) uint16, the characters from each position to its word's end
    common : (n,) uint16, the characters that each suffix in the order shares with the one before
    owners : (n,) int32, the word of each position
    """

    order: IdArray
    left: ShortArray
    common: ShortArray
    owners: IdArray


def sort_suffixes(codes: IdArray, starts: IntArray, longest: int, threads: int = 1) -> Suffixes:
    """Sort positions by the ``longest`` characters that follow in the word, or a few more, then by position.

    Parameters
    ----------
    codes : the characters of all words as numbers from 1
    starts : where each word begins, and the end
    threads : that may run; they change nothing
    """
    sizes, positions = np.diff(starts), np.arange(len(codes), dtype=np.int32)
    owners = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    left = np.minimum(np.repeat(starts[1:].astype(np.int32), sizes) - positions, longest).astype(np.uint16)
    del positions
    order, ranks = np.empty(len(codes), np.int32), np.empty(len(codes), np.int32)
    heads = np.empty(len(codes), np.uint8)
    unigram_suffixes.by_character(codes, np.zeros(codes.max(initial=0) + 2, np.int64), order, heads)
    bounds = np.empty((2 * len(codes) >> ROOM_BITS) + 3, np.int64)
    size_bits, code_bits = len(codes).bit_length(), int(codes.max(initial=0)).bit_length()
    # Beside what follows, a key holds a number in the stretch and a group of two or more, or a number among all.
    width, more = 1, (KEY_BITS - max(2 * ROOM_BITS - 1, size_bits)) // max(code_bits, 1)

    def rank(_: int, first: int, last: int) -> None:
        unigram_suffixes.rank(first, last, order, heads, ranks)

    def sort(_: int, first: int, last: int) -> None:
        bits = np.array([(last - first - 1).bit_length(), size_bits, code_bits])
        keys, held = np.empty(last - first, np.int64), np.empty(last - first, np.int32)
        used = unigram_suffixes.gather(first, last, width, more, codes, left, order, heads, ranks, bits, keys, held)
        keys[:used].sort()
        unigram_suffixes.place(first, last, width, left, order, heads, bits, keys, held)

    while width < longest:
        stretches = bounds[: unigram_suffixes.cut(heads, 1 << ROOM_BITS, bounds)].tolist()
        list(in_parts(sort, stretches, threads))
        width, more = width + (more or width), 0
        list(in_parts(rank, stretches, threads))
    common = np.empty(len(codes), np.uint16)

    def compare(_: int, first: int, last: int) -> None:
        unigram_suffixes.common_prefixes(first, last, codes, left, order, common)

    list(in_parts(compare, even(len(codes), threads), threads))
    return Suffixes(order, left, common, owners)


def repeated_substrings(suffixes: Suffixes, counts: IntArray, longest: int) -> IntArray:
    """The substrings that may be seeds, (n, 4): see ``nodes`` of `toklab.kernels.unigram_seeds.repeated`.

    Parameters
    ----------
    counts : occurrences of each word
    """
    order, left, common, owners = suffixes
    stack = np.empty((longest + 2, 3), np.int64)
    # Seldom more than half of the suffixes; what is not used of the room takes no memory.
    nodes = np.empty((len(order) // 2, 4), np.int64)
    number = unigram_seeds.repeated(left, order, common, owners, counts, stack, nodes)
    if number > len(nodes):
        nodes = np.empty((number, 4), np.int64)
        unigram_seeds.repeated(left, order, common, owners, counts, stack, nodes)
    return nodes[len(nodes) - number :]


def are_reserved(
    codes: CodeArray, places: IdArray, sizes: IntArray, reserved: Collection[str]
) -> npt.NDArray[np.bool_]:
    """Which of these texts are reserved."""
    found = np.zeros(len(places), np.bool_)
    firsts = [ord(text[0]) for text in reserved]
    for i in np.flatnonzero(np.isin(codes[places], firsts)).tolist():
        found[i] = text_at(codes, places[i], sizes[i]) in reserved
    return found


def text_at(codes: CodeArray, place: int, size: int) -> str:
    """Some characters as a string."""
    return codes[place : place + size].tobytes().decode("utf-32-le")


def find_chains(
    codes: IdArray, order: IdArray, nodes: IntArray, numbers: IdArray, required: int, longest: int
) -> Chains:
    """The chains of every position; see `toklab.kernels.unigram_seeds.link`."""
    pieces = required + int((numbers >= 0).sum())
    chains = Chains(np.empty(len(codes), np.int32), np.empty(pieces, np.int64))
    stack = np.empty((longest + 2, 2), np.int64)
    unigram_seeds.link(codes, order, nodes, numbers, required, stack, *chains)
    return chains


def number_nodes(chosen: IntArray, nodes: int, required: int) -> IdArray:
    """Piece of each of the nodes, -1 for none: the chosen ones are the pieces from ``required`` on."""
    numbers = np.full(nodes, -1, np.int32)
    numbers[chosen] = np.arange(required, required + len(chosen))
    return numbers
