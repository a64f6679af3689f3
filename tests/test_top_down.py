"""WordPiece from the top: what a threshold keeps, the exact size, the compiled twin, the command line."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers import run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TINY_COUNTS, word_counts

from toklab import train
from toklab.algorithms.fast import CompiledSubstrings
from toklab.algorithms.symbols import Material, build_material
from toklab.algorithms.top_down import (
    LONGEST,
    ROUNDS,
    CountedSubstrings,
    Part,
    Substrings,
    cuts,
    in_order,
    learn,
    least_threshold,
    spelled,
)
from toklab.algorithms.wordpiece import SPELLING, initial_symbols
from toklab.types import WordCounts

HASHES = word_counts("#a", max_length=6)
WORDS = TINY_COUNTS | HASHES | word_counts("abcdé漢", max_words=12, max_length=12)
SPECIALS = ("ab", "##ba", "aab", "##", "a☃")
TWINS = (CountedSubstrings, CompiledSubstrings)


def make_material(counts: dict[str, int], specials: tuple[str, ...] = ()) -> Material:
    words = WordCounts.from_counts(counts)
    return build_material(words, initial_symbols(words, specials, "top-down"), SPELLING, "wordpiece", 10**9)


def barred(part: Part, specials: tuple[str, ...]) -> bool:
    text, continues = part
    return "##" * continues + text in specials or (not continues and text[:2] == "##")


def starts(word: str, pieces: set[Part]) -> list[int]:
    """Where greedy longest match cuts a word."""
    found, at = [], 0
    while at < len(word):
        found.append(at)
        fits = [end for end in range(at + 1, len(word) + 1) if (word[at:end], at > 0) in pieces]
        at = max([at + 1, *fits])
    return found


def by_the_guide(counts: dict[str, int], threshold: int, specials: tuple[str, ...]) -> dict[Part, int]:
    """What is kept, by the definition: a count less what is left of each kept part that begins with this one."""
    kept: dict[Part, int] = {}
    for number in range(ROUNDS):
        places = {word: range(len(word)) if number == 0 else starts(word, set(kept)) for word in counts}
        seen: Counter[Part] = Counter()
        for word, count in counts.items():
            for start in places[word]:
                for end in range(start, len(word)):
                    seen[word[start : end + 1], start > 0] += count
        left: dict[Part, int] = {}

        def remaining(part: Part, seen: Counter[Part] = seen, left: dict[Part, int] = left) -> int:
            if part not in left:
                longer = [p for p in seen if p[1] == part[1] and p != part and p[0].startswith(part[0])]
                left[part] = seen[part] - sum(remaining(p) for p in longer if is_kept(p))
            return left[part]

        def is_kept(part: Part) -> bool:
            return remaining(part) >= threshold and not barred(part, specials)

        kept = {part: remaining(part) for part in seen if len(part[0]) > 1 and is_kept(part)}
    return kept


def by_the_ends_of_words(counts: dict[str, int], threshold: int, specials: tuple[str, ...]) -> dict[Part, int]:
    """What the library's code comes down to: the ends of words from each cut on, counted."""
    kept: dict[Part, int] = {}
    for number in range(ROUNDS):
        ends: Counter[Part] = Counter()
        for word, count in counts.items():
            for start in range(len(word)) if number == 0 else starts(word, set(kept)):
                ends[word[start:], start > 0] += count
        kept = {p: n for p, n in ends.items() if n >= threshold and len(p[0]) > 1 and not barred(p, specials)}
    return kept


@settings(max_examples=200)
@given(counts=WORDS, threshold=st.integers(1, 8))
def test_a_threshold_keeps_what_the_guide_says(counts: dict[str, int], threshold: int) -> None:
    kept = CountedSubstrings(make_material(counts, SPECIALS)).kept(threshold)
    assert kept == by_the_guide(counts, threshold, SPECIALS)


