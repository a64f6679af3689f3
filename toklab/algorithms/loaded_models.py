"""BPE and Unigram as ``tokenizer.json`` files hold them, with every option that Hugging Face runs.

Any piece can come from text there, special ones too, so the vocabulary of these models calls none of them special.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

from toklab.algorithms.models import ENCODE_LIMIT, Segmentation, merge_by_rank
from toklab.algorithms.symbols import BYTE_TO_CHAR, CHAR_TO_BYTE
from toklab.algorithms.unigram_model import UnigramModel
from toklab.backend import use_kernel
from toklab.types import Vocab, Words

if TYPE_CHECKING:
    from toklab.algorithms.segment_bpe import BpeKernel
    from toklab.algorithms.segmenting import Tokens

_Part: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
BYTE_TOKENS = tuple(f"<0x{byte:02X}>" for byte in range(256))


@dataclass(frozen=True)
class LoadedBpe:
    """BPE with the options of Hugging Face's.

    Parameters
    ----------
    vocab : the pieces
    ids : id of each string of the vocabulary
    merges : (left id, right id, resulting id), in rank order, no pair twice
    byte_level : words are spelled in bytes, each as the character that stands for it
    prefix, suffix : what marks symbols that continue a word, and the last one
    fuse_unk : a run of unknown characters is one token
    byte_fallback : an unknown character becomes its bytes, where all of them have a piece
    ignore_merges : a word that is in the vocabulary is that piece, whatever the merges say
    """

    vocab: Vocab
    ids: Mapping[str, int] = field(repr=False)
    merges: Sequence[tuple[int, int, int]] = field(repr=False)
    byte_level: bool = False
    prefix: str = ""
    suffix: str = ""
    fuse_unk: bool = False
    byte_fallback: bool = False
    ignore_merges: bool = False

    @cached_property
    def strings(self) -> tuple[str, ...]:
        found = [""] * len(self.vocab)
        for text, index in self.ids.items():
            found[index] = text
        return tuple(found)

    @cached_property
    def ranks(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(left id, right id) to (rank, resulting id)."""
        return {(left, right): (rank, new) for rank, (left, right, new) in enumerate(self.merges)}

    def _symbols(self, word: str) -> list[tuple[str, int]]:
        """The strings that a word is spelled with, and the UTF-8 bytes of the word that each covers."""
        if self.byte_level:
            found = [(BYTE_TO_CHAR[byte], 1) for byte in word.encode("utf-8")]
        else:
            found = [(char, len(char.encode("utf-8"))) for char in word]
        if self.prefix:
            found[1:] = [(self.prefix + text, width) for text, width in found[1:]]
        if self.suffix and found:
            found[-1] = found[-1][0] + self.suffix, found[-1][1]
        return found

    def start(self, word: str) -> tuple[list[int], list[int]]:
        """The ids that a word starts as, and the UTF-8 bytes that each covers."""
        if not (self.byte_level or self.prefix or self.suffix):
            known = {char: self._spelled(char) for char in set(word)}
            if None not in known.values():
                parts = [cast(_Part, known[char]) for char in word]
                return [index for ids, _ in parts for index in ids], [width for _, row in parts for width in row]
        ids: list[int] = []
        lengths: list[int] = []
        waiting = 0  # bytes of the unknown token that is not written yet
        unknown = self.vocab.unk_id
        for text, width in self._symbols(word):
            found, spelled = self.ids.get(text), None if text in self.ids else self._bytes(text)
            if spelled is not None:
                ids += spelled
                lengths += [1] * width + [0] * (len(spelled) - width)
            elif found is None and unknown is not None:
                if waiting and not self.fuse_unk:
                    ids.append(unknown)
                    lengths.append(waiting)
                    waiting = 0
                waiting += width
            elif found is not None:
                if waiting and unknown is not None:
                    ids.append(unknown)
                    lengths.append(waiting)
                    waiting = 0
                ids.append(found)
                lengths.append(width)
        if waiting and unknown is not None:
            ids.append(unknown)
            lengths.append(waiting)
        return ids, lengths

    def _spelled(self, char: str) -> _Part | None:
        """A character as ids and widths; None where it is unknown."""
        index = self.ids.get(char)
        if index is not None:
            return (index,), (len(char.encode("utf-8")),)
        found = self._bytes(char)
        return None if found is None else (tuple(found), (1,) * len(found))

    def _bytes(self, text: str) -> list[int] | None:
        """Ids of the bytes of an unknown character; None where not all have one."""
        if not self.byte_fallback:
            return None
        found = [self.fallback[byte] for byte in text.encode("utf-8")]
        return None if None in found else [index for index in found if index is not None]

    @cached_property
    def fallback(self) -> tuple[int | None, ...]:
        return tuple(self.ids.get(text) for text in BYTE_TOKENS)

    @cached_property
    def whole(self) -> Mapping[str, int]:
        """Id of each word that is a piece by itself."""
        if not self.ignore_merges:
            return {}
        if not self.byte_level:
            return self.ids
        spelled = (
            (bytes(CHAR_TO_BYTE[char] for char in text), index)
            for text, index in self.ids.items()
            if all(char in CHAR_TO_BYTE for char in text)
        )
        return {raw.decode("utf-8"): index for raw, index in spelled if _is_text(raw)}

    @cached_property
    def byte_ids(self) -> tuple[int, ...] | None:
        """Ids of the 256 bytes, where a word starts as nothing else."""
        found = [self.ids.get(char) for char in BYTE_TO_CHAR]
        plain = self.byte_level and not self.prefix and not self.suffix and None not in found
        return tuple(index for index in found if index is not None) if plain else None

    def encode_words(self, words: Sequence[str], backend: str = "auto") -> list[Segmentation]:
        """Encode words; the twins give equal results."""
        if use_kernel(backend, sum(len(word) ** 2 for word in words), ENCODE_LIMIT):
            return self.segment(Words.of(words)).segmentations()
        return [self._encode(word) for word in words]

    def _encode(self, word: str) -> Segmentation:
        whole = self.whole.get(word)
        if whole is not None:
            return (whole,), (len(word.encode("utf-8")),)
        return merge_by_rank(*self.start(word), self.ranks)

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin, on flat arrays."""
        if self.ignore_merges:
            return self._segment_but_for_whole(words.strings())
        if self.byte_ids is not None:
            return self._kernel.merge_bytes(words, self.byte_ids)
        return self._kernel.merge([self.start(word) for word in words.strings()])

    def _segment_but_for_whole(self, words: list[str]) -> Tokens:
        from toklab.algorithms.segmenting import Tokens

        rest = [word for word in words if word not in self.whole]
        if self.byte_ids is not None:
            merged = self._kernel.merge_bytes(Words.of(rest), self.byte_ids)
        else:
            merged = self._kernel.merge([self.start(word) for word in rest])
        found = iter(merged.segmentations())
        whole = self.whole
        return Tokens.of(
            [((whole[word],), (len(word.encode("utf-8")),)) if word in whole else next(found) for word in words]
        )

    @cached_property
    def _kernel(self) -> BpeKernel:
        from toklab.algorithms.segment_bpe import BpeKernel

        return BpeKernel(self.merges, len(self.vocab))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class LoadedUnigram(UnigramModel):
    """Unigram in which every string of the vocabulary can come from text.

    Parameters
    ----------
    texts : string of each id; of equal ones the last counts
    """

    texts: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def strings(self) -> tuple[str, ...]:
        return self.texts

    @cached_property
    def pieces(self) -> dict[str, tuple[int, float]]:
        """What text can become: id and score of each string."""
        found = enumerate(zip(self.texts, self.scores, strict=True))
        return {text: (index, score) for index, (text, score) in found if text}

    @cached_property
    def fallback(self) -> tuple[int, ...]:
        """Id of each byte's piece; empty without byte fallback."""
        ids = {text: index for index, text in enumerate(self.texts)}
        return tuple(ids[text] for text in BYTE_TOKENS) if self.byte_fallback else ()

    def segment(self, words: Words) -> Tokens:
        """The same by the compiled twin; it would spell the text of the unknown token in bytes."""
        from toklab.algorithms.segmenting import Tokens

        if self.byte_fallback and self.texts[self.unknown[0]].encode("utf-8") in words.text.tobytes():
            return Tokens.of([self.cut(word) for word in words.strings()])
        return super().segment(words)
