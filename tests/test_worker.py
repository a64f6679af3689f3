"""Trainings in child processes: what comes back, and that whatever dies there is one clear error."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from broken_trainers import PID_FILE
from helpers import PATIENCE, broken_trainers, english, is_gone, wait_for

from toklab.corpus import Corpus
from toklab.errors import BaselineError, ToklabError, UnknownNameError, UsageError, VocabSizeError
from toklab.training import train
from toklab.types import Contender
from toklab.worker import peak_memory_mb
from toklab.workshop import Fit, Job, Limits, Workshop

CORPUS = english(3_000)
MEMORY_MB = 3_000
# what each trainer's error must say
DEATHS = {
    "broken-raises": "broken-raises: ValueError: no such weather",
    "broken-refuses": "broken-refuses: this trainer wants blank verse",
    "broken-panics": "broken-panics: Panic: called `unwrap()` on a `None` value",
    "broken-aborts": "broken-aborts was killed by SIGABRT: free(): invalid pointer",
    "broken-crashes": "broken-crashes was killed by SIGSEGV",
    "broken-leaves": "broken-leaves ended with status 0 and no result",
    "broken-exits": "broken-exits: SystemExit: 3",
    "broken-spawns": "broken-spawns ended with status 1 and no result",
    "broken-hoards": f"broken-hoards: ran out of memory (limit {MEMORY_MB:,} MB)",
    "broken-forgets": "broken-forgets saved no tokenizer that can be loaded",
}


def job(name: str, corpus: Corpus = CORPUS, **options: object) -> Job:
    return Job(Contender(name, {"vocab_size": 300, **options}), corpus)


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the system's temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def results() -> dict[str, Fit | ToklabError]:
    """Every trainer that dies, between two that work, all in one workshop."""
    names = ["bpe", *DEATHS, "broken-works"]
    with Workshop(Limits(PATIENCE, MEMORY_MB)) as workshop:
        return dict(zip(names, workshop.fit_all([job(name) for name in names]), strict=True))


@pytest.mark.parametrize("name", DEATHS)
def test_what_dies_is_a_clear_error(results: dict[str, Fit | ToklabError], name: str) -> None:
    error = results[name]
    assert isinstance(error, BaselineError)
    assert str(error).startswith(DEATHS[name])
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["bpe", "broken-works"])
def test_the_other_jobs_complete(results: dict[str, Fit | ToklabError], name: str) -> None:
    fit = results[name]
    assert isinstance(fit, Fit)
    assert fit.tokenizer.name == name
    assert 0 < fit.seconds < PATIENCE
    assert 10 < fit.peak_mb < MEMORY_MB


def test_a_fit_is_the_training_of_this_process(results: dict[str, Fit | ToklabError]) -> None:
    fit = results["bpe"]
    assert isinstance(fit, Fit)
    here = train("bpe", CORPUS, vocab_size=300)
    assert fit.tokenizer.vocab == here.vocab
    assert fit.tokenizer.signature == here.signature
    assert fit.tokenizer.encode("the harbour").ids.tolist() == here.encode("the harbour").ids.tolist()


def test_a_hang_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PID_FILE, str(tmp_path / "pid"))
    with (
        Workshop(Limits(seconds=3)) as workshop,
        pytest.raises(BaselineError, match=r"broken-hangs did not finish within 3 s and was stopped"),
    ):
        workshop.fit(job("broken-hangs"))
    assert is_gone(wait_for(tmp_path / "pid"))


def test_an_allocation_that_aborts_is_out_of_memory() -> None:
    with Workshop(Limits(PATIENCE, MEMORY_MB)) as workshop:
        result = workshop.fit_all([job("hf-bpe", vocab_size=10**9)])[0]
    assert isinstance(result, BaselineError)
    assert str(result) == f"hf-bpe ran out of memory (limit {MEMORY_MB:,} MB)"


def test_no_process_outlives_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PID_FILE, str(tmp_path / "pid"))
    with Workshop() as workshop:
        workshop.fit_all([job("broken-spawns")])
        assert is_gone(wait_for(tmp_path / "pid"))


def test_an_interrupt_ends_running_children_and_starts_no_more(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PID_FILE, str(tmp_path / "pid"))
    jobs = [job("broken-hangs"), job("broken-works"), job("broken-hangs"), job("broken-hangs")]

    def interrupt(done: Job) -> None:
        wait_for(tmp_path / "pid")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Workshop(processes=2) as workshop:
        workshop.fit_all(jobs, interrupt)
    assert is_gone(wait_for(tmp_path / "pid"))
    assert list(temporary.iterdir()) == []


def test_the_alphabets_error_crosses_the_border() -> None:
    with Workshop() as workshop:
        found = workshop.fit_all([job("broken-too-small"), job("hf-bpe", vocab_size=10)])
    for error, name, requested, smallest in zip(
        found, ["broken-too-small", "hf-bpe"], [300, 10], [12_345, 256], strict=True
    ):
        assert isinstance(error, VocabSizeError)
        assert (error.algorithm, error.requested, error.smallest) == (name, requested, smallest)


def test_errors_of_the_options_are_the_jobs(results: dict[str, Fit | ToklabError]) -> None:
    with Workshop() as workshop:
        wrong, unknown = workshop.fit_all([job("bpe", tie="first-sen"), job("bpee")])
    assert str(wrong).startswith("bpe: unknown tie rule 'first-sen'; did you mean 'first-seen'?")
    assert "unknown algorithm 'bpee'; did you mean 'bpe'?" in str(unknown)


def test_nothing_remains_in_the_temporary_folder(temporary: Path) -> None:
    with Workshop() as workshop:
        workshop.fit_all([job("broken-works"), job("broken-crashes")])
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_equal_corpora_are_written_once(temporary: Path) -> None:
    with Workshop() as workshop:
        corpora = [CORPUS.shuffled(1), CORPUS.shuffled(1), CORPUS]
        workshop.fit_all([job("broken-works", corpus) for corpus in corpora])
        (folder,) = temporary.iterdir()
        assert len(list(folder.glob("corpus-*.json"))) == 2


def test_documents_arrive_unchanged() -> None:
    odd = Corpus("odd", ("a\0b\r\n", "\ufeff\u2028\x85", "“quotes” \U0001f980\n\n"))
    with Workshop() as workshop:
        fit = workshop.fit(Job(Contender("character", {"vocab_size": 1}), odd))
    pieces = {piece.surface.decode() for piece in fit.tokenizer.vocab if not piece.special}
    assert pieces == set("".join(odd.documents))


def test_options_and_environment_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"vocab_size": 300, "special_tokens": ("<pad>", "<mask>")}
    contender = Contender("bpe", options)
    by_hash = Contender("broken-by-hash", {"vocab_size": 300})
    with Workshop() as workshop:
        bpe, first, second = workshop.fit_all(
            [
                Job(contender, CORPUS),
                *(Job(by_hash, CORPUS, {"PYTHONHASHSEED": seed}) for seed in ("1", "2")),
            ]
        )
    assert isinstance(bpe, Fit)
    assert isinstance(first, Fit)
    assert isinstance(second, Fit)
    assert [str(bpe.tokenizer.vocab[i]) for i in (0, 1)] == ["<pad>", "<mask>"]
    assert first.tokenizer.vocab != second.tokenizer.vocab  # hundreds of words: no two seeds order them alike


def test_what_a_child_logs_is_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="toklab"), Workshop() as workshop:
        workshop.fit(job("broken-works"))
    assert f"working on {len(CORPUS)} documents" in caplog.messages


def test_the_folder_that_the_user_is_in_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the user')")
    monkeypatch.chdir(tmp_path)
    with Workshop() as workshop:
        assert workshop.fit(job("broken-works")).tokenizer.name == "broken-works"


@pytest.mark.parametrize(("seconds", "memory_mb"), [(0.0, 1), (-1.0, 1), (float("nan"), 1), (1.0, 0), (1.0, -5)])
def test_limits_that_leave_nothing_are_refused(seconds: float, memory_mb: int) -> None:
    with pytest.raises(UsageError, match="use more than 0"):
        Limits(seconds, memory_mb)


def test_done_is_called_once_for_each_job() -> None:
    done: list[str] = []
    with Workshop() as workshop:
        workshop.fit_all(
            [job("broken-works"), job("broken-raises"), job("nonsense")],
            lambda job: done.append(job.contender.name),
        )
    assert sorted(done) == ["broken-raises", "broken-works", "nonsense"]


def test_peak_memory_is_that_of_a_python_process() -> None:
    assert 10 < peak_memory_mb() < 100_000


def test_an_unknown_algorithm_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'broken-works'"):
        train("broken-work", CORPUS)
