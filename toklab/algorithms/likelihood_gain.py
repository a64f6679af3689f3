"""WordPiece by its definition: merge the pair that raises the training data's likelihood most.

Schuster and Nakajima 2012, "Japanese and Korean Voice Search", section 3: of all new units, add the one that raises the
likelihood of the training data most. The code was never published. The language model here is the unigram model of
maximal likelihood: with n(s) occurrences of symbol s and N symbols in all, the log-likelihood is the sum of
n(s) ln n(s) over all symbols, less N ln N. So with g(x) = x ln x, merging c places of a b gains

    g(c) + g(n(a) - c) - g(n(a)) + g(n(b) - c) - g(n(b)) + g(N) - g(N - c)

where a pair ``a a`` has g(n(a) - 2c) - g(n(a)) instead of the two parts' terms, c being the places that a merge
replaces (``a a a`` holds one). What a merge spells is always new: words start as characters, and a stretch of one
that no merge has crossed is merged alike wherever it stands, so no string is ever spelled by two pairs.

Gains are float64, summed in the order of `own_gain` and `shared_gain`. Equal gains: the more frequent pair, then the
smaller left id, then the smaller right id. Learning stops at the size asked for, or earlier when no pair gains
anything.

Worked example. The words ``hug`` x10, ``pug`` x5, ``hugs`` x5 start as h ##u ##g, p ##u ##g, h ##u ##g ##s: N = 65,
h 15, p 5, ##u 20, ##g 20, ##s 5. Gains: (##u, ##g) 40.1, (h, ##u) 23.9, (p, ##u) 6.4, (##g, ##s) 6.4, so ``##ug``
comes first. Add ``xyz`` x1: (x, ##y) gains 5.2 only, though the likelihood ratio of `toklab.algorithms.wordpiece`
would merge it first. What counts is how much text a merge explains, not how surely the two parts go together.

The logarithm is built from additions, multiplications and divisions, whose results IEEE 754 fixes to the last bit: the
C library's may differ between machines, and a compiler may replace it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import lru_cache

from toklab.algorithms.bpe import joined, merge_word
from toklab.algorithms.symbols import Learned, Material, Symbol, merged_piece
from toklab.algorithms.wordpiece import JOINER, count_symbols, is_ambiguous
from toklab.backend import use_kernel

# Symbol visits that the readable trainer makes in about a second.
REFERENCE_LIMIT = 2_000_000
LN_2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
# ln((1 + s) / (1 - s)) = 2 (s + s^3/3 + s^5/5 + ...): the last coefficient first.
COEFFICIENTS = tuple(1.0 / odd for odd in range(23, 0, -2))


def learn(material: Material, vocab_size: int, min_frequency: int = 0) -> Learned:
    """Learn merges by the gain in likelihood, counting everything anew after each one.

    A pair whose merged key could be mistaken for a continuation (``#`` before ``#``) is never merged, as in
    `toklab.algorithms.wordpiece.learn`.

    Parameters
    ----------
    material : words spelled in characters
    vocab_size : symbols to end with; fewer when no pair is left that gains
    min_frequency : a pair must be at this many places at least to be merged
    """
    symbols = list(material.symbols)
    ids = {symbol.key: index for index, symbol in enumerate(symbols)}
    words = list(material.words)
    counts = material.counts.tolist()
    merges: list[tuple[int, int, int]] = []
    merge_counts: list[int] = []
    while len(symbols) < vocab_size:
        single = count_symbols(words, counts)
        total = sum(single.values())
        ranks = {}
        for (left, right), count in count_places(words, counts).items():
            if count < max(1, min_frequency) or is_ambiguous(symbols, (left, right), ids):
                continue
            own = own_gain(count, single[left], single[right], left == right)
            # Of one count the own gains decide, also where the sums round to the same number.
            ranks[left, right] = own + shared_gain(count, total), count, own, -left, -right
        best = max(ranks, key=lambda pair: ranks[pair], default=None)
        if best is None or ranks[best][0] <= 0.0:
            break
        left, right = best
        words = [merge_word(word, left, right, len(symbols)) for word in words]
        merges.append((left, right, len(symbols)))
        symbols.append(Symbol(merged_piece(symbols[left].piece, symbols[right].piece), joined(symbols, best, JOINER)))
        merge_counts.append(ranks[best][1])
    return Learned(material.symbols, len(symbols), tuple(merges), tuple(merge_counts), JOINER)


def count_places(words: Iterable[list[int]], counts: Iterable[int]) -> dict[tuple[int, int], int]:
    """Places at which a merge would replace each pair; ``aaa`` holds (a, a) once."""
    found: dict[tuple[int, int], int] = {}
    for word, count in zip(words, counts, strict=True):
        taken = -2
        for at, (left, right) in enumerate(itertools.pairwise(word)):
            if left == right:
                if taken == at - 1:
                    continue
                taken = at
            found[left, right] = found.get((left, right), 0) + count
    return found


def own_gain(count: int, left: int, right: int, same: bool) -> float:
    """What a merge gains apart from the total's terms; equal to the last bit when left and right change places.

    Parameters
    ----------
    count : places that are merged
    left, right : occurrences of the parts
    same : the parts are one symbol
    """
    if same:
        return xlogx(count) + (xlogx(left - 2 * count) - xlogx(left))
    more, less = max(left, right), min(left, right)
    return xlogx(count) + (xlogx(more - count) - xlogx(more)) + (xlogx(less - count) - xlogx(less))


def shared_gain(count: int, total: int) -> float:
    """What any merge of ``count`` places gains because there are fewer symbols in all."""
    return xlogx(total) - xlogx(total - count)


@lru_cache(1 << 16)
def xlogx(number: int) -> float:
    """x ln x, which is 0 at 0."""
    return number * log(float(number)) if number > 0 else 0.0


def log(number: float) -> float:
    """The natural logarithm of a positive number, to about two units in the last place, the same on every machine."""
    mantissa, exponent = math.frexp(number)
    if mantissa < SQRT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, series = s * s, 0.0
    for coefficient in COEFFICIENTS:
        series = series * square + coefficient
    return exponent * LN_2 + 2.0 * s * series


def learn_with(backend: str, material: Material, vocab_size: int, min_frequency: int) -> Learned:
    """`learn`, by the twin that suits the work; the result does not depend on the choice."""
    if use_kernel(backend, material.size * (vocab_size - len(material.symbols)), REFERENCE_LIMIT):
        from toklab.algorithms.fast import learn_likelihood_gain

        return learn_likelihood_gain(material, vocab_size, min_frequency)
    return learn(material, vocab_size, min_frequency)
