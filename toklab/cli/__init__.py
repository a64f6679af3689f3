"""The ``toklab`` command: parse, call the library, render. Each command is a module, imported when it is used."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys

import click

from toklab.cli.common import one_line
from toklab.errors import ToklabError, UnknownNameError

# Name, and what ``toklab --help`` says of it, so that help imports no command.
COMMANDS = {
    "train": "Train one tokenizer and save it.",
    "compare": "Train contenders on the same text and show which serves it best.",
    "report": "Make the page of a comparison from its report.json.",
    "sweep": "Vocabulary size against sequence length, with the knee of the curve.",
    "determinism": "Train again and again, and show what moves.",
    "diff": "Show where two saved tokenizers cut differently.",
    "check": "Hold a tokenizer against a baseline: what fell, which ids moved.",
    "encode": "Encode text with a saved tokenizer.",
    "decode": "Turn ids back into text.",
    "convert": "Write a tokenizer in another format, proven to give the same ids.",
    "adapt": "Fit a vocabulary to a new domain: add what saves most, drop what is never used.",
    "inspect": "Audit one vocabulary.",
    "list": "Algorithms, baselines, metrics, patterns and formats.",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"toklab.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def group(ctx: click.Context, version: bool) -> None:
    """Which tokenizer should I train for this corpus? An answer with evidence.

    Without a FILE, the bundled English text is used. Results go to standard output, progress to standard error.
    Exit status: 0 done, 1 a check or a comparison failed, 2 wrong usage or bad input, 130 interrupted.
    """
    if version:
        from toklab.signature import toklab_version

        click.echo(f"toklab {toklab_version()}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def main() -> None:
    """Run the command line; every error that toklab knows is one line and an exit status."""
    for name in ("SIGTERM", "SIGHUP"):  # as Ctrl-C: the trainings in other processes end too
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        status = group.main(prog_name="toklab", standalone_mode=False)
    except ToklabError as error:
        _end(f"toklab: error: {one_line(str(error))}", 2)
    except click.ClickException as error:
        usage = error.ctx.get_usage() + "\n" if isinstance(error, click.UsageError) and error.ctx else ""
        _end(f"{usage}toklab: error: {one_line(error.format_message())}", 2)
    except (KeyboardInterrupt, click.Abort):
        _end("toklab: interrupted; nothing half-done was left behind", 130)
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        os._exit(0)
    except OSError as error:  # a full disk, for one, behind standard output
        _end(f"toklab: error: {one_line(str(error))}", 2)
    sys.exit(status if isinstance(status, int) else 0)


def _end(message: str, status: int) -> None:
    """Say why and end at once, even while a kernel runs in another thread."""
    with contextlib.suppress(OSError):
        click.echo(message, err=True)
        sys.stdout.flush()
    os._exit(status)
