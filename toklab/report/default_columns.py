"""The columns of a comparison's table: which are shown by default, under which heading, and what the legend says."""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = (
    "vocabulary size",
    "sequence length",
    "OOV handling",
    "fidelity",
    "cost of use",
    "probability",
    "merge determinism",
)


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Parameters
    ----------
    metric : name of the metric; ``"determinism"`` for the probe's verdict
    group : the heading above it
    heading : its own heading, one string per line
    decimals : digits after the point, of the percentage where the unit is a share; None for whole numbers
    interval : show half the width of the 95% interval
    meaning : what the legend says, where the heading does not say it all
    optional : by default it is shown only where a contender has the figure
    """

    metric: str
    group: str
    heading: tuple[str, ...]
    decimals: int | None = 2
    interval: bool = False
    meaning: str = ""
    optional: bool = False


DETERMINISM = Column(
    "determinism",
    GROUPS[6],
    ("verdict",),
    meaning="verdict: trained again, are ids and encodings the same",
)
DEFAULT_COLUMNS = (
    Column("vocab_obtained", GROUPS[0], ("obtained",), None),
    Column("vocab_used", GROUPS[0], ("used",), 1, meaning="used: ids emitted on held-out text ÷ obtained"),
    Column("tokens", GROUPS[1], ("tokens",), None),
    Column("bytes_per_token", GROUPS[1], ("bytes/token",), interval=True),
    Column("fertility", GROUPS[1], ("fertility",), meaning="fertility: tokens ÷ words"),
    Column("unk_rate", GROUPS[2], ("UNK", "rate"), meaning="UNK rate: unknown tokens ÷ tokens"),
    Column(
        "fallback_rate",
        GROUPS[2],
        ("byte", "fallback"),
        meaning="byte fallback: tokens that are one byte of a longer character ÷ tokens",
    ),
    Column("oov_fertility", GROUPS[2], ("OOV", "fertility"), meaning="OOV: words absent from the training part"),
    Column(
        "oov_exploded",
        GROUPS[2],
        ("OOV", "exploded"),
        1,
        meaning="exploded: cut into single characters or bytes",
    ),
    Column("round_trip", GROUPS[3], ("round", "trip"), 1, meaning="round trip: texts that decode unchanged"),
    Column(
        "bits_per_byte",
        GROUPS[4],
        ("n-gram", "bits/byte"),
        meaning="n-gram bits/byte: -log2 of the text's probability under a trigram model of the tokens",
    ),
    Column(
        "likelihood_per_byte",
        GROUPS[5],
        ("own", "bits/byte"),
        meaning="own bits/byte: the same under the tokenizer's own model, over all segmentations",
        optional=True,
    ),
    Column(
        "segmentation_entropy",
        GROUPS[5],
        ("entropy",),
        meaning="entropy: of a pre-token's segmentations, in bits",
        optional=True,
    ),
    Column(
        "nbest_diversity",
        GROUPS[5],
        ("n-best", "diversity"),
        1,
        meaning="n-best diversity: cuts that two of a pre-token's 8 best segmentations do not share",
        optional=True,
    ),
    DETERMINISM,
)
