"""Where two tokenizers cut differently: spans by hand and against sets, ids, libraries, text and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from encoded_texts import BOS, UNK, Document, chain, encoded
from helpers import english, run
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from test_pairs import cut_texts, two_ways

import toklab
from toklab.corpus import Corpus
from toklab.differing import DiffReport, IdMap, IdRow, Part, diff
from toklab.differing.spans import Spans, layout
from toklab.errors import FormatError, InputError, UnknownNameError, UsageError
from toklab.metrics import Encoded
from toklab.report import render_diff
from toklab.training import train
from toklab.types import Batch, Encoding, Piece, Tokenizer, Vocab

HOSTILE = "a\x1b[31mred\x1b[0m \u202eabc\u202c\x07 \u2028é\x9b1m "
Side = tuple[tuple[bytes, str], ...]


@dataclass(frozen=True)
class Fixed:
    """A tokenizer that knows how some texts are cut, and nothing else."""

    documents: Sequence[Document]
    name: str = "fixed"
    signature: Mapping[str, str] = field(default_factory=dict)

    @property
    def _encoded(self) -> Encoded:
        return encoded(self.documents, unk=True, extra=[BOS])

    @property
    def vocab(self) -> Vocab:
        return self._encoded.vocab

    def encode(self, text: str) -> Encoding:
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str], *, offsets: bool = False) -> Batch:
        assert list(texts) == [text for text, _ in self.documents]
        return self._encoded.batch

    def decode(self, ids: object) -> str:
        raise AssertionError("nobody asks")

    def save(self, folder: str | Path) -> Path:
        path = Path(folder) / "fixed.txt"
        path.write_text(repr(self.documents), encoding="utf-8")
        return path


def compared(first: Sequence[Document], second: Sequence[Document], top: int = 1000) -> DiffReport:
    corpus = Corpus("texts", tuple(text for text, _ in first))
    return diff(Fixed(first), Fixed(second), corpus, top=top)  # type: ignore[arg-type]


def tokens(*texts: str | bytes) -> tuple[Part, ...]:
    return tuple(Part(text.encode() if isinstance(text, str) else text, "token") for text in texts)


def made_of(document: Document) -> list[tuple[int, str]]:
    """For each byte of a text which token covers it (-1 for none), and whether that is the unknown one."""
    text, row = document
    made = [(-1, "dropped")] * len(text.encode())
    for number, (piece, start, end) in enumerate(row):
        made[start:end] = [(number, "unknown" if piece == UNK else "token")] * (end - start)
    return made


def naive(first: Sequence[Document], second: Sequence[Document]) -> Counter[tuple[bytes, Side, Side]]:
    """Every differing span with its two ways, found byte by byte."""
    found: Counter[tuple[bytes, Side, Side]] = Counter()
    for one, two in zip(first, second, strict=True):
        raw = one[0].encode()
        ways = made_of(one), made_of(two)
        cuts = [{0, len(raw)} | {place for _, a, b in row for place in (a, b)} for row in (one[1], two[1])]
        for start, end in pairwise(sorted(cuts[0] & cuts[1])):
            sides = []
            for way, cut in zip(ways, cuts, strict=True):
                inner = sorted(place for place in cut if start <= place <= end)
                sides.append(tuple((raw[a:b], way[a][1]) for a, b in pairwise(inner)))
            shapes = [[(text, kind == "dropped") for text, kind in side] for side in sides]
            if shapes[0] != shapes[1]:
                found[raw[start:end], sides[0], sides[1]] += 1
    return found


class TestByHand:
    def test_the_shortest_spans(self) -> None:
        text = "unbelievable cats"
        report = compared(
            [chain(text, "un", "believ", "able", " cat", "s")], [chain(text, "unbeliev", "able", " cats")]
        )
        assert (report.spans, report.distinct, report.documents) == (2, 2, 1)
        assert report.first.differing == 4
        assert report.second.differing == 2
        cats, un = report.differences
        assert (cats.text, cats.first, cats.second) == (b" cats", tokens(" cat", "s"), tokens(" cats"))
        assert (un.text, un.first, un.second) == (b"unbeliev", tokens("un", "believ"), tokens("unbeliev"))
        assert (un.example.before, un.example.after) == ("", "able cats")
        assert (cats.example.before, cats.example.start, cats.example.end) == ("unbelievable", 12, 17)
        # boundaries {2, 8, 12, 16} and {8, 12}; the words are unbelievable and cats
        assert report.boundary_agreement == 2 / 4
        assert report.word_agreement == 0

    def test_most_frequent_first_and_then_by_bytes(self) -> None:
        texts = ["ab ab", "cd", "ab ef"]
        first = [
            chain("ab ab", "a", "b", " ", "a", "b"),
            chain("cd", "c", "d"),
            chain("ab ef", "a", "b", " ", "e", "f"),
        ]
        second = [chain("ab ab", "ab", " ", "ab"), chain("cd", "cd"), chain("ab ef", "ab", " ", "ef")]
        report = compared(first, second)
        assert [(d.text, d.count, d.documents) for d in report.differences] == [
            (b"ab", 3, 2),
            (b"cd", 1, 1),
            (b"ef", 1, 1),
        ]
        assert [d.example.document for d in report.differences] == [0, 1, 2]
        assert (report.corpus["documents"], report.corpus["bytes"]) == (len(texts), 12)
        assert (report.spans, report.documents) == (5, 3)
        assert [d.text for d in compared(first, second, top=1).differences] == [b"ab"]
        assert compared(first, second, top=0).distinct == 3

    def test_what_one_drops_and_the_other_keeps_is_a_difference(self) -> None:
        first: list[Document] = [("a b", [(b"a", 0, 1), (b"b", 2, 3)])]
        report = compared(first, [chain("a b", "a", " ", "b")])
        [found] = report.differences
        assert (found.first, found.second) == ((Part(b" ", "dropped"),), tokens(" "))
        assert (report.first.differing, report.second.differing) == (0, 1)
        assert report.boundary_agreement == 1
        [found] = compared(first, [chain("a b", "a", " b")]).differences
        assert (found.first, found.second) == ((Part(b" ", "dropped"), *tokens("b")), tokens(" b"))

    def test_the_unknown_token_cuts_like_any_other(self) -> None:
        first: list[Document] = [("a語", [(b"a", 0, 1), (UNK, 1, 4)])]
        report = compared(first, [chain("a語", "a", "語")])
        assert (report.spans, report.first.unknown, report.second.unknown) == (0, 1, 0)
        [found] = compared(first, [chain("a語", "a語")]).differences
        assert found.first == (*tokens("a"), Part("語".encode(), "unknown"))

    def test_special_tokens_do_not_count(self) -> None:
        marked: list[Document] = [("ab", [(BOS, 0, 0), (b"a", 0, 1), (BOS, 1, 1), (b"b", 1, 2)])]
        report = compared(marked, [chain("ab", "a", "b")])
        assert (report.spans, report.first.tokens, report.second.tokens) == (0, 2, 2)

    def test_parts_of_characters(self) -> None:
        first: list[Document] = [("xéy", [(b"x\xc3", 0, 2), (b"\xa9y", 2, 4)])]
        second: list[Document] = [("xéy", [(b"x\xc3", 0, 2), (b"\xa9", 2, 3), (b"y", 3, 4)])]
        [found] = (report := compared(first, second)).differences
        assert (found.text, found.example.before) == (b"\xa9y", r"x\xc3")
        assert report.to_dict()["differences"][0]["text"] == r"\xa9y"

    def test_a_text_without_tokens(self) -> None:
        nothing: list[Document] = [("  ", [])]
        report = compared(nothing, [chain("  ", "  ")])
        assert (report.first.tokens, report.first.bytes_per_token, report.boundary_agreement) == (0, None, None)
        assert report.differences[0].first == (Part(b"  ", "dropped"),)


class TestAgainstSets:
    @given(two_ways().filter(lambda both: any(text for text, _ in both[0])))
    def test_every_difference(self, both: tuple[list[Document], list[Document]]) -> None:
        first, second = ([document for document in side if document[0]] for side in both)
        report, mirrored = compared(first, second), compared(second, first)
        expected = naive(first, second)
        assert {(d.text, d.first, d.second): d.count for d in report.differences} == expected
        assert report.spans == sum(expected.values()) == sum(d.count for d in report.differences)
        counts = [d.count for d in report.differences]
        assert counts == sorted(counts, reverse=True)
        assert {(d.text, d.second, d.first): d.count for d in mirrored.differences} == expected
        assert (mirrored.first, mirrored.second) == (report.second, report.first)
        for name in ("spans", "distinct", "documents", "boundary_agreement", "word_agreement"):
            assert getattr(mirrored, name) == getattr(report, name)
        # what is not in a differing span is the same tokens at the same places
        same = [Counter((n, a, b) for n, (_, row) in enumerate(side) for _, a, b in row) for side in (first, second)]
        shared = (same[0] & same[1]).total()
        assert report.first.tokens - report.first.differing == shared == report.second.tokens - report.second.differing

    @given(two_ways())
    def test_spans_are_the_text(self, both: tuple[list[Document], list[Document]]) -> None:
        ours, theirs = (encoded(side, unk=True) for side in both)
        spans = Spans.between(layout(ours), layout(theirs))
        assert len(spans.differ) == len(spans.bounds) - 1
        assert spans.bounds[-1] == ours.source.bounds[-1]
        assert (np.diff(spans.bounds) > 0).all()
        assert {0, *ours.source.bounds.tolist()} <= {0, *spans.bounds.tolist()}

    @given(st.text(st.sampled_from("ab é語"), min_size=1, max_size=9).flatmap(lambda text: cut_texts([text])))
    def test_nothing_differs_from_itself(self, documents: list[Document]) -> None:
        report = compared(documents, documents)
        assert (report.spans, report.documents, report.differences) == (0, 0, ())
        assert report.first.differing == report.second.differing == 0
        assert {report.boundary_agreement, report.word_agreement} <= {1, None}
        assert report.ids.counts["moved"] == report.ids.counts["first only"] == report.ids.counts["second only"] == 0


class TestIds:
    A, B, C, D = (Piece(text.encode()) for text in "abcd")

    def test_by_hand(self) -> None:
        first = Vocab((UNK, self.A, self.B, self.C, Piece(b"c", continuation=True)))
        ids = IdMap.of(first, Vocab((UNK, self.B, self.A, self.C, self.D)))
        assert [(row.first, row.second, row.status) for row in ids.rows] == [
            (0, 0, "same"),
            (1, 2, "moved"),
            (2, 1, "moved"),
            (3, 3, "same"),
            (4, None, "first only"),
            (None, 4, "second only"),
        ]
        assert ids.counts == {"same": 2, "moved": 2, "first only": 1, "second only": 1}
        assert ids.to_tsv().splitlines()[:3] == [
            "first\tsecond\tstatus\tbytes\tpiece",
            "0\t0\tsame\t\t",
            "1\t2\tmoved\t61\ta",
        ]
        assert ids.to_tsv().splitlines()[5] == "4\t\tfirst only\t63\t##c"

    def test_a_piece_that_is_there_twice(self) -> None:
        ids = IdMap.of(Vocab((self.A, self.B, self.A)), Vocab((self.B, self.B, self.A, self.A, self.A)))
        assert ids.rows[:3] == (IdRow(self.A, 0, 3), IdRow(self.B, 1, 1), IdRow(self.A, 2, 2))
        assert ids.counts == {"same": 2, "moved": 1, "first only": 0, "second only": 2}

    @given(*[st.lists(st.sampled_from([A, B, C, D]), min_size=1, max_size=7)] * 2)
    def test_each_id_is_in_one_row(self, ours: list[Piece], theirs: list[Piece]) -> None:
        ids = IdMap.of(Vocab(tuple(ours)), Vocab(tuple(theirs)))
        assert [row.first for row in ids.rows if row.first is not None] == list(range(len(ours)))
        assert sorted(row.second for row in ids.rows if row.second is not None) == list(range(len(theirs)))
        for row in ids.rows:
            assert row.first is None or ours[row.first] == row.piece
            assert row.second is None or theirs[row.second] == row.piece
        back = IdMap.of(Vocab(tuple(theirs)), Vocab(tuple(ours))).counts
        assert ids.counts["same"] == back["same"] == sum(a == b for a, b in zip(ours, theirs, strict=False))
        assert ids.counts["same"] + ids.counts["moved"] == (Counter(ours) & Counter(theirs)).total()
        assert (back["moved"], back["first only"]) == (ids.counts["moved"], ids.counts["second only"])

    def test_hostile_pieces_keep_to_their_cell(self) -> None:
        tsv = IdMap.of(Vocab((Piece(b"a\tb\n\x1b"), Piece(b"\\n"))), Vocab((Piece(b"x"),))).to_tsv()
        assert [line.split("\t")[3:] for line in tsv.splitlines()[1:3]] == [
            ["6109620a1b", r"a\tb\n\x1b"],
            ["5c6e", r"\\n"],
        ]


@pytest.fixture(scope="module")
def trained() -> dict[str, Tokenizer]:
    names = ("bpe", "hf-bpe", "spm-bpe", "wordpiece", "hf-wordpiece")
    return {name: train(name, english(), vocab_size=420) for name in names}


class TestTokenizers:
    def test_ours_and_the_library_learn_the_same(self, trained: dict[str, Tokenizer]) -> None:
        report = diff(trained["bpe"], trained["hf-bpe"], english())
        assert (report.spans, report.boundary_agreement, report.word_agreement) == (0, 1, 1)
        assert report.ids.counts == {"same": 420, "moved": 0, "first only": 0, "second only": 0}
        assert (report.first.name, report.second.name) == ("bpe", "hf-bpe")

    @pytest.mark.parametrize("other", ["spm-bpe", "wordpiece", "hf-wordpiece"])
    def test_against_the_offsets_of_the_tokenizers(self, trained: dict[str, Tokenizer], other: str) -> None:
        first, second = trained["bpe"], trained[other]
        report = diff(first, second, english(), top=10**9)
        placed = []
        for tokenizer in (first, second):
            batch = tokenizer.encode_batch(english().documents, offsets=True)
            placed.append([{tuple(row) for row in each.offsets.tolist()} for each in batch])
        same = sum(len(a & b) for a, b in zip(*placed, strict=True))
        assert report.first.tokens - report.first.differing == same == report.second.tokens - report.second.differing
        assert report.documents == sum(a != b for a, b in zip(*placed, strict=True))
        assert sum(d.count for d in report.differences) == report.spans > 100
        for found in report.differences:
            raw = english().documents[found.example.document].encode()
            assert raw[found.example.start : found.example.end] == found.text
            assert (
                b"".join(part.text for part in found.first)
                == b"".join(part.text for part in found.second)
                == found.text
            )
        ours, theirs = ({p.surface for p in t.vocab if not p.special} for t in (first, second))
        assert report.vocabulary == (len(ours), len(theirs), len(ours & theirs))

    def test_what_goes_wrong(self, trained: dict[str, Tokenizer], tmp_path: Path) -> None:
        tokenizer = trained["bpe"]
        with pytest.raises(FormatError, match="holds no tokenizer"):
            diff(tokenizer, tmp_path / "nowhere")
        with pytest.raises(InputError, match="no such file"):
            diff(tokenizer, tokenizer, tmp_path / "none.txt")
        with pytest.raises(UsageError, match="-1 differences cannot be listed"):
            diff(tokenizer, tokenizer, ["a"], top=-1)
        with pytest.raises(UnknownNameError, match="kind of document"):
            diff(tokenizer, tokenizer, ["a"], documents="page")
        assert toklab.diff is diff


class TestText:
    @pytest.mark.parametrize("width", [60, 80, 200, None])
    def test_it_fits_and_is_safe(self, width: int | None) -> None:
        long = "word" * 200
        texts = [HOSTILE * 5, long, "語語語語 é a"]
        first = [chain(text, *text) for text in texts]
        second: list[Document] = [chain(texts[0], *texts[0].split("\n")), chain(long, long[:7], long[7:])]
        second.append((texts[2], [(UNK, 0, 12), (b"\xc3", 13, 14)]))
        text = render_diff(compared(first, second), width)
        assert all(cell_len(line) <= (width or 80) for line in text.splitlines())
        assert not [char for char in text if char != "\n" and not (char.isprintable() or char == " ")]
        assert r"\x1b" in text
        assert "⁇" in text
        assert "⟨" in text

    def test_it_says_what_was_found(self) -> None:
        text = "unbelievable cats"
        first, second = chain(text, "un", "believ", "able", " cat", "s"), chain(text, "unbeliev", "able", " cats")
        lines = render_diff(compared([first], [second], top=1)).splitlines()
        assert "1. 1 time, in 1 document" in lines
        assert "  first  ␣cat·s" in lines
        assert "  second ␣cats" in lines
        assert "  in     unbelievable« cats»" in lines
        assert "1 more distinct differences (--top)" in lines
        assert "boundary agreement    50.00%: places that both cut ÷ places that either cuts" in lines
        coloured = render_diff(compared([first], [second], top=1), colour=True)
        assert "\x1b[" in coloured
        assert "cat·s" not in coloured

    def test_no_difference(self) -> None:
        text = render_diff(compared([chain("ab", "ab")], [chain("ab", "ab")]))
        assert "spans that differ     none" in text
        assert "1. " not in text


@pytest.fixture(scope="module")
def desk(trained: dict[str, Tokenizer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "text.txt").write_bytes("".join(english(8_000).documents).encode())
    for name, tokenizer in trained.items():
        tokenizer.save(folder / name)
    return folder


class TestCommand:
    def test_json_is_what_the_library_finds(self, desk: Path) -> None:
        ran = run("diff", "bpe", "spm-bpe", "text.txt", "--json", "--top", "3", cwd=desk)
        assert (ran.code, ran.err) == (0, "")
        facts = json.loads(ran.out)
        report = diff(desk / "bpe", desk / "spm-bpe", desk / "text.txt", top=3)
        expected = json.loads(report.to_json())
        assert facts["first"].pop("name") == "bpe"
        assert expected["first"].pop("name") == str(desk / "bpe")
        assert facts["second"].pop("name") == "spm-bpe"
        del expected["second"]["name"]
        assert facts == expected
        assert facts["schema"] == 1
        assert len(facts["differences"]) == 3
        assert facts["differing_spans"] > 0

    def test_text_and_id_map(self, desk: Path) -> None:
        ran = run("diff", "bpe", "hf-wordpiece", "-", "--id-map", "ids.tsv", cwd=desk, stdin=HOSTILE.encode() * 3)
        assert ran.code == 0, ran
        assert ran.err == "wrote ids.tsv\n"
        shown, _, signature = ran.out.partition("\nsignature\n")
        assert all(len(line) <= 80 for line in shown.splitlines())
        assert "|first:bpe@" in signature
        assert "\x1b" not in ran.out
        lines = (desk / "ids.tsv").read_text("utf-8").splitlines()
        run("diff", "bpe", "hf-wordpiece", "text.txt", "--id-map", "ids.json", cwd=desk)
        found = json.loads((desk / "ids.json").read_bytes())
        assert (found["schema"], len(found["rows"])) == (1, len(lines) - 1)
        assert sum(found["counts"].values()) == len(found["rows"])

    def test_the_same_model_twice_is_no_failure(self, desk: Path) -> None:
        ran = run("diff", "bpe", "bpe/tokenizer.json", "text.txt", cwd=desk)
        assert ran.code == 0
        assert "spans that differ     none" in ran.out

    @pytest.mark.parametrize(
        ("args", "part"),
        [
            (["bpe"], "Missing argument 'MODEL'"),
            (["bpe", "nowhere"], "nowhere holds no tokenizer"),
            (["bpe", "bpe", "none.txt"], "none.txt: no such file"),
            (["bpe", "bpe", "--top", "-1"], "'--top'"),
            (["bpe", "bpe", "--documents", "page"], "unknown kind of document 'page'"),
            (["bpe", "bpe", "text.txt", "--id-map", "text.txt/ids.tsv"], "text.txt is not a folder"),
        ],
    )
    def test_wrong_usage(self, desk: Path, args: list[str], part: str) -> None:
        ran = run("diff", *args, cwd=desk)
        assert (ran.code, ran.out) == (2, "")
        assert part in ran.err.splitlines()[-1]
        assert ran.err.splitlines()[-1].startswith("toklab: error: ")

    def test_pairs_of_a_comparison(self, desk: Path) -> None:
        args = ["compare", "text.txt", "-t", "byte", "-t", "character", "--no-probe", "--vocab-size", "300"]
        shown = run(*args, "--pairs", cwd=desk)
        assert shown.code == 0, shown
        assert shown.out.startswith(run(*args, cwd=desk).out)
        assert " 2 character │" in shown.out
        [row, *_] = json.loads(run(*args, "--json", cwd=desk).out)["pairs"]
        assert (row["tokenizer"], row["other"], row["metric"]) == ("byte", "character", "vocab_jaccard")
