"""Models in a comparison: what names one, how it is judged, marked and signed, and what happens when it crashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from helpers import english, run, search_path

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.choosing import parse, resolve, resolve_all
from toklab.comparison import compare
from toklab.corpus import Corpus
from toklab.errors import FormatError, UnknownNameError, UsageError
from toklab.languages import compare_languages
from toklab.loading import load
from toklab.recording import Recorded, files_digest, listen, read_recording
from toklab.report.columns import MISSING, size_tables
from toklab.report.files import render_markdown
from toklab.report.language_table import render_languages
from toklab.report.latex import render_latex
from toklab.report.notebook import comparison_html
from toklab.report.table import render_report
from toklab.results import Report
from toklab.retraining import determinism
from toklab.sweeping import sweep
from toklab.training import train
from toklab.types import Batch, Contender, Encoding, Piece, Pretrained, Vocab
from toklab.workshop import Limits

CORPUS = english()
REFERENCE = "bpe:backend=reference"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``one`` and ``two``: BPE of 300 and of 400 pieces; ``three``: a Unigram model; ``spm``: SentencePiece's own."""
    folder = tmp_path_factory.mktemp("models")
    train("bpe", CORPUS, vocab_size=300, backend="reference").save(folder / "one")
    train("bpe", CORPUS, vocab_size=400, backend="reference").save(folder / "two")
    train("unigram", CORPUS, vocab_size=120, backend="reference").save(folder / "three")
    train("spm-bpe", CORPUS, vocab_size=400).save(folder / "spm")
    return folder


@pytest.fixture(scope="module")
def report(models: Path) -> Report:
    return quick(["word", str(models / "two"), REFERENCE, str(models / "three"), "byte"])


def quick(contenders: Any, **options: Any) -> Report:
    return compare(CORPUS, contenders, **{"vocab_size": 350, "resamples": 20, "probe": False, **options})


