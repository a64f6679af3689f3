"""Model folders without ``tokenizer.json``: the ids that ``transformers`` gives for the same folder."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from helpers import english, run
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from toklab.algorithms.symbols import BYTE_TO_CHAR
from toklab.errors import FormatError
from toklab.loading import load
from toklab.types import Piece

transformers = pytest.importorskip("transformers")

ENGINES = ("library",)
TEXTS = [
    *english().documents[:20],
    "The Café's naïve TIDE, 12345 don't  stop\n\n\tnow ",
    "冬の港 ☃️ 👩‍👩‍👧 e\u0301 ﬁ Å",
    "a<new>b <tool> and [MASK]",
    " leading",
]


@cache
def byte_level(suffix: str | None = None) -> tuple[dict[str, int], list[list[str]]]:
    """A vocabulary and merges of BPE on bytes."""
    options: dict[str, Any] = {"end_of_word_suffix": suffix} if suffix else {}
    engine = Tokenizer(models.BPE(**options))
    if suffix:
        engine.normalizer = normalizers.Lowercase()
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=sorted(BYTE_TO_CHAR), show_progress=False, **options)
    engine.train_from_iterator(english().documents, trainer)
    return engine.get_vocab(), json.loads(engine.to_str())["model"]["merges"]


@cache
def wordpiece() -> list[str]:
    engine = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=600, special_tokens=specials, show_progress=False)
    engine.train_from_iterator(english().documents, trainer)
    vocab = engine.get_vocab()
    return sorted(vocab, key=lambda text: vocab[text])


def write(folder: Path, **files: Any) -> Path:
    """Files of JSON by their names without the ending."""
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def bpe_folder(folder: Path, suffix: str | None = None, **files: Any) -> Path:
    vocab, merges = byte_level(suffix)
    vocab = vocab | {text: len(vocab) + at for at, text in enumerate(["<|endoftext|>", "<unk>", "<s>", "</s>"])}
    lines = "".join(f"{left} {right}\n" for left, right in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}", encoding="utf-8")
    return write(folder, vocab=vocab, **files)


def bert_folder(folder: Path, **files: Any) -> Path:
    (folder / "vocab.txt").write_text("\n".join(wordpiece()) + "\n", encoding="utf-8")
    return write(folder, **files)


def check(folder: Path) -> None:
    theirs, ours = transformers.AutoTokenizer.from_pretrained(folder), load(folder)
    for engine in ENGINES:
        tokenizer = load(folder, engine=engine)
        for text in TEXTS:
            expected = theirs.encode(text, add_special_tokens=False, split_special_tokens=True)
            assert tokenizer.encode(text).ids.tolist() == expected, (engine, text)
    assert {text: ours.vocab[index].surface for text, index in theirs.get_added_vocab().items()} == {
        text: text.encode() for text in theirs.get_added_vocab()
    }


def config(name: str, **settings: Any) -> dict[str, Any]:
    return {"tokenizer_class": name, "model_max_length": 512, **settings}


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("name", ["GPT2Tokenizer", "GPT2TokenizerFast", "RobertaTokenizer", "Qwen2Tokenizer"])
def test_bpe_on_bytes(tmp_path: Path, name: str, prefix: bool) -> None:
    settings = {"add_prefix_space": prefix} if name != "Qwen2Tokenizer" else {}
    check(bpe_folder(tmp_path, tokenizer_config=config(name, **settings)))


@pytest.mark.parametrize("name", ["CLIPTokenizer", "OpenAIGPTTokenizer"])
def test_bpe_with_a_suffix(tmp_path: Path, name: str) -> None:
    check(bpe_folder(tmp_path, "</w>", tokenizer_config=config(name, unk_token="<unk>")))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
    ],
)
def test_wordpiece_of_bert(tmp_path: Path, settings: dict[str, Any]) -> None:
    check(bert_folder(tmp_path, tokenizer_config=config("BertTokenizer", **settings)))


def test_added_tokens_of_the_config(tmp_path: Path) -> None:
    size = len(wordpiece())
    flags = {"lstrip": False, "rstrip": True, "normalized": False, "single_word": False, "special": False}
    added = {str(size): {"content": "<new>", **flags}, "4": {"content": "[MASK]", **flags, "special": True}}
    settings = config("BertTokenizer", added_tokens_decoder=added, additional_special_tokens=["<tool>"])
    check(bert_folder(tmp_path, tokenizer_config=settings))
    assert load(tmp_path).vocab[size] == Piece(b"<new>")
    assert load(tmp_path).vocab[size + 1] == Piece(b"<tool>", special=True)


def test_added_tokens_of_files_of_their_own(tmp_path: Path) -> None:
    vocab = byte_level()[0]
    folder = bpe_folder(
        tmp_path,
        tokenizer_config=config("GPT2Tokenizer"),
        added_tokens={"<new>": len(vocab) + 4, "<tool>": len(vocab) + 5},
        special_tokens_map={"pad_token": {"content": "<tool>", "lstrip": False}, "eos_token": "<|endoftext|>"},
    )
    check(folder)
    assert load(folder).vocab[len(vocab) + 4] == Piece(b"<new>")


def test_the_type_of_the_model_tells_where_the_class_does_not(tmp_path: Path) -> None:
    assert load(bpe_folder(tmp_path, config={"model_type": "qwen2"})).encode("123").ids.size == 3
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}')
    with pytest.raises(FormatError, match=r"models of type 'mamba'.*save its tokenizer\.json"):
        load(tmp_path)
    (tmp_path / "config.json").unlink()
    assert load(tmp_path).encode("a tide").ids.tolist() == load(tmp_path / "merges.txt").encode("a tide").ids.tolist()


def test_a_folder_that_does_not_say_how_it_cuts(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="does not say how it cuts"):
        load(bpe_folder(tmp_path, "</w>"))
    write(tmp_path, tokenizer_config=config("BertJapaneseTokenizer"))
    with pytest.raises(FormatError, match="class 'BertJapaneseTokenizer', whose rules toklab does not have"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("merges.txt", "a b c\n", "line 1: 'a b c' is not two pieces"),
        ("merges.txt", "zz qq\n", "zz"),
        ("vocab.json", '{"a": 0', "not a whole JSON"),
        ("vocab.json", '{"a": 0, "b": 0}', "id 0"),
        ("tokenizer_config.json", "[]", "not an object"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"x": 1}}', "wrong kind"),
        ("tokenizer_config.json", '{"unk_token": 3}', "wrong kind"),
    ],
)
def test_damaged_folders_are_refused(tmp_path: Path, name: str, content: str, told: str) -> None:
    folder = bpe_folder(tmp_path, tokenizer_config=config("GPT2Tokenizer"))
    (folder / name).write_text(content)
    with pytest.raises(FormatError, match=told):
        load(tmp_path)


def test_the_command_line_encodes_with_a_folder(tmp_path: Path) -> None:
    bert_folder(tmp_path)
    ran = run("encode", tmp_path, "the tide", cwd=tmp_path)
    assert (ran.code, ran.out.split()) == (0, [str(index) for index in load(tmp_path).encode("the tide").ids])
