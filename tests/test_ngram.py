"""The n-gram model of `bits_per_byte` against its definition in fractions, and the metric by hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import pytest
from encoded_texts import BOS, UNK, Document, chain, encoded, value
from helpers import english
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.comparison import compare, encode
from toklab.errors import UsageError
from toklab.measure import measure
from toklab.metrics import METRICS, Encoded, Ratio
from toklab.metrics.cost import ORDER, UNIT
from toklab.metrics.ngram import FALLBACK, NgramModel, _distinct, discounts
from toklab.statistics import Bootstrap
from toklab.training import train
from toklab.types import Batch, IdArray, IntArray, Piece

Texts = Sequence[Sequence[int]]
Gram = tuple[int, ...]
BEGIN, END = -1, -2


class Naive:
    """The model of the module's docstring, from dictionaries of n-grams and in fractions."""

    def __init__(self, documents: Texts, vocab_size: int, order: int) -> None:
        self.vocab_size, self.order = vocab_size, order
        self.counts: Counter[Gram] = Counter()
        for document in documents:
            symbols = (BEGIN, *document, END)
            for end in range(1, len(symbols)):
                starts = range(max(end + 1 - order, 0), end + 1)
                self.counts.update(symbols[start : end + 1] for start in starts)

    @cached_property
    def followers(self) -> list[dict[Gram, dict[int, int]]]:
        """By order and context, the count of each symbol after it."""
        before: dict[Gram, set[int]] = {}
        for gram in self.counts:
            before.setdefault(gram[1:], set()).add(gram[0])
        found: list[dict[Gram, dict[int, int]]] = [{} for _ in range(self.order + 1)]
        for gram, count in self.counts.items():
            by_occurrence = len(gram) == self.order or gram[0] == BEGIN
            amount = count if by_occurrence else len(before[gram])
            found[len(gram)].setdefault(gram[:-1], {})[gram[-1]] = amount
        return found

    @cached_property
    def discounts(self) -> list[tuple[Fraction, ...]]:
        """By order, those of counts of 0, 1, 2 and more."""
        found = []
        for table in self.followers:
            n = Counter(count for after in table.values() for count in after.values())
            chosen = [Fraction(each) for each in FALLBACK]
            if all(n[j] for j in (1, 2, 3, 4)):
                y = Fraction(n[1], n[1] + 2 * n[2])
                estimates = [j - (j + 1) * y * Fraction(n[j + 1], n[j]) for j in (1, 2, 3)]
                chosen = estimates if min(estimates) > 0 else chosen
            found.append((Fraction(0), *chosen))
        return found

    def probability(self, symbol: int, context: Gram) -> Fraction:
        return self._probability(symbol, ((BEGIN, *context)[-self.order + 1 :] if self.order > 1 else ()))

    def _probability(self, symbol: int, context: Gram) -> Fraction:
        lower = self._probability(symbol, context[1:]) if context else Fraction(1, self.vocab_size + 1)
        after = self.followers[len(context) + 1].get(context)
        if not after:
            return lower
        discount = self.discounts[len(context) + 1]
        total = sum(after.values())
        freed = sum(discount[min(count, 3)] for count in after.values())
        count = after.get(symbol, 0)
        return (count - discount[min(count, 3)] + freed * lower) / total

    def probabilities(self, documents: Texts) -> list[Fraction]:
        return [
            self.probability(symbol, tuple(document[:place]))
            for document in documents
            for place, symbol in enumerate([*document, END])
        ]


def flat(documents: Texts) -> tuple[IdArray, IntArray]:
    ids = np.array([token for document in documents for token in document], np.int32)
    return ids, np.cumsum([0, *map(len, documents)])


def trained(documents: Texts, vocab_size: int, order: int = ORDER) -> NgramModel:
    return NgramModel.train(*flat(documents), vocab_size, order)


def judged(model: NgramModel, documents: Texts) -> list[float]:
    found: list[float] = model.probabilities(*flat(documents)).tolist()
    return found


def documents(ids: int, most: int = 8) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(st.integers(0, ids - 1), max_size=12), max_size=most)


