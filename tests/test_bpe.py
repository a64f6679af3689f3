"""BPE by three hands: the readable trainer, the compiled one, and an oracle written another way."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TINY_COUNTS

from toklab import train
from toklab.algorithms.bpe import TIE_RULES, BpeSpec, initial_symbols, learn, learn_with, spelling_of
from toklab.algorithms.fast import learn_bpe
from toklab.algorithms.models import BpeModel
from toklab.algorithms.symbols import Learned, Material, build_material
from toklab.errors import UnknownNameError, UsageError, VocabSizeError
from toklab.types import Piece, WordCounts

HUGS = " ".join(["hug"] * 10 + ["pug"] * 5 + ["pun"] * 12 + ["bun"] * 4 + ["hugs"] * 5)
ALPHABETS: dict[str, dict[str, Any]] = {
    "byte": {},
    "byte, specials": {"special_tokens": ("aa", "ab", "<s>")},
    "character": {"alphabet": "character"},
    "character, specials": {"alphabet": "character", "special_tokens": ("ba", "aab")},
    "suffix": {"alphabet": "character", "end_of_word_suffix": "</w>"},
    "suffix that words may spell": {"alphabet": "character", "end_of_word_suffix": "a"},
    "byte fallback": {"alphabet": "character", "byte_fallback": True},
}
CHOICES = st.fixed_dictionaries(
    {
        "tie": st.sampled_from(TIE_RULES),
        "min_frequency": st.sampled_from([0, 0, 1, 2, 5]),
        "max_piece_length": st.sampled_from([None, None, 1, 2, 3, 4]),
    }
)
EXTRA = st.integers(0, 40)


def make_material(counts: dict[str, int], **options: Any) -> Material:
    spec = BpeSpec(vocab_size=0, **options)
    words = WordCounts.from_counts(counts)
    return build_material(words, initial_symbols(words, spec), spelling_of(spec), "bpe", 10**9)


def strings(learned: Learned) -> list[tuple[str, str]]:
    keys = [symbol.key.decode() for symbol in learned.symbols]
    return [(keys[left], keys[right]) for left, right, _ in learned.merges]


def oracle(
    material: Material, size: int, tie: str, min_frequency: int, max_piece_length: int | None
) -> list[tuple[bytes, bytes, int]]:
    """Merges with their counts, on lists of byte strings: no ids, no lookup of what changed."""
    order = [symbol.key for symbol in material.symbols]
    reserved = {symbol.key for symbol in material.symbols if symbol.reserved}
    words = [[order[i] for i in word] for word in material.words]
    span = dict.fromkeys(order, 1)
    merges = []
    while len(order) < size:
        places = [(w, i) for w, word in enumerate(words) for i in range(len(word) - 1)]
        total: Counter[tuple[bytes, bytes]] = Counter()
        first: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        for w, i in places:
            pair = words[w][i], words[w][i + 1]
            total[pair] += int(material.counts[w])
            first.setdefault(pair, (w, i))
        allowed = [
            (a, b)
            for a, b in total
            if total[a, b] >= max(min_frequency, 1)
            and a + b not in reserved
            and span[a] + span[b] <= (max_piece_length or 10**9)
        ]
        if not allowed:
            break
        top = max(total[pair] for pair in allowed)
        tied = [pair for pair in allowed if total[pair] == top]
        if tie == "lowest-ids":
            a, b = sorted(tied, key=lambda pair: [order.index(pair[0]), order.index(pair[1])])[0]
        elif tie == "lexicographic-max":
            a, b = sorted(tied)[-1]
        else:
            a, b = sorted(tied, key=lambda pair: first[pair])[0]
        if a + b not in order:
            order.append(a + b)
            span[a + b] = span[a] + span[b]
        for word in words:
            i = 0
            while i < len(word) - 1:
                if word[i : i + 2] == [a, b]:
                    word[i : i + 2] = [a + b]
                i += 1
        merges.append((a, b, top))
    return merges


def replay(material: Material, merges: Sequence[tuple[int, int, int]]) -> list[int]:
    """How often each merge really occurs when its turn comes."""
    words = [list(word) for word in material.words]
    found = []
    for left, right, new in merges:
        total = 0
        for index, word in enumerate(words):
            if left not in word:
                continue
            pairs = sum(pair == (left, right) for pair in itertools.pairwise(word))
            total += pairs * int(material.counts[index])
            packed: list[int] = []
            skip = False
            for at, symbol in enumerate(word):
                if skip:
                    skip = False
                elif word[at : at + 2] == [left, right]:
                    packed.append(new)
                    skip = True
                else:
                    packed.append(symbol)
            words[index] = packed
        found.append(total)
    return found


def test_the_worked_example() -> None:
    tokenizer = train("bpe", [HUGS], vocab_size=8 + 7, alphabet="character", pretokenizer="whitespace")
    assert [str(piece) for piece in tokenizer.vocab][:8] == ["<unk>", "b", "g", "h", "n", "p", "s", "u"]
    learned = ["ug", "un", "hug", "pun", "pug", "hugs", "bun"]
    assert [str(piece) for piece in tokenizer.vocab][8:] == learned
    assert [str(a) + str(b) for a, b in tokenizer.vocab.merges] == learned
    assert tokenizer.vocab.merges[2] == (Piece(b"h"), Piece(b"ug"))
    counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    for trainer in (learn, learn_bpe):
        assert trainer(make_material(counts, alphabet="character"), 100).counts == (20, 16, 15, 12, 5, 5, 4)


@pytest.mark.parametrize(
    ("tie", "merges"),
    [
        ("lowest-ids", [("a", "b"), ("c", "d"), ("e", "f")]),
        ("lexicographic-max", [("e", "f"), ("c", "d"), ("a", "b")]),
        ("first-seen", [("c", "d"), ("e", "f"), ("a", "b")]),
    ],
)
def test_ties_by_hand(tie: str, merges: list[tuple[str, str]]) -> None:
    material = make_material({"cd": 5, "ab": 2, "bab": 3, "ef": 5}, alphabet="character")
    for trainer in (learn, learn_bpe):
        assert strings(trainer(material, len(material.symbols) + 3, tie))[:3] == merges


@pytest.mark.parametrize("alphabet", ALPHABETS)
@settings(max_examples=60)
@given(counts=TINY_COUNTS, choices=CHOICES, extra=EXTRA)
def test_the_readable_trainer_equals_the_oracle(
    alphabet: str, counts: dict[str, int], choices: dict[str, Any], extra: int
) -> None:
    material = make_material(counts, **ALPHABETS[alphabet])
    size = len(material.symbols) + extra
    learned = learn(material, size, **choices)
    keys = [symbol.key for symbol in learned.symbols]
    found = [(keys[a], keys[b], n) for (a, b, _), n in zip(learned.merges, learned.counts, strict=True)]
    assert found == oracle(material, size, **choices)
    assert len(keys) == len(set(keys)) <= size


@pytest.mark.parametrize("alphabet", ALPHABETS)
@settings(max_examples=200)
@given(counts=TINY_COUNTS, choices=CHOICES, extra=EXTRA)
def test_the_compiled_trainer_equals_the_readable_one(
    alphabet: str, counts: dict[str, int], choices: dict[str, Any], extra: int
) -> None:
    material = make_material(counts, **ALPHABETS[alphabet])
    size = len(material.symbols) + extra
    assert learn_bpe(material, size, **choices) == learn(material, size, **choices)


@settings(max_examples=300)
@given(counts=TINY_COUNTS, choices=CHOICES, extra=EXTRA)
def test_the_twins_agree_with_a_joiner(counts: dict[str, int], choices: dict[str, Any], extra: int) -> None:
    from toklab.algorithms import wordpiece

    words = WordCounts.from_counts(counts)
    initial = wordpiece.initial_symbols(words, (), "hf")
    material = build_material(words, initial, wordpiece.SPELLING, "wordpiece", 10**9)
    size = len(material.symbols) + extra
    expected = learn(material, size, joiner=wordpiece.JOINER, **choices)
    assert learn_bpe(material, size, joiner=wordpiece.JOINER, **choices) == expected


@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("tie", TIE_RULES)
def test_backends_give_equal_tokenizers(alphabet: str, tie: str, corpora: Any) -> None:
    text = (corpora / "en.txt").read_text(encoding="utf-8")[:8_000]
    one, two = (
        train("bpe", [text], vocab_size=420, tie=tie, backend=backend, **ALPHABETS[alphabet])
        for backend in ("reference", "fast")
    )
    assert one.vocab == two.vocab
    assert isinstance(one.model, BpeModel)  # type: ignore[attr-defined]
    assert one.model.merges == two.model.merges  # type: ignore[attr-defined]
    assert len(one.model.merges) > 90  # type: ignore[attr-defined]
    assert one.encode(text).ids.tolist() == two.encode(text).ids.tolist()


@given(counts=TINY_COUNTS, choices=CHOICES, alphabet=st.sampled_from(sorted(ALPHABETS)))
def test_every_merge_occurs_as_often_as_it_says(counts: dict[str, int], choices: dict[str, Any], alphabet: str) -> None:
    material = make_material(counts, **ALPHABETS[alphabet])
    learned = learn_bpe(material, len(material.symbols) + 60, **choices)
    assert replay(material, learned.merges) == list(learned.counts)
    assert all(count >= max(1, choices["min_frequency"]) for count in learned.counts)


def test_every_merge_of_a_real_text_occurs(corpora: Any) -> None:
    words = Counter((corpora / "en.txt").read_text(encoding="utf-8").split())
    material = make_material(dict(words))
    learned = learn_bpe(material, 256 + 500)
    assert replay(material, learned.merges) == list(learned.counts)
    assert list(learned.counts) == sorted(learned.counts, reverse=True)


def test_large_counts_do_not_overflow() -> None:
    big = 3_000_000_000
    counts = {"ab": big, "abc": big + 1, "bc": 2**40, "aaaa": 2**33}
    material = make_material(counts, alphabet="character")
    size = len(material.symbols) + 9
    one, two = learn(material, size), learn_bpe(material, size)
    assert one == two
    assert strings(one)[0] == ("b", "c")
    assert one.counts == (2**40 + big + 1, 3 * 2**33, 2**33, big + 1, big)


@settings(max_examples=30)
@given(
    documents=st.lists(st.text("ab c", min_size=1, max_size=12), min_size=1, max_size=6),
    tie=st.sampled_from(TIE_RULES),
    order=st.randoms(use_true_random=False),
)
def test_order_and_repetition_of_documents_change_nothing(documents: list[str], tie: str, order: Any) -> None:
    shuffled = documents * 2
    order.shuffle(shuffled)
    one, two = (train("bpe", texts, vocab_size=280, tie=tie) for texts in (documents, shuffled))
    assert one.vocab == two.vocab


@given(counts=TINY_COUNTS, merges=st.integers(0, 30), least=st.sampled_from([1, 2]))
def test_lexicographic_max_is_subword_nmts_rule(counts: dict[str, int], merges: int, least: int) -> None:
    words = {(*word[:-1], word[-1] + "</w>"): count for word, count in counts.items()}
    expected = []
    for _ in range(merges):
        stats: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(word):
                stats[pair] += count
        if not stats:
            break
        best = max(stats, key=lambda pair: (stats[pair], pair))
        if stats[best] < least:
            break
        expected.append(best)
        words = {tuple(_joined(list(word), best)): count for word, count in words.items()}
    material = make_material(counts, alphabet="character", end_of_word_suffix="</w>")
    for trainer in (learn, learn_bpe):
        learned = trainer(material, len(material.symbols) + len(expected), "lexicographic-max", least)
        assert strings(learned) == expected


def _joined(word: list[str], pair: tuple[str, str]) -> list[str]:
    for at in range(len(word) - 1):
        if (word[at], word[at + 1]) == pair:
            return [*word[:at], pair[0] + pair[1], *_joined(word[at + 2 :], pair)]
    return word


def test_no_merge_spells_a_special_token_or_a_fallback_byte() -> None:
    text = "the the the <0x41> <0x41> <0x41>"
    plain = train("bpe", [text], vocab_size=270, pretokenizer="whitespace")
    assert Piece(b"the") in plain.vocab.pieces
    special = train("bpe", [text], vocab_size=270, pretokenizer="whitespace", special_tokens=("the",))
    assert special.vocab[0] == Piece(b"the", special=True)
    assert Piece(b"the") not in special.vocab.pieces
    assert special.decode(special.encode("the").ids.tolist()) == "the"
    fallback = train("bpe", [text], vocab_size=400, pretokenizer="whitespace", alphabet="character", byte_fallback=True)
    assert Piece(b"<0x41>") not in fallback.vocab.pieces
    assert fallback.decode(fallback.encode("<0x41>").ids.tolist()) == "<0x41>"


def test_the_vocabulary_has_the_size_asked_for_or_says_why_not(corpora: Any) -> None:
    tokenizer = train("bpe", corpora / "en.txt", vocab_size=500, special_tokens=("<s>", "</s>"))
    assert len(tokenizer.vocab) == 500
    assert not tokenizer.warnings  # type: ignore[attr-defined]
    assert [piece.surface for piece in tokenizer.vocab.pieces[:2]] == [b"<s>", b"</s>"]
    small = train("bpe", ["ab ab"], vocab_size=1000)
    assert len(small.vocab) == 258
    assert small.warnings == ("vocabulary of 258 pieces: the corpus holds no more (1,000 asked for)",)  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.platform != "linux", reason="address space can be limited on Linux only")
@pytest.mark.parametrize("algorithm", ["bpe", "wordpiece"])
def test_a_vocabulary_of_a_billion_costs_no_memory(algorithm: str) -> None:
    code = (
        "import resource, toklab; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30));"
        f"print(len(toklab.train({algorithm!r}, ['ab ab'], vocab_size=10**9).vocab) < 300)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "True", done.stderr[-300:]


@pytest.mark.parametrize(
    ("options", "smallest"),
    [
        ({}, 256),
        ({"special_tokens": ("<s>",)}, 257),
        ({"alphabet": "character"}, 1 + 4),
        ({"alphabet": "character", "special_tokens": ("<unk>",)}, 1 + 4),
        ({"alphabet": "character", "end_of_word_suffix": "</w>"}, 1 + 4 + 1),
        ({"alphabet": "character", "byte_fallback": True}, 256 + 4),
    ],
)
def test_too_small_a_vocabulary_names_the_smallest_that_works(options: dict[str, Any], smallest: int) -> None:
    for size in (smallest - 1, 1):
        with pytest.raises(VocabSizeError, match=f"ask for at least {smallest}"):
            train("bpe", ["ab cab"], vocab_size=size, **options)
    assert len(train("bpe", ["ab cab"], vocab_size=smallest, **options).vocab) == smallest


@pytest.mark.parametrize(
    "options",
    [
        {"vocab_size": 0},
        {"vocab_size": -5},
        {"vocab_size": 2**40},
        {"tie": "random"},
        {"alphabet": "letter"},
        {"alphabet": "byte", "end_of_word_suffix": "</w>"},
        {"alphabet": "byte", "byte_fallback": True},
        {"min_frequency": -1},
        {"max_piece_length": 0},
        {"backend": "slow"},
        {"special_tokens": ("<s>", "<s>")},
        {"special_tokens": ("<日>", "<日>")},
        {"special_tokens": ("< s>", "< s>")},
        {"special_tokens": ("a",)},
        {"special_tokens": ("",)},
        {"special_tokens": ("\ud800",)},
        {"pretokenizer": "gpt3"},
        {"normalizer": "nfd"},
        {"no_such_option": 1},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        train("bpe", ["ab cab"], **({"vocab_size": 300} | options))
    assert "\n" not in str(caught.value)


def test_work_decides_which_twin_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from toklab.algorithms import fast

    def refuse(*_: object, **__: object) -> Learned:
        raise AssertionError("the compiled twin was called")

    monkeypatch.setattr(fast, "learn_bpe", refuse)
    material = make_material({"ab": 1})
    assert learn_with("auto", material, 300).counts == (1,)
    with pytest.raises(AssertionError, match="compiled"):
        learn_with("fast", material, 300)
    with pytest.raises(UnknownNameError, match="did you mean 'fast'"):
        learn_with("fats", material, 300)


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) - 1])
def test_a_word_of_a_million_letters_is_learned_by_doubling(size: int) -> None:
    """Each merge joins two of the longest pieces; a quadratic trainer would not come back."""
    tokenizer = train("bpe", ["a" * size], vocab_size=400, pretokenizer="none", backend="fast")
    found = [piece.surface for piece in tokenizer.vocab][256:]
    assert found[:19] == [b"a" * 2**power for power in range(1, 20)]
    assert tokenizer.decode(tokenizer.encode("a" * size).ids.tolist()) == "a" * size


def test_a_million_random_letters_without_a_space() -> None:
    text = "".join(random.Random(6).choices("abcdefghijklmnopqrstuvwxyz", k=1_000_000))
    tokenizer = train("bpe", [text], vocab_size=1_500, backend="fast")
    first = tokenizer.vocab[256].surface.decode()
    pairs = Counter(map("".join, itertools.pairwise(text)))
    for letter in "abcdefghijklmnopqrstuvwxyz":  # runs do not overlap
        pairs[2 * letter] = sum(len(run.group()) // 2 for run in re.finditer(f"{letter}+", text))
    assert pairs[first] == max(pairs.values())
    assert len(tokenizer.vocab) == 1_500
