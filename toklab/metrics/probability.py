"""Probability: what a tokenizer that gives segmentations a probability thinks of the held-out text.

Of Unigram models only, and undefined for all others. Words are here the tokenizer's own pre-tokens, which no piece
crosses, in running text; the probability of a word is the sum over its segmentations (Kudo 2018, "Subword
Regularization", section 3.2). A character that is no piece costs 10 nats (14.4 bits) more than the rarest piece that
text can become, whether it becomes an unknown token or bytes: SentencePiece's rule and Hugging Face's, so that all
pay alike. `toklab.algorithms.posterior` works an example.
"""

from __future__ import annotations

from toklab.metrics.base import Ratio, Statistic, Value, metric
from toklab.metrics.encoded import Encoded
from toklab.types import Posterior

GROUP = "probability"


@metric("likelihood_per_byte", group=GROUP, unit="bits/byte", better="lower")
def likelihood_per_byte(encoded: Encoded) -> Statistic:
    """Negative log2 of the text's probability, summed over all segmentations of each word ÷ bytes.

    What ends a word costs nothing, so it compares tokenizers with the same pre-tokens and is no size of a compressed
    file. Undefined where the pre-tokens are not all of the text, byte for byte.

    Example: p(h) = p(u) = p(g) = 0.1, p(hu) = 0.3, p(ug) = 0.4 give ``hug`` 0.001 + 0.03 + 0.04, and
    -log2(0.071) / 3 = 1.27.
    """
    found = encoded.posterior
    if found is None or (found.sizes != encoded.source.sizes).any():
        return Value(None)
    return Ratio(found.surprisal, encoded.source.sizes * Posterior.UNIT)


@metric("segmentation_entropy", group=GROUP, unit="bits/word")
def segmentation_entropy(encoded: Encoded) -> Statistic:
    """Entropy of the segmentations of a word, given the word, summed over words ÷ words (pre-tokens).

    0 where every word has one segmentation; 1 where each has two that are equally likely. Example: ``hug`` above has
    the shares 1/71, 30/71 and 40/71, and 1.08 bits.
    """
    found = encoded.posterior
    return Value(None) if found is None else Ratio(found.entropy, found.words * Posterior.UNIT)


@metric("nbest_diversity", group=GROUP, unit="share")
def nbest_diversity(encoded: Encoded) -> Statistic:
    """Share of a word's cuts that two draws from its 8 best segmentations do not share, over words (pre-tokens).

    Entropy counts ways that differ by a hair like ways that have nothing in common; this weighs how far apart they
    are. It is Rao's quadratic entropy (1982): the expected Jaccard distance between the places inside the word where
    two segmentations cut it, both drawn, with replacement, from the 8 best in proportion to their probability (l-best
    sampling, Kudo 2018, section 3.3). Example: ``hug`` above is cut at {1, 2}, {2} or {1}, which gives
    2 (1/2 · 30 + 1/2 · 40 + 30 · 40) / 71² = 0.49.
    """
    found = encoded.posterior
    return Value(None) if found is None else Ratio(found.diversity, found.words * Posterior.UNIT)
