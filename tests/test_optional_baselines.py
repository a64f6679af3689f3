"""rustbpe, bpeasy and subword-nmt: that they are BPE, by ties of their own, and what is said where they are missing."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from helpers import TESTS, english, run, search_path
from hypothesis import given, settings
from hypothesis import strategies as st

from toklab.algorithms import get_algorithm
from toklab.algorithms.bpe import learn
from toklab.algorithms.models import BpeModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.symbols import Symbol, build_material
from toklab.baselines import optional
from toklab.baselines.ranks import halves, model_of
from toklab.contenders import catalogue
from toklab.corpus import Corpus
from toklab.errors import BaselineError, UsageError, VocabSizeError
from toklab.loading import load
from toklab.pretokenize import count_words, get_pretokenizer
from toklab.training import train
from toklab.types import Piece

CORPUS = english(6_000)
MODULES = {"rustbpe": "rustbpe", "bpeasy": "bpeasy", "subword-nmt": "subword_nmt"}
RANKED = [name for name in ("rustbpe", "bpeasy") if find_spec(name)]
INSTALLED = [name for name in MODULES if find_spec(MODULES[name])]
TINY = st.lists(st.text("ab ", min_size=1, max_size=24), min_size=1, max_size=4)

needs_rust = pytest.mark.skipif(not find_spec("rustbpe"), reason="rustbpe is not installed")
needs_subword = pytest.mark.skipif(not find_spec("subword_nmt"), reason="subword-nmt is not installed")


def trained(name: str, corpus: Corpus, size: int, **options: Any) -> TrainedTokenizer:
    found = train(name, corpus, vocab_size=size, **options)
    assert isinstance(found, TrainedTokenizer)
    return found


def merges(tokenizer: TrainedTokenizer) -> list[tuple[bytes, bytes]]:
    return [(left.surface, right.surface) for left, right in tokenizer.vocab.merges]


def in_byte_order(corpus: Corpus, size: int, pattern: str = "gpt2") -> list[tuple[bytes, bytes]]:
    """The merges of BPE whose ties are decided by ids that single bytes have in the order of the bytes."""
    words = count_words(corpus.documents, get_pretokenizer(pattern))
    symbols = [Symbol(Piece(bytes([byte])), bytes([byte])) for byte in range(256)]
    learned = learn(build_material(words, symbols, None, "bpe", size), size)
    pieces = learned.pieces
    return [(pieces[left].surface, pieces[right].surface) for left, right, _ in learned.merges]


@pytest.mark.parametrize("name", RANKED)
class TestRanks:
    @pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "whitespace", "sentencepiece"])
    def test_bpe_with_ties_in_the_order_of_bytes(self, name: str, pattern: str) -> None:
        found = trained(name, CORPUS, 420, pretokenizer=pattern)
        assert len(found.vocab) == 420
        assert merges(found) == in_byte_order(CORPUS, 420, pattern)

    @settings(max_examples=60)
    @given(texts=TINY)
    def test_the_same_on_texts_that_are_all_ties(self, name: str, texts: list[str]) -> None:
        """Without the merges that give a piece a second time, which a table of ranks cannot hold."""
        corpus = Corpus("tiny", tuple(texts))
        wanted, seen = [], set()
        for left, right in in_byte_order(corpus, 262):
            if left + right not in seen:
                wanted.append((left, right))
            seen.add(left + right)
        assert merges(trained(name, corpus, 262)) == wanted

    def test_special_tokens_come_first(self, name: str) -> None:
        found = trained(name, CORPUS, 300, special_tokens=("<pad>", "<eos>"))
        assert [str(piece) for piece in found.vocab][:3] == ["<pad>", "<eos>", "\x00"]
        assert len(found.vocab) == 300
        assert merges(found) == in_byte_order(CORPUS, 298)

    def test_too_small(self, name: str) -> None:
        with pytest.raises(VocabSizeError, match="need 257 pieces"):
            train(name, CORPUS, vocab_size=256, special_tokens=("<pad>",))


@needs_rust
def test_text_is_encoded_as_the_library_does() -> None:
    import rustbpe

    library = rustbpe.Tokenizer()
    library.train_from_iterator(CORPUS.documents, 400, pattern=get_pretokenizer("gpt2").entry.pattern)
    found = trained("rustbpe", CORPUS, 400)
    assert [bytes(piece) for piece, _ in library.get_mergeable_ranks()] == [piece.surface for piece in found.vocab]
    for text in (*english().documents, "été \U0001f980\n\n  x"):
        assert found.encode(text).ids.tolist() == library.encode(text)


@pytest.mark.skipif("bpeasy" not in RANKED, reason="bpeasy is not installed")
def test_bpeasy_limits_pieces() -> None:
    for limit in (3, 4, 5):
        found = trained("bpeasy", CORPUS, 400, max_piece_length=limit)
        assert max(len(piece.surface) for piece in found.vocab) == limit - 1
    with pytest.raises(UsageError, match="max_piece_length 0 is below 1"):
        train("bpeasy", CORPUS, vocab_size=400, max_piece_length=0)


@needs_subword
class TestSubwordNmt:
    @pytest.mark.parametrize("pattern", ["gpt2", "whitespace"])
    def test_bpe_of_characters_by_its_rule_for_ties(self, pattern: str) -> None:
        found = trained("subword-nmt", CORPUS, 260, pretokenizer=pattern)
        same = self.ours(CORPUS, 260, pattern)
        assert len(found.vocab) == 260
        assert list(found.vocab) == list(same.vocab)
        assert found.vocab.merges == same.vocab.merges
        for text in (*CORPUS.documents, "Ünseen characters"):
            assert found.encode(text).ids.tolist() == same.encode(text).ids.tolist()

    @settings(max_examples=60)
    @given(texts=st.lists(st.text("ab \n", min_size=1, max_size=24), min_size=1, max_size=4))
    def test_the_same_on_texts_that_are_all_ties(self, texts: list[str]) -> None:
        corpus = Corpus("tiny", tuple(texts))
        found, same = trained("subword-nmt", corpus, 14), self.ours(corpus, 14, "gpt2")
        assert [str(piece) for piece in found.vocab] == [str(piece) for piece in same.vocab]
        assert list(found.vocab.merges) == list(same.vocab.merges)

    def ours(self, corpus: Corpus, size: int, pattern: str) -> TrainedTokenizer:
        options = {"alphabet": "character", "end_of_word_suffix": "</w>", "tie": "lexicographic-max"}
        return trained("bpe", corpus, size, pretokenizer=pattern, min_frequency=2, **options)

    def test_what_stands_in_for_whitespace_is_refused(self) -> None:
        with pytest.raises(BaselineError, match="stands in for whitespace"):
            train("subword-nmt", Corpus("odd", ("a\x0fb a\x0fb",)), vocab_size=20)
        with pytest.raises(VocabSizeError, match="need 5 pieces"):
            train("subword-nmt", Corpus("small", ("ab ab",)), vocab_size=4)

    def test_it_says_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        train("subword-nmt", CORPUS, vocab_size=200)
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", INSTALLED)
def test_it_is_saved_and_loaded_as_it_is(name: str, tmp_path: Path) -> None:
    found = trained(name, CORPUS, 350)
    found.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert list(again.vocab) == list(found.vocab)
    assert again.signature == found.signature
    assert f"{name}-" in found.signature["lib"]
    assert again.encode(CORPUS.documents[0]).ids.tolist() == found.encode(CORPUS.documents[0]).ids.tolist()
    ids = found.encode(CORPUS.documents[0]).ids
    assert again.decode(ids) == found.decode(ids)
    if name in RANKED:
        assert again.decode(ids) == CORPUS.documents[0]


def test_they_take_part_in_a_comparison(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(CORPUS.documents), encoding="utf-8")
    names = [part for name in INSTALLED for part in ("-t", name)]
    done = run("compare", "text.txt", "-t", "character", *names, "--vocab-size", "300", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    contenders = json.loads(done.out)["contenders"][1:]
    assert [(each["tokenizer"], each["determinism"]) for each in contenders] == [(name, "exact") for name in INSTALLED]


@pytest.mark.parametrize("name", MODULES)
def test_what_is_missing_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional, "find_spec", lambda module: None)
    how = f"not installed: pip install 'toklab[{name}]'"
    assert catalogue()["baselines"][name] == how
    with pytest.raises(UsageError, match=f"^{name} is ") as caught:
        train(name, CORPUS, vocab_size=300)
    assert str(caught.value) == f"{name} is {how}"
    assert get_algorithm(name).name == name


def test_a_library_that_is_missing_in_the_child_is_a_cell(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(CORPUS.documents), encoding="utf-8")
    (tmp_path / "rustbpe").mkdir()
    (tmp_path / "rustbpe" / "__init__.py").write_text("raise ImportError('built for another Python')")
    env = {"PYTHONPATH": search_path(TESTS.parent, tmp_path)}
    names = ["-t", "rustbpe", "-t", "bpe:backend=reference"]
    done = run("compare", "text.txt", *names, "--vocab-size", "300", "--no-probe", "--json", cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    errors = [each["error"] for each in json.loads(done.out)["contenders"]]
    assert errors == ["rustbpe: ImportError: built for another Python", None]


class TestTables:
    @given(
        st.lists(
            st.tuples(st.integers(0, 30), st.integers(0, 30)),
            max_size=8,
        )
    )
    def test_merges_are_those_that_made_the_table(self, pairs: list[tuple[int, int]]) -> None:
        """Train on a text whose words are the pieces: what a trainer merged is what the ranks imply."""
        corpus = Corpus("x", tuple("ab"[a % 2] * (a // 2 + 1) + "ba"[b % 2] * (b // 2 + 1) for a, b in pairs) or ("a",))
        wanted = trained("bpe", corpus, 262, backend="reference")
        ranks = {piece.surface: rank for rank, piece in enumerate(wanted.vocab)}
        model = model_of(ranks)
        assert isinstance(wanted.model, BpeModel)
        ways: dict[bytes, tuple[bytes, bytes]] = {}
        for left, right in merges(wanted):
            ways.setdefault(left + right, (left, right))
        assert [(left.surface, right.surface) for left, right in model.vocab.merges] == list(ways.values())

    def test_a_piece_that_no_training_made(self) -> None:
        with pytest.raises(BaselineError, match=r"b'abc' is not two others merged"):
            halves(b"abc", {b"a": 0, b"b": 1, b"c": 2, b"abc": 3})
