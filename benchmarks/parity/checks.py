"""Two trained tokenizers held against each other: what is equal, and where they part."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

SET, ORDER, MERGES, SCORES, ENCODINGS, IDS = "set", "order", "merges", "scores", "encodings", "ids"
CHECKS = (SET, ORDER, MERGES, SCORES, ENCODINGS, IDS)
SHOWN = 12  # tokens of an encoding that is told
Result = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """One side of a claim.

    Parameters
    ----------
    pieces : by id, in a form that both sides share
    encode : documents to the ids of each
    merges : in order, as pairs of pieces; None where there are none
    scores : of each piece that text can become; None where there are none
    """

    pieces: Sequence[Hashable]
    encode: Callable[[Sequence[str]], list[list[int]]]
    merges: Sequence[tuple[Hashable, Hashable]] | None = None
    scores: dict[Hashable, float] | None = None


def hold_against(
    ours: Trained, theirs: Trained, documents: Sequence[str], tolerance: float, checks: Sequence[str] = CHECKS
) -> Result:
    """The outcome of each check (None: does not apply), figures, and where the two part first.

    Parameters
    ----------
    documents : to encode
    tolerance : largest difference of two scores that counts as equal
    checks : those that are made
    """
    found: Result = {**dict.fromkeys(CHECKS), "pieces": len(ours.pieces), "score_difference": None}
    parted: list[str] = []
    if SET in checks:
        found |= _vocabularies(ours, theirs, parted)
    if MERGES in checks and ours.merges is not None and theirs.merges is not None:
        found[MERGES] = _in_order("merge", ours.merges, theirs.merges, parted)
    if SCORES in checks and ours.scores is not None and theirs.scores is not None:
        found |= _scores(ours.scores, theirs.scores, tolerance, parted)
    found |= _encodings(ours, theirs, documents, parted)
    return found | {"parted": parted[0] if parted else ""}


def _vocabularies(ours: Trained, theirs: Trained, parted: list[str]) -> Result:
    here, there = set(ours.pieces), set(theirs.pieces)
    same = here == there and len(ours.pieces) == len(theirs.pieces)
    if not same:
        only = [next((piece for piece in a.pieces if piece not in b), None) for a, b in ((ours, there), (theirs, here))]
        shown = list(map(_show, only))
        parted.append(
            f"{len(here - there)} pieces only here, first {shown[0]}; {len(there - here)} only there, first {shown[1]}"
        )
    return {SET: same, ORDER: _in_order("id", ours.pieces, theirs.pieces, parted)}


def _in_order(what: str, ours: Sequence[Hashable], theirs: Sequence[Hashable], parted: list[str]) -> bool:
    for place, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one != other:
            parted.append(f"{what} {place}: {_show(one)} here, {_show(other)} there")
            return False
    return True


def _show(entry: Hashable) -> str:
    """A piece or a pair of pieces in words; None where a list has ended."""
    if isinstance(entry, tuple):
        return " + ".join(map(_show, entry))
    return "none" if entry is None else repr(str(entry))


def _scores(ours: dict[Hashable, float], theirs: dict[Hashable, float], tolerance: float, parted: list[str]) -> Result:
    shared = [piece for piece in ours if piece in theirs]
    differences = [abs(ours[piece] - theirs[piece]) for piece in shared]
    largest = max(differences, default=0.0)
    if largest > tolerance:
        piece = next(piece for piece, value in zip(shared, differences, strict=True) if value > tolerance)
        parted.append(f"score of {str(piece)!r}: {ours[piece]!r} here, {theirs[piece]!r} there")
    return {SCORES: largest <= tolerance and len(shared) == len(ours) == len(theirs), "score_difference": largest}


def _encodings(ours: Trained, theirs: Trained, documents: Sequence[str], parted: list[str]) -> Result:
    """Ids as they are, and the pieces that they stand for."""
    found, wanted = ours.encode(documents), theirs.encode(documents)
    differing = 0
    pieces = [[ours.pieces[i] for i in ids] for ids in found]
    expected = [[theirs.pieces[i] for i in ids] for ids in wanted]
    for number, (one, other) in enumerate(zip(pieces, expected, strict=True)):
        differing += one != other
        if one != other and differing == 1:
            place = next(i for i, (a, b) in enumerate(zip_longest(one, other)) if a != b)
            shown = ["|".join(map(str, side[place : place + SHOWN])) for side in (one, other)]
            parted.append(f"document {number}, token {place}: {shown[0]!r} here, {shown[1]!r} there")
    return {
        ENCODINGS: pieces == expected,
        IDS: found == wanted,
        "documents": len(documents),
        "differing": differing,
        "tokens": sum(map(len, found)),
    }
