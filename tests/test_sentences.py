"""The sentences that a report shows, and the models that it is saved with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import english
from hypothesis import given
from hypothesis import strategies as st

import toklab
from toklab.choosing import resolve_all
from toklab.comparison import compare
from toklab.errors import BaselineError, FormatError
from toklab.report.models import NO_COPY, ONLY_LIBRARY, load_models, runnable, save_models
from toklab.results import Report, Result
from toklab.sentences import CANDIDATES, LONGEST, MOST, candidates, sentences_of, with_sentences
from toklab.types import Tokenizer

GAPS = "word:pretokenizer=whitespace"  # the space between its tokens is dropped


def test_sentences() -> None:
    text = 'One. Two!  "Three?" Four…\n\nv1.5 is\n  out。次'
    assert list(sentences_of(text)) == ["One.", "Two!", '"Three?"', "Four…", "v1.5 is\n  out。次"]
    assert list(sentences_of(" \n ")) == []


@given(st.text(st.sampled_from("ab .\n\u3000!"), max_size=600))
def test_a_sentence_is_short_and_nothing_else_is_lost(text: str) -> None:
    found = list(sentences_of(text))
    assert all(0 < len(sentence) <= LONGEST and sentence == sentence.strip() for sentence in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_candidates_are_distinct_and_spread() -> None:
    texts = [f"Number {place}. Again." for place in range(3_000)]
    found = candidates(texts)
    assert len(found) == len(set(found)) == CANDIDATES
    assert found[0] == "Number 0."
    assert int(found[-1].removeprefix("Number ").rstrip(".")) > 2_900


def test_the_most_disputed_come_first() -> None:
    corpus = english(6_000)
    trained: list[Tokenizer | BaselineError] = [
        toklab.train("bpe", corpus, vocab_size=400),
        toklab.train("word", corpus, vocab_size=50),
        toklab.train("byte", corpus, vocab_size=256),
        BaselineError("it died"),
    ]
    results = (
        Result("bpe", 400),
        Result("word", 400),
        Result("byte", 400, sized=False),
        Result("gone", 400, error="it died"),
    )
    report = with_sentences(Report(results, ""), trained, corpus.documents)
    bpe, word, byte, gone = report.results
    assert len(report.sentences) == MOST
    assert gone.cuts is None
    assert bpe.cuts is not None
    assert word.cuts is not None
    assert byte.cuts is not None
    spreads = []
    for place, text in enumerate(report.sentences):
        many, few = len(bpe.cuts[place]), len(word.cuts[place])
        assert byte.cuts[place].ids.tobytes() == trained[2].encode(text).ids.tobytes()  # type: ignore[union-attr]
        spreads.append((-abs(many - few), -max(many, few), text))
    assert spreads == sorted(spreads)
    worst = max(abs(len(trained[0].encode(t)) - len(trained[1].encode(t))) for t in candidates(corpus.documents))  # type: ignore[union-attr]
    assert spreads[0][0] == -worst


def test_nothing_to_show() -> None:
    assert with_sentences(Report((), ""), [], ["Text."]).sentences == ()
    failed = Report((Result("gone", 400, error="it died"),), "")
    assert with_sentences(failed, [BaselineError("it died")], ["Text."]).sentences == ()
    tokenizer = toklab.train("byte", english(4_000), vocab_size=256)
    assert with_sentences(Report((Result("byte", 256),), ""), [tokenizer], ["  "]).sentences == ()


def test_a_comparison_has_them_and_its_tokenizers(tmp_path: Path) -> None:
    report = compare(
        english(6_000), ["bpe", "hf-unigram", "byte", GAPS], vocab_size=[300, 310], resamples=20, probe=False
    )
    assert 5 < len(report.sentences) <= MOST
    saved = save_models(report, tmp_path)
    assert [r.model for r in saved.results][:2] == ["models/bpe-300", "models/bpe-310"]
    again = Report.from_json(saved.to_json())
    assert again.sentences == report.sentences
    for old, new in zip(saved.results, again.results, strict=True):
        assert old.model == new.model
        assert old.cuts is not None
        assert new.cuts is not None
        for name in ("ids", "rows", "offsets"):
            ours, theirs = getattr(old.cuts, name), getattr(new.cuts, name)
            assert ours.dtype == theirs.dtype
            assert ours.tolist() == theirs.tolist()
    models = load_models(again, tmp_path)
    for found in (models, runnable(report)):
        for result in report.results:
            loaded = found[result.tokenizer, result.vocab_size]
            assert not isinstance(loaded, str)
            assert result.run is not None
            assert [piece.surface for piece in loaded.vocab] == [piece.surface for piece in result.run.vocab]
    assert (
        load_models(again, tmp_path / "elsewhere")["bpe", 300] == "its model is not beside the report (models/bpe-300)"
    )


def test_models_are_copied_where_toklab_runs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = english(6_000)
    paths = {name: tmp_path / name for name in ("bpe", "hf-wordpiece", "spm-unigram")}
    for name, path in paths.items():
        toklab.train(name, corpus, vocab_size=400).save(path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer.json").write_text("{}")
    named = [f"{name}-model={path}" for name, path in paths.items()]
    report = compare(corpus, ["byte", *named, f"gone={tmp_path / 'broken'}"], resamples=20, probe=False)
    loaded = resolve_all(named)[1]
    models = load_models(save_models(report, tmp_path / "out", loaded), tmp_path / "out")
    assert [name for name, _ in models] == ["byte", *(model.name for model in loaded)]
    assert not any(isinstance(model, str) for model in models.values())
    monkeypatch.setattr("toklab.report.models.MOST_BYTES", 100)
    small = load_models(save_models(report, tmp_path / "small", loaded), tmp_path / "small")
    assert list(small.values())[1:] == [NO_COPY] * 3
    assert not isinstance(small["byte", 256], str)


def test_a_tokenizer_of_a_library_alone_is_named() -> None:
    class Strange:
        name = "strange"

    result = Result("strange", 9, run=Strange())  # type: ignore[arg-type]
    assert runnable(Report((result,), "")) == {("strange", 9): ONLY_LIBRARY}


def test_names_of_folders_are_safe(tmp_path: Path) -> None:
    tokenizer = toklab.train("byte", english(4_000), vocab_size=256)
    names = ["../../up", "a/b", "a:b", "A:b", "\0\n", "é" * 300, ".hidden", "bpe:tie=first-seen,x=1"]
    report = save_models(Report(tuple(Result(name, 9, run=tokenizer) for name in names), ""), tmp_path)
    folders = [result.model for result in report.results]
    assert len({folder.lower() for folder in folders if folder}) == len(names)
    assert folders[:4] == ["models/_up-9", "models/a_b-9", "models/a_b-9-2", "models/A_b-9-3"]
    assert folders[-1] == "models/bpe_tie=first-seen,x=1-9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]
    assert len(load_models(report, tmp_path)) == len(names)


@pytest.mark.parametrize("model", ["/etc", "../x", "models/../..", "other/x", "models\\..", "", "models/a\0"])
def test_a_report_cannot_name_other_folders(model: str, tmp_path: Path) -> None:
    report = Report((Result("bpe", 300, model=model),), "")
    with pytest.raises(FormatError, match="is not in the folder models beside it"):
        load_models(report, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cuts": []}, r"contenders\[0\].cuts is not a list of as many objects as there are sentences"),
        ({"cuts": 3}, "cuts is not a list of objects"),
        ({"cuts": [{"ids": [1], "ends": [99]}]}, r"cuts\[0\].ends is not where the tokens"),
        ({"cuts": [{"ids": [1], "begins": [2], "ends": [1]}]}, r"cuts\[0\].ends is not where the tokens"),
        ({"cuts": [{"ids": [1], "begins": [0, 1], "ends": [1, 2]}]}, r"cuts\[0\].ends is not where the tokens"),
        ({"cuts": [{"ids": [1, 1], "begins": [1, 0], "ends": [1, 1]}]}, r"cuts\[0\].ends is not where the"),
        ({"cuts": [{"ids": ["1"], "begins": [0], "ends": [1]}]}, r"cuts\[0\].ids is not a list of whole"),
        ({"model": 7}, r"contenders\[0\].model is not a text"),
    ],
)
def test_samples_are_not_trusted(change: dict[str, object], message: str) -> None:
    data = Report((replace(Result("bpe", 300)),), "", sentences=("a b",)).to_dict()
    data["contenders"][0] |= change
    with pytest.raises(FormatError, match=message):
        Report.from_dict(data)
