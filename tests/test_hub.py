"""Repositories on the Hugging Face hub, from a cache that is made here; nothing is fetched."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from helpers import run
from tokenizers import Tokenizer, models, pre_tokenizers

from toklab.errors import FormatError, UsageError
from toklab.loading import load

hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")
errors = pytest.importorskip("huggingface_hub.errors")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as huggingface_hub makes it, with one repository at one commit."""
    engine = Tokenizer(models.WordLevel({"[UNK]": 0, "tide": 1, "the": 2}, unk_token="[UNK]"))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    repository = tmp_path / "hub" / "models--harbour--tides"
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    (snapshot / "tokenizer.json").write_text(engine.to_str())
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.parametrize("source", ["hf:harbour/tides", "hf:harbour/tides@main", f"hf:harbour/tides@{COMMIT}"])
def test_a_repository_in_the_cache(cache: Path, source: str) -> None:
    assert load(source).encode("the tide").ids.tolist() == [2, 1]


def test_the_command_line_and_the_environment(cache: Path) -> None:
    ran = run("encode", "hf:harbour/tides", "the tide", cwd=cache, env={"HF_HOME": str(cache), **OFFLINE})
    assert (ran.code, ran.out, ran.err) == (0, "2 1\n", "")
    ran = run("encode", "hf:harbour/none", "the tide", cwd=cache, env={"HF_HOME": str(cache), **OFFLINE})
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "hf:harbour/none is not in the cache of huggingface_hub, and HF_HUB_OFFLINE forbids fetching it" in ran.err


def test_without_a_network_it_fails_at_once(cache: Path) -> None:
    env = {"HF_HOME": str(cache), **OFFLINE, "HF_HUB_OFFLINE": "0"}
    began = time.monotonic()
    ran = run("encode", "hf:harbour/none", "the tide", cwd=cache, env=env)
    assert time.monotonic() - began < 30
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "not in the cache of huggingface_hub and cannot be fetched" in ran.err
    ran = run("encode", "hf:harbour/tides", "the tide", cwd=cache, env=env)
    assert ran.out == "2 1\n"


@pytest.mark.parametrize("source", ["hf:", "hf:a/b/c", "hf:owner/na me", "hf:owner/name@", "hf:../x/y"])
def test_what_is_no_name_of_a_repository(source: str) -> None:
    with pytest.raises(UsageError, match="write hf:owner/name"):
        load(source)


def test_a_revision_that_is_not_there(cache: Path) -> None:
    with pytest.raises(FormatError, match=r"hf:harbour/tides@v9 is not in the cache"):
        load("hf:harbour/tides@v9")


def test_the_package_is_asked_for_where_it_is_missing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"needs huggingface_hub: pip install 'toklab\[hub\]'"):
        load("hf:harbour/tides")


@pytest.mark.parametrize("kind", ["RepositoryNotFoundError", "RevisionNotFoundError", "GatedRepoError"])
def test_what_the_hub_refuses_is_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        error = getattr(errors, kind)
        raise error.__new__(error, "404 Client Error.\n\nA long text")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(FormatError, match="no such repository or revision, or no access") as caught:
        load("hf:harbour/tides")
    assert "\n" not in str(caught.value)
