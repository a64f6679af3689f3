"""One small good model file of every format that toklab loads, made of the bundled English."""

from __future__ import annotations

import base64
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
from helpers import english

import toklab
from toklab.converting import convert
from toklab.types import Tokenizer

SIZE = 300
BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def trained(name: str, **options: Any) -> Tokenizer:
    """A tokenizer of the bundled English."""
    return toklab.train(name, english(6_000), vocab_size=options.pop("vocab_size", SIZE), **options)


def write_samples(folder: Path) -> dict[str, Path]:
    """Write the files; gives the main one of each by ``format`` or ``format kind``."""
    made = {
        "tokenizer-json bpe": _converted(
            trained("bpe", special_tokens=("<|endoftext|>",)), "tokenizer-json", folder / "bpe"
        ),
        "tokenizer-json wordpiece": _converted(_bert(), "tokenizer-json", folder / "wordpiece"),
        "tokenizer-json unigram": _converted(trained("unigram"), "tokenizer-json", folder / "unigram"),
        "tiktoken": _converted(trained("bpe", pretokenizer="cl100k"), "tiktoken", folder / "tiktoken"),
        "vocab-json": _converted(trained("bpe"), "vocab-json", folder / "gpt2"),
        "vocab-txt": _converted(_bert(), "vocab-txt", folder / "bert"),
    }
    for name in ("bpe", "unigram"):
        made[f"sentencepiece toklab {name}"] = _converted(
            trained(name, variant="spm", vocab_size=350), "sentencepiece", folder / f"spm-{name}"
        )
    others = {
        "tekken": ("tekken.json", tekken()),
        "sentencepiece bpe": (
            "bpe.model",
            sentencepiece_model("bpe", byte_fallback=True, normalization_rule_name="identity"),
        ),
        "sentencepiece unigram": ("unigram.model", sentencepiece_model("unigram", normalization_rule_name="nmt_nfkc")),
        "subword-nmt": ("bpe.codes", codes()),
        "gguf bpe": ("bpe.gguf", gguf_bpe()),
        "gguf llama": ("llama.gguf", gguf_llama()),
    }
    for name, (file, data) in others.items():
        made[name] = folder / file
        made[name].write_bytes(data)
    return made


def _converted(tokenizer: Tokenizer, to: str, folder: Path) -> Path:
    return convert(tokenizer, to, folder, text=["the tide"]).files[0]


@cache
def _bert() -> Tokenizer:
    options = {"variant": "hf", "pretokenizer": "bert", "normalizer": "bert"}
    return trained("wordpiece", special_tokens=BERT, **options)


def tekken() -> bytes:
    """A file as Mistral has it: the bytes first, three special tokens."""
    pieces = [piece.surface for piece in trained("bpe", pretokenizer="cl100k").vocab if len(piece.surface) > 1]
    rows = [*(bytes([byte]) for byte in range(256)), *pieces]
    config = {
        "pattern": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "num_vocab_tokens": len(rows),
        "default_vocab_size": len(rows) + 3,
        "default_num_special_tokens": 3,
        "version": "v11",
    }
    spelled = [(base64.b64encode(token).decode(), token.decode("utf-8", "replace")) for token in rows]
    vocab = [{"rank": at, "token_bytes": data, "token_str": text} for at, (data, text) in enumerate(spelled)]
    specials = [{"rank": at, "token_str": text, "is_control": True} for at, text in enumerate(("<unk>", "<s>", "</s>"))]
    return json.dumps({"config": config, "vocab": vocab, "special_tokens": specials}).encode()


@cache
def sentencepiece_model(kind: str, **options: Any) -> bytes:
    """A ``.model`` of the library, with the dummy prefix and a symbol of the user's, as most have it."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter("\n".join(english(6_000).documents).split("\n")),
        model_writer=model,
        model_type=kind,
        vocab_size=350 if kind == "bpe" else 120,
        user_defined_symbols=["<tool>"],
        minloglevel=2,
        **options,
    )
    return model.getvalue()


def codes() -> bytes:
    """Merges as subword-nmt writes them."""
    tokenizer = trained(
        "bpe", vocab_size=150, alphabet="character", end_of_word_suffix="</w>", pretokenizer="whitespace"
    )
    lines = [
        " ".join(piece.surface.decode() + ("</w>" if piece.word_final else "") for piece in pair)
        for pair in tokenizer.vocab.merges
    ]
    return "\n".join(["#version: 0.2", *lines, ""]).encode()


def gguf_bpe() -> bytes:
    """A GGUF file with BPE on bytes, as GPT-2's."""
    model = json.loads(_tokenizer_json(trained("bpe")))["model"]
    return _gguf(
        "gpt2",
        list(model["vocab"]),
        [1] * len(model["vocab"]),
        add_tokenizer_pre="gpt-2",
        add_token_merges=[" ".join(pair) for pair in model["merges"]],
    )


def gguf_llama() -> bytes:
    """A GGUF file with SentencePiece's BPE."""
    engine = sentencepiece.SentencePieceProcessor(
        model_proto=sentencepiece_model("bpe", byte_fallback=True, normalization_rule_name="identity")
    )
    ids = range(engine.vocab_size())
    types = [2 if engine.is_unknown(i) else 3 if engine.is_control(i) else 6 if engine.is_byte(i) else 1 for i in ids]
    scores = [engine.get_score(i) for i in ids]
    pieces = [engine.id_to_piece(i) for i in ids]
    types[pieces.index("<tool>")] = 4
    return _gguf("llama", pieces, types, add_token_scores=scores, add_add_space_prefix=True)


def _tokenizer_json(tokenizer: Tokenizer) -> bytes:
    from toklab.algorithms.pipeline import TrainedTokenizer
    from toklab.formats.tokenizer_json import files_of

    assert isinstance(tokenizer, TrainedTokenizer)
    return next(iter(files_of(tokenizer).values()))


def _gguf(kind: str, tokens: list[str], types: list[int], **more: Any) -> bytes:
    import tempfile

    import gguf

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_tokenizer_model(kind)
        writer.add_token_list(tokens)
        writer.add_token_types(types)
        for name, value in more.items():
            getattr(writer, name)(value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        return path.read_bytes()
