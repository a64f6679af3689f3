"""`toklab serve` over HTTP: what is judged, what is refused, and what is left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from broken_trainers import PID_FILE
from helpers import PATIENCE, broken_trainers, english, interrupt, is_gone, run, start, wait_for

from toklab.algorithms.pipeline import TrainedTokenizer
from toklab.comparison import compare, judge_all, judge_text
from toklab.corpus import Corpus
from toklab.errors import UsageError
from toklab.serving import Server
from toklab.serving.bench import read_bench, write_bench
from toklab.serving.server import check_port
from toklab.serving.tasks import WAITING
from toklab.trained import Trained, train_all
from toklab.workshop import Limits

TEXT = "".join(english(9_000).documents[-20:]).encode()
HOSTILE = "<script>alert(1)</script>\"'../../etc/passwd\x00\u202e"
MEMORY_MB = 12_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    trained = train_all(english(8_000), "bpe", vocab_size=300, probe=False)
    trained.runs[0][0].tokenizer.save(folder / "saved")  # type: ignore[union-attr]
    return folder / "saved"


@pytest.fixture(scope="module")
def trained(model: Path) -> Trained:
    """Trainers with a size of their own and without, and a model."""
    contenders = ["bpe", "byte", f"mine={model}"]
    return train_all(english(), contenders, vocab_size=400, resamples=50, probe=False)


@pytest.fixture(scope="module")
def server(trained: Trained) -> Iterator[Server]:
    with Server(trained, max_mb=0.1) as running:
        yield running


class Answer:
    """Of a server: its status, headers and body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """One request, with the headers that the page would send unless others are given; an empty one is left out."""
    given = {
        "Host": f"127.0.0.1:{server.port}",
        "Origin": f"http://127.0.0.1:{server.port}",
        "X-Toklab-Token": server.token,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, path, skip_host=True)
        if body is not None and "Content-Length" not in given:
            given["Content-Length"] = str(len(body))
        for name, value in given.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def send(server: Server, text: bytes, query: str = "") -> str:
    answer = ask(server, "POST", f"/texts{query}", text)
    assert answer.status == 202, answer.body
    return str(answer.json["key"])


