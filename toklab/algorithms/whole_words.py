"""Words that are a token by themselves, whatever merges make of them: looked up, and put in their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from toklab.algorithms.segmenting import Tokens, table_size
from toklab.kernels import announce
from toklab.types import IdArray, Words


class WholeWords(NamedTuple):
    """Words that are a token by themselves, though merges make something else of them.

    Parameters
    ----------
    words : those, end to end
    ids : (words,) int32, the token of each
    table : that of `toklab.kernels.ranks` for the words
    """

    words: Words
    ids: IdArray
    table: IdArray

    @staticmethod
    def of(ids: Mapping[bytes, int], merge: Callable[[Words], Tokens]) -> WholeWords:
        """Those of some words with their ids that ``merge`` does not give."""
        from toklab.kernels import ranks

        announce(ranks.find)
        tokens, numbers = list(ids), np.fromiter(ids.values(), np.int32, count=len(ids))
        found = merge(Words.joined(tokens))
        firsts = found.ids[np.cumsum(found.sizes) - found.sizes]
        odd = np.flatnonzero((found.sizes != 1) | (firsts != numbers))
        words = Words.joined([tokens[place] for place in odd.tolist()])
        table = np.full(table_size(2 * len(odd)), -1, np.int32)
        ranks.enter(*words, table)
        return WholeWords(words, numbers[odd], table)

    def put_into(self, tokens: Tokens, words: Words) -> Tokens:
        """Tokens of words that were merged, with the words that are a token by themselves in their places."""
        from toklab.kernels import ranks

        first, last = int(words.starts[0]), int(words.starts[-1])
        known = len(self.ids)
        text = np.concatenate([self.words.text, words.text[first:last]])
        starts = np.concatenate([self.words.starts, words.starts[1:] - first + len(self.words.text)])
        found = np.empty(len(words.starts) - 1, np.int32)
        ranks.find(text, starts, known, self.table, found)
        whole = found >= 0
        sizes = np.where(whole, 1, tokens.sizes)
        places = (np.cumsum(sizes) - sizes)[whole]
        rest = np.ones(int(sizes.sum()), bool)
        rest[places] = False
        kept = np.repeat(~whole, tokens.sizes)
        ids, ends = np.empty(len(rest), np.int32), np.empty(len(rest), np.int32)
        ids[rest], ends[rest] = tokens.ids[kept], tokens.ends[kept]
        ids[places], ends[places] = self.ids[found[whole]], np.diff(words.starts)[whole]
        return Tokens(ids, ends, sizes)
