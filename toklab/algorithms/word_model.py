"""A list of words as an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toklab.algorithms.models import Segmentation
from toklab.backend import use_kernel
from toklab.types import Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segmenting import Tokens


@dataclass(frozen=True)
class WordModel:
    """Each word of the list is one token, any other the unknown token."""

    vocab: Vocab

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple(piece.surface.decode("utf-8") for piece in self.vocab)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {text: i for i, text in enumerate(self.strings) if not self.vocab[i].special}

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Look words up; there is only one way to do it."""
        use_kernel(backend, 0, 1)
        unknown = self.vocab.unk_id
        assert unknown is not None
        return [((self._ids.get(word, unknown),), (len(word.encode("utf-8")),)) for word in words]

    def segment(self, words: Words) -> Tokens:
        """The same on flat arrays."""
        from toklab.algorithms.segmenting import Tokens

        return Tokens.of(self.encode_words(words.strings()))