class TestNames:
    def test_a_trainer_wins_over_a_file_of_its_name(
        self, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load(models / "one").save(tmp_path / "bpe")
        monkeypatch.chdir(tmp_path)
        assert parse("bpe") == Contender("bpe")
        file = parse("./bpe")
        assert isinstance(file, Pretrained)
        assert file.source == "./bpe"

    def test_options_are_no_label(self) -> None:
        found = parse("bpe:tie=first-seen")
        assert isinstance(found, Contender)
        assert (found.name, found.options) == ("bpe:tie=first-seen", {"tie": "first-seen"})

    def test_a_label_for_either(self, models: Path) -> None:
        mine, trained = parse(f"mine={models / 'one'}"), parse("old=bpe:tie=first-seen")
        assert isinstance(mine, Pretrained)
        assert (mine.name, mine.source) == ("mine", str(models / "one"))
        assert isinstance(trained, Contender)
        assert (trained.name, trained.algorithm) == ("old", "bpe")

    def test_schemes_are_sources_and_keep_their_name(self) -> None:
        for text in ("hf:owner/name", "tiktoken:o200k_base"):
            found = parse(text)
            assert isinstance(found, Pretrained)
            assert (found.name, found.source) == (text, text)

    def test_a_path_with_an_equals_sign(self, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        load(models / "one").save(tmp_path / "a=b")
        monkeypatch.chdir(tmp_path)
        assert [model.name for model in resolve_all("a=b")[1]] == ["a=b"]

    def test_as_many_parts_of_a_path_as_it_takes(self, models: Path) -> None:
        files = [models / name / "tokenizer.json" for name in ("one", "two")]
        assert [model.name for model in resolve_all(files)[1]] == ["one/tokenizer.json", "two/tokenizer.json"]
        assert [model.name for model in resolve_all([str(files[0]), "bpe"])[1]] == ["tokenizer.json"]
        labelled, other = resolve_all([f"one={files[1]}", models / "one"])[1]
        assert (labelled.name, other.name) == ("one", f"{models.name}/one")

    def test_a_tokenizer_that_is_there(self, models: Path) -> None:
        tokenizer = load(models / "one")
        assert [model.name for model in resolve_all([tokenizer, "word"])[1]] == ["bpe (loaded)"]
        assert resolve_all(tokenizer)[1][0].source is tokenizer

    def test_what_is_refused(self, models: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="label 'bpe' is the name of a trainer"):
            parse(f"bpe={models / 'one'}")
        with pytest.raises(FormatError, match="no such file or folder"):
            parse("no/such.json")
        with pytest.raises(FormatError, match="no such file or folder"):
            parse(tmp_path / "nothing")
        with pytest.raises(UnknownNameError, match="did you mean 'bpe'"):
            parse("bpee")
        with pytest.raises(UsageError, match="named twice"):
            resolve_all([models / "one", models / "one"])
        with pytest.raises(UsageError, match=r"float is no contender: it has no name, vocab, encode_batch, decode"):
            resolve_all([3.5])  # type: ignore[list-item]

    def test_what_trains_refuses_models(self, models: Path) -> None:
        for refuse in (resolve, lambda names: sweep(CORPUS, names), lambda names: determinism(CORPUS, names)):
            with pytest.raises(UsageError, match="one is a model, and this trains"):
                refuse([str(models / "one")])


class TestJudging:
    def test_models_stand_last_with_their_own_size(self, report: Report) -> None:
        assert [r.tokenizer for r in report.results] == ["word", REFERENCE, "byte", "two", "three"]
        assert [r.pretrained for r in report.results] == [False, False, False, True, True]
        assert (report["two"].vocab_size, report["three"].vocab_size) == (400, 120)
        assert (report["two"].seconds, report["two"].peak_mb, report["two"].determinism) == (None, None, None)

    def test_the_figures_are_those_of_the_same_training(self, models: Path) -> None:
        """A model trained on the training part is judged as the contender that trains on it."""
        training = CORPUS.split(0.1, 0)[0]
        for name, algorithm in (("same-bpe", "bpe"), ("same-unigram", "unigram")):
            train(algorithm, training, vocab_size=350, backend="reference").save(models / name)
            found = quick([f"{algorithm}:backend=reference", models / name])
            trained, loaded = found.results
            for one, other in zip(trained.cells, loaded.cells, strict=True):
                # what no text becomes is searched for with the tokenizer at hand, not in a recording
                assert one == other or (one.metric == "vocab_unreachable" and other.value is None)
            assert trained.lengths is not None
            assert loaded.lengths is not None
            assert trained.lengths.tolist() == loaded.lengths.tolist()
            assert (
                found.pairs[0][
                    "cut_f1" if "cut_f1" in [c.metric for c in found.pairs[0].cells] else found.pairs[0].cells[0].metric
                ].value
                is not None
            )

    def test_an_object_is_judged_as_its_file(self, models: Path, report: Report) -> None:
        for name in ("two", "three"):
            found = quick([Pretrained(name, load(models / name))])[name]
            assert found.cells == report[name].cells

    def test_a_library_runs_its_own(self, models: Path) -> None:
        found = quick([models / "spm"])["spm"]
        assert found.error is None
        assert "|engine:sentencepiece-" in found.signature
        assert found["vocab_obtained"].value == 400

    def test_signatures_name_file_digest_and_engine(self, models: Path, report: Report) -> None:
        digest = hashlib.sha256((models / "two" / "tokenizer.json").read_bytes()).hexdigest()[:16]
        assert f"|model:two@sha256:{digest}|engine:toklab|vocab:400|corpus:" in report["two"].signature
        assert f"|models:two@sha256:{digest}+three@sha256:" in report.signature
        assert "models:" not in quick([REFERENCE]).signature

    def test_json_says_which_are_pretrained(self, report: Report) -> None:
        contenders = json.loads(report.to_json())["contenders"]
        assert [each["pretrained"] for each in contenders] == [False, False, False, True, True]

    def test_pairs_hold_models_with_everything(self, report: Report) -> None:
        pairs = {(pair.tokenizer, pair.other) for pair in report.pairs}
        assert {("word", "two"), (REFERENCE, "three"), ("byte", "two"), ("two", "three")} <= pairs


class TestTable:
    def test_below_the_others_and_never_best(self, report: Report) -> None:
        (table,) = size_tables(report)
        assert [row.tokenizer for row in table.pretrained] == ["two", "three"]
        assert not any(figure.best or figure.odd for row in table.pretrained for figure in row.figures)
        assert {row.figures[-1].text for row in table.pretrained} == {MISSING}
        text = render_report(report)
        assert text.index("byte") < text.index("loaded, not trained here, not ranked") < text.index("\ntwo ")
        assert "may have seen the held-out text" in text.replace("\n", " ")
        assert "| *(two)* |" in render_markdown(report)
        assert r"\emph{(two)} & " in render_latex(report)
        assert "<em>(two)</em>" in comparison_html(report)

    def test_ranked_where_told_so(self, models: Path) -> None:
        ranked = quick([REFERENCE, models / "two"], rank_pretrained=True)
        (table,) = size_tables(ranked)
        tokens = [column.metric for column in table.columns].index("tokens")
        assert table.pretrained[0].figures[tokens].best
        assert not table.sized[0].figures[tokens].best
        assert "not ranked" not in render_report(ranked)
        assert ranked.ranking("tokens") == (("two",), (REFERENCE,))
        apart = ranked.difference(REFERENCE, "two", "tokens")
        assert apart is not None
        assert apart.significant
        assert "+models" in ranked.signature

    def test_not_ranked_otherwise(self, report: Report) -> None:
        assert report["two"]["tokens"].rank is None
        assert "two" not in [name for group in report.ranking("tokens") for name in group]
        assert "+models" not in report.signature

    def test_ranked_at_one_size_only(self, models: Path) -> None:
        with pytest.raises(UsageError, match="one vocabulary size only"):
            quick([REFERENCE, models / "two"], vocab_size=[280, 300], rank_pretrained=True)

    def test_every_size_has_them(self, models: Path) -> None:
        found = quick([REFERENCE, models / "one"], vocab_size=[280, 320])
        assert [len(table.pretrained) for table in size_tables(found)] == [1, 1]

    def test_models_alone(self, models: Path) -> None:
        text = render_report(quick([models / "one", models / "two"]))
        assert "models, each with its own vocabulary" in text
        assert "vocabulary size 3" not in text


class Silent:
    """A tokenizer of somebody else's that cannot encode."""

    name = "silent"
    vocab = Vocab((Piece(b"a"),))
    signature: ClassVar[dict[str, str]] = {}

    def encode_batch(self, texts: Iterable[str], *, offsets: bool = False) -> Batch:
        raise ZeroDivisionError("no words\nat all")

    def encode(self, text: str) -> Encoding:
        raise AssertionError("texts are encoded together")

    def decode(self, ids: Iterable[int]) -> str:
        raise AssertionError("there are no ids to decode")

    def save(self, folder: str | Path) -> Path:
        raise AssertionError("a tokenizer that is there already is run where it is")


class TestFailures:
    def test_an_object_that_raises_is_a_cell(self) -> None:
        found = quick([REFERENCE, Silent()])
        assert found["silent"].error == "silent: ZeroDivisionError: no words at all"
        assert found["silent"].pretrained
        assert found[REFERENCE].error is None

    def test_a_damaged_file_is_a_cell(self, models: Path, tmp_path: Path) -> None:
        data = (models / "one" / "tokenizer.json").read_bytes()
        (tmp_path / "short.json").write_bytes(data[: len(data) // 2])
        found = quick([REFERENCE, tmp_path / "short.json"])
        assert str(found["short.json"].error).startswith("short.json: ")
        assert found.warnings == ("failed: short.json",)

    @pytest.mark.parametrize(
        ("body", "wanted"),
        [
            ("import os; os.abort()", "was killed by SIGABRT"),
            ("import time; time.sleep(600)", "did not finish within 4 s"),
            ("x = bytearray(10**12)", "ran out of memory"),
        ],
    )
    def test_a_library_that_dies_is_a_cell(
        self, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, wanted: str
    ) -> None:
        (tmp_path / "sentencepiece.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", search_path(tmp_path))
        found = quick([models / "spm"], limits=Limits(4, 3_000))
        assert wanted in str(found["spm"].error)
        assert found["spm"].pretrained


class TestRecording:
    @pytest.mark.parametrize("name", ["one", "three", "spm"])
    def test_what_is_read_back_is_what_was_said(self, models: Path, tmp_path: Path, name: str) -> None:
        texts, others = ["the sea", "", "a\0b\r\n", "été \U0001f980", "the sea"], ["the harbour", "the sea"]
        tokenizer = load(models / name)
        listen(tokenizer, {"a": "b"}, texts, others).save(tmp_path / "said")
        said = read_recording(tmp_path / "said", texts, others)
        assert (said.name, said.signature) == (tokenizer.name, {"a": "b"})
        assert (list(said.vocab), said.vocab.unk_id) == (list(tokenizer.vocab), tokenizer.vocab.unk_id)
        for asked in (texts, others, [*others, texts[3]]):
            one, other = said.encode_batch(asked, offsets=True), tokenizer.encode_batch(asked, offsets=True)
            assert (one.ids.tolist(), one.rows.tolist()) == (other.ids.tolist(), other.rows.tolist())
            assert one.offsets.tolist() == other.offsets.tolist()
        for text in texts:
            ids = tokenizer.encode(text).ids.tolist()
            assert said.decode(ids) == tokenizer.decode(ids)
            assert said.encode(text).ids.tolist() == ids
        if isinstance(tokenizer, TrainedTokenizer) and tokenizer.posterior([]) is not None:
            one_, other_ = said.posterior(texts[2:]), tokenizer.posterior(texts[2:])
            assert one_ is not None
            assert other_ is not None
            assert np.array_equal(one_.surprisal, other_.surprisal)

    def test_what_it_was_not_asked_it_does_not_know(self, models: Path) -> None:
        said: Recorded = listen(load(models / "one"), {}, ["the"], [])
        with pytest.raises(UsageError, match="not asked for one of these texts"):
            said.encode_batch(["sea"])
        with pytest.raises(UsageError, match="not asked for the text of these ids"):
            said.decode([1, 2, 3])


def test_a_model_in_several_files_is_digested_whole(tmp_path: Path) -> None:
    vocab = tmp_path / "vocab.json"
    vocab.write_text("{}")
    assert files_digest(vocab) == hashlib.sha256(b"{}").hexdigest()[:16]
    seen = {files_digest(vocab)}
    for name in ("merges.txt", "tokenizer_config.json"):
        (tmp_path / name).write_text("a b")
        seen.add(files_digest(vocab))
        (tmp_path / name).write_text("a c")
        seen.add(files_digest(vocab))
    (tmp_path / "unrelated.txt").write_text("a")
    seen.add(files_digest(vocab))
    assert len(seen) == 5


def test_languages_take_models(models: Path) -> None:
    lines = {
        "en": [f"the cat sat on mat {number}" for number in range(12)],
        "el": [f"η γάτα κάθισε στο χαλί {number}" for number in range(12)],
    }
    for how in ("joint", "monolingual"):
        names = [REFERENCE, str(models / "two")]
        found = compare_languages(lines, names, train=how, vocab_size=290, held_out=0.25, resamples=20)
        loaded = found["two"]
        assert loaded.error is None
        assert loaded.pretrained
        assert loaded.vocab_size == 400
        assert loaded.seconds is None
        tokens = loaded["el"]["tokens"].value
        assert tokens is not None
        assert 0 < tokens < load(models / "two").encode_batch(lines["el"]).rows[-1]
        assert "loaded, not trained here, so perhaps on these lines: two" in render_languages(found).replace("\n ", " ")
        assert "models:two@sha256:" in found.signature
        assert [each["pretrained"] for each in found.to_dict()["contenders"]] == [False, True]


def test_the_command_line(models: Path) -> None:
    names = ["-t", REFERENCE, "-t", "one", "-t", "mine=two/tokenizer.json"]
    (models / "text.txt").write_text("\n\n".join(CORPUS.documents[:40]), encoding="utf-8")
    done = run("compare", "text.txt", *names, "--vocab-size", "300", "--no-probe", "--json", cwd=models)
    assert done.code == 0, done.err
    contenders = json.loads(done.out)["contenders"]
    assert [(each["tokenizer"], each["pretrained"]) for each in contenders] == [
        (REFERENCE, False),
        ("one", True),
        ("mine", True),
    ]
    for command in ("sweep", "determinism"):
        refused = run(command, "text.txt", "-t", "./one", cwd=models)
        assert refused.code == 2
        assert "one is a model, and this trains" in refused.err
        assert "Traceback" not in refused.err
    absent = run("compare", "text.txt", "-t", "./none.json", cwd=models)
    assert (absent.code, absent.err.strip()) == (
        2,
        "toklab: error: ./none.json holds no tokenizer: no such file or folder",
    )


def test_a_corpus_of_one_text_twice(models: Path) -> None:
    """Equal documents have equal tokens, and a repeated training text is no other one."""
    twice = Corpus("twice", tuple(CORPUS.documents[:6]) * 4)
    found = compare(twice, [REFERENCE, models / "one"], vocab_size=300, resamples=10, probe=False)
    assert found["one"].error is None


def test_a_model_stands_beside_trainers_that_are_probed(models: Path) -> None:
    found = compare(CORPUS, [REFERENCE, models / "one"], vocab_size=300, resamples=10)
    assert [result.determinism for result in found.results] == ["exact", None]
