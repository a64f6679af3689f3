"""Model files of every format that are cut short, damaged or made to harm, with little memory and time.

What comes of each is a `ToklabError` of one line, or a tokenizer that encodes, the same by both engines.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import run, search_path
from model_samples import write_samples

from toklab.errors import LONGEST, FormatError, PatternError, ToklabError
from toklab.loading import load
from toklab.loading.sources import FORMATS
from toklab.pretokenize.probing import LARGEST, LONGEST_RUN, compile_safely, written_out

DAMAGES, MEGABYTES, SECONDS = 25, 4096, 20.0
BOTH, LIBRARY, TOKLAB = ("toklab", "library"), ("library",), ("toklab",)
# The sample, the file that is damaged where that is not its main one, and who reads it.
CASES: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("tokenizer-json bpe", None, BOTH),
    ("tokenizer-json wordpiece", None, BOTH),
    ("tokenizer-json unigram", None, BOTH),
    ("tekken", None, BOTH),
    ("tiktoken", None, BOTH),
    ("tiktoken", "tokenizer.tiktoken.json", BOTH),
    ("sentencepiece toklab bpe", None, BOTH),
    ("sentencepiece toklab unigram", None, BOTH),
    ("sentencepiece bpe", None, LIBRARY),
    ("sentencepiece unigram", None, LIBRARY),
    ("vocab-json", None, BOTH),
    ("vocab-json", "merges.txt", BOTH),
    ("vocab-json", "tokenizer_config.json", BOTH),
    ("vocab-txt", None, BOTH),
    ("vocab-txt", "tokenizer_config.json", BOTH),
    ("subword-nmt", None, TOKLAB),  # the package is written in Python, and not always there
    ("gguf bpe", None, BOTH),
    ("gguf llama", None, LIBRARY),
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("gguf", reason="the test extra installs it")
    pytest.importorskip("tiktoken", reason="the test extra installs it")
    return write_samples(tmp_path_factory.mktemp("samples"))


def test_every_format_is_damaged() -> None:
    damaged = {sample.split()[0] for sample, _, _ in CASES}
    assert damaged == {entry.name for entry in FORMATS if entry.prefix is None}


@pytest.mark.parametrize(("sample", "file", "engines"), CASES)
def test_a_damaged_model_is_refused_or_works(
    samples: dict[str, Path], tmp_path: Path, sample: str, file: str | None, engines: tuple[str, ...]
) -> None:
    main = samples[sample]
    for path in main.parent.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    model, damaged = tmp_path / main.name, tmp_path / (file or main.name)
    limits = map(str, (DAMAGES, 7, MEGABYTES, SECONDS))
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("damage.py"), damaged, *limits, model, *engines],
        env={"PYTHONPATH": search_path(Path(__file__).resolve().parents[1]), "PATH": "", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    last = tmp_path / "last"
    assert ran.returncode == 0, f"damage {last.read_text() if last.exists() else '?'}: {ran.stderr[-2000:]}"
    *wrong, counts = ran.stdout.splitlines()
    assert not wrong, "\n".join(wrong)
    found = json.loads(counts)
    assert set(found) <= {"loaded", "refused"}
    assert found["refused"] > 20


@pytest.mark.parametrize("sample", ["tokenizer-json bpe", "tiktoken", "sentencepiece unigram", "gguf llama"])
def test_the_command_line_says_one_line(samples: dict[str, Path], tmp_path: Path, sample: str) -> None:
    path = tmp_path / samples[sample].name
    path.write_bytes(samples[sample].read_bytes()[:300])
    ran = run("encode", path, "text", cwd=tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("toklab: error: ")
    assert len(ran.err.splitlines()) == 1


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    harm = tmp_path / "harmed"
    call = f"cos\nsystem\n(S'touch {harm}'\ntR.".encode()
    for name in ("tokenizer.json", "x.model", "x.tiktoken", "vocab.txt", "tekken.json", "x.codes", "x.gguf"):
        (tmp_path / name).write_bytes(call)
        for engine in BOTH:
            with pytest.raises(ToklabError):
                load(tmp_path / name, engine=engine)
    assert not harm.exists()


@pytest.mark.parametrize("name", ["tokenizer.json", "x.model", "x.tiktoken", "vocab.json", "vocab.txt", "x.codes"])
@pytest.mark.parametrize("engine", BOTH)
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, name: str, engine: str) -> None:
    if name == "x.codes" and engine == "library":
        pytest.importorskip("subword_nmt")
    with (tmp_path / name).open("wb") as handle:
        handle.truncate(1 << 34)  # takes no place on the disk
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    with pytest.raises(FormatError, match=r"more than [\d,]+ bytes|toklab reads up to"):
        load(tmp_path / name, engine=engine)


HARMFUL = (
    "a" * (LONGEST_RUN + 1),
    r"\x61" * (LONGEST_RUN + 1),
    "(?:(?:a{1000}){1000}){1000}",
    "(?:a{0,99999}){99999}b",
    "a{" + "9" * 4900 + "}",
    "(?:" * 1000 + "a" + ")" * 1000,
    "a|" * 3000,
    "a*",
)


@pytest.mark.parametrize("pattern", HARMFUL)
def test_patterns_that_take_too_long_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_safely(pattern)


@pytest.mark.parametrize("pattern", HARMFUL[:-1])
@pytest.mark.parametrize("engine", BOTH)
def test_such_patterns_in_a_file_are_refused_or_work(
    samples: dict[str, Path], tmp_path: Path, pattern: str, engine: str
) -> None:
    parts: dict[str, Any] = json.loads(samples["tekken"].read_bytes())
    parts["config"]["pattern"] = pattern
    path = tmp_path / "tekken.json"
    path.write_text(json.dumps(parts))
    with contextlib.suppress(ToklabError):
        assert len(load(path, engine=engine).vocab) > 256


def test_repeats_are_written_out() -> None:
    assert written_out("(?:ab{3}){2}") == 8 + 4  # "?" and ":" count as parts
    assert written_out(r"[^\]a]{1,3}\{{5}|x") == 3 + 5 + 2
    assert written_out("a" * LARGEST + "b") == LARGEST + 1


def test_an_error_is_short_whatever_a_file_says() -> None:
    error = FormatError("begin" + "x" * 10_000_000 + "end")
    assert len(str(error)) < LONGEST + 10
    assert str(error).startswith("begin")
    assert str(error).endswith("end")
