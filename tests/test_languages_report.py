"""``toklab compare --parallel``: the table, the files, the pictures and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers import broken_trainers, run
from rich.cells import cell_len

from toklab.languages import LanguageReport, compare_languages
from toklab.report import render_languages, write_languages

LINES = {
    "en": [f"the cat sat on mat {number}" for number in range(12)],
    "el": [f"η γάτα κάθισε στο χαλί {number}" for number in range(12)],
    "zh": [f"猫坐在垫子上{number}" for number in range(12)],
}
SETTINGS = ["--parallel", "three", "--held-out", "0.25"]
REFERENCE = "bpe:backend=reference"


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    for name in ("three", "uneven"):
        (folder / name).mkdir()
        for language, lines in LINES.items():
            (folder / name / f"{language}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "uneven" / "el.txt").open("a", encoding="utf-8") as file:
        file.write("μία ακόμα\n")
    (folder / "own.txt").write_text("the cat\n\nthe mat\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def report() -> LanguageReport:
    names = [REFERENCE, "byte", "word", "broken-raises"]
    return compare_languages(LINES, names, vocab_size=[290, 300], held_out=0.25, resamples=50)


def test_the_table_names_everything_and_fits(report: LanguageReport) -> None:
    text = render_languages(report, 80)
    before_signature = text.partition("signature\n")[0]
    assert max(cell_len(line) for line in before_signature.splitlines()) <= 80
    for wanted in ("vocabulary size 290", "vocabulary size 300", "premium to en", "en Latin (reference)", "zh Han"):
        assert wanted in text
    for wanted in ("Gini per line", "Gini per byte", "worst language", "pieces obtained", "means by script"):
        assert text.count(wanted) >= 2  # once for each size
    assert "broken-raises" in text.partition("failed\n")[2]
    alone = render_languages(replace(report, results=(report["byte"],)))
    assert alone.index("el Greek") < alone.index("en Latin") < alone.index("zh Han")  # the dearest first
    assert text.endswith(f"{report.signature}\n")
    assert "\x1b[" not in text
    assert "\x1b[" in render_languages(report, 80, colour=True)


def test_what_unknown_text_makes_low_is_marked() -> None:
    seen = compare_languages(LINES, ["word"], train=LINES["en"], vocab_size=20, held_out=0.25, resamples=20)
    rows = render_languages(seen).splitlines()
    assert next(line for line in rows if line.startswith("zh Han")).endswith("?")
    assert not next(line for line in rows if line.startswith("en Latin (ref")).endswith("?")
    assert "? rests on a language with more than 1%" in render_languages(seen)
    assert "UNK" in render_languages(seen)  # one tokenizer: what is behind the premiums


def test_all_that_failed(report: LanguageReport) -> None:
    failed = replace(report, results=tuple(result for result in report.results if result.error))
    text = render_languages(failed, 80)
    assert "nothing was compared" in text
    assert "broken-raises" in text


def test_rows_are_long_and_json_is_whole(report: LanguageReport) -> None:
    found = json.loads(report.to_json())
    assert found["schema"] == 1
    assert list(found["rows"][0]) == list(report.to_frame().columns)
    kinds = {(row["language"] is None, row["script"] is None) for row in found["rows"]}
    assert kinds == {(False, False), (True, False), (True, True), (False, True)}
    assert {row["language"] for row in found["rows"] if row["metric"] == "worst_premium"} == {"el"}
    assert [bool(each["error"]) for each in found["contenders"]].count(True) == 2
    byte = next(each for each in found["contenders"] if each["tokenizer"] == "byte")
    assert byte["worst"] == "el"
    assert byte["lorenz"]["line"][0] == [0, 0]


def test_files(report: LanguageReport, tmp_path: Path) -> None:
    names = ["languages.json", "languages.csv", "premiums.png", "lorenz.png"]
    first = [path.read_bytes() for path in write_languages(report, tmp_path / "a")]
    assert [path.name for path in write_languages(report, tmp_path / "b")] == names
    assert first == [(tmp_path / "b" / name).read_bytes() for name in names]
    frame = pd.read_csv(tmp_path / "a" / "languages.csv")
    assert len(frame) == len(report.rows())
    assert first[2][:4] == first[3][:4] == b"\x89PNG"
    failed = replace(report, results=tuple(result for result in report.results if result.error))
    assert [path.name for path in write_languages(failed, tmp_path / "c")] == names[:2]


def test_a_name_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    odd = compare_languages({"=1+1": LINES["zh"], "en": LINES["en"]}, ["byte"], held_out=0.25, resamples=5)
    write_languages(odd, tmp_path)
    assert ",'=1+1," in (tmp_path / "languages.csv").read_text()


def test_the_command(desk: Path) -> None:
    ran = run("compare", *SETTINGS, "-t", REFERENCE, "-t", "byte", "--vocab-size", "280", "--output", "out", cwd=desk)
    assert ran.code == 0, ran
    assert "premium to en" in ran.out
    assert "wrote out/lorenz.png" in ran.err
    again = run("compare", *SETTINGS, "-t", REFERENCE, "-t", "byte", "--vocab-size", "280", "--json", cwd=desk)
    assert json.loads(again.out)["rows"] == json.loads((desk / "out" / "languages.json").read_text())["rows"]


def test_the_command_with_other_text_and_another_reference(desk: Path) -> None:
    ran = run("compare", *SETTINGS, "-t", "byte", "--train", "own.txt", "--reference", "zh", "--json", cwd=desk)
    found = json.loads(ran.out)
    assert (found["reference"], found["train"][:4], found["training"]) == ("zh", "own@", {})
    ran = run("compare", *SETTINGS, "-t", "byte", "--temperature", "inf", "--json", cwd=desk)
    assert json.loads(ran.out)["temperature"] == "inf"


def test_a_command_in_which_all_fail_ends_with_1(desk: Path) -> None:
    assert run("compare", *SETTINGS, "-t", "broken-raises", cwd=desk).code == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--parallel", "uneven"], "en has 12, but el has 13"),
        (["--parallel", "nowhere"], "nowhere: no such folder"),
        (["--parallel", "three", "--reference", "xx"], "unknown reference language 'xx'"),
        (["--parallel", "three", "--temperature", "0"], "temperature 0 is not above 0"),
        (["--parallel", "three", "--train", "monolingual", "--temperature", "2"], "joint training only"),
        (["--parallel", "three", "own.txt"], "cannot be given with --parallel"),
        (["--parallel", "three", "--no-probe"], "--probe cannot be given with --parallel"),
        (["--parallel", "three", "--pairs"], "--pairs cannot be given with --parallel"),
        (["own.txt", "--temperature", "2"], "--temperature goes with --parallel"),
    ],
)
def test_wrong_usage(desk: Path, args: list[str], says: str) -> None:
    ran = run("compare", *args, "-t", "byte", cwd=desk)
    assert ran.code == 2
    assert ran.out == ""
    assert says in ran.err.splitlines()[-1]
