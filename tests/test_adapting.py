"""Adapting a vocabulary: ids that stay are stable, sequences get no longer, what goes was not needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library

from toklab import adapt, load, train
from toklab.adapting import Adaptation
from toklab.adapting.growing import grow
from toklab.adapting.pruning import droppable
from toklab.adapting.rebuild import final_order, reordered
from toklab.algorithms.models import BpeModel, WordPieceModel
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.cli import group
from toklab.errors import UsageError, VocabSizeError
from toklab.formats.tokenizer_json import to_json
from toklab.types import Piece, Vocab, WordCounts

OLD = ["the cat sat on the mat with the other cats", "a hat and a bat and the rat", "that mat is flat"] * 3
NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima")
NEW = [f"def {a}_{b}(self):\n    return self.{b}[{len(a)}] + {a}" for a in NAMES for b in NAMES[::3]]
KINDS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "bpe": ("bpe", 290, {}),
    "special tokens": ("bpe", 300, {"special_tokens": ("<|end|>", "<pad>")}),
    "characters": ("bpe", 50, {"alphabet": "character"}),
    "byte fallback": ("bpe", 310, {"alphabet": "character", "byte_fallback": True}),
    "suffix": ("bpe", 70, {"alphabet": "character", "end_of_word_suffix": "</w>", "pretokenizer": "whitespace"}),
    "wordpiece": ("wordpiece", 60, {"variant": "hf"}),
    "unigram": ("unigram", 50, {}),
}


def trained(kind: str) -> TrainedTokenizer:
    name, size, options = KINDS[kind]
    tokenizer = train(name, OLD, vocab_size=size, **options)
    assert isinstance(tokenizer, TrainedTokenizer)
    return tokenizer


def tokens(tokenizer: TrainedTokenizer, texts: list[str]) -> int:
    return len(tokenizer.encode_batch(texts).ids)


@pytest.mark.parametrize("kind", KINDS)
def test_growing_keeps_every_id_and_saves_tokens(kind: str) -> None:
    old = trained(kind)
    size = len(old.vocab) + 25
    found = adapt(old, NEW, vocab_size=size)
    new = found.tokenizer
    assert len(new.vocab) == size
    assert list(new.vocab)[: len(old.vocab)] == list(old.vocab)
    assert [piece.id for piece in found.added] == list(range(len(old.vocab), size))
    assert not found.dropped
    assert not found.moved
    before, after = found.change("bytes_per_token")
    assert before.value is not None
    assert after.value is not None
    spelled = kind in ("characters", "suffix", "wordpiece", "unigram")  # what was one unknown token before
    assert spelled or after.value > before.value
    unknown = found.change("unk_rate")
    assert unknown[0].value is None or unknown[1].value == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_reads_what_was_adapted(kind: str) -> None:
    new = adapt(trained(kind), NEW, vocab_size=len(trained(kind).vocab) + 10, replace_unused=True).tokenizer
    engine = Library.from_str(to_json(new))
    engine.encode_special_tokens = True
    for text in [*OLD, *NEW]:
        assert new.encode(text).ids.tolist() == engine.encode(text).ids


@pytest.mark.parametrize("kind", KINDS)
def test_unused_pieces_give_their_ids_to_new_ones(kind: str) -> None:
    old = trained(kind)
    found = adapt(old, NEW, vocab_size=len(old.vocab), replace_unused=True)
    gone = {piece.id for piece in found.dropped}
    assert gone
    assert all(piece.uses == 0 for piece in found.dropped)
    assert {piece.id for piece in found.added} == gone or len(found.tokenizer.vocab) < len(old.vocab)
    for index, piece in enumerate(old.vocab):
        if index not in gone and not found.moved:
            assert found.tokenizer.vocab[index] == piece
    assert found.tokenizer.vocab.unk_id == old.vocab.unk_id


@pytest.mark.parametrize("kind", KINDS)
def test_pruning_what_a_text_never_uses_leaves_its_tokens(kind: str) -> None:
    old = trained(kind)
    uses = np.bincount(old.encode_batch(NEW).ids, minlength=len(old.vocab))
    unused = droppable(old.model, uses, 0)  # type: ignore[arg-type]
    found = adapt(old, NEW, vocab_size=len(old.vocab) - len(unused[:5]), held_out=0.1)
    assert len(found.dropped) == len(unused[:5])
    assert tokens(found.tokenizer, NEW) == tokens(old, NEW)
    for index, moved in found.moved.items():
        assert found.tokenizer.vocab[moved] == old.vocab[index]


@given(st.lists(st.text("ab", min_size=1, max_size=8), min_size=2, max_size=6), st.integers(0, 12), st.data())
@settings(max_examples=80, deadline=None)
def test_only_leaves_of_the_merge_tree_go(words: list[str], extra: int, data: st.DataObject) -> None:
    tokenizer = train("bpe", words, vocab_size=256 + extra, pretokenizer="none")
    assert isinstance(tokenizer, TrainedTokenizer)
    model = tokenizer.model
    assert isinstance(model, BpeModel)
    uses = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(model.vocab), max_size=len(model.vocab))))
    order = droppable(model, uses)
    assert sorted(order) == list(range(256, len(model.vocab)))  # all that was learned can go, in some order
    for count in range(len(order) + 1):
        kept = [index for index in range(len(model.vocab)) if index not in order[:count]]
        smaller = reordered(model, kept)
        assert isinstance(smaller, BpeModel)
        made = {new for _, _, new in smaller.merges}
        assert made == set(range(256, len(kept)))  # whatever stays can still be made


@given(st.integers(1, 12), st.data())
def test_ids_that_stay_are_stable_unless_the_vocabulary_shrinks(size: int, data: st.DataObject) -> None:
    kept = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    added = data.draw(st.integers(0, 6))
    order = final_order(size, kept, added)
    assert sorted(order) == list(range(len(kept) + added))
    if len(order) >= size:
        assert all(order[old] == place for place, old in enumerate(kept))
    else:
        assert order == sorted(order)


@given(st.lists(st.text("ab ", min_size=1), min_size=2, max_size=5).filter(lambda texts: any(t.strip() for t in texts)))
@settings(max_examples=40, deadline=None)
def test_training_on_never_gives_a_text_more_tokens(texts: list[str]) -> None:
    old = train("bpe", ["abba abab"], vocab_size=259)
    assert isinstance(old, TrainedTokenizer)
    new = adapt(old, texts, vocab_size=270, held_out=0.3).tokenizer
    for text in [*texts, "abbaabab", "bbbb aaaa"]:
        assert len(new.encode(text)) <= len(old.encode(text))
        assert new.decode(new.encode(text).ids) == text


def test_a_word_that_spoils_others_is_not_taken() -> None:
    """``abcc`` is a ##bcc. With ``ab`` as a piece it would be ab ##c ##c: that costs 10 tokens, and saves 3."""
    letters = [Piece(char.encode(), continuation=joined) for joined in (False, True) for char in "abc"]
    unknown, ending = Piece(b"[UNK]", special=True), Piece(b"bcc", continuation=True)
    model = WordPieceModel(Vocab((unknown, *letters, ending), 0), 100)
    words = WordCounts.from_counts({"abcc": 10, "ab": 3, "ca": 2})
    grown = grow(model, words, 9)
    assert isinstance(grown, WordPieceModel)
    assert grown.strings[8:] == ("abcc",)
    without = grow(model, WordCounts.from_counts({"abcc": 10, "ab": 3}), 10)
    assert without.strings[8:] == ("abcc", "ab")  # nothing is spoiled once abcc is a piece of its own
    barred = WordPieceModel(Vocab((unknown, *letters, ending, Piece(b"abcc", special=True)), 0), 100)
    assert grow(barred, words, 10).strings[9:] == ("ca",)


