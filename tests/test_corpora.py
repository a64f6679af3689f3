"""The bundled texts are what their README says they are."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import pytest

from toklab.corpus import bundled_path, open_corpus

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
SUMS = {line.split("  ")[1]: line.split("  ")[0] for line in (CORPORA / "SHA256SUMS").read_text("utf-8").splitlines()}
PARALLEL = sorted(CORPORA.glob("parallel/*.txt"))


def test_every_text_is_listed_and_unchanged() -> None:
    files = sorted(str(path.relative_to(CORPORA)) for path in [*CORPORA.rglob("*.txt"), *CORPORA.rglob("*.tsv")])
    assert files == sorted(SUMS)
    for name, digest in SUMS.items():
        assert hashlib.sha256((CORPORA / name).read_bytes()).hexdigest() == digest, name


def test_english_is_bundled_and_large_enough() -> None:
    assert bundled_path().samefile(CORPORA / "en.txt")
    corpus = open_corpus()
    assert corpus.n_bytes >= 120_000
    assert len(corpus) >= 200
    assert "".join(corpus.documents) == (CORPORA / "en.txt").read_text("utf-8")
    paragraphs = [" ".join(text.split()) for text in corpus.documents]
    assert len(set(paragraphs)) == len(paragraphs)


def test_parallel_lines_are_aligned_in_many_languages_and_scripts() -> None:
    assert len(PARALLEL) >= 12
    lines = {path.stem: path.read_text("utf-8").split("\n")[:-1] for path in PARALLEL}
    assert {len(found) for found in lines.values()} == {64}
    assert all(line.strip() == line != "" for found in lines.values() for line in found)
    scripts = {_script(found) for found in lines.values()}
    assert len(scripts) >= 7, scripts


def _script(lines: list[str]) -> str:
    """The script most letters of the lines are in, by the first word of their names."""
    letters = [unicodedata.name(char, "?").split()[0] for line in lines for char in line if char.isalpha()]
    return max(sorted(set(letters)), key=letters.count)


@pytest.mark.parametrize(("language", "least"), [("en", 400), ("fi", 150), ("tr", 150)])
def test_morphemes_join_to_their_words(language: str, least: int) -> None:
    rows = [line.split("\t") for line in (CORPORA / f"morphemes/{language}.tsv").read_text("utf-8").splitlines()]
    words = [word for word, _ in rows]
    assert len(words) >= least
    assert words == sorted(set(words))
    assert all("".join(parts.split(" ")) == word for word, parts in rows)
    assert sum(" " in parts for _, parts in rows) > 0.8 * len(rows)
