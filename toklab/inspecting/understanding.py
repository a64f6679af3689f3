"""A library's tokenizer read as one of ours, whose rules are known in full, so that proofs can be made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import ToklabError
from toklab.loading.ours import as_ours
from toklab.types import Tokenizer, Vocab


def understood(tokenizer: Tokenizer, texts: Sequence[str]) -> TrainedTokenizer | None:
    """The tokenizer as one of ours; None where toklab does not run it, or does not cut the texts as the library does.

    Parameters
    ----------
    texts : that both must cut into the same ids
    """
    if isinstance(tokenizer, TrainedTokenizer):
        return tokenizer
    try:
        found = as_ours(tokenizer)
    except ToklabError:
        return None
    if not _same_pieces(found.vocab, tokenizer.vocab):
        return None
    ours, theirs = found.encode_batch(texts), tokenizer.encode_batch(texts)
    same = np.array_equal(ours.ids, theirs.ids) and np.array_equal(ours.rows, theirs.rows)
    return found if same else None


def _same_pieces(ours: Vocab, theirs: Vocab) -> bool:
    return [(p.surface, p.special) for p in ours] == [(p.surface, p.special) for p in theirs]
