"""Two trainings held against each other: the pieces, the ids, the merges, and what they make of the same texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toklab.metrics.pairs import overlap
from toklab.types import Batch, Encoding, IdArray, IntArray, Piece, Tokenizer, Vocab

# What a first difference is told with: the two pairs of a merge, and its rank.
Evidence = Callable[[int, tuple[Piece, Piece], tuple[Piece, Piece]], str | None]


@dataclass(frozen=True)
class Sameness:
    """Two trainings compared.

    Parameters
    ----------
    label : how the other training was varied
    same_set : the same pieces
    same_ids : each with the same id, and for BPE the same merges in the same order
    same_encodings : the same segmentations of the texts
    first_difference : the first merge, id or text that parts them; None where nothing does
    jaccard : pieces in both / pieces in either
    use_jaccard : the same, each piece weighed by its use: sum of the lower over sum of the higher of its two
        numbers of tokens in the texts; None where there is no token
    rank_tau : Kendall's tau of the ranks of the merges (of the ids, where nothing merges) that both have; None for
        fewer than two
    changed_tokens : tokens of the first training that the other does not cut / tokens; None where there is none
    changed_documents, tokens : documents with such a token; tokens of the other training
    """

    label: str
    same_set: bool
    same_ids: bool
    same_encodings: bool
    first_difference: str | None
    jaccard: float
    use_jaccard: float | None
    rank_tau: float | None
    changed_tokens: float | None
    changed_documents: int
    tokens: int


def compare_trainings(
    first: Tokenizer,
    other: Tokenizer,
    texts: Sequence[str],
    encoded: Batch | None = None,
    label: str = "",
    evidence: Evidence | None = None,
) -> Sameness:
    """Hold two trainings of one contender against each other.

    Parameters
    ----------
    texts : whose encodings are compared
    encoded : these as the first training encodes them, with offsets, where that is known already
    evidence : what there is to say of two merges of the same rank
    """
    a, b = first.vocab, other.vocab
    same_set = same_pieces(a, b)
    same_ids = a.pieces == b.pieces and a.merges == b.merges
    difference = None if same_ids else first_difference(a, b, evidence)
    if encoded is None:
        encoded = first.encode_batch(texts, offsets=True)
    theirs = other.encode_batch(texts, offsets=True)
    ids = _ids_in(a, b)
    lost = [_lost(one, two, ids) for one, two in zip(encoded, theirs, strict=True)]
    changed = [text for text, (count, same) in zip(texts, lost, strict=True) if count or not same]
    if difference is None and changed:
        difference = f"the text {_short(changed[0])} is cut differently"
    return Sameness(
        label,
        same_set,
        same_ids,
        not changed,
        difference,
        jaccard(a, b),
        use_jaccard(use(a, encoded), use(b, theirs)),
        rank_tau(a, b),
        sum(count for count, _ in lost) / len(encoded.ids) if len(encoded.ids) else None,
        len(changed),
        len(theirs.ids),
    )


def same_pieces(a: Vocab, b: Vocab) -> bool:
    """Whether two vocabularies hold the same pieces, each as often, whatever their ids."""
    return sorted(a.pieces, key=_key) == sorted(b.pieces, key=_key)


def _key(piece: Piece) -> tuple[bytes, bool, bool, bool, bool]:
    return piece.surface, piece.continuation, piece.special, piece.word_final, piece.byte


def _ids_in(a: Vocab, b: Vocab) -> IntArray:
    """For each id of the second vocabulary the id of that piece in the first, or -1."""
    places = {piece: index for index, piece in reversed(list(enumerate(a.pieces)))}
    return np.array(
        [
            index if index < len(a) and a[index] == piece else places.get(piece, -1)
            for index, piece in enumerate(b.pieces)
        ],
        np.int64,
    )


def _lost(one: Encoding, two: Encoding, ids: IntArray) -> tuple[int, bool]:
    """Tokens of the first that the second does not have at the same place, and whether the two are the same."""
    theirs = ids[two.ids]
    if np.array_equal(one.ids, theirs) and np.array_equal(one.offsets, two.offsets):
        return 0, True
    missing = Counter(_placed(one.ids, one.offsets)) - Counter(_placed(theirs, two.offsets))
    return missing.total(), False


def _placed(ids: IntArray | IdArray, offsets: IntArray) -> Iterator[tuple[int, ...]]:
    return map(tuple, np.column_stack([offsets, ids]).tolist())


def use(vocab: Vocab, encoded: Batch) -> dict[Piece, int]:
    """How many tokens each piece is, of those that are used."""
    counts = Counter(encoded.ids.tolist())
    found: dict[Piece, int] = {}
    for index in sorted(counts):
        found[vocab[index]] = found.get(vocab[index], 0) + counts[index]
    return found


def jaccard(a: Vocab, b: Vocab) -> float:
    """Pieces in both / pieces in either; here special pieces and the kinds of pieces count too."""
    return overlap(a.pieces, b.pieces).jaccard or 0.0


def use_jaccard(a: Mapping[Piece, int], b: Mapping[Piece, int]) -> float | None:
    """The same weighed by use: Ruzicka's similarity of the two numbers of tokens of each piece."""
    lower = sum(min(count, b.get(piece, 0)) for piece, count in a.items())
    higher = sum(a.values()) + sum(b.values()) - lower
    return lower / higher if higher else None


def first_difference(a: Vocab, b: Vocab, evidence: Evidence | None = None) -> str:
    """The first merge that parts two trainings, or the first id."""
    for rank, (x, y) in enumerate(zip(a.merges, b.merges, strict=False)):
        if x != y:
            said = evidence(rank, x, y) if evidence else None
            return f"merge {rank}: {_pair(x)} in the first run, {_pair(y)} in another{f'; {said}' if said else ''}"
    for index, (p, q) in enumerate(zip(a.pieces, b.pieces, strict=False)):
        if p != q:
            return f"id {index}: {_short(str(p))} in the first run, {_short(str(q))} in another"
    return f"{len(a):,} pieces in the first run, {len(b):,} in another"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _pair(pair: tuple[Piece, Piece]) -> str:
    return f"{_short(str(pair[0]))} + {_short(str(pair[1]))}"


def rank_tau(a: Vocab, b: Vocab) -> float | None:
    ours: Sequence[Hashable] = a.merges or a.pieces
    theirs: Sequence[Hashable] = b.merges or b.pieces
    place = {item: rank for rank, item in enumerate(theirs)}
    return kendall_tau([place[item] for item in dict.fromkeys(ours) if item in place])


def kendall_tau(places: Sequence[int]) -> float | None:
    """Kendall's tau between the order of distinct numbers and their size; None for fewer than two.

    Kendall 1938, "A New Measure of Rank Correlation"; pairs out of order are counted while they are merge-sorted
    (Knight 1966).
    """
    pairs = math.comb(len(places), 2)
    return 1 - 2 * _inversions(list(places))[1] / pairs if pairs else None


def _inversions(values: list[int]) -> tuple[list[int], int]:
    """The values in order, and how many pairs were out of it."""
    if len(values) < 2:
        return values, 0
    half = len(values) // 2
    (left, before), (right, behind) = _inversions(values[:half]), _inversions(values[half:])
    merged: list[int] = []
    crossed = at = 0
    for value in right:
        while at < half and left[at] < value:
            merged.append(left[at])
            at += 1
        crossed += half - at
        merged.append(value)
    return merged + left[at:], before + behind + crossed
