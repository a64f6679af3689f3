"""The proofs of BPE, of bytes and of characters; the argument is in `toklab.inspecting.proofs`."""

from __future__ import annotations

from functools import cached_property

from toklab.algorithms.models import BpeModel
from toklab.inspecting.boundaries import Boundaries
from toklab.inspecting.reasons import joined, why_no_fallback
from toklab.inspecting.utf8 import head_of, inside_of, is_stretch, is_whole, tail_of
from toklab.types import Piece


class BpeRule:
    """Why a merge table never gives a piece."""

    def __init__(self, model: BpeModel, boundaries: Boundaries, in_hugging_face: bool) -> None:
        self._model, self._boundaries, self._claims_bytes = model, boundaries, not in_hugging_face
        self._vocab = model.vocab
        # Merges of special or fallback pieces, which only an edited file has, would be other ways to make a piece.
        odd = [i for i, piece in enumerate(model.vocab) if piece.special or (model.byte_fallback and piece.byte)]
        self._plain = frozenset(odd).isdisjoint(i for merge in model.merges for i in merge)

    def why_never(self, index: int) -> str | None:
        piece = self._vocab[index]
        if not self._plain or not piece.surface:
            return None
        if self._model.alphabet == "byte":
            return self._why_never_bytes(index, piece)
        if piece.byte:
            no_suffix = not self._model.suffix and self._claims_bytes
            return why_no_fallback(piece, self._is_atom) if no_suffix else None
        return self._why_not_merged(index, piece) or self._why_cut(piece, piece.surface.decode("utf-8"))

    def _is_atom(self, char: str) -> bool:
        return char in self._atoms

    @cached_property
    def _atoms(self) -> dict[str, int]:
        """Ids of single characters, with the suffix too."""
        skip = self._model.byte_fallback
        named = zip(self._model.strings, self._vocab, strict=True)
        return {text: i for i, (text, p) in enumerate(named) if not p.special and not (skip and p.byte)}

    @cached_property
    def _byte_ids(self) -> dict[int, int]:
        ids: dict[int, int] = {}
        for i, piece in enumerate(self._vocab):
            if len(piece.surface) == 1 and not piece.special:
                ids.setdefault(piece.surface[0], i)
        return ids

    def _why_not_merged(self, index: int, piece: Piece) -> str | None:
        """A piece of characters; the text of a suffix may also stand in the text itself."""
        text = piece.surface.decode("utf-8")
        spellings = [[*text[:-1], text[-1] + self._model.suffix]] if piece.word_final else [[*text]]
        if piece.word_final:
            spellings.append([*text, *self._model.suffix])
        reasons = [self._why_not_from(index, symbols) for symbols in spellings]
        return reasons[0] if all(reasons) else None

    def _why_not_from(self, index: int, symbols: list[str]) -> str | None:
        missing = [symbol for symbol in symbols if symbol not in self._atoms]
        if missing:
            return f"nothing spells it: {missing[0]!r} is no piece"
        return self._why_other(index, [self._atoms[symbol] for symbol in symbols])

    def _why_other(self, index: int, ids: list[int]) -> str | None:
        found, _ = self._model.merge(ids, [1] * len(ids))
        if found == (index,):
            return None
        if len(found) == 1:
            return f"the same symbols become piece {found[0]}"
        return f"its own symbols are merged to {joined(self._vocab[i] for i in found)} and no further"

    def _why_cut(self, piece: Piece, text: str) -> str | None:
        if self._vocab.unk_id is None and not self._model.byte_fallback:
            return None  # characters that are no pieces vanish, and what stood around them meets
        return self._boundaries.why_never(text, last=piece.word_final)

    def _why_never_bytes(self, index: int, piece: Piece) -> str | None:
        raw = piece.surface
        if not is_stretch(raw):
            return "no UTF-8 holds its bytes"
        reason = self._why_other(index, [self._byte_ids[byte] for byte in raw])
        if reason:
            return reason if self._why_no_word(raw) else None
        if inside := inside_of(raw):
            reason = self._boundaries.why_never(inside, later=bool(head_of(raw)))
        return reason or self._why_no_neighbour(index, raw)

    def _why_no_word(self, raw: bytes) -> str | None:
        """A piece that no merges make may still be a whole word, where those are looked up first."""
        if not self._model.ignore_merges:
            return "words are merged"
        if not is_whole(raw):
            return "a word has whole characters"
        return self._boundaries.why_never(raw.decode("utf-8"), first=True, last=True)

    def _why_no_neighbour(self, index: int, raw: bytes) -> str | None:
        """A piece that begins or ends inside a character has a neighbour that holds the rest."""
        if head_of(raw) and not any(self._stand(i, index) for i in self._with_tail if self._meet(i, index)):
            return "every piece that could begin its first character is merged with it otherwise"
        if tail_of(raw) and not any(self._stand(index, i) for i in self._with_head if self._meet(index, i)):
            return "every piece that could end its last character is merged with it otherwise"
        return None

    @cached_property
    def _with_tail(self) -> list[int]:
        """Pieces after which a character may have to go on: they begin one, or are all inside one."""
        return [i for i in self._stretches if tail_of(self._vocab[i].surface) or self._is_inside(i)]

    @cached_property
    def _with_head(self) -> list[int]:
        """Pieces that go on with a character."""
        return [i for i in self._stretches if head_of(self._vocab[i].surface)]

    @cached_property
    def _stretches(self) -> list[int]:
        return [i for i, p in enumerate(self._vocab) if not p.special and p.surface and is_stretch(p.surface)]

    def _is_inside(self, index: int) -> bool:
        raw = self._vocab[index].surface
        return head_of(raw) == raw

    def _meet(self, left: int, right: int) -> bool:
        """Whether UTF-8 holds the bytes of both, one after the other, in one character where they meet."""
        return is_stretch(self._vocab[left].surface + self._vocab[right].surface)

    def _stand(self, left: int, right: int) -> bool:
        """Whether two pieces stand side by side when their bytes are cut alone."""
        ids = [self._byte_ids[byte] for byte in self._vocab[left].surface + self._vocab[right].surface]
        return self._model.merge(ids, [1] * len(ids))[0] == (left, right)
