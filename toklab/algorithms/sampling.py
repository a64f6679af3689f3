"""Drawing several ways to cut one text, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from toklab.algorithms.models import Segmentation
from toklab.algorithms.stream import Stream
from toklab.errors import UsageError
from toklab.types import Encoding

# Algorithms whose models can be sampled.
SAMPLED = ("bpe", "wordpiece", "unigram")


@runtime_checkable
class SamplingModel(Protocol):
    """A model that knows more than one way to cut words.

    It gives one way for each word, drawn one after the other, and the natural logarithm of the probability of all
    of them together, or None where that has no closed form.
    """

    def sample_words(
        self, words: Sequence[str], alpha: float, random: Stream, backend: str
    ) -> tuple[list[Segmentation], float | None]: ...


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
    model: object, name: str, words: Sequence[str], n: int, alpha: float, seed: int, backend: str
) -> Iterator[tuple[list[Segmentation], float | None]]:
    """Cut the words of a text ``n`` times; see `TrainedTokenizer.sample`.

    Parameters
    ----------
    name : of the tokenizer, for what is said where it cannot be sampled
    """
    if not isinstance(model, SamplingModel):
        raise UsageError(f"{name} has one encoding of each text; {', '.join(SAMPLED)} can be sampled")
    if not 0 <= alpha <= 1:  # nan too
        raise UsageError(f"alpha {alpha} is not between 0 and 1")
    if n < 0:
        raise UsageError(f"{n} samples cannot be drawn; ask for 0 or more")
    return (model.sample_words(words, alpha, Stream(seed, number), backend) for number in range(n))
