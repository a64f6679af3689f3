"""The one way to load a tokenizer: which format a path is in, and who runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

import toklab
from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.errors import FormatError, UnknownNameError
from toklab.formats.sentencepiece_tokenizer import SpmTokenizer
from toklab.loading import load
from toklab.loading.sources import FORMATS, find

TEXTS = ["a banana and a bandana", "ban the band"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name, size in (("bpe", 300), ("hf-bpe", 300), ("spm-bpe", 280)):
        toklab.train(name, TEXTS, vocab_size=size).save(folder / name)
    return folder


def test_a_folder_is_run_by_whoever_made_it(saved: Path) -> None:
    assert isinstance(load(saved / "bpe"), TrainedTokenizer)
    assert {name: find(saved / name).engine for name in ("bpe", "hf-bpe", "spm-bpe")} == {
        "bpe": "toklab",
        "hf-bpe": "library",
        "spm-bpe": "library",
    }


def test_the_engine_can_be_chosen(saved: Path) -> None:
    ours, theirs = (load(saved / "spm-bpe", engine=engine) for engine in ("toklab", "library"))
    assert isinstance(ours, SpmTokenizer)
    assert not isinstance(theirs, SpmTokenizer)
    assert ours.encode(TEXTS[0]).ids.tolist() == theirs.encode(TEXTS[0]).ids.tolist()


def test_what_toklab_saved_is_run_by_the_library_too(saved: Path) -> None:
    ours, theirs = (load(saved / "bpe", engine=engine) for engine in ("toklab", "library"))
    assert not isinstance(theirs, TrainedTokenizer)
    assert theirs.vocab == ours.vocab
    for text in [*TEXTS, " \n 冬 é", ""]:
        one, other = ours.encode(text), theirs.encode(text)
        assert one.ids.tolist() == other.ids.tolist()
        assert one.offsets.tolist() == other.offsets.tolist()


def test_an_unknown_engine_names_the_valid_ones(saved: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"engine 'tolkab'.*did you mean 'toklab'"):
        load(saved / "bpe", engine="tolkab")


def test_what_is_no_tokenizer_says_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        load(tmp_path / "nowhere")
    with pytest.raises(FormatError, match=r"holds no tokenizer.*tokenizer\.json"):
        load(tmp_path)
    (tmp_path / "poem.txt").write_text("roses\n")
    with pytest.raises(FormatError, match=r"poem\.txt is no model file"):
        load(tmp_path / "poem.txt")


def test_formats_have_names_of_their_own() -> None:
    names = [entry.name for entry in FORMATS]
    assert len(names) == len(set(names))
    assert all(entry.first in ("toklab", "library") and (entry.ours or entry.library) for entry in FORMATS)
