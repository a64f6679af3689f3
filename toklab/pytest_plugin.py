"""A pytest plugin: fixtures for a saved tokenizer and the text it is tested on.

pytest loads it wherever toklab is installed, so it imports nothing heavy, and does nothing until a test asks for a
fixture. A project's own fixture of the same name takes its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from toklab.corpus import Corpus
    from toklab.types import Tokenizer

MODEL, CORPUS = "toklab_model", "toklab_corpus"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line, and of the same names in the ini file."""
    group = parser.getgroup("toklab")
    for name, metavar, meaning in (
        (MODEL, "PATH", "saved tokenizer that the fixture `tokenizer` loads"),
        (CORPUS, "FILE", "text that the fixture `toklab_corpus` reads (default: the bundled one)"),
    ):
        group.addoption(f"--{name.replace('_', '-')}", dest=name, metavar=metavar, help=meaning)
        parser.addini(name, f"{meaning}; relative to this file", type="string", default="")


@pytest.fixture(scope="session")
def tokenizer(pytestconfig: pytest.Config) -> Tokenizer:
    """The tokenizer of ``--toklab-model``, or of ``toklab_model`` in the ini file; without one the test is skipped."""
    path = _path(pytestconfig, MODEL)
    if path is None:
        pytest.skip("no tokenizer to test: give --toklab-model PATH, or toklab_model in the ini file")
    from toklab.errors import ToklabError
    from toklab.loading import load

    try:
        return load(path)
    except ToklabError as error:
        pytest.fail(f"the tokenizer of toklab_model cannot be loaded: {error}", pytrace=False)


@pytest.fixture(scope="session")
def toklab_corpus(pytestconfig: pytest.Config) -> Corpus:
    """The text of ``--toklab-corpus``, or of ``toklab_corpus`` in the ini file, or the bundled one, in paragraphs."""
    from toklab.corpus import open_corpus
    from toklab.errors import ToklabError

    try:
        return open_corpus(_path(pytestconfig, CORPUS))
    except ToklabError as error:
        pytest.fail(f"the text of toklab_corpus cannot be read: {error}", pytrace=False)


def _path(config: pytest.Config, name: str) -> Path | None:
    """Where an option points: from where pytest was called, or from the folder of the ini file."""
    given = config.getoption(name)
    if given:
        return Path(config.invocation_params.dir, given)
    written = str(config.getini(name))
    return Path(config.inipath.parent if config.inipath else config.rootpath, written) if written else None
