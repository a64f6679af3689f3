"""What several proofs say: of bytes that are left to characters that are no pieces, and how pieces are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toklab.inspecting.utf8 import characters_with, is_stretch
from toklab.types import Piece


def why_no_fallback(piece: Piece, is_piece: Callable[[str], bool]) -> str | None:
    """A fallback byte is for characters that are no pieces."""
    raw = piece.surface
    if not is_stretch(raw):
        return "no UTF-8 holds its byte"
    if raw[0] < 0x80:
        return "the only character with its byte is a piece" if is_piece(chr(raw[0])) else None
    if all(is_piece(chr(code)) for code in characters_with(raw, "inside").tolist()):
        return "every character with its byte is a piece"
    return None


def quoted(parts: list[str]) -> str:
    """Texts as a reason shows them."""
    return " + ".join(map(repr, parts))


def joined(pieces: Iterable[Piece]) -> str:
    """The same of pieces."""
    return quoted([str(piece) for piece in pieces])
