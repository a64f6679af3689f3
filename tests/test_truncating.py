"""A tokenizer cut down to a size is the one that is trained at that size: pieces, ids, merges, encodings, file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers import english
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toklab import load, train
from toklab.algorithms import algorithm_targets, get_algorithm
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.choosing import resolve
from toklab.contenders import DEFAULT_CONTENDERS
from toklab.errors import FormatError, InputError, UsageError, VocabSizeError
from toklab.formats.tokenizer_json import load_tokenizer, to_json

CORPUS = english(1_500)
TRUNCATED: Sequence[tuple[str, dict[str, Any]]] = (
    ("bpe", {}),
    ("bpe", {"tie": "lexicographic-max"}),
    ("bpe", {"tie": "first-seen", "special_tokens": ("<a>", "<b>")}),
    ("bpe", {"min_frequency": 5, "pretokenizer": "whitespace"}),
    ("bpe", {"alphabet": "character"}),
    ("bpe", {"alphabet": "character", "byte_fallback": True, "max_piece_length": 3}),
    ("bpe", {"alphabet": "character", "end_of_word_suffix": "</w>", "pretokenizer": "whitespace"}),
    ("bpe", {"variant": "spm", "pretokenizer": "sentencepiece"}),
    ("bpe", {"variant": "spm", "pretokenizer": "sentencepiece", "special_tokens": ("<a>",)}),
    ("wordpiece", {}),
    ("wordpiece", {"variant": "hf", "min_frequency": 3}),
    ("wordpiece", {"variant": "likelihood-gain", "special_tokens": ("<a>",)}),
    ("word", {}),
    ("word", {"special_tokens": ("the", "<a>"), "pretokenizer": "whitespace"}),
    ("hf-bpe", {}),
    ("hf-bpe", {"special_tokens": ("<a>", "the"), "min_frequency": 3}),
    ("hf-bpe", {"alphabet": "character"}),
    ("hf-wordlevel", {}),
    ("hf-wordlevel", {"special_tokens": ("<a>",), "pretokenizer": "whitespace"}),
)
# The options of each that are worth trying on tiny texts too.
TINY = [
    *(TRUNCATED[index] for index in (1, 4, 5, 7, 9, 10, 12)),
    ("bpe", {"alphabet": "character", "end_of_word_suffix": "b", "pretokenizer": "whitespace"}),
    ("bpe", {"alphabet": "character", "end_of_word_suffix": "ab", "pretokenizer": "whitespace"}),
]
TEXTS = st.lists(
    st.text("ab ", min_size=1, max_size=16) | st.text("a#b ", min_size=1, max_size=8), min_size=1, max_size=4
)
HELD_OUT = ["the hugs of unbelievable trees, and <a> the 12 naïve 日本 ones", "aabab abba#b a##b", ""]
NAMES = [f"{name}-{index}" for index, (name, _) in enumerate(TRUNCATED)]


def truncate(name: str, tokenizer: Any, size: int) -> Any:
    algorithm: Any = get_algorithm(name)
    return algorithm.truncate(tokenizer, size)


def assert_same(found: Any, trained: Any) -> None:
    """Everything that can be seen of two tokenizers is equal."""
    assert found.vocab.pieces == tuple(trained.vocab.pieces)
    assert found.vocab.unk_id == trained.vocab.unk_id
    assert tuple(found.vocab.merges) == tuple(trained.vocab.merges)
    assert found.name == trained.name
    assert found.signature == trained.signature
    assert found.warnings == trained.warnings
    if isinstance(found, TrainedTokenizer):
        assert to_json(found) == to_json(trained)
    else:
        assert found.model == trained.model
    for text in HELD_OUT:
        assert found.encode(text).ids.tolist() == trained.encode(text).ids.tolist()
        assert found.encode(text).offsets.tolist() == trained.encode(text).offsets.tolist()


@pytest.mark.parametrize(("name", "options"), TRUNCATED, ids=NAMES)
def test_truncated_is_trained(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    """On English, of the tokenizer as it was trained and as it is loaded, also where the text gives out."""
    algorithm: Any = get_algorithm(name)
    assert algorithm.prefixes_with(options)
    asked = 3_000
    whole = train(name, CORPUS, vocab_size=asked, **options)
    obtained = len(whole.vocab)
    assert obtained < asked
    whole.save(tmp_path)
    loaded = load(tmp_path)
    smallest = _smallest(name, options)
    for size in (smallest, smallest + 1, (smallest + obtained) // 2, obtained, obtained + 1):
        trained = train(name, CORPUS, vocab_size=size, **options)
        assert_same(truncate(name, whole, size), trained)
        assert_same(truncate(name, loaded, size), trained)


def _smallest(name: str, options: dict[str, Any]) -> int:
    with pytest.raises(VocabSizeError) as caught:
        train(name, CORPUS, vocab_size=1, **options)
    return caught.value.smallest


@pytest.mark.parametrize(("name", "options"), TRUNCATED, ids=NAMES)
def test_sizes_that_cannot_be(name: str, options: dict[str, Any]) -> None:
    """Too small is the error of training; larger than trained is an error too."""
    smallest = _smallest(name, options)
    whole = train(name, CORPUS, vocab_size=smallest + 10, **options)
    with pytest.raises(VocabSizeError) as trained:
        train(name, CORPUS, vocab_size=smallest - 1, **options)
    with pytest.raises(VocabSizeError) as found:
        truncate(name, whole, smallest - 1)
    assert str(found.value) == str(trained.value)
    with pytest.raises(UsageError, match="cannot be cut to"):
        truncate(name, whole, smallest + 11)


@pytest.mark.parametrize(("name", "options"), TINY, ids=[f"{name}-{index}" for index, (name, _) in enumerate(TINY)])
@settings(max_examples=15)
@given(texts=TEXTS, extra=st.integers(0, 12))
@example(texts=["aab ab b aab", "a#b ##a"], extra=20)
def test_truncated_is_trained_on_tiny_texts(
    name: str, options: dict[str, Any], texts: list[str], extra: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At every size from the alphabet up, where ties, overlaps and pieces that two merges spell are the rule."""
    try:
        train(name, texts, vocab_size=1, **options)
        smallest = 1
    except VocabSizeError as error:
        smallest = error.smallest
    except (InputError, UsageError):
        return
    whole = train(name, texts, vocab_size=smallest + extra, **options)
    assert isinstance(whole, TrainedTokenizer)
    path = tmp_path_factory.getbasetemp() / "tiny.json"
    path.write_text(to_json(whole), encoding="utf-8")
    try:
        read = load_tokenizer(path)
        loaded = replace(read, name=whole.name, signature=whole.signature, warnings=whole.warnings)
    except FormatError:  # text spells the suffix, and the file cannot hold what was learned
        assert truncate(name, whole, smallest) is None
        return
    for size in range(smallest, smallest + extra + 1):
        trained = train(name, texts, vocab_size=size, **options)
        assert isinstance(trained, TrainedTokenizer)
        found = [truncate(name, each, size) for each in (whole, loaded)]
        assert found[0] is None or to_json(found[0]) == to_json(trained)
        assert found[1] is None or to_json(found[1]) == to_json(trained)
        if found[0] is None:
            assert options["end_of_word_suffix"] in "".join(texts)
        else:
            assert_same(found[0], trained)


