"""What commands share: options, the files that they read, progress and printing."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from toklab.corpus import Corpus

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

files_argument = click.argument(
    "files", nargs=-1, metavar="[FILE ...]", type=click.Path(path_type=Path, allow_dash=True)
)
# Ids are 32 bits wide; what is too small is for each trainer to say.
SIZE = click.IntRange(max=2**31 - 1)
model_argument = click.argument("model")
engine_option = click.option(
    "--engine",
    default="auto",
    metavar="NAME",
    show_default=True,
    help="Who runs MODEL: toklab (its own encoder), library (the one that the format belongs to), or auto.",
)
pattern_option = click.option(
    "--pattern",
    metavar="NAME|REGEX",
    help="How to cut text, which a file of tiktoken's ranks does not tell: a published pattern's name, or a regex.",
)
documents_option = click.option(
    "--documents",
    default="paragraph",
    metavar="KIND",
    show_default=True,
    help="Cut files into documents: paragraph (at blank lines), line or file.",
)
pretokenizer_help = (
    "A published pattern (gpt2, cl100k, o200k, llama3, qwen2, deepseek-v3, sentencepiece, whitespace, bert, none) "
    "or a regex."
)
pretokenizer_option = click.option(
    "--pretokenizer", "-p", default="gpt2", show_default=True, metavar="NAME|REGEX", help=pretokenizer_help
)
held_out_option = click.option(
    "--held-out",
    type=float,
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share of the documents to judge on.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the held-out choice and the bootstrap.",
)
probe_option = click.option(
    "--probe/--no-probe", default=True, help="Train each contender twice more, to see what moves."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
strict_option = click.option("--strict", is_flag=True, help="A vocabulary size that cannot be reached is an error.")


def training_options(command: Command) -> Command:
    """``--vocab-size``, ``--pretokenizer`` and ``--documents``: what contenders are trained with."""
    sizes = click.option(
        "--vocab-size",
        "vocab_sizes",
        type=SIZE,
        multiple=True,
        metavar="N",
        help="May be repeated  [default: 2000].",
    )
    return sizes(pretokenizer_option(documents_option(command)))


def limit_options(seconds_for: str, memory_for: str) -> Callable[[Command], Command]:
    """``--time-limit`` and ``--memory-limit``; the parameters say in the help what each is for."""

    def add(command: Command) -> Command:
        seconds = click.option(
            "--time-limit", type=float, default=900, show_default=True, metavar="SECONDS", help=seconds_for
        )
        memory = click.option(
            "--memory-limit", type=int, default=12_000, show_default=True, metavar="MB", help=memory_for
        )
        return seconds(memory(command))

    return add


def read_corpus(files: tuple[Path, ...], documents: str) -> Corpus:
    """The corpus of the files that were named, or the bundled one."""
    from toklab.corpus import open_corpus

    return open_corpus(list(files) or None, documents=documents)


def one_line(text: str) -> str:
    """Text with control characters, such as those of a file's name, shown as escapes."""
    if text.isprintable():
        return text
    from toklab.report.terminal import visible

    return visible(text)


def tell_written(paths: Iterable[Path]) -> None:
    """Name the files that were written, on standard error."""
    for path in paths:
        click.echo(f"wrote {one_line(str(path))}", err=True)


def use_colour() -> bool:
    """Whether standard output is a terminal that may be coloured."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


class _Lines(logging.Handler):
    """Passes the library's log lines to standard error, each once."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if line not in self._seen:
            self._seen.append(line)
            clear_line()
            click.echo(line, err=True)


def clear_line() -> None:
    """Wipe the progress line, where there is one."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Show what the library has to say while a block runs."""
    logger = logging.getLogger("toklab")
    handler = _Lines()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A line of progress on standard error: rewritten on a terminal, a few lines elsewhere."""
    live = sys.stderr.isatty()

    def show(name: str, done: int, total: int) -> None:
        line = f"{what}: {done} of {total} done (last: {name})"
        if live:
            click.echo(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}", err=True, nl=False)
        elif done == total or done % 10 == 0:
            click.echo(line, err=True)

    with log_to_stderr():
        try:
            yield show
        finally:
            clear_line()


def interruptible(function: Callable[[], T]) -> T:
    """Run something long in a thread, so that Ctrl-C is heard while compiled code runs."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["result"] = function()
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
    if "error" in box:
        raise box["error"]
    result: T = box["result"]
    return result


def given(**options: Any) -> dict[str, Any]:
    """The options that were given on the command line."""
    return {key: value for key, value in options.items() if not (value is None or value is False or value == ())}
