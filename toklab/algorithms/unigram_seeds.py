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
    edges : the pieces that fit at each position
    """

    places: IntArray
    sizes: ByteArray
    weights: IntArray
    required: int
    edges: Edges


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
    # Texts are in the order of the first suffix of their stretch, and then the shorter first.
    ranked = np.lexsort((nodes[:, 2], nodes[:, 0], -nodes[:, 2] * nodes[:, 3]))
    ranked = ranked[~are_reserved(characters.codes, order[nodes[ranked, 0]], nodes[ranked, 2], reserved)]
    nodes = nodes[ranked[: max(0, size - len(alphabet))]]
    single = np.zeros(len(alphabet), np.int64)
    np.add.at(single, codes - 1, each)
    return Seeds(
        np.concatenate([places, order[nodes[:, 0]]]),
        np.concatenate([np.ones(len(alphabet), np.uint8), nodes[:, 2].astype(np.uint8)]),
        np.concatenate([single, nodes[:, 2] * nodes[:, 3]]),
        len(alphabet),
        find_edges(codes, order, nodes, len(alphabet)),
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


def find_edges(codes: IdArray, order: IntArray, nodes: IntArray, required: int) -> Edges:
    """The edges of every position; ``required`` pieces come before those of ``nodes``."""
    rows = np.empty(len(codes) + 1, np.int64)
    unigram_seeds.count_edges(order, nodes, rows)
    ids, lengths = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.uint8)
    by_length, fill = np.argsort(nodes[:, 2], kind="stable"), np.empty(len(codes), np.int64)
    unigram_seeds.fill_edges(codes, order, nodes, by_length, required, rows, fill, ids, lengths)
    return Edges(rows, ids, lengths)
