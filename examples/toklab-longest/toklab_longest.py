"""Whole words by frequency, with single characters for the rest; and how many words are one token."""

from __future__ import annotations

from itertools import islice

from toklab.algorithms.pipeline import build_tokenizer
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.corpus import Corpus
from toklab.errors import VocabSizeError
from toklab.metrics import Encoded, Ratio, metric
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import Determinism, Piece, Tokenizer, TrainSpec, Vocab


class Longest:
    """The algorithm: the most frequent words, and longest match from left to right."""

    name = "longest"
    spec_type = TrainSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True
    library = "toklab-longest-1.0"

    def fit(self, corpus: Corpus, spec: TrainSpec) -> Tokenizer:
        """Train on the documents."""
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        words = count_words(corpus.documents, pretokenizer, spec.normalizer).words
        alphabet = [char.encode() for char in sorted(set("".join(words)))]
        pieces = [Piece(text.encode(), special=True) for text in dict.fromkeys(("[UNK]", *spec.special_tokens))]
        pieces += [Piece(char, continuation=inside) for inside in (False, True) for char in alphabet]
        if len(pieces) > spec.vocab_size:
            raise VocabSizeError(self.name, spec.vocab_size, len(pieces))
        # Words come with the most frequent first, ties by their bytes: no choice is left to chance.
        whole = (Piece(word.encode()) for word in words if len(word) > 1)
        pieces += islice(whole, spec.vocab_size - len(pieces))
        return build_tokenizer(self.name, spec, pretokenizer, WordPieceModel(Vocab(tuple(pieces), 0)), {})


LONGEST = Longest()


@metric("one_token_words", group="sequence length", unit="share", better="higher")
def one_token_words(encoded: Encoded) -> Ratio:
    """Words that are one token ÷ words."""
    documents = encoded.words.documents
    return Ratio(encoded.count(documents[encoded.word_lengths == 1]), encoded.count(documents))
