"""Conversions: every pair of contender and format either gives the same ids there, or names what cannot be carried."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import toklab
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.cli import group
from toklab.contenders import DEFAULT_CONTENDERS, VARIANTS, parse_contender
from toklab.converting import TARGETS, convert
from toklab.converting.proof import NASTY, Confusion, prove, random_texts
from toklab.errors import FormatError, UnknownNameError, UsageError
from toklab.types import Tokenizer

BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("wordpiece", {"variant": "hf", "pretokenizer": "bert", "normalizer": "bert", "special_tokens": BERT}),
    "bpe with specials": ("bpe", {"special_tokens": ("<|endoftext|>", "<pad>")}),
    "unigram of words": ("unigram", {"pretokenizer": "sentencepiece", "special_tokens": ("<unk>",)}),
}
NAMES = (*DEFAULT_CONTENDERS, *VARIANTS, *MORE)
# What each format holds of what is trained by default; anything else must be refused.
HELD = {
    "tokenizer-json": {*NAMES} - {"spm-word", "spm-char"},
    "hf": {*NAMES} - {"spm-word", "spm-char"},
    "sentencepiece": {"spm-bpe", "spm-unigram", "spm-word", "spm-char", "bpe-spm", "unigram-spm", "unigram of words"},
    "tiktoken": {"bpe", "hf-bpe", "byte", "bpe with specials"},
    "vocab-txt": {"bert"},
    "vocab-json": {"bpe", "hf-bpe", "bpe with specials"},
}


@cache
def text() -> str:
    return (Path(__file__).resolve().parents[1] / "corpora" / "en.txt").read_text(encoding="utf-8")[:12_000]


@cache
def trained(name: str) -> Tokenizer:
    if name in MORE:
        algorithm, options = MORE[name]
        return toklab.train(algorithm, [text()], vocab_size=500, **options)
    contender = parse_contender(name)
    return toklab.train(contender.algorithm, [text()], vocab_size=500, **contender.options)


def ids(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [found.ids.tolist() for found in tokenizer.encode_batch(texts)]


def told(to: str) -> str:
    """Text that the format may take for something else."""
    confusion = TARGETS[to].confusion
    return "\u2581" if confusion is None else f"\u2581|{confusion.pattern}"


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_every_pair_is_the_same_there_or_refused(name: str, to: str, tmp_path: Path) -> None:
    tokenizer = trained(name)
    if name not in HELD[to]:
        with pytest.raises(FormatError, match="cannot be converted") as caught:
            convert(tokenizer, to, tmp_path / "out", text=[text()])
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()
        return
    done = convert(tokenizer, to, tmp_path / "out", text=[text()])
    assert all(path.is_file() for path in done.files)
    assert done.proof.tokens > 1000
    texts = [t for t in [text(), *NASTY, *random_texts(50, 1)] if not re.search(told(to), t)]
    there = toklab.load(tmp_path / "out", engine="library")
    assert ids(there, texts) == ids(tokenizer, texts)
    here = toklab.load(tmp_path / "out", engine="toklab") if name not in ("spm-word", "spm-char") else there
    assert ids(here, texts) == ids(tokenizer, texts)


@pytest.mark.parametrize("name", ["bpe with specials", "bert", "unigram", "unigram-spm", "wordpiece", "word"])
def test_transformers_loads_the_folder(name: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the test extra installs it")
    to = "vocab-txt" if name == "bert" else "hf"
    convert(trained(name), to, tmp_path, text=[text()])
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    ours = trained(name)
    assert len(theirs) == len(ours.vocab)
    for sample in [text(), *random_texts(50, 2)]:
        assert theirs(sample, add_special_tokens=False)["input_ids"] == ours.encode(sample).ids.tolist()


def test_gpt2_files_load_in_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the test extra installs it")
    convert(trained("bpe with specials"), "vocab-json", tmp_path, text=[text()])
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    ours = trained("bpe with specials")
    assert isinstance(ours, TrainedTokenizer)
    for sample in ["a <|endoftext|> b<pad>", text(), *random_texts(50, 3)]:
        expected = ours.encode(sample, allow_special=True).ids.tolist()
        assert theirs(sample, add_special_tokens=False)["input_ids"] == expected


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_converted_tokenizers_agree_on_any_text(sample: str) -> None:
    for to in ("tokenizer-json", "sentencepiece"):
        if not re.search(told(to), sample):
            assert ids(converted("unigram-spm", to), [sample]) == ids(trained("unigram-spm"), [sample])


@cache
def converted(name: str, to: str) -> Tokenizer:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        convert(trained(name), to, folder, text=[text()])
        found = toklab.load(folder, engine="library")
        found.encode("read it before the folder goes")
    return found


def test_a_text_that_is_confused_is_refused_where_the_user_gives_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="sentencepiece would change ids: 'a\u2581b'"):
        convert(trained("unigram-spm"), "sentencepiece", tmp_path / "out", text=["a\u2581b"])
    assert not (tmp_path / "out").exists()
    done = convert(trained("unigram-spm"), "sentencepiece", tmp_path / "out", text=["a b"])
    assert any("U+2581" in warning for warning in done.warnings)


def test_proof_sees_a_changed_id_a_changed_piece_and_a_missing_one() -> None:
    first = toklab.train("bpe", ["abab abab cdcd"], vocab_size=260)
    other = toklab.train("bpe", ["cdcd cdcd abab"], vocab_size=260)
    longer = toklab.train("bpe", ["abab abab cdcd"], vocab_size=261)
    with pytest.raises(FormatError, match="would change the piece of id 256"):
        prove(first, other, ["abab"], "x")
    with pytest.raises(FormatError, match="would hold 261 pieces instead of 260"):
        prove(first, longer, ["abab"], "x")
    hidden = Confusion("ab", "ab for ba")
    with pytest.raises(FormatError, match="would change the piece"):
        prove(first, other, ["zz"], "x", [hidden])


def test_an_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sentencepiece'"):
        convert(trained("bpe"), "sentencpiece", tmp_path)


def test_a_name_with_the_formats_ending_is_the_file(tmp_path: Path) -> None:
    done = convert(trained("bpe"), "tokenizer-json", tmp_path / "mine.json", text=[text()])
    assert done.files == (tmp_path / "mine.json",)
    assert toklab.load(tmp_path / "mine.json").encode("a").ids.tolist() == trained("bpe").encode("a").ids.tolist()


@pytest.mark.parametrize(("to", "made"), [("tiktoken", "bpe.tiktoken"), ("vocab-json", "merges.txt"), ("spm", None)])
def test_training_writes_the_format_beside_its_own(to: str, made: str | None, tmp_path: Path) -> None:
    words = ["train", "--algo", "bpe", "--vocab-size", "400", "--output", str(tmp_path), "--format", to]
    if made is None:
        with pytest.raises(FormatError, match="cannot hold the pre-tokenizer"):
            group.main(words, standalone_mode=False)
        return
    ran = CliRunner().invoke(group, words, catch_exceptions=False)
    assert ran.exit_code == 0
    assert (tmp_path / made).is_file()
    assert (tmp_path / "tokenizer.json").is_file()
    other = toklab.load(tmp_path / made)
    assert ids(other, [text()]) == ids(toklab.load(tmp_path), [text()])


def test_what_stands_beside_a_file_is_named_after_it(tmp_path: Path) -> None:
    done = convert(trained("bpe"), "tiktoken", tmp_path / "mine.tiktoken", text=[text()])
    assert [path.name for path in done.files] == ["mine.tiktoken", "mine.tiktoken.json"]
    assert ids(toklab.load(tmp_path / "mine.tiktoken"), [text()]) == ids(trained("bpe"), [text()])


def test_the_command_line_converts_and_refuses(tmp_path: Path) -> None:
    trained("bpe").save(tmp_path / "bpe")
    words = ["convert", str(tmp_path / "bpe"), "--output", str(tmp_path / "out")]
    ran = CliRunner().invoke(group, [*words, "--to", "hf", "--json"], catch_exceptions=False)
    assert ran.exit_code == 0
    data = json.loads(ran.stdout)
    assert data["schema"] == 1
    assert [Path(name).name for name in data["files"]] == ["tokenizer.json", "tokenizer_config.json"]
    with pytest.raises(FormatError, match=r"cannot hold the pre-tokenizer 'gpt2'"):
        group.main([*words, "--to", "sentencepiece"], standalone_mode=False)


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(UsageError, match="tiktoken is not installed: pip install"):
        convert(trained("bpe"), "tiktoken", tmp_path / "out", text=[text()])
    assert not (tmp_path / "out").exists()
