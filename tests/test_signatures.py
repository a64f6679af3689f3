"""Signatures: the same one gives the same figures, and whatever moves a figure moves it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers import english, run

from toklab.algorithms import get_algorithm, make_spec
from toklab.checking import check, make_baseline
from toklab.comparison import compare
from toklab.differing import diff
from toklab.inspecting import inspect_model
from toklab.languages import compare_languages
from toklab.sweeping import sweep
from toklab.training import train
from toklab.types import Contender
from toklab.workshop import Fit, Job

WORDS = "walk\twalk\nwalked\twalk ed\nthings\tthing s\ngoing\tgo ing\n"
LINES = {
    "en": [f"the {i} cats and dogs walk over the hill number {i * i}" for i in range(20)],
    "de": [f"die {i} Katzen und Hunde gehen über den Hügel Nummer {i * i}" for i in range(20)],
}
# what does not change a figure
FREE = {"limits", "progress"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "text.txt").write_bytes("".join(english(6_000).documents).encode())
    (folder / "other.txt").write_bytes("".join(english(7_000).documents).encode())
    (folder / "lines.txt").write_text("one line\nanother\n\nwalk on\nand on", encoding="utf-8")
    (folder / "words.tsv").write_text(WORDS, encoding="utf-8")
    (folder / "parallel").mkdir()
    for language, lines in LINES.items():
        (folder / f"parallel/{language}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for size in (280, 290):
        train("bpe", folder / "text.txt", vocab_size=size).save(folder / f"bpe{size}")
    make_baseline(folder / "bpe280", folder / "text.txt").save(folder / "baseline.json")
    return folder


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train here: what is looked at is the signature, and a process for each training takes its time."""

    def run_jobs(jobs: Sequence[Job], *_: object) -> list[Fit]:
        fits = []
        for job in jobs:
            assert isinstance(job.contender, Contender)
            algorithm = get_algorithm(job.contender.algorithm)
            fits.append(Fit(algorithm.fit(job.corpus, make_spec(algorithm, job.contender.options)), 0.1, 1.0))
        return fits

    for module in ("toklab.comparison", "toklab.sweeping.run", "toklab.languages.comparing"):
        monkeypatch.setattr(f"{module}.run_jobs", run_jobs)


def facts_of(signature: str) -> dict[str, str]:
    parts = re.split(r"(?<!\|)\|(?!\|)", signature)
    return {key: value.replace("||", "|") for key, _, value in (part.partition(":") for part in parts)}


def without_costs(found: Any) -> Any:
    """Plain values without what no signature promises: seconds, megabytes and where files stand."""
    if isinstance(found, Mapping):
        costs = ("train_seconds", "seconds", "peak_mb")
        return {key: without_costs(value) for key, value in found.items() if key not in costs}
    return [without_costs(value) for value in found] if isinstance(found, list) else found


def trained_again(facts: Mapping[str, str]) -> Iterator[str]:
    """The options of a command that trains, out of a signature's facts."""
    for name in facts["tokenizers"].split("+"):
        yield from ("-t", name)
    for size in facts["vocab"].split("+"):
        yield from ("--vocab-size", size)
    share, _, seed = facts["heldout"].partition("@seed")
    yield from ("--pretokenizer", facts["pre"], "--held-out", share, "--seed", seed)


def compared_again(facts: Mapping[str, str]) -> list[str]:
    probe = [] if facts["probe"] == "2" else ["--no-probe"]
    return [
        "compare",
        "text.txt",
        "--morphemes",
        f"{facts['morphemes'].split('@')[0]}.tsv",
        *trained_again(facts),
        *probe,
    ]


def languages_again(facts: Mapping[str, str]) -> list[str]:
    own = ["--reference", facts["reference"], "--train", facts["train"], "--temperature", facts["temperature"]]
    return ["compare", "--parallel", "parallel", *trained_again(facts), *own]


