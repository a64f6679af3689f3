"""What other packages add: the documented example, in parent and children, and packages that are broken or clash."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers import TESTS, Ran, english, run, search_path

from toklab.plugins import plugins

EXAMPLE = TESTS.parent / "examples" / "toklab-longest"
GUIDE = TESTS.parent / "docs" / "extending.md"


def install(folder: Path, name: str, modules: Mapping[str, str], points: Mapping[str, Mapping[str, str]]) -> None:
    """What pip leaves of a package: its modules, and what it declares."""
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = (
        "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in found.items())])
        for group, found in points.items()
    )
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with ``text.txt`` and an empty folder ``site`` for packages."""
    (tmp_path / "site").mkdir()
    (tmp_path / "text.txt").write_text("\n\n".join(english().documents), encoding="utf-8")
    return tmp_path


@pytest.fixture
def example(desk: Path) -> Path:
    """The same with the example installed, as its own pyproject.toml declares it."""
    project: dict[str, Any] = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = (EXAMPLE / "toklab_longest.py").read_text(encoding="utf-8")
    install(desk / "site", project["name"], {"toklab_longest": source}, project["entry-points"])
    return desk


def toklab(*args: str, desk: Path) -> Ran:
    return run(*args, cwd=desk, env={"PYTHONPATH": search_path(TESTS.parent, desk / "site")})


def test_the_guide_shows_the_example_as_it_is() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name, language in (("pyproject.toml", "toml"), ("toklab_longest.py", "python")):
        assert f"```{language}\n{(EXAMPLE / name).read_text(encoding='utf-8')}```" in guide


def test_what_is_installed_later_is_found(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(desk / "site"))
    before = plugins("toklab.later")
    assert plugins("toklab.later") is before
    install(desk / "site", "later", {"later": ""}, {"toklab.later": {"mine": "later:MINE"}})
    assert [(point.name, point.value) for point in plugins("toklab.later")] == [("mine", "later:MINE")]


def test_the_example_is_listed(example: Path) -> None:
    listed = json.loads(toklab("list", "--json", desk=example).out)
    assert listed["algorithms"]["longest"] == "toklab-longest-1.0; claims: exact"
    assert listed["metrics"]["one_token_words"] == "Words that are one token ÷ words. [share, higher]"


def test_the_example_takes_part_in_a_comparison(example: Path) -> None:
    """Trained three times in children, judged in the parent, with its metric for every contender."""
    names = ["-t", "longest", "-t", "bpe:backend=reference"]
    done = toklab("compare", "text.txt", *names, "--vocab-size", "400", "--json", desk=example)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    longest, bpe = report["contenders"]
    assert (longest["tokenizer"], longest["determinism"], longest["error"]) == ("longest", "exact", None)
    assert "|lib:toklab-longest-1.0" in report["signature"]
    rows = {(row["tokenizer"], row["metric"]): row for row in report["rows"]}
    assert rows["longest", "vocab_obtained"]["value"] == 400
    assert rows["longest", "round_trip"]["value"] == 1
    words = rows["longest", "one_token_words"]
    assert 0 < words["ci_low"] < words["value"] < words["ci_high"] < 1
    assert 0 < rows[bpe["tokenizer"], "one_token_words"]["value"] < words["value"]


def test_the_example_is_saved_and_loaded(example: Path) -> None:
    done = toklab("train", "text.txt", "--algo", "longest", "--vocab-size", "400", "--output", "model", desk=example)
    assert done.code == 0, done.err
    encoded = toklab("encode", "model", "the sea", desk=example)
    assert encoded.code == 0
    assert toklab("decode", "model", *encoded.out.split(), desk=example).out.strip() == "the sea"


def test_a_package_that_cannot_be_imported_is_a_warning(desk: Path) -> None:
    points = {"toklab.algorithms": {"gone": "gone:GONE"}, "toklab.metrics": {"gone": "gone"}}
    source = "from toklab.metrics import Value, metric\n"
    source += "metric('half', group='mine', unit='x')(lambda _: Value(1.0))\nimport no_such_library\n"
    install(desk / "site", "toklab-gone", {"gone": source}, points)
    listed = toklab("list", desk=desk)
    assert listed.code == 0
    assert "half" not in listed.out
    assert "Traceback" not in listed.err
    why = "cannot be loaded: ModuleNotFoundError: No module named 'no_such_library'"
    assert f"the metrics of the package 'toklab-gone' (gone) are left out, they {why}" in listed.err
    assert f"the algorithm 'gone' of the package 'toklab-gone' (gone:GONE) {why}" in listed.err
    options = ["--vocab-size", "300", "--no-probe"]
    done = toklab("compare", "text.txt", "-t", "bpe:backend=reference", *options, desk=desk)
    assert done.code == 0
    assert "toklab-gone" in done.err
    asked = toklab("compare", "text.txt", "-t", "gone", *options, desk=desk)
    assert asked.code == 2
    assert "toklab: error: the algorithm 'gone' of the package 'toklab-gone'" in asked.err


def test_a_metric_that_raises_is_undefined(desk: Path) -> None:
    source = "from toklab.metrics import metric\n\n"
    source += "@metric('zero', group='mine', unit='x')\ndef zero(encoded):\n    '''Nothing.'''\n    return 1 / 0\n"
    install(desk / "site", "toklab-zero", {"zero": source}, {"toklab.metrics": {"zero": "zero"}})
    options = ["--vocab-size", "300", "--no-probe", "--json"]
    done = toklab("compare", "text.txt", "-t", "bpe:backend=reference", *options, desk=desk)
    assert done.code == 0
    assert [row["value"] for row in json.loads(done.out)["rows"] if row["metric"] == "zero"] == [None]
    assert "the metric 'zero' of zero is left out: ZeroDivisionError: division by zero" in done.err


@pytest.mark.parametrize(
    ("group", "name", "target", "wanted"),
    [
        ("toklab.algorithms", "bpe", "other:X", "'bpe' is taken twice: by toklab and by the package 'toklab-other'"),
        ("toklab.algorithms", "bpe-spm", "other:X", "'bpe-spm' is taken twice: by toklab and by"),
        ("toklab.metrics", "mine", "other", "the package 'toklab-other' (other): metric 'tokens' is defined twice"),
    ],
)
def test_a_name_that_is_taken_is_an_error_that_names_both(
    desk: Path, group: str, name: str, target: str, wanted: str
) -> None:
    source = "from toklab.metrics import Value, metric\nmetric('tokens', group='x', unit='x')(lambda _: Value(1.0))\n"
    install(
        desk / "site",
        "toklab-other",
        {"other": source if group == "toklab.metrics" else "X = None"},
        {group: {name: target}},
    )
    done = toklab("list", desk=desk)
    assert done.code == 2
    assert wanted in done.err


def test_two_packages_with_one_name(desk: Path) -> None:
    for letter in "ab":
        points = {"toklab.algorithms": {"same": f"module_{letter}:X"}}
        install(desk / "site", f"package-{letter}", {}, points)
    done = toklab("list", desk=desk)
    assert done.code == 2
    wanted = "by the package 'package-a' (module_a:X) and by the package 'package-b' (module_b:X)"
    assert f"the algorithm name 'same' is taken twice: {wanted}" in done.err