# what training sees, and up to two ids more
CASES = st.integers(1, 4).flatmap(
    lambda seen: st.tuples(
        documents(seen), st.integers(seen, seen + 2).flatmap(lambda v: st.tuples(st.just(v), documents(v)))
    )
)
ORDERS = st.integers(1, 4)


def zipfian(count: int, ids: int, seed: int) -> list[list[int]]:
    """Documents with frequent and rare ids and repeated pairs, so that every discount has an estimate."""
    random = np.random.default_rng(seed)
    chosen = np.minimum(random.zipf(1.6, (count, 25)), ids) - 1
    chosen[:, 1::2] = (chosen[:, ::2][:, :12] * 3 + (random.random((count, 12)) < 0.3)) % ids
    rows: list[list[int]] = chosen.tolist()
    return rows


class TestModel:
    def test_example_of_the_docstring(self) -> None:
        a, b = 0, 1
        naive, model = Naive([[a, b], [a, b, b]], 2, 2), trained([[a, b], [a, b, b]], 2, 2)
        unigrams = [naive._probability(symbol, ()) for symbol in (a, b, END)]
        assert unigrams == [Fraction(7, 24), Fraction(10, 24), Fraction(7, 24)]
        after_b = [naive.probability(symbol, (b,)) for symbol in (a, b, END)]
        assert after_b == [Fraction(7, 48), Fraction(18, 48), Fraction(23, 48)]
        # after the first b of each document: a, b and the end
        assert [row[1] for row in (judged(model, [[b, a]]), judged(model, [[b, b]]), judged(model, [[b]]))] == [
            pytest.approx(float(p), rel=1e-15) for p in after_b
        ]
        assert naive.probabilities([[a, b]]) == [Fraction(31, 48), Fraction(17, 24), Fraction(23, 48)]
        assert judged(model, [[a, b]]) == pytest.approx([31 / 48, 17 / 24, 23 / 48], rel=1e-15)

    @settings(max_examples=150)
    @given(CASES, ORDERS)
    def test_is_the_definition(self, case: tuple[list[list[int]], tuple[int, list[list[int]]]], order: int) -> None:
        seen, (vocab_size, held_out) = case
        expected = Naive(seen, vocab_size, order).probabilities(held_out)
        found = judged(trained(seen, vocab_size, order), held_out)
        assert found == pytest.approx(list(map(float, expected)), rel=1e-12)
        assert all(0 < each <= 1 + 1e-12 for each in found)

    @given(CASES, ORDERS, st.data())
    def test_sums_to_1_after_any_context(
        self, case: tuple[list[list[int]], tuple[int, list[list[int]]]], order: int, data: st.DataObject
    ) -> None:
        seen, (vocab_size, _) = case
        context = data.draw(st.lists(st.integers(0, vocab_size - 1), max_size=5))
        naive = Naive(seen, vocab_size, order)
        symbols = [*range(vocab_size), END]
        assert sum(naive.probability(symbol, tuple(context)) for symbol in symbols) == 1
        model = trained(seen, vocab_size, order)
        chances = [judged(model, [[*context, symbol]])[len(context)] for symbol in range(vocab_size)]
        assert math.fsum([*chances, judged(model, [context])[-1]]) == pytest.approx(1, abs=1e-12)

    @pytest.mark.parametrize("order", [1, 2, 3, 4])
    def test_with_discounts_from_counts_of_counts(self, order: int) -> None:
        seen, held_out = zipfian(80, 600, 0), zipfian(8, 602, 1)
        naive = Naive(seen, 602, order)
        assert naive.discounts[order][1:] != tuple(map(Fraction, FALLBACK))
        assert judged(trained(seen, 602, order), held_out) == pytest.approx(
            list(map(float, naive.probabilities(held_out))), rel=1e-12
        )

    @given(documents(4), documents(4), ORDERS, st.randoms(use_true_random=False))
    def test_neither_the_order_of_documents_nor_the_names_of_ids_matter(
        self, seen: list[list[int]], held_out: list[list[int]], order: int, random: np.random.RandomState
    ) -> None:
        expected = judged(trained(seen, 4, order), held_out)
        names = [0, 1, 2, 3]
        random.shuffle(names)
        shuffled = [[names[token] for token in document] for document in seen]
        random.shuffle(shuffled)
        assert judged(trained(shuffled, 4, order), [[names[t] for t in document] for document in held_out]) == expected

    def test_large_vocabularies(self) -> None:
        # keys of more than 32 bits, sorted in several rounds
        random = np.random.default_rng(0)
        few = random.integers(0, 300_000, 40)
        seen = random.choice(few, (30, 12)).tolist()
        held_out = [*random.choice(few, (3, 9)).tolist(), [0, 299_999]]
        expected = map(float, Naive(seen, 300_000, 3).probabilities(held_out))
        assert judged(trained(seen, 300_000), held_out) == pytest.approx(list(expected), rel=1e-12)

    def test_rows_may_begin_inside(self) -> None:
        ids = np.array([9, 0, 1, 0, 9], np.int32)
        found = NgramModel.train(ids, np.array([1, 3, 4]), 10).probabilities(ids, np.array([1, 3, 4]))
        assert found.tolist() == judged(trained([[0, 1], [0]], 10), [[0, 1], [0]])

    def test_without_training_all_symbols_are_alike(self) -> None:
        assert judged(trained([], 3), [[0, 2], []]) == [0.25] * 4
        assert judged(trained([[0]], 3), []) == []

    def test_wrong_use(self) -> None:
        with pytest.raises(UsageError, match="order 0 hold nothing"):
            trained([[0]], 1, 0)
        for wrong in (-1, 2):
            with pytest.raises(UsageError, match="below 2, the size of the vocabulary"):
                trained([[0, wrong]], 2)
            with pytest.raises(UsageError, match="below 2, the size of the vocabulary"):
                trained([[0]], 2).probabilities(*flat([[wrong]]))

    @given(st.lists(st.integers(0, 3) | st.integers(0, 2**60), max_size=20))
    def test_distinct_keys(self, keys: list[int]) -> None:
        distinct, where, found = _distinct(np.array(keys, np.int64))
        assert distinct.tolist() == sorted(set(keys))
        assert [keys[place] for place in where] == distinct.tolist()
        assert [int(distinct[each]) for each in found] == keys


