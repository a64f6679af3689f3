"""WordPiece: exact likelihood ratios, the library's variant, and longest match in linear time."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TINY_COUNTS, word_counts
from tokenizers import Tokenizer as Library
from tokenizers import models, pre_tokenizers, trainers

from toklab import train
from toklab.algorithms import bpe
from toklab.algorithms.fast import learn_bpe, learn_wordpiece
from toklab.algorithms.models import unknown_id
from toklab.algorithms.symbols import CONTINUATION, Learned, Material, Symbol, build_material, ids_by_key
from toklab.algorithms.wordpiece import JOINER, SPELLING, initial_symbols, learn
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.errors import UnknownNameError, UsageError, VocabSizeError
from toklab.kernels.ratio_heaps import compare_ratios
from toklab.types import Piece, Vocab, WordCounts

LARGE = st.integers(1, 2**40)
HASHES = word_counts("#a", max_length=6)


def make_material(
    counts: dict[str, int], variant: str = "likelihood-ratio", specials: tuple[str, ...] = ()
) -> Material:
    words = WordCounts.from_counts(counts)
    return build_material(words, initial_symbols(words, specials, variant), SPELLING, "wordpiece", 10**9)


def keys(learned: Learned) -> list[str]:
    return [symbol.key.decode() for symbol in learned.symbols]


def oracle(counts: dict[str, int], first: list[str], size: int, min_frequency: int, specials: set[str]) -> list[str]:
    """The vocabulary, from words as lists of (text, continues) and an explicit search for the best pair."""
    order = list(first)
    words = [([(char, i > 0) for i, char in enumerate(word)], n) for word, n in counts.items()]

    def name(part: tuple[str, bool]) -> str:
        return CONTINUATION * part[1] + part[0]

    while len(order) < size:
        best: tuple[Any, ...] | None = None
        pairs = {(a, b) for word, _ in words for a, b in itertools.pairwise(word)}
        for a, b in pairs:
            together = sum(n * list(itertools.pairwise(word)).count((a, b)) for word, n in words)
            new = name(a) + b[0]
            if together < min_frequency or new in specials or (not a[1] and new.startswith(CONTINUATION)):
                continue
            alone = [sum(n * word.count(part) for word, n in words) for part in (a, b)]
            worth = Fraction(together) / Fraction(alone[0]) / Fraction(alone[1])
            candidate = (worth, together, -order.index(name(a)), -order.index(name(b)), a, b)
            if best is None or candidate[:4] > best[:4]:
                best = candidate
        if best is None:
            break
        a, b = best[4:]
        new_part = (a[0] + b[0], a[1])
        if name(new_part) not in order:
            order.append(name(new_part))
        for word, _ in words:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == (a, b):
                    word[i : i + 2] = [new_part]
                i += 1
    return order


def test_the_worked_example() -> None:
    counts = {"hug": 10, "pug": 5, "hugs": 5}
    material = make_material(counts)
    start = len(material.symbols)
    for trainer in (learn, learn_wordpiece):
        assert keys(trainer(material, start + 1))[start:] == ["##ug"]
        with_rare = make_material(counts | {"xyz": 1})
        first = len(with_rare.symbols)
        assert keys(trainer(with_rare, first + 1))[first] == "xy"
        assert trainer(with_rare, first + 1).counts == (1,)


def test_the_vocabulary_begins_with_the_alphabet() -> None:
    tokenizer = train("wordpiece", ["hug pug"], vocab_size=12, special_tokens=("[CLS]",))
    assert [str(piece) for piece in tokenizer.vocab][:12] == [
        *("[UNK]", "[CLS]", "g", "h", "p", "u", "##g", "##h", "##p", "##u"),
        *[str(piece) for piece in tokenizer.vocab][10:],
    ]
    assert tokenizer.vocab[6] == Piece(b"g", continuation=True)
    library = train("wordpiece", ["hug pug"], vocab_size=8, variant="hf")
    assert [str(piece) for piece in library.vocab][1:7] == ["g", "h", "p", "u", "##g", "##u"]
    assert library.name == "wordpiece-hf"


@settings(max_examples=150)
@given(counts=TINY_COUNTS | HASHES, least=st.integers(0, 3), extra=st.integers(0, 25))
def test_every_choice_is_the_best_exact_fraction(counts: dict[str, int], least: int, extra: int) -> None:
    specials = ("ab", "##ba", "aab")
    material = make_material(counts, specials=specials)
    size = len(material.symbols) + extra
    first = [symbol.key.decode() for symbol in material.symbols]
    assert keys(learn(material, size, least)) == oracle(counts, first, size, max(1, least), {"[UNK]", *specials})


# Symbols in more pairs than these own a heap: all of them, some from the start, some later, none.
FAMILIES = st.integers(0, 6) | st.just(10**6)


@settings(max_examples=800)
@given(
    counts=TINY_COUNTS | HASHES | word_counts("abcdef", max_length=12),
    least=st.integers(0, 3),
    extra=st.integers(0, 60),
    family=FAMILIES,
)
def test_the_compiled_trainer_equals_the_readable_one(
    counts: dict[str, int], least: int, extra: int, family: int
) -> None:
    material = make_material(counts, specials=("ab", "##ba", "aab"))
    size = len(material.symbols) + extra
    assert learn_wordpiece(material, size, least, family) == learn(material, size, least)


@settings(max_examples=100)
@given(counts=TINY_COUNTS, scale=st.integers(2**20, 2**31), family=FAMILIES)
def test_large_counts_are_compared_exactly(counts: dict[str, int], scale: int, family: int) -> None:
    material = make_material({word: scale + count for word, count in counts.items()})
    size = len(material.symbols) + 20
    assert learn_wordpiece(material, size, 0, family) == learn(material, size)


@pytest.mark.parametrize(("least", "family"), [(0, 8), (2, 20), (5, 40)])
def test_the_compiled_trainer_equals_the_readable_one_on_a_text(least: int, family: int, corpora: Any) -> None:
    counts: dict[str, int] = {}
    for word in (corpora / "en.txt").read_text(encoding="utf-8")[:20_000].split():
        counts[word] = counts.get(word, 0) + 1
    material = make_material(counts)
    size = len(material.symbols) + 250
    assert learn_wordpiece(material, size, least, family) == learn(material, size, least)


@settings(max_examples=300)
@given(
    counts=word_counts("ab", max_length=14) | word_counts("abc", max_length=12),
    known=st.sets(st.text("ab", min_size=2, max_size=3), min_size=1, max_size=4),
    family=FAMILIES,
)
def test_a_merge_that_spells_a_symbol_known_before(counts: dict[str, int], known: set[str], family: int) -> None:
    """Words of an odd size start as longer symbols; merges elsewhere spell these: their pairs become worth more."""
    words = WordCounts.from_counts(counts)
    longer = [Symbol(Piece(text.encode(), continuation=True), JOINER + text.encode()) for text in sorted(known)]

    def spelled(word: str) -> list[bytes]:
        parts = list(word[1:]) if len(word) % 2 == 0 else re.findall("|".join([*sorted(known), "."]), word[1:])
        return [word[0].encode(), *(JOINER + part.encode() for part in parts)]

    symbols = (*initial_symbols(words, (), "likelihood-ratio"), *longer)
    ids = ids_by_key(symbols)
    rows = [[ids[key] for key in spelled(word)] for word in words.words]
    offsets = np.cumsum([0, *map(len, rows)])
    material = Material(symbols, np.concatenate(rows).astype(np.int32), offsets, words.counts)
    size = len(material.symbols) + 40
    assert learn_wordpiece(material, size, 0, family) == learn(material, size)


@settings(max_examples=300)
@given(counts=word_counts("aaaabcd", max_length=30), family=st.integers(2, 8))
def test_pairs_of_a_symbol_with_itself(counts: dict[str, int], family: int) -> None:
    material = make_material(counts)
    assert learn_wordpiece(material, 10**6, 0, family) == learn(material, 10**6)


@given(counts=word_counts("abcdef", max_length=40), least=st.integers(1, 2))
def test_the_rule_who_owns_a_heap_changes_nothing(counts: dict[str, int], least: int) -> None:
    material = make_material(counts)
    one, *others = (learn_wordpiece(material, 10**6, least, family) for family in (10**6, 0, 3, 10))
    assert all(other == one for other in others)


@given(a=st.tuples(LARGE, LARGE, LARGE), b=st.tuples(LARGE, LARGE, LARGE), near=st.integers(-2, 2))
def test_ratios_are_compared_exactly(a: tuple[int, int, int], b: tuple[int, int, int], near: int) -> None:
    def order(x: tuple[int, int, int], y: tuple[int, int, int]) -> int:
        p, q = Fraction(x[0], x[1] * x[2]), Fraction(y[0], y[1] * y[2])
        return (p > q) - (p < q)

    # As it comes, with itself in other words, and with its closest neighbours.
    close = (max(1, a[0] + near), a[2], a[1])
    for other in (b, close, (a[0], a[2], a[1])):
        assert compare_ratios(*a, *other) == order(a, other)
        assert compare_ratios(*other, *a) == -order(a, other)


@pytest.mark.parametrize("variant", ["likelihood-ratio", "hf"])
def test_backends_give_equal_tokenizers(variant: str, corpora: Any) -> None:
    text = (corpora / "en.txt").read_text(encoding="utf-8")[:15_000]
    one, two = (
        train("wordpiece", [text], vocab_size=500, variant=variant, backend=backend)
        for backend in ("reference", "fast")
    )
    assert one.vocab == two.vocab
    assert len(one.vocab) == 500
    assert one.encode(text).ids.tolist() == two.encode(text).ids.tolist()


@pytest.mark.parametrize("variant", ["likelihood-ratio", "hf"])
def test_order_and_repetition_of_documents_change_nothing(variant: str) -> None:
    documents = ["hug pug ##a", "bun hugs a##", "pun # hug"]
    one, two = (
        train("wordpiece", texts, vocab_size=60, variant=variant, pretokenizer="whitespace")
        for texts in (documents, documents[::-1] * 3)
    )
    assert one.vocab == two.vocab


@given(counts=TINY_COUNTS | HASHES)
def test_no_piece_that_begins_a_word_looks_like_a_continuation(counts: dict[str, int]) -> None:
    for symbol in learn(make_material(counts), 10**6).symbols:
        assert symbol.piece.continuation == (symbol.key.startswith(JOINER) and not symbol.piece.special)


def library_vocab(counts: dict[str, int], size: int, pinned: tuple[str, ...] = ()) -> list[str]:
    """What Hugging Face's WordPieceTrainer learns from counted words, by id."""
    engine = Library(models.WordPiece(unk_token="[UNK]"))
    engine.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False, special_tokens=["[UNK]", *pinned])
    engine.train_from_iterator([word for word, count in counts.items() for _ in range(count)], trainer)
    found = engine.get_vocab()
    return sorted(found, key=lambda piece: found[piece])


