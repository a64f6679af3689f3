"""Dropout while encoding: the same word cut differently each time, so that a model in training sees many cuts.

**BPE-dropout** (Provilkov, Emelianenko and Voita 2020, "BPE-Dropout: Simple and Effective Subword Regularization",
section 3, algorithm 1). In every round each merge that fits somewhere is dropped there with probability ``alpha``;
of those left, the one of the lowest rank is applied, the leftmost first, and a new round begins with all of them;
a round that drops them all is the last.

Worked example. Merges (a, b), (ab, c), the word ``abc``. The first round keeps (a, b) with probability 1 - alpha,
the second keeps (ab, c) with 1 - alpha: ``abc`` has probability (1 - alpha)^2, ``ab c`` (1 - alpha) alpha, and
``a b c`` alpha.

Libraries give the name to other distributions. This one reads algorithm 1 as one merge at one place a round, so that
``alpha = 0`` is the encoding itself for every list of merges. subword-nmt merges, in one round, all places of the best
pair that were kept: with the merge (a, b) alone, ``abab`` becomes ``ab ab`` with probability
(1 - alpha)^2 (1 + alpha) here and (1 - alpha)^2 (1 + 2 alpha) there. Hugging Face merges one place at a time too, but
outdated entries of its queue bring dropped merges back as well, which gives those more chances; the two agree where no
merge makes another impossible. SentencePiece drops a merge for good, unless a neighbour's merge offers it anew.

Here, as in the first two of them, a dropped merge is offered again for as long as the word has others, so long words
are cut less finely: where a whole text is one word, hardly anything is dropped. ``alpha`` is meant for words as the
published patterns give them.

**MaxMatch-dropout** (Hiraoka 2022, "MaxMatch-Dropout: Subword Regularization for WordPiece"). Longest
match from the left, but each match is rejected with probability ``alpha`` in favour of the next shorter one; a
single character never is.

Worked example. Pieces a, ##b, ##c, ab, abc; the word ``abc``: ``abc`` is taken with probability 1 - alpha, else
``ab`` with 1 - alpha, then ``##c``; else a ##b ##c: 1 - alpha, alpha (1 - alpha) and alpha^2.

Where a vocabulary lacks single characters, the paper's rule can run into a dead end and lose a word. Here pieces
whose rest of the word cannot be cut are no candidates and the shortest candidate is never rejected, which is the
same rule where all characters are pieces; a word that longest match cannot cut stays the unknown token.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toklab.algorithms.models import Segmentation
    from toklab.algorithms.stream import Stream

Ranks = Mapping[tuple[int, int], tuple[int, int]]


def merge_with_dropout(ids: list[int], lengths: list[int], ranks: Ranks, alpha: float, random: Stream) -> Segmentation:
    """BPE-dropout of a word; `toklab.kernels.encode_bpe_heap` is the compiled twin.

    Parameters
    ----------
    ids, lengths : the symbols that the word starts as, and the bytes that each covers
    ranks : (left id, right id) to (rank, resulting id)
    alpha : probability that a merge is dropped at a place in a round
    random : what is drawn from
    """
    while True:
        fitting = sorted((ranks[pair][0], at) for at, pair in enumerate(itertools.pairwise(ids)) if pair in ranks)
        # Only the first that is kept matters, so the rest of the round is not drawn.
        kept = next((at for _, at in fitting if random.random() >= alpha), None)
        if kept is None:
            return tuple(ids), tuple(lengths)
        ids = [*ids[:kept], ranks[ids[kept], ids[kept + 1]][1], *ids[kept + 2 :]]
        lengths = [*lengths[:kept], lengths[kept] + lengths[kept + 1], *lengths[kept + 2 :]]


def match_with_dropout(
    word: str, candidates: list[list[tuple[int, int]]], alpha: float, random: Stream
) -> tuple[Segmentation, float]:
    """MaxMatch-dropout of a word, and the logarithm of its probability.

    Each way to cut a word comes of one sequence of decisions only, so its probability is their product.

    Parameters
    ----------
    word : a word that longest match can cut
    candidates : what `matches` gives for it
    alpha : probability that a match is rejected
    random : what is drawn from
    """
    ids: list[int] = []
    lengths: list[int] = []
    logs: list[float] = []
    start = 0
    while start < len(word):
        *longer, (end, piece) = candidates[start]
        for longer_end, longer_piece in longer:
            if random.random() >= alpha:
                end, piece = longer_end, longer_piece
                logs.append(math.log1p(-alpha))
                break
            logs.append(math.log(alpha))
        ids.append(piece)
        lengths.append(len(word[start:end].encode("utf-8")))
        start = end
    return (tuple(ids), tuple(lengths)), math.fsum(logs)


def matches(word: str, ids: Mapping[str, int], longest: int, prefix: str) -> list[list[tuple[int, int]]]:
    """For each place of a word the pieces that match there and leave a rest that can be cut, longest first.

    Parameters
    ----------
    ids : id of each piece, as the vocabulary spells it
    longest : characters of the longest of them
    prefix : what pieces that continue a word begin with

    Returns
    -------
    list
        For each character, (character where the piece ends, its id).
    """
    found: list[list[tuple[int, int]]] = [[] for _ in word]
    for start in reversed(range(len(word))):
        for end in range(min(len(word), start + longest), start, -1):
            piece = ids.get((prefix if start else "") + word[start:end])
            if piece is not None and (end == len(word) or found[end]):
                found[start].append((end, piece))
    return found
