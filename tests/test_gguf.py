"""The tokenizers of GGUF files: the ids of the tokenizer that was written into one, and files that are damaged."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from helpers import english, run
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from toklab.algorithms.symbols import BYTE_TO_CHAR
from toklab.errors import FormatError
from toklab.formats.gguf import read_gguf
from toklab.formats.sentencepiece_proto import SentencePieceFile
from toklab.loading import load
from toklab.pretokenize import PATTERNS, to_oniguruma
from toklab.types import Piece
from toklab.types import Tokenizer as Loaded

gguf = pytest.importorskip("gguf")

ENGINES = ("library",)
TEXTS = [
    *english().documents[:20],
    "The Café's naïve TIDE, 12345 don't  stop\n\n\tnow ",
    "冬の港 ☃️ 👩‍👩‍👧 e\u0301 ﬁ Å",
    "a<|end|>b <tool>and",
    " leading",
    "",
]
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def write(path: Path, kind: str, tokens: list[Any], types: list[int], **more: Any) -> Path:
    """A GGUF file without tensors, by the format's own package."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_array("tokenizer.other", [[1, 2], [3, 4]])
    for name, value in more.items():
        getattr(writer, name)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


@cache
def bpe(pattern: str) -> Tokenizer:
    """BPE on bytes, cut by a published pattern."""
    engine = Tokenizer(models.BPE(ignore_merges=pattern == "llama3"))
    cut = pre_tokenizers.Split(Regex(to_oniguruma(PATTERNS[pattern].pattern)), "isolated")
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    engine.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=sorted(BYTE_TO_CHAR), show_progress=False)
    engine.train_from_iterator(english().documents, trainer)
    engine.add_special_tokens(["<|end|>"])
    engine.add_tokens(["<tool>"])
    engine.encode_special_tokens = True
    return engine


def bpe_file(path: Path, pattern: str, pre: str | None) -> Path:
    engine = bpe(pattern)
    vocab = engine.get_vocab()
    tokens = sorted(vocab, key=lambda text: vocab[text])
    types = [{"<|end|>": CONTROL, "<tool>": USER}.get(text, NORMAL) for text in tokens]
    merges = [" ".join(pair) for pair in json.loads(engine.to_str())["model"]["merges"]]
    more = {} if pre is None else {"add_tokenizer_pre": pre}
    return write(path, "gpt2", tokens, types, add_token_merges=merges, **more)


@pytest.mark.parametrize(
    ("pattern", "pre"),
    [
        ("gpt2", "gpt-2"),
        ("llama3", "llama-bpe"),
        ("qwen2", "qwen2"),
        ("deepseek-v3", "deepseek-v3"),
        ("o200k", "gpt-4o"),
    ],
)
def test_bpe_on_bytes(tmp_path: Path, pattern: str, pre: str) -> None:
    engine, path = bpe(pattern), bpe_file(tmp_path / "model.gguf", pattern, pre)
    for who in ENGINES:
        tokenizer = load(path, engine=who)
        for text in TEXTS:
            assert tokenizer.encode(text).ids.tolist() == engine.encode(text, add_special_tokens=False).ids, (who, text)
    ids = engine.get_vocab()
    assert tokenizer.vocab[ids["<|end|>"]] == Piece(b"<|end|>", special=True)
    assert tokenizer.vocab[ids["<tool>"]] == Piece(b"<tool>")


@pytest.mark.parametrize("pre", [None, "bloom", "no-such"])
def test_a_pattern_that_is_not_known_is_named(tmp_path: Path, pre: str | None) -> None:
    with pytest.raises(FormatError, match=rf"{repr(pre) if pre else 'no tokenizer.ggml.pre'}.*known are gpt-2"):
        load(bpe_file(tmp_path / "model.gguf", "gpt2", pre))


@cache
def sentencepieces(kind: str) -> bytes:
    model = io.BytesIO()
    llama = kind == "bpe"
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter("\n".join(english().documents).split("\n")),
        model_writer=model,
        model_type=kind,
        vocab_size=500 if llama else 300,
        byte_fallback=llama,
        normalization_rule_name="identity" if llama else "nmt_nfkc",
        remove_extra_whitespaces=not llama,
        user_defined_symbols=["<tool>"],
        minloglevel=2,
    )
    return model.getvalue()


def spm_file(path: Path, kind: str) -> tuple[Any, Path]:
    engine = sentencepiece.SentencePieceProcessor(model_proto=sentencepieces(kind))
    ids = range(engine.vocab_size())
    types = [
        UNKNOWN if engine.is_unknown(i) else CONTROL if engine.is_control(i) else BYTE if engine.is_byte(i) else NORMAL
        for i in ids
    ]
    tokens = [engine.id_to_piece(i) for i in ids]
    types[tokens.index("<tool>")] = USER
    more: dict[str, Any] = {"add_token_scores": [engine.get_score(i) for i in ids], "add_add_space_prefix": True}
    if kind == "unigram":
        rules = SentencePieceFile.from_bytes(sentencepieces(kind)).normalizer.charsmap
        more |= {"add_remove_extra_whitespaces": True, "add_precompiled_charsmap": rules}
    return engine, write(path, "llama" if kind == "bpe" else "t5", tokens, types, **more)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_sentencepiece(tmp_path: Path, kind: str) -> None:
    engine, path = spm_file(tmp_path / "model.gguf", kind)
    tokenizer = load(path)
    for text in TEXTS:
        assert tokenizer.encode(text).ids.tolist() == engine.encode(text)
    assert tokenizer.decode(tokenizer.encode(TEXTS[0]).ids) == engine.decode(engine.encode(TEXTS[0]))


