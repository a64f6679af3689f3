"""From the readable types to the arrays of `toklab.kernels.spm_bpe` and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toklab.algorithms.spelling import Characters
from toklab.algorithms.spm_rules import INHERITED, SPACE, is_piece, script_of
from toklab.kernels import announce
from toklab.types import IntArray, WordCounts


def learn(words: WordCounts, characters: Sequence[str], limit: int, split_digits: bool = False) -> IntArray:
    """Compiled twin of `toklab.algorithms.spm_bpe.learn`.

    Parameters
    ----------
    words : from `toklab.algorithms.spm_rules.words_of`
    characters : the alphabet; all others are in no piece
    limit : pieces to learn
    split_digits : a digit is in no piece of several characters

    Returns
    -------
    merges : (m, 2) int64: left and right part; the characters have their places in ``characters``, piece i follows
        them and i others
    """
    from toklab.kernels import spm_bpe

    announce(spm_bpe.learn)
    spelled = Characters.of(words.flat)
    codes = np.array([ord(char) for char in characters], np.int64)
    order = np.argsort(codes)
    table = np.full(max(codes.max(), spelled.codes.max()) + 1, len(codes), np.int32)
    table[codes[order]] = np.arange(len(codes), dtype=np.int32)
    kinds = np.array([*kinds_of(sorted(characters), split_digits), spm_bpe.ALONE], np.int64)
    space = int(table[ord(SPACE)]) if SPACE in characters else -1
    # Every piece that occurs uses up a symbol, and brings two pairs and one of a moment that may occur no more.
    options = np.array([min(limit, 4 * len(spelled.codes)), space], np.int64)
    found = spm_bpe.learn(table[spelled.codes], spelled.starts, words.counts, kinds, options)
    # What no piece holds was a symbol to the kernel.
    return np.where(found < len(codes), order[np.minimum(found, len(codes) - 1)], found - 1)


def kinds_of(characters: Sequence[str], split_digits: bool) -> list[int]:
    """The scripts of characters as numbers."""
    from toklab.kernels.spm_bpe import ALONE, ANY

    numbers = {INHERITED: ANY}
    return [
        ANY if char == SPACE
        else numbers.setdefault(script_of(char), len(numbers)) if is_piece(2 * char, split_digits)
        else ALONE
        for char in characters
    ]  # fmt: skip
