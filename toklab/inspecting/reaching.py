"""Which pieces some text becomes: first a search for texts that do, then proofs for those without.

The search encodes, with the tokenizer itself, each piece's own text: alone, then in contexts (after a space, a letter,
a line break; before them; in characters that hold its bytes). What comes out is reachable, and the text is
the witness. The proofs, of `toklab.inspecting.proofs`, are for the rest. What has neither is "not found".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from toklab.algorithms.symbols import CONTINUATION
from toklab.inspecting.findings import Reach, Status
from toklab.inspecting.proofs import Proofs
from toklab.inspecting.understanding import understood
from toklab.inspecting.utf8 import characters_with, head_of, inside_of, is_stretch, is_whole, tail_of
from toklab.loading.ours import HUGGING_FACE, engine_of
from toklab.types import Encoding, Piece, Tokenizer

# What is put before and after a piece's own text.
CONTEXTS = (
    ("", ""), (" ", ""), ("a", ""), ("", "a"), ("a", "a"), (" a", ""), ("", " "), (" ", " "), ("\n", ""), ("", "\n"),
    (".", ""), ("", "."), ("1", ""), ("", "1"), ("A", ""), ("", "A"), ("\u00e9", ""), ("", "\u00e9"), ("\u4e2d", ""),
    ("", "\u4e2d"), ("a ", ""), ("", " a"), ("\t", ""), ("'", ""), ("", "'"), ("\x00", "\x00"),
)  # fmt: skip
# Texts that are tried for one piece, at first and at most, and of characters that hold its bytes.
FEW, MOST = 26, 600
# Texts encoded in one call: enough of them for the compiled encoder to be worth its start.
CHUNK = 200_000
# Characters of a document around a piece that may be enough to give it again.
AROUND = 24


def reach_of(
    tokenizer: Tokenizer, texts: Sequence[str], encodings: Sequence[Encoding]
) -> tuple[tuple[Reach, ...], bool]:
    """What is known of every piece, and whether proofs could be made at all.

    Parameters
    ----------
    texts : documents; what they become needs no search
    encodings : of each, with offsets
    """
    vocab = tokenizer.vocab
    wanted = [i for i, piece in enumerate(vocab) if not piece.special]
    beginnings = _beginnings(tokenizer)
    witnesses = _search(tokenizer, {i: _candidates(vocab[i], beginnings) for i in wanted})
    in_texts = _in_texts([i for i in wanted if i not in witnesses], texts, encodings)
    witnesses |= _shortened(tokenizer, in_texts)
    missing = [i for i in wanted if i not in witnesses]
    proofs = _proofs(tokenizer, texts) if missing else None
    reach = []
    for index, piece in enumerate(vocab):
        if piece.special:
            reach.append(Reach(index, piece, Status.SPECIAL))
        elif index in witnesses:
            reach.append(Reach(index, piece, Status.REACHABLE, witnesses[index]))
        elif proofs is not None and (reason := proofs.why_never(index)):
            reach.append(Reach(index, piece, Status.UNREACHABLE, reason=reason))
        else:
            reach.append(Reach(index, piece, Status.NOT_FOUND, reason=_tried(piece)))
    return tuple(reach), proofs is not None or not missing


def count_unreachable(tokenizer: Tokenizer, texts: Sequence[str], used: Collection[int]) -> int | None:
    """How many pieces are proven to be unreachable, as many as `reach_of` finds.

    What is proven needs no long search: only the likeliest candidate of each piece is encoded before the proofs.

    Parameters
    ----------
    texts : documents
    used : ids that they become

    Returns
    -------
    int, or None where pieces are left of which nothing can be proven, since toklab does not run the model itself
    """
    vocab = tokenizer.vocab
    beginnings = _beginnings(tokenizer)
    wanted = {
        i: islice(_candidates(piece, beginnings), 1)
        for i, piece in enumerate(vocab)
        if not piece.special and i not in used
    }
    found = _search(tokenizer, wanted)
    missing = [i for i in wanted if i not in found]
    if not missing:
        return 0
    proofs = _proofs(tokenizer, texts)
    return None if proofs is None else sum(bool(proofs.why_never(i)) for i in missing)


def _proofs(tokenizer: Tokenizer, texts: Sequence[str]) -> Proofs | None:
    """What proves pieces unreachable; None where toklab does not run the model itself."""
    model = understood(tokenizer, texts)
    return None if model is None else Proofs(model, engine_of(tokenizer) == HUGGING_FACE)


def _tried(piece: Piece) -> str:
    if not piece.surface:
        return "it stands for no text"
    if is_whole(piece.surface) and not piece.byte:
        return "its own text did not give it, alone or in contexts"
    return "the characters tried that hold its bytes did not give it"


def _search(tokenizer: Tokenizer, candidates: Mapping[int, Iterator[str]]) -> dict[int, str]:
    """The first candidate of each piece whose encoding holds it."""
    found: dict[int, str] = {}
    for step in (1, FEW - 1, MOST - FEW):
        missing = [i for i in candidates if i not in found]
        for batch in _batches(missing, candidates, step):
            encoded = tokenizer.encode_batch([text for _, text in batch])
            for row, (index, text) in enumerate(batch):
                if index not in found and (encoded.ids[encoded.rows[row] : encoded.rows[row + 1]] == index).any():
                    found[index] = text
    return found


def _batches(
    wanted: Sequence[int], candidates: Mapping[int, Iterator[str]], step: int
) -> Iterator[list[tuple[int, str]]]:
    """The next candidates of each piece, as many as are encoded in one call."""
    batch: list[tuple[int, str]] = []
    for index in wanted:
        batch += [(index, text) for text in islice(candidates[index], step)]
        if len(batch) >= CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch


def _candidates(piece: Piece, beginnings: Sequence[str]) -> Iterator[str]:
    """Texts that may become a piece, the likeliest first; ``beginnings`` are for those that continue a word."""
    raw = piece.surface
    if not raw:
        return
    if piece.byte or not is_whole(raw):
        yield from _around_bytes(raw)
        return
    text = raw.decode("utf-8")
    if piece.continuation:
        yield from (before + text for before in beginnings)
        yield CONTINUATION + text
        return
    yield from (before + text + after for before, after in CONTEXTS)


def _beginnings(tokenizer: Tokenizer) -> list[str]:
    """What a word may begin with where a continuation follows: single characters, spaces last, then longer pieces."""
    pieces = [p for p in tokenizer.vocab if not (p.special or p.continuation or p.byte) and is_whole(p.surface)]
    texts = [piece.surface.decode("utf-8") for piece in pieces]
    return sorted(texts, key=lambda text: (len(text) != 1, text.isspace()))


def _around_bytes(raw: bytes) -> Iterator[str]:
    """Texts of whole characters that hold some bytes."""
    if raw[0] < 0x80 and len(raw) == 1:
        yield from (before + chr(raw[0]) + after for before, after in CONTEXTS)
        return
    if not is_stretch(raw):
        return
    if len(raw) <= 4 and (raw == head_of(raw) or raw == tail_of(raw)):
        where = "begin" if tail_of(raw) else "inside"
        yield from (chr(code) for code in _spread(characters_with(raw, where)))
        return
    befores = [chr(code) for code in _spread(characters_with(head_of(raw), "end"))] if head_of(raw) else [""]
    afters = [chr(code) for code in _spread(characters_with(tail_of(raw), "begin"))] if tail_of(raw) else [""]
    for number in range(max(len(befores), len(afters))):
        yield befores[number % len(befores)] + inside_of(raw) + afters[number % len(afters)]


def _spread(codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[int]:
    """As many code points as are tried, evenly spread, and of these the ends and the middle first."""
    if len(codes) > MOST:
        codes = codes[np.linspace(0, len(codes) - 1, MOST).astype(np.int64)]
    stride = 7
    order = np.concatenate([np.arange(start, len(codes), stride) for start in range(stride)])
    return [int(code) for code in codes[order.astype(np.int64)]]


def _in_texts(wanted: Sequence[int], texts: Sequence[str], encodings: Sequence[Encoding]) -> dict[int, tuple[str, str]]:
    """Where the documents hold pieces: what stands around the first occurrence, and the document."""
    missing, found = set(wanted), {}
    for text, encoding in zip(texts, encodings, strict=True):
        if not missing:
            break
        hits = np.flatnonzero(np.isin(encoding.ids, sorted(missing)))
        raw = text.encode("utf-8")
        for place in hits.tolist():
            index = int(encoding.ids[place])
            if index in missing:
                missing.remove(index)
                start, end = encoding.offsets[place].tolist()
                near = raw[max(start - AROUND, 0) : end + AROUND].decode("utf-8", "ignore")
                found[index] = near, text
    return found


def _shortened(tokenizer: Tokenizer, found: Mapping[int, tuple[str, str]]) -> dict[int, str]:
    """For each piece what stands around it where that gives it too, else the document."""
    short = _search(tokenizer, {index: iter([near]) for index, (near, _) in found.items()})
    return {index: short.get(index, text) for index, (_, text) in found.items()}
