"""What a curve of vocabulary size against sequence length says: where it bends, and what one more piece saves.

Larger vocabularies make shorter sequences, at a price: every piece has a row in the embedding and in the output layer.
This is the balance that BPE is chosen for (Sennrich, Haddow and Birch 2016, section 3.2: the number of merges is its
only hyperparameter). Two readings of it:

- the *knee*, where the curve bends most. Satopaa et al. 2011, "Finding a Kneedle in a Haystack", section II: both axes
  are scaled to 0 to 1, and the knee is where the curve is farthest above the line from its first point to its last.
  Sizes are taken by their logarithm, since they are tried by factors;
- the *gain*: tokens that each piece added saves, per million bytes of held-out text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from toklab.metrics import Ratio
from toklab.results import Cell
from toklab.statistics import Bootstrap
from toklab.types import IntArray

# A curve that nowhere lies this far above its chord, as a share of its height, is a straight line.
STRAIGHT = 0.01
# Distances that differ less are equal: the logarithm is not exact.
DIGITS = 9
MILLION = 1_000_000
GROUP = "balance"
# The curves that are read for a knee, and whether more is better (1) or less (-1).
BENDING = {"bytes_per_token": 1, "oov_fertility": -1, "oov_exploded": -1, "bits_per_byte": -1}
GAIN = "tokens_saved_per_piece"
GAIN_UNIT = "tokens/piece/MB"


def knee(sizes: Sequence[int], values: Sequence[float]) -> int | None:
    """The size after which more vocabulary buys little.

    Parameters
    ----------
    sizes : pieces, rising
    values : what more is better of, such as bytes per token; negated where less is better

    Returns
    -------
    The size at which the curve lies farthest above its chord, the smallest of equals. None for fewer than three sizes,
    for a curve that ends no higher than it begins, and for one that is straight (`STRAIGHT`) or bends upwards.

    Examples
    --------
    1,000, 2,000, 4,000 and 8,000 pieces with 2.0, 3.0, 3.5 and 3.6 bytes per token are scaled to 0, 1/3, 2/3, 1 and to
    0, 0.625, 0.9375, 1. Above the chord they lie by 0, 0.292, 0.271 and 0: the knee is at 2,000.
    """
    if len(sizes) < 3 or values[-1] <= values[0]:
        return None
    first, last = math.log2(sizes[0]), math.log2(sizes[-1])
    height = values[-1] - values[0]
    above = [
        round((value - values[0]) / height - (math.log2(size) - first) / (last - first), DIGITS)
        for size, value in zip(sizes, values, strict=True)
    ]
    farthest = max(above)
    return sizes[above.index(farthest)] if farthest >= STRAIGHT else None


def output_cost(size: int, tokens: IntArray, n_bytes: IntArray, bootstrap: Bootstrap) -> Cell:
    """What BPE trades, as a product: steps times vocabulary, per byte of held-out text.

    It is the number of scores that an output layer over the whole vocabulary computes. Where it grows more slowly than
    the vocabulary, the shorter sequences pay for a part of the larger layer.

    Parameters
    ----------
    size : pieces
    tokens, n_bytes : (documents,) int64 of each held-out document

    Examples
    --------
    2,000 pieces and 4 bytes per token are 500 scores per byte.
    """
    return _cell("output_cost", Ratio(tokens * size, n_bytes), 1.0, "scores/byte", "lower", bootstrap)


def gain(
    smaller: tuple[int, IntArray] | None, larger: tuple[int, IntArray], n_bytes: IntArray, bootstrap: Bootstrap
) -> Cell:
    """Tokens that each piece saves that a step adds, per million bytes of held-out text.

    Parameters
    ----------
    smaller, larger : pieces, and (documents,) int64 tokens of each held-out document; None where no step leads up
    n_bytes : (documents,) int64, its UTF-8 bytes

    Examples
    --------
    From 1,000 to 2,000 pieces a text of 500,000 bytes goes from 150,000 to 130,000 tokens: 20,000 tokens ÷ 1,000 pieces
    ÷ 0.5 million bytes are 40 tokens per piece and million bytes.
    """
    if smaller is None:
        return Cell(GAIN, None, None, None, GAIN_UNIT, "", GROUP)
    saved = Ratio(smaller[1] - larger[1], n_bytes)
    return _cell(GAIN, saved, MILLION / (larger[0] - smaller[0]), GAIN_UNIT, "", bootstrap)


def _cell(name: str, statistic: Ratio, scale: float, unit: str, better: str, bootstrap: Bootstrap) -> Cell:
    value, (low, high) = statistic.value(), bootstrap.interval(statistic)
    scaled = [None if figure is None else figure * scale for figure in (value, low, high)]
    return Cell(name, scaled[0], scaled[1], scaled[2], unit, better, GROUP)


def balance(steps: Sequence[tuple[int, float]], worth: float) -> int | None:
    """The first size from which the next step saves less than ``worth`` tokens per piece and million bytes.

    Parameters
    ----------
    steps : the size from which each step leads up, and its gain

    Returns
    -------
    None where every step is worth it: the balance lies beyond the largest size.

    Examples
    --------
    Steps from 1,000, 2,000 and 4,000 pieces save 40, 9 and 0.7. If a piece is to save 1, the balance is at 4,000.
    """
    return next((size for size, value in steps if value < worth), None)