@settings(max_examples=200)
@given(counts=WORDS, threshold=st.integers(1, 8))
def test_the_librarys_code_keeps_ends_of_words(counts: dict[str, int], threshold: int) -> None:
    kept = CountedSubstrings(make_material(counts, SPECIALS), subtract_all=True).kept(threshold)
    assert kept == by_the_ends_of_words(counts, threshold, SPECIALS)


@settings(max_examples=300)
@given(counts=WORDS, threshold=st.integers(1, 30), subtract_all=st.booleans())
def test_the_compiled_counts_equal_the_readable_ones(
    counts: dict[str, int], threshold: int, subtract_all: bool
) -> None:
    material = make_material(counts, SPECIALS)
    one, two = CountedSubstrings(material, subtract_all), CompiledSubstrings(material, subtract_all)
    assert two.most == one.most
    for number, least in ((0, 1), (1, 1), (threshold, 2), (10**6, threshold)):
        assert two.frequent(number, least) == one.frequent(number, least)
    assert two.kept(threshold) == one.kept(threshold)
    assert two.size(threshold) == one.size(threshold) == len(one.kept(threshold))


@settings(max_examples=150)
@given(counts=WORDS, least=st.integers(0, 3), subtract_all=st.booleans(), data=st.data())
def test_the_size_is_exact(counts: dict[str, int], least: int, subtract_all: bool, data: st.DataObject) -> None:
    material = make_material(counts, SPECIALS)
    first = len(material.symbols)
    one, two = CountedSubstrings(material, subtract_all), CompiledSubstrings(material, subtract_all)
    there = len(one.frequent(10**6, max(1, least)))
    wanted = data.draw(st.integers(0, there + 2))
    pieces = learn(one, material, first + wanted, least)
    assert pieces == learn(two, material, first + wanted, least)
    assert pieces[:first] == tuple(symbol.piece for symbol in material.symbols)
    assert len(set(pieces)) == len(pieces) == first + min(wanted, there)


@settings(max_examples=150)
@given(counts=WORDS, subtract_all=st.booleans(), wanted=st.integers(0, 40))
def test_what_a_threshold_keeps_comes_first_and_the_most_frequent_rest_after(
    counts: dict[str, int], subtract_all: bool, wanted: int
) -> None:
    material = make_material(counts, SPECIALS)
    substrings = CountedSubstrings(material, subtract_all)
    learned = learn(substrings, material, len(material.symbols) + wanted)[len(material.symbols) :]
    threshold = least_threshold(substrings.size, wanted, 1, substrings.most + 1)
    assert substrings.size(threshold) <= wanted
    assert threshold == 1 or substrings.size(threshold - 1) > wanted
    kept = substrings.kept(threshold)
    occurrences: Counter[Part] = Counter()
    for word, count in counts.items():
        for start in range(len(word)):
            for end in range(start + 2, len(word) + 1):
                occurrences[word[start:end], start > 0] += count
    others = [part for part in occurrences if part not in kept and not barred(part, SPECIALS)]
    first = sorted((-count, spelled(part), part) for part, count in kept.items())
    rest = sorted((-occurrences[part], spelled(part), part) for part in others)
    assert [str(piece) for piece in learned] == [text for _, text, _ in [*first, *rest][:wanted]]


def test_the_threshold_is_the_least_that_keeps_few_enough() -> None:
    sizes = [0, 90, 50, 50, 20, 7, 0]
    for wanted, threshold in ((90, 1), (89, 2), (50, 2), (49, 4), (20, 4), (19, 5), (6, 6), (0, 6)):
        assert least_threshold(sizes.__getitem__, wanted, 1, 6) == threshold
    assert least_threshold(sizes.__getitem__, 90, 3, 6) == 3


