"""What to train on: how much of each language, and which of its lines.

The temperature is that of multilingual pre-training: languages are drawn with probabilities proportional to
p_l ** (1 / τ), p_l being the language's share of the text. Lample and Conneau (2019), "Cross-lingual Language Model
Pretraining", section 3.1, write α for 1 / τ. They count sentences; parallel text has equally many of them in every
language, so shares are of UTF-8 bytes here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from toklab.corpus import Corpus
from toklab.errors import UsageError

NEARLY = 1e-9  # so that a half rounds up on every machine, whatever the last bit of a power


def times_drawn(sizes: Sequence[int], temperature: float) -> list[float]:
    """How many times each language's text is taken, the largest language's once.

    With τ = 1 every text is taken once; above it, smaller languages are taken more often, up to equal shares where
    τ is infinite; below it, less often.

    Parameters
    ----------
    sizes : UTF-8 bytes of each language, above 0
    temperature : τ, above 0; may be infinite

    Returns
    -------
    (p_l / p_max) ** (1 / τ - 1) for each language: times its size, that is proportional to p_l ** (1 / τ)

    Raises
    ------
    UsageError
        A temperature that is not above 0.

    Examples
    --------
    >>> times_drawn([100, 400], 1), times_drawn([100, 400], 2), times_drawn([100, 400], math.inf)
    ([1.0, 1.0], [2.0, 1.0], [4.0, 1.0])
    """
    if not temperature > 0:
        raise UsageError(f"temperature {temperature:g} is not above 0; 1 takes the text as it is, inf equal shares")
    largest = max(sizes)
    return [(size / largest) ** (1 / temperature - 1) for size in sizes]


def draw(lines: Sequence[str], times: float, seed: int = 0) -> tuple[str, ...]:
    """Take lines so many times: all of them for each whole time, and for the rest a choice that the seed makes.

    Lines are ranked by SHA-256 of seed and position, so the choice is the same on every machine and, among
    languages of parallel text, of the same lines; those of a smaller rest are among those of a larger one.

    Parameters
    ----------
    times : 0 or more; ``times`` times the number of lines is rounded to a whole number, halves up
    """
    whole, rest = divmod(math.floor(times * len(lines) + 0.5 + NEARLY), len(lines))
    ranked = sorted(range(len(lines)), key=lambda i: hashlib.sha256(f"sample:{seed}:{i}".encode()).digest())
    return tuple(lines) * whole + tuple(lines[i] for i in sorted(ranked[:rest]))


def joint(texts: Mapping[str, Corpus], temperature: float, seed: int = 0) -> dict[str, Corpus]:
    """What each language contributes to a joint training.

    Parameters
    ----------
    texts : by language, corpora whose documents are lines
    temperature, seed : see `times_drawn` and `draw`

    Raises
    ------
    UsageError
        A temperature that is not above 0.
    """
    times = times_drawn([text.n_bytes for text in texts.values()], temperature)
    return {
        language: Corpus(language, draw(tuple(text.documents), taken, seed))
        for (language, text), taken in zip(texts.items(), times, strict=True)
    }
