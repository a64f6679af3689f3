"""The first vocabulary of unigram training on flat arrays: the compiled twin of `unigram_steps.seeds`."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toklab.algorithms.spelling import Characters
from toklab.kernels import announce, unigram_seeds
from toklab.types import ByteArray, IdArray, IntArray

CodeArray = npt.NDArray[np.uint32]


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


def find_seeds(characters: Characters, counts: IntArray, size: int, longest: int, reserved: Collection[str]) -> Seeds:
    """Compiled twin of `unigram_steps.seeds`.

    Parameters
    ----------
    counts : occurrences of each word
    size, longest, reserved : as there
    """
    announce(unigram_seeds.repeated)
    sizes = np.diff(characters.starts)
    alphabet, places, codes = _number(characters.codes)
    ends, each = np.repeat(characters.starts[1:], sizes), np.repeat(counts, sizes)
    order = sort_suffixes(codes, ends, len(alphabet), longest)
    nodes = repeated_substrings(codes, ends, each, order, longest)
    # Nodes are in the order of their texts.
    chosen = np.argsort(-nodes[:, 2] * nodes[:, 3], kind="stable")
    chosen = chosen[~are_reserved(characters.codes, order[nodes[chosen, 0]], nodes[chosen, 2], reserved)]
    chosen = chosen[: max(0, size - len(alphabet))]
    chains = find_chains(codes, order, nodes, number_nodes(chosen, len(nodes), len(alphabet)), len(alphabet), longest)
    nodes = nodes[chosen]
    single = np.zeros(len(alphabet), np.int64)
    np.add.at(single, codes - 1, each)
    return Seeds(
        np.concatenate([places, order[nodes[:, 0]]]),
        np.concatenate([np.ones(len(alphabet), np.uint8), nodes[:, 2].astype(np.uint8)]),
        np.concatenate([single, nodes[:, 2] * nodes[:, 3]]),
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


def sort_suffixes(codes: IdArray, ends: IntArray, alphabet: int, longest: int) -> IntArray:
    """Positions sorted by the ``longest`` characters that follow in the word, or a few more, then by position.

    Several characters at once, then twice as many each time: Manber and Myers 1993, "Suffix arrays".

    Parameters
    ----------
    codes, ends : see `toklab.kernels.unigram_seeds`
    alphabet : distinct characters
    """
    bits = int(alphabet).bit_length()
    width = min(longest, 62 // bits)
    keys, ranks = np.empty(len(codes), np.int64), np.empty(len(codes), np.int64)
    unigram_seeds.first_keys(codes, ends, width, bits, keys)
    order = np.argsort(keys, kind="stable")
    while width < longest:
        distinct = unigram_seeds.rank_suffixes(order, keys, ranks)
        unigram_seeds.double_keys(ranks, ends, width, distinct, keys)
        order = np.argsort(keys, kind="stable")
        width *= 2
    return order


def repeated_substrings(codes: IdArray, ends: IntArray, each: IntArray, order: IntArray, longest: int) -> IntArray:
    """The substrings that may be seeds, (n, 4): see ``nodes`` of `toklab.kernels.unigram_seeds.repeated`.

    Parameters
    ----------
    each : occurrences of the word that each position is in
    """
    common = np.empty(len(codes) + 1, np.int64)
    unigram_seeds.common_prefixes(codes, ends, order, longest, common)
    before = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(each[order], out=before[1:])
    stack = np.empty((longest + 2, 2), np.int64)
    # Counted first, so that there is room for as many as there are.
    number = unigram_seeds.repeated(ends, order, common, before, longest, stack, np.empty((0, 4), np.int64))
    nodes = np.empty((number, 4), np.int64)
    unigram_seeds.repeated(ends, order, common, before, longest, stack, nodes)
    return nodes


def are_reserved(
    codes: CodeArray, places: IntArray, sizes: IntArray, reserved: Collection[str]
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
    codes: IdArray, order: IntArray, nodes: IntArray, numbers: IdArray, required: int, longest: int
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