def assert_equals_library(counts: dict[str, int], extra: int, *trainers: Callable[..., Learned]) -> None:
    words = WordCounts.from_counts(counts)
    ours = initial_symbols(words, (), "hf")
    size = len(ours) + extra
    theirs = library_vocab(counts, size)
    # The library gives the ## characters their ids in the order of a randomly seeded hash table: adopt it.
    bare = sum(not symbol.piece.continuation for symbol in ours)
    order = {piece: index for index, piece in enumerate(theirs)}
    adopted = ours[:bare] + sorted(ours[bare:], key=lambda symbol: order[symbol.key.decode()])
    assert theirs[: len(ours)] == [symbol.key.decode() for symbol in adopted]
    material = build_material(words, adopted, SPELLING, "wordpiece", size)
    for trainer in trainers:
        assert keys(trainer(material, size, joiner=JOINER)) == theirs


@settings(max_examples=60)
@given(counts=word_counts("ab") | word_counts("abc") | word_counts("aé漢"), extra=st.integers(0, 20))
def test_the_variant_hf_is_the_librarys_on_tiny_words(counts: dict[str, int], extra: int) -> None:
    assert_equals_library(counts, extra, bpe.learn, learn_bpe)


def test_the_variant_hf_is_the_librarys_on_a_real_text(corpora: Any) -> None:
    counts: dict[str, int] = {}
    for word in (corpora / "en.txt").read_text(encoding="utf-8").split():
        counts[word] = counts.get(word, 0) + 1
    assert_equals_library(counts, 800, learn_bpe)


