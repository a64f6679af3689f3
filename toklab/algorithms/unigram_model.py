"""The unigram language model as an encoder: each word becomes its most probable segmentation.

Kudo 2018, "Subword Regularization", section 3.2. Unknown characters are treated as in Hugging Face's ``Unigram`` and
in SentencePiece: each costs 10 nats more than the rarest piece, and a run of them is one ``<unk>``, or its bytes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.lattice import UNKNOWN_PENALTY, Lattice, Path, best_path, edges_of, score_of
from toklab.algorithms.models import Segmentation
from toklab.algorithms.posterior import judge
from toklab.algorithms.single import single
from toklab.backend import use_kernel
from toklab.types import FloatArray, Piece, Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segment_unigram import UnigramKernel
    from toklab.algorithms.segmenting import Tokens
    from toklab.algorithms.stream import Stream

# Characters whose readable Viterbi search takes about a second, and those that take as long to judge.
VITERBI_LIMIT = 100_000
JUDGE_LIMIT = 50_000


@dataclass(frozen=True)
class UnigramModel:
    """The most probable segmentation; of equal ones that of `best_path`.

    In single precision, what is before a word decides which of its equally probable segmentations is taken, since the
    sums from the beginning of the text are rounded. So whole texts are to be encoded then, and not words.

    Special tokens and the ``<0xNN>`` pieces never match text.

    Parameters
    ----------
    vocab : the pieces; ``unk_id`` must be set
    scores : log probability of each piece (nats), by id, of which any sum is finite; special tokens and bytes have one
        too, see `hidden_score`
    byte_fallback : unknown characters become ``<0xNN>`` pieces, of which there must be 256
    single_precision : scores are added as SentencePiece does, see `best_path`; an unknown character then has the
        score `unseen` in encoding too
    """

    vocab: Vocab
    scores: Sequence[float]
    byte_fallback: bool = False
    single_precision: bool = False

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple(map(spelled, self.vocab))

    @cached_property
    def pieces(self) -> dict[str, tuple[int, float]]:
        """What text can become: id and score of each text."""
        scores = map(single, self.scores) if self.single_precision else self.scores
        found = enumerate(zip(self.strings, self.vocab, scores, strict=True))
        return {text: (i, score) for i, (text, piece, score) in found if not is_hidden(piece)}

    @cached_property
    def unknown(self) -> tuple[int, float]:
        """Id and score of a character that is no piece."""
        assert self.vocab.unk_id is not None
        score = single(self.unseen) if self.single_precision else min(self.scores) - UNKNOWN_PENALTY
        return self.vocab.unk_id, score

    @cached_property
    def unseen(self) -> float:
        """Score with which a character that is no piece is judged; hidden pieces, whose scores are made up, aside."""
        return min((score for _, score in self.pieces.values()), default=0.0) - UNKNOWN_PENALTY

    @cached_property
    def fallback(self) -> tuple[int, ...]:
        """Id of each byte's ``<0xNN>`` piece; empty without byte fallback."""
        ids = {piece.surface[0]: i for i, piece in enumerate(self.vocab) if piece.byte and not piece.special}
        return tuple(ids[byte] for byte in range(256)) if self.byte_fallback else ()

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.pieces), default=0)

    def lattice(self, word: str) -> Lattice:
        """All segmentations of a word, to rank, sum or sample."""
        return Lattice.of(word, self.pieces, self._longest, self.unknown)

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Encode words; the twins give equal results."""
        if use_kernel(backend, sum(map(len, words)), VITERBI_LIMIT):
            return self.segment(Words.of(words)).segmentations()
        return [self.cut(word) for word in words]

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin, on flat arrays."""
        return self._kernel.cut(words)

    def judge_words(self, words: Sequence[str], backend: str = "auto") -> FloatArray:
        """(words, 3) float64: what `toklab.algorithms.posterior.judge` says of each; the twins give equal results."""
        if use_kernel(backend, sum(map(len, words)), JUDGE_LIMIT):
            return self._kernel.judge(Words.of(words))
        unseen = self.vocab.unk_id or 0, self.unseen
        lattices = (Lattice.of(word, self.pieces, self._longest, unseen) for word in words)
        return np.array([judge(lattice) for lattice in lattices], np.float64).reshape(-1, 3)

    def cut(self, word: str) -> Segmentation:
        """The best segmentation of one word."""
        edges = edges_of(word, self.pieces, self._longest, self.unknown)
        return self._tokens(word, best_path(len(word), edges, self.single_precision))

    def sample_words(
        self, words: Sequence[str], alpha: float, random: Stream, backend: str = "auto"
    ) -> tuple[list[Segmentation], float]:
        """Draw a segmentation of each word, with probability proportional to its own to the power of ``alpha``.

        Kudo 2018, section 3.1; SentencePiece's sampling from all segmentations. With ``alpha`` 1 it is the model's own
        distribution, with 0 all segmentations are equally likely.
        """
        use_kernel(backend, 0, 1)  # there is only one way to do it
        found, logs = [], []
        for word in words:
            lattice = self.lattice(word)
            path = lattice.sample(random, alpha)
            found.append(self._tokens(word, path))
            logs.append(alpha * score_of(path) - lattice.forward(alpha)[-1])
        return found, math.fsum(logs)

    def _tokens(self, word: str, path: Path) -> Segmentation:
        """A path as tokens: a run of unknown characters is one, or its bytes."""
        ids: list[int] = []
        lengths: list[int] = []
        for is_unknown, run in itertools.groupby(path, lambda edge: edge.id == self.unknown[0]):
            edges = list(run)
            text = word[edges[0].start : edges[-1].end]
            raw = text.encode("utf-8")
            if not is_unknown:
                ids += [edge.id for edge in edges]
                lengths += [len(word[edge.start : edge.end].encode("utf-8")) for edge in edges]
            elif self.byte_fallback and text not in self.pieces:
                ids += [self.fallback[byte] for byte in raw]
                lengths += [1] * len(raw)
            else:
                ids.append(self.unknown[0])
                lengths.append(len(raw))
        return tuple(ids), tuple(lengths)

    @cached_property
    def _kernel(self) -> UnigramKernel:
        from toklab.algorithms.segment_unigram import UnigramKernel

        return UnigramKernel(self)


def is_hidden(piece: Piece) -> bool:
    """Whether text never becomes this piece by itself."""
    return piece.special or piece.byte


def spelled(piece: Piece) -> str:
    """A piece as ``tokenizer.json`` spells it."""
    if piece.byte and not piece.special:
        return f"<0x{piece.surface[0]:02X}>"
    return piece.surface.decode("utf-8")


def hidden_score(text: str, lowest: float) -> float:
    """A score with which Hugging Face, to whom every piece can match, does not choose a hidden one either.

    Parameters
    ----------
    text : how the piece is spelled
    lowest : the score of the rarest piece that text can become; the characters of ``text`` cost no more each
    """
    return round(min(lowest, 0.0) * len(text) - 1.0, 10)
