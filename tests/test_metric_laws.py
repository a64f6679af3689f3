"""What holds for every metric at once: its bounds, what makes no difference to it, and that the table is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from encoded_texts import UNK, Document, arbitrary, chain, encoded, value
from helpers import english
from hypothesis import given
from hypothesis import strategies as st
from test_inspect_reach import bpe, trained

from toklab.comparison import encode
from toklab.inspecting import inspect_model
from toklab.metrics import METRICS, Encoded, seen_characters
from toklab.metrics.distance import levenshtein
from toklab.metrics.pairs import PAIR_METRICS
from toklab.retraining.findings import Probe
from toklab.retraining.sameness import Sameness
from toklab.training import train
from toklab.types import Batch, Vocab

# of the published definitions, each under the one name that it has everywhere
NAMES = {
    "vocabulary size": "vocab_requested vocab_obtained vocab_used vocab_unreachable",
    "sequence length": "tokens bytes_per_token chars_per_token fertility continued_words single_token_words length_p50 "
    "length_p95 length_p99 length_max token_length_mean token_length_p95",
    "OOV handling": "unk_rate unk_bytes fallback_rate oov_words oov_fertility seen_fertility oov_unk_words "
    "oov_exploded oov_chars oov_chars_unk oov_chars_bytes",
    "fidelity": "round_trip round_trip_cer",
    "characters": "utf8_complete utf8_crossing utf8_split",
    "numbers": "digit_place_f1",
    "morphology": "boundary_precision boundary_recall boundary_f1 morph_score",
    "code": "identifier_parts indent_tokens operators_whole",
    "distribution": "entropy renyi_efficiency renyi_efficiency_observed renyi_efficiency_low renyi_efficiency_high "
    "type_token_ratio mattr mass_coverage_90",
    "cost of use": "bits_per_byte",
    "probability": "likelihood_per_byte segmentation_entropy nbest_diversity",
}
# above 1 where decoding adds text, and where the entropy is nearly that of a uniform distribution
UNBOUNDED = {"round_trip_cer", "renyi_efficiency_high"}
# of the text as a whole, not of what is usual in it
GROWING = {"tokens": 2.0, "type_token_ratio": 0.5}


@st.composite
def anything(draw: st.DrawFn) -> Encoded:
    """Documents with tokens of any sorted spans, where every metric knows what it needs to know."""
    data = draw(arbitrary())
    decoded = tuple(draw(st.sampled_from([text, text[1:], "?" + text])) for text in data.texts)
    seen = frozenset(draw(st.sets(st.sampled_from("ab é"))))
    return replace(data, decoded=decoded, seen_characters=seen, unreachable=lambda: 1)


def of_documents(data: Encoded, order: Sequence[int]) -> Encoded:
    """The same with some of its documents, learned from as before."""
    texts, decoded = (tuple(parts[i] for i in order) for parts in (data.texts, data.decoded))
    return replace(data, texts=texts, decoded=decoded, batch=Batch.stack([data.batch[i] for i in order]))


def figures(data: Encoded) -> dict[str, float | None]:
    return {name: value(name, data) for name in METRICS}


def same(found: float | None, expected: float | None) -> bool:
    """Up to rounding, which bits of a model are subject to at 2**-20."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) < 1e-5


def test_the_table_is_complete() -> None:
    assert {name: each.group for name, each in METRICS.items()} == {
        name: group for group, names in NAMES.items() for name in names.split()
    }
    assert [each.name for each in PAIR_METRICS] == [
        "vocab_jaccard",
        "vocab_overlap",
        "boundary_agreement",
        "word_agreement",
    ]
    for kind in (Probe, Sameness):
        assert {"same_set", "same_ids", "same_encodings"} <= set(kind.__dataclass_fields__)


@given(anything())
def test_bounds(data: Encoded) -> None:
    for name, figure in figures(data).items():
        if figure is not None:
            assert figure >= -1e-12, name
            assert METRICS[name].unit != "share" or name in UNBOUNDED or figure <= 1 + 1e-12, name


@given(anything(), st.data())
def test_the_order_of_documents_makes_no_difference(data: Encoded, draw: st.DataObject) -> None:
    order = draw.draw(st.permutations(range(len(data.texts))))
    assert figures(of_documents(data, order)) == figures(data)


@given(anything(), st.data())
def test_the_numbers_of_the_pieces_make_no_difference(data: Encoded, draw: st.DataObject) -> None:
    new = np.array(draw.draw(st.permutations(range(len(data.vocab)))), np.int32)
    pieces = tuple(data.vocab[int(old)] for old in np.argsort(new))
    assert data.vocab.unk_id is not None
    batch = replace(data.batch, ids=new[data.batch.ids])
    other = replace(data, vocab=Vocab(pieces, int(new[data.vocab.unk_id])), batch=batch, training=lambda: batch)
    for name, figure in figures(other).items():
        assert same(figure, value(name, data)), name