def test_text_that_spells_the_suffix_is_told() -> None:
    """``a</w>`` may be the letter at a word's end or a learned piece: the saved tokenizer does not tell."""
    options: dict[str, Any] = {"alphabet": "character", "end_of_word_suffix": "</w>", "pretokenizer": "whitespace"}
    texts = ["a</w>bc a</w>cb a</w>bb a</w>cc"]
    assert truncate("bpe", train("bpe", texts, vocab_size=40, **options), 15) is None
    assert truncate("bpe", train("bpe", ["ab ba"], vocab_size=40, **options), 6) is not None


def test_what_cannot_be_truncated_says_so() -> None:
    declared = {
        contender.name
        for contender in resolve([*DEFAULT_CONTENDERS, "bpe-spm", "wordpiece:variant=top-down"])
        if (with_options := getattr(get_algorithm(contender.algorithm), "prefixes_with", None))
        and with_options(contender.options)
    }
    assert declared == {"bpe", "bpe-spm", "hf-bpe", "wordpiece", "wordpiece-hf", "word", "hf-wordlevel"}
    hugging_face: Any = get_algorithm("hf-bpe")
    assert not hugging_face.prefixes_with({"alphabet": "character", "end_of_word_suffix": "</w>"})
    for name in algorithm_targets():
        algorithm = get_algorithm(name)
        assert hasattr(algorithm, "prefixes_with") == hasattr(algorithm, "truncate")
