"""Sampling: BPE-dropout and MaxMatch-dropout against their exact distributions; the same samples everywhere."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from helpers import english, run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import TEXT
from test_models import CORPUS, TOKENIZERS, check_encoding, merge_tables, trained

from toklab import train
from toklab.algorithms import ALGORITHMS
from toklab.algorithms.models import BpeModel, Segmentation
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.sampling import SAMPLED, SamplingModel
from toklab.algorithms.stream import Stream
from toklab.algorithms.wordpiece_model import WordPieceModel
from toklab.errors import UsageError
from toklab.types import Piece, Vocab

Ids = tuple[int, ...]
Law = dict[Ids, Fraction]
SAMPLES = 3_000


def bpe_model(*merges: str) -> BpeModel:
    """A model of merges such as ``"a b"``, in rank order."""
    pairs = [merge.split() for merge in merges]
    pieces = list(dict.fromkeys([*sorted(set("".join(merges)) - {" "}), *map("".join, pairs)]))
    table = tuple((pieces.index(a), pieces.index(b), pieces.index(a + b)) for a, b in pairs)
    return BpeModel(Vocab(tuple(Piece(piece.encode()) for piece in pieces)), table, "character")


def wordpiece_model(*texts: str) -> WordPieceModel:
    """A model of pieces such as ``"##a"``; the unknown token has id 0."""
    pieces = [Piece(text.removeprefix("##").encode(), continuation=text.startswith("##")) for text in texts]
    return WordPieceModel(Vocab((Piece(b"[UNK]", special=True), *pieces), 0))


def cut(model: SamplingModel, word: str, alpha: float, stream: Stream) -> tuple[Segmentation, float | None]:
    """One sample of a word, and the logarithm of its probability."""
    [found], told = model.sample_words([word], alpha, stream, "reference")
    return found, told


# --- the rules, word for word, on exact fractions ---------------------------------------------------------------


def paper_law(model: BpeModel, word: str, alpha: Fraction, everywhere: bool = False) -> Law:
    """The distribution of algorithm 1, from every subset of merges that a round can keep.

    Parameters
    ----------
    everywhere : as subword-nmt: a round merges all places of the best pair that were kept
    """
    ranks = model.ranks

    def merged(ids: Ids, kept: list[int]) -> Ids:
        best = min(kept, key=lambda at: (ranks[ids[at], ids[at + 1]][0], at))
        pair = ids[best], ids[best + 1]
        places = [at for at in kept if (ids[at], ids[at + 1]) == pair] if everywhere else [best]
        out: list[int] = []
        at = 0
        while at < len(ids):
            out.append(ranks[pair][1] if at in places else ids[at])
            at += 2 if at in places else 1
        return tuple(out)

    @cache
    def law(ids: Ids) -> Law:
        fitting = [at for at, pair in enumerate(itertools.pairwise(ids)) if pair in ranks]
        found: Counter[Ids] = Counter()
        for fates in itertools.product([False, True], repeat=len(fitting)):
            kept = [at for at, stays in zip(fitting, fates, strict=True) if stays]
            chance = math.prod(((1 - alpha) if stays else alpha for stays in fates), start=Fraction(1))
            for result, share in (law(merged(ids, kept)) if kept else {ids: Fraction(1)}).items():
                found[result] += chance * share  # type: ignore[assignment]
        return dict(found)  # type: ignore[arg-type]

    return law(tuple(model.start(word)[0]))


def match_law(model: WordPieceModel, word: str, alpha: Fraction) -> Law:
    """The distribution of MaxMatch-dropout where every character of the word is a piece."""
    ids = {text: i for i, text in enumerate(model.strings)}

    def law(rest: str, prefix: str) -> Iterator[tuple[Ids, Fraction]]:
        if not rest:
            yield (), Fraction(1)
            return
        reached = Fraction(1)
        for size in range(len(rest), 0, -1):
            piece = ids.get(prefix + rest[:size])
            if piece is None:
                continue
            taken = reached * (1 - alpha if size > 1 else 1)
            reached -= taken
            for tail, share in law(rest[size:], "##"):
                yield (piece, *tail), taken * share

    return {found: chance for found, chance in law(word, "") if chance}


def misfit(law: Law, seen: Counter[Ids]) -> float:
    """Pearson's statistic over what samples of the law exceed with a probability below 10**-6.

    The bound is that of Laurent and Massart 2000, lemma 1, for one degree of freedom less than there are cells.
    """
    total = sum(seen.values())
    assert set(seen) <= set(law)
    rare = sum(chance for chance in law.values() if chance * total < 5)
    cells = [(float(chance * total), seen[ids]) for ids, chance in law.items() if chance * total >= 5]
    cells += [(float(rare * total), total - sum(count for _, count in cells))] if rare * total >= 5 else []
    freedom, x = len(cells) - 1, math.log(10**6)
    statistic = sum((count - expected) ** 2 / expected for expected, count in cells)
    return statistic / (freedom + 2 * math.sqrt(freedom * x) + 2 * x)


def drawn(model: SamplingModel, word: str, alpha: Fraction) -> Counter[Ids]:
    found, _ = model.sample_words([word] * SAMPLES, float(alpha), Stream(1), "reference")
    return Counter(ids for ids, _ in found)


BPE_CASES = {
    "abab": bpe_model("a b", "ab ab"),
    "aaaaa": bpe_model("a a", "aa a", "aa aa"),
    "abcabc": bpe_model("b c", "a b", "ab c", "a bc", "abc abc"),
    # The merge of a later round has the lower rank.
    "abcd": bpe_model("ab c", "a b", "c d", "abc d", "ab cd"),
}
QUARTER, TENTH = Fraction(1, 4), Fraction(1, 10)


@pytest.mark.parametrize("alpha", [TENTH, QUARTER, Fraction(3, 4)], ids=str)
@pytest.mark.parametrize("word", BPE_CASES)
def test_bpe_dropout_has_the_distribution_of_the_paper(word: str, alpha: Fraction) -> None:
    law = paper_law(BPE_CASES[word], word, alpha)
    assert sum(law.values()) == 1
    assert misfit(law, drawn(BPE_CASES[word], word, alpha)) < 1


def test_the_worked_examples_of_bpe_dropout() -> None:
    model, alpha = bpe_model("a b", "ab c"), QUARTER
    law = {" ".join(model.strings[i] for i in ids): chance for ids, chance in paper_law(model, "abc", alpha).items()}
    assert law == {"abc": (1 - alpha) ** 2, "ab c": (1 - alpha) * alpha, "a b c": alpha}
    pairs = bpe_model("a b")
    assert paper_law(pairs, "abab", alpha)[2, 2] == (1 - alpha) ** 2 * (1 + alpha)
    assert paper_law(pairs, "abab", alpha, everywhere=True)[2, 2] == (1 - alpha) ** 2 * (1 + 2 * alpha)


def test_the_rule_of_subword_nmt_is_told_apart() -> None:
    model = bpe_model("a b")
    other = paper_law(model, "abab", QUARTER, everywhere=True)
    assert misfit(other, drawn(model, "abab", QUARTER)) > 1


LETTERS = ("a", "b", "c", "##a", "##b", "##c")
MATCH_CASES = {
    "abc": wordpiece_model(*LETTERS, "ab", "abc"),
    "abcab": wordpiece_model(*LETTERS, "ab", "abc", "##bc", "##ca", "##cab", "##ab"),
    "aaaa": wordpiece_model(*LETTERS, "aa", "##aa", "aaaa"),
}


@pytest.mark.parametrize("alpha", [TENTH, QUARTER, Fraction(3, 4)], ids=str)
@pytest.mark.parametrize("word", MATCH_CASES)
def test_maxmatch_dropout_has_its_distribution_and_tells_it(word: str, alpha: Fraction) -> None:
    model = MATCH_CASES[word]
    law = match_law(model, word, alpha)
    assert sum(law.values()) == 1
    assert misfit(law, drawn(model, word, alpha)) < 1
    stream = Stream(1)
    for _ in range(100):
        (ids, _), told = cut(model, word, float(alpha), stream)
        assert told == pytest.approx(math.log(law[ids]))


def test_the_worked_example_of_maxmatch_dropout() -> None:
    model, alpha = MATCH_CASES["abc"], QUARTER
    law = {" ".join(model.strings[i] for i in ids): chance for ids, chance in match_law(model, "abc", alpha).items()}
    assert law == {"abc": 1 - alpha, "ab ##c": alpha * (1 - alpha), "a ##b ##c": alpha**2}


# --- every sample is a way to cut the word --------------------------------------------------------------------


def reachable(model: BpeModel, word: str) -> set[Ids]:
    """What merges can make of a word, in any order."""
    found = {tuple(model.start(word)[0])}
    fresh = list(found)
    while fresh:
        ids = fresh.pop()
        for at, pair in enumerate(itertools.pairwise(ids)):
            if pair in model.ranks:
                after = (*ids[:at], model.ranks[pair][1], *ids[at + 2 :])
                fresh += [] if after in found else [after]
                found.add(after)
    return found


@settings(max_examples=300)
@given(model=merge_tables(), word=st.text("abcd", min_size=1, max_size=7), alpha=st.floats(0, 1), seed=st.integers())
def test_merges_lead_to_every_sample(model: BpeModel, word: str, alpha: float, seed: int) -> None:
    (ids, widths), _ = cut(model, word, alpha, Stream(seed))
    assert ids in reachable(model, word)
    assert widths == tuple(len(model.strings[i]) for i in ids)


@settings(max_examples=300)
@given(model=merge_tables(), word=st.text("abcd", min_size=1, max_size=30), seed=st.integers())
def test_without_dropout_the_encoding_and_with_all_of_it_the_alphabet(model: BpeModel, word: str, seed: int) -> None:
    assert cut(model, word, 0.0, Stream(seed)) == (model.encode_words([word])[0], None)
    ids, widths = model.start(word)
    assert cut(model, word, 1.0, Stream(seed)) == ((tuple(ids), tuple(widths)), None)


def cuts(model: WordPieceModel, word: str) -> set[Ids]:
    """All ways to spell a word with pieces."""
    ids = {text: i for i, text in enumerate(model.strings) if i}

    def rest(start: int) -> Iterator[Ids]:
        if start == len(word):
            yield ()
        for end in range(start + 1, len(word) + 1):
            piece = ids.get(("##" if start else "") + word[start:end])
            if piece is not None:
                yield from ((piece, *tail) for tail in rest(end))

    return set(rest(0))


# Some vocabularies lack single characters, so that longest match, or a shorter one, has dead ends.
PIECES = st.text("ab", min_size=1, max_size=4).flatmap(lambda text: st.sampled_from([text, "##" + text]))
POOR = st.lists(PIECES, min_size=1, max_size=12, unique=True).map(lambda texts: wordpiece_model(*texts))


@settings(max_examples=500)
@given(model=POOR, word=st.text("ab", min_size=1, max_size=9), alpha=st.floats(0, 1), seed=st.integers())
def test_a_sample_is_unknown_only_where_the_encoding_is(
    model: WordPieceModel, word: str, alpha: float, seed: int
) -> None:
    (ids, widths), told = cut(model, word, alpha, Stream(seed))
    [expected] = model.encode_words([word], "reference")
    assert told is not None
    assert told <= 0
    assert sum(widths) == len(word)
    if expected[0] == (0,):
        assert (ids, told) == ((0,), 0)
    else:
        assert ids in cuts(model, word)
    assert cut(model, word, 0.0, Stream(seed)) == (expected, 0.0)


@settings(max_examples=300)
@given(
    model=merge_tables(),
    words=st.lists(st.text("abcd", max_size=25) | st.text("a", max_size=40), max_size=5),
    alpha=st.sampled_from([0.0, 0.5, 0.9, 1.0]) | st.floats(0, 1),
    seed=st.integers(),
)
def test_the_twins_of_bpe_dropout(model: BpeModel, words: list[str], alpha: float, seed: int) -> None:
    one, other = Stream(seed), Stream(seed)
    assert model.sample_words(words, alpha, one, "reference") == model.sample_words(words, alpha, other, "fast")
    assert alpha == 0 or one.state == other.state


def test_a_long_word_is_no_problem() -> None:
    model, word = bpe_model("a b", "ab ab", "abab abab"), "ab" * 20_000
    [(ids, widths)], _ = model.sample_words([word], 0.3, Stream(0))
    assert "".join(model.strings[i] for i in ids) == word
    assert sum(widths) == len(word)
    assert ids != model.encode_words([word])[0][0]


def test_the_numbers_of_the_stream_are_those_of_splitmix64() -> None:
    stream = Stream(0)
    stream.state = 1234567
    published = (6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431)
    assert [stream.random() for _ in published] == [(number >> 11) / 2**53 for number in published]
    assert len({Stream(*start).state for start in [(0, 0), (0, 1), (1, 0), (-1, 0), (10, 0), (2**70, 0)]}) == 6


def test_a_dead_end_by_hand() -> None:
    model = wordpiece_model("a", "ab", "abc", "##c", "##b")  # a ##b ##c, ab ##c, abc
    poor = wordpiece_model("a", "ab", "abc", "##c")  # after a, nothing fits
    stream = Stream(5)
    assert {cut(model, "abc", 1.0, stream)[0][0] for _ in range(20)} == {(1, 5, 4)}
    assert {cut(poor, "abc", 1.0, stream)[0][0] for _ in range(20)} == {(2, 4)}
    assert cut(poor, "abx", 0.5, stream) == (((0,), (3,)), 0.0)


# --- texts ----------------------------------------------------------------------------------------------------

SAMPLED_TOKENIZERS = [label for label in TOKENIZERS if label != "word"]


@pytest.mark.parametrize("label", SAMPLED_TOKENIZERS)
@settings(max_examples=40)
@given(text=TEXT, alpha=st.floats(0, 1), seed=st.integers())
def test_samples_of_texts(label: str, text: str, alpha: float, seed: int) -> None:
    tokenizer = trained(label)
    exact = tokenizer.encode(text)
    comes_back = tokenizer.decode(exact.ids.tolist()) == text
    for sample in tokenizer.sample(text, 2, alpha=alpha, seed=seed):
        check_encoding(tokenizer, text, sample.encoding)
        if comes_back:
            assert tokenizer.decode(sample.encoding.ids.tolist()) == text
        raw = text.encode()
        for index, (start, end) in zip(sample.encoding.ids, sample.encoding.offsets, strict=True):
            piece = tokenizer.vocab[index]
            spellings = (piece.surface, b"##" + piece.surface) if piece.continuation else (piece.surface,)
            assert tokenizer.normalizer != "none" or piece.special or start == end or raw[start:end] in spellings
    if "unigram" not in label:  # there alpha is no dropout: with 0 all ways are equally likely
        [sample] = tokenizer.sample(text, 1, alpha=0.0, seed=seed)
        assert sample.encoding.ids.tolist() == exact.ids.tolist()
        assert sample.encoding.offsets.tolist() == exact.offsets.tolist()


@pytest.mark.parametrize("label", SAMPLED_TOKENIZERS)
def test_the_backend_changes_no_sample(label: str) -> None:
    text = f"{CORPUS[0]} ☃ {CORPUS[1]}"
    readable, compiled = (
        replace(trained(label), backend=backend).sample(text, 3, alpha=0.2, seed=-5)
        for backend in ("reference", "fast")
    )
    for one, other in zip(readable, compiled, strict=True):
        assert one.encoding.ids.tolist() == other.encoding.ids.tolist()
        assert one.encoding.offsets.tolist() == other.encoding.offsets.tolist()
        assert one.log_probability == other.log_probability


@pytest.mark.parametrize(
    ("label", "fine"),
    [
        ("byte-level", [b"t", b"h", b"e", b" ", b"c", b"a", b"f", b"\xc3", b"\xa9"]),
        ("suffix", [b"t", b"h", b"e", b" ", b"c", b"a", b"f", "é".encode()]),
        ("byte fallback", [b"t", b"h", b"e", b" ", b"c", b"a", b"f", "é".encode()]),
        ("wordpiece", [b"t", b"h", b"e", b"c", b"a", b"f", "é".encode()]),
    ],
)
def test_all_dropped_is_the_alphabet(label: str, fine: list[bytes]) -> None:
    tokenizer = trained(label)
    [sample] = tokenizer.sample("the café", 1, alpha=1.0, seed=0)
    assert [tokenizer.vocab[i].surface for i in sample.encoding.ids] == fine
    assert len(tokenizer.encode("the café")) < len(fine)


def shown(tokenizer: TrainedTokenizer, text: str, n: int, **options: Any) -> list[str]:
    samples = tokenizer.sample(text, n, **options)
    return [" ".join(str(tokenizer.vocab[i]) for i in sample.encoding.ids) for sample in samples]


HUGS = ["hug " * 10 + "pug " * 5 + "pun " * 12 + "bun " * 4 + "hugs " * 5]


@cache
def hugging(name: str) -> TrainedTokenizer:
    options: dict[str, Any] = {"alphabet": "character"} if name == "bpe" else {}
    tokenizer = train(name, HUGS, vocab_size=40, pretokenizer="whitespace", **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


def test_golden_samples_by_hand() -> None:
    # The first numbers of stream 0 of seed 0; what is below alpha drops.
    stream = Stream(0)
    assert [round(stream.random(), 3) for _ in range(5)] == [0.882, 0.564, 0.207, 0.853, 0.115]
    tokenizer = hugging("bpe")
    merges = ["u g", "u n", "h ug", "p un", "p ug", "hug s", "b un"]
    assert [f"{left} {right}" for left, right in tokenizer.vocab.merges] == merges
    # u g is kept, h ug is kept, hug s is dropped; u n is kept, b un is dropped.
    assert shown(tokenizer, "hugs bun", 5, alpha=0.3, seed=0) == [
        *("hug s b un", "h u g s bun", "hug s bun", "h u g s b un", "h ug s b un")
    ]
    # hugs is kept, bun is kept; in the next sample, hugs is rejected, hug is kept, bun is kept.
    assert shown(hugging("wordpiece"), "hugs bun", 5, alpha=0.3, seed=0) == [
        *("hugs bun", "hug ##s bun", "hugs bun", "hug ##s bu ##n", "hugs bu ##n")
    ]


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sample_depends_on_its_number_and_the_seed_alone(name: str) -> None:
    tokenizer = hugging(name)
    many = shown(tokenizer, "hugs pun bun", 40, alpha=0.3, seed=7)
    tokenizer.encode("something else")
    assert shown(tokenizer, "hugs pun bun", 3, alpha=0.3, seed=7) == many[:3]
    assert shown(tokenizer, "hugs pun bun", 40, alpha=0.3, seed=8) != many
    assert len(set(many)) > 3
    assert tokenizer.sample("hugs", 0, alpha=0.3, seed=7) == []


def test_the_probability_of_a_text_is_that_of_its_words() -> None:
    tokenizer = hugging("wordpiece")
    alpha = 0.3
    laws = [match_law(tokenizer.model, word, Fraction(3, 10)) for word in ("hugs", "bun")]  # type: ignore[arg-type]
    for sample in tokenizer.sample("hugs bun", 50, alpha=alpha, seed=3):
        ids, second = sample.encoding.ids.tolist(), sample.encoding.offsets[:, 0] > 4
        chances = [law[tuple(itertools.compress(ids, part))] for law, part in zip(laws, (~second, second), strict=True)]
        assert sample.log_probability == pytest.approx(math.log(math.prod(chances)))
    [none] = tokenizer.sample("", 1, alpha=alpha, seed=3)
    assert (len(none.encoding), none.log_probability) == (0, 0.0)
    assert {sample.log_probability for sample in hugging("bpe").sample("hugs", 9, alpha=alpha, seed=3)} == {None}


@pytest.mark.parametrize("name", SAMPLED)
def test_samples_are_the_same_in_every_process(name: str, tmp_path: Path) -> None:
    tokenizer = train(name, english(8_000), vocab_size=400)
    assert isinstance(tokenizer, TrainedTokenizer)
    tokenizer.save(tmp_path / "model")
    text = "Determinism is the subject here."
    expected = [sample.encoding.ids.tolist() for sample in tokenizer.sample(text, 4, alpha=0.2, seed=11)]
    args = ["encode", "model", "-", "--sample", "--alpha", "0.2", "--seed", "11", "-n", "4"]
    for seed in ("0", "4242"):
        ran = run(*args, cwd=tmp_path, stdin=text.encode(), env={"PYTHONHASHSEED": seed})
        lines = [line.partition("\t")[0] for line in ran.out.splitlines()]
        assert lines == [" ".join(map(str, ids)) for ids in expected]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.sample("hug", 1, alpha=-0.1, seed=0), "alpha -0.1 is not between 0 and 1"),
        (lambda t: t.sample("hug", 1, alpha=1.1, seed=0), "alpha 1.1 is not between 0 and 1"),
        (lambda t: t.sample("hug", 0, alpha=math.nan, seed=0), "alpha nan is not between 0 and 1"),
        (lambda t: t.sample("hug", -1, alpha=0.1, seed=0), "-1 samples cannot be drawn"),
        (lambda t: t.sample("a\ud800", 1, alpha=0.1, seed=0), "character 1 is a lone surrogate"),
    ],
)
def test_bad_options(call: Callable[[TrainedTokenizer], Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call(hugging("bpe"))


def test_what_cannot_be_sampled_says_what_can() -> None:
    ours = [name for name, target in ALGORITHMS.items() if target.startswith("toklab.algorithms.")]
    tokenizers = {name: train(name, HUGS, vocab_size=300) for name in ours}
    word = tokenizers.pop("word")
    assert isinstance(word, TrainedTokenizer)
    with pytest.raises(UsageError, match="word has one encoding of each text; bpe, wordpiece, unigram can be sampled"):
        word.sample("hug", 1, alpha=0.1, seed=0)
    assert set(SAMPLED) <= set(tokenizers)
    for tokenizer in tokenizers.values():
        assert isinstance(tokenizer, TrainedTokenizer)
        assert len(tokenizer.sample("hug", 2, alpha=0.1, seed=0)) == 2
