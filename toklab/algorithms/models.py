"""How one pre-token becomes ids: what all models have in common, and BPE by merge rank.

A model works on whole words. For each it gives the ids and how many UTF-8 bytes of the word each covers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

from toklab.algorithms.dropout import merge_with_dropout
from toklab.algorithms.symbols import BYTE_TO_CHAR, Learned
from toklab.backend import use_kernel
from toklab.types import IdArray, Lazy, Piece, Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segment_bpe import BpeKernel
    from toklab.algorithms.segmenting import Tokens
    from toklab.algorithms.stream import Stream
    from toklab.algorithms.whole_words import WholeWords

Segmentation: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
# Pair look-ups of readable BPE encoding, and of BPE-dropout, that take about a second.
ENCODE_LIMIT = 4_000_000
DROPOUT_LIMIT = 1_000_000


def _respelled(learned: Learned, suffix: bytes) -> tuple[Piece, ...]:
    """The pieces, where text that spells the suffix may have been merged as if it were one: then the key tells."""
    pieces = []
    for symbol, piece in zip(learned.symbols, learned.pieces, strict=True):
        if not symbol.reserved and symbol.key != piece.surface + suffix * piece.word_final:
            final = piece.word_final and symbol.key.endswith(suffix)
            piece = Piece(symbol.key.removesuffix(suffix) if final else symbol.key, word_final=final)
        pieces.append(piece)
    return tuple(pieces)


class Model(Protocol):
    """Encodes words; ``strings`` is the vocabulary as tokenizer.json spells it, by id."""

    @property
    def vocab(self) -> Vocab: ...
    @property
    def strings(self) -> tuple[str, ...]: ...
    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]: ...
    def segment(self, words: Words) -> Tokens: ...


@dataclass(frozen=True)
class BpeModel:
    """Merges applied lowest rank first, leftmost first.

    Parameters
    ----------
    vocab : the pieces
    merges : (left id, right id, resulting id), in rank order
    alphabet : ``"byte"`` or ``"character"``
    suffix : text that marks a word's last symbol, or ""
    byte_fallback : unseen characters become ``<0xNN>`` pieces
    ignore_merges : a word that is a piece becomes that piece, whatever the merges make of it; bytes only
    """

    vocab: Vocab
    merges: Sequence[tuple[int, int, int]]
    alphabet: str
    suffix: str = ""
    byte_fallback: bool = False
    ignore_merges: bool = False

    @staticmethod
    def from_learned(learned: Learned, alphabet: str, suffix: str, byte_fallback: bool) -> BpeModel:
        """The model that a trainer's result describes."""
        merges = learned.merges
        pieces = _respelled(learned, suffix.encode()) if suffix else learned.pieces
        pairs = Lazy(len(merges), lambda: tuple((pieces[left], pieces[right]) for left, right, _ in merges))
        vocab = Vocab(pieces, unknown_id(symbol.piece for symbol in learned.initial), pairs)
        return BpeModel(vocab, merges, alphabet, suffix, byte_fallback)

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return tuple(self._string(piece) for piece in self.vocab)

    def _string(self, piece: Piece) -> str:
        if piece.special:
            return piece.surface.decode("utf-8")
        if self.alphabet == "byte":
            return "".join(BYTE_TO_CHAR[byte] for byte in piece.surface)
        if piece.byte:
            return f"<0x{piece.surface[0]:02X}>"
        return piece.surface.decode("utf-8") + (self.suffix if piece.word_final else "")

    @cached_property
    def ranks(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(left id, right id) to (rank, resulting id)."""
        return {(left, right): (rank, new) for rank, (left, right, new) in enumerate(self.merges)}

    @cached_property
    def atoms(self) -> dict[str, int]:
        """Ids of single characters, with the suffix where it belongs, and of single bytes by stand-in."""
        return {text: i for i, text in enumerate(self.strings) if not self.vocab[i].special and not self._spare(i)}

    def _spare(self, index: int) -> bool:
        return self.byte_fallback and self.vocab[index].byte

    @cached_property
    def fallback(self) -> tuple[int, ...]:
        """Id of each byte's ``<0xNN>`` piece."""
        ids = {piece.surface[0]: i for i, piece in enumerate(self.vocab) if piece.byte and not piece.special}
        return tuple(ids[byte] for byte in range(256)) if self.byte_fallback else ()

    def start(self, word: str) -> tuple[list[int], list[int]]:
        """The ids that a word starts as, and the UTF-8 bytes that each covers."""
        if self.alphabet == "byte":
            ids = [self.byte_ids[byte] for byte in word.encode("utf-8")]
            return ids, [1] * len(ids)
        ids, lengths = [], []
        last = len(word) - 1
        for position, char in enumerate(word):
            suffix = self.suffix if position == last else ""
            found, width = self.atoms.get(char + suffix), len(char.encode("utf-8"))
            if found is not None:
                ids.append(found)
                lengths.append(width)
            elif self.byte_fallback:
                raw = (char + suffix).encode("utf-8")
                ids += [self.fallback[byte] for byte in raw]
                lengths += [1] * width + [0] * (len(raw) - width)
            elif self.vocab.unk_id is not None:
                ids.append(self.vocab.unk_id)
                lengths.append(width)
        return ids, lengths

    @cached_property
    def byte_ids(self) -> tuple[int, ...]:
        """Id of each single byte of a byte-level alphabet."""
        ids: dict[bytes, int] = {}
        for i, piece in enumerate(self.vocab):
            if len(piece.surface) == 1 and not piece.special:
                ids.setdefault(piece.surface, i)
                if len(ids) == 256:
                    break
        return tuple(ids[bytes([byte])] for byte in range(256))

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Encode words; the twins give equal results."""
        if use_kernel(backend, sum(len(word) ** 2 for word in words), ENCODE_LIMIT):
            return self.segment(Words.of(words)).segmentations()
        whole = self.whole if self.ignore_merges else {}
        raw = (word.encode("utf-8") for word in words)
        return [
            ((whole[spelled],), (len(spelled),)) if spelled in whole else self.merge(*self.start(word))
            for word, spelled in zip(words, raw, strict=True)
        ]

    @cached_property
    def whole(self) -> dict[bytes, int]:
        """Id of each piece that a whole word can be."""
        return {piece.surface: i for i, piece in enumerate(self.vocab) if not piece.special}

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin, on flat arrays."""
        if self.alphabet == "byte":
            found = self._kernel.merge_bytes(words, self.byte_ids)
            return self._whole_words.put_into(found, words) if self.ignore_merges else found
        return self._kernel.merge([self.start(word) for word in words.strings()])

    def whole_words(self, most: int) -> tuple[Words, IdArray] | None:
        """Up to ``most`` words that are one token each, and which, where that is known without merging them."""
        return self._kernel.whole(self.byte_ids, most) if self.alphabet == "byte" else None

    def merge(self, ids: list[int], lengths: list[int]) -> Segmentation:
        """Apply the lowest-ranked merge that fits, leftmost first, until none does."""
        return merge_by_rank(ids, lengths, self.ranks)

    def sample_words(
        self, words: Sequence[str], alpha: float, random: Stream, backend: str = "auto"
    ) -> tuple[list[Segmentation], None]:
        """Encode words by BPE-dropout, whose probabilities have no closed form; the twins give equal results."""
        starts = [self.start(word) for word in words]
        if use_kernel(backend, sum(len(ids) ** 2 for ids, _ in starts), DROPOUT_LIMIT):
            return self._kernel.merge_with_dropout(starts, alpha, random).segmentations(), None
        return [merge_with_dropout(ids, lengths, self.ranks, alpha, random) for ids, lengths in starts], None

    @cached_property
    def _kernel(self) -> BpeKernel:
        from toklab.algorithms.segment_bpe import BpeKernel

        return BpeKernel(self.merges, len(self.vocab))

    @cached_property
    def _whole_words(self) -> WholeWords:
        from toklab.algorithms.whole_words import WholeWords

        return WholeWords.of(self.whole, lambda words: self._kernel.merge_bytes(words, self.byte_ids))


def merge_by_rank(ids: list[int], lengths: list[int], ranks: Mapping[tuple[int, int], tuple[int, int]]) -> Segmentation:
    """Apply the lowest-ranked merge that fits, leftmost first, until none does.

    Parameters
    ----------
    ids, lengths : the symbols of a word, and the bytes that each covers
    ranks : (left id, right id) to (rank, resulting id)
    """
    while len(ids) > 1:
        found = [ranks.get(pair) for pair in itertools.pairwise(ids)]
        best = min((entry[0], at) for at, entry in enumerate(found) if entry) if any(found) else None
        if best is None:
            break
        at = best[1]
        ids = [*ids[:at], ranks[ids[at], ids[at + 1]][1], *ids[at + 2 :]]
        lengths = [*lengths[:at], lengths[at] + lengths[at + 1], *lengths[at + 2 :]]
    return tuple(ids), tuple(lengths)


def unknown_id(pieces: Iterable[Piece]) -> int | None:
    """Id of the unknown token, if there is one; it is among the first."""
    for index, piece in enumerate(pieces):
        if piece.special and piece.surface in (b"<unk>", b"[UNK]"):
            return index
    return None
