"""The user's own list of words cut into morphemes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from helpers import run
from hypothesis import given
from hypothesis import strategies as st

from toklab.comparison import compare
from toklab.errors import InputError
from toklab.metrics.lexicon import bundled_lexicon, read_lexicon

TEXT = ["the zork zorked", "zorks zorked", "zorking the zork", "a zork zorks"] * 5


def test_a_file_is_read(tmp_path: Path) -> None:
    raw = "\ufeffZorked\tZork ed\r\n\nzorks\tzork s\nzorks\tzork s\n".encode()
    (tmp_path / "own.tsv").write_bytes(raw)
    lexicon = read_lexicon(tmp_path / "own.tsv")
    assert lexicon.words == {"zorked": ("zork", "ed"), "zorks": ("zork", "s")}
    assert (lexicon.name, lexicon.digest) == ("own", hashlib.sha256(raw).hexdigest()[:8])


def test_the_lists_of_toklab_are_files_of_that_form(corpora: Path) -> None:
    lists = [read_lexicon(path) for path in sorted((corpora / "morphemes").glob("*.tsv"))]
    assert len(lists) == 3
    assert sum(len(each.words) for each in lists) == len(bundled_lexicon().words)
    for each in lists:
        assert each.words.items() <= bundled_lexicon().words.items()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no word; a line is WORD, a tab"),
        (b"\n \n", "no word; a line is WORD, a tab"),
        (b"zork", "line 1: 'zork' is no word with its morphemes"),
        (b"zorks\tzork s\nzorked\t", "line 2: 'zorked.t' is no word with its morphemes"),
        (b"zorks\tzork\ts", "line 1: .* is no word with its morphemes"),
        (b"zorks\tzork es", "line 1: the morphemes 'zork es' together are not the word 'zorks'"),
        (b"zorks\tzork s\n\nzorks\tzor ks", "line 3: 'zorks' stands there twice"),
        (b"zork\xff", "cannot be read"),
    ],
)
def test_what_is_no_such_file(raw: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_bytes(raw)
    with pytest.raises(InputError, match=message):
        read_lexicon(tmp_path / "own.tsv")


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.tsv"):
        with pytest.raises(InputError, match="cannot be read"):
            read_lexicon(path)


@given(st.dictionaries(st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(tuple), st.just(None), min_size=1))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: dict[tuple[str, ...], None]) -> None:
    words = {"".join(parts): parts for parts in rows}
    path = tmp_path_factory.mktemp("lists") / "own.tsv"
    path.write_text("".join(f"{word}\t{' '.join(parts)}\n" for word, parts in words.items()), encoding="utf-8")
    assert read_lexicon(path).words == words


def test_a_comparison_judges_by_it(tmp_path: Path) -> None:
    """Bytes cut everywhere: of 1 place to cut in zork|ed they make 5 cuts inside the word, in zork|s 4."""
    path = tmp_path / "own.tsv"
    path.write_text("zorked\tzork ed\nzorks\tzork s\n", encoding="utf-8")
    options = {"documents": "line", "held_out": 0.5, "resamples": 10, "probe": False}
    report = compare(TEXT, "byte", morphemes=path, **options)  # type: ignore[arg-type]
    held = int(report["byte"].lengths.sum()) if report["byte"].lengths is not None else 0
    assert held == report["byte"]["tokens"].value
    precision = report["byte"]["boundary_precision"].value
    assert report["byte"]["boundary_recall"].value == 1.0
    assert report["byte"]["morph_score"].value == 1.0
    assert precision is not None
    assert 1 / 5 <= precision <= 1 / 4
    assert compare(TEXT, "byte", **options)["byte"]["boundary_recall"].value is None  # type: ignore[arg-type]


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(TEXT), encoding="utf-8")
    (tmp_path / "own.tsv").write_text("zorked\tzork ed\n", encoding="utf-8")
    args = ["compare", "text.txt", "-t", "byte", "--no-probe", "--morphemes"]
    found = json.loads(run(*args, "own.tsv", "--json", cwd=tmp_path).out)
    digest = hashlib.sha256((tmp_path / "own.tsv").read_bytes()).hexdigest()[:8]
    assert f"|morphemes:own@{digest}|" in found["signature"]
    assert f"|morphemes:own@{digest}|" in found["contenders"][0]["signature"]
    ran = run(*args, "none.tsv", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "toklab: error: none.tsv cannot be read: No such file or directory\n"
    ran = run("compare", "--parallel", ".", "--morphemes", "own.tsv", cwd=tmp_path)
    assert ran.code == 2
    assert "--morphemes cannot be given with --parallel" in ran.err
