"""An n-gram language model over token ids: interpolated Kneser-Ney with three discounts.

After Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", sections 2.7 and 3
(modified Kneser-Ney), interpolated at every order, down to a uniform distribution. For a symbol w after a context h of
n - 1 symbols, h' being h without its first symbol,

    p(w | h) = (a(hw) - D(a(hw))) / Σ_v a(hv)  +  Σ_v D(a(hv)) / Σ_v a(hv) · p(w | h')

where a(hw) is how often hw occurs, at the highest order, and how many different symbols come before hw at the lower
ones; what begins a document has nothing before it and is counted by occurrence there too (Heafield et al. 2013,
"Scalable Modified Kneser-Ney Language Model Estimation", section 3.2). D is 0, D1, D2 or D3 for a count of 0, 1, 2 or
more. After a context that training never saw, p(w | h) = p(w | h'). Below the unigrams every id and the end of a
document have the same probability, so nothing is impossible and the probabilities after any context sum to 1.

Example: bigrams over the ids a and b, from the documents ``ab`` and ``abb``, with ^ and $ for the ends. The bigrams are
^a twice, ab twice, b$ twice and bb once, so one symbol comes before a, two before b and one before $. No count is 3, so
the discounts are 1/2, 1 and 3/2. The unigrams leave (1/2 + 1 + 1/2) / 4 = 1/2 to the uniform 1/3:
p(a) = (1 - 1/2) / 4 + 1/6 = 7/24, p(b) = (2 - 1) / 4 + 1/6 = 10/24, p($) = 7/24. After b, (1/2 + 1) / 3 = 1/2 is left
to these: p(b | b) = (1 - 1/2) / 3 + 5/24 = 18/48, p($ | b) = (2 - 1) / 3 + 7/48 = 23/48, p(a | b) = 7/48.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toklab.errors import UsageError
from toklab.types import FloatArray, IdArray, IntArray

FALLBACK = (0.5, 1.0, 1.5)  # discounts where the counts of counts give none
NO_NGRAM = -1  # number of what training never saw: the last place of a table of contexts
LAST = np.iinfo(np.int64).max  # stands after the keys, so that a search always ends at one


@dataclass(frozen=True, eq=False)
class _Table:
    """The n-grams of one order that training saw, and their contexts.

    An n-gram has a number, its place in ``keys``, and a key: the number of its context at the order below, times
    the number of symbols, plus its last symbol. The empty context has the number 0.

    Parameters
    ----------
    keys : (n + 1,) int64, ascending; `LAST` at the end
    discounted : (n + 1,) float64, count of each n-gram less its discount; 0 at the end
    totals : (contexts + 1,) int64, sum of the counts of the n-grams with each context; 0 at the end, for `NO_NGRAM`
    freed : (contexts + 1,) float64, sum of their discounts
    """

    keys: IntArray
    discounted: FloatArray
    totals: IntArray
    freed: FloatArray


@dataclass(frozen=True, eq=False)
class NgramModel:
    """A trained model; `NgramModel.train` makes one.

    Parameters
    ----------
    vocab_size : ids are below it
    tables : of each order, unigrams first
    """

    vocab_size: int
    tables: tuple[_Table, ...]

    @staticmethod
    def train(ids: IdArray, rows: IntArray, vocab_size: int, order: int = 3) -> NgramModel:
        """Count the n-grams of documents; their order does not matter.

        Parameters
        ----------
        ids : (n,) integers, the ids of all documents, one after the other
        rows : (d + 1,) int64, document i holds ``ids[rows[i]:rows[i + 1]]``
        vocab_size : number of ids
        order : longest n-gram, in symbols; a token is predicted from ``order - 1`` before it

        Raises
        ------
        UsageError
            The order is below 1, or an id is not in the vocabulary.
        """
        if order < 1:
            raise UsageError(f"n-grams of order {order} hold nothing; use 1 or more")
        symbols, depth = _lay_out(ids, rows, vocab_size)
        numbers = np.zeros(len(symbols), np.int64)
        keys: list[IntArray] = []
        counts: list[IntArray] = []
        for length in range(1, order + 1):
            ends = np.flatnonzero(depth >= length - 1)
            # the number of an n-gram stands where it ends; that of the empty context, 0, everywhere
            distinct, where, found = _distinct(numbers[ends - 1] * (vocab_size + 2) + symbols[ends])
            if counts:
                # where an n-gram ends, there ends what it is without its first symbol
                before = np.bincount(numbers[ends[where]], minlength=len(counts[-1]))
                counts[-1] = np.where(before > 0, before, counts[-1])
            # the begin of a document is a context and never predicted
            counts.append(np.bincount(found[depth[ends] > 0], minlength=len(distinct)))
            keys.append(distinct)
            numbers = np.full(len(symbols), NO_NGRAM)
            numbers[ends] = found
        contexts = [1, *map(len, keys)]  # one empty context
        tables = map(_table, keys, counts, contexts, [vocab_size + 2] * order)
        return NgramModel(vocab_size, tuple(tables))

    def probabilities(self, ids: IdArray, rows: IntArray) -> FloatArray:
        """Probability of each token of documents after those before it, and of each document's end.

        Parameters
        ----------
        ids, rows : as in `train`

        Returns
        -------
        (n + d,) float64
            For each document one number per token, then one for its end; all above 0.

        Raises
        ------
        UsageError
            An id is not in the vocabulary.
        """
        symbols, depth = _lay_out(ids, rows, self.vocab_size)
        chance = np.full(len(symbols), 1 / (self.vocab_size + 1))
        numbers = np.zeros(len(symbols), np.int64)
        for length, table in enumerate(self.tables, start=1):
            ends = np.flatnonzero(depth >= length - 1)
            contexts = numbers[ends - 1]
            wanted = contexts * (self.vocab_size + 2) + symbols[ends]
            found = np.searchsorted(table.keys, wanted)
            hit = table.keys[found] == wanted
            numbers = np.full(len(symbols), NO_NGRAM)
            numbers[ends[hit]] = found[hit]
            # what follows a context is judged by it where anything followed it in training
            known = table.totals[contexts] > 0
            ends, contexts = ends[known], contexts[known]
            counted = np.where(hit, table.discounted[found], 0.0)[known]
            chance[ends] = (counted + table.freed[contexts] * chance[ends]) / table.totals[contexts]
        predicted: FloatArray = chance[depth > 0]
        return predicted


def discounts(counts: IntArray) -> tuple[float, ...]:
    """D1, D2 and D3, for counts of 1, of 2, and of 3 or more.

    Chen and Goodman's estimates D_j = j - (j + 1) · n1 / (n1 + 2 n2) · n_(j+1) / n_j, where n_j is how many n-grams
    have the count j. Where one of n1 to n4 is 0, or an estimate is not above 0, they say nothing, as happens with few
    n-grams and with unigrams that are all frequent; then 1/2, 1 and 3/2, as in KenLM.
    """
    ones, twos, *_ = some = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    below = ones + 2 * twos
    # one fraction of whole numbers each, so that its sign is exact
    parts = [(j * some[j - 1] * below - (j + 1) * ones * some[j], some[j - 1] * below) for j in (1, 2, 3)]
    if not all(some) or min(above for above, _ in parts) <= 0:
        return FALLBACK
    return tuple(above / whole for above, whole in parts)


def _lay_out(ids: IdArray, rows: IntArray, vocab_size: int) -> tuple[IntArray, IntArray]:
    """Symbols of all documents, each between a begin and an end, and how many stand before each in its document."""
    if len(ids) and not 0 <= ids.min() <= ids.max() < vocab_size:
        raise UsageError(f"token ids must be at least 0 and below {vocab_size}, the size of the vocabulary")
    documents = len(rows) - 1
    starts = rows[:-1] - rows[0] + 2 * np.arange(documents)
    lengths = np.diff(rows) + 2
    depth = np.arange(lengths.sum()) - np.repeat(starts, lengths)
    symbols = np.empty(len(depth), np.int64)
    begins = depth == 0
    ends = np.append(begins[1:], np.ones(min(documents, 1), bool))
    symbols[begins], symbols[ends] = vocab_size, vocab_size + 1
    symbols[~begins & ~ends] = ids[rows[0] : rows[-1]]
    return symbols, depth


def _distinct(keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct keys in order, the place of one of each, and which of them each key is; keys are not negative."""
    # NumPy sorts 16 bits at a time without comparing, in less than half the time of numpy.unique
    bits = int(keys.max(initial=1)).bit_length()
    order = np.lexsort([(keys >> shift).astype(np.uint16) for shift in range(0, bits, 16)])
    ordered = keys[order]
    first = np.ones(len(keys), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    found = np.empty(len(keys), np.int64)
    found[order] = np.cumsum(first) - 1
    return ordered[first], order[first], found


def _table(keys: IntArray, counts: IntArray, contexts: int, symbols: int) -> _Table:
    """The table of one order, from the count of each n-gram."""
    discount: Sequence[float] = (0.0, *discounts(counts))
    kinds = np.minimum(counts, 3)
    context = keys // symbols
    # whole numbers first: floats added in the order of the ids would depend on it
    amounts = [np.bincount(context[kinds == kind], minlength=contexts + 1) for kind in range(4)]
    return _Table(
        np.append(keys, LAST),
        np.append(counts - np.array(discount)[kinds], 0.0),
        np.bincount(context, counts, contexts + 1).astype(np.int64),
        np.sum([each * amount for each, amount in zip(discount, amounts, strict=True)], axis=0),
    )
