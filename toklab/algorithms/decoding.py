"""From pieces back to text: joined as they are, or with the spaces that a pattern dropped put back as one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toklab.algorithms.models import BpeModel
from toklab.algorithms.symbols import CONTINUATION
from toklab.algorithms.unigram_model import UnigramModel
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.backend import thread_count, use_kernel
from toklab.errors import UsageError
from toklab.types import ByteArray, IdArray, IntArray, Piece

if TYPE_CHECKING:
    from toklab.algorithms.pipeline import TrainedTokenizer

# Ids that readable decoding takes about a second for, and rows' ids that are worth a thread.
DECODE_LIMIT = 1_000_000
THREAD_IDS = 1 << 16


def decode_pieces(pieces: Sequence[Piece], tokenizer: TrainedTokenizer) -> str:
    """Text of pieces, as the saved file's decoder gives it in Hugging Face."""
    model = tokenizer.model
    if isinstance(model, BpeModel) and model.alphabet == "byte":
        return b"".join(piece.surface for piece in pieces).decode("utf-8", "replace")
    if isinstance(model, BpeModel) and model.suffix:
        return _with_suffix(pieces, model.suffix)
    if isinstance(model, BpeModel | UnigramModel):
        return "".join(_texts(pieces))
    if tokenizer.pretokenizer.entry.keeps_gaps:
        return "".join(piece.surface.decode("utf-8") for piece in pieces)
    if isinstance(model, WordPieceModel):
        return _with_spaces(pieces)
    return " ".join(piece.surface.decode("utf-8") for piece in pieces)


def _with_spaces(pieces: Sequence[Piece]) -> str:
    """A space before every piece that begins a word; a continuation that comes first keeps its ``##``."""
    texts = [(CONTINUATION if piece.continuation else "") + piece.surface.decode("utf-8") for piece in pieces]
    return "".join([*texts[:1], *map(_spaced, texts[1:])])


def _spaced(text: str) -> str:
    """A piece as its file spells it, where it is not the first."""
    # Hugging Face looks at the string alone, so a piece "##" that begins a word vanishes here too.
    return text.removeprefix(CONTINUATION) if text.startswith(CONTINUATION) else " " + text


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


def decode_all(tokenizer: TrainedTokenizer, ids: list[int]) -> str:
    """Text of ids; see `TrainedTokenizer.decode`."""
    # What the kernel reads is made anew each time, which only many ids are worth.
    if len(ids) < DECODE_LIMIT or min(ids) < 0 or max(ids) >= len(tokenizer.vocab):
        return _decode_plain(tokenizer, ids)
    return decode_rows(tokenizer, np.array(ids), np.array([0, len(ids)]), None)[0]


def _decode_plain(tokenizer: TrainedTokenizer, ids: list[int]) -> str:
    pieces = []
    for index in ids:
        if not 0 <= index < len(tokenizer.vocab):
            raise _unknown(tokenizer, index)
        pieces.append(tokenizer.vocab[int(index)])
    return decode_pieces([piece for piece in pieces if not piece.special], tokenizer)


def _unknown(tokenizer: TrainedTokenizer, index: int) -> UsageError:
    return UsageError(f"id {index} is not in the vocabulary (0 to {len(tokenizer.vocab) - 1})")


def decode_rows(tokenizer: TrainedTokenizer, ids: IdArray, rows: IntArray, threads: int | None) -> list[str]:
    """Texts of many rows of ids; see `TrainedTokenizer.decode_batch`."""
    ids, rows = np.asarray(ids), np.asarray(rows, np.int64)
    steps = np.diff(rows, prepend=0, append=len(ids))
    if len(rows) == 0 or (steps < 0).any():
        raise UsageError(f"rows must rise from 0 or more to {len(ids)}, the number of ids, or less")
    wrong = ids[(ids < 0) | (ids >= len(tokenizer.vocab))]
    if len(wrong):
        raise _unknown(tokenizer, wrong[0])
    if use_kernel(tokenizer.backend, len(ids), DECODE_LIMIT) and not _reads_across_pieces(tokenizer):
        return _decode_fast(tokenizer, ids.astype(np.int32, copy=False), rows, threads)
    flat, ends = ids.tolist(), rows.tolist()
    return [_decode_plain(tokenizer, flat[start:end]) for start, end in itertools.pairwise(ends)]