@pytest.mark.parametrize("twin", TWINS)
def test_the_worked_example(twin: type[CountedSubstrings] | type[CompiledSubstrings]) -> None:
    material = make_material({"hugs": 3, "hugged": 1, "hugger": 1})
    guide: Substrings = twin(material)
    assert guide.kept(2) == {("hugs", False): 3, ("hugge", False): 2}
    assert twin(material, True).kept(2) == {("hugs", False): 3}
    assert guide.size(2) == 2
    assert guide.most == 7  # ##g: twice in hugged and hugger
    first = len(material.symbols)

    def learned(substrings: Substrings, number: int) -> list[str]:
        return [str(piece) for piece in learn(substrings, material, first + number)[first:]]

    # Threshold 4 keeps ``hug``, with 5; threshold 3 ``hugs``.
    assert learned(guide, 1) == ["hugs"]
    assert learned(guide, 2) == ["hugs", "hugge"]
    assert learned(guide, 3) == ["hugs", "hugged", "hugger"]
    assert learned(guide, 7) == ["hugs", "hugged", "hugger", "##ug", "hu", "hug", "##gs"]
    assert learned(twin(material, True), 2) == ["hugs", "##ug"]


@pytest.mark.parametrize("twin", TWINS)
def test_long_words_are_not_counted(twin: type[CountedSubstrings] | type[CompiledSubstrings]) -> None:
    material = make_material({"x" * (LONGEST + 1): 9, "y" * LONGEST: 2})
    texts = [text for text, _ in twin(material).frequent(10**6, 1)]
    assert set("".join(texts)) == {"y"}
    assert max(map(len, texts)) == LONGEST
    nothing = twin(make_material({"x" * (LONGEST + 1): 9}))
    assert (nothing.frequent(5, 1), nothing.most, nothing.size(1)) == ([], 0, 0)


def test_cuts_and_order_by_hand() -> None:
    assert list(cuts("unaffable", {("un", False): 1, ("able", True): 1, ("aff", True): 1, ("una", True): 1})) == [
        0,
        2,
        5,
    ]
    assert list(cuts("abc", {})) == [0, 1, 2]
    assert in_order({("b", False): 2, ("b", True): 2, ("a", False): 2, ("z", True): 3}) == [
        *(("z", True), ("b", True), ("a", False), ("b", False)),
    ]
    assert [spelled(("a", True)), spelled(("a", False))] == ["##a", "a"]


@pytest.mark.parametrize("variant", ["top-down", "top-down-tf"])
def test_documents_in_any_order_give_one_tokenizer(variant: str, corpora: Path) -> None:
    lines = (corpora / "en.txt").read_text(encoding="utf-8").splitlines()[:150]
    shuffled = random.Random(4).sample(lines, len(lines))
    options: dict[str, Any] = {"vocab_size": 600, "variant": variant}
    one, two, three = (
        train("wordpiece", texts, backend=backend, **options)
        for texts, backend in ((lines, "fast"), (shuffled, "fast"), (shuffled, "reference"))
    )
    assert one.vocab == two.vocab == three.vocab
    assert len(one.vocab) == 600
    assert one.name == f"wordpiece-{variant}"
    assert one.signature["tie"] == "count, text"
    assert one.vocab.unk_id not in one.encode("\n".join(lines)).ids


@pytest.mark.parametrize("variant", ["top-down", "top-down-tf"])
def test_more_pieces_need_fewer_tokens(variant: str, corpora: Path) -> None:
    """Also where threshold 1, which keeps whole words only, is the next one."""
    lines = (corpora / "en.txt").read_text(encoding="utf-8").splitlines()
    seen, other = lines[::2], "\n".join(lines[1::2])
    trained = [train("wordpiece", seen, vocab_size=size, variant=variant) for size in range(1000, 6000, 1000)]
    tokens = [len(tokenizer.encode(other).ids) for tokenizer in trained]
    assert tokens == sorted(tokens, reverse=True)


@pytest.mark.parametrize("variant", ["likelihood-gain", "top-down", "top-down-tf"])
def test_the_command_line_trains_it(variant: str, corpora: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text((corpora / "en.txt").read_text(encoding="utf-8")[:4_000])
    options = ("--algo", "wordpiece", "--variant", variant, "--vocab-size", "250", "--strict", "--output", "out")
    ran = run("train", "text.txt", *options, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert f"wordpiece-{variant}: 250 pieces" in ran.out
