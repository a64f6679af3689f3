"""How each contender trains: a text file in, the size of the vocabulary out.

A library that takes a file gets its path; one that does not gets the file's lines. Byte-level trainers use the
GPT-2 pattern, SentencePiece, YouTokenToMe and all of Unigram cut at spaces, WordPiece as BERT does.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from toklab.types import Contender, Tokenizer

Train: TypeAlias = Callable[[Path, int], int]

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# bpeasy asks for the longest token in bytes; its own tokenizer class takes this.
BPEASY_LONGEST = 128
# SentencePiece drops longer lines, and its default is 4,192 bytes.
LONGEST_LINE = 1 << 30


def make_trainer(name: str, threads: int) -> Train:
    """The training function of a contender; what it imports is imported here, before the clock runs."""
    peers: dict[str, Callable[[int], Train]] = {
        "hf-bpe": _hugging_face_bpe,
        "hf-wordpiece": _hugging_face_wordpiece,
        "spm-bpe": lambda threads: _sentencepiece(threads, model_type="bpe", byte_fallback=True),
        # Small texts hold fewer pieces than asked for, which toklab gives too.
        "spm-unigram": lambda threads: _sentencepiece(threads, model_type="unigram", hard_vocab_limit=False),
        "rustbpe": _rustbpe,
        "bpeasy": _bpeasy,
        "gigatoken": _gigatoken,
        "youtokentome": _youtokentome,
        "subword-nmt": _subword_nmt,
    }
    if name in peers:
        return peers[name](threads)
    return lambda path, vocab_size: len(fit_toklab(name, path, vocab_size, threads).vocab)


def fit_toklab(name: str, path: Path, vocab_size: int, threads: int) -> Tokenizer:
    """Train with toklab's front door: its own trainers, or a library through its adapter."""
    import toklab
    from toklab.contenders import parse_contender

    contender = with_settings(parse_contender(name))
    options = {**contender.options, "threads": threads}
    return toklab.train(contender.algorithm, path, vocab_size=vocab_size, **options)


def with_settings(contender: Contender) -> Contender:
    """A contender with what makes it comparable: one pattern for each kind, and our compiled kernels."""
    name = contender.algorithm
    options: dict[str, Any] = {}
    if not name.startswith("spm-"):
        kinds = {"wordpiece": "bert", "unigram": "sentencepiece"}
        options["pretokenizer"] = next((pattern for kind, pattern in kinds.items() if kind in name), "gpt2")
    if not name.startswith(("spm-", "hf-")):
        options["backend"] = "fast"
    return replace(contender, options={**options, **contender.options})


def _hugging_face_bpe(threads: int) -> Train:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    def train(path: Path, vocab_size: int) -> int:
        engine = Tokenizer(models.BPE())
        engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        engine.train(
            [str(path)],
            trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False),
        )
        return int(engine.get_vocab_size())

    return train


def _hugging_face_wordpiece(threads: int) -> Train:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    def train(path: Path, vocab_size: int) -> int:
        engine = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        options: dict[str, Any] = {"special_tokens": ["[UNK]"], "show_progress": False}
        engine.train([str(path)], trainers.WordPieceTrainer(vocab_size=vocab_size, **options))
        return int(engine.get_vocab_size())

    return train


def _sentencepiece(threads: int, **options: Any) -> Train:
    import sentencepiece

    def train(path: Path, vocab_size: int) -> int:
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            input=str(path),
            model_writer=model,
            vocab_size=vocab_size,
            character_coverage=1.0,
            max_sentence_length=LONGEST_LINE,
            num_threads=threads,
            minloglevel=1,
            **options,
        )
        return int(sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size())

    return train


def _rustbpe(threads: int) -> Train:
    rustbpe = import_module("rustbpe")

    def train(path: Path, vocab_size: int) -> int:
        tokenizer = rustbpe.Tokenizer()
        with path.open(encoding="utf-8", newline="") as lines:
            tokenizer.train_from_iterator(lines, vocab_size, pattern=PATTERN)
        return int(tokenizer.vocab_size)

    return train


def _bpeasy(threads: int) -> Train:
    bpeasy = import_module("bpeasy")

    def train(path: Path, vocab_size: int) -> int:
        with path.open(encoding="utf-8", newline="") as lines:
            return len(bpeasy.train_bpe(lines, PATTERN, BPEASY_LONGEST, vocab_size))

    return train


def _gigatoken(threads: int) -> Train:
    gigatoken = import_module("gigatoken")

    def train(path: Path, vocab_size: int) -> int:
        vocab, _ = gigatoken.train_bpe(path, vocab_size, [])
        return len(vocab)

    return train


def _youtokentome(threads: int) -> Train:
    youtokentome = import_module("youtokentome")

    def train(path: Path, vocab_size: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            model = f"{folder}/model"
            done = youtokentome.BPE.train(str(path), model, vocab_size, coverage=1.0, n_threads=threads)
            return len(done.vocab())

    return train


def _subword_nmt(threads: int) -> Train:
    learn = import_module("subword_nmt.learn_bpe").learn_bpe

    def train(path: Path, vocab_size: int) -> int:
        merges = io.StringIO()
        with path.open(encoding="utf-8", newline="\n") as lines:
            learn(lines, merges, vocab_size)
        # The first line is the format's version; the size counts merges.
        return merges.getvalue().count("\n") - 1

    return train