def _reads_across_pieces(tokenizer: TrainedTokenizer) -> bool:
    """Whether a run of fallback bytes may spell the suffix, which no piece alone shows."""
    model = tokenizer.model
    marked = isinstance(model, BpeModel) and model.alphabet != "byte" and model.suffix != ""
    return marked and any(piece.byte for piece in tokenizer.vocab)


@dataclass(frozen=True)
class _Forms:
    """What each piece spells at the edge of a row and elsewhere: form 2 i and form 2 i + 1 of piece i.

    Parameters
    ----------
    text, starts : bytes of all forms, and where each begins
    special : (pieces,) 1 where a piece spells nothing
    at_end : the edge of a row is its last piece, not its first
    """

    text: ByteArray
    starts: IntArray
    special: ByteArray
    at_end: bool


def _forms(tokenizer: TrainedTokenizer) -> _Forms:
    """The pieces' forms, from the rules of `decode_pieces`."""
    model = tokenizer.model
    suffix = model.suffix if isinstance(model, BpeModel) and model.alphabet != "byte" else ""
    if suffix:
        marked = [(p.surface + suffix.encode() * p.word_final).split(suffix.encode()) for p in tokenizer.vocab]
        pairs: Iterable[tuple[bytes, bytes]] = ((b"".join(parts), b" ".join(parts)) for parts in marked)
    elif isinstance(model, BpeModel | UnigramModel) or tokenizer.pretokenizer.entry.keeps_gaps:
        pairs = ((piece.surface, piece.surface) for piece in tokenizer.vocab)
    elif isinstance(model, WordPieceModel):
        pairs = ((text.encode(), _spaced(text).encode()) for text in model.strings)
    else:
        pairs = ((piece.surface, b" " + piece.surface) for piece in tokenizer.vocab)
    special = np.array([piece.special for piece in tokenizer.vocab], np.uint8)
    forms = [b"" if hidden else form for pair, hidden in zip(pairs, special.tolist(), strict=True) for form in pair]
    starts = np.zeros(len(forms) + 1, np.int64)
    np.cumsum([len(form) for form in forms], out=starts[1:])
    return _Forms(np.frombuffer(b"".join(forms), np.uint8).copy(), starts, special, bool(suffix))


def _decode_fast(tokenizer: TrainedTokenizer, ids: IdArray, rows: IntArray, threads: int | None) -> list[str]:
    """The rows' bytes by the kernel, in threads; then one decoding of each row's bytes.

    Bytes that are not UTF-8 are U+FFFD as Python replaces them where all pieces are bytes; the other models have
    rules of their own for fallback bytes, and the readable twin knows them.
    """
    from toklab.kernels import announce, decode

    announce(decode.measure, decode.write)
    forms = _forms(tokenizer)
    ends = np.zeros(len(rows), np.int64)
    workers = thread_count(threads, max(1, len(ids) // THREAD_IDS))
    shares = np.linspace(rows[0], rows[-1], workers + 1).astype(np.int64)
    cuts = np.searchsorted(rows, shares).tolist()
    cuts[0], cuts[-1] = 0, len(rows) - 1

    def measure(part: int) -> None:
        first, last = cuts[part], cuts[part + 1]
        decode.measure(ids, rows, first, last, forms.starts, forms.special, forms.at_end, ends[1:])

    def write(part: int) -> None:
        first, last = cuts[part], cuts[part + 1]
        at = int(ends[first])
        decode.write(ids, rows, first, last, forms.text, forms.starts, forms.special, forms.at_end, at, out)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(measure, range(workers)))
        np.cumsum(ends, out=ends)
        out = np.zeros(int(ends[-1]), np.uint8)
        list(pool.map(write, range(workers)))
    return _texts_of_rows(tokenizer, ids, rows, out.data, ends.tolist())


def _texts_of_rows(
    tokenizer: TrainedTokenizer, ids: IdArray, rows: IntArray, raw: memoryview, ends: list[int]
) -> list[str]:
    model = tokenizer.model
    if isinstance(model, BpeModel) and model.alphabet == "byte":
        return [str(raw[start:end], "utf-8", "replace") for start, end in itertools.pairwise(ends)]
    texts = []
    for row, (start, end) in enumerate(itertools.pairwise(ends)):
        try:
            texts.append(str(raw[start:end], "utf-8"))
        except UnicodeDecodeError:
            texts.append(_decode_plain(tokenizer, ids[rows[row] : rows[row + 1]].tolist()))
    return texts
