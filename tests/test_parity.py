"""Merge for merge what Hugging Face learns: byte-level and character-level BPE on real and on adversarial texts."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TINY_COUNTS, is_assigned
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from toklab import train
from toklab.algorithms.bpe import BpeSpec, initial_symbols, learn, spelling_of
from toklab.algorithms.fast import learn_bpe
from toklab.algorithms.models import BpeModel
from toklab.algorithms.symbols import BYTE_TO_CHAR, build_material
from toklab.corpus import Corpus
from toklab.pretokenize import PATTERNS, to_oniguruma
from toklab.types import WordCounts

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
LIBRARY_BYTES = 3_000_000


@cache
def english() -> tuple[str, ...]:
    return ((CORPORA / "en.txt").read_text(encoding="utf-8"),)


@cache
def many_scripts() -> tuple[str, ...]:
    paths = sorted((CORPORA / "parallel").glob("*.txt"))
    assert len(paths) >= 10
    return tuple(path.read_text(encoding="utf-8") for path in paths)


@cache
def sources() -> tuple[str, ...]:
    """About 3 MB of the standard library's own sources."""
    texts: list[str] = []
    size = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = path.read_bytes().decode("utf-8", "replace")
        if size < LIBRARY_BYTES and text and all(map(is_assigned, set(text))):
            texts.append(text)
            size += len(text.encode())
    assert size > LIBRARY_BYTES / 2
    return tuple(texts)


def library(
    documents: Sequence[str], pattern: str, *, byte_level: bool = True, suffix: str = "", **options: Any
) -> Any:
    """Hugging Face's BPE, trained on the same documents with the same pattern: vocabulary, merges, engine."""
    engine = Tokenizer(models.BPE(end_of_word_suffix=suffix) if suffix else models.BPE())
    steps: list[Any] = []
    if pattern == "whitespace":
        steps.append(pre_tokenizers.WhitespaceSplit())
    elif pattern != "none":
        steps.append(pre_tokenizers.Split(Regex(to_oniguruma(PATTERNS[pattern].pattern)), "isolated"))
    if byte_level:
        steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
        options["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
    engine.pre_tokenizer = pre_tokenizers.Sequence(steps)
    if suffix:
        options["end_of_word_suffix"] = suffix
    engine.train_from_iterator(documents, trainers.BpeTrainer(show_progress=False, **options))
    model = json.loads(engine.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]], engine


