"""Numbers: whether runs of digits are cut where thousands are, after Meister et al. (2026), TokEval.

Singh and Strouse (2024), "Tokenization counts", found that models calculate better where numbers are cut in threes
from the right.
"""

from __future__ import annotations

import numpy as np

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.encoded import Encoded

GROUP = "numbers"
DIGITS = r"\p{Nd}{2,}"
GROUP_SIZE = 3


@metric("digit_place_f1", group=GROUP, unit="share", better="higher")
def digit_place_f1(encoded: Encoded) -> Statistic:
    """F1 of the cuts inside runs of digits against those three, six, nine, ... digits from the right.

    Of all runs of two or more digits (Unicode Nd) together: 2 · right cuts ÷ (cuts + places to cut). Undefined where
    there is nothing to cut and nothing is cut. Example: 12345 as 12|345 and 678 as 67|8 are one right cut, two cuts and
    one place: 2/3.
    """
    runs, heads = encoded.source.find(DIGITS), encoded.source.character_starts
    made = encoded.cuts_inside(heads[runs.starts], heads[runs.ends])
    wanted = (runs.ends - runs.starts - 1) // GROUP_SIZE
    # one row per pair of a run and one of its places, counted from the right
    run = np.repeat(np.arange(len(wanted)), wanted)
    number = 1 + np.arange(len(run)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    right = encoded.is_cut(heads[runs.ends[run] - GROUP_SIZE * number])
    hits = encoded.count(runs.documents[run[right]])
    return Ratio(2 * hits, encoded.total(runs.documents, made + wanted))
