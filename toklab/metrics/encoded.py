"""What a metric sees: one tokenizer's tokens on the held-out documents, encoded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toklab.errors import UsageError
from toklab.metrics.base import UndefinedError
from toklab.metrics.lexicon import Lexicon, bundled_lexicon
from toklab.metrics.texts import Texts, WordTable, texts_of
from toklab.types import Batch, IdArray, IntArray, Posterior, Vocab


@dataclass(frozen=True, eq=False)
class Encoded:
    """The held-out documents as one tokenizer sees them.

    Special tokens other than the unknown token never count: ``ids``, ``documents``, ``starts`` and ``ends``
    leave them out.

    Parameters
    ----------
    vocab : the tokenizer's pieces
    texts : the held-out documents, before any normalisation
    batch : their tokens
    decoded : what the tokenizer decodes from the tokens of each document
    seen_words : distinct words of the training part, see `toklab.metrics.seen_words`; None where that is not known
    requested : vocabulary size asked for, in pieces; None where that is not known
    posterior : what a probabilistic tokenizer thinks of the documents; None for any other
    training : makes the tokens of training documents, where a metric learns from them; None without such documents
    lexicon : words whose morphemes are known; toklab's own unless given

    Raises
    ------
    UsageError
        The parts do not fit: other numbers of documents, an id that the vocabulary lacks, or offsets that
        decrease or leave their document.
    """

    vocab: Vocab
    texts: tuple[str, ...]
    batch: Batch
    decoded: tuple[str, ...]
    seen_words: frozenset[str] | None
    requested: int | None
    posterior: Posterior | None = None
    training: Callable[[], Batch] | None = None
    lexicon: Lexicon = field(default_factory=bundled_lexicon)

    def __post_init__(self) -> None:
        if not len(self.texts) == len(self.batch) == len(self.decoded):
            raise UsageError(
                f"{len(self.texts)} texts, {len(self.batch)} encodings and {len(self.decoded)} decoded "
                "texts: metrics need one of each per document"
            )
        if self.posterior is not None and len(self.posterior.words) != len(self.texts):
            raise UsageError(f"a posterior of {len(self.posterior.words)} documents for {len(self.texts)}")
        _check_ids(self.batch, self.vocab)
        _check_offsets(self)

    @cached_property
    def _counting(self) -> npt.NDArray[np.bool_]:
        """(vocabulary,) which ids count."""
        special = np.array([piece.special for piece in self.vocab], bool)
        if self.vocab.unk_id is not None:
            special[self.vocab.unk_id] = False
        return ~special

    @cached_property
    def _counted(self) -> npt.NDArray[np.bool_]:
        """(all tokens,) which tokens count."""
        return self._counting[self.batch.ids]

    @cached_property
    def ids(self) -> IdArray:
        """(n,) int32, the tokens that count."""
        return self.batch.ids[self._counted]

    @cached_property
    def documents(self) -> IntArray:
        """(n,) int64, document of each token."""
        documents = np.repeat(np.arange(len(self.texts), dtype=np.int64), np.diff(self.batch.rows))
        return documents[self._counted]

    @cached_property
    def starts(self) -> IntArray:
        """(n,) int64, first byte of each token, counted over all documents laid end to end."""
        starts: IntArray = self.batch.offsets[self._counted, 0] + self.source.bounds[self.documents]
        return starts

    @cached_property
    def ends(self) -> IntArray:
        """(n,) int64, the byte after each token, counted over all documents laid end to end."""
        ends: IntArray = self.batch.offsets[self._counted, 1] + self.source.bounds[self.documents]
        return ends

    @cached_property
    def unknown(self) -> npt.NDArray[np.bool_]:
        """(n,) whether each token is the unknown token."""
        if self.vocab.unk_id is None:
            return np.zeros(len(self.ids), bool)
        return np.equal(self.ids, self.vocab.unk_id)

    @cached_property
    def unknown_bytes(self) -> IntArray:
        """(d,) int64, bytes of each document that unknown tokens cover; a byte that several cover counts once."""
        starts, ends = self.starts[self.unknown], self.ends[self.unknown]
        starts[1:] = np.maximum(starts[1:], ends[:-1])
        return self.total(self.documents[self.unknown], np.maximum(ends - starts, 0))

    @cached_property
    def training_tokens(self) -> tuple[IdArray, IntArray]:
        """Tokens that count of the training documents: (n,) int32 ids, and the (m + 1,) int64 rows of a `Batch`.

        Raises
        ------
        UsageError
            There are no training documents, or an id is not in the vocabulary.
        """
        if self.training is None:
            raise UsageError("no training documents were given to learn from")
        batch = self.training()
        _check_ids(batch, self.vocab)
        counted = self._counting[batch.ids]
        through = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
        return batch.ids[counted], through[batch.rows]

    @cached_property
    def lengths(self) -> IntArray:
        """(d,) int64, tokens of each document."""
        return self.count(self.documents)

    @cached_property
    def frequencies(self) -> IntArray:
        """(distinct ids,) int64, how often each emitted id occurs, most frequent first."""
        counts = np.bincount(self.ids, minlength=len(self.vocab))
        return np.sort(counts[counts > 0])[::-1].astype(np.int64)

    @cached_property
    def source(self) -> Texts:
        """Sizes, characters and words of the documents."""
        return texts_of(self.texts)

    @property
    def words(self) -> WordTable:
        """The words of the documents."""
        return self.source.words

    @cached_property
    def word_tokens(self) -> tuple[IntArray, IntArray]:
        """Tokens ``[first, last)`` of each word in running text, two (words,) int64.

        A token is one of a word's where it begins before the word ends and ends after the word begins: it may
        hold the space before the word, or a second word. A token of no bytes counts only inside the word.
        """
        return self.touching(self.words.starts, self.words.ends)

    def touching(self, starts: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
        """The same for any stretches of bytes [start, end)."""
        first = np.searchsorted(self.ends, starts, side="right")
        last = np.searchsorted(self.starts, ends, side="left")
        return first.astype(np.int64), last.astype(np.int64)

    @cached_property
    def _cut(self) -> npt.NDArray[np.bool_]:
        """(bytes + 1,) whether a token begins or ends at each byte."""
        marks = np.zeros(self.source.bounds[-1] + 1, bool)
        marks[self.starts] = marks[self.ends] = True
        return marks

    @cached_property
    def cuts(self) -> IntArray:
        """(distinct places,) int64, every byte at which a token begins or ends, ascending."""
        return np.flatnonzero(self._cut)

    def cuts_inside(self, starts: IntArray, ends: IntArray) -> IntArray:
        """(n,) int64, how many places inside each stretch of bytes [start, end), its ends left out, are cut."""
        last = np.searchsorted(self.cuts, ends, side="left").astype(np.int64)
        inside: IntArray = np.maximum(last - np.searchsorted(self.cuts, starts, side="right"), 0)
        return inside

    def is_cut(self, places: IntArray) -> npt.NDArray[np.bool_]:
        """(n,) whether each byte is one at which a token begins or ends."""
        found: npt.NDArray[np.bool_] = self._cut[places]
        return found

    @cached_property
    def word_lengths(self) -> IntArray:
        """(words,) int64, number of tokens of each word in running text."""
        first, last = self.word_tokens
        return last - first

    @cached_property
    def word_unseen(self) -> npt.NDArray[np.bool_]:
        """(words,) whether each word is absent from the training part."""
        if self.seen_words is None:
            raise UndefinedError
        unseen = np.array([word not in self.seen_words for word in self.words.distinct], bool)
        return unseen[self.words.index]

    def count(self, documents: IntArray) -> IntArray:
        """(d,) int64, how often each document is in a list of document numbers."""
        return np.bincount(documents, minlength=len(self.texts)).astype(np.int64)

    def total(self, documents: IntArray, values: IntArray) -> IntArray:
        """(d,) int64, sum per document of integers that belong to a list of document numbers."""
        # float64 inside, exact below 2**53
        return np.bincount(documents, values, minlength=len(self.texts)).astype(np.int64)


def _check_ids(batch: Batch, vocab: Vocab) -> None:
    outside = (batch.ids < 0) | (batch.ids >= len(vocab))
    if outside.any():
        raise UsageError(f"token id {batch.ids[outside][0]} is not in the vocabulary of {len(vocab)} pieces")


def _check_offsets(encoded: Encoded) -> None:
    """Both columns must never decrease, and stay in their document: the searches above rely on it."""
    starts, ends, documents = encoded.starts, encoded.ends, encoded.documents
    wrong = (starts < encoded.source.bounds[documents]) | (ends > encoded.source.bounds[documents + 1])
    wrong |= starts > ends
    wrong[1:] |= (np.diff(starts) < 0) | (np.diff(ends) < 0)
    if wrong.any():
        raise UsageError(
            f"the token offsets of document {documents[wrong][0]} decrease or leave the document; "
            "no metric can trust them"
        )