def test_the_variant_hf_is_the_librarys_when_that_is_pinned(corpora: Any) -> None:
    counts: dict[str, int] = {}
    for word in (corpora / "en.txt").read_text(encoding="utf-8").split():
        counts[word] = counts.get(word, 0) + 1
    words = WordCounts.from_counts(counts)
    inner = [symbol for symbol in initial_symbols(words, (), "hf") if symbol.piece.continuation]
    bare = [symbol for symbol in initial_symbols(words, (), "hf") if not symbol.piece.continuation]
    pinned = tuple(symbol.key.decode() for symbol in inner)
    assert pinned == tuple(sorted(pinned))
    first = [bare[0], *inner, *bare[1:]]
    size = len(first) + 600
    material = build_material(words, first, SPELLING, "wordpiece", size)
    assert keys(learn_bpe(material, size, joiner=JOINER)) == library_vocab(counts, size, pinned)


def make_model(pieces: list[str], limit: int = 100) -> WordPieceModel:
    """A model over the pieces as a vocabulary file spells them, ``[UNK]`` first."""
    entries = [Piece(b"[UNK]", special=True)]
    for text in pieces:
        inner = text.startswith(CONTINUATION) and text != CONTINUATION
        entries.append(Piece(text.removeprefix(CONTINUATION).encode() if inner else text.encode(), continuation=inner))
    return WordPieceModel(Vocab(tuple(entries), unknown_id(entries)), limit)


def library_match(model: WordPieceModel, word: str) -> list[int]:
    vocab = {text: index for index, text in enumerate(model.strings)}
    engine = models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=model.max_word_length)
    return [token.id for token in engine.tokenize(word)]


