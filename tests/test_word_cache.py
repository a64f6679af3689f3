"""What a tokenizer remembers of words: each is cut once, and the cache stays within its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from toklab.algorithms import word_cache
from toklab.algorithms.models import Segmentation
from toklab.algorithms.word_cache import LONGEST, WordCache


class Counting:
    """A model whose one token per word is as wide as the word, and that knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_words(self, words: Sequence[str], backend: str) -> list[Segmentation]:
        self.asked += words
        return [((0,), (len(word),)) for word in words]


def test_each_word_is_cut_once() -> None:
    model: Any = Counting()
    cache = WordCache()
    assert cache.segment(model, iter(["b", "aa", "b"]), "auto") == {"b": ((0,), (1,)), "aa": ((0,), (2,))}
    assert list(cache.segment(model, ["c", "aa"], "auto")) == ["c", "aa"]
    assert model.asked == ["b", "aa", "c"]


def test_long_words_are_not_remembered() -> None:
    model: Any = Counting()
    cache = WordCache()
    long = "x" * (LONGEST + 1)
    assert cache.segment(model, [long, long[1:]], "auto")[long] == ((0,), (LONGEST + 1,))
    assert list(cache) == [long[1:]]


def test_past_its_bound_it_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "MOST_WORDS", 3)
    model: Any = Counting()
    cache = WordCache()
    cache.segment(model, "abc", "auto")
    assert cache.segment(model, "cd", "auto") == {"c": ((0,), (1,)), "d": ((0,), (1,))}
    assert list(cache) == ["d"]
    assert len(cache.segment(model, "efgh", "auto")) == 4
    assert not cache


def test_another_thread_may_empty_it_meanwhile() -> None:
    cache = WordCache()

    class Emptying(Counting):
        def encode_words(self, words: Sequence[str], backend: str) -> list[Segmentation]:
            cache.clear()
            return super().encode_words(words, backend)

    model: Any = Emptying()
    cache.segment(model, ["a"], "auto")
    assert set(cache.segment(model, ["a", "b"], "auto")) == {"a", "b"}
