"""The compiled longest match, for many words at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toklab.algorithms.segmenting import Tokens
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.trie import Trie
from toklab.kernels import announce
from toklab.types import IdArray, Words


class WordPieceKernel:
    """The compiled longest match with the tries of one model.

    Parameters
    ----------
    pieces : id of each piece, by how the vocabulary spells it; any may begin a word, even one spelled "##...", as in
        Hugging Face
    limit : characters of the longest word that is matched
    unknown : id of a word that is too long or cannot be matched; None where there is none
    """

    def __init__(self, pieces: Mapping[str, int], limit: int, unknown: int | None) -> None:
        from toklab.kernels import encode_wordpiece as kernels

        announce(kernels.encode)
        self._limit, self._unknown = limit, -1 if unknown is None else unknown
        self._firsts = {text.encode(): index for text, index in pieces.items() if text}
        # What continues words is one trie with what begins them, below a byte that no text has.
        follows, hashes = bytes([kernels.FOLLOWS]), CONTINUATION.encode()
        later = [raw for raw in self._firsts if raw.startswith(hashes) and raw != hashes]
        trie = Trie.of([follows, *self._firsts, *(follows + raw[len(hashes) :] for raw in later)])
        self._trie, self._later = trie.table, int(trie.slots[0])
        self._nodes = np.full((len(trie.table), kernels.COLUMNS), -1, np.int32)
        self._nodes[trie.slots[1:], kernels.PIECE] = [*self._firsts.values(), *map(self._firsts.__getitem__, later)]
        depths = np.zeros(len(trie.parents), np.int32)
        kernels.measure(trie.parents, trie.nodes, self._later, depths)
        order = np.argsort(depths, kind="stable")
        self._pops = np.zeros((2 * len(depths), 2), np.int32)
        tree = order, trie.parents, trie.letters, trie.nodes, depths
        while not kernels.link(*tree, self._later, self._trie, self._nodes, self._pops):
            self._pops = np.zeros((2 * len(self._pops), 2), np.int32)

    def whole(self, most: int) -> tuple[Words, IdArray]:
        """Up to ``most`` pieces that begin words, and their ids: as words, they are their own longest match."""
        from toklab.kernels.words import MARGIN

        hashes = CONTINUATION.encode()
        found = [raw for raw in self._firsts if len(raw) <= self._limit and not raw.startswith(hashes)][:most]
        text, starts = Words.joined([*found, bytes(MARGIN)])
        return Words(text, starts[:-1]), np.array([self._firsts[raw] for raw in found], np.int32)

    def match(self, words: Words) -> Tokens:
        """Match words; those that are too long or cannot be matched are one unknown token."""
        from toklab.kernels import encode_wordpiece

        room = int(words.starts[-1] - words.starts[0])
        ids, ends = np.empty(room, np.int32), np.empty(room, np.int32)
        sizes = np.zeros(len(words.starts) - 1, np.int64)
        tables = self._limit, self._unknown, self._later, self._trie, self._nodes, self._pops
        total = encode_wordpiece.encode(words.text, words.starts, *tables, ids, ends, sizes)
        return Tokens(ids[:total], ends[:total], sizes)
