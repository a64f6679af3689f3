"""Conversions of conversions: through every two formats that hold a tokenizer, and back; the ids stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import english
from model_samples import write_samples
from test_converting import HELD, NAMES, ids, trained

import toklab
from toklab.converting import TARGETS, convert
from toklab.converting.proof import random_texts
from toklab.errors import FormatError

BACK = "tokenizer-json"
TEXTS = [*english(3_000).documents, *random_texts(20, 5)]


def held(name: str) -> list[str]:
    return [to for to in TARGETS if name in HELD[to]]


@pytest.mark.parametrize(("name", "first"), [(name, first) for name in NAMES for first in held(name)])
def test_the_ids_survive_every_two_formats_and_the_way_back(name: str, first: str, tmp_path: Path) -> None:
    expected = ids(trained(name), TEXTS)
    convert(trained(name), first, tmp_path / first, text=TEXTS)
    for second in held(name):
        there = tmp_path / f"{first}-{second}"
        convert(tmp_path / first, second, there, text=TEXTS)
        assert ids(toklab.load(there), TEXTS) == expected, second
        if BACK in held(name):
            back = tmp_path / f"{first}-{second}-back"
            convert(there, BACK, back, text=TEXTS)
            for engine in ("toklab", "library"):
                assert ids(toklab.load(back, engine=engine), TEXTS) == expected, (second, engine)


# What is only read, and the formats that hold it.
READ = {
    "gguf bpe": ("tokenizer-json", "hf", "tiktoken", "vocab-json"),
    "tekken": ("tokenizer-json", "hf", "tiktoken"),
    "subword-nmt": ("tokenizer-json", "hf"),
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("gguf", reason="the test extra installs it")
    pytest.importorskip("tiktoken", reason="the test extra installs it")
    return write_samples(tmp_path_factory.mktemp("samples"))


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", READ)
def test_what_is_only_read_can_be_written_otherwise(
    samples: dict[str, Path], name: str, to: str, tmp_path: Path
) -> None:
    if to not in READ[name]:
        with pytest.raises(FormatError, match="cannot be converted"):
            convert(samples[name], to, tmp_path / "out", text=TEXTS)
        return
    convert(samples[name], to, tmp_path / "out", text=TEXTS)
    assert ids(toklab.load(tmp_path / "out"), TEXTS) == ids(toklab.load(samples[name]), TEXTS)