def assert_same_merges(ours: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> None:
    for rank, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        assert one == other, f"merge {rank} differs"
    assert len(ours) == len(theirs)


def assert_parity(documents: Sequence[str], size: int, pattern: str, **options: Any) -> None:
    tokenizer = train("bpe", Corpus("x", tuple(documents)), vocab_size=size, pretokenizer=pattern, **options)
    longest = options.get("max_piece_length")
    vocab, merges, engine = library(
        documents,
        pattern,
        vocab_size=size,
        min_frequency=options.get("min_frequency", 0),
        # The library's bound is strict.
        **({} if longest is None else {"max_token_length": longest + 1}),
    )
    model = tokenizer.model  # type: ignore[attr-defined]
    assert isinstance(model, BpeModel)
    assert_same_merges([(model.strings[a], model.strings[b]) for a, b, _ in model.merges], merges)
    assert {text: index for index, text in enumerate(model.strings)} == vocab
    lines = [line for text in documents for line in text.splitlines(keepends=True)][:3000]
    batch = tokenizer.encode_batch(lines)
    for index, line in enumerate(lines):
        assert batch[index].ids.tolist() == engine.encode(line).ids, line


@pytest.mark.parametrize("pattern", ["gpt2", "o200k", "cl100k"])
@pytest.mark.parametrize("size", [2000, 8000])
def test_english(size: int, pattern: str) -> None:
    assert_parity(english(), size, pattern)


@pytest.mark.parametrize("pattern", ["gpt2", "o200k", "llama3", "whitespace"])
def test_many_scripts(pattern: str) -> None:
    assert_parity(many_scripts(), 4000, pattern)


@pytest.mark.parametrize("pattern", ["gpt2", "o200k"])
def test_sources(pattern: str) -> None:
    assert_parity(sources(), 8000, pattern)


@pytest.mark.parametrize("options", [{"min_frequency": 5}, {"max_piece_length": 2}, {"max_piece_length": 5}])
def test_options(options: dict[str, int]) -> None:
    assert_parity(english(), 3000, "gpt2", **options)


@settings(max_examples=150)
@given(
    documents=st.lists(st.text("ab c", min_size=1, max_size=20), min_size=1, max_size=5),
    extra=st.integers(0, 40),
    min_frequency=st.sampled_from([0, 1, 2, 3]),
    longest=st.sampled_from([None, 2, 3, 4]),
    pattern=st.sampled_from(["gpt2", "none"]),
)
def test_tiny_corpora(documents: list[str], extra: int, min_frequency: int, longest: int | None, pattern: str) -> None:
    assert_parity(
        documents,
        256 + extra,
        pattern,
        min_frequency=min_frequency,
        **({"max_piece_length": longest} if longest else {}),
    )


@settings(max_examples=200)
@given(counts=TINY_COUNTS, extra=st.integers(0, 30))
def test_tiny_words_by_both_twins(counts: dict[str, int], extra: int) -> None:
    words = WordCounts.from_counts(counts)
    spec = BpeSpec(vocab_size=256 + extra)
    material = build_material(words, initial_symbols(words, spec), spelling_of(spec), "bpe", spec.vocab_size)
    documents = [word for word, count in counts.items() for _ in range(count)]
    _, merges, _ = library(documents, "none", vocab_size=spec.vocab_size)
    for trainer in (learn, learn_bpe):
        learned = trainer(material, spec.vocab_size)
        keys = ["".join(BYTE_TO_CHAR[byte] for byte in symbol.key) for symbol in learned.symbols]
        assert_same_merges([(keys[a], keys[b]) for a, b, _ in learned.merges], merges)


@pytest.mark.parametrize(("texts", "size"), [(english, 3000), (many_scripts, 4000)])
@pytest.mark.parametrize("pattern", ["gpt2", "whitespace"])
def test_characters(texts: Any, size: int, pattern: str) -> None:
    documents = texts()
    tokenizer = train("bpe", Corpus("x", documents), vocab_size=size, alphabet="character", pretokenizer=pattern)
    vocab, merges, engine = library(documents, pattern, byte_level=False, vocab_size=size, special_tokens=["<unk>"])
    model = tokenizer.model  # type: ignore[attr-defined]
    assert_same_merges([(model.strings[a], model.strings[b]) for a, b, _ in model.merges], merges)
    assert {text: index for index, text in enumerate(model.strings)} == vocab
    for line in documents[0].splitlines():
        assert tokenizer.encode(line).ids.tolist() == engine.encode(line).ids


@pytest.mark.parametrize(("texts", "size"), [(english, 3000), (many_scripts, 4000)])
def test_suffix_when_the_order_of_its_characters_is_adopted(texts: Any, size: int) -> None:
    documents = texts()
    vocab, merges, _ = library(
        documents, "whitespace", byte_level=False, suffix="</w>", vocab_size=size, special_tokens=["<unk>"]
    )
    counts: dict[str, int] = {}
    for text in documents:
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    words = WordCounts.from_counts(counts)
    spec = BpeSpec(vocab_size=size, alphabet="character", end_of_word_suffix="</w>")
    # The library gives characters with the suffix their ids in the order of a randomly seeded hash table.
    ours = sorted(initial_symbols(words, spec), key=lambda symbol: vocab[symbol.key.decode()])
    assert [vocab[symbol.key.decode()] for symbol in ours] == list(range(len(ours)))
    material = build_material(words, ours, spelling_of(spec), "bpe", size)
    learned = learn_bpe(material, size)
    keys = [symbol.key.decode() for symbol in learned.symbols]
    assert_same_merges([(keys[a], keys[b]) for a, b, _ in learned.merges], merges)
    assert {key: index for index, key in enumerate(keys)} == vocab