class TestDiscounts:
    def test_by_hand(self) -> None:
        # n1 = 4, n2 = 3, n3 = 2, n4 = 1, so n1 / (n1 + 2 n2) = 2/5
        counts = np.array([1] * 4 + [2] * 3 + [3] * 2 + [4, 5, 9, 0])
        assert discounts(counts) == (1 - 0.6, 2 - 0.8, 3 - 0.8)

    @pytest.mark.parametrize("counts", [[], [0], [1, 2, 3], [7, 8], [1, 2, 2, 3, 3, 5], [2, 3, 4]])
    def test_counts_that_say_nothing(self, counts: list[int]) -> None:
        assert discounts(np.array(counts, np.int64)) == FALLBACK

    def test_estimates_that_are_not_above_0(self) -> None:
        # 2 - 3 · 1/3 · 2 is exactly 0, so that nothing would be left to what was never seen
        assert discounts(np.array([1, 2, 3, 3, 4])) == FALLBACK
        assert discounts(np.array([1, 2, 3, 3, 3, 4])) == FALLBACK


def learning(held_out: Encoded, training: Encoded) -> Encoded:
    return replace(held_out, training=lambda: training.batch)


def per_document(data: Encoded) -> list[float]:
    statistic = METRICS["bits_per_byte"](data)
    assert isinstance(statistic, Ratio)
    bits: list[float] = (statistic.numerator / UNIT).tolist()
    return bits


def naive_bits(seen: Texts, held_out: Texts, vocab_size: int) -> list[float]:
    model = Naive(seen, vocab_size, ORDER)
    return [math.fsum(-math.log2(p) for p in model.probabilities([document])) for document in held_out]


