"""Characters: whether tokens are made of whole characters, after Meister et al. (2026), TokEval.

A token's bytes are those of its piece, which is part of a character where a byte-level alphabet or byte fallback cuts
one. Unknown tokens have no bytes and do not count.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toklab.metrics.base import Ratio, Statistic, metric
from toklab.metrics.encoded import Encoded

GROUP = "characters"


@metric("utf8_complete", group=GROUP, unit="share", better="higher")
def utf8_complete(encoded: Encoded) -> Statistic:
    """Tokens whose bytes are whole characters (valid UTF-8) ÷ tokens, unknown tokens left out.

    Example: "é" as C3|A9 and "a" are three tokens, one of them whole: 1/3.
    """
    return _share(encoded, np.array([_is_whole(piece.surface) for piece in encoded.vocab], bool))


@metric("utf8_crossing", group=GROUP, unit="share", better="lower")
def utf8_crossing(encoded: Encoded) -> Statistic:
    """Tokens that hold bytes of two or more characters, one of them not whole ÷ tokens, unknown tokens left out.

    Example: "aé" as 61 C3|A9 is two tokens, the first of which crosses into "é": 1/2.
    """
    crossing = [not _is_whole(piece.surface) and _characters(piece.surface) > 1 for piece in encoded.vocab]
    return _share(encoded, np.array(crossing, bool))


@metric("utf8_split", group=GROUP, unit="share", better="lower")
def utf8_split(encoded: Encoded) -> Statistic:
    """Characters of two or more bytes that two or more tokens share ÷ characters of two or more bytes.

    The same events seen from the text; undefined where all of it is ASCII. Example: "éé" as C3|A9 and C3 A9: 1/2.
    """
    heads = encoded.source.character_starts
    wide = np.flatnonzero(np.diff(heads) > 1)
    first, last = encoded.touching(heads[wide], heads[wide + 1])
    documents = np.searchsorted(encoded.source.bounds, heads[wide], side="right").astype(np.int64) - 1
    return Ratio(encoded.count(documents[last - first > 1]), encoded.count(documents))


def _share(encoded: Encoded, chosen: npt.NDArray[np.bool_]) -> Ratio:
    """Tokens of chosen pieces ÷ tokens, unknown tokens left out."""
    documents, ids = encoded.documents[~encoded.unknown], encoded.ids[~encoded.unknown]
    return Ratio(encoded.count(documents[chosen[ids]]), encoded.count(documents))


def _is_whole(surface: bytes) -> bool:
    try:
        surface.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _characters(surface: bytes) -> int:
    """Characters that bytes of UTF-8 are part of."""
    begun = sum(byte & 0xC0 != 0x80 for byte in surface)
    return begun + (surface[:1] != b"" and surface[0] & 0xC0 == 0x80)
