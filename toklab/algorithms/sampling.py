"""Drawing several ways to cut one text, the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from toklab.algorithms.models import Drawn, Segmentation
from toklab.errors import UsageError
from toklab.types import Encoding

# Algorithms whose models can be sampled.
SAMPLED = ("bpe", "wordpiece")


@runtime_checkable
class SamplingModel(Protocol):
    """A model that knows more than one way to cut a word."""

    def sample_word(self, word: str, alpha: float, random: Random) -> Drawn: ...


@dataclass(frozen=True)
class Sample:
    """One way to cut a text.

    Parameters
    ----------
    encoding : the tokens, with offsets
    log_probability : natural logarithm of the probability with which it is drawn; None for BPE-dropout, where many
        sequences of merges lead to one result and their sum has no closed form
    """

    encoding: Encoding
    log_probability: float | None


def draw(
    model: object, name: str, words: Sequence[str], n: int, alpha: float, seed: int
) -> Iterator[tuple[list[Segmentation], float | None]]:
    """Cut the words of a text ``n`` times; see `TrainedTokenizer.sample`.

    Parameters
    ----------
    name : of the tokenizer, for what is said where it cannot be sampled
    """
    if not isinstance(model, SamplingModel):
        raise UsageError(f"{name} has one encoding of each text; {' and '.join(SAMPLED)} can be sampled")
    if not 0 <= alpha <= 1:  # nan too
        raise UsageError(f"alpha {alpha} is not between 0 and 1")
    if n < 0:
        raise UsageError(f"{n} samples cannot be drawn; ask for 0 or more")
    return (_cut(model, words, alpha, _stream(seed, number)) for number in range(n))


def _cut(
    model: SamplingModel, words: Sequence[str], alpha: float, random: Random
) -> tuple[list[Segmentation], float | None]:
    """One way to cut the words, drawn one after the other."""
    drawn = [model.sample_word(word, alpha, random) for word in words]
    logs = [word.log_probability for word in drawn if word.log_probability is not None]
    return [word.segmentation for word in drawn], math.fsum(logs) if len(logs) == len(drawn) else None


def _stream(seed: int, number: int) -> Random:
    """The generator of one sample: Mersenne Twister from the SHA-512 of a text.

    Python promises the numbers of `random.Random.random` for good, and a text as seed does not depend on its hash.
    """
    return Random(f"toklab sample {number} of seed {seed}")
