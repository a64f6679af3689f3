"""The server: the page of a comparison, and the texts that are sent to it, on this machine alone."""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from toklab.comparison import judge_all
from toklab.errors import UsageError
from toklab.page import Findings, render_page
from toklab.report.files import encode
from toklab.report.models import runnable
from toklab.results import Report
from toklab.serving.bench import write_bench
from toklab.serving.handler import Handler
from toklab.serving.panel import Page, make_panel
from toklab.serving.tasks import Tasks
from toklab.serving.worker import rows
from toklab.trained import Trained
from toklab.workshop import Limits

ADDRESS = "127.0.0.1"
MAX_MB = 20.0  # of a text


class Server:
    """Serves trained contenders; a context manager, at whose end no process and no folder of it is left.

    It listens on 127.0.0.1 and takes texts from its own page only: see `toklab.serving.handler`. Each text is judged in
    a process of its own, one at a time.

    Parameters
    ----------
    trained : the contenders, see `toklab.trained.train_all`
    report : the comparison that the page shows; None is that on the held-out text
    port : to listen on; 0 is any that is free
    limits : time and memory of each text, and of each training
    max_mb : largest text, in MB

    Raises
    ------
    UsageError
        The port cannot be had, a limit is not above 0, or a model is there as an object only.
    """

    def __init__(
        self,
        trained: Trained,
        report: Report | None = None,
        *,
        port: int = 0,
        limits: Limits | None = None,
        max_mb: float = MAX_MB,
    ) -> None:
        if not max_mb > 0:
            raise UsageError(f"a limit of {max_mb:g} MB leaves no room for a text; use more than 0")
        report = report or judge_all(trained)
        self.max_bytes = int(max_mb * 1_000_000)
        self.token = secrets.token_urlsafe(24)
        self.home = {(row["tokenizer"], row["vocab_size"]): row for row in rows(report)}
        panel = make_panel(self.token, self.max_bytes, trained.setting.corpus.name)
        self.page = Page(encode(render_page(Findings(report, models=runnable(report, trained.loaded)), panel)))
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toklab-serve-")))
            bench, texts = folder / "bench", folder / "texts"
            bench.mkdir()
            texts.mkdir()
            write_bench(trained, bench)
            self.tasks = Tasks(bench, texts, limits or Limits(), len(trained.runs))
            self._http = stack.enter_context(_Http(_listen(port), self))
            self._stack = stack.pop_all()

    @property
    def port(self) -> int:
        """That it listens on."""
        return int(self._http.server_address[1])

    @property
    def address(self) -> str:
        """Of its page."""
        return f"http://{ADDRESS}:{self.port}/"

    def __enter__(self) -> Server:
        self._stack.enter_context(self.tasks)
        thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="toklab-serve", daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._http.shutdown)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait(self) -> None:
        """Return only by an exception, such as that of Ctrl-C."""
        while True:
            threading.Event().wait(3600)

    def listed(self) -> list[dict[str, Any]]:
        """Every text with its state; each figure beside that of the first comparison."""
        found = self.tasks.listed()
        nothing = {"figure": "", "interval": ""}
        for each in found:
            for row in each.get("rows", ()):
                row["home"] = self.home.get((row["tokenizer"], row["vocab_size"]), nothing)
        return found


class _Http(ThreadingHTTPServer):
    """Requests in threads that do not outlive the process."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, server: Server) -> None:
        super().__init__(listening.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_address = listening.getsockname()
        self.owner = server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no matter; the base class would print it."""


def check_port(port: int) -> None:
    """Find out before a long run whether a port can be had.

    Raises
    ------
    UsageError
        It cannot: it is taken, reserved or no port.
    """
    _listen(port).close()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((ADDRESS, port), backlog=16)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"port {port} of {ADDRESS} cannot be had: {reason}; --port 0 takes any that is free") from None