def wait(server: Server, key: str, *states: str) -> dict[str, Any]:
    """The text as the server describes it, once it is in one of these states."""
    deadline = time.monotonic() + PATIENCE
    while True:
        [found] = [each for each in ask(server, "GET", "/texts").json["texts"] if each["key"] == key]
        if found["state"] in states:
            return dict(found)
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_the_page_and_its_headers(server: Server) -> None:
    answer = ask(server, "GET", "/", Origin="", X_Toklab_Token="")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Python" not in answer.headers["Server"]
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy)
    [script] = [part for part in policy if part.startswith("script-src")]
    assert script.startswith("script-src 'sha256-")
    assert "unsafe" not in script
    assert b"The answer" in answer.body
    assert f'data-token="{server.token}"'.encode() in answer.body
    head = ask(server, "HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.body))


def test_a_text_is_judged_as_the_library_judges_it(server: Server, trained: Trained) -> None:
    found = wait(server, send(server, TEXT, "?name=letter.txt"), "done", "failed")
    assert found["state"] == "done", found
    assert (found["name"], found["bytes"], found["train"]) == ("letter.txt", len(TEXT), False)
    report = judge_text(trained, Corpus("letter.txt", tuple(english(9_000).documents[-20:])))
    assert [row["tokenizer"] for row in found["rows"]] == [result.tokenizer for result in report.results]
    assert [row["figure"] for row in found["rows"]] == [f"{r['bytes_per_token'].value:.2f}" for r in report.results]
    assert all(row["interval"] and row["home"]["figure"] for row in found["rows"])
    page = ask(server, "GET", f"/texts/{found['key']}")
    assert page.status == 200
    assert b"letter.txt" in page.body
    assert b"connect-src" not in page.body
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert server.token.encode() not in page.body


def test_contenders_are_trained_anew(server: Server, trained: Trained) -> None:
    found = wait(server, send(server, TEXT, "?train=yes&name=again"), "done", "failed")
    assert found["state"] == "done", found
    again = compare(
        Corpus("again", tuple(english(9_000).documents[-20:])), "bpe", vocab_size=400, probe=False, resamples=50
    )
    [row] = [row for row in found["rows"] if row["tokenizer"] == "bpe"]
    assert row["figure"] == f"{again['bpe']['bytes_per_token'].value:.2f}"
    assert row["figure"] != row["home"]["figure"]


def test_one_document_cannot_be_trained_on(server: Server) -> None:
    found = wait(server, send(server, b"one line", "?train=yes"), "done", "failed")
    assert (found["state"], found["error"][:43]) == ("failed", "the text is one document, so none can be he")
    assert ask(server, "GET", f"/texts/{found['key']}").status == 404


def test_hostile_names_and_texts_stay_text(server: Server) -> None:
    found = wait(server, send(server, HOSTILE.encode(), f"?documents=file&name={quote(HOSTILE)}"), "done", "failed")
    assert found["state"] == "done", found
    assert found["name"] == HOSTILE
    page = ask(server, "GET", f"/texts/{found['key']}").body.decode()
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "no figure has an interval" in page
    assert all(row["interval"] == "" for row in found["rows"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/", "/texts"])
def test_another_host_is_refused(server: Server, host: str, path: str) -> None:
    answer = ask(server, "GET", path, Host=host)
    assert answer.status == 421
    assert server.token.encode() not in answer.body


def test_localhost_is_this_machine(server: Server) -> None:
    assert ask(server, "GET", "/", Host=f"localhost:{server.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"X-Toklab-Token": ""},
        {"X-Toklab-Token": "é"},
        {"X-Toklab-Token": "x" * 32},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/texts"), ("DELETE", f"/texts/{'0' * 32}")])
def test_who_else_would_send_a_text_is_refused(server: Server, method: str, path: str, headers: dict[str, str]) -> None:
    before = ask(server, "GET", "/texts").json
    assert ask(server, method, path, b"text", **headers).status == 403
    assert ask(server, "GET", "/texts").json == before


@pytest.mark.parametrize(
    ("body", "query", "status", "part"),
    [
        (b"", "", 400, "there is no text"),
        (b"fine\ncaf\xe9", "", 400, "not UTF-8: line 2, byte offset 8 (0xe9)"),
        (b"text", "?documents=word", 400, "documents is one of"),
        (b"text", "?train=perhaps", 400, "train is yes or no"),
        (b"x" * 100_001, "", 413, "0.1 MB is the most that is taken"),
    ],
)
def test_what_cannot_be_judged(server: Server, body: bytes, query: str, status: int, part: str) -> None:
    answer = ask(server, "POST", f"/texts{query}", body)
    assert answer.status == status
    assert part in answer.json["error"]


def test_too_much_is_refused_before_it_is_read(server: Server) -> None:
    answer = ask(server, "POST", "/texts", b"", Content_Length="90000000000")
    assert answer.status == 413
    assert "90,000.0 MB" in answer.json["error"]


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "-1"}, {"Content-Length": "1e3"}, {"Transfer-Encoding": "chunked"}]
)
def test_a_length_must_be_given(server: Server, headers: dict[str, str]) -> None:
    assert ask(server, "POST", "/texts", b"", **headers).status == 411


@pytest.mark.parametrize(
    "path",
    [
        "/texts/",
        f"/texts/{'0' * 32}",
        "/texts/../../etc/passwd",
        "/../etc/passwd",
        "//etc/passwd",
        "/index.html",
        "/%2e",
    ],
)
def test_no_path_leads_anywhere(server: Server, path: str) -> None:
    answer = ask(server, "GET", path)
    assert (answer.status, answer.json) == (404, {"error": "there is nothing here"})


def test_other_methods_are_refused(server: Server) -> None:
    answer = ask(server, "OPTIONS", "/texts", Access_Control_Request_Method="POST")
    assert answer.status == 501
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "nosniff" in answer.headers["X-Content-Type-Options"]


def test_a_text_that_stops_half_way(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toklab.serving.handler.Handler.timeout", 0.2)
    answer = ask(server, "POST", "/texts", b"half", Content_Length="8")
    assert answer.status == 408


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.address == f"http://127.0.0.1:{server.port}/"
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", server.port))
    with pytest.raises(UsageError, match=f"port {server.port} of 127.0.0.1 cannot be had"):
        check_port(server.port)


def test_the_bench_is_read_as_it_was_written(trained: Trained, tmp_path: Path) -> None:
    write_bench(trained, tmp_path)
    found = read_bench(tmp_path)
    assert found.entries == trained.entries
    assert found.setting.facts == trained.setting.facts
    assert found.setting.seen == trained.setting.seen
    assert found.setting.learned.documents == trained.setting.learned.documents
    again = judge_all(replace(found, said=trained.said))
    assert again.to_json() == judge_all(trained).to_json()


def test_a_text_of_the_library_is_judged(trained: Trained) -> None:
    told: list[tuple[str, int, int]] = []
    text = Corpus("other", ("the cat sat.\n\n", "on the mat"))
    report = judge_text(trained, text, progress=lambda *said: told.append(said))
    assert told[-1] == ("mine", 3, 3)
    assert (report.corpus["name"], report.corpus["bytes"], report.corpus["trained_on"]) == ("other", 24, "english")
    assert f"judged:other@{text.digest}" in report.signature
    assert "judged:" not in judge_all(trained).signature
    assert [result.error for result in report.results] == [None] * 3
    assert report["byte"]["bytes_per_token"].value == 1


def test_models_and_probes_go_together(model: Path) -> None:
    report = compare(english(8_000), ["byte", str(model)], probe=True, resamples=20)
    assert [(r.determinism, r.error) for r in report.results] == [("exact", None), (None, None)]


def test_what_cannot_be_served(trained: Trained) -> None:
    fit = trained.runs[0][0]
    tokenizer = getattr(fit, "tokenizer")  # noqa: B009
    assert isinstance(tokenizer, TrainedTokenizer)
    loaded = train_all(english(8_000), ["byte", tokenizer], resamples=20, probe=False)
    with pytest.raises(UsageError, match="is no file: save it"):
        Server(loaded)
    with pytest.raises(UsageError, match="a limit of 0 MB"):
        Server(trained, max_mb=0)


# --- what runs, and its end --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A contender whose trainings never end."""
    with broken_trainers(tmp_path_factory.mktemp("plugins")):
        yield train_all(
            english(8_000), ["byte", "broken-hangs"], vocab_size=300, resamples=20, probe=False, limits=Limits(2)
        )


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders of this test go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv(PID_FILE, str(tmp_path / "pid"))
    return folder


def test_a_few_texts_wait_and_can_be_stopped(hanging: Trained, temporary: Path) -> None:
    with Server(hanging) as server:
        running = send(server, TEXT, "?train=yes")
        child = wait_for(temporary.parent / "pid")
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(ask(server, "POST", "/texts", b"text").status))
            for _ in range(WAITING + 3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [202] * WAITING + [429] * 3
        assert "texts are waiting already" in ask(server, "POST", "/texts", b"text").json["error"]
        *waiting, last = (each["key"] for each in ask(server, "GET", "/texts").json["texts"])
        assert last == running
        for key in [*waiting, running]:
            assert ask(server, "DELETE", f"/texts/{key}").status == 200
        assert is_gone(child)
        assert {each["state"] for each in ask(server, "GET", "/texts").json["texts"]} == {"stopped"}
        assert ask(server, "GET", f"/texts/{running}").status == 404
        assert wait(server, send(server, b"text\n\nmore"), "done", "failed")["state"] == "done"
    assert list(temporary.iterdir()) == []


def test_the_end_stops_what_runs(hanging: Trained, temporary: Path) -> None:
    before = threading.enumerate()
    with Server(hanging) as server:
        send(server, TEXT, "?train=yes")
        child = wait_for(temporary.parent / "pid")
        port = server.port
    assert is_gone(child)
    assert list(temporary.iterdir()) == []
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.1", port))
    assert set(threading.enumerate()) <= set(before)


def test_a_text_that_takes_too_long(hanging: Trained, temporary: Path) -> None:
    with Server(hanging, limits=Limits(0.05)) as server:
        found = wait(server, send(server, TEXT), "done", "failed")
    assert found["error"] == "it was not finished within 0.05 s and was stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "text.txt").write_bytes(TEXT)
    args = ["serve", "text.txt", "-t", "byte", "--no-probe", "--no-open"]
    process = start(*args, cwd=tmp_path, env={"TMPDIR": str(temporary)})
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("serving text on http://127.0.0.1:")
    address = line.split()[3]
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=PATIENCE)
    connection.request("GET", "/texts")
    assert json.loads(connection.getresponse().read()) == {"texts": []}
    connection.close()
    assert list(temporary.glob("toklab-serve-*"))
    ran = interrupt(process, number)
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.splitlines()[-1] == "toklab: interrupted; nothing half-done was left behind"
    assert list(temporary.iterdir()) == []
    assert sorted(os.listdir(tmp_path)) == ["temporary", "text.txt"]


def test_a_port_that_is_taken(server: Server, tmp_path: Path) -> None:
    ran = run("serve", "-t", "byte", "--port", str(server.port), cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith(f"toklab: error: port {server.port} of 127.0.0.1 cannot be had")
