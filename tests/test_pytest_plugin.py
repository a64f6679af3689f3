"""The pytest plugin: what it gives to a project's tests, and that it is no burden to anyone else's."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from helpers import TESTS, english, search_path

from toklab.corpus import open_corpus
from toklab.training import train

pytest_plugins = ["pytester"]

NAME = "toklab.pytest_plugin"
ENCODES = "def test_it(tokenizer):\n    assert tokenizer.encode('the harbour').ids.tolist()\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train("bpe", english(6_000), vocab_size=300).save(folder)
    return folder


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with toklab installed: its plugin is an entry point, as pyproject.toml says."""
    info = pytester.mkdir("site") / "toklab_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toklab-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{NAME} = {NAME}\n")
    monkeypatch.setenv("PYTHONPATH", search_path(info.parent, TESTS.parent))
    return pytester


def run(project: pytest.Pytester, *args: str | Path) -> pytest.RunResult:
    return project.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *args)


def test_the_entry_point_is_that_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["pytest11"]
    assert points == {NAME: NAME}
    assert EntryPoint(NAME, points[NAME], "pytest11").load().tokenizer


def test_the_tokenizer_of_the_command_line(project: pytest.Pytester, model: Path) -> None:
    project.makepyfile(ENCODES)
    run(project, "--toklab-model", model).assert_outcomes(passed=1)
    run(project, "--toklab-model", model / "tokenizer.json").assert_outcomes(passed=1)


def test_named_again_with_p_it_is_loaded_once(project: pytest.Pytester, model: Path) -> None:
    project.makepyfile(ENCODES)
    run(project, "-p", NAME, "--toklab-model", model).assert_outcomes(passed=1)


def test_without_a_tokenizer_its_tests_are_skipped(project: pytest.Pytester) -> None:
    project.makepyfile(ENCODES)
    ran = run(project, "-rs")
    ran.assert_outcomes(skipped=1)
    ran.stdout.fnmatch_lines(["*no tokenizer to test: give --toklab-model PATH, or toklab_model in the ini file"])


@pytest.mark.parametrize("value", ["model", "./model/tokenizer.json"])
def test_a_path_of_the_ini_file_is_relative_to_it(project: pytest.Pytester, model: Path, value: str) -> None:
    train("bpe", english(6_000), vocab_size=300).save(project.path / "model")
    project.makeini(f"[pytest]\ntoklab_model = {value}\n")
    inner = project.mkdir("inner")
    (inner / "test_it.py").write_text(ENCODES)
    ran = project.runpytest_subprocess("--rootdir", project.path, "-c", project.path / "tox.ini", inner)
    ran.assert_outcomes(passed=1)
    # the command line comes first
    run(project, "--toklab-model", "nowhere", inner).assert_outcomes(errors=1)


def test_a_model_that_cannot_be_loaded_is_named(project: pytest.Pytester) -> None:
    project.makepyfile(ENCODES)
    ran = run(project, "--toklab-model", "nowhere")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*the tokenizer of toklab_model cannot be loaded: *nowhere holds no tokenizer*"])
    ran.stdout.no_fnmatch_line("*Traceback*")


def test_the_corpus(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(toklab_corpus):\n    print(toklab_corpus.name, len(toklab_corpus))\n")
    run(project, "-s").stdout.fnmatch_lines([f"*en {len(open_corpus())}*"])
    (project.path / "mine.txt").write_text("one\n\ntwo\n")
    run(project, "-s", "--toklab-corpus", "mine.txt").stdout.fnmatch_lines(["*mine 2*"])
    ran = run(project, "--toklab-corpus", "none.txt")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*the text of toklab_corpus cannot be read: *none.txt: no such file"])


def test_a_fixture_of_the_project_takes_its_place(project: pytest.Pytester) -> None:
    project.makeconftest("import pytest\n@pytest.fixture\ndef tokenizer():\n    return 'mine'\n")
    project.makepyfile("def test_it(tokenizer):\n    assert tokenizer == 'mine'\n")
    run(project).assert_outcomes(passed=1)


def test_it_loads_nothing_heavy(project: pytest.Pytester) -> None:
    project.makepyfile(
        f"""
        import sys

        def test_it(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin({NAME!r})
            assert not {{"numpy", "numba", "tokenizers", "toklab.training", "toklab.corpus"}} & set(sys.modules)
        """
    )
    run(project, "-p", "no:hypothesis").assert_outcomes(passed=1)


def test_a_failure_shows_the_tokens_side_by_side(project: pytest.Pytester, model: Path) -> None:
    project.makepyfile(
        """
        from toklab.testing import assert_encodes_as

        def test_it(tokenizer):
            assert_encodes_as(tokenizer, "qthe", ["q", "th", "e"])
        """
    )
    ran = run(project, "--toklab-model", model)
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["E *  expected  bpe", "E *  q         q", "E *> th        t", "E *  e         he"])
    ran.stdout.no_fnmatch_line("*def assert_encodes_as*")
