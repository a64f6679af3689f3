"""How the benchmark's contenders load, encode and train."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_help import PARAGRAPHS, options, write_corpus

from benchmarks import contenders
from benchmarks.contenders import ENCODE, ENTRANTS, TRAIN, choose
from benchmarks.documents import digest
from benchmarks.encoders import from_buffers, from_lists, make_encoder
from benchmarks.matrix import Texts, make_groups
from benchmarks.models import byte_ranks, read_ranks, save_forms, with_short_scores
from benchmarks.rounds import Bench
from benchmarks.settings import make_plan
from benchmarks.trainers import PATTERN, make_trainer
from toklab import train
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.algorithms.unigram_model import UnigramModel
from toklab.pretokenize import PATTERNS
from toklab.types import Piece, Vocab
from toklab.worker import peak_memory_mb


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few kB of text."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def models(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vocabularies of all kinds."""
    folder = tmp_path_factory.mktemp("models")
    save_forms(train("bpe", corpus, vocab_size=400, pretokenizer="gpt2"), folder / "bpe")
    save_forms(train("wordpiece", corpus, vocab_size=200, variant="hf", pretokenizer="bert"), folder / "wordpiece-hf")
    save_forms(train("unigram", corpus, vocab_size=200, pretokenizer="sentencepiece"), folder / "unigram")
    return folder


ENCODERS = [entrant for entrant in choose((), ENCODE) if entrant.environment is None and not entrant.ours]
# What was found when they were tried; the benchmark finds it again at every run.
CANNOT_LOAD = {"gigatoken-wordpiece", "fastokens-wordpiece"}


@pytest.mark.parametrize("entrant", ENCODERS, ids=lambda entrant: entrant.name)
def test_peers_give_the_ids_of_toklab(entrant: contenders.Entrant, models: Path) -> None:
    if entrant.name in CANNOT_LOAD:
        pytest.skip(f"{entrant.library} does not load WordPiece")
    if not contenders.is_installed(entrant, sys.executable):
        pytest.skip(f"{entrant.library} is not installed")
    folder = models / str(entrant.model)
    texts = [PARAGRAPHS[0], PARAGRAPHS[3], "", PARAGRAPHS[1], "  two  spaces ", "\u2603\u2603 x"]
    peer, ours = make_encoder(entrant.name, folder, 2), make_encoder(str(entrant.model), folder, 2)
    found, wanted = peer.flat(peer.encode(texts)), ours.flat(ours.encode(texts))
    for values, expected in zip(found, wanted, strict=True):
        assert digest(values) == digest(expected)


@pytest.mark.parametrize(
    "entrant", [e for e in ENTRANTS.values() if TRAIN in e.tasks and not e.ours], ids=lambda entrant: entrant.name
)
def test_peers_train_from_a_file(entrant: contenders.Entrant, corpus: Path) -> None:
    if not contenders.is_installed(entrant, sys.executable):
        pytest.skip(f"{entrant.library} is not installed")
    assert make_trainer(entrant.name, 1)(corpus, 420) > 50


def test_forms_of_a_model(models: Path) -> None:
    ranks, to_id = read_ranks(models / "bpe")
    assert len(ranks) == len(to_id) == 400
    plain = json.loads((models / "bpe" / "byte_level.json").read_text(encoding="utf-8"))
    whole = json.loads((models / "bpe" / "tokenizer.json").read_text(encoding="utf-8"))
    assert plain["model"] == whole["model"]
    assert not (models / "wordpiece-hf" / "byte_level.json").exists()
    spaces = json.loads((models / "unigram" / "metaspace.json").read_text(encoding="utf-8"))["model"]
    spelled_out = json.loads((models / "unigram" / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    assert [text.replace("\u2581", " ") for text, _ in spaces["vocab"]] == [text for text, _ in spelled_out["vocab"]]
    # The child that trains a peer imports no toklab, so it has the pattern's text.
    assert PATTERNS["gpt2"].pattern == PATTERN


def test_scores_of_unigram_are_exact_in_32_bits(corpus: Path) -> None:
    tokenizer = train("unigram", corpus, vocab_size=300)
    assert isinstance(tokenizer, TrainedTokenizer)
    assert isinstance(tokenizer.model, UnigramModel)
    [unknown, *before], [hidden, *after] = tokenizer.model.scores, with_short_scores(tokenizer.model).scores
    assert np.cumsum(np.array(after, np.float32)).tolist() == np.cumsum(after).tolist()
    assert np.cumsum(np.array(before, np.float32)).tolist() != np.cumsum(before).tolist()
    assert after == pytest.approx(before, abs=2**-11)
    assert max(unknown, hidden) < min(before)


def test_tiktoken_ranks_leave_out_special_pieces() -> None:
    vocab = Vocab((Piece(b"<s>", special=True), Piece(b"a"), Piece(b"b"), Piece(b"ab")))
    ranks, to_id = byte_ranks(vocab)
    assert ranks == {b"a": 0, b"b": 1, b"ab": 2}
    assert to_id == [1, 2, 3]


def test_flat_ids() -> None:
    ids, counts = from_lists([[1, 2], [], [3]])
    assert (ids.tolist(), counts.tolist()) == ([1, 2, 3], [2, 0, 1])
    assert [array.tolist() for array in from_lists([])] == [[], []]
    buffers = np.array([1, 2, 3], np.uint32).tobytes(), np.array([0, 2, 2, 3], np.uint64).tobytes()
    assert [array.tolist() for array in from_buffers(buffers)] == [[1, 2, 3], [2, 0, 1]]
    assert digest(np.array([1, 2], np.uint32)) == digest([1, 2]) != digest([2, 1])


def test_who_cannot_load_the_model_is_left_out(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(job: dict[str, Any], *_: Any) -> dict[str, Any]:
        if (job["task"], job["contender"]) == ("check", "hf-bpe"):
            return {"error": "ValueError: no such model", "load": True}
        passes = [{"wall_s": 1.0, "cpu_s": 1.0, "peak_mb": 1.0, "before_mb": 1.0, "ids": "x", "counts": "y"}] * 2
        return {"passes": passes, "ids": "x", "warm_up_s": 0.1}

    monkeypatch.setattr("benchmarks.rounds.run_child", answer)
    given = options(corpora=(str(corpus),), tasks=(ENCODE,), names=("bpe", "hf-bpe"), shapes="short")
    plan = make_plan(given, 1)
    [group] = make_groups(plan, Texts(plan, tmp_path, lambda line: None))
    bench = Bench(plan, tmp_path, lambda line: None)
    bench.measure([group])
    assert bench.left_out == {"hf-bpe": "cannot load our model: ValueError: no such model"}
    assert [(m.entrant.name, len(m.runs)) for m in group.measurements] == [("bpe", 3)]


def test_peak_memory_counts_this_process() -> None:
    before = peak_memory_mb()
    held = bytearray(int(before * 1_000_000) + 50_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory_mb() > before + 40
