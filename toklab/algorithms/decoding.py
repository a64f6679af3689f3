"""From pieces back to text: joined as they are, or with the spaces that a pattern dropped put back as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toklab.algorithms.models import BpeModel, WordPieceModel
from toklab.algorithms.symbols import CONTINUATION
from toklab.types import Piece

if TYPE_CHECKING:
    from toklab.algorithms.pipeline import TrainedTokenizer


def decode_pieces(pieces: Sequence[Piece], tokenizer: TrainedTokenizer) -> str:
    """Text of pieces, as the saved file's decoder gives it in Hugging Face."""
    model = tokenizer.model
    if isinstance(model, BpeModel) and model.alphabet == "byte":
        return b"".join(piece.surface for piece in pieces).decode("utf-8", "replace")
    if isinstance(model, BpeModel) and model.suffix:
        return _with_suffix(pieces, model.suffix)
    if isinstance(model, BpeModel):
        return "".join(_texts(pieces))
    if tokenizer.pretokenizer.entry.keeps_gaps:
        return "".join(piece.surface.decode("utf-8") for piece in pieces)
    if isinstance(model, WordPieceModel):
        return _with_spaces(pieces)
    return " ".join(piece.surface.decode("utf-8") for piece in pieces)


def _with_spaces(pieces: Sequence[Piece]) -> str:
    """A space before every piece that begins a word; a continuation that comes first keeps its ``##``."""
    parts: list[str] = []
    for piece in pieces:
        text = (CONTINUATION if piece.continuation else "") + piece.surface.decode("utf-8")
        if parts:
            # Hugging Face looks at the string alone, so a piece "##" that begins a word vanishes here too.
            text = text.removeprefix(CONTINUATION) if text.startswith(CONTINUATION) else " " + text
        parts.append(text)
    return "".join(parts)


def _texts(pieces: Sequence[Piece]) -> list[str]:
    """Texts of pieces; each run of fallback bytes is one text, or one U+FFFD a byte where it is not UTF-8."""
    texts: list[str] = []
    run = b""
    for piece in [*pieces, None]:
        if piece is not None and piece.byte:
            run += piece.surface
            continue
        if run:
            try:
                texts.append(run.decode("utf-8"))
            except UnicodeDecodeError:
                texts += ["\ufffd"] * len(run)
            run = b""
        if piece is not None:
            texts.append(piece.surface.decode("utf-8"))
    return texts


def _with_suffix(pieces: Sequence[Piece], suffix: str) -> str:
    """Every suffix becomes a space, but for the last piece's, which goes."""
    marked: list[str] = []
    run: list[Piece] = []
    for piece in pieces:
        if piece.byte:
            run.append(piece)
            continue
        marked += _texts(run)
        run = []
        marked.append(piece.surface.decode("utf-8") + (suffix if piece.word_final else ""))
    marked += _texts(run)
    spaced = [text.replace(suffix, " ") for text in marked[:-1]]
    return "".join([*spaced, *(text.replace(suffix, "") for text in marked[-1:])])