def test_wordpiece(tmp_path: Path) -> None:
    engine = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    engine.normalizer, engine.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[PAD]", "[UNK]"], show_progress=False)
    engine.train_from_iterator(english().documents, trainer)
    engine.encode_special_tokens = True
    vocab = engine.get_vocab()
    tokens = sorted(vocab, key=lambda text: vocab[text])
    types = [CONTROL if text.startswith("[") and len(text) > 1 else NORMAL for text in tokens]
    spelled = [
        text if kind == CONTROL else text[2:] if text.startswith("##") and len(text) > 2 else f"\u2581{text}"
        for text, kind in zip(tokens, types, strict=True)
    ]
    tokenizer = load(write(tmp_path / "x.gguf", "bert", spelled, types, add_unk_token_id=1))
    for text in TEXTS:
        assert tokenizer.encode(text).ids.tolist() == engine.encode(text, add_special_tokens=False).ids
    assert Piece(b"e", continuation=True) in tokenizer.vocab.pieces


@pytest.mark.parametrize(
    ("kind", "tokens", "more", "told"),
    [
        ("rwkv", ["a"], {}, "kind 'rwkv', which toklab does not run"),
        ("gpt2", ["a", "a"], {"add_tokenizer_pre": "gpt-2", "add_token_merges": []}, "'a' is given twice"),
        ("gpt2", ["a"], {"add_tokenizer_pre": "gpt-2", "add_token_merges": ["a"]}, "not two pieces"),
        ("gpt2", ["a"], {"add_tokenizer_pre": "gpt-2"}, "lacks an entry"),
        ("llama", ["a"], {"add_token_scores": [0.0]}, "0 unknown pieces"),
        ("llama", ["a"], {"add_token_scores": [0.0, 1.0]}, "2 scores for 1 pieces"),
        ("t5", ["a"], {"add_token_scores": [0.0], "add_precompiled_charsmap": b"\xff\xff\xff\x7f"}, "bytes of rules"),
        ("bert", ["a"], {}, "no unknown token"),
    ],
)
def test_tokenizers_that_cannot_be_run_are_refused(
    tmp_path: Path, kind: str, tokens: list[str], more: dict[str, Any], told: str
) -> None:
    path = write(tmp_path / "x.gguf", kind, tokens, [NORMAL] * len(tokens), **more)
    with pytest.raises(FormatError, match=told):
        load(path)


def small(path: Path) -> bytes:
    words = ["[UNK]", "\u2581a", "b"]
    return write(path, "bert", words, [CONTROL, NORMAL, NORMAL], add_unk_token_id=0).read_bytes()


def test_both_byte_orders_and_both_versions(tmp_path: Path) -> None:
    data = small(tmp_path / "x.gguf")
    assert load(tmp_path / "x.gguf").encode("ab a").ids.tolist() == [1, 2, 1]
    (tmp_path / "x.gguf").write_bytes(data[:4] + struct.pack("<I", 2) + data[8:])
    assert load(tmp_path / "x.gguf").encode("ab a").ids.tolist() == [1, 2, 1]
    key = b"tokenizer.ggml.model"
    big = b"GGUF" + struct.pack(">IQQQ", 3, 0, 1, len(key)) + key + struct.pack(">IQ", 8, 4) + b"gpt2"
    (tmp_path / "x.gguf").write_bytes(big)
    assert read_gguf(tmp_path / "x.gguf") == {"tokenizer.ggml.model": "gpt2"}


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    data = small(path)
    for size in range(len(data.rstrip(b"\0"))):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            load(path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    raw = bytearray(BYTES)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.gguf"
    path.write_bytes(raw)
    try:
        tokenizer: Loaded = load(path)
    except FormatError:
        return
    tokenizer.encode("ab a")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((3, 0, 2**60), "count of"),
        ((1, 0, 0), "version 1"),
        ((3, 0, 1, 2**40), "count of"),
        ((3, 0, 1, 2**20), "bytes are meant"),
    ],
)
def test_claims_are_checked_before_anything_is_allocated(tmp_path: Path, parts: tuple[int, ...], told: str) -> None:
    head = b"GGUF" + struct.pack("<IQQ", *parts[:3]) + b"".join(struct.pack("<Q", part) for part in parts[3:])
    (tmp_path / "x.gguf").write_bytes(head + bytes(100))
    with pytest.raises(FormatError, match=told):
        load(tmp_path / "x.gguf")


def test_arrays_that_are_nested_without_end(tmp_path: Path) -> None:
    nested = struct.pack("<Q", 1) + b"a" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 10_000
    (tmp_path / "x.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + nested)
    with pytest.raises(FormatError, match="arrays in arrays"):
        load(tmp_path / "x.gguf")


def test_the_command_line_encodes_with_a_file(tmp_path: Path) -> None:
    path = bpe_file(tmp_path / "model.gguf", "qwen2", "qwen2")
    ran = run("encode", path, "the tide", cwd=tmp_path)
    assert (ran.code, ran.out.split()) == (0, [str(index) for index in load(path).encode("the tide").ids])


def _small_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return small(Path(folder) / "x.gguf")


BYTES = _small_bytes()