def swept_again(facts: Mapping[str, str]) -> list[str]:
    return ["sweep", "text.txt", *trained_again(facts), "--worth", facts["worth"]]


TRAINED = ["-t", "bpe", "-t", "unigram", "--vocab-size", "280", "--seed", "3", "--held-out", "0.25"]
COMMANDS: dict[str, tuple[list[str], Callable[[Mapping[str, str]], list[str]]]] = {
    "compare": (["compare", "text.txt", "--morphemes", "words.tsv", *TRAINED, "-p", r"\w|\W+"], compared_again),
    "languages": (["compare", "--parallel", "parallel", *TRAINED, "--temperature", "2.5"], languages_again),
    "sweep": (["sweep", "text.txt", *TRAINED, "--vocab-size", "300", "--worth", "2.5"], swept_again),
    "inspect": (["inspect", "bpe280", "text.txt"], lambda _: ["inspect", "bpe280/tokenizer.json", "text.txt"]),
    "diff": (
        ["diff", "bpe280", "bpe290", "text.txt", "--top", "3"],
        lambda facts: ["diff", "bpe280", "bpe290", "text.txt", "--top", facts["top"]],
    ),
    "check": (
        ["check", "bpe290", "text.txt", "--baseline", "baseline.json", "--max-drop", "fertility=1%"],
        lambda facts: [
            *("check", "bpe290", "text.txt", "--baseline", "baseline.json", "--max-drop"),
            facts["maxdrop"].partition(",default")[0],
        ],
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_signature_gives_the_same_figures(command: str, desk: Path) -> None:
    """From the facts of the signature alone, in other processes, with other hash seeds and numbers of threads."""
    args, again = COMMANDS[command]
    one = {"PYTHONHASHSEED": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    two = {"PYTHONHASHSEED": "99", "NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "RAYON_NUM_THREADS": "2"}
    first = json.loads(run(*args, "--json", cwd=desk, env=one).out, parse_constant=pytest.fail)
    ran = run(*again(facts_of(first["signature"])), "--json", cwd=desk, env=two)
    second = json.loads(ran.out, parse_constant=pytest.fail)
    assert second["signature"] == first["signature"]
    assert without_costs(second) == without_costs(first)


@pytest.mark.parametrize("command", ["compare", "languages", "sweep", "inspect", "diff", "check"])
def test_commands_end_with_it(command: str, desk: Path) -> None:
    args = [*COMMANDS[command][0]]
    out = run(*args, cwd=desk).out.rstrip("\n").split("\n")
    assert out[-2] == "signature"
    assert out[-1] == json.loads(run(*args, "--json", cwd=desk).out)["signature"]


def assert_each_moves_it(
    function: Callable[..., Any], base: Mapping[str, Any], changes: Mapping[str, Any], pinned: Sequence[str] = ()
) -> None:
    """Every parameter of a function, changed by itself, gives another signature; none is forgotten.

    Parameters
    ----------
    pinned : parameters that the others leave no choice
    """
    assert {*changes, *FREE, *pinned} >= set(inspect.signature(function).parameters)
    signatures = {"": function(**base).signature}
    assert function(**base).signature == signatures[""]
    for name, value in changes.items():
        signatures[name] = function(**{**base, name: value}).signature
        twins = [other for other in signatures if other != name and signatures[other] == signatures[name]]
        assert not twins, f"changing {name!r} gives the signature of {twins}"


@pytest.mark.usefixtures("in_process")
def test_each_knob_of_compare_moves_it(desk: Path) -> None:
    base = {"source": desk / "text.txt", "contenders": ["bpe"], "vocab_size": 280, "resamples": 10, "probe": False}
    changes = {
        "source": desk / "other.txt",
        "contenders": ["bpe", "byte"],
        "vocab_size": [280, 290],
        "pretokenizer": "whitespace",
        "documents": "line",
        "held_out": 0.1 + 1e-9,
        "seed": 1,
        "resamples": 11,
        "probe": True,
        "morphemes": desk / "words.tsv",
        "rank_pretrained": True,
    }
    assert_each_moves_it(compare, base, changes)


@pytest.mark.usefixtures("in_process")
def test_options_of_contenders_and_the_users_files_move_it(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "words.tsv").write_text(f"{WORDS}hills\thill s\n", encoding="utf-8")
    (tmp_path / "text.txt").write_bytes((desk / "text.txt").read_bytes().replace(b"the", b"The", 1))

    def signature(contender: str = "bpe", folder: Path = desk, text: Path = desk) -> str:
        options = {"vocab_size": 280, "resamples": 10, "probe": False}
        return compare(text / "text.txt", contender, morphemes=folder / "words.tsv", **options).signature  # type: ignore[arg-type]

    found = [
        signature(),
        signature("bpe:tie=first-seen"),
        signature("bpe:min_frequency=3"),
        signature(folder=tmp_path),
        signature(text=tmp_path),
    ]
    assert len(set(found)) == len(found)
    assert facts_of(found[1])["tokenizers"] == "bpe:tie=first-seen"


@pytest.mark.usefixtures("in_process")
def test_each_knob_of_languages_moves_it(desk: Path) -> None:
    base = {"source": LINES, "contenders": ["bpe"], "vocab_size": 280, "resamples": 10, "held_out": 0.5}
    changes = {
        "source": {**LINES, "xx": LINES["en"]},
        "contenders": ["byte"],
        "reference": "de",
        "train": "monolingual",
        "temperature": 2.0 + 1e-9,
        "vocab_size": 290,
        "pretokenizer": "whitespace",
        "held_out": 0.5 + 1e-9,
        "seed": 1,
        "resamples": 11,
    }
    assert_each_moves_it(compare_languages, base, changes, pinned=["documents"])
    own = {**base, "train": desk / "lines.txt", "vocab_size": 280}
    kinds = {compare_languages(**own, documents=kind).signature for kind in ("paragraph", "line")}  # type: ignore[arg-type]
    assert len(kinds) == 2


@pytest.mark.usefixtures("in_process")
def test_each_knob_of_sweep_moves_it(desk: Path) -> None:
    base = {"source": desk / "text.txt", "contenders": ["bpe"], "vocab_size": 280, "resamples": 10}
    changes = {
        "source": desk / "other.txt",
        "contenders": ["bpe", "byte"],
        "vocab_size": [280, 290],
        "pretokenizer": "whitespace",
        "documents": "line",
        "held_out": 0.2,
        "seed": 1,
        "resamples": 11,
        "worth": 1 + 1e-9,
    }
    assert_each_moves_it(sweep, base, changes)


def test_each_knob_of_inspect_and_diff_moves_it(desk: Path) -> None:
    base = {"model": desk / "bpe280", "source": desk / "text.txt"}
    changes = {"model": desk / "bpe290", "source": desk / "other.txt", "documents": "line"}
    assert_each_moves_it(inspect_model, base, changes)
    sides = {"first": desk / "bpe280", "second": desk / "bpe290", "source": desk / "text.txt"}
    more = {
        "first": desk / "bpe290",
        "second": desk / "bpe280",
        "source": desk / "other.txt",
        "documents": "line",
        "top": 3,
    }
    assert_each_moves_it(diff, sides, more)


def test_each_knob_of_check_moves_it(desk: Path, tmp_path: Path) -> None:
    make_baseline(desk / "bpe290", desk / "text.txt").save(tmp_path / "another.json")
    base = {"tokenizer": desk / "bpe280", "source": desk / "text.txt", "baseline": desk / "baseline.json"}
    changes = {
        "tokenizer": desk / "bpe290",
        "baseline": tmp_path / "another.json",
        "max_drop": {"fertility": "1%"},
        "allow_id_drift": True,
    }
    # the text, and how it is cut, must be those of the baseline
    assert_each_moves_it(check, base, changes, pinned=["source", "documents"])
