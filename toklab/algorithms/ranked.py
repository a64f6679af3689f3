"""BPE by ranked tokens, as tiktoken has it: no list of merges, only tokens, and the order in which they are made.

tiktoken (src/lib.rs, ``byte_pair_encode``) starts from bytes and joins the two neighbours whose bytes together are the
token of the lowest rank, the leftmost first; a word that is a token is taken whole. Any two neighbours may make a
token, while a list of merges names the two. The list is found, and is exact for any ranks: as long as both ends of a
token stand in a word, no merge has crossed them, so what happened between them is what happens to the token alone.
Alone, each token comes down to one last pair, which is its merge; or it does not, and only a whole word can be it.

Worked example. Ranks: the bytes, then ``ab`` 256, ``bc`` 257, ``abc`` 258, ``cab`` 259. Alone, ``abc`` becomes
``ab c``, its merge; the pair ``a bc`` never arises, because ``ab`` is always made before ``bc``. ``cab`` is made of
``c ab``. Without ``ab`` in the table, ``cab`` would stay ``c a b``, and be reached as a whole word only.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from toklab.algorithms.models import BpeModel
from toklab.algorithms.segmenting import table_size
from toklab.backend import use_kernel
from toklab.kernels import announce
from toklab.types import IdArray, Lazy, Piece, Vocab, Words

# Look-ups of pairs that the readable twin makes in about a second.
SPLIT_LIMIT = 1_000_000


def split(token: bytes, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes] | None:
    """The last two parts of a token that is merged from its bytes alone; None where it does not come to two."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = [(ranks[a + b], at) for at, (a, b) in enumerate(itertools.pairwise(parts)) if a + b in ranks]
        if not pairs:
            return None
        at = min(pairs)[1]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def split_all(tokens: Sequence[bytes], backend: str = "auto") -> IdArray:
    """Which two tokens each token is merged from.

    Parameters
    ----------
    tokens : in the order of their ranks, each once; all 256 bytes are among them

    Returns
    -------
    (tokens, 2) int32 places in ``tokens``, -1 where there are no two
    """
    if use_kernel(backend, sum(len(token) ** 2 for token in tokens), SPLIT_LIMIT):
        from toklab.kernels import ranks as kernels

        announce(kernels.split_all)
        words = Words.joined(tokens)
        table = np.full(table_size(2 * len(tokens)), -1, np.int32)
        kernels.enter(*words, table)
        longest = max(map(len, tokens))
        found = np.empty((len(tokens), 2), np.int32)
        kernels.split_all(*words, table, np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64), found)
        return found
    ranks = {token: rank for rank, token in enumerate(tokens)}
    pairs = (split(token, ranks) for token in tokens)
    rows = [(-1, -1) if pair is None else (ranks[pair[0]], ranks[pair[1]]) for pair in pairs]
    return np.array(rows, np.int32).reshape(-1, 2)


def ranked_model(
    tokens: Sequence[bytes], ids: Sequence[int], specials: Mapping[str, int], backend: str = "auto"
) -> BpeModel:
    """The model that encodes as tiktoken does.

    Parameters
    ----------
    tokens : in the order of their ranks, each once; all 256 bytes are among them
    ids : of each token
    specials : texts of special tokens and their ids; an id that nothing has becomes an unused special piece
    """
    parts = split_all(tokens, backend)
    numbers = np.array(ids, np.int64)
    made = np.flatnonzero(parts[:, 0] >= 0)
    table = np.column_stack([numbers[parts[made, 0]], numbers[parts[made, 1]], numbers[made]])
    merges = Lazy(len(table), lambda: tuple((left, right, new) for left, right, new in table.tolist()))
    size = 1 + max(int(numbers.max()), *specials.values(), 0)
    pieces = Lazy(size, lambda: _pieces(size, tokens, ids, specials))
    pairs = Lazy(len(table), lambda: tuple((pieces[left], pieces[right]) for left, right, _ in merges))
    alone = sum(len(token) > 1 for token in tokens) > len(made)
    return BpeModel(Vocab(pieces, None, pairs), merges, "byte", ignore_merges=alone)


def _pieces(size: int, tokens: Sequence[bytes], ids: Sequence[int], specials: Mapping[str, int]) -> tuple[Piece, ...]:
    found: list[Piece | None] = [None] * size
    for index, token in zip(ids, tokens, strict=True):
        found[index] = Piece(token, byte=len(token) == 1 and token[0] >= 0x80)
    for text, index in specials.items():
        found[index] = Piece(text.encode("utf-8"), special=True)
    return tuple(piece or unused(index) for index, piece in enumerate(found))


def unused(index: int) -> Piece:
    """What stands for an id that no token has."""
    return Piece(f"<|unused_{index}|>".encode(), special=True)