def test_a_word_list_cannot_be_adapted() -> None:
    with pytest.raises(UsageError, match="word cannot be adapted"):
        adapt(train("word", OLD, vocab_size=20), NEW, vocab_size=30)


@pytest.mark.parametrize("name", ["hf-bpe", "hf-wordpiece", "hf-unigram"])
def test_a_librarys_tokenizer_is_adapted_too(name: str) -> None:
    old = train(name, OLD, vocab_size=KINDS["bpe" if "bpe" in name else "wordpiece"][1])
    found = adapt(old, NEW, vocab_size=len(old.vocab) + 20)
    new = found.tokenizer
    assert [p.surface for p in new.vocab][: len(old.vocab)] == [p.surface for p in old.vocab]
    assert len(new.encode_batch(NEW).ids) < len(old.encode_batch(NEW).ids) or found.change("unk_rate")[0].value


def test_what_must_stay_is_more_than_asked_for() -> None:
    with pytest.raises(VocabSizeError, match="at least 256"):
        adapt(trained("bpe"), NEW, vocab_size=100)


def test_a_text_that_gives_no_more_pieces_says_so() -> None:
    found = adapt(trained("bpe"), ["ab", "ab", "ba"], vocab_size=5000, held_out=0.3)
    assert found.warnings
    assert f"{5000 - len(found.tokenizer.vocab):,} pieces fewer" in found.warnings[0]


def test_the_same_again_is_the_same() -> None:
    first, second = (adapt(trained("bpe"), NEW, vocab_size=300, replace_unused=True) for _ in range(2))
    assert first.to_json() == second.to_json()
    assert to_json(first.tokenizer) == to_json(second.tokenizer)


def test_the_command_line_adapts_and_tells(tmp_path: Path) -> None:
    trained("bpe").save(tmp_path / "old")
    (tmp_path / "new.txt").write_text("\n\n".join(NEW), encoding="utf-8")
    words = ["adapt", str(tmp_path / "old"), str(tmp_path / "new.txt"), "--vocab-size", "300"]
    ran = CliRunner().invoke(group, [*words, "--output", str(tmp_path / "out")], catch_exceptions=False)
    assert ran.exit_code == 0
    assert "bytes_per_token" in ran.stdout
    assert "added 11" in ran.stdout
    data = json.loads((tmp_path / "out" / "adaptation.json").read_text(encoding="utf-8"))
    assert data["schema"] == 1
    assert len(data["added"]) == 300 - len(trained("bpe").vocab) == 11
    again = load(tmp_path / "out")
    assert len(again.vocab) == 300
    for piece in data["added"]:
        assert b"".join(again.vocab[i].surface for i in piece["before"]) == again.vocab[piece["id"]].surface
    ran = CliRunner().invoke(group, [*words, "--output", str(tmp_path / "json"), "--json"], catch_exceptions=False)
    assert json.loads(ran.stdout)["added"] == data["added"]


def test_an_adaptation_names_the_metrics_it_has() -> None:
    found = adapt(trained("bpe"), NEW, vocab_size=295)
    assert isinstance(found, Adaptation)
    with pytest.raises(UsageError, match="unknown metric 'token'"):
        found.change("token")
