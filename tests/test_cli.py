"""The command line: what it prints and saves, exit statuses, one clear line for bad input, safe output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import TESTS, Ran, broken_trainers, english, run, search_path

from toklab.loading import load

HOSTILE = "a\x1b[31mred\x1b[0m \u202eabc\u202c\x07 \u2028é\x9b1m "
FILES = ("report.json", "report.csv", "report.parquet", "report.md", "report.html")
CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), 0x202A, 0x202C, 0x202E, 0x2028) if c != 0x0A]


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text, from which commands are run."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "text.txt").write_bytes("".join(english(8_000).documents).encode())
    return folder


@pytest.fixture(scope="module")
def model(desk: Path) -> Path:
    args = ["--algo", "bpe", "--vocab-size", "300", "--output", "model"]
    assert run("train", "text.txt", *args, cwd=desk).code == 0
    return desk / "model"


@pytest.fixture(scope="module")
def compared(desk: Path) -> Ran:
    names = ["-t", "bpe", "-t", "byte", "-t", "broken-raises", "--vocab-size", "300", "--no-probe"]
    return run("compare", "text.txt", *names, "--output", "report", cwd=desk)


# --- train ---------------------------------------------------------------------------------------------------


def test_train_saves_what_it_prints(desk: Path) -> None:
    ran = run("train", "text.txt", "--algo", "bpe", "--vocab-size", "320", cwd=desk)
    assert ran.code == 0, ran
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0].startswith("bpe: 320 pieces, trained in ")
    assert lines[1].endswith("on its training text")
    assert lines[2] == "saved: bpe-320/tokenizer.json"
    assert "|vocab:320|" in lines[3]
    assert len(load(desk / "bpe-320").vocab) == 320
    assert sorted(path.name for path in (desk / "bpe-320").iterdir()) == ["tokenizer.json", "toklab.json"]


@pytest.mark.parametrize("algo", ["wordpiece-hf", "hf-bpe", "spm-bpe", "bpe:tie=first-seen"])
def test_train_others(desk: Path, algo: str) -> None:
    ran = run("train", "text.txt", "--algo", algo, "--vocab-size", "360", "--output", f"o-{algo}", cwd=desk)
    assert ran.code == 0, ran
    assert ": 360 pieces, trained in " in ran.out
    assert len(load(desk / f"o-{algo}").vocab) == 360


@pytest.mark.parametrize("option", ["seed_size=120", "shrinking_factor=0.5", "sub_iterations=1", "max_piece_length=3"])
def test_options_of_unigram_are_those_of_the_library(desk: Path, option: str) -> None:
    name, value = option.split("=")
    flags = [f"--{name.replace('_', '-')}", value]
    size, folders = ["--vocab-size", "90"], (f"flag-{name}", f"name-{name}", "usual")
    for algo, more, folder in zip(["unigram", f"unigram:{option}", "unigram"], [flags, [], []], folders, strict=True):
        ran = run("train", "text.txt", "--algo", algo, *size, *more, "--output", folder, cwd=desk)
        assert ran.code == 0, ran
    [by_flag, by_name, usual] = [(desk / folder / "tokenizer.json").read_bytes() for folder in folders]
    assert by_flag == by_name != usual


def test_train_on_standard_input_is_train_on_the_file(desk: Path) -> None:
    text = (desk / "text.txt").read_bytes()
    args = ["--algo", "bpe", "--vocab-size", "300", "--json", "--output"]
    piped = run("train", "-", *args, "piped", cwd=desk, stdin=text)
    direct = run("train", "text.txt", *args, "direct", cwd=desk)
    assert (desk / "piped/tokenizer.json").read_bytes() == (desk / "direct/tokenizer.json").read_bytes()
    facts = json.loads(piped.out)
    assert facts["schema"] == 1
    assert facts["vocab_size"] == 300
    assert facts["warnings"] == []
    assert facts["bytes_per_token"] == json.loads(direct.out)["bytes_per_token"] > 1


def test_train_on_nothing_named_is_the_bundled_text_and_held_out_is_not_trained_on(desk: Path) -> None:
    args = ["--algo", "word", "--vocab-size", "500", "--json"]
    whole = json.loads(run("train", *args, "--output", "whole", cwd=desk).out)
    part = json.loads(run("train", *args, "--held-out", "0.2", "--output", "part", cwd=desk).out)
    assert "|corpus:en@" in whole["signature"]
    assert whole["judged_on"] == "training text"
    assert part["judged_on"] == "held-out text (0.2 of the documents)"
    assert load(desk / "whole").vocab != load(desk / "part").vocab


def test_train_on_several_files(desk: Path) -> None:
    (desk / "one.txt").write_text("zebra")
    (desk / "two.txt").write_text("quokka")
    ran = run("train", "one.txt", "two.txt", "--algo", "word", "--vocab-size", "3", "--output", "both", cwd=desk)
    assert "|corpus:one+1@" in ran.out
    assert {str(piece) for piece in load(desk / "both").vocab} == {"<unk>", "quokka", "zebra"}


def test_a_size_out_of_reach_is_a_warning(desk: Path) -> None:
    ran = run("train", "one.txt", "--algo", "bpe", "--vocab-size", "9999", "--json", "--output", "far", cwd=desk)
    assert ran.code == 0
    assert ran.err.startswith("toklab: warning: vocabulary of ")
    facts = json.loads(ran.out)
    assert facts["warnings"] == [ran.err.strip().removeprefix("toklab: warning: ")]
    assert f"{facts['vocab_size']:,} pieces" in facts["warnings"][0]
    # A byte tokenizer has the size it has.
    assert run("train", "one.txt", "--algo", "byte", "--strict", "--output", "b", cwd=desk).code == 0


ODD = {
    "nul": b"a\0b\0\0c " * 50,
    "crlf": b"one\r\ntwo\r\n\r\nthree\r\n" * 40,
    "spaces": " \t\u3000\u2003\xa0\x0b\x0c\u2028\x85\r".encode() * 60,
    "blank": b"\n" * 500,
    "line": b"the quick brown fox " * 10_000,
    "one": b"x",
    "hostile": HOSTILE.encode() * 9,
    "bom": b"\xef\xbb\xbfmark",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_text_is_text(desk: Path, name: str) -> None:
    (desk / f"{name}.txt").write_bytes(ODD[name])
    out = f"odd-{name}"
    trained = run("train", f"{name}.txt", "--algo", "bpe", "--vocab-size", "280", "--output", out, cwd=desk)
    assert trained.code == 0, trained
    assert not [char for char in CONTROLS if char in trained.out]
    # The library's own round trip; the command's is below.
    tokenizer, text = load(desk / out), ODD[name].decode()
    assert tokenizer.decode(tokenizer.encode(text).ids.tolist()) == text


# --- encode, decode, list ------------------------------------------------------------------------------------


def test_encode_and_decode_are_inverse(model: Path) -> None:
    text = "The harbour, naïve\r\n\0\ttabs  " + HOSTILE
    encoded = run("encode", model, "-", cwd=model, stdin=text.encode())
    assert encoded.code == 0
    assert run("decode", model, cwd=model, stdin=encoded.out.encode()).out == text + "\n"
    assert run("decode", model, *encoded.out.split(), "--json", cwd=model).out == (
        json.dumps({"schema": 1, "text": text}, ensure_ascii=False) + "\n"
    )
    facts = json.loads(run("encode", model, "--json", "-", cwd=model, stdin=text.encode()).out)
    assert facts["schema"] == 1
    assert " ".join(map(str, facts["ids"])) + "\n" == encoded.out
    assert facts["offsets"][-1][1] == len(text.encode())
    assert len(facts["tokens"]) == len(facts["ids"])


def test_samples_are_lines_or_one_object(model: Path) -> None:
    text = "The harbour, naïve\n"
    args = ["--sample", "--alpha", "0.5", "--seed", "3", "-n", "4"]
    plain = run("encode", model, "-", *args, cwd=model, stdin=text.encode())
    assert (plain.code, plain.err) == (0, "")
    facts = json.loads(run("encode", model, *args, "--json", cwd=model, stdin=text.encode()).out)
    assert (facts["schema"], facts["alpha"], facts["seed"]) == (1, 0.5, 3)
    assert [" ".join(map(str, sample["ids"])) for sample in facts["samples"]] == plain.out.splitlines()
    assert len({tuple(sample["ids"]) for sample in facts["samples"]}) > 1
    for sample in facts["samples"]:
        assert sample.keys() == {"ids", "offsets", "tokens", "log_probability"}
        assert sample["log_probability"] is None
        assert len(sample["ids"]) == len(sample["offsets"]) == len(sample["tokens"])
        assert load(model).decode(sample["ids"]) == text
    shown = run("encode", model, text, *args, "--show", cwd=model).out.splitlines()
    assert shown[1::2] == plain.out.splitlines()
    assert [line.replace("·", "") for line in shown[::2]] == [r"The␣harbour,␣na\xc3\xafve\n"] * 4


def test_a_sample_tells_its_probability_where_it_has_one(desk: Path) -> None:
    assert run("train", "text.txt", "--algo", "wordpiece", "--vocab-size", "300", "--output", "wp", cwd=desk).code == 0
    args = ["encode", "wp", "the harbour", "--sample", "--seed", "1"]
    lines = [line.split("\t") for line in run(*args, "-n", "6", cwd=desk).out.splitlines()]
    facts = json.loads(run(*args, "-n", "6", "--json", cwd=desk).out)
    assert facts["alpha"] == 0.1
    for (ids, told), sample in zip(lines, facts["samples"], strict=True):
        assert ids == " ".join(map(str, sample["ids"]))
        assert told == f"{sample['log_probability']:.6g}"
    assert run(*args, "--alpha", "0", cwd=desk).out == run("encode", "wp", "the harbour", cwd=desk).out[:-1] + "\t0\n"


def test_show_is_safe(model: Path) -> None:
    ran = run("encode", model, "--show", "-", cwd=model, stdin=HOSTILE.encode())
    assert ran.code == 0
    assert not [char for char in CONTROLS if char in ran.out]
    assert r"\x1b" in ran.out


def test_show_names_the_id_and_the_bytes_of_each_token(model: Path) -> None:
    text = "The harbour, naïve 語\n" * 9
    lines = run("encode", model, "--show", "-", cwd=model, stdin=text.encode()).out.splitlines()
    facts = json.loads(run("encode", model, "--json", "-", cwd=model, stdin=text.encode()).out)
    assert lines[0].replace("·", "") == r"The␣harbour,␣na\xc3\xafve␣\xe8\xaa\x9e\n" * 9
    rows = {
        name: [c for line in lines if line.startswith(name) for c in line.split()[1:]]
        for name in ("token", "id", "bytes")
    }
    assert "·".join(rows["token"]) == lines[0]
    assert list(map(int, rows["id"])) == facts["ids"]
    assert [[*map(int, each.split("-"))] for each in rows["bytes"]] == facts["offsets"]
    assert all(len(line) <= 80 for line in lines[1:])
    count, size = len(facts["ids"]), len(text.encode())
    assert lines[-1] == f"{count} tokens, {size} bytes, {size / count:.2f} bytes/token"
    assert run("encode", model, "", "--show", cwd=model).out == "0 tokens, 0 bytes\n"


def test_encode_starts_no_compiler(model: Path) -> None:
    script = "import sys; from toklab.cli import group; group.main(sys.argv[1:], standalone_mode=False); "
    script += "print(sorted({'numba', 'pandas', 'matplotlib', 'rich', 'tokenizers'} & {*sys.modules}))"
    assert _python(script, "encode", str(model), "a sentence of some words").splitlines()[-1] == "[]"


def test_help_imports_nothing_heavy() -> None:
    script = "import sys; from toklab.cli import group; group.main(['--help'], standalone_mode=False); "
    script += "print(sorted({'numpy', 'numba', 'pandas', 'rich', 'regex', 'tokenizers'} & {*sys.modules}))"
    lines = _python(script).splitlines()
    assert lines[-1] == "[]"
    assert any(line.split()[:1] == ["determinism"] for line in lines)


def _python(script: str, *args: str) -> str:
    command = [sys.executable, "-c", script, *args]
    return subprocess.run(command, env=_environment(), capture_output=True, check=True).stdout.decode()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": search_path(TESTS.parent)}


def test_version_and_no_command(desk: Path) -> None:
    assert run("--version", cwd=desk).out.startswith("toklab ")
    bare = run(cwd=desk)
    assert bare.code == 2
    assert bare.err.count("Usage:") == 1
    assert run("-h", cwd=desk).code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device of Linux that is always full")
def test_an_output_that_is_full_is_one_line(desk: Path) -> None:
    command = [sys.executable, "-m", "toklab", "list"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, env=_environment(), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.decode() == "toklab: error: [Errno 28] No space left on device\n"


def test_list_names_everything(desk: Path) -> None:
    found = json.loads(run("list", "--json", cwd=desk).out)
    assert found["schema"] == 1
    assert {"bpe", "wordpiece-hf", "byte"} <= found["algorithms"].keys()
    assert {"hf-bpe", "spm-unigram"} <= found["baselines"].keys()
    assert {"gpt2", "cl100k"} <= found["patterns"].keys()
    plain = run("list", cwd=desk).out
    assert all(f"  {name} " in plain for heading in found if heading != "schema" for name in found[heading])


# --- compare and determinism ---------------------------------------------------------------------------------


def test_compare_prints_a_plain_table_and_writes_every_file(desk: Path, compared: Ran) -> None:
    assert compared.code == 0
    assert "\x1b" not in compared.out + compared.err
    assert "broken-raises: ValueError: no such weather" in " ".join(compared.out.split())
    written = sorted(path.name for path in (desk / "report").iterdir() if path.is_file())
    assert set(FILES) <= set(written)
    assert {f"wrote report/{name}" for name in written} <= set(compared.err.splitlines())


def test_compare_json_is_the_report_file(desk: Path, compared: Ran) -> None:
    args = ["-t", "bpe", "-t", "byte", "--vocab-size", "300", "--no-probe", "--json"]
    ran = run("compare", "text.txt", *args, cwd=desk, env={"NO_COLOR": "1"})
    assert ran.code == 0
    printed, saved = json.loads(ran.out), json.loads((desk / "report/report.json").read_text())
    assert printed["schema"] == 1
    assert printed["rows"] == saved["rows"]
    # The saved report has a contender that the printed one has not.
    assert printed["signature"] == saved["signature"].partition("|lib:")[0].replace("+broken-raises", "")


def test_report_makes_the_page_from_the_json(desk: Path, compared: Ran) -> None:
    ran = run("report", "report/report.json", "--output", "again/page.html", cwd=desk)
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote again/page.html\n")
    assert (desk / "again/page.html").read_bytes() == (desk / "report/report.html").read_bytes()
    assert run("report", "report/report.json", cwd=desk).err == "wrote report/report.html\n"


def test_report_prints_what_compare_prints(desk: Path, compared: Ran) -> None:
    name, metric = "report/report.json", "bytes_per_token"
    assert run("report", name, "--format", "table", cwd=desk).out == compared.out
    saved = (desk / "report/report.md").read_text(encoding="utf-8")
    assert run("report", name, "--format", "markdown", cwd=desk).out == saved
    assert run("report", name, "--json", cwd=desk).out == (desk / name).read_text(encoding="utf-8")
    chosen = run("report", name, "--format", "table", "--metric", metric, cwd=desk)
    assert (chosen.code, "fertility" in compared.out, "fertility" in chosen.out) == (0, True, False)
    for wrong in (
        ["--format", "tabel"],
        ["--format", "csv", "--output", "x.html"],
        ["--format", "csv", "--metric", metric],
    ):
        ran = run("report", name, *wrong, cwd=desk)
        assert (ran.code, ran.out) == (2, "")
    assert not (desk / "x.html").exists()


def test_determinism_and_sweep_write_a_page_that_their_json_makes_again(desk: Path) -> None:
    common = ["text.txt", "-t", "bpe", "--vocab-size", "300", "--output"]
    for command, more in (("determinism", ["--axis", "repeat", "--runs", "2"]), ("sweep", [])):
        ran = run(command, *common, command, *more, cwd=desk)
        assert (ran.code, f"wrote {command}/report.html" in ran.err.splitlines()) == (0, True), ran
        assert run("report", f"{command}/{command}.json", cwd=desk).err == f"wrote {command}/{command}.html\n"
        assert (desk / command / "report.html").read_bytes() == (desk / command / f"{command}.html").read_bytes()
        ran = run("report", f"{command}/{command}.json", "--format", "csv", cwd=desk)
        assert (ran.code, ran.out) == (2, "")
        assert "no comparison of tokenizers" in ran.err


def test_compare_exits_1_where_nothing_worked(desk: Path) -> None:
    args = ["-t", "broken-raises", "-t", "broken-hangs", "--time-limit", "3", "--no-probe", "--json"]
    ran = run("compare", "text.txt", *args, cwd=desk)
    assert ran.code == 1
    errors = [entry["error"] for entry in json.loads(ran.out)["contenders"]]
    assert errors[1] == "broken-hangs did not finish within 3 s and was stopped"


def test_compare_strict(desk: Path) -> None:
    args = ["-t", "bpe", "-t", "byte", "--vocab-size", "99999", "--no-probe", "--strict", "--output", "strict"]
    ran = run("compare", "text.txt", *args, cwd=desk)
    assert ran.code == 2
    assert ran.err.splitlines()[-1].endswith("did not reach the vocabulary size (--strict): bpe")
    assert not (desk / "strict").exists()


def test_determinism_prints_a_table_or_json(desk: Path) -> None:
    args = [
        "-t",
        "broken-by-order",
        "-t",
        "bpe",
        "--axis",
        "document-order",
        "--runs",
        "2",
        "--vocab-size",
        "300",
    ]
    plain = run("determinism", "text.txt", *args, cwd=desk)
    assert plain.code == 1
    assert "error: broken-by-order: it claims 'exact', but along document-order: pieces differ" in plain.err
    assert "\x1b" not in plain.out
    parsed = json.loads(run("determinism", "text.txt", *args, "--json", cwd=desk).out)
    assert parsed["schema"] == 1
    assert parsed["signature"] in plain.out
    assert [row["same_ids"] for row in parsed["rows"]] == [False, True]
