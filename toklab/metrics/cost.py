"""Cost of use: what a language model can learn from the tokens."""

from __future__ import annotations

import numpy as np

from toklab.metrics.base import Ratio, Statistic, Value, metric
from toklab.metrics.encoded import Encoded
from toklab.metrics.ngram import NgramModel

GROUP = "cost of use"
ORDER = 3
UNIT = 1 << 20  # of a bit: sums of whole numbers do not depend on their order
BYTE = 8  # bits


@metric("bits_per_byte", group=GROUP, unit="bits/byte", better="lower")
def bits_per_byte(encoded: Encoded) -> Statistic:
    """Negative log2 of the text's probability under a trigram model of the tokens ÷ bytes.

    The model is an interpolated Kneser-Ney model over the ids, see `toklab.metrics.ngram`, trained on the tokens of the
    training part; a token is predicted from the two before it in its document, and the end of a document is predicted
    too. Bytes are those of the raw text, so tokenizers of any vocabulary compare. Undefined without a training part.

    It is the cost of the one segmentation that the tokenizer makes, an upper bound of what the model asks for the text
    (Cao and Rimell 2021, "You should evaluate your language model on marginal likelihood over tokenisations"). Two
    tokens of context are less text where tokens are short: it favours long tokens, up to where they get too rare to
    learn. Unknown tokens are predicted as tokens and pay for the text that they hide, 8 bits for each byte that they
    cover. What else the tokenizer does not keep (case, spaces) costs nothing: see `round_trip_cer`.

    Example: for a model in which ``ab`` and its end have the probabilities 31/48, 17/24 and 23/48,
    -log2(0.219) / 2 = 1.09.
    """
    if encoded.training is None:
        return Value(None)
    model = NgramModel.train(*encoded.training_tokens, len(encoded.vocab), ORDER)
    rows = np.concatenate([np.zeros(1, np.int64), np.cumsum(encoded.lengths)])
    bits = np.rint(-np.log2(model.probabilities(encoded.ids, rows)) * UNIT).astype(np.int64)
    through = np.concatenate([np.zeros(1, np.int64), np.cumsum(bits)])
    # each document has one more prediction than tokens: its end
    ends = rows + np.arange(len(rows))
    tokens = np.diff(through[ends])
    return Ratio(tokens + BYTE * UNIT * encoded.unknown_bytes, UNIT * encoded.source.sizes)
