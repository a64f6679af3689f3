"""Figures of two tokenizers: by hand, against sets, and in a comparison as rows and as a matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from encoded_texts import UNK, Document, Token, chain, encoded
from helpers import english
from hypothesis import given
from hypothesis import strategies as st

from toklab.comparison import compare
from toklab.errors import UnknownNameError
from toklab.metrics import Encoded, words
from toklab.metrics.pairs import (
    PAIR_METRICS,
    Cutting,
    Overlap,
    boundary_agreement,
    overlap,
    surfaces,
    vocab_jaccard,
    vocab_overlap,
    word_agreement,
)
from toklab.report import render_pairs, render_report, write_report
from toklab.results import Report
from toklab.training import train
from toklab.types import Piece, Vocab

BOTH = [(name, size) for name in ("bpe", "hf-bpe", "spm-bpe") for size in (400, 420)]
TEXTS = st.lists(st.text(st.sampled_from("ab é語\n"), max_size=8), min_size=1, max_size=4)


def figures(first: Encoded, second: Encoded) -> list[float | None]:
    ours, theirs = Cutting.of(first), Cutting.of(second)
    return [metric.function(ours, theirs).value() for metric in PAIR_METRICS]


def agreements(first: Sequence[Document], second: Sequence[Document]) -> tuple[float | None, float | None]:
    ours, theirs = (Cutting.of(encoded(documents, unk=True)) for documents in (first, second))
    return boundary_agreement(ours, theirs).value(), word_agreement(ours, theirs).value()


@st.composite
def cut_texts(draw: st.DrawFn, texts: Sequence[str]) -> list[Document]:
    """Texts cut at any bytes; a part is a token, the unknown token, a special token, or dropped."""
    documents: list[Document] = []
    for text in texts:
        raw = text.encode()
        inner = draw(st.sets(st.integers(1, len(raw) - 1))) if len(raw) > 1 else set()
        bounds = [0, *sorted(inner), len(raw)]
        tokens: list[Token] = []
        for start, end in pairwise(bounds):
            kind = (
                draw(st.sampled_from(["token", "token", "token", "unknown", "dropped"])) if end > start else "dropped"
            )
            if kind != "dropped":
                tokens.append((UNK if kind == "unknown" else raw[start:end], start, end))
        documents.append((text, tokens))
    return documents


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[list[Document], list[Document]]:
    texts = draw(TEXTS)
    return draw(cut_texts(texts)), draw(cut_texts(texts))


def places(tokens: Sequence[Token]) -> set[int]:
    return {place for _, start, end in tokens for place in (start, end)}


class TestByHand:
    def test_examples_of_the_docstrings(self) -> None:
        ours, theirs = (
            Vocab(tuple(map(Piece, pieces))) for pieces in ([b"a", b"b", b"ab"], [b"a", b"b", b"ba", b"bb"])
        )
        assert overlap(surfaces(ours), surfaces(theirs)) == Overlap(3, 4, 2)
        assert Overlap(3, 4, 2).jaccard == 2 / 5
        assert Overlap(3, 4, 2).coefficient == 2 / 3
        text = "unbelievable"
        assert agreements([chain(text, "un", "believ", "able")], [chain(text, "unbeliev", "able")]) == (1 / 2, 0)
        text = "the cats"
        assert agreements([chain(text, "the", " cat", "s")], [chain(text, "the", " ", "cat", "s")]) == (2 / 3, 1)

    def test_figures_of_encoded_documents(self) -> None:
        first = encoded([chain("abab", "ab", "ab")], extra=[Piece(b"a"), Piece(b"b")])
        second = encoded([chain("abab", "a", "b", "ab")], extra=[Piece(b"bb")])
        # {ab, a, b} and {a, b, ab, bb}; boundaries {2} and {1, 2}; one word
        assert figures(first, second) == [3 / 4, 1, 1 / 2, 0]

    def test_flags_special_and_unknown_pieces_do_not_count(self) -> None:
        pieces = (Piece(b"[UNK]"), Piece(b"<s>", special=True), Piece(b"ing"), Piece(b"ing", continuation=True))
        assert surfaces(Vocab(pieces, unk_id=0)) == {b"ing"}
        final = Vocab((Piece(b"ing", word_final=True), Piece(b"A", byte=True)))
        assert surfaces(final) == {b"ing", b"A"}

    def test_the_ends_of_documents_are_no_boundaries(self) -> None:
        documents = [chain("ab", "ab"), chain("cd", "cd")]
        assert agreements(documents, documents) == (None, 1)
        assert agreements(documents, [chain("ab", "ab"), chain("cd", "c", "d")]) == (0, 1 / 2)

    def test_a_word_that_is_one_unknown_token_is_uncut(self) -> None:
        first: list[Document] = [("a 語", [(b"a", 0, 1), (UNK, 2, 5)])]
        assert agreements(first, [chain("a 語", "a", " 語")]) == (1 / 2, 1)
        halves: list[Document] = [("語", [(b"\xe8", 0, 1), (b"\xaa\x9e", 1, 3)])]
        assert agreements(halves, [chain("語", "語")]) == (0, 0)

    def test_undefined(self) -> None:
        assert agreements([chain("a", "a")], [chain("a", "a")]) == (None, 1)
        assert agreements([chain("??", "?", "?")], [chain("??", "?", "?")]) == (1, None)
        nothing = Cutting.of(encoded([("a", [(UNK, 0, 1)])], unk=True))
        assert vocab_jaccard(nothing, nothing).value() is None
        assert vocab_overlap(nothing, nothing).value() is None


class TestAgainstSets:
    @given(two_ways())
    def test_boundaries_and_words(self, both: tuple[list[Document], list[Document]]) -> None:
        shared = either = alike = count = 0
        for (text, first), (_, second) in zip(*both, strict=True):
            ends = {0, len(text.encode())}
            ours, theirs = places(first) - ends, places(second) - ends
            shared, either = shared + len(ours & theirs), either + len(ours | theirs)
            for _, start, end in words(text):
                inside = set(range(start + 1, end))
                alike += ours & inside == theirs & inside
                count += 1
        expected = (shared / either if either else None, alike / count if count else None)
        assert agreements(*both) == expected
        assert agreements(*reversed(both)) == expected

    @given(two_ways())
    def test_each_figure_is_symmetric_and_a_share(self, both: tuple[list[Document], list[Document]]) -> None:
        first, second = (encoded(documents, unk=True) for documents in both)
        found = figures(first, second)
        assert found == figures(second, first)
        assert all(figure is None or 0 <= figure <= 1 for figure in found)
        assert {*figures(first, first)} <= {1, None}

    @given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
    def test_overlap(self, ours: set[int], theirs: set[int]) -> None:
        found = overlap(sorted(ours), sorted(theirs))
        assert found.jaccard == (len(ours & theirs) / len(ours | theirs) if ours | theirs else None)
        smaller = min(len(ours), len(theirs))
        assert found.coefficient == (len(ours & theirs) / smaller if smaller else None)


@pytest.fixture(scope="module")
def report() -> Report:
    return compare(english(), ["bpe", "hf-bpe", "spm-bpe", "byte"], vocab_size=[400, 420], probe=False, resamples=200)


class TestInAComparison:
    def test_those_of_one_size_are_paired_and_those_with_a_size_of_their_own_with_all(self, report: Report) -> None:
        names = [((p.tokenizer, p.vocab_size), (p.other, p.other_vocab_size)) for p in report.pairs]
        expected = []
        for size in (400, 420):
            expected += [(a, b) for i, a in enumerate(BOTH) for b in BOTH[i + 1 :] if a[1] == b[1] == size]
        assert sorted(names) == sorted([*expected, *((one, ("byte", 256)) for one in BOTH)])
        assert len(set(names)) == len(names)

    def test_the_library_finds_what_ours_finds(self, report: Report) -> None:
        [pair] = [p for p in report.pairs if (p.tokenizer, p.other, p.vocab_size) == ("bpe", "hf-bpe", 420)]
        assert [cell.value for cell in pair.cells] == [1, 1, 1, 1]
        assert (pair["boundary_agreement"].ci_low, pair["boundary_agreement"].ci_high) == (1, 1)
        assert (pair["vocab_jaccard"].ci_low, pair["vocab_jaccard"].ci_high) == (None, None)
        with pytest.raises(UnknownNameError, match="metric 'jaccard'"):
            _ = pair["jaccard"]

    def test_figures_are_those_of_the_tokenizers_and_lie_in_their_intervals(self, report: Report) -> None:
        training, test = english().split(0.1, 0)
        first, second = (train(name, training, vocab_size=400) for name in ("bpe", "spm-bpe"))
        ours, theirs = (
            Encoded(
                t.vocab,
                tuple(test.documents),
                t.encode_batch(test.documents, offsets=True),
                tuple(test.documents),
                frozenset(),
                300,
            )
            for t in (first, second)
        )
        [pair] = [p for p in report.pairs if (p.tokenizer, p.other, p.vocab_size) == ("bpe", "spm-bpe", 400)]
        assert [cell.value for cell in pair.cells] == figures(ours, theirs)
        for name in ("boundary_agreement", "word_agreement"):
            cell = pair[name]
            assert cell.value is not None
            assert cell.ci_low is not None
            assert cell.ci_high is not None
            assert 0 < cell.ci_low < cell.value < cell.ci_high < 1

    def test_rows_of_the_json(self, report: Report) -> None:
        rows = json.loads(report.to_json())["pairs"]
        assert len(rows) == 4 * len(report.pairs)
        keys = ["tokenizer", "vocab_size", "other", "other_vocab_size", "metric", "value", "ci_low", "ci_high", "unit"]
        assert all(list(row) == keys for row in rows)
        assert [row["metric"] for row in rows[:4]] == [metric.name for metric in PAIR_METRICS]
        assert {row["unit"] for row in rows} == {"share"}

    def test_the_matrix(self, report: Report) -> None:
        text = render_pairs(report, 80)
        assert all(len(line) <= 80 for line in text.splitlines())
        blocks = text.split("pairs at vocabulary size ")[1:]
        assert [block[:3] for block in blocks] == ["400", "420"]
        for block in blocks:
            rows = [line.split("│")[1].split() for line in block.splitlines() if "│" in line][1:]
            assert [row[i] for i, row in enumerate(rows)] == ["·"] * 4
            assert rows[0][1] == rows[1][0] == "100%"
        [pair] = [p for p in report.pairs if (p.tokenizer, p.other, p.vocab_size) == ("spm-bpe", "byte", 420)]
        assert f"{pair['boundary_agreement'].value:.1%}" == rows[3][2]
        assert f"{pair['vocab_jaccard'].value:.1%}" == rows[2][3]
        assert "pairs at" not in render_report(report)

    def test_files(self, report: Report, tmp_path: Path) -> None:
        paths = {path.name: path for path in write_report(report, tmp_path)}
        rows = report.pair_rows()
        read = pd.read_csv(paths["pairs.csv"], keep_default_na=False, na_values=[""])
        for frame in (read, pd.read_parquet(paths["pairs.parquet"])):
            found = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]
            assert found == rows
        markdown = paths["report.md"].read_text("utf-8")
        assert "## Pairs at vocabulary size 400" in markdown
        [block] = [part for part in markdown.split("## ") if part.startswith("Pairs at vocabulary size 420")]
        table = [line.strip("| ").split(" | ") for line in block.splitlines() if line.startswith("|")][2:]
        assert [row[i + 2] for i, row in enumerate(table)] == ["·"] * 4
        shown = render_pairs(report).split("pairs at vocabulary size 420")[1]
        for row in table:
            assert all(cell in shown for cell in row)

    def test_one_contender_has_no_pair(self, report: Report) -> None:
        alone = Report(report.results[:1], "")
        assert render_pairs(alone) == "no two contenders to compare with each other\n"
        assert alone.to_dict()["pairs"] == []

    def test_descriptions(self) -> None:
        assert all(" ÷ " in metric.description for metric in PAIR_METRICS)
