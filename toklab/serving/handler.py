"""One request: whether it may be made at all, then what it gets.

A browser lets any page that its user has open send requests to this machine. So a request must name this server as its
host (a name that an attacker lets point here is another one), and one that changes something must come from the
server's own page and bring its token. No answer allows other pages to read it. Nothing that a client sends is used as a
path.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import socket
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from toklab.corpus import DOCUMENT_KINDS
from toklab.serving.tasks import WAITING, BusyError, Order, Task

if TYPE_CHECKING:
    from toklab.serving.panel import Page
    from toklab.serving.server import Server

logger = logging.getLogger("toklab.serving")
BODY_SECONDS = 60.0  # for a text to arrive
BLOCK = 1 << 16
LONGEST_NAME = 80  # characters
NO_SCRIPT = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TASK = re.compile(r"/texts/([0-9a-f]{32})")


class RefusedError(Exception):
    """A request that is not granted, with what to say."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """Answers ``GET /``, ``GET /texts``, ``POST /texts``, and ``GET`` and ``DELETE /texts/KEY``."""

    timeout = 20.0  # seconds without a byte
    server_version = "toklab"
    sys_version = ""

    @property
    def _server(self) -> Server:
        owner: Server = self.server.owner  # type: ignore[attr-defined]
        return owner

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def _answer(self, make: Callable[[], None]) -> None:
        try:
            self._check_host()
            make()
        except RefusedError as refused:
            self._say(refused.status, {"error": str(refused)})
            self._linger()

    def _get(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            self._show(self._server.page)
        elif path == "/texts":
            self._say(HTTPStatus.OK, {"texts": self._server.listed()})
        else:
            self._report(self._task(path))

    def _report(self, task: Task) -> None:
        if task.state != "done":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"there is no report on this text: it is {task.state}")
        self._show(task.page)

    def _post(self) -> None:
        self._check_sender()
        address = urlsplit(self.path)
        if address.path != "/texts":
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")
        choices = _choices(address.query)
        length = self._length()
        try:
            with self._server.tasks.place():
                task = self._server.tasks.add(Order(_checked(self._body(length)), **choices))
        except BusyError:
            reason = f"{WAITING} texts are waiting already; try again when one of them is done"
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, reason) from None
        self._say(HTTPStatus.ACCEPTED, {"key": task.key})

    def _delete(self) -> None:
        self._check_sender()
        self._server.tasks.stop(self._task(urlsplit(self.path).path))
        self._say(HTTPStatus.OK, {})

    def _task(self, path: str) -> Task:
        found = _TASK.fullmatch(path)
        task = found and self._server.tasks.find(found[1])
        if not task:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return task

    def _check_host(self) -> None:
        names = {f"{name}:{self._server.port}" for name in ("127.0.0.1", "localhost")}
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in names:
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, f"this is {self._server.address} and no other host")

    def _check_sender(self) -> None:
        if self.headers.get_all("Origin", []) != [f"http://{self.headers['Host']}"]:
            raise RefusedError(HTTPStatus.FORBIDDEN, "only the page of this server may do that")
        token = self.headers.get("X-Toklab-Token", "")
        if not hmac.compare_digest(token.encode(), self._server.token.encode()):
            raise RefusedError(HTTPStatus.FORBIDDEN, "the page is that of a server that has ended; load it again")

    def _length(self) -> int:
        given = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers or len(given) != 1 or not re.fullmatch("[0-9]{1,18}", given[0]):
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "the length of the text must be given")
        length, most = int(given[0]), self._server.max_bytes
        if length > most:
            reason = f"the text has {length / 1e6:,.1f} MB; {most / 1e6:,.1f} MB is the most that is taken (--max-mb)"
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        return length

    def _body(self, length: int) -> bytes:
        deadline, parts, left = time.monotonic() + BODY_SECONDS, [], length
        while left:
            try:
                part = self.rfile.read1(min(left, BLOCK))
            except TimeoutError:
                part = b""
            if not part or time.monotonic() > deadline:
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "the text did not arrive whole, or too slowly")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _show(self, page: Page) -> None:
        self._send(HTTPStatus.OK, "text/html", page.body, page.policy)

    def _say(self, status: HTTPStatus, value: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(value).encode(), NO_SCRIPT)

    def _send(self, status: int, kind: str, body: bytes, policy: str) -> None:
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body)), **HEADERS}
        for name, value in {**headers, "Content-Security-Policy": policy}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _linger(self) -> None:
        """Let a client that is still sending read why it was refused, before the connection is reset."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1.0)
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline and self.connection.recv(BLOCK):
            pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses by itself, such as other methods, in the form of all answers."""
        reason = message or HTTPStatus(code).phrase
        self._send(code, "application/json", json.dumps({"error": reason}).encode(), NO_SCRIPT)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        logger.debug(format, *args)


def _choices(query: str) -> dict[str, Any]:
    """What was chosen for a text; its name is shown and nothing else."""
    given = parse_qs(query)
    name = " ".join(given.get("name", ["text"])[0].split())[:LONGEST_NAME]
    documents, train = given.get("documents", ["paragraph"])[0], given.get("train", ["no"])[0]
    if documents not in DOCUMENT_KINDS or train not in ("yes", "no"):
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, f"documents is one of {', '.join(DOCUMENT_KINDS)}; train is yes or no"
        )
    return {"name": name or "text", "documents": documents, "train": train == "yes"}


def _checked(text: bytes) -> bytes:
    """A text that can be judged."""
    if not text:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "there is no text")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        where = f"line {line}, byte offset {error.start} (0x{text[error.start]:02x})"
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"the text is not UTF-8: {where}") from None
    return text
