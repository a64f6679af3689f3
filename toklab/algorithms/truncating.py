"""A tokenizer cut down to a smaller vocabulary: what training at that size gives, where a training only ever adds.

A merge trainer asks for the size in one place: when to stop. So what it learns at a small size is the beginning of what
it learns at a larger one, whatever decides between equal pairs. The same holds for WordPiece's learners that merge, and
for a list of the most frequent words. It does not hold for Unigram and top-down WordPiece, which go the other way: what
they take out depends on what is left.

Worked example. BPE on ``hug`` x10, ``pug`` x5, ``pun`` x12 has the letters g, h, n, p, u (5 pieces) and learns ``ug``
(15), ``un`` (12), ``pun`` (12), ``hug`` (10) and ``pug`` (5). At 7 pieces it ends after ``un``: ``pun`` is then p and
``un``, as it is for the tokenizer of 10 pieces without its last three merges.

An algorithm says by ``prefixes_with(options)`` whether it is of this kind, and has then ``truncate(tokenizer, size)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toklab.algorithms.models import BpeModel, Model
from toklab.algorithms.pipeline import TrainedTokenizer, size_warnings
from toklab.errors import UsageError, VocabSizeError
from toklab.types import Piece, Vocab


def truncated_bpe(tokenizer: TrainedTokenizer, size: int) -> TrainedTokenizer | None:
    """A BPE tokenizer as training at a smaller size gives it; the characters may come first or last.

    Parameters
    ----------
    size : pieces, alphabet and special tokens included, at most those that the tokenizer was trained for

    Returns
    -------
    None where the saved tokenizer does not tell: text that spells the end-of-word suffix was merged, and a piece such
    as ``a</w>`` may be of the alphabet or may have been learned.

    Raises
    ------
    VocabSizeError
        The size is smaller than the alphabet.
    UsageError
        The size is larger than the one that the tokenizer was trained for.
    """
    model = tokenizer.model
    assert isinstance(model, BpeModel)
    if _spells_suffix(model):
        return None
    atoms = [_is_atom(piece, model.alphabet) for piece in model.vocab]
    kept, count = cut(tokenizer.name, atoms, model.merges, size)
    places = {old: new for new, old in enumerate(kept)}
    pieces = tuple(model.vocab.pieces[index] for index in kept)
    merges = tuple((places[left], places[right], places[new]) for left, right, new in model.merges[:count])
    pairs = tuple((pieces[left], pieces[right]) for left, right, _ in merges)
    return resized(tokenizer, replace(model, vocab=Vocab(pieces, model.vocab.unk_id, pairs), merges=merges), size)


def cut(name: str, atoms: Sequence[bool], merges: Sequence[tuple[int, int, int]], size: int) -> tuple[list[int], int]:
    """What is left of a vocabulary and its merges.

    Parameters
    ----------
    name : of the algorithm, for the error
    atoms : of each id, whether its piece was there before the first merge
    merges : (left id, right id, resulting id), in order; several may make one piece

    Returns
    -------
    The ids that stay, in order, and how many merges do. Training ends as soon as the vocabulary is full, so merges that
    make nothing new count only as long as it is not.

    Raises
    ------
    VocabSizeError
        There are more atoms than ``size``.
    """
    spare = size - sum(atoms)
    if spare < 0:
        raise VocabSizeError(name, size, sum(atoms))
    if size > len(atoms):
        return list(range(len(atoms))), len(merges)
    made = [index for index, atom in enumerate(atoms) if not atom][:spare]
    kept = sorted([index for index, atom in enumerate(atoms) if atom] + made)
    last = next(rank for rank, (_, _, new) in enumerate(merges) if new == made[-1]) + 1 if made else 0
    return kept, last


def truncated_list(tokenizer: TrainedTokenizer, size: int, smallest: int, name: str) -> TrainedTokenizer:
    """A tokenizer whose pieces stand in the order in which they were learned, cut after the first ``size``.

    Parameters
    ----------
    smallest : the least size that can be trained
    name : of the algorithm, for the error

    Raises
    ------
    VocabSizeError, UsageError
        As `truncated_bpe`.
    """
    if size < smallest:
        raise VocabSizeError(name, size, smallest)
    model = tokenizer.model
    vocab = Vocab(tuple(model.vocab.pieces[:size]), model.vocab.unk_id)
    return resized(tokenizer, replace(model, vocab=vocab), size)  # type: ignore[type-var]


def alphabet_size(vocab: Vocab) -> int:
    """Pieces that are special tokens or single characters: those before anything is learned."""
    return sum(_is_atom(piece, "character") for piece in vocab)


def resized(tokenizer: TrainedTokenizer, model: Model, size: int) -> TrainedTokenizer:
    """The tokenizer with a smaller model; the signature and the warnings are those of the smaller size.

    Raises
    ------
    UsageError
        The size is larger than the one that the tokenizer was trained for.
    """
    asked = int(tokenizer.signature["vocab"])
    check_smaller(tokenizer.name, asked, size)
    old = size_warnings(len(tokenizer.vocab), asked)
    warnings = [*size_warnings(len(model.vocab), size), *(text for text in tokenizer.warnings if text not in old)]
    signature = {**tokenizer.signature, "vocab": str(size)}
    return replace(tokenizer, model=model, signature=signature, warnings=tuple(warnings))


def check_smaller(name: str, asked: int, size: int) -> None:
    """Refuse to make a tokenizer larger.

    Raises
    ------
    UsageError
        ``size`` is more than ``asked``.
    """
    if size > asked:
        raise UsageError(f"{name} was trained for {asked:,} pieces and cannot be cut to {size:,}; train it anew")


def _is_atom(piece: Piece, alphabet: str) -> bool:
    if piece.special or piece.byte:
        return True
    return len(piece.surface if alphabet == "byte" else piece.surface.decode("utf-8")) == 1


def _spells_suffix(model: BpeModel) -> bool:
    """Whether text spells the suffix: a character does, or a merge of pieces that do not end with it."""
    suffix, strings = model.suffix, model.strings
    if not suffix:
        return False
    endings = ((strings[right].endswith(suffix), strings[new].endswith(suffix)) for _, right, new in model.merges)
    return suffix in strings or any(new and not right for right, new in endings)
