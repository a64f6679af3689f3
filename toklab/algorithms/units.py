"""Word, character and byte tokenizers: the floor and the ceiling that every learned vocabulary lies between.

A word list is the classic vocabulary with ``<unk>``: the most frequent pre-tokens, each one token, ties by code
point. Worked example: ``the cat the dog`` split at whitespace counts the x2, cat x1, dog x1; with 3 pieces the
vocabulary is ``<unk>``, ``the``, ``cat``, and ``the cow`` becomes ``the <unk>``. Characters and bytes are BPE
without merges: their vocabulary has the size it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from toklab.algorithms.bpe import UNKNOWN, BpeSpec, initial_symbols
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer, build_tokenizer
from toklab.algorithms.symbols import Learned, check_special_tokens, ids_by_key
from toklab.algorithms.truncating import truncated_list
from toklab.algorithms.word_model import WordModel
from toklab.corpus import Corpus
from toklab.errors import VocabSizeError
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.types import Determinism, Piece, TrainSpec, Vocab, Words


class Word:
    """The ``word`` algorithm: the most frequent pre-tokens, and ``<unk>`` for all others."""

    name = "word"
    spec_type = TrainSpec
    claims = Determinism.EXACT
    sized = True
    takes_pretokenizer = True
    library = "toklab"

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Count the words and keep the most frequent.

        Raises
        ------
        VocabSizeError
            There is no room for a single word beside the special tokens.
        """
        pretokenizer = get_pretokenizer(spec.pretokenizer or "gpt2")
        counted = count_words(
            corpus.documents, pretokenizer, spec.normalizer, threads=spec.threads, backend=spec.backend
        )
        given = list(check_special_tokens(spec.special_tokens))
        specials = given if UNKNOWN in given else [UNKNOWN, *given]
        if spec.vocab_size <= len(specials):
            raise VocabSizeError(self.name, spec.vocab_size, len(specials) + 1)
        # As many words as pieces are enough: no more of them than there are special tokens drop out.
        most = Words(counted.flat.text, counted.flat.starts[: spec.vocab_size + 1]).strings()
        words = [word for word in most if word not in specials][: spec.vocab_size - len(specials)]
        pieces = [Piece(text.encode(), special=True) for text in specials]
        pieces += [Piece(word.encode()) for word in words]
        model = WordModel(Vocab(tuple(pieces), specials.index(UNKNOWN)))
        return build_tokenizer(self.name, spec, pretokenizer, model, {})

    def prefixes_with(self, options: Mapping[str, object]) -> bool:
        """Whether a smaller training is the beginning of a larger one: always."""
        return True

    def truncate(self, tokenizer: TrainedTokenizer, vocab_size: int) -> TrainedTokenizer:
        """What training at a smaller size gives, without training.

        Raises
        ------
        UsageError
            There is no room for a word, or the size is larger than the one that the tokenizer was trained for.
        """
        return truncated_list(tokenizer, vocab_size, len(tokenizer.vocab.special_ids) + 1, self.name)


class Units:
    """The ``character`` and ``byte`` algorithms: an alphabet and nothing else."""

    spec_type = TrainSpec
    claims = Determinism.EXACT
    sized = False
    takes_pretokenizer = False
    library = "toklab"

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, corpus: Corpus, spec: TrainSpec) -> TrainedTokenizer:
        """Collect the alphabet; the vocabulary size asked for is not used."""
        pretokenizer = get_pretokenizer(spec.pretokenizer or "none")
        options = BpeSpec(vocab_size=spec.vocab_size, alphabet=self.name, special_tokens=spec.special_tokens)
        words = count_words(corpus.documents, pretokenizer, spec.normalizer, threads=spec.threads, backend=spec.backend)
        symbols = tuple(initial_symbols(words, options))
        ids_by_key(symbols)  # refuses a special token that is a character
        model = BpeModel.from_learned(Learned(symbols, len(symbols), (), ()), self.name, "", False)
        return build_tokenizer(self.name, replace(spec, vocab_size=len(symbols)), pretokenizer, model, {})


WORD = Word()
CHARACTER = Units("character")
BYTE = Units("byte")