class TestMetric:
    def test_per_document(self) -> None:
        seen = encoded([chain("abab", "a", "b", "ab"), chain("ba", "b", "a")])
        data = learning(encoded([chain("ab", "a", "b"), ("", []), chain("bab", "b", "ab")], extra=[Piece(b"x")]), seen)
        expected = naive_bits([[0, 1, 2], [1, 0]], [[0, 1], [], [1, 2]], 4)
        assert per_document(data) == pytest.approx(expected, abs=1e-5)
        assert value("bits_per_byte", data) == pytest.approx(sum(expected) / 5, abs=1e-5)

    def test_bytes_are_those_of_the_raw_text(self) -> None:
        once, twice = (encoded([(text, [(b"e", 0, 1)])]) for text in ("e", "eé"))
        assert value("bits_per_byte", once) == pytest.approx(3 * value("bits_per_byte", twice))  # type: ignore[operator]

    def test_special_tokens_are_not_predicted(self) -> None:
        plain = encoded([chain("ab", "a", "b")], extra=[BOS])
        rows: Document = ("ab", [(BOS, 0, 0), *chain("ab", "a", "b")[1]])
        marked = encoded([rows])
        assert len(marked.training_tokens[0]) == 2
        assert value("bits_per_byte", marked) == value("bits_per_byte", plain)

    def test_unknown_tokens_pay_for_what_they_hide(self) -> None:
        rows: Document = ("a語語", [(b"a", 0, 1), (UNK, 1, 4), (UNK, 1, 7)])
        data = encoded([rows], unk=True)
        tokens = naive_bits([[1, 0, 0]], [[1, 0, 0]], 2)[0]
        assert per_document(data) == pytest.approx([tokens + 8 * 6], abs=1e-5)

    def test_undefined(self) -> None:
        data = encoded([chain("ab", "a", "b")])
        assert value("bits_per_byte", replace(data, training=None)) is None
        with pytest.raises(UsageError, match="no training documents"):
            _ = replace(data, training=None).training_tokens
        assert value("bits_per_byte", encoded([("", [])])) is None

    def test_training_tokens_of_another_vocabulary(self) -> None:
        other = encoded([chain("abc", "a", "b", "c")])
        with pytest.raises(UsageError, match="token id 2 is not in the vocabulary of 2 pieces"):
            value("bits_per_byte", learning(encoded([chain("ab", "a", "b")]), other))

    def test_training_text_is_encoded_where_it_is_needed(self) -> None:
        def refuse() -> Batch:
            raise AssertionError("nothing asked for it")

        data = replace(encoded([chain("ab", "a", "b"), chain("a", "a")]), training=refuse)
        assert measure(data, Bootstrap(2, 5), ["tokens", "unk_rate"])[0].value == 3
        with pytest.raises(AssertionError, match="nothing asked"):
            measure(data, Bootstrap(2, 5), ["bits_per_byte"])


class TestTokenizers:
    def test_rank_as_the_definition_does(self) -> None:
        training, test = english().split(0.1)
        figures = {}
        for name in ("bpe", "unigram", "byte"):
            fit = train(name, training, vocab_size=400)
            data = encode(fit, test.documents[:2], frozenset(), 400, training.documents)
            seen, held_out = ([fit.encode(t).ids.tolist() for t in texts] for texts in (training.documents, data.texts))
            assert per_document(data) == pytest.approx(naive_bits(seen, held_out, len(fit.vocab)), abs=1e-3)
            figures[name] = value("bits_per_byte", data) or 0.0
        assert all(2 < figure < 5 for figure in figures.values())
        assert max(figures, key=lambda name: figures[name]) == "byte"

    def test_joins_the_comparison(self) -> None:
        report = compare(english(), ["bpe", "hf-bpe"], vocab_size=400, resamples=20, probe=False)
        ours, theirs = report["bpe"]["bits_per_byte"], report["hf-bpe"]["bits_per_byte"]
        assert ours == theirs
        assert ours.value is not None
        assert ours.ci_low is not None
        assert ours.ci_high is not None
        assert ours.ci_low < ours.value < ours.ci_high
        assert ours.group == "cost of use"
        assert "|ngram:kn3@5MB@seed0|" in report.signature