PIECES = st.lists(
    st.text("ab#", min_size=1, max_size=5)
    | st.text("ab", min_size=1, max_size=4).map("##".__add__)
    | st.sampled_from(["#", "##", "###", "##a", "é", "##é", "漢"]),
    unique=True,
    max_size=14,
)
WORDS = st.lists(st.text("ab#é漢", min_size=1, max_size=12) | st.text("#a", min_size=1, max_size=6), max_size=8)


@settings(max_examples=500)
@given(pieces=PIECES, words=WORDS)
def test_longest_match_three_ways(pieces: list[str], words: list[str]) -> None:
    model = make_model(pieces)
    readable = model.encode_words(words, "reference")
    assert model.encode_words(words, "fast") == readable
    for word, (ids, widths) in zip(words, readable, strict=True):
        assert list(ids) == library_match(model, word)
        assert sum(widths) == len(word.encode())


def test_longest_match_by_hand() -> None:
    model = make_model(["un", "##aff", "##able", "##a", "a", "##", "#", "##x", "###"])
    cases = {
        "unaffable": ["un", "##aff", "##able"],
        "una": ["un", "##a"],
        "unb": ["[UNK]"],
        "affable": ["[UNK]"],
        "##": ["##"],
        "##x": ["##x"],
        "#": ["#"],
        "##a": ["##a"],
        "###": ["###"],
        "##aff": ["##aff"],
        "aa#": ["a", "##a", "###"],
    }
    for backend in ("reference", "fast"):
        found = model.encode_words(list(cases), backend)
        assert [[model.strings[i] for i in ids] for ids, _ in found] == list(cases.values())
        widths = dict(zip(cases, (widths for _, widths in found), strict=True))
        assert widths["unaffable"] == (2, 3, 4)
        assert widths["unb"] == (3,)


@pytest.mark.parametrize("char", ["a", "é"])
def test_words_of_more_than_a_hundred_characters_are_unknown(char: str) -> None:
    model = make_model([char, "##" + char])
    for backend in ("reference", "fast"):
        fits, too_long = model.encode_words([char * 100, char * 101], backend)
        assert fits[0] == (1,) + (2,) * 99
        assert too_long == ((0,), (101 * len(char.encode()),))
    assert library_match(model, char * 100) == [1] + [2] * 99
    assert library_match(model, char * 101) == [0]


def test_longest_match_reads_no_character_twice() -> None:
    # Every prefix is a piece's beginning, and the match fails only at the very end, again and again.
    model = make_model(["a" * 50 + "b", "a", "##a"], limit=10**6)
    word = "a" * 20_000
    assert model.encode_words([word], "fast")[0][0] == (2,) + (3,) * 19_999


def test_longest_match_of_random_letters() -> None:
    rng = random.Random(5)
    pieces = {"".join(rng.choices("abcd", k=rng.randint(1, 5))) for _ in range(300)} | set("abcd")
    model = make_model([p for text in sorted(pieces) for p in (text, "##" + text)], limit=10**6)
    words = ["".join(rng.choices("abcd", k=rng.randint(1, 400))) for _ in range(50)]
    found = model.encode_words(words, "fast")
    assert found == model.encode_words(words, "reference")
    assert [list(ids) for ids, _ in found] == [library_match(model, word) for word in words]


def test_an_unknown_character_makes_the_whole_word_unknown() -> None:
    tokenizer = train("wordpiece", ["hug pug hugs"], vocab_size=14)
    text = "hug h☃g, pug"
    encoding = tokenizer.encode(text)
    raw = text.encode()
    shown = [
        (str(tokenizer.vocab[i]), raw[a:b].decode()) for i, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)
    ]
    assert ("[UNK]", "h☃g") in shown
    assert ("[UNK]", ",") in shown
    assert sum(piece == "[UNK]" for piece, _ in shown) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"variant": "google"},
        {"min_frequency": -1},
        {"tie": "first-seen"},
        {"backend": "slow"},
        {"special_tokens": ("a",)},
        {"special_tokens": ("##a",)},
        {"special_tokens": ("",)},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        train("wordpiece", ["ab cab"], vocab_size=300, **options)
    assert "\n" not in str(caught.value)


def test_the_nearest_variant_is_named() -> None:
    for wrong, right in (("likelihood-rato", "likelihood-ratio"), ("topdown", "top-down")):
        with pytest.raises(UnknownNameError, match=f"did you mean '{right}'"):
            train("wordpiece", ["a"], variant=wrong)


@pytest.mark.parametrize(("variant", "smallest"), [("likelihood-ratio", 7), ("hf", 6)])
def test_too_small_a_vocabulary_names_the_smallest_that_works(variant: str, smallest: int) -> None:
    with pytest.raises(VocabSizeError, match=f"ask for at least {smallest}"):
        train("wordpiece", ["ab cab"], vocab_size=smallest - 1, variant=variant)
    assert len(train("wordpiece", ["ab cab"], vocab_size=smallest, variant=variant).vocab) == smallest