@given(anything())
def test_the_same_documents_twice(data: Encoded) -> None:
    twice = figures(of_documents(data, [*range(len(data.texts))] * 2))
    for name, figure in figures(data).items():
        expected = None if figure is None else figure * GROWING.get(name, 1)
        assert same(twice[name], expected), name


class TestUnseenCharacters:
    def test_by_hand(self) -> None:
        # seen: a and the space; unseen: é as two bytes, c known, 語 unknown, é again within a longer token
        first: Document = (
            "é c語",
            [(b"\xc3", 0, 1), (b"\xa9", 1, 2), (b" c", 2, 4), (UNK, 4, 7)],
        )
        data = encoded([first, chain("aé", "aé")], unk=True)
        data = replace(data, seen_characters=seen_characters(["a a"]))
        assert value("oov_chars", data) == 4 / 6
        assert value("oov_chars_unk", data) == 1 / 4
        assert value("oov_chars_bytes", data) == 1 / 4

    def test_examples_of_the_docstrings(self) -> None:
        seen = replace(encoded([chain("abcc", *"abcc")]), seen_characters=frozenset("ab"))
        assert value("oov_chars", seen) == 1 / 2
        unknown: Document = ("abcd", [(b"a", 0, 1), (b"b", 1, 2), (UNK, 2, 3), (b"d", 3, 4)])
        assert value("oov_chars_unk", replace(encoded([unknown], unk=True), seen_characters=frozenset("ab"))) == 1 / 2
        cut: Document = ("éc", [(b"\xc3", 0, 1), (b"\xa9", 1, 2), (b"c", 2, 3)])
        assert value("oov_chars_bytes", replace(encoded([cut]), seen_characters=frozenset())) == 1 / 2

    def test_undefined(self) -> None:
        data = encoded([chain("ab", "ab")])
        assert [value(name, data) for name in ("oov_chars", "oov_chars_bytes")] == [None, None]
        known = replace(data, seen_characters=frozenset("ab"))
        assert value("oov_chars", known) == 0
        assert value("oov_chars_bytes", known) is None
        assert value("oov_chars_unk", known) is None

    @given(anything())
    def test_against_loops(self, data: Encoded) -> None:
        assert data.seen_characters is not None
        unknown, all_characters, count = 0, 0, 0
        for row, text in enumerate(data.texts):
            spans = data.batch[row].offsets[data.batch[row].ids == data.vocab.unk_id].tolist()
            for place, character in enumerate(text):
                start, end = len(text[:place].encode()), len(text[: place + 1].encode())
                if character not in data.seen_characters:
                    count += 1
                    unknown += any(first < end and last > start for first, last in spans)
            all_characters += len(text)
        assert value("oov_chars", data) == (count / all_characters if all_characters else None)
        assert value("oov_chars_unk", data) == (unknown / count if count else None)


class TestUnreachable:
    def test_by_hand(self) -> None:
        # b+c comes first, so that abc is always a|bc
        tokenizer = trained(bpe("abc", [("b", "c"), ("a", "b"), ("ab", "c")], unk=False))
        assert value("vocab_unreachable", encode(tokenizer, ["aab"])) == 1 / 6

    @pytest.mark.parametrize("name", ["byte", "bpe", "hf-bpe"])
    def test_bytes_that_are_in_no_utf8(self, name: str) -> None:
        # C0, C1 and F5 to FF
        corpus = english(4_000)
        tokenizer = train(name, corpus) if name == "byte" else train(name, corpus, vocab_size=300)
        data = encode(tokenizer, ["the text"])
        figure = value("vocab_unreachable", data)
        assert figure == 13 / len(tokenizer.vocab)
        assert figure == inspect_model(tokenizer, ["the text"]).vocab_unreachable

    def test_what_nobody_looked_for_is_undefined(self) -> None:
        assert value("vocab_unreachable", encoded([chain("a", "a")])) is None
        assert value("vocab_unreachable", replace(encoded([chain("a", "a")]), unreachable=lambda: None)) is None


def test_distances_that_rapidfuzz_finds() -> None:
    """Figures of RapidFuzz 3.14.6, ``rapidfuzz.distance.Levenshtein.distance``."""
    pairs = [
        ("kitten", "sitting"),
        ("the quick brown fox", "teh quikc brwon fox!"),
        ("สวัสดีครับ", "สวสดีคับ"),
        ("ab" * 50, "ba" * 47 + "xyz"),
    ]
    assert [levenshtein(one, other) for one, other in pairs] == [3, 7, 2, 6]
