"""Beside the axes: locks, other versions, other samples of the text, and the files of a report."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from helpers import broken_trainers, english, run

from toklab.errors import BaselineError, FormatError, InputError
from toklab.report import render_determinism, write_determinism
from toklab.retraining import determinism
from toklab.retraining.axes import distribution
from toklab.retraining.environments import install
from toklab.retraining.lock import Fingerprint, Lock, check_lock, make_lock
from toklab.retraining.stability import judge_stability, prefixes, resampled
from toklab.training import train
from toklab.types import Piece, Vocab

CORPUS = english(6_000)


@pytest.fixture(scope="module")
def lock() -> Lock:
    return make_lock(CORPUS, ["bpe", "hf-wordpiece", "word"], vocab_size=320)


def test_a_lock_comes_back_from_its_file(lock: Lock, tmp_path: Path) -> None:
    lock.save(tmp_path / "new" / "lock.json")
    assert Lock.load(tmp_path / "new" / "lock.json") == lock
    assert lock.fingerprints[0].vocab.merges
    odd = (Piece(b"\xff", byte=True), Piece(b"a", continuation=True), Piece("é".encode(), word_final=True))
    print_ = Fingerprint("x", "y-1", Vocab(odd, merges=((odd[1], odd[2]),)), ("00",))
    assert Fingerprint.of(json.loads(json.dumps(print_.to_dict()))) == print_


def test_what_is_deterministic_holds_and_what_is_not_parts(lock: Lock) -> None:
    report = check_lock(lock, CORPUS)
    verdicts = {probe.tokenizer: probe.verdict for probe in report.probes}
    assert verdicts["bpe"] == verdicts["word"] == "exact"
    assert verdicts["hf-wordpiece"] in ("ids differ", "pieces differ")
    assert {probe.axis for probe in report.probes} == {"platform"}
    assert report.verdicts[0].grade == "A"
    assert not report.broken_claims


def test_a_check_names_what_differs_first(lock: Lock) -> None:
    kept = lock.fingerprints[0]
    pieces = list(kept.vocab.pieces)
    pieces[300], pieces[301] = pieces[301], pieces[300]
    moved = replace(kept, vocab=replace(kept.vocab, pieces=tuple(pieces), merges=kept.vocab.merges), library="toklab-0")
    cut = replace(kept, encodings=("00000000", *kept.encodings[1:]))
    settings = replace(lock.settings, contenders=("bpe",))
    found = check_lock(replace(lock, settings=settings, fingerprints=(moved,)), CORPUS).probes[0]
    assert found.verdict == "ids differ"
    assert str(found.first_difference).startswith("id 300: ")
    assert str(found.first_difference).endswith("(toklab-0 then, toklab now)")
    found = check_lock(replace(lock, settings=settings, fingerprints=(cut,)), CORPUS).probes[0]
    assert found.verdict == "encodings differ"
    assert repr(CORPUS.split(0.1)[1].documents[0][:40]) in str(found.first_difference)


def test_a_lock_is_of_one_text(lock: Lock) -> None:
    with pytest.raises(InputError, match=f"the lock is of the corpus english@{CORPUS.digest}, and this is"):
        check_lock(lock, english(9_000))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"kind": "toklab determinism lock"}', "[" * 100_000])
def test_what_is_no_lock_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(FormatError, match="lock"):
        Lock.load(tmp_path / "x")


@pytest.mark.parametrize("damage", ["settings", "contenders", "pieces", "merges", "schema"])
def test_a_damaged_lock_is_refused(lock: Lock, damage: str, tmp_path: Path) -> None:
    lock.save(tmp_path / "x")
    content = json.loads((tmp_path / "x").read_text())
    if damage in ("pieces", "merges"):
        content["contenders"][0][damage] = [[7, 10**9]]
    else:
        content[damage] = {"a": "b"}
    (tmp_path / "x").write_text(json.dumps(content))
    with pytest.raises(FormatError):
        Lock.load(tmp_path / "x")


def test_the_command_line_locks_and_checks(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(CORPUS.documents))
    common = ("determinism", "text.txt")
    made = run(*common, "-t", "bpe", "--vocab-size", "300", "--lock", "x.lock", cwd=tmp_path)
    assert (made.code, made.out) == (0, "x.lock: fingerprints of 1 contenders\n")
    assert run(*common, "--check", "x.lock", cwd=tmp_path).code == 0
    content = (tmp_path / "x.lock").read_text()
    (tmp_path / "x.lock").write_text(content.replace('"encodings":["', '"encodings":["0'))
    parted = run(*common, "--check", "x.lock", cwd=tmp_path)
    assert parted.code == 1
    assert "encodings differ" in parted.out
    both = run(*common, "--check", "x.lock", "--vocab-size", "4", cwd=tmp_path)
    assert both.code == 2
    assert "--vocab-size cannot be given with --check" in both.err


# --- other versions of a library -----------------------------------------------------------------------------


def wheel(folder: Path, version: str) -> Path:
    """A library, as small as a wheel can be, that broken-versioned is made of."""
    path = folder / f"weather-{version}-py3-none-any.whl"
    info = f"weather-{version}.dist-info"
    files = {
        "weather.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: weather\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(text)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return path


def test_another_version_is_installed_and_trained_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    requirement = f"weather @ {wheel(tmp_path, '2.0').as_uri()}"
    (tmp_path / "plugins").mkdir()
    with broken_trainers(tmp_path / "plugins"):
        report = determinism(
            CORPUS, ["broken-versioned", "bpe"], vocab_size=300, axes="repeat", runs=2, requirements=[requirement]
        )
    moved = next(probe for probe in report["broken-versioned"] if probe.axis == "version")
    assert moved.verdict == "pieces differ"
    assert [found.label for found in moved.found] == [requirement]
    assert [probe.axis for probe in report["bpe"]] == ["repeat"]
    assert not report.broken_claims


def test_what_cannot_be_installed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(BaselineError, match="nothing-of-that-name==1 cannot be installed") as caught:
        install(["nothing-of-that-name==1"], tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("tokenizers==0.22", "tokenizers"),
        ("A_b >= 1", "a-b"),
        ("x[y]~=2", "x"),
        ("w @ file:///w.whl", "w"),
        ("==1", ""),
    ],
)
def test_the_distribution_of_a_requirement(requirement: str, name: str) -> None:
    assert distribution(requirement) == name


# --- other samples of the text -------------------------------------------------------------------------------


def test_resamples_draw_as_many_documents_in_order() -> None:
    documents = tuple(CORPUS.documents)
    samples = resampled(CORPUS, 3, seed=1)
    assert samples == resampled(CORPUS, 3, seed=1) != resampled(CORPUS, 3, seed=2)
    for sample in samples:
        places = [documents.index(text) for text in sample.documents]
        assert places == sorted(places)
        assert len(places) == len(documents) > len(set(places))


def test_prefixes_grow() -> None:
    found = prefixes(CORPUS)
    sizes = [len(part) for _, part in found]
    assert sizes == sorted(sizes)
    for (_, small), (_, large) in pairwise(found):
        assert large.documents[: len(small)] == small.documents


def test_shares_are_of_the_resamples_that_hold_a_piece() -> None:
    whole, other = train("bpe", CORPUS, vocab_size=300), train("bpe", CORPUS, vocab_size=280)
    found = judge_stability("bpe", whole, [whole, other, other], [(0.5, 100, other)], CORPUS.documents)
    shares = dict(found.shares)
    assert len(shares) == 44
    assert [shares[piece] for piece in whole.vocab.pieces[256:280]] == [1.0] * 24
    assert [round(shares[piece], 3) for piece in whole.vocab.pieces[280:]] == [0.333] * 20
    assert found.kept == 24 / 44
    assert {share for _, share in found.least} == {1 / 3}
    assert {share for _, share in found.most} == {1.0}
    assert found.jaccard.high is not None
    assert found.jaccard.mean == pytest.approx((280 / 300 * 2 + 1) / 3)
    assert found.growth[0].jaccard == 280 / 300


def test_a_report_prints_and_writes_all_of_it(tmp_path: Path) -> None:
    report = determinism(CORPUS, ["bpe", "unigram"], vocab_size=300, axes="repeat", runs=2, resamples=2)
    text = render_determinism(report, 80, evidence=True)
    for words in ("ties between merges", "resampled documents", "least stable", "against the first training", "run 2"):
        assert words in text
    names = [path.name for path in write_determinism(report, tmp_path)]
    assert names == ["determinism.json", "ties.png", "growth.png"]
    assert json.loads((tmp_path / names[0]).read_text()) == json.loads(json.dumps(report.to_dict()))
    again = [path.read_bytes() for path in write_determinism(report, tmp_path / "again")]
    assert again == [(tmp_path / name).read_bytes() for name in names]
